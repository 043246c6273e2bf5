"""The record types that every MIS plugin yields (MIS-01); the core matches, compares and applies them.

A source knows its own ids only: `mis_id` is the source's stable id of a person or group, never a UPN.
Values are already cleaned: text stripped, dates real dates, codes mapped to the words of
`cpoms_core/data`. `where` says where in the file the record came from, for messages (line, element).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a delivery: line (1-based, 0 = unknown), element or column name, and the report's name
    where the delivery holds several (a zip)."""

    line: int = 0
    element: str = ""
    file: str = ""

    def __str__(self) -> str:
        parts = [self.file] if self.file else []
        if self.line:
            parts.append(f"line {self.line}")
        if self.element:
            parts.append(f"element {self.element}")
        return ", ".join(parts) or "the file"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file. An `error` stops the import, a warning is shown beside the counts."""

    message: str
    where: Where = Where()
    error: bool = True


@dataclass(frozen=True, slots=True)
class ContactRecord:
    """A contact of one student, as the MIS has it (STU-04)."""

    mis_id: str
    name: str
    relationship: str = ""
    priority: int | None = None
    parental_responsibility: bool | None = None
    phones: tuple[str, ...] = ()
    email: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class StudentRecord:
    """A student of a full extract. A student missing from a full extract has left (STU-11)."""

    mis_id: str
    legal_forename: str
    legal_surname: str
    preferred_forename: str = ""
    preferred_surname: str = ""
    middle_names: str = ""
    upn: str = ""
    former_upn: str = ""
    admission_number: str = ""
    date_of_birth: dt.date | None = None
    gender: str = ""
    year_group: str = ""  # "N", "R", "1".."14" or the MIS's own word
    tutor_group: str = ""
    sen_status: str = ""  # code: N, K, E, ...
    sen_needs: tuple[str, ...] = ()  # codes: SPLD, SEMH, ...
    medical_conditions: tuple[str, ...] = ()
    pupil_premium: bool | None = None
    free_school_meals: bool | None = None
    english_additional: bool | None = None
    ethnicity: str = ""
    religion: str = ""
    first_language: str = ""
    address: str = ""
    admission_date: dt.date | None = None
    siblings: tuple[str, ...] = ()  # mis_ids of other students
    contacts: tuple[ContactRecord, ...] = ()
    where: Where = field(default=Where(), compare=False)


@dataclass(frozen=True, slots=True)
class StaffRecord:
    """A member of staff; one without an account can be offered one (USR-01)."""

    mis_id: str
    forename: str
    surname: str
    title: str = ""
    email: str = ""
    start_date: dt.date | None = None
    end_date: dt.date | None = None
    full_time: bool | None = None
    where: Where = field(default=Where(), compare=False)


@dataclass(frozen=True, slots=True)
class MarkRecord:
    """One attendance mark of a student: the statutory code of one half-day session."""

    student_mis_id: str
    date: dt.date
    session: str  # "AM" or "PM"
    code: str  # up to 3 characters
    where: Where = field(default=Where(), compare=False)


@dataclass(slots=True)
class Extract:
    """What one delivery of a source holds. `None` means "this delivery says nothing about it",
    an empty tuple means "there are none": only the latter archives.

    `student_fields` and `staff_fields` name the fields of the record that the delivery speaks about, None
    = all of them: a report without an ethnicity column must not blank every ethnicity, nor one without
    contacts end every contact."""

    students: tuple[StudentRecord, ...] | None = None
    student_fields: frozenset[str] | None = None
    staff: tuple[StaffRecord, ...] | None = None
    staff_fields: frozenset[str] | None = None
    marks: tuple[MarkRecord, ...] | None = None
    problems: list[Problem] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        return any(problem.error for problem in self.problems)


class MisSource(Protocol):
    """What a MIS plugin registers through `register_mis_sources`.

    One that finds fields by the captions of columns also has `captioned`, a tuple of
    `cpoms_core.imports.captions.CaptionedField`: the administration then has a page on which a school names
    its own captions.
    """

    name: str  # "sims": stable, stored with every record
    title: str  # "SIMS": shown to people
    accepts: tuple[str, ...]  # file endings: (".xml", ".csv", ".zip")
    max_bytes: int

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        """Parses one uploaded file in bounded time and memory. Never raises for bad input: what is wrong
        is a Problem with line and element. `captions`: field -> the school's own captions for it, before the
        usual ones."""
        ...
