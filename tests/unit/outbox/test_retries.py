"""A module's hook that failed is tried again, and what it needs is kept until then (MOD-04)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl
from cpoms_core.modules import Module
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.outbox.running import run_claimed
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.schools import SchoolForTests


class Pen:
    """A module that is called, and fails while it is told to."""

    def __init__(self) -> None:
        self.fails = True
        self.calls: list[tuple[Any, ...]] = []
        hooks = ModuleType("pen_hooks")

        @hookimpl
        def incident_saved(db: Any, viewer: Any, incident_id: Any, version: Any, values: Any) -> None:
            if self.fails:
                raise ValueError("what was typed")
            self.calls.append((incident_id, version, dict(values), viewer.user_id, viewer.access))

        hooks.incident_saved = incident_saved  # type: ignore[attr-defined]
        self.module = Module("pen", "Pen", "", "pen", "1", hooks)


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def with_pen(app: Application, school: SchoolForTests, pen: Pen) -> Application:
    made = Application(app.deployment, modules={"pen": pen.module}, engines=app.engines)
    school.app = made
    with made.transaction(school.id) as db:
        switch_module(db, "pen", True, utc_now())
    return made


def tell(app: Application, school: SchoolForTests, incident_id: uuid.UUID, version: int = 1) -> None:
    """Saves an incident, as far as the modules are concerned."""
    values = {"pen-colour": "blue", "other-field": "not the pen's"}
    with app.transaction(school.id) as db:
        viewer = school.viewer("lead")
        app.hooks.effect(
            "incident_saved",
            db,
            viewer,
            keep_for_retry(db, viewer),
            incident_id=incident_id,
            version=version,
            values=values,
        )


def run_due(app: Application, later: dt.timedelta = dt.timedelta()) -> list[uuid.UUID]:
    claims = claim_due(app, utc_now() + later, most=10)
    for claim in claims:
        run_claimed(app, claim)
    return [claim.item_id for claim in claims]


def test_mod_04_a_hook_that_failed_is_called_again_with_the_same(
    with_pen: Application, school: SchoolForTests, pen: Pen, item_of: Callable[[uuid.UUID], OutboxItem]
) -> None:
    incident_id = new_id()
    tell(with_pen, school, incident_id)
    (item_id,) = run_due(with_pen)
    item = item_of(item_id)
    assert (item.attempts, item.last_error) == (1, "ValueError")
    assert item.payload["arguments"]["values"] == {"pen-colour": "blue"}
    pen.fails = False
    assert run_due(with_pen, dt.timedelta(minutes=1)) == [item_id]
    assert pen.calls == [(incident_id, 1, {"pen-colour": "blue"}, school.users["lead"], "elevated")]
    item = item_of(item_id)
    assert item.done_at is not None
    assert item.payload["arguments"] == {}, "what was typed is kept no longer than it is needed"
    assert run_due(with_pen, dt.timedelta(days=1)) == []


def test_mod_04_the_same_module_hook_subject_and_version_is_kept_once(
    with_pen: Application, school: SchoolForTests
) -> None:
    incident_id = new_id()
    tell(with_pen, school, incident_id)
    tell(with_pen, school, incident_id)
    tell(with_pen, school, incident_id, version=2)
    tell(with_pen, school, new_id())
    assert len(claim_due(with_pen, utc_now(), most=10)) == 3


def test_mod_01_a_retry_waits_while_its_module_is_off(
    with_pen: Application, school: SchoolForTests, pen: Pen, item_of: Callable[[uuid.UUID], OutboxItem]
) -> None:
    tell(with_pen, school, new_id())
    pen.fails = False
    with with_pen.transaction(school.id) as db:
        switch_module(db, "pen", False, utc_now())
    (item_id,) = run_due(with_pen)
    assert pen.calls == []
    assert (item_of(item_id).attempts, item_of(item_id).done_at) == (0, None)
    with with_pen.transaction(school.id) as db:
        switch_module(db, "pen", True, utc_now())
    run_due(with_pen, dt.timedelta(hours=1))
    assert len(pen.calls) == 1
