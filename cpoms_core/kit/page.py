"""The handbook's page about writing a module shows the files that `cpoms plugin new notes` writes:
`python -m cpoms_core.kit.page docs/plugins.md` puts them in as they are now. A test fails where they
differ."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from cpoms_core.kit import files_for

NAME = "notes"
FILE = re.compile(r"(?<=^\*\*`)([^`\n]+)(`\*\*\n\n```\w+\n)(.*?)(?=^```$)", re.DOTALL | re.MULTILINE)
"""A file of the page: its path, what stands between, and its text."""


def shown(text: str) -> dict[str, str]:
    """The files that a page shows, by their paths."""
    return {path: content for path, _between, content in FILE.findall(text)}


def renewed(text: str) -> str:
    """The page with each file as the kit writes it. Raises KeyError for one that the kit does not write."""
    files = files_for(NAME)
    return FILE.sub(lambda found: f"{found[1]}{found[2]}{files[found[1]]}", text)


def main(arguments: list[str]) -> int:
    """Renews the page that is named."""
    page = Path(arguments[0])
    page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
