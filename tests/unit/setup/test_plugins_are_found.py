"""A module is a folder in plugins/, and nothing outside it lists the modules (MOD-01, MOD-02)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLUGINS = [path.name for path in sorted(ROOT.glob("plugins/*")) if (path / "pyproject.toml").exists()]


def run(*arguments: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with our settings, empty packages in the place of ours, and a fifth beside the plugins."""
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / "bin" / "lint-config", tmp_path / "bin")
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # the contracts about modules; the others are about folders of the core
    text = text[: text.index('[[tool.importlinter.contracts]]\nname = "Pages')]
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    for path in ("cpoms_core", *(f"plugins/{name}/cpoms_{name}" for name in ("one", "two", "fifth"))):
        package = tmp_path / path
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f'"""{package.name}."""\n', encoding="utf-8")
    return tmp_path


def imports_kept(checkout: Path) -> subprocess.CompletedProcess[str]:
    done = run("bin/lint-config", folder=checkout)
    assert done.returncode == 0, done.stderr
    folders = [checkout, *checkout.glob("plugins/*")]
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    options = ("--config", "var/lint/pyproject.toml", "--no-cache")
    return run("-c", code, *options, folder=checkout, PYTHONPATH=os.pathsep.join(map(str, folders)))


def test_a_fifth_module_is_checked_without_being_named(checkout: Path) -> None:
    """MOD-02: types and imports of a new folder are checked; nothing outside it was edited."""
    done = imports_kept(checkout)
    assert done.returncode == 0, done.stdout
    written = tomllib.loads((checkout / "var" / "lint" / "pyproject.toml").read_text())["tool"]
    assert written["mypy"]["packages"] == ["cpoms_core", "cpoms_fifth", "cpoms_one", "cpoms_two"]
    assert "plugins/fifth" in written["mypy"]["mypy_path"]
    assert written["importlinter"]["root_packages"] == written["mypy"]["packages"]


@pytest.mark.parametrize(
    ("of", "imports", "contract"),
    [
        ("plugins/fifth/cpoms_fifth", "cpoms_one", "No module knows another"),
        ("plugins/one/cpoms_one", "cpoms_fifth", "No module knows another"),
        ("cpoms_core", "cpoms_fifth", "The core knows no module"),
    ],
)
def test_a_module_that_knows_another_is_noticed(checkout: Path, of: str, imports: str, contract: str) -> None:
    """MOD-02: no module imports another, and the core none, whichever they are."""
    (checkout / of / "__init__.py").write_text(f"import {imports}\n", encoding="utf-8")
    done = imports_kept(checkout)
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout


def test_every_plugin_of_this_checkout_is_installed_and_checked() -> None:
    """MOD-02: `bin/setup` installs each folder; import-linter and mypy read each."""
    from cpoms_core.modules.registry import installed

    done = run("bin/lint-config", folder=ROOT)
    assert done.returncode == 0, done.stderr
    written = tomllib.loads((ROOT / "var" / "lint" / "pyproject.toml").read_text())["tool"]
    with_code = {name for name in PLUGINS if (ROOT / f"plugins/{name}/cpoms_{name}/__init__.py").exists()}
    assert {f"cpoms_{name}" for name in with_code} <= set(written["mypy"]["packages"])
    assert with_code <= set(installed())


def test_no_tool_names_a_module() -> None:
    """MOD-01, MOD-02: what sets up, checks, locks and tests finds modules by their folders."""
    files = [ROOT / name for name in ("Makefile", "pyproject.toml", "conftest.py", ".ci/run")]
    files += [path for path in (ROOT / "bin").iterdir() if path.is_file()]
    named = [
        (path.name, plugin)
        for path in files
        for plugin in PLUGINS
        for written in (f"cpoms_{plugin}", f"cpoms-{plugin}", f"plugins/{plugin}")
        if written in path.read_text(encoding="utf-8")
    ]
    assert len(PLUGINS) > 1
    assert named == []
