"""Compares the contacts of a delivery's students (STU-04). Contacts that staff added have no id of the MIS
and are never looked at; one that the MIS no longer names is ended, not deleted."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from cpoms_core.database.types import new_id
from cpoms_core.imports.changes import ContactChanges, PeopleChanges, Row, chunks
from cpoms_core.imports.records import ContactRecord, StudentRecord
from cpoms_core.students.models import Contact
from cpoms_core.tenancy.scope import SchoolSession

COLUMNS = ("name", "relationship_to_student", "priority", "parental_responsibility", "details", "ended_at")


def compare_contacts(
    db: SchoolSession,
    students: PeopleChanges,
    records: Sequence[StudentRecord],
    fields: Collection[str],
    now: dt.datetime,
) -> ContactChanges:
    """What becomes of contacts: those of new students are added, those of students whose record differs are
    compared; the others cannot have changed."""
    found = ContactChanges()
    if "contacts" not in fields:
        return found
    for record in records:
        if record.mis_id in students.added:
            for contact in record.contacts:
                key = {"school_id": db.school_id, "student_id": students.ids[record.mis_id]}
                _add(found, key, contact)
        elif record.mis_id not in students.doubtful:
            found.counts.unchanged += len(record.contacts)
    for chunk in chunks([record for record in records if record.mis_id in students.doubtful]):
        present = _present(db, [students.ids[record.mis_id] for record in chunk])
        for record in chunk:
            student_id = students.ids[record.mis_id]
            key = {"school_id": db.school_id, "student_id": student_id}
            _compare(found, key, record.contacts, present.get(student_id, {}), now)
    return found


def _present(db: SchoolSession, student_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Row]]:
    """Student -> the MIS's id of a contact -> its columns."""
    names = ("id", "student_id", "mis_id", *COLUMNS)
    rows = db.execute(
        select(*(getattr(Contact, name) for name in names)).where(
            Contact.student_id.in_(student_ids), Contact.mis_id != ""
        )
    )
    found: dict[uuid.UUID, dict[str, Row]] = {}
    for row in rows:
        values = dict(zip(names, row, strict=True))
        found.setdefault(values["student_id"], {})[values["mis_id"]] = values
    return found


def _compare(
    found: ContactChanges,
    key: Row,
    contacts: Sequence[ContactRecord],
    present: Mapping[str, Row],
    now: dt.datetime,
) -> None:
    for contact in contacts:
        own = present.get(contact.mis_id)
        if own is None:
            _add(found, key, contact)
            continue
        values = _values(contact, own["details"])
        if all(own[name] == value for name, value in values.items()):
            found.counts.unchanged += 1
            continue
        found.changed.append({"school_id": key["school_id"], "id": own["id"], **values})
        if own["ended_at"] is None:
            found.counts.changed += 1
        else:
            found.counts.restored += 1
    named = {contact.mis_id for contact in contacts}
    for mis_id, own in present.items():
        if mis_id not in named and own["ended_at"] is None:
            ended = {name: own[name] for name in COLUMNS} | {"ended_at": now}
            found.changed.append({"school_id": key["school_id"], "id": own["id"], **ended})
            found.counts.archived += 1


def _add(found: ContactChanges, key: Row, contact: ContactRecord) -> None:
    found.new.append({**key, "id": new_id(), "mis_id": contact.mis_id, **_values(contact, {})})
    found.counts.added += 1


def _values(contact: ContactRecord, details: Mapping[str, Any]) -> Row:
    return {
        "name": contact.name,
        "relationship_to_student": contact.relationship,
        "priority": contact.priority,
        "parental_responsibility": contact.parental_responsibility,
        "details": {
            **details, "phones": list(contact.phones), "email": contact.email, "address": contact.address
        },
        "ended_at": None,
    }  # fmt: skip
