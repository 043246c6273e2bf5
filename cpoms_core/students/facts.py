"""What the MIS says of a student, in words (STU-02). What is not known is said, never left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.imports import codes
from cpoms_core.students.models import Student
from cpoms_core.students.names import group_name

NOT_KNOWN = "Not known"
NOTHING_RECORDED = "None recorded"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what it is, and its values; a fact that is not `known` says so in its one value."""

    label: str
    values: Sequence[str]
    known: bool = True


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one part of the page."""

    title: str
    facts: Sequence[Fact]


def facts_of(viewer: Viewer, student: Student) -> list[Facts]:
    """The facts that a student's overview shows, by part."""
    details = student.details
    today = viewer.local(viewer.now()).date()
    return [
        Facts(
            "About",
            [
                *_other_names(viewer, student),
                _one("Date of birth", _day(student.date_of_birth)),
                _one("Age", age_in_words(student.date_of_birth, today)),
                _one("Gender", student.gender),
                _one("Ethnicity", student.ethnicity),
                _one("Religion", student.religion),
                _one("First language", student.first_language),
                _one("English as an additional language", _yes_or_no(student.english_additional)),
                _many("Address", viewer.text(details.get("address") or "").splitlines(), NOT_KNOWN),
            ],
        ),
        Facts(
            "At school",
            [
                _one("Year group", group_name("year", student.year_group)),
                _one("Tutor group", student.tutor_group),
                _one("Admission date", _day(_date(details.get("admission_date")))),
                _one("Admission number", student.admission_number),
                _one("UPN", student.upn),
                *([_one("Former UPN", student.former_upn)] if student.former_upn else []),
                _one("Pupil premium", _yes_or_no(student.pupil_premium)),
                _one("Free school meals", _yes_or_no(student.free_school_meals)),
            ],
        ),
        Facts(
            "Needs and health",
            [
                _one("SEN status", codes.sen_status_meaning(student.sen_status) or student.sen_status),
                _many("SEN needs", map(_need, details.get("sen_needs") or ()), NOTHING_RECORDED),
                _many(
                    "Medical conditions",
                    map(viewer.text, details.get("medical_conditions") or ()),
                    NOTHING_RECORDED,
                ),
            ],
        ),
    ]


def age(born: dt.date, today: dt.date) -> int:
    """Completed years; who was born on 29 February has their birthday on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_in_words(born: dt.date | None, today: dt.date) -> str:
    """The age at a day of the school's, or an empty text where it is not known."""
    if born is None or born > today:
        return ""
    years = age(born, today)
    return "1 year" if years == 1 else f"{years} years"


def _other_names(viewer: Viewer, student: Student) -> list[Fact]:
    """The names beside the one that the school shows, where they differ from it."""
    legal = _named(student.legal_forename, student.legal_surname)
    preferred = _named(student.preferred_forename, student.preferred_surname)
    shown = viewer.name(student)
    found = []
    for label, named in (("Legal name", legal), ("Preferred name", preferred)):
        name = viewer.name(named)
        if name and name != shown:
            found.append(Fact(label, [name]))
    if student.middle_names:
        found.append(Fact("Middle names", [viewer.name(_named(student.middle_names, ""))]))
    return found


def _named(forename: str, surname: str) -> Any:
    return SimpleNamespace(
        legal_forename=forename, legal_surname=surname, preferred_forename="", preferred_surname=""
    )


def _one(label: str, value: str) -> Fact:
    return Fact(label, [value]) if value else Fact(label, [NOT_KNOWN], known=False)


def _many(label: str, values: Iterable[str], otherwise: str) -> Fact:
    found = [value for value in values if value.strip()]
    return Fact(label, found) if found else Fact(label, [otherwise], known=False)


def _need(code: str) -> str:
    return codes.sen_need_meaning(code) or code


def _yes_or_no(value: bool | None) -> str:
    return "" if value is None else ("Yes" if value else "No")


def _day(day: dt.date | None) -> str:
    return f"{day.day} {day.strftime('%B %Y')}" if day else ""


def _date(text: Any) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
