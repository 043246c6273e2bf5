"""Every hook has an example, which the handbook shows: here each is called as the product does (MOD-03)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.config import configure
from cpoms_core.database.types import new_id
from cpoms_core.hooks import specs
from cpoms_core.hooks.relay import HookRelay
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing import examples
from cpoms_core.testing.browsing import Browser, text_of
from cpoms_core.testing.conformance import grant_everything, turn
from cpoms_core.testing.fixtures import with_probe
from cpoms_core.testing.probe.models import ProbeNote
from cpoms_core.testing.records import record
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.web.request import cookie_name


@pytest.fixture(scope="module")
def with_examples(app: Application) -> Application:
    """The application with the examples as a module."""
    modules = {**with_probe(), "example": examples.module()}
    return Application(app.deployment, modules=modules, engines=app.engines)


@pytest.fixture(scope="module")
def wsgi_with_examples(with_examples: Application) -> Any:
    return configure(with_examples)


class Scene:
    """A school with three incidents, the first with an action: of the second the note is empty, the third has
    none."""

    def __init__(self, app: Application) -> None:
        self.school: SchoolForTests = make_school(app)
        grant_everything(self.school)
        turn(self.school, "probe", False)  # whose table stands for the example's own
        self.relay = HookRelay({"example": app.modules["example"].hooks})
        one, two, three = (record(self.school, ["Behaviour"]) for _ in range(3))
        with app.transaction(self.school.id) as db:
            notes = [self._note(db, one, "Two   words"), self._note(db, two, "")]
        self.given: dict[str, Any] = {
            "incident_id": one, "incident_ids": [one, two], "action_id": new_id(),
            "action_ids": [new_id()], "student_id": self.school.students["aoife"], "version": 1,
            "values": {"example-note": "todo: ring them", "example-minutes": 5}, "form": "incident",
            "run_id": new_id(), "into_id": three, "change_id": new_id(), "number": 2,
            "kept_id": self.school.students["aoife"], "merged_id": self.school.students["chloe"],
            "file_ids": [notes[0], new_id()], "ids": [notes[0], new_id()], "reason": "a letter", "app": app,
            "user_id": self.school.users["lead"], "alert_ids": [notes[0], new_id()],
        }  # fmt: skip

    def _note(self, db: SchoolSession, incident_id: Any, text: str) -> Any:
        made = new_id()
        db.add(ProbeNote(school_id=db.school_id, id=made, incident_id=incident_id, text=text))
        return made

    def call(self, hook: str) -> Any:
        """What the example answered; of one that changes something, how much it wrote into the audit and the
        outbox."""
        viewer = replace(self.school.viewer("lead"), modules=frozenset({"example"}))
        asked = inspect.signature(getattr(specs, hook)).parameters
        given = {name: self.given[name] for name in asked if name in self.given}
        if "values" in given and "Sequence" in asked["values"].annotation:
            given["values"] = list(given["values"].items())
        with self.school.app.transaction(self.school.id) as db:
            before = _written(db)
            answer = CALLS[specs.MODES[hook]](self.relay, hook, db, viewer, given)
            assert db.hook_failures == []
            db.flush()
            return answer if answer is not None else _written(db) - before


def _written(db: SchoolSession) -> int:
    kept = select(func.count(AuditEntry.id)).where(AuditEntry.event == "example.kept")
    owed = select(func.count(OutboxItem.id)).where(OutboxItem.kind == "example.tidy")
    return (db.scalar(kept) or 0) + (db.scalar(owed) or 0)


def _collect(relay: HookRelay, hook: str, db: Any, viewer: Any, given: Any) -> Any:
    by_id = "Mapping" in inspect.signature(getattr(specs, hook)).return_annotation
    return (relay.collect_by_id if by_id else relay.collect_by_module)(hook, db, viewer, **given)


def _never(*call: Any) -> None:
    raise AssertionError(f"it failed: {call}")


CALLS: dict[str, Callable[..., Any]] = {
    "boot": lambda relay, hook, _db, _viewer, _given: dict(relay.boot(hook))["example"],
    "collect": _collect,
    "veto": lambda relay, hook, db, viewer, given: relay.veto(hook, db, viewer, **given),
    "effect": lambda relay, hook, db, viewer, given: relay.effect(hook, db, viewer, _never, **given),
    "told": lambda relay, hook, db, viewer, given: relay.tell(hook, db, viewer, _never, **given),
    "own": lambda relay, hook, db, viewer, given: relay.own(hook, db, viewer, "example", **given),
    "always": lambda relay, hook, db, viewer, given: relay.always(hook, db, viewer, **given)["example"],
}
"""Mode -> how the product calls a hook of it."""


@pytest.fixture
def scene(with_examples: Application) -> Scene:
    return Scene(with_examples)


def test_every_hook_has_an_example() -> None:
    """MOD-03: write cpoms_core/testing/examples/HOOK.py for those that are missing."""
    assert sorted(set(specs.MODES) - set(examples.names())) == []
    assert sorted(set(examples.names()) - set(specs.MODES)) == []


@pytest.mark.parametrize("hook", [name for name in examples.names() if name != "register_routes"])
def test_an_example_does_what_its_hook_is_for(scene: Scene, hook: str) -> None:
    """MOD-03: called through the relay it answers, or writes, something; and nothing of it fails."""
    assert scene.call(hook), f"the example of {hook} does nothing"


def test_the_mails_and_tasks_of_the_examples_do_their_work(scene: Scene) -> None:
    """MOD-03: register_tasks, register_mails: what they name is called, too."""
    (task,), (mail,) = scene.call("register_tasks"), scene.call("register_mails")
    viewer = scene.school.viewer("lead")
    with scene.school.app.transaction(scene.school.id) as db:
        task.run(db, viewer, {"note": str(scene.given["file_ids"][0])})
        note = db.get_one(ProbeNote, (scene.school.id, scene.given["file_ids"][0]))
        assert note.text == "Two words"
        assert mail.owed(db, viewer, {"incident": str(scene.given["incident_id"])}) is True
        assert mail.owed(db, viewer, {"incident": str(new_id())}) is False


def test_together_they_are_a_module_that_works(scene: Scene, wsgi_with_examples: Any) -> None:
    """MOD-03: register_routes and all the others: the pages open with what the examples add to them."""
    school = scene.school
    browser = Browser(wsgi_with_examples, extra_environ={"HTTP_HOST": school.host})
    browser.set_cookie(cookie_name(school.app), school.session_token("lead"))
    record_path = f"/students/{school.students['aoife']}"
    said = {
        "/": "You may read 3 incidents.",
        "/incidents/add": "Name every agency that you have told.",
        "/example/list": "Incident 3",
        record_path: "The newest that you may read is incident 3.",
        f"{record_path}/incidents": "Two words",
        "/admin": "Examples",
        "/admin/settings": "How many examples the page lists.",
    }
    for path, words in said.items():
        assert words in text_of(browser.get(path)), path
