"""Makes the demonstration's deployment once: beside its place, and moved there when it is complete, so that
one that was interrupted is never taken for a whole one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from cpoms_core.application import Application
from cpoms_core.demo.schools import SCHOOLS, NoDemo, Tell, make_school
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed

FACTS = "demo.json"
CONFIGURATION = """\
# The demonstration, made by `cpoms demo`. Remove the folder below and this file to begin anew.
folder = {folder}
demo = true
mail = "mailbox:"
public_port = {port}
"""


def make_demo(config: Path, folder: Path, port: int, tell: Tell) -> None:
    """Makes the demonstration in `folder`, and its configuration at `config` last.

    tell: called with the name of each step as it begins. Raises NoDemo.
    """
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    if folder.exists():
        raise NoDemo(f"{folder} holds something else than a demonstration. Remove it, or choose another.")
    making.mkdir(parents=True, mode=0o700)
    deployment = Deployment(making.resolve(), public_port=port, demo=True)
    modules = installed()
    tell("Database")
    migrate(deployment.owner_url, modules)
    app = Application(deployment, modules=modules)
    try:
        schools = [make_school(app, planned, making, tell) for planned in SCHOOLS]
    finally:
        app.engines.dispose()
    _write_private(making / FACTS, {"schools": schools})
    making.rename(folder)
    write_configuration(config, folder, port)


def is_made(folder: Path) -> bool:
    """Whether a complete demonstration is in the folder."""
    return (folder / FACTS).is_file()


def read_facts(folder: Path) -> dict[str, Any]:
    """What `demo.json` says: the schools with their addresses and log-ins."""
    facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    return facts


def bring_up_to_date(config: Path, folder: Path, deployment: Deployment, port: int | None) -> None:
    """Migrates a demonstration that was made before, and moves it to another port where one is asked for."""
    migrate(deployment.owner_url, installed())
    if port is not None and port != deployment.public_port:
        write_configuration(config, folder, port)
        facts = read_facts(folder)
        for school in facts["schools"]:
            school["address"] = Deployment(folder, public_port=port).school_address(school["slug"])
        _write_private(folder / FACTS, facts)


def write_configuration(config: Path, folder: Path, port: int) -> None:
    """Writes the deployment's TOML file, whole or not at all; the folder relative to it."""
    config.parent.mkdir(parents=True, exist_ok=True)
    relative = os.path.relpath(folder.resolve(), config.parent.resolve())
    text = CONFIGURATION.format(folder=json.dumps(relative, ensure_ascii=False), port=port)
    temporary = config.with_suffix(".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(config)


def _write_private(path: Path, facts: dict[str, Any]) -> None:
    """Writes what only this user may read: it holds passwords."""
    temporary = path.with_suffix(".part")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False, indent=1)
    temporary.replace(path)
