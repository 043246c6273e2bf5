"""MOD-01: what a module adds to the demonstration, by its hook fill_demo."""

from __future__ import annotations

import pytest

from cpoms_core.application import Application
from cpoms_core.demo.schools import NoDemo, fill_modules
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    """With only the probe on: what others add is none of these tests' business."""
    return make_school(probe_app, modules=["probe"])


def test_fill_demo_adds_a_modules_rows(probe_app: Application, school: SchoolForTests) -> None:
    """MOD-01: as the lead would, and with the application at hand for files."""
    given = []

    def fill(db, viewer, app):  # type: ignore[no-untyped-def]
        given.append((viewer.user_name, app))

    with behaviour.instead("fill_demo", fill):
        fill_modules(probe_app, school.id, school.viewer("lead"))
    # once, for itself
    assert given == [("Lena Lead", probe_app)]


def test_a_module_that_fails_in_fill_demo_is_named(probe_app: Application, school: SchoolForTests) -> None:
    """MOD-04: nobody shows a demonstration that lacks a part without knowing."""

    def fails(db, viewer, app):  # type: ignore[no-untyped-def]
        raise ValueError

    with behaviour.instead("fill_demo", fails), pytest.raises(NoDemo, match="The module probe"):
        fill_modules(probe_app, school.id, school.viewer("lead"))
