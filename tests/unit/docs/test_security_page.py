"""`docs/security.md` has a line for every requirement that applies, and each names tests that are there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cpoms_core.access import accounts, models, passwords, sessions, throttle
from cpoms_core.application import Application
from cpoms_core.modules.routes import PUBLIC
from cpoms_core.tenancy.settings import CORE_SETTINGS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
REQUIREMENTS = {
    "V1.1": "1 2",
    "V1.2": "1 2 3 4 5 6 7 8 9 10",
    "V1.3": "1 2 3 4 5 6 7 8 9 10 11 12",
    "V1.4": "1 2 3",
    "V1.5": "1 2 3",
    "V2.1": "1 2 3",
    "V2.2": "1 2 3",
    "V2.3": "1 2 3 4 5",
    "V2.4": "1",
    "V3.2": "1 2",
    "V3.3": "1 2 3 4",
    "V3.4": "1 2 3 4 5 6 8",
    "V3.5": "1 2 3 4 5 8",
    "V3.7": "1 2",
    "V4.1": "1 2 3 4",
    "V4.2": "1",
    "V4.3": "1 2",
    "V4.4": "1 2 3 4",
    "V5.1": "1",
    "V5.2": "1 2 3 4 5 6",
    "V5.3": "1 2 3",
    "V5.4": "1 2 3",
    "V6.1": "1 2 3",
    "V6.2": "1 2 3 4 5 6 7 8 9 10 11 12",
    "V6.3": "1 2 3 4 5 7 8",
    "V6.4": "1 2 3 4 6",
    "V6.5": "1 2 3 4 5 6 8",
    "V6.6": "1 2 3",
    "V6.7": "2",
    "V6.8": "1 2 3 4",
    "V7.1": "1 2 3",
    "V7.2": "1 2 3 4",
    "V7.3": "1 2",
    "V7.4": "1 2 3 4 5",
    "V7.5": "1 2 3",
    "V7.6": "1 2",
    "V8.1": "1 2",
    "V8.2": "1 2 3",
    "V8.3": "1 2 3",
    "V8.4": "1 2",
    "V9.1": "1 2 3",
    "V9.2": "1 2 3 4",
    "V10.1": "1 2",
    "V10.2": "1 2",
    "V10.3": "1 2 3 4",
    "V10.4": "1 2 3 4 5 6 7 8 9 10 11",
    "V10.5": "1 2 3 4 5",
    "V10.6": "1 2",
    "V10.7": "1 2 3",
    "V11.1": "1 2",
    "V11.2": "1 2 3 5",
    "V11.3": "1 2 3 4",
    "V11.4": "1 2 3 4",
    "V11.5": "1",
    "V11.6": "1",
    "V12.1": "1 2 3",
    "V12.2": "1 2",
    "V12.3": "1 2 3 4",
    "V13.1": "1",
    "V13.2": "1 2 3 4 5",
    "V13.3": "1 2 4",
    "V13.4": "1 2 3 4 5 6",
    "V14.1": "1 2",
    "V14.2": "1 2 3 4 6 7 8",
    "V14.3": "1 2 3",
    "V15.1": "1 2 3",
    "V15.2": "1 2 3",
    "V15.3": "1 2 3 4 5 6 7",
    "V15.4": "2",
    "V16.1": "1",
    "V16.2": "1 2 3 4 5",
    "V16.3": "1 2 3 4",
    "V16.4": "1 2 3",
    "V16.5": "1 2 3 4",
    "V17.1": "1",
    "V17.2": "1 2 3 4",
    "V17.3": "1 2",
}
"""ASVS 5.0, level 2, and what was taken from level 3: chapter and section -> the numbers that count."""
SHOWN_WHOLLY = ("V6", "V7", "V8", "V9", "V10")
"""Chapters whose lines name a test wherever they say that something is so."""
ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`((?:tests|plugins)/[\w/.-]+\.py)::(\w+)`")


def lines() -> dict[str, tuple[str, str]]:
    return {found[1]: (found[2], found[3]) for found in ROW.finditer(PAGE)}


@cache
def named_in(path: str) -> set[str]:
    file = ROOT / path
    return (
        set(re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.M))
        if file.exists()
        else set()
    )


def test_every_requirement_has_one_line() -> None:
    sections = REQUIREMENTS.items()
    wanted = [f"{section}.{number}" for section, numbers in sections for number in numbers.split()]
    found = [match[1] for match in ROW.finditer(PAGE)]
    assert len(found) == len(set(found))
    assert set(found) == set(wanted)
    assert len(wanted) == 284


@pytest.mark.parametrize("requirement", list(lines()))
def test_a_line_says_what_shows_it_or_what_is_open(requirement: str) -> None:
    what, how = lines()[requirement]
    state, _, text = how.partition(":")
    assert state in ("Shown", "Open", "Not here"), how
    assert len(what) > 5 or state == "Not here"
    assert len(text.strip()) > 5, "nothing is said"
    named = TEST.findall(how)
    if state == "Shown":
        assert named, "no test is named"
    for path, name in named:
        assert name in named_in(path), f"{path} has no {name}"


def test_the_chapters_of_this_work_are_complete() -> None:
    """Authentication, sessions, authorization and tokens: what is open there is on a list to be seen."""
    still_open = {
        requirement
        for requirement, (_what, how) in lines().items()
        if requirement.partition(".")[0] in SHOWN_WHOLLY and how.startswith("Open")
    }
    assert still_open == set()


def test_the_limits_of_the_page_are_those_of_the_code() -> None:
    """ACC-13, ACC-12, V6.1.1, V7.1.1: a limit that is changed is changed here, too."""
    pauses = [pause.seconds for pause in throttle.PAUSES.values()]
    idle = next(spec.default for spec in CORE_SETTINGS if spec.name == "idle_minutes")
    for said in (
        f"after {throttle.ACCOUNT_TRIES} failures",
        f"{throttle.LOCK_OUT.seconds // 60} minutes",
        f"{pauses[0]} seconds after the third, {pauses[1]} after the fourth",
        f"{throttle.ADDRESS_TRIES} failures from one address",
        f"{accounts.LINKS_AN_HOUR} links an hour",
        f"{passwords.SHORTEST} to {passwords.LONGEST:,} characters",
        f"{idle} minutes without activity",
        f"{sessions.LONGEST.seconds // 3600} hours",
    ):
        assert said in " ".join(PAGE.split()), said


def test_every_page_that_needs_no_log_in_is_on_the_page(app: Application, wsgi: Any) -> None:
    """V6.1.3, V6.3.4, V13.4.5: no way in that nobody wrote down."""
    views = [entry["introspectable"] for entry in wsgi.registry.introspector.get_category("views")]
    public = {view["route_name"] for view in views if view.get("needs") == PUBLIC and view["route_name"]}
    part = PAGE.partition("## Pages that need no log-in")[2].partition("\n## ")[0]
    of_modules = {route for route in public if route.partition(".")[0] in app.modules}
    assert public - of_modules == set(re.findall(r"`([\w.-]+)`", part))
    for route in of_modules:  # beside its code: no page outside its folder is edited for a module
        module, _, name = route.partition(".")
        readme = ROOT / "plugins" / module / "README.md"
        assert name == "static" or f"`{route}`" in readme.read_text(encoding="utf-8"), route


def test_no_password_has_a_date() -> None:
    """V6.2.10: nothing could make one run out."""
    columns = {column.name for column in models.Account.__table__.columns}
    assert not {name for name in columns if "password" in name} - {"password_hash"}
    assert not [spec.name for spec in CORE_SETTINGS if "password" in spec.name]
