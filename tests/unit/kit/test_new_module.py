"""`cpoms plugin new` (MOD-03): what it writes, and which names it refuses. tests/wheels builds and installs
it elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cpoms_core.cli import main
from cpoms_core.errors import Refused
from cpoms_core.kit import OF_THE_CORE, files_for, write_new
from cpoms_core.modules.registry import NAME
from cpoms_core.modules.routes import CORE


def new(*arguments: str | Path) -> Any:
    return CliRunner().invoke(main, ["plugin", "new", *map(str, arguments)])


def test_it_writes_a_whole_module(tmp_path: Path) -> None:
    """MOD-03: under its name everywhere, with nothing of the template left."""
    done = new("school_trips", "--folder", tmp_path)
    assert done.exit_code == 0, done.output
    assert f"pip install -e {tmp_path / 'school_trips'}" in done.output
    made = tmp_path / "school_trips"
    written = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert written == set(files_for("school_trips"))
    for needed in ("models", "hooks", "views", "tasks", "queries"):
        assert f"cpoms_school_trips/{needed}.py" in written
    assert "cpoms_school_trips/migrations/versions/school_trips_0001_first_table.py" in written
    for path in written:
        text = (made / path).read_text(encoding="utf-8")
        assert "@name@" not in text
        assert "@title@" not in text
        if path.endswith(".py"):
            compile(text, path, "exec")
    project = tomllib.loads((made / "pyproject.toml").read_text())["project"]
    assert project["name"] == "cpoms-school-trips"
    assert project["entry-points"]["cpoms.modules"] == {"school_trips": "cpoms_school_trips:MODULE"}


def test_nothing_of_the_example_is_in_another(tmp_path: Path) -> None:
    """MOD-03: no name, address or table of the one that the handbook shows."""
    for path, text in files_for("trips").items():
        assert "notes" not in path
        for trace in ("cpoms_notes", "notes_note", "/notes/", '"notes', "notes-text", "notes:read"):
            assert trace not in text, f"{trace} in {path}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Trips", "small letters"),
        ("school-trips", "small letters"),
        ("1trip", "beginning with a letter"),
        ("t", "at least two"),
        ("trips_", "ends so"),
        ("../trips", "small letters"),
        ("x" * 31, "at most 30 characters"),
        ("core", "is taken"),
        ("admin", "is taken: the core has pages"),
        ("cases", "is taken: a module of that name is installed"),
        ("cases_more", "is taken: its tables could not be told from those of the module 'cases'"),
        ("incident", "is taken: its tables could not be told from 'incident_"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_words(tmp_path: Path, name: str, said: str) -> None:
    """MOD-03: and nothing is written."""
    done = new(name, "--folder", tmp_path)
    assert done.exit_code == 1
    assert said in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """MOD-03: nobody's work is written over; nor is a folder made where none was meant."""
    (tmp_path / "trips").mkdir()
    with pytest.raises(Refused, match="is there already"):
        write_new("trips", tmp_path)
    assert list((tmp_path / "trips").iterdir()) == []
    with pytest.raises(Refused, match="There is no folder"):
        write_new("trips", tmp_path / "nowhere")


def test_where_the_core_has_its_pages(wsgi: Any) -> None:
    """MOD-03: a module of such a name would not start; the list is what the core declares."""
    introspector = wsgi.registry.introspector
    patterns = {e["introspectable"]["name"]: e["introspectable"] for e in introspector.get_category("routes")}
    views = [entry["introspectable"] for entry in introspector.get_category("views")]
    routes = {view["route_name"] for view in views if view.get("module") == CORE and view["route_name"]}
    first = {patterns[name]["pattern"].lstrip("/").partition("/")[0] for name in routes}
    assert {one for one in first if NAME.fullmatch(one)} == OF_THE_CORE - {CORE}
