"""The reference of every hook, made of `specs.py`: `python -m cpoms_core.hooks.reference` prints it, and with
`docs/hooks.md` behind it writes it into that file. A test fails where the file is out of date."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cpoms_core.hooks import specs

BEGINNING = """\
# Hooks

<!-- Made from cpoms_core/hooks/specs.py by `python -m cpoms_core.hooks.reference docs/hooks.md`. -->

A module implements a hook by a function of the same name, marked `hookimpl`, that takes any of the hook's
parameters by name. [Writing a module](plugins.md) shows how. The types of the answers are in
`cpoms_core/hooks/types.py`.
"""


def page() -> str:
    """The reference as Markdown."""
    parts = [BEGINNING, _common(), _modes(), *(_hook(name) for name in specs.MODES)]
    return "\n".join(parts)


def _words() -> str:
    return inspect.getdoc(specs) or ""


def _common() -> str:
    """What the specs say of the parameters that most hooks have."""
    found = re.search(r"^Common parameters: (.+?)(?= The mode says)", _words(), re.DOTALL | re.MULTILINE)
    assert found, "the specs do not explain their common parameters"
    text = " ".join(found[1].split())
    return f"## Parameters that most hooks have\n\n{_filled(text[0].upper() + text[1:])}\n"


def _modes() -> str:
    """When the hooks of each mode are called, and what their failure means."""
    rows = re.findall(r"^- (\w+): (.+?)(?=\n- |\Z)", _words(), re.DOTALL | re.MULTILINE)
    lines = [f"| {mode} | {' '.join(text.split())} |" for mode, text in rows]
    return "\n".join(
        [
            "## Modes",
            "",
            "| mode | when it is called, and what its failure means |",
            "| --- | --- |",
            *lines,
            "",
        ]
    )


def _hook(name: str) -> str:
    function = getattr(specs, name)
    lines = [f"## {name}", "", f"Mode: {specs.MODES[name]}.", "", "```python", *_signature(name), "```", ""]
    lines += [_filled(" ".join((inspect.getdoc(function) or "").split())), ""]
    return "\n".join(lines)


def _signature(name: str) -> Iterator[str]:
    """The hook as it is declared, one parameter a line where there are any."""
    signature = inspect.signature(getattr(specs, name))
    answer = signature.return_annotation
    if not signature.parameters:
        yield f"def {name}() -> {answer}"
        return
    yield f"def {name}("
    for parameter in signature.parameters.values():
        yield f"    {parameter.name}: {parameter.annotation},"
    yield f") -> {answer}"


def _filled(text: str, width: int = 110) -> str:
    """The text in lines of at most `width` characters."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def main(arguments: list[str]) -> int:
    """Prints the reference, or writes it to the file that is named."""
    if arguments:
        Path(arguments[0]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
