"""The kit for plugin authors (MOD-03): `cpoms plugin new NAME` writes a complete small module, which the
handbook explains file by file. Both come from `template/`, whose files end in `.txt` because they are no code
until a name is put in."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from cpoms_core.database.base import Base
from cpoms_core.errors import Refused
from cpoms_core.modules.registry import NAME, installed

TEMPLATE = Path(__file__).with_name("template")
LONGEST = 30  # characters: a line with the name in it stays a line
OF_THE_CORE = frozenset(
    {
        "account", "actions", "admin", "authenticator", "confirm", "contacts", "core", "documents", "drafts",
        "elevate", "forgotten", "go", "health", "help", "incidents", "login", "logo", "logout", "mailbox",
        "openid", "password", "prepared", "session", "sso", "static", "students",
    }
)  # fmt: skip
"""Where the core's own pages begin. A test compares."""


def files_for(name: str) -> dict[str, str]:
    """The files of a new module, by their paths in its folder."""
    words = {
        "@name@": name,
        "@title@": name.replace("_", " ").capitalize(),
        "@distribution@": f"cpoms-{name.replace('_', '-')}",
    }

    def filled(text: str) -> str:
        for mark, word in words.items():
            text = text.replace(mark, word)
        return text

    paths = sorted(path for path in TEMPLATE.rglob("*.txt") if path.is_file())
    return {
        filled(path.relative_to(TEMPLATE).as_posix().removesuffix(".txt")): filled(
            path.read_text(encoding="utf-8")
        )
        for path in paths
    }


def objection(name: str) -> str:
    """Why a new module may not have this name, or nothing."""
    if not NAME.fullmatch(name):
        return (
            f"{name!r} cannot be the name of a module. Use small letters, digits and _, beginning with a "
            "letter, at least two of them."
        )
    if name.endswith("_"):
        return f"{name!r} cannot be the name of a module: pip installs no package whose name ends so."
    if len(name) > LONGEST:
        return f"Use at most {LONGEST} characters for the name."
    taken_by = _taken_by(name)
    return f"{name!r} is taken: {taken_by}. Choose another name." if taken_by else ""


def _taken_by(name: str) -> str:
    """What has the name, or something that could not be told from it."""
    modules = installed().values()
    if any(module.name == name for module in modules):
        return "a module of that name is installed"
    if name in OF_THE_CORE:
        return "the core has pages of that name"
    if importlib.util.find_spec(f"cpoms_{name}"):
        return f"there is a package cpoms_{name}"
    near = [one for one in modules if one.tables and f"{name}_".startswith(one.tables)]
    if near:
        return f"its tables could not be told from those of the module {near[0].name!r}"
    tables = [table for table in Base.metadata.tables if table.startswith(f"{name}_")]
    return f"its tables could not be told from {tables[0]!r}" if tables else ""


def write_new(name: str, folder: Path) -> Path:
    """Writes a new module into a folder of its name, in `folder`. Returns it. Raises Refused: nothing is
    written then."""
    why_not = objection(name)
    if why_not:
        raise Refused(why_not, field="name")
    made = folder / name
    if not folder.is_dir():
        raise Refused(f"There is no folder {folder}. Make it first.", field="folder")
    if made.exists():
        raise Refused(f"{made} is there already. Nothing was written.", field="folder")
    for path, text in files_for(name).items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_text(text, encoding="utf-8")
    return made
