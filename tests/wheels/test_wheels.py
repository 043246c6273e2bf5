"""MOD-02 and the packaging: the core and every plugin are built as wheels, installed into a clean environment
beside the other packages, and open pages there. An editable install, as `make run` makes it, does too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(file.parent for file in (ROOT / "plugins").glob("*/pyproject.toml"))
OPENS_PAGES = Path(__file__).with_name("opens_pages.py")
SEEN_FROM_OUTSIDE = Path(__file__).with_name("notes_seen_from_outside.py")
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "var", "build", "dist", "*.egg-info", "__pycache__", ".*_cache",
)  # fmt: skip

pytestmark = pytest.mark.slow


def _run(*command: str | Path, cwd: Path) -> str:
    """Runs a command away from the checkout and without its environment."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PIP_", "VIRTUAL"))
    }
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    )
    return done.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, with its symbolic link, in which building leaves its traces."""
    copy = tmp_path_factory.mktemp("tree") / "checkout"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=LEFT_OUT)
    return copy


@pytest.fixture(scope="module")
def wheels(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The built wheels by the name of their distribution."""
    folder = tmp_path_factory.mktemp("wheels")
    for source in (tree, *(tree / plugin.relative_to(ROOT) for plugin in PLUGINS)):
        _run(
            sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source, cwd=folder
        )
    return {file.name.partition("-")[0]: file for file in folder.glob("*.whl")}


def _environment(folder: Path) -> Path:
    """A virtual environment with every package of this one but ours; returns its Python."""
    _run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    others = folder / "others"
    others.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "cpoms" not in entry.name and not entry.name.startswith("__editable__") and entry.suffix != ".pth":
            (others / entry.name).symlink_to(entry)
    python = folder / "bin" / "python"
    site = _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    (Path(site) / "others.pth").write_text(f"{others}\n")
    missing = subprocess.run(
        [python, "-c", "import cpoms_core"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "No module named 'cpoms_core'" in missing.stderr, "the environment is not clean"
    return python


def _install(python: Path, *what: str | Path) -> None:
    _run(
        sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps",
        "--no-build-isolation", *what, cwd=python.parents[1],
    )  # fmt: skip


def test_the_wheels_open_pages_in_a_clean_environment(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = _environment(tmp_path / "environment")
    _install(python, *wheels.values())
    said = _run(python, OPENS_PAGES, tmp_path / "environment", *_names(), cwd=tmp_path)
    assert said.splitlines()[-1] == "all pages open"


def test_the_core_alone_opens_pages(wheels: dict[str, Path], tmp_path: Path) -> None:
    python = _environment(tmp_path / "environment")
    _install(python, wheels["cpoms_core"])
    said = _run(python, OPENS_PAGES, tmp_path / "environment", cwd=tmp_path)
    assert said.splitlines()[-1] == "all pages open"


def test_an_editable_install_opens_pages(tree: Path, tmp_path: Path) -> None:
    python = _environment(tmp_path / "environment")
    plugins = [tree / plugin.relative_to(ROOT) for plugin in PLUGINS]
    _install(python, *(part for source in (tree, *plugins) for part in ("-e", source)))
    said = _run(python, OPENS_PAGES, tree, *_names(), cwd=tmp_path)
    assert said.splitlines()[-1] == "all pages open"


def test_a_new_module_passes_everything_outside_the_repository(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    """MOD-02, MOD-03: `cpoms plugin new notes`, as a third party would: built, installed with pip beside the
    core's wheel, and tested there by its own tests, the contract, and ours; with no change in the core. Then
    it is uninstalled, and the core opens its pages as before."""
    python, outside = _with_new_module("notes", wheels, tmp_path)
    shutil.copy(SEEN_FROM_OUTSIDE, outside / "notes" / "tests" / "test_from_outside.py")
    ran = _tests_run(python, outside, "notes")
    missing = {name for name in MUST_RUN if not any(one.startswith(name) for one in ran)}
    assert not missing, sorted(ran)

    _run(sys.executable, "-m", "pip", "--python", python, "uninstall", "--yes", "cpoms-notes", cwd=outside)
    said = _run(python, OPENS_PAGES, tmp_path / "environment", cwd=tmp_path)
    assert said.splitlines()[-1] == "all pages open"


def test_a_new_module_passes_under_a_name_of_two_words(wheels: dict[str, Path], tmp_path: Path) -> None:
    """MOD-03: with `_` in its name, which its package on PyPI, its title and its table have in other ways."""
    python, outside = _with_new_module("house_points", wheels, tmp_path)
    ran = _tests_run(python, outside, "house_points")
    assert "test_off_no_route_answers[house_points-sqlite]" in ran
    assert any(one.startswith("test_the_page_is_good_to_look_at") for one in ran)


def _with_new_module(name: str, wheels: dict[str, Path], folder: Path) -> tuple[Path, Path]:
    """An environment with the core and a module that was written by the command; its Python, and the folder
    with the module's."""
    python = _environment(folder / "environment")
    _install(python, wheels["cpoms_core"])
    outside = folder / "outside"
    outside.mkdir()
    _run(python.with_name("cpoms"), "plugin", "new", name, cwd=outside)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", outside, name, cwd=outside)
    _install(python, *outside.glob(f"cpoms_{name}-*.whl"))
    return python, outside


def _tests_run(python: Path, outside: Path, name: str) -> set[str]:
    """The names of the module's tests that ran and passed; it fails where one does."""
    report = outside / "report.xml"
    options = ("--database", "sqlite", "-q", "-p", "no:cacheprovider", "-o", f"cpoms_axe={AXE}")
    _run(python, "-m", "pytest", f"{name}/tests", *options, f"--junit-xml={report}", cwd=outside)
    return {case.attrib["name"] for case in ElementTree.parse(report).iter("testcase") if not len(case)}


MUST_RUN = (
    "test_a_note_is_typed_kept_and_shown",
    "test_its_words_are_counted_by_the_worker",
    "test_without_the_permission_there_is_no_page_and_no_panel",
    "test_off_means_off_and_the_note_is_kept",
    "test_editing_changes_the_note_and_an_older_version_never_comes_back",
    "test_it_is_on_the_record_in_the_menu_and_in_print",
    "test_a_note_that_is_too_long_is_refused_beside_its_field",
    "test_the_page_is_good_to_look_at",
    "test_off_no_route_answers[",
    "test_off_no_hook_is_called[",
    "test_on_its_hooks_are_called_and_none_fails[",
    "test_it_is_installed_and_its_table_is_made",
    "test_the_value_is_in_the_database_and_audited",
    "test_whoever_cannot_see_the_incident_reads_no_note",
    "test_the_setting_bounds_the_page",
    "test_a_module_that_is_off_still_exports",
    "test_other_schools_have_no_part_in_it",
)
"""Tests of the new module, of the contract and of ours: a run in which one is left out shows nothing."""


def test_there_is_a_wheel_of_the_core_and_of_every_plugin(wheels: dict[str, Path]) -> None:
    assert sorted(wheels) == sorted(["cpoms_core", *(f"cpoms_{name}" for name in _names())])
    assert "mis_sims" in _names()


def test_every_file_that_is_no_code_is_in_the_cores_wheel(wheels: dict[str, Path]) -> None:
    """Templates come through a symbolic link, which a wheel does not have; vendor files are not in git."""
    packed = set(zipfile.ZipFile(wheels["cpoms_core"]).namelist())
    for pattern in (
        "templates/*.pt",
        "templates/*/*.pt",
        "static/**/*",
        "migrations/**/*.py",
        "data/*",
        "testing/probe/**/*",
        "testing/examples/templates/*",
        "kit/template/**/*",
    ):
        found = {
            f"cpoms_core/{file.relative_to(ROOT / 'cpoms_core').as_posix()}"
            for file in (ROOT / "cpoms_core").glob(pattern)
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
        }
        assert found, pattern
        assert found <= packed, sorted(found - packed)
    assert any(name.startswith("cpoms_core/static/vendor/") for name in packed)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_every_file_of_a_plugin_is_in_its_wheel(wheels: dict[str, Path], plugin: Path) -> None:
    package = plugin / f"cpoms_{plugin.name}"
    packed = set(zipfile.ZipFile(wheels[package.name]).namelist())
    found = {
        file.relative_to(plugin).as_posix()
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert found <= packed, sorted(found - packed)
    assert not any(name.startswith("tests/") for name in packed)


def _names() -> list[str]:
    return [plugin.name for plugin in PLUGINS]
