"""The reference of every hook, made of `specs.py` and of the examples in `cpoms_core.testing.examples`:
`python -m cpoms_core.hooks.reference docs/hooks.md` writes that page and, beside it, a page for each hook in
`docs/hooks/`. A test fails where one of them is out of date."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cpoms_core.hooks import specs
from cpoms_core.testing import examples

MADE = "<!-- Made from cpoms_core/hooks/specs.py by `python -m cpoms_core.hooks.reference docs/hooks.md`. -->"
BEGINNING = f"""\
# Hooks

{MADE}

A module implements a hook by a function of the same name, marked `hookimpl`, that takes any of the hook's
parameters by name. [Writing a module](plugins.md) shows how. Each hook has a page with an example, which the
tests run. The types of the answers are in `cpoms_core/hooks/types.py`.
"""
WITHOUT_EXAMPLE = "There is no example of it yet."


def pages() -> dict[str, str]:
    """Every page as Markdown, by its path beside `hooks.md`."""
    found = {f"hooks/{name}.md": page_of(name) for name in specs.MODES}
    return {"hooks.md": page(), **found}


def page() -> str:
    """The page that lists the hooks."""
    parts = [BEGINNING, _common(), _modes(), *(_table(mode) for mode in dict.fromkeys(specs.MODES.values()))]
    contents = "\n".join(f"hooks/{name}" for name in specs.MODES)
    return "\n".join([*parts, f"```{{toctree}}\n:hidden:\n\n{contents}\n```\n"])


def page_of(name: str) -> str:
    """The page of one hook."""
    lines = [
        f"# {name}",
        "",
        MADE,
        "",
        f"Mode: {specs.MODES[name]}.",
        "",
        "```python",
        *_signature(name),
        "```",
    ]
    lines += ["", _filled(_text(name)), "", *_answer(name), "## Example", ""]
    if name in examples.names():
        lines += ["```python", examples.source(name).rstrip(), "```", ""]
    else:
        lines += [WITHOUT_EXAMPLE, ""]
    return "\n".join([*lines, "All hooks, and what their modes mean: [Hooks](../hooks.md)."]) + "\n"


def write(index: Path) -> None:
    """Writes every page: `index` is where `hooks.md` goes. Pages of hooks that are gone go, too."""
    folder = index.with_suffix("")
    folder.mkdir(exist_ok=True)
    for path, text in pages().items():
        here = index if path == "hooks.md" else folder / Path(path).name
        here.write_text(text, encoding="utf-8")
    for left in folder.glob("*.md"):
        if left.stem not in specs.MODES:
            left.unlink()


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


def _text(name: str) -> str:
    return " ".join((inspect.getdoc(getattr(specs, name)) or "").split())


def _table(mode: str) -> str:
    """The hooks of a mode, each with the first sentence that is said of it."""
    rows = [
        f"| [{name}](hooks/{name}.md) | {re.split(r'(?<=[.:]) ', _text(name))[0].rstrip(':')} |"
        for name in specs.MODES
        if specs.MODES[name] == mode
    ]
    return "\n".join(
        [f"## Hooks of the mode {mode}", "", "| hook | what it is for |", "| --- | --- |", *rows, ""]
    )


def _answer(name: str) -> Iterator[str]:
    """What its answer is made of, where that is a type of ours."""
    kind = specs.PARTS.get(name)
    if kind is None:
        return
    yield from (f"## {kind.__name__}", "")
    for paragraph in (inspect.getdoc(kind) or "").split("\n\n"):
        yield from (_filled(" ".join(paragraph.split())), "")
    yield from ("| field | type |", "| --- | --- |")
    for one in dataclasses.fields(kind):
        there = one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
        kind_of = str(one.type).replace("|", "\\|")
        yield f"| {one.name} | `{kind_of}`{'' if there else ', may be left out'} |"
    yield ""


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
    """Prints the list of hooks, or writes all pages, the list to the file that is named."""
    if arguments:
        write(Path(arguments[0]))
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
