"""Names: how they are shown, and one folded form in which they are searched and ordered."""

from __future__ import annotations

import unicodedata

from anyascii import anyascii
from sqlalchemy import ColumnElement, func

from cpoms_core.students.models import Student


def fold(text: str) -> str:
    """Plain small letters: "Ångström" -> "angstrom", "O’Connor" -> "o'connor". What a person types on any
    keyboard finds the name as it is written."""
    plain = anyascii(unicodedata.normalize("NFKC", text)).casefold()
    return " ".join(plain.split())


def shown_name() -> ColumnElement[str]:
    """The name of a student in SQL, as `Student.name` has it, for statements that show a student and read
    nothing else of them. It reaches a page through `viewer.name`, as every name."""
    forename = func.coalesce(func.nullif(Student.preferred_forename, ""), Student.legal_forename)
    surname = func.coalesce(func.nullif(Student.preferred_surname, ""), Student.legal_surname)
    return func.trim(forename + " " + surname)


def group_name(kind: str, name: str) -> str:
    """A student group as people say it: a year that is a bare number is "Year 7"."""
    return f"Year {name}" if kind == "year" and name.isdigit() else name
