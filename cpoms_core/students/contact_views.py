"""Contact details of a student (STU-04)."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from wtforms import IntegerField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from cpoms_core.errors import Refused
from cpoms_core.students.contacts import (
    ContactFacts,
    ContactShown,
    contacts_of,
    end_contact,
    own_contact,
    save_contact,
)
from cpoms_core.students.information import may_edit, stored_version
from cpoms_core.students.models import Contact
from cpoms_core.students.record import Record, open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.versions import ChangedMeanwhile, contact_content, number_in
from cpoms_core.students.views import matched_id
from cpoms_core.web.form_words import Form

ROUTE = "student-contacts"
RESPONSIBILITY = (("", "Not known"), ("yes", "Yes"), ("no", "No"))
FIELDS = {
    "name": "Name",
    "relationship": "Relationship",
    "priority": "Priority",
    "parental_responsibility": "Parental responsibility",
    "phones": "Telephone",
    "email": "E-mail",
    "address": "Address",
    "ended": "Ended",
}


class Priority(IntegerField):
    """A number that may be left out, with words of ours for what is none."""

    def process_formdata(self, valuelist: Any) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Give a whole number, or leave it empty.") from None


class ContactForm(Form):
    """A contact of the school's own."""

    name = StringField("Name", [InputRequired("Give the contact's name.")])
    relationship = StringField(
        "Relationship to the student", description="For example social worker, family doctor, aunt."
    )
    phones = TextAreaField("Telephone", description="One number a line.", render_kw={"rows": 2})
    email = StringField("E-mail", render_kw={"type": "email", "autocomplete": "off"})
    address = TextAreaField("Address", render_kw={"rows": 3})
    priority = Priority(
        "Priority",
        [Optional()],
        description="Whom to call first: 1, then 2. May be empty.",
        render_kw={"min": 1, "max": 99},
    )
    parental_responsibility = RadioField(
        "Parental responsibility", choices=RESPONSIBILITY, default="", validate_choice=True
    )


def show(request: Request) -> dict[str, Any]:
    """Every contact, by priority; the school's own can be changed."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    request.shows([record.id])
    edits = may_edit(viewer)
    found = contacts_of(db, viewer, record.id)
    rows = [_row(request, record, contact, edits) for contact in found]
    return {
        "title": f"Contact details of {record.name}",
        "student": record_context(request, record, ROUTE),
        "contacts": [row for row in rows if not row["contact"].ended],
        "ended": [row for row in rows if row["contact"].ended],
        "seen": stored_version(db, record.id) if edits else None,
        "add_href": request.route_path("student-contact-add", student_id=record.id) if edits else None,
    }


def _row(request: Request, record: Record, contact: ContactShown, edits: bool) -> dict[str, Any]:
    own = edits and not contact.from_mis
    return {
        "contact": contact,
        "calls": [
            (phone, "tel:" + "".join(c for c in phone if c.isdigit() or c == "+")) for phone in contact.phones
        ],
        "edit_href": request.route_path("student-contact", contact_id=contact.id) if own else None,
        "end_href": request.route_path("student-contact-end", contact_id=contact.id) if own else None,
    }


def add(request: Request) -> Any:
    """A further contact."""
    return _edit(request, matched_id(request, "student_id"), None)


def edit(request: Request) -> Any:
    """A contact of the school's own."""
    stored = own_contact(request.db, request.viewer, matched_id(request, "contact_id"))
    return _edit(request, stored.student_id, stored)


def _edit(request: Request, student_id: uuid.UUID, stored: Contact | None) -> Any:
    db, viewer = request.db, request.viewer
    contact_id = stored.id if stored else None
    record = open_record(db, viewer, student_id)
    version = stored_version(db, record.id, viewer)
    request.shows([record.id])
    posted = request.method == "POST"
    form = ContactForm(request.POST if posted else None, data=_given(stored) if stored else {})
    seen, meanwhile = version, None
    if posted:
        seen = number_in(request.POST.get("seen", "")) or 0
        if form.validate():
            try:
                save_contact(db, viewer, record.id, _facts(form), seen=seen, contact_id=contact_id)
                return _back(request, record.id)
            except ChangedMeanwhile as error:
                request.tm.doom()
                seen, meanwhile = error.meanwhile.version, _meanwhile(request, error, contact_id)
            except Refused as error:
                request.tm.doom()
                form[error.field].errors = [*form[error.field].errors, error.message]
        request.response.status_int = 409 if meanwhile else 422
    return {
        "title": f"{'Change' if contact_id else 'Add'} a contact of {record.name}",
        "heading": "Change a contact" if contact_id else "Add a contact",
        "student": record_context(request, record, ROUTE),
        "form": form,
        "fields": list(form),
        "seen": seen,
        "meanwhile": meanwhile,
        "button": "Save this contact" if contact_id else "Add this contact",
        "back_href": request.route_path(ROUTE, student_id=record.id),
    }


def end(request: Request) -> Any:
    """Ends a contact, or takes it up again."""
    contact_id = matched_id(request, "contact_id")
    student_id = own_contact(request.db, request.viewer, contact_id).student_id
    try:
        end_contact(
            request.db,
            request.viewer,
            contact_id,
            ended=request.POST.get("ended") == "yes",
            seen=number_in(request.POST.get("seen", "")) or 0,
        )
    except ChangedMeanwhile:
        request.tm.doom()
        return _back(request, student_id, "changed-meanwhile")
    return _back(request, student_id)


def _back(request: Request, student_id: uuid.UUID, said: str = "saved") -> HTTPSeeOther:
    return HTTPSeeOther(request.route_path(ROUTE, student_id=student_id, _query={"said": said}))


def _given(contact: Contact) -> dict[str, Any]:
    details = contact.details
    responsible = contact.parental_responsibility
    return {
        "name": contact.name,
        "relationship": contact.relationship_to_student,
        "phones": "\n".join(details.get("phones") or []),
        "email": details.get("email") or "",
        "address": details.get("address") or "",
        "priority": contact.priority,
        "parental_responsibility": "" if responsible is None else ("yes" if responsible else "no"),
    }


def _facts(form: ContactForm) -> ContactFacts:
    answer = form.parental_responsibility.data
    return ContactFacts(
        name=form.name.data or "",
        relationship=form.relationship.data or "",
        priority=form.priority.data,
        parental_responsibility=None if not answer else answer == "yes",
        phones=(form.phones.data or "").splitlines(),
        email=form.email.data or "",
        address=form.address.data or "",
    )


def _meanwhile(request: Request, error: ChangedMeanwhile, contact_id: uuid.UUID | None) -> dict[str, Any]:
    """What somebody else saved since the form was opened, and this contact as it is now."""
    found = error.meanwhile
    stored = request.db.get(Contact, (request.viewer.school_id, contact_id)) if contact_id else None
    now = contact_content(stored) if stored else {}
    return {
        "by_name": found.by_name,
        "at": request.viewer.local(found.at),
        "parts": [
            {"label": label, "said": _in_words(now[name])}
            for name, label in FIELDS.items()
            if name in now and now[name] not in (None, "", [])
        ],
    }


def _in_words(value: Any) -> list[str]:
    if isinstance(value, bool):
        return ["Yes" if value else "No"]
    return [str(one) for one in value] if isinstance(value, list) else str(value).splitlines()
