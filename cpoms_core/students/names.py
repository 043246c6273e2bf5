"""Names: how they are shown, and one folded form in which they are searched and ordered."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Protocol

from anyascii import anyascii

from cpoms_core.students.models import Student

if TYPE_CHECKING:
    from cpoms_core.access.viewer import SchoolFacts


LONGEST_KEY = 100  # characters, as the columns have it


def fold(text: str) -> str:
    """Plain small letters: "Ångström" -> "angstrom", "O’Connor" -> "o'connor". What a person types on any
    keyboard finds the name as it is written."""
    plain = anyascii(unicodedata.normalize("NFKC", text)).casefold()
    return " ".join(plain.split())


class Named(Protocol):
    """What a student's name is worded from: a Student, or a row of `NAME_PARTS`."""

    legal_forename: Any
    legal_surname: Any
    preferred_forename: Any
    preferred_surname: Any


NAME_PARTS = (
    Student.legal_forename,
    Student.legal_surname,
    Student.preferred_forename,
    Student.preferred_surname,
)
"""What a statement reads where it shows a student and nothing else of them: `viewer.name(row)` words it."""


def name_parts(student: Named, school: SchoolFacts) -> tuple[str, str]:
    """Forename and surname of a student as the school shows them (STU-12): the preferred ones, each where
    there is one, or the legal ones."""
    if school.setting("student_names") == "legal":
        return student.legal_forename, student.legal_surname
    return (
        student.preferred_forename or student.legal_forename,
        student.preferred_surname or student.legal_surname,
    )


def worded(forename: str, surname: str, school: SchoolFacts) -> str:
    """A name in the school's order (STU-12). Lists are ordered by surname whatever the order of the words."""
    if school.setting("name_order") == "surname-first" and forename and surname:
        return f"{surname}, {forename}"
    return f"{forename} {surname}".strip()


def keys_of(student: Named, middle_names: str, upn: str, *, legal: bool) -> dict[str, str]:
    """What lists are ordered by and names searched in, folded, as columns. `legal`: the school shows legal
    names, so its lists are in their order (STU-12); every name is found either way."""
    preferred = (
        student.preferred_forename or student.legal_forename,
        student.preferred_surname or student.legal_surname,
    )
    forename, surname = (student.legal_forename, student.legal_surname) if legal else preferred
    names = (" ".join(preferred), f"{student.legal_forename} {student.legal_surname}", middle_names, upn)
    return {
        "surname_key": fold(surname)[:LONGEST_KEY],
        "forename_key": fold(forename)[:LONGEST_KEY],
        "search_text": fold(" ".join(dict.fromkeys(names))),
    }


def full_names(student: Named) -> set[str]:
    """Every full name of a student in either order, folded: what somebody may type who may not search."""
    forename = student.preferred_forename or student.legal_forename
    surname = student.preferred_surname or student.legal_surname
    pairs = ((forename, surname), (student.legal_forename, student.legal_surname))
    return {fold(" ".join(words)) for pair in pairs for words in (pair, pair[::-1])}


def group_name(kind: str, name: str) -> str:
    """A student group as people say it: a year that is a bare number is "Year 7"."""
    return f"Year {name}" if kind == "year" and name.isdigit() else name
