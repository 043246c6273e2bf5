"""Students whom staff typed in because the MIS does not have them yet (INC-02): a record of its own at once,
because a concern cannot wait for an import; administrators match it later (`students.matching`)."""

from __future__ import annotations

import datetime as dt
import unicodedata
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.types import Id, new_id
from cpoms_core.errors import Refused
from cpoms_core.students.full_names import of_full_name
from cpoms_core.students.models import Student
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession, built_once

LONGEST = 100  # characters of each of the two names, as the column has it
OLDEST = 30  # years
# Signs that turn the direction of what follows them: a name could rewrite the line it stands in.
TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


MATCHED = built_once(
    select(Student.id, Student.matched_to).where(
        Student.id.in_(bindparam("students", expanding=True, type_=Id)), Student.matched_to.is_not(None)
    )
)


@dataclass(frozen=True, slots=True)
class TypedStudent:
    """A child as somebody typed them in. `born`: None where it is not known."""

    forename: str
    surname: str
    born: dt.date | None = None


def read_name(typed: str) -> tuple[str, str]:
    """A full name as forename and surname: the last word is the surname, and of "Surname, Forename" what is
    before the comma. In one form of the letters, so that combining signs are found again. Raises Refused."""
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if any(sign in TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Co", "Cn") for sign in name):
        raise Refused("This name has signs in it that are no part of a name. Type it again.", "new_student")
    surname, comma, forename = name.partition(",")
    if not comma:
        forename, _, surname = name.rpartition(" ")
    forename, surname = forename.strip(), surname.strip()
    if not all(any(sign.isalpha() for sign in part) for part in (forename, surname)):
        raise Refused("Type the first name and the surname.", "new_student")
    if max(len(forename), len(surname)) > LONGEST:
        raise Refused(f"Use at most {LONGEST} characters for each of the two names.", "new_student")
    return forename, surname


def refuse_birth(born: dt.date | None, today: dt.date) -> None:
    """Raises Refused for a day on which no child of a school was born."""
    if born is not None and not dt.timedelta(0) <= today - born <= dt.timedelta(days=OLDEST * 366):
        raise Refused(
            "This is not the date of birth of a child. Leave it empty if you do not know it.",
            "new_born",
        )


def add_typed_in(db: SchoolSession, viewer: Viewer, typed: TypedStudent) -> Student:
    """Makes the record of a child whom the MIS does not have yet; the viewer's right to record was asked
    before. Raises Refused, also for the name of a child who is in the list: one may not become two."""
    refuse_birth(typed.born, viewer.local(viewer.now()).date())
    if _known(db, viewer, typed):
        raise Refused(
            "A student of this name is in the list already: choose them there. If this is another child, "
            "give the date of birth.",
            "new_student",
        )
    student = Student(
        school_id=db.school_id,
        id=new_id(),
        legal_forename=typed.forename,
        legal_surname=typed.surname,
        surname_key=fold(typed.surname)[:LONGEST],
        forename_key=fold(typed.forename)[:LONGEST],
        search_text=fold(f"{typed.forename} {typed.surname}"),
        date_of_birth=typed.born,
        created_at=viewer.now(),
    )
    db.add(student)
    db.flush()
    audit.record(db, viewer, "student.typed-in", [student.id])
    return student


def matched_now(db: SchoolSession, student_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Those of the students who were typed in and have been matched since, with the record that is theirs
    now: forms, drafts and older versions may still name the other."""
    rows = db.execute(MATCHED, {"students": list(student_ids)})
    return {row.id: row.matched_to for row in rows if row.matched_to}


def _known(db: SchoolSession, viewer: Viewer, typed: TypedStudent) -> bool:
    """Whether a child whom the viewer may choose has this name, and no other date of birth."""
    same = of_full_name(db, viewer, f"{typed.forename} {typed.surname}")
    return any(typed.born is None or row.date_of_birth == typed.born for row in same)
