"""Whose names a report leaves out (STU-07): the student's own and those of the students in its incidents, and
apart from them those of the staff (REP-10)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import PrintPart
from cpoms_core.incidents.on_page import FileShown, IncidentShown
from cpoms_core.printing.content import Section
from cpoms_core.printing.queries import names_in
from cpoms_core.students.hiding import NameHider, StaffName, StudentNames
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.scope import SchoolSession

SOMEBODY = "Member of staff"


def hiding_students(
    db: SchoolSession, viewer: Viewer, student_id: uuid.UUID | None, incident_ids: Sequence[uuid.UUID]
) -> Viewer:
    """The viewer of a report without students' names: of every student only the initials, and in texts the
    names of the student and of those in the incidents. Where the session hides every name already, it stays
    with that."""
    if viewer.names_hidden:
        return viewer
    staff = [StaffName(one.forename, one.surname, one.title) for one in _staff(db)]
    return replace(viewer, names=NameHider(names_in(db, student_id, incident_ids), staff))


@dataclass(frozen=True, slots=True)
class StaffHider:
    """Leaves staff's names out of what was read: authors are "Member of staff", and of a name in a text the
    initials are left."""

    names: NameHider

    @classmethod
    def of_school(cls, db: SchoolSession) -> StaffHider:
        return cls(NameHider(StudentNames(one.forename, one.surname) for one in _staff(db)))

    def incident(self, incident: IncidentShown) -> None:
        """Hides them in an incident, its actions and the names of its files."""
        incident.author_name = SOMEBODY
        incident.text = self.names.text(incident.text)
        for action in incident.actions:
            action.author_name = SOMEBODY
            action.text = self.names.text(action.text)
            action.files = self._files(action.files)
        incident.files = self._files(incident.files)

    def section(self, section: Section) -> Section:
        """Hides them in the basic data of a student."""
        facts = [replace(fact, values=self._texts(fact.values)) for fact in section.facts]
        return replace(section, facts=facts, rows=self._texts(section.rows))

    def _texts(self, texts: Sequence[str]) -> list[str]:
        return [self.names.text(text) for text in texts]

    def _files(self, files: Sequence[FileShown]) -> list[FileShown]:
        return [replace(file, name=self.names.text(file.name)) for file in files]

    def part(self, part: PrintPart) -> PrintPart:
        """Hides them in what a module prints. A drawing is left as it is: its words are not text."""
        return replace(part, heading=self.names.text(part.heading), lines=self._texts(part.lines))


@dataclass(frozen=True, slots=True)
class _Named:
    forename: str
    surname: str
    title: str = ""


def _staff(db: SchoolSession) -> list[_Named]:
    """Everybody who has an account, or is on the MIS's list of staff."""
    users = [_Named(*row) for row in db.execute(select(User.forename, User.surname))]
    listed = db.execute(select(StaffMember.forename, StaffMember.surname, StaffMember.title))
    return [*users, *(_Named(*row) for row in listed)]
