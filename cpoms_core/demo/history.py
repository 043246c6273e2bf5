"""A year of the demonstration school: concerns and actions, recorded through the product's own services."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from cpoms_core.access import identity
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Access, Viewer
from cpoms_core.application import Application
from cpoms_core.demo.people_with_logins import HEAD, LEAD, TEACHER, Staffed
from cpoms_core.demo.stories import ACTIONS, STORIES
from cpoms_core.demo.tree import PRIVATE, Tree
from cpoms_core.incidents.services import Linked, NewAction, NewIncident, record_action, record_incident
from cpoms_core.students.models import Student
from cpoms_core.tenancy.scope import SchoolSession

AT_ONCE = 25  # incidents in one transaction
CHILDREN = 90  # most of a school's records are about a few of its children
RECENT = dt.timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Child:
    """A student of whom something is recorded."""

    id: uuid.UUID
    forename: str


@dataclass(slots=True)
class Year:
    """Writes the history of one school. Everything follows from the seed, ids and moments apart."""

    app: Application
    school_id: int
    tree: Tree
    staffed: Staffed
    now: dt.datetime
    rng: random.Random

    def write(self, count: int) -> None:
        """Records `count` incidents, oldest first, some with actions."""
        moments = sorted(self._moment() for _ in range(count))
        children = self._children()
        for start in range(0, count, AT_ONCE):
            with self.app.transaction(self.school_id) as db:
                viewers = self.viewers(db)
                for moment in moments[start : start + AT_ONCE]:
                    self._incident(db, viewers, children, moment)

    def _moment(self) -> dt.datetime:
        """A moment of a school day in the last year; the nearer the more likely."""
        days = int(364 * self.rng.random() ** 1.4)
        day = self.now - dt.timedelta(days=days)
        day -= dt.timedelta(days=max(0, day.weekday() - 4))
        moment = day.replace(hour=self.rng.randint(8, 15), minute=self.rng.randrange(60), second=0)
        return min(moment, self.now - dt.timedelta(minutes=self.rng.randint(5, 90)))

    def _children(self) -> list[Child]:
        with self.app.session(self.school_id, writes=False) as db:
            students = db.scalars(
                select(Student).where(Student.archived_at.is_(None)).order_by(Student.mis_id)
            ).all()
        chosen = self.rng.sample(students, min(CHILDREN, len(students)))
        return [Child(one.id, one.preferred_forename or one.legal_forename) for one in chosen]

    def viewers(self, db: SchoolSession) -> dict[str, list[Viewer]]:
        """The users who write, by role; those with a key in an elevated session."""
        school, modules = identity.read_school(db), identity.modules_on(db)
        found: dict[str, list[Viewer]] = {}
        for role, ids in self.staffed.users.items():
            access: Access = "elevated" if role in (LEAD, HEAD) else "restricted"
            found[role] = [
                identity.viewer_of(
                    db, db.get_one(User, (self.school_id, id)), access, school=school, modules=modules,
                    has_key=access == "elevated",
                )
                for id in ids
            ]  # fmt: skip
        return found

    def _incident(
        self, db: SchoolSession, viewers: dict[str, list[Viewer]], children: Sequence[Child], at: dt.datetime
    ) -> None:
        rng = self.rng
        child = children[int(len(children) * rng.random() ** 2)]  # some far more often than others
        category = rng.choice(list(STORIES))
        role = rng.choices((TEACHER, HEAD, LEAD), (6, 2, 2))[0]
        author = _at(rng.choice(viewers.get(role) or viewers[LEAD]), at)
        private = category.partition("/")[0] in PRIVATE
        new = NewIncident(
            submission=uuid.UUID(int=rng.getrandbits(128), version=4),
            student_id=child.id,
            text=rng.choice(STORIES[category]).format(name=child.forename),
            category_ids=[self.tree.categories[category]],
            occurred_at=at - dt.timedelta(minutes=rng.randint(0, 120)),
            linked=self._linked(children, child),
            alert_ids=self._alerted(author, at),
            agency_ids=[rng.choice(list(self.tree.agencies.values()))]
            if private and rng.random() < 0.5
            else [],
        )
        incident = record_incident(db, author, new)
        reader = viewers[LEAD][0]
        for moment in self._follow_ups(at, private):
            text = rng.choice(ACTIONS).format(name=child.forename)
            action = NewAction(
                submission=uuid.UUID(int=rng.getrandbits(128), version=4),
                incident_id=incident.id, text=text, occurred_at=moment,
            )  # fmt: skip
            record_action(db, _at(reader, moment), action)

    def _linked(self, children: Sequence[Child], child: Child) -> list[Linked]:
        other = self.rng.choice(children)
        return [Linked(other.id)] if other.id != child.id and self.rng.random() < 0.1 else []

    def _alerted(self, author: Viewer, at: dt.datetime) -> list[uuid.UUID]:
        """Only what is new is still unread: the lead's, and now and then a teacher's."""
        if self.now - at > RECENT or self.rng.random() < 0.5:
            return []
        teacher = self.staffed.users.get(TEACHER, [])[:1]
        chosen = [self.staffed.first(LEAD), *(teacher if self.rng.random() < 0.5 else [])]
        return [one for one in chosen if one != author.user_id]

    def _follow_ups(self, at: dt.datetime, private: bool) -> Iterator[dt.datetime]:
        """When something was done about it, in order, never in the future."""
        count = self.rng.choices((0, 1, 2, 3), (1, 3, 3, 2) if private else (5, 4, 2, 0))[0]
        moment = at
        for _ in range(count):
            moment += dt.timedelta(hours=self.rng.randint(1, 70))
            if moment >= self.now:
                return
            yield moment


def _at(viewer: Viewer, moment: dt.datetime) -> Viewer:
    """The viewer as they were at a moment (UTC)."""
    return replace(viewer, clock=lambda: moment)
