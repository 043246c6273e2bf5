"""The relay: which modules are asked, in which order, and what becomes of their answers (MOD-01, MOD-04).
Hooks named here: nav_items, dashboard_panels, admin_tabs, student_tabs, student_panels, student_form_fields,
incident_form_fields, action_form_fields, incident_panels, module_enabled, module_disabled, export_student."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from wtforms import StringField

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.hooks import hookimpl, specs
from cpoms_core.hooks.answers import BadHook
from cpoms_core.hooks.relay import HookRelay, PluginSession
from cpoms_core.hooks.types import FormField, NavItem, Panel, Tab
from cpoms_core.modules.services import switch
from cpoms_core.students.models import Student
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.probe.models import ProbeNote
from cpoms_core.testing.schools import SchoolForTests

STUDENT = uuid.UUID(int=1)
COLLECTED: dict[str, dict[str, Any]] = {
    "nav_items": {},
    "dashboard_panels": {},
    "admin_tabs": {},
    "student_tabs": {"student_id": STUDENT},
    "student_panels": {"student_id": STUDENT},
    "student_form_fields": {"student_id": STUDENT},
    "incident_form_fields": {},
    "action_form_fields": {"incident_id": STUDENT},
}
NONSENSE: dict[str, Any] = {
    "a string": "text",
    "a number": 5,
    "a mapping": {"label": "x"},
    "a list of nothing": [None],
    "a list of strings": ["x"],
    "the class": [NavItem],
    "a part of another hook": [Tab("x", "y", 1), NavItem("x", "y", 1), Panel("x", 1, "y")],
    "a weight that is a word": [
        NavItem("x", "y", "heavy"),  # type: ignore[arg-type]
        Tab("x", "y", "heavy"),  # type: ignore[arg-type]
        Panel("x", "heavy", "y"),  # type: ignore[arg-type]
    ],
}


def _everything(viewer: Viewer) -> Viewer:
    return replace(viewer, permissions=viewer.permissions | {"probe:read"})


def _collect(app: Application, school: SchoolForTests, viewer: Viewer, hook: str) -> list[Any]:
    """The probe's parts, asked in a session that only reads, as a page does."""
    with app.session(school.id, writes=False) as db:
        found = app.hooks.collect(hook, db, viewer, **COLLECTED[hook])
        _collect.failures = list(db.hook_failures)  # type: ignore[attr-defined]
        assert len(db.scalars(select(Student)).all()) == 3, "the page's session goes on"
    return [part for part in found if "probe" in repr(part).lower()]


@pytest.mark.parametrize("hook", COLLECTED)
def test_parts_are_collected_where_the_module_is_on(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str
) -> None:
    assert _collect(probe_app, school, _everything(viewer), hook)
    assert behaviour.called == [hook]
    off = replace(_everything(viewer), modules=viewer.modules - {"probe"})
    assert _collect(probe_app, school, off, hook) == []
    assert behaviour.called == [hook]


def test_parts_that_need_a_permission_are_for_those_who_have_it(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    labels = [item.label for item in _collect(probe_app, school, viewer, "nav_items")]
    assert labels == ["Probe"]
    labels = [item.label for item in _collect(probe_app, school, _everything(viewer), "nav_items")]
    assert labels == ["Probe", "Probe's notes"]
    for hook in ("dashboard_panels", "admin_tabs", "student_tabs"):
        assert _collect(probe_app, school, viewer, hook) == []
        assert len(_collect(probe_app, school, _everything(viewer), hook)) == 1


def _fails(**_: Any) -> Any:
    raise RuntimeError("a module broke")


def _generator_that_fails(**_: Any) -> Any:
    yield NavItem("x", "y", 1)
    raise RuntimeError("a module broke late")


def _broken_statement(db: PluginSession, **_: Any) -> Any:
    db.execute(insert(ProbeNote).values(school_id=db.school_id, id=new_id(), incident_id=new_id(), text="x"))
    return []


@pytest.mark.parametrize("hook", COLLECTED)
@pytest.mark.parametrize("act", [_fails, _generator_that_fails, _broken_statement])
def test_a_collect_hook_that_fails_is_left_out(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str, act: Any
) -> None:
    with behaviour.instead(hook, act):
        assert _collect(probe_app, school, _everything(viewer), hook) == []
    failures = _collect.failures  # type: ignore[attr-defined]
    assert [(one.module, one.hook) for one in failures] == [("probe", hook)]


@pytest.mark.parametrize("hook", COLLECTED)
@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_left_out(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str, answer: str
) -> None:
    with behaviour.instead(hook, lambda **_: NONSENSE[answer]):
        found = _collect(probe_app, school, _everything(viewer), hook)
    assert found == []
    assert [one.hook for one in _collect.failures] == [hook]  # type: ignore[attr-defined]


@pytest.mark.parametrize("hook", COLLECTED)
def test_nothing_is_an_answer_and_so_is_a_generator(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str
) -> None:
    with behaviour.instead(hook, lambda **_: None):
        assert _collect(probe_app, school, viewer, hook) == []
    assert _collect.failures == []  # type: ignore[attr-defined]
    usual = _collect(probe_app, school, _everything(viewer), hook)
    with behaviour.instead(hook, lambda **_: (part for part in usual)):
        assert _collect(probe_app, school, _everything(viewer), hook) == usual


@pytest.mark.parametrize("hook", ["incident_form_fields", "action_form_fields"])
@pytest.mark.parametrize(
    "names", [["text"], ["probe-"], ["other-note"], ["probe-a__b"], ["probe-a", "probe-a"]]
)
def test_fields_that_would_replace_another_are_left_out(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str, names: list[str]
) -> None:
    fields = [FormField(name, StringField("Probe"), 1) for name in names]
    with behaviour.instead(hook, lambda **_: fields):
        assert _collect(probe_app, school, viewer, hook) == []
    assert [one.hook for one in _collect.failures] == [hook]  # type: ignore[attr-defined]


# --- incident_panels -------------------------------------------------------------------------------------


def _panels(app: Application, school: SchoolForTests, viewer: Viewer) -> dict[Any, list[Any]]:
    with app.session(school.id, writes=False) as db:
        found = app.hooks.collect_by_id(
            "incident_panels", db, viewer, incident_ids=[uuid.UUID(int=1), uuid.UUID(int=2)]
        )
        _panels.failures = list(db.hook_failures)  # type: ignore[attr-defined]
        assert len(db.scalars(select(Student)).all()) == 3
    return {key: parts for key, parts in found.items() if parts}


def test_incident_panels_are_asked_once_for_the_whole_page(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    found = _panels(probe_app, school, _everything(viewer))
    assert {key: len(parts) for key, parts in found.items()} == {uuid.UUID(int=1): 1, uuid.UUID(int=2): 1}
    assert behaviour.called == ["incident_panels"]
    assert _panels(probe_app, school, viewer) == {}  # needs=
    assert _panels(probe_app, school, replace(_everything(viewer), modules=frozenset())) == {}
    assert behaviour.called == ["incident_panels"] * 2


@pytest.mark.parametrize("answer", [[], "x", {1: "x"}, {1: [None]}, {1: [NavItem("x", "y", 1)]}, {1: 5}])
def test_nonsense_from_incident_panels_is_left_out(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, answer: Any
) -> None:
    with behaviour.instead("incident_panels", lambda **_: answer):
        assert _panels(probe_app, school, _everything(viewer)) == {}
    assert [one.hook for one in _panels.failures] == ["incident_panels"]  # type: ignore[attr-defined]
    with behaviour.instead("incident_panels", _fails):
        assert _panels(probe_app, school, _everything(viewer)) == {}


# --- own, always -----------------------------------------------------------------------------------------


def test_module_enabled_and_module_disabled_are_told_to_their_own_module(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    with probe_app.transaction(school.id) as db:
        switch(db, viewer, "probe", False)
    assert behaviour.called == ["module_disabled"]
    with probe_app.transaction(school.id) as db:
        for other in set(probe_app.modules) - {"probe"}:
            switch(db, viewer, other, False)
    assert behaviour.called == ["module_disabled"]
    with probe_app.transaction(school.id) as db:
        switch(db, viewer, "probe", True)
    assert behaviour.called == ["module_disabled", "module_enabled"]


def test_a_module_whose_own_hook_fails_is_switched_all_the_same(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    with behaviour.instead("module_disabled", _fails), probe_app.transaction(school.id) as db:
        switch(db, viewer, "probe", False)
        assert [one.hook for one in db.hook_failures] == ["module_disabled"]
    assert "probe" not in school.viewer("lead").modules


def test_export_student_asks_modules_that_are_off_and_hides_no_failure(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    off = replace(viewer, modules=frozenset())
    with probe_app.session(school.id, writes=False) as db:
        found = probe_app.hooks.always("export_student", db, off, student_id=school.students["aoife"])
        assert found["probe"] == {"notes": []}
        with behaviour.instead("export_student", _fails), pytest.raises(RuntimeError):
            probe_app.hooks.always("export_student", db, off, student_id=school.students["aoife"])
    assert behaviour.called == ["export_student"] * 2


# --- the relay itself ------------------------------------------------------------------------------------


def _module(*labels: tuple[str, int]) -> Any:
    def nav_items() -> list[NavItem]:
        return [NavItem(label, "r", weight) for label, weight in labels]

    return SimpleNamespace(nav_items=hookimpl(nav_items))


def test_the_order_of_parts_is_their_weight_and_then_their_modules_name(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    modules = {
        "b": _module(("b2", 2), ("b1", 1)),
        "c": _module(("c1", 1), ("c0", 0)),
        "a": _module(("a1", 1), ("a2", 2)),
    }
    who = replace(viewer, modules=frozenset(modules))
    for order in ("abc", "cba", "bca"):
        relay = HookRelay({name: modules[name] for name in order})
        with probe_app.session(school.id, writes=False) as db:
            labels = [item.label for item in relay.collect("nav_items", db, who)]
        assert labels == ["c0", "a1", "b1", "c1", "a2", "b2"]
        assert relay.implementers("nav_items") == ["a", "b", "c"]


@pytest.mark.parametrize("hook", specs.MODES)
def test_a_hook_is_called_by_its_own_mode_only(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str
) -> None:
    relay = probe_app.hooks
    with probe_app.session(school.id, writes=False) as db:
        calls = {
            "boot": lambda: list(relay.boot(hook)),
            "collect": lambda: (relay.collect(hook, db, viewer), relay.collect_by_id(hook, db, viewer)),
            "veto": lambda: relay.veto(hook, db, viewer),
            "effect": lambda: relay.effect(hook, db, viewer, lambda *_: None),
            "told": lambda: relay.tell(hook, db, viewer, lambda *_: None),
            "own": lambda: relay.own(hook, db, viewer, "probe"),
            "always": lambda: relay.always(hook, db, viewer),
        }
        for mode, call in calls.items():
            if mode != specs.MODES[hook]:
                with pytest.raises(ValueError, match="is a hook of mode"):
                    call()


def test_a_boot_hook_that_fails_stops_the_start(probe_app: Application) -> None:
    def register_tasks() -> Any:
        raise RuntimeError("not ready")

    relay = HookRelay({"a": SimpleNamespace(register_tasks=hookimpl(register_tasks))})
    with pytest.raises(RuntimeError, match="not ready") as stopped:
        list(relay.boot("register_tasks"))
    assert stopped.value.__notes__ == ["The module 'a' failed in its hook register_tasks: the start stops."]


@pytest.mark.parametrize("answer", [None, 5, "a task", object()])
def test_nonsense_from_a_boot_hook_stops_the_start_and_is_named(answer: Any) -> None:
    """MOD-04: before anything is asked of it."""

    def register_tasks() -> Any:
        return answer

    relay = HookRelay({"a": SimpleNamespace(register_tasks=hookimpl(register_tasks))})
    with pytest.raises(BadHook, match="register_tasks of module 'a' answered with"):
        list(relay.boot("register_tasks"))


@pytest.mark.parametrize("answer", [5, "text", ["a list"], object()])
@pytest.mark.parametrize("hook", ["export_student", "merge_students"])
def test_nonsense_from_an_always_hook_is_an_error(
    probe_app: Application, school: SchoolForTests, viewer: Viewer, hook: str, answer: Any
) -> None:
    """MOD-04: whoever asked is told, because the answer would not be whole; nothing is set aside."""
    ids = {
        "export_student": {"student_id": STUDENT},
        "merge_students": {"kept_id": STUDENT, "merged_id": uuid.UUID(int=2)},
    }[hook]
    with (
        probe_app.session(school.id, writes=True) as db,
        behaviour.instead(hook, lambda **_: answer),
        pytest.raises(BadHook, match=f"{hook} of module 'probe' answered with"),
    ):
        probe_app.hooks.always(hook, db, viewer, **ids)
    with probe_app.session(school.id, writes=True) as db, behaviour.instead(hook, lambda **_: None):
        assert probe_app.hooks.always(hook, db, viewer, **ids)["probe"] == {}


def test_a_lazy_answer_is_read_within_the_savepoint(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    """MOD-04: incident_panels may answer with generators; one that breaks the transaction late costs its own
    part."""

    def late(db: PluginSession, **_: Any) -> Any:
        def parts() -> Any:
            with contextlib.suppress(Exception):
                db.execute(insert(ProbeNote), [{"school_id": db.school_id, "id": new_id(), "text": "x"}])
            yield Panel("incident-foot", 1, "x")

        return {STUDENT: parts()}

    with behaviour.instead("incident_panels", late), probe_app.session(school.id, writes=True) as db:
        probe_app.hooks.collect_by_id("incident_panels", db, viewer, incident_ids=[STUDENT])
        assert len(db.scalars(select(Student)).all()) == 3


def test_hooks_that_the_relay_cannot_use_stop_the_start() -> None:
    def nav_items(unknown: int) -> Any:
        return unknown

    def wrapping() -> Any:
        return (yield)

    def mistyped() -> Any:
        return []

    with pytest.raises(Exception, match="unknown"):
        HookRelay({"a": SimpleNamespace(nav_items=hookimpl(nav_items))})
    with pytest.raises(BadHook, match="wraps"):
        HookRelay({"a": SimpleNamespace(nav_items=hookimpl(wrapping, wrapper=True))})
    with pytest.raises(Exception, match="nav_itmes"):
        HookRelay({"a": SimpleNamespace(nav_itmes=hookimpl(mistyped))})


def test_one_module_that_fails_costs_the_others_nothing(
    probe_app: Application, school: SchoolForTests, viewer: Viewer
) -> None:
    def broken(db: PluginSession) -> Any:
        with contextlib.suppress(IntegrityError):
            db.execute(insert(ProbeNote), [{"school_id": db.school_id, "id": new_id(), "text": "x"}])
        return [NavItem("broken", "r", 0)]

    def nav_items(db: PluginSession) -> Any:
        return [NavItem(str(len(db.scalars(select(Student)).all())), "r", 0)]

    relay = HookRelay(
        {
            "a": SimpleNamespace(nav_items=hookimpl(broken, specname="nav_items")),
            "b": SimpleNamespace(nav_items=hookimpl(nav_items)),
        }
    )
    with probe_app.session(school.id, writes=True) as db:
        labels = [
            item.label
            for item in relay.collect("nav_items", db, replace(viewer, modules=frozenset({"a", "b"})))
        ]
    assert labels[-1] == "3"
