"""Incidents to make cases of, and what a test reads of the database."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cpoms_cases import outcomes
from cpoms_cases.models import Case, CaseChange
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import NewIncident, record_incident
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.services import change_setting, switch_module
from cpoms_core.testing.schools import SchoolForTests

Record = Callable[..., Incident]


@pytest.fixture
def record() -> Record:
    """Records an incident about Aoife, as the form would: `record(school, assignee="head")`."""

    def recorded(
        school: SchoolForTests,
        *,
        by: str = "lead",
        categories: Sequence[str] = ("Behaviour",),
        alert: Sequence[str] = (),
        at: dt.datetime | None = None,
        **chosen: str,
    ) -> Incident:
        values: dict[str, Any] = {f"cases-{name}": value for name, value in chosen.items()}
        if "assignee" in chosen:
            values["cases-assignee"] = str(school.users[chosen["assignee"]])
        new = NewIncident(
            submission=new_id(),
            student_id=school.students["aoife"],
            text="She was very quiet today.",
            category_ids=[school.categories[name] for name in categories],
            occurred_at=at or utc_now(),
            alert_ids=[school.users[who] for who in alert],
            module_values=values,
        )
        with school.app.transaction(school.id) as db:
            return record_incident(db, school.viewer(by), new)

    return recorded


class Stored:
    """What the database of a school holds of cases."""

    def __init__(self, school: SchoolForTests) -> None:
        self.school = school

    def _all(self, statement: Any) -> list[Any]:
        with self.school.app.session(self.school.id, writes=False) as db:
            return list(db.scalars(statement))

    def case(self, incident_id: uuid.UUID) -> Case | None:
        return next(iter(self._all(select(Case).where(Case.incident_id == incident_id))), None)

    def changes(self, incident_id: uuid.UUID) -> list[CaseChange]:
        return self._all(
            select(CaseChange).where(CaseChange.incident_id == incident_id).order_by(CaseChange.version)
        )

    def incidents(self) -> list[Incident]:
        return self._all(select(Incident).order_by(Incident.number))

    def outbox(self, kind: str) -> list[OutboxItem]:
        return self._all(select(OutboxItem).where(OutboxItem.kind == kind).order_by(OutboxItem.id))

    def mails(self) -> list[str]:
        """Whom mails about assignments are owed to, by their part in the school."""
        who = {str(user_id): name for name, user_id in self.school.users.items()}
        mails = [item.payload for item in self.outbox("mail")]
        return [who[mail["to_user"]] for mail in mails if mail["template"] == "cases.assigned"]


@pytest.fixture
def stored(school: SchoolForTests) -> Stored:
    return Stored(school)


@pytest.fixture
def asking(school: SchoolForTests) -> dict[str, uuid.UUID]:
    """Lets the school ask for an outcome and a reason (CAS-07); its outcomes by name, one disabled."""
    with school.app.transaction(school.id) as db:
        change_setting(db, "cases.outcomes", "y")
        viewer, session = school.viewer("lead"), PluginSession(db)
        found = {name: outcomes.add(session, viewer, name).id for name in ("Resolved", "Handed on", "Old")}
        outcomes.turn(session, viewer, found["Old"], usable=False)
    return found


@pytest.fixture
def switch(school: SchoolForTests) -> Callable[[bool], None]:
    """Switches the module on or off for the school."""

    def turn(enabled: bool) -> None:
        with school.app.transaction(school.id) as db:
            switch_module(db, "cases", enabled, utc_now())

    return turn
