"""`docs/plugins.md` is true: the module that it builds is written out, installed as a third party's would be,
and does what the page says, by the page's own tests and by `notes_seen_from_outside.py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "plugins.md"
FILE = re.compile(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OURS = Path(__file__).with_name("notes_seen_from_outside.py")


def files_of_page() -> dict[str, str]:
    """The files that the page shows, by their paths."""
    return dict(FILE.findall(PAGE.read_text(encoding="utf-8")))


def python(*arguments: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Another process of this Python: what it imports must not stay in this one."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The tests of the example and ours, each with what was wrong with it (empty: nothing)."""
    folder = tmp_path_factory.mktemp("notes")
    source, site, report = folder / "cpoms-notes", folder / "site", folder / "report.xml"
    for path, text in files_of_page().items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text, encoding="utf-8")
    shutil.copy(OURS, source / "tests" / "test_from_outside.py")
    installing = ("-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--target", site)
    done = python(*installing, source, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    others_left_out = ("-k", "not cases and not mis_sims")
    options = ("--database", "sqlite", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}")
    done = python(
        "-m", "pytest", source.name, *options, *others_left_out, folder=folder, PYTHONPATH=str(site)
    )
    assert report.exists(), done.stdout + done.stderr
    return {
        re.sub(r"\[sqlite\]|-sqlite", "", case.attrib["name"]): "\n".join(
            part.text or part.tag for part in case if part.tag != "system-out"
        )
        for case in ElementTree.parse(report).iter("testcase")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "test_a_note_is_typed_kept_and_shown",
        "test_without_the_permission_there_is_no_page_and_no_panel",
        "test_off_means_off_and_the_note_is_kept",
        "test_editing_changes_the_note_and_an_older_version_never_comes_back",
        "test_it_is_on_the_record_in_the_menu_and_in_print",
        "test_a_note_that_is_too_long_is_refused_beside_its_field",
        "test_off_no_route_answers[notes]",
        "test_off_no_hook_is_called[notes]",
        "test_on_its_hooks_are_called_and_none_fails[notes]",
        "test_it_is_installed_and_its_table_is_made",
        "test_the_value_is_in_the_database_and_audited",
        "test_whoever_cannot_see_the_incident_reads_no_note",
        "test_the_setting_bounds_the_page",
        "test_a_module_that_is_off_still_exports",
        "test_other_schools_have_no_part_in_it",
    ],
)
def test_the_module_of_the_page_does_what_the_page_says(ran: dict[str, str], name: str) -> None:
    """MOD-02: a module is written without a change in the core."""
    assert name in ran, f"it did not run; there were {sorted(ran)}"
    assert not ran[name], ran[name]


@pytest.mark.slow
def test_nothing_else_of_it_failed(ran: dict[str, str]) -> None:
    """The rest of the contract for modules: MOD-01, MOD-04."""
    assert len(ran) > 20
    assert not {name: why for name, why in ran.items() if why}


def test_the_page_shows_every_file_that_it_names() -> None:
    files = files_of_page()
    assert len(files) == 15
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")


def test_every_block_of_code_is_a_file_that_runs() -> None:
    """A block that no test runs would soon be untrue."""
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("\n```") == 2 * len(files_of_page())


def test_what_the_page_tells_to_use_is_there() -> None:
    """Names of the core in the text, outside the blocks."""
    from cpoms_core.access import policy
    from cpoms_core.hooks import types
    from cpoms_core.hooks.relay import PluginSession

    text = FILE.sub("", PAGE.read_text(encoding="utf-8"))
    for name in set(re.findall(r"`policy\.(\w+)", text)):
        assert hasattr(policy, name), name
    for name in set(re.findall(r"`db\.(\w+)\(", text)):
        assert hasattr(PluginSession, name), name
    for name in set(re.findall(r"`(\w+Spec|NavItem|Panel|FormField|FieldError)\b", text)):
        assert hasattr(types, name), name
