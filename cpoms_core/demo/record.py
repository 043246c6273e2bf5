"""What a school keeps on a few of the demonstration's children beside their incidents: summaries, links,
photos, contacts, files, and incidents that were put right. All through the product's own services."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw
from sqlalchemy import func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.files import alert_to_file
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.demo.people_with_logins import DEPUTY, Staffed
from cpoms_core.demo.tree import Tree
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.kinds import can_tell_kinds
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.incidents.models import Incident, IncidentAgency, IncidentCategory
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.incidents.services.changes import IncidentEdit
from cpoms_core.incidents.services.editing import edit_incident
from cpoms_core.incidents.services.merging import Merge, merge_incident
from cpoms_core.incidents.services.pinning import toggle_pin
from cpoms_core.incidents.services.student_parts import usable_parts
from cpoms_core.students.contacts import ContactFacts, save_contact
from cpoms_core.students.information import Information, save_information, stored_version
from cpoms_core.students.models import Student
from cpoms_core.students.photos import photo_taken_in
from cpoms_core.tenancy.scope import SchoolSession

CHILDREN = 10  # of whom most is kept: those with most incidents
WITH_PHOTO = 6
PUT_RIGHT = 4  # children with an incident that was edited
WHOLE_SCHOOL = 1  # incidents about everybody
SUMMARIES = (
    "Sees the school nurse every second Thursday. Likes to be met at the gate on Mondays.",
    "May leave a lesson with a card, and comes to the pastoral office then.",
    "Ring the aunt first: the parents work nights.",
)
KEYWORDS = ("young carer", "early help", "time-out card", "attendance plan")
SOCIAL_WORKERS = ("Priya Raman", "Tom Ellery", "Gwen Salter")
COLOURS = ("#5b7f95", "#8a6d4f", "#6f7f4a", "#7d5f86")


@dataclass(frozen=True, slots=True)
class Keeper:
    """Fills the records of one school, as its safeguarding lead. now: UTC."""

    app: Application
    school_id: int
    tree: Tree
    staffed: Staffed
    lead: Viewer
    now: dt.datetime

    def fill(self) -> None:
        """Everything, child by child; the same each time, ids and moments apart."""
        with self.app.session(self.school_id, writes=False) as db:
            children = children_with_most(db)
        for at, student_id in enumerate(children):
            self._keep(at, student_id, children[at + 1 : at + 2])
            if can_tell_kinds():
                self._file(at, student_id)
            if at < PUT_RIGHT:
                self._put_right(at, student_id)
        self._about_everybody()

    def _keep(self, at: int, student_id: uuid.UUID, friends: Sequence[uuid.UUID]) -> None:
        """Edit information, and a contact of the school's own."""
        agencies = list(self.tree.agencies.values())
        photo = io.BytesIO(portrait(at)) if at < WITH_PHOTO else None
        with (
            photo_taken_in(self.app, self.lead, photo) as photo_id,
            self.app.transaction(self.school_id) as db,
        ):
            new = Information(
                seen=stored_version(db, student_id, self.lead),
                summary=SUMMARIES[at % len(SUMMARIES)],
                keywords=[KEYWORDS[at % len(KEYWORDS)]],
                agency_ids=[agencies[at % len(agencies)]],
                link_ids=friends,
                link_kind="friend" if friends else "",
                photo_id=photo_id,
            )
            student = save_information(db, self.lead, student_id, new)
            name = SOCIAL_WORKERS[at % len(SOCIAL_WORKERS)]
            facts = ContactFacts(name, "Social worker", phones=["01632 960321"], email="duty@council.example")
            save_contact(db, self.lead, student_id, facts, seen=student.version)

    def _file(self, at: int, student_id: uuid.UUID) -> None:
        """A file in the vault; the first few are alerted to the deputy."""
        uploads = [Upload("Minutes of the meeting.txt", io.BytesIO(MINUTES))]
        with taken_in(self.app, self.lead, uploads) as files, self.app.transaction(self.school_id) as db:
            file_in_vault(db, self.lead, student_id, files)
            db.flush()
            if at < 2:
                alert_to_file(db, self.lead, files[0].id, self.staffed.users[DEPUTY][:1])

    def _put_right(self, at: int, student_id: uuid.UUID) -> None:
        """The newest incident gets a further sentence, a part and a file, and is pinned; where there are
        more, the oldest becomes an action on the one after it."""
        drawing = Upload("Drawing from the lesson.png", io.BytesIO(portrait(at)))
        uploads = [drawing] if can_tell_kinds() else []
        with taken_in(self.app, self.lead, uploads) as files, self.app.transaction(self.school_id) as db:
            newest, *rest = incidents_of(db, student_id)
            later = self._at(min(newest.created_at + dt.timedelta(hours=3), self.now))
            parts = usable_parts(db)
            edit = IncidentEdit(
                newest.id, newest.version,
                text=f"{newest.text} Added later: both families were told the same afternoon.",
                occurred_at=newest.occurred_at,
                category_ids=_ids(db, IncidentCategory, IncidentCategory.category_id, newest.id),
                agency_ids=_ids(db, IncidentAgency, IncidentAgency.agency_id, newest.id),
                parts={student_id: parts[at % len(parts)][0]},
                documents=files,
            )  # fmt: skip
            edit_incident(db, later, edit)
            toggle_pin(db, later, newest.id)
            if rest:
                *_, into, oldest = newest, *rest
                merge_incident(db, self.lead, Merge(oldest.id, oldest.version, into.id, into.version))

    def _about_everybody(self) -> None:
        with self.app.transaction(self.school_id) as db:
            author = self._at(self.now - dt.timedelta(days=2))
            new = NewIncident(
                submission=new_id(),
                student_id=None,
                text="A man whom nobody knew spoke to students at the bus stop. The police were told, and a"
                " member of staff stands there until Friday.",
                category_ids=[self.tree.categories["Safeguarding Concern"]],
                occurred_at=author.now() - dt.timedelta(minutes=40),
                agency_ids=[self.tree.agencies["Police"]],
            )
            record_incident(db, author, new)

    def _at(self, moment: dt.datetime) -> Viewer:
        return replace(self.lead, clock=lambda: moment)


def children_with_most(db: SchoolSession) -> Sequence[uuid.UUID]:
    """The children of whom most is recorded."""
    return db.scalars(
        select(Student.id)
        .join(Incident, Incident.student_id == Student.id)
        .group_by(Student.id, Student.mis_id)
        .order_by(func.count().desc(), Student.mis_id)
        .limit(CHILDREN)
    ).all()


def incidents_of(db: SchoolSession, student_id: uuid.UUID) -> Sequence[Incident]:
    """The incidents about a student, newest first."""
    return db.scalars(
        select(Incident)
        .where(Incident.student_id == student_id)
        .order_by(Incident.occurred_at.desc(), Incident.id)
    ).all()


def portrait(at: int) -> bytes:
    """A drawing in the place of a photo: no face is anybody's."""
    picture = Image.new("RGB", (240, 240), "#e7ecef")
    draw = ImageDraw.Draw(picture)
    colour = COLOURS[at % len(COLOURS)]
    draw.ellipse((80, 45, 160, 125), fill=colour)
    draw.ellipse((40, 140, 200, 320), fill=colour)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _ids(db: SchoolSession, model: type, column: object, incident_id: uuid.UUID) -> list[uuid.UUID]:
    statement = select(column).where(model.incident_id == incident_id)  # type: ignore[call-overload, attr-defined]
    return list(db.scalars(statement))


MINUTES = b"""Minutes of the meeting

Present: the mother, the head of year, the safeguarding lead.
Agreed: a place to work at lunchtime, a call home every Friday, and we meet again in six weeks.
"""
