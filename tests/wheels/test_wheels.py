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

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(file.parent for file in (ROOT / "plugins").glob("*/pyproject.toml"))
OPENS_PAGES = Path(__file__).with_name("opens_pages.py")
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
