"""Compares people of a delivery, students or staff, with the school's rows: by the MIS's id only, and by the
hash of the record that was applied last (MIS-08: never by name or UPN)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select

from cpoms_core.database.types import new_id
from cpoms_core.imports.changes import PeopleChanges, Row, chunks
from cpoms_core.imports.hashes import record_hash
from cpoms_core.imports.records import StaffRecord, StudentRecord
from cpoms_core.students.models import StaffMember, Student
from cpoms_core.students.names import keys_of
from cpoms_core.tenancy.scope import SchoolSession

PLAIN = (
    "legal_forename", "legal_surname", "preferred_forename", "preferred_surname", "middle_names", "upn",
    "former_upn", "admission_number", "date_of_birth", "gender", "year_group", "tutor_group", "sen_status",
    "pupil_premium", "free_school_meals", "english_additional", "ethnicity", "religion", "first_language",
)  # fmt: skip
"""Fields of a student's record that are columns of the same name."""
DETAILS = ("sen_needs", "medical_conditions", "address", "admission_date")
"""Fields of a student's record that are kept in `details`."""
DERIVED = ("surname_key", "forename_key", "search_text")
STAFF_PLAIN = ("title", "forename", "surname", "email", "start_date", "end_date", "full_time")

Known = tuple[uuid.UUID, str | None, dt.datetime | None]  # our id, hash, when it left


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of people is stored. `values(record, fields, present)` are its columns after the record
    was laid over the `present` ones (None: a new row); `gone` is the column that says since when it left."""

    table: type[Student] | type[StaffMember]
    gone: str
    columns: tuple[str, ...]
    values: Callable[[Any, Collection[str], Mapping[str, Any] | None], Row]


def known_ids(db: SchoolSession, kind: Kind, source: str) -> dict[str, uuid.UUID]:
    """Every id of the source by the MIS's id, for a delivery that says nothing about these people."""
    return {mis_id: row[0] for mis_id, row in _known(db, kind, source).items()}


def _known(db: SchoolSession, kind: Kind, source: str) -> dict[str, Known]:
    table = kind.table
    gone = getattr(table, kind.gone)
    rows = db.execute(select(table.mis_id, table.id, table.mis_hash, gone).where(table.mis_source == source))
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


@dataclass(slots=True)
class People:
    """Compares one delivery's full list of students, or of staff. `fields`: what the delivery speaks about;
    `now`: the moment (UTC) that new rows carry."""

    db: SchoolSession
    kind: Kind
    source: str
    fields: Collection[str]
    now: dt.datetime
    found: PeopleChanges = field(default_factory=PeopleChanges)

    def compare(self, records: Sequence[StudentRecord] | Sequence[StaffRecord]) -> PeopleChanges:
        """What the list changes: one query, and one more for each 500 people whose record differs."""
        found, known = self.found, _known(self.db, self.kind, self.source)
        found.ids = {mis_id: row[0] for mis_id, row in known.items()}
        hashes = {record.mis_id: record_hash(record, self.fields) for record in records}
        differing = [r for r in records if r.mis_id in known and known[r.mis_id][1] != hashes[r.mis_id]]
        found.doubtful = {record.mis_id for record in differing}
        really = self._compare_values(differing, hashes)
        for record in records:
            if record.mis_id not in known:
                self._add(record, hashes[record.mis_id])
            elif known[record.mis_id][2] is not None:
                found.restored.append(known[record.mis_id][0])
                found.counts.restored += 1
            elif record.mis_id in really:
                found.counts.changed += 1
            else:
                found.counts.unchanged += 1
        found.archived = [row[0] for mis_id, row in known.items() if mis_id not in hashes and row[2] is None]
        found.counts.archived = len(found.archived)
        return found

    def _compare_values(self, records: list[Any], hashes: Mapping[str, str]) -> set[str]:
        """Compares the columns of those whose hash differs; answers the MIS's ids of those that change."""
        really: set[str] = set()
        names = ("id", *self.kind.columns)
        columns = [getattr(self.kind.table, name) for name in names]
        for chunk in chunks(records):
            ids = [self.found.ids[record.mis_id] for record in chunk]
            rows = self.db.execute(select(*columns).where(self.kind.table.id.in_(ids)))
            present = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
            for record in chunk:
                own = present[self.found.ids[record.mis_id]]
                values = self.kind.values(record, self.fields, own)
                key = {
                    "school_id": self.db.school_id, "id": own["id"], "mis_hash": hashes[record.mis_id]
                }  # fmt: skip
                if all(own[name] == value for name, value in values.items()):
                    self.found.rehashed.append(key)
                else:
                    self.found.changed.append({**key, **values})
                    really.add(record.mis_id)
        return really

    def _add(self, record: Any, hashed: str) -> None:
        row = {
            "school_id": self.db.school_id, "id": new_id(), "mis_source": self.source,
            "mis_id": record.mis_id, "mis_hash": hashed, self.kind.gone: None,
            **self.kind.values(record, self.fields, None),
        }  # fmt: skip
        if self.kind.table is Student:
            row["created_at"] = self.now
        self.found.new.append(row)
        self.found.ids[record.mis_id] = row["id"]
        self.found.added.add(record.mis_id)
        self.found.counts.added += 1


def _spoken(
    names: Collection[str],
    record: StudentRecord | StaffRecord,
    fields: Collection[str],
    other: Mapping[str, Any],
) -> Row:
    """The record's values of the fields that the delivery speaks about, else the `other` ones."""
    return {name: getattr(record, name) if name in fields else other[name] for name in names}


def _student_values(
    record: StudentRecord,
    fields: Collection[str],
    present: Mapping[str, Any] | None,
    *,
    legal: bool = False,
) -> Row:
    values = _spoken(PLAIN, record, fields, present or BLANK)
    details = {**BLANK_DETAILS, **(present["details"] if present else {})}
    details |= {name: _json(getattr(record, name)) for name in DETAILS if name in fields}
    keys = keys_of(SimpleNamespace(**values), values["middle_names"], values["upn"], legal=legal)
    return {**values, "details": details, **keys}


def _json(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _staff_values(record: StaffRecord, fields: Collection[str], present: Mapping[str, Any] | None) -> Row:
    return _spoken(STAFF_PLAIN, record, fields, present or BLANK_STAFF)


BLANK = {name: getattr(StudentRecord("", "", ""), name) for name in PLAIN}
"""What a new student has of the fields that a delivery says nothing about."""
BLANK_DETAILS = {name: _json(getattr(StudentRecord("", "", ""), name)) for name in DETAILS}
BLANK_STAFF = {name: getattr(StaffRecord("", "", ""), name) for name in STAFF_PLAIN}
STUDENTS = Kind(Student, "archived_at", (*PLAIN, "details", *DERIVED), _student_values)
BY_LEGAL_NAMES = replace(STUDENTS, values=partial(_student_values, legal=True))
"""Students of a school whose lists are by legal names (STU-12)."""
STAFF = Kind(StaffMember, "left_at", STAFF_PLAIN, _staff_values)
