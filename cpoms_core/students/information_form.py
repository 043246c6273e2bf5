"""The Edit information form: the core's fields, and the modules' between or after them by weight (STU-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from pyramid.request import Request
from webob.multidict import MultiDict
from wtforms import BooleanField, FileField, StringField, TextAreaField
from wtforms.validators import Length

from cpoms_core.alerts.queries import staff
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.category_ticks import category_ticks
from cpoms_core.incidents.forms import Ids
from cpoms_core.students.information import (
    LONGEST_KIND,
    LONGEST_SUMMARY,
    Information,
    Stored,
    agencies_offered,
    categories_offered,
)
from cpoms_core.students.versions import Meanwhile, number_in
from cpoms_core.web import arranged
from cpoms_core.web.arranged import arranged_form
from cpoms_core.web.forms import BuiltForm, as_id
from cpoms_core.web.over_newest import fields_over_newest, over_newest

KINDS = {
    "alerts": "people",
    "link_students": "links",
    "link_kind": "with-links",
    "summary": "plain",
    "monitored": "categories",
    "agencies": "people",
    "file": "photo",
    "remove_photo": "with-photo",
}
"""How the fields are drawn that are more than a plain one."""
TOGETHER = {"link_kind": "link_students", "remove_photo": "file"}
"""Fields that stand right behind another."""
BEGUN = ("link_students", "link_kind", "remove_photo")
"""Fields that are empty each time, and only begin something."""
COMMA = ", "


def core_fields() -> list[FormField]:
    """The core's fields, in the order of the guides."""
    return [
        FormField(
            "alerts",
            Ids(
                "Alert staff",
                description="They are alerted to every incident about this student that they may see, from "
                "now on.",
            ),
            10,
        ),
        FormField("link_students", Ids("Link a student", description="It shows on both records."), 20),
        FormField(
            "link_kind",
            StringField(
                "What they are to each other",
                [Length(max=LONGEST_KIND, message=f"Use at most {LONGEST_KIND} characters.")],
                description="Friend, cousin, neighbour, or another word.",
            ),
            21,
        ),
        FormField(
            "summary",
            TextAreaField(
                "Summary",
                [Length(max=LONGEST_SUMMARY, message=f"Use at most {LONGEST_SUMMARY:,} characters.")],
                description="Stands on top of the overview: a social worker's name, or what everyone should "
                "know.",
                render_kw={"rows": 3},
            ),
            30,
        ),
        FormField(
            "monitored",
            Ids(
                "Monitored for",
                description="Ticking begins to monitor the student today, unticking ends it. The history is "
                "kept.",
            ),
            40,
        ),
        FormField(
            "keywords",
            StringField(
                "Keywords",
                description="With commas between, for example: allergy, wears glasses. The student search on "
                "the dashboard finds them.",
            ),
            50,
        ),
        FormField("agencies", Ids("Agencies involved"), 60),
        FormField(
            "file",
            FileField("Photo", description="A JPEG, PNG or WebP of at most 15 MB. It is kept small."),
            70,
        ),
        FormField("remove_photo", BooleanField("Take the photo off"), 71),
    ]


def information_form(
    request: Request, stored: Stored, posted: MultiDict[str, Any] | None, given: dict[str, Any] | None = None
) -> BuiltForm:
    """The form as it is posted, or filled with what is kept or `given`; its choices filled in."""
    modules = request.app.hooks.collect(
        "student_form_fields", request.db, request.viewer, student_id=stored.student.id
    )
    given = {**_kept(stored), "keywords": COMMA.join(stored.student.keywords), **(given or {})}
    form = arranged_form(request, "student", core_fields(), modules, posted, given, together=TOGETHER)
    form.part("alerts").choices = [(person.id, person.name) for person in staff(request.db)]
    form.part("agencies").choices = list(agencies_offered(request.db, stored.agency_ids))
    form.part("link_students").choices = []
    return form


def _kept(stored: Stored) -> dict[str, Any]:
    """What the core's fields hold now, keywords as a list."""
    student = stored.student
    return {
        "alerts": stored.alerted,
        "summary": student.summary,
        "monitored": stored.monitored,
        "keywords": list(student.keywords),
        "agencies": stored.agency_ids,
    }


def form_over_newest(request: Request, form: BuiltForm, stored: Stored, found: Meanwhile) -> BuiltForm:
    """The form where somebody else saved first: what was changed in it, over what is kept now. stored: as it
    is since then."""
    post, before = request.POST, found.before
    now = _kept(stored)
    opened = {
        "alerts": _ids(post, "alerts_seen"),
        "summary": before["summary"],
        "monitored": _ids(post, "monitored_seen"),
        "keywords": before["keywords"],
        "agencies": [uuid.UUID(one) for one in before["agencies"]],
    }
    typed = {name: form.part(name).data for name in now}
    typed["keywords"] = [word for one in _words(form) if (word := " ".join(one.split()))]
    given = over_newest(typed, opened, now)
    given["keywords"] = COMMA.join(given["keywords"])
    begun = {name: form.part(name).data for name in BEGUN}
    fresh = information_form(request, stored, None)
    modules = fields_over_newest(form, fresh, before["modules"], found.after["modules"])
    return information_form(request, stored, None, {**given, **begun, **modules})


def category_tree(
    request: Request, stored: Stored, chosen: Sequence[uuid.UUID] | None
) -> list[dict[str, Any]]:
    """The categories as ticks, sub-categories under their parents."""
    rows = categories_offered(request.db, request.viewer, stored.monitored)
    return category_ticks(rows, set(chosen or ()))


def typed_information(
    request: Request, form: BuiltForm, photo_id: uuid.UUID | None, found_by_name: Sequence[uuid.UUID]
) -> Information:
    """What was typed, as the service takes it. found_by_name: students whose full name was typed, where no
    script helped to choose."""
    post = request.POST
    seen_alerts, seen_categories = _ids(post, "alerts_seen"), _ids(post, "monitored_seen")
    alerts, monitored = form.part("alerts").data or [], form.part("monitored").data or []
    return Information(
        seen=number_in(post.get("seen", "")) or 0,
        summary=form.part("summary").data or "",
        keywords=_words(form),
        agency_ids=form.part("agencies").data or [],
        link_ids=[*(form.part("link_students").data or []), *found_by_name],
        link_kind=form.part("link_kind").data or "",
        unlinked=_ids(post, "unlink"),
        alert=[one for one in alerts if one not in seen_alerts],
        no_longer_alert=[one for one in seen_alerts if one not in alerts],
        monitor=[one for one in monitored if one not in seen_categories],
        no_longer_monitor=[one for one in seen_categories if one not in monitored],
        photo_id=photo_id,
        remove_photo=bool(form.part("remove_photo").data),
        module_values=form.module_values(),
        not_taken=form.not_taken(request.POST, request.app.modules),
    )


def _words(form: BuiltForm) -> list[str]:
    text: str = form.part("keywords").data or ""
    return text.replace("\n", ",").split(",")


def _ids(post: Any, name: str) -> list[uuid.UUID]:
    return [one for one in map(as_id, post.getall(name)) if one]


def drawn(form: BuiltForm) -> list[dict[str, Any]]:
    """The fields in their order, each with how it is drawn."""
    return arranged.drawn(form, KINDS)
