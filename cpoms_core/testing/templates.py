"""Compiles every template of the core and of the modules beside it: `python -m cpoms_core.testing.templates`.
A slip in one is found before anybody opens the page."""

from __future__ import annotations

import sys
from pathlib import Path

from chameleon import PageTemplateFile
from chameleon.exc import TemplateError


def faults(folders: list[Path]) -> list[str]:
    """What is wrong with the templates below the folders, one line each."""
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*.pt")):
            try:
                PageTemplateFile(str(path)).cook_check()
            except TemplateError as error:
                found.append(f"{path}: {error}")
    return found


def main() -> int:
    root = Path(__file__).parent.parent.parent
    folders = [root / "templates", *root.glob("plugins/*/*/templates")]
    wrong = faults(folders)
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201 - a command's output
    count = sum(1 for folder in folders for _ in folder.rglob("*.pt"))
    print(f"{count} templates compile" if not wrong else f"{len(wrong)} of {count} templates do not compile")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
