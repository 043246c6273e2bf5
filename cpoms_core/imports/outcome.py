"""What a delivery comes to: it waits to be applied, or it is refused with what is wrong and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cpoms_core.imports.changes import Changes
from cpoms_core.imports.records import Problem

MOST_KEPT = 300  # problems
NAMED = 1_000  # students to be archived whose ids are kept for the preview


@dataclass(slots=True)
class Outcome:
    """The part of an import run that comes of looking at its file; plain JSON values."""

    state: str
    counts: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        return self.state == "previewed"

    @property
    def first_error(self) -> str:
        return next((problem["message"] for problem in self.problems if problem["error"]), "")


def judge(problems: Sequence[Problem], changes: Changes | None, guard: int) -> Outcome:
    """The outcome of a comparison (None: the file could not be read). `guard`: the largest share of the
    school's current students, in per cent, that an import may archive (MIS-03); nobody can go past it
    without changing the setting."""
    if changes is None:
        return Outcome("refused", problems=plain_problems(problems))
    counts: dict[str, Any] = {
        **changes.counts(),
        "version": changes.version,
        "archived": [str(id) for id in changes.students.archived[:NAMED]],
    }
    extra = []
    if changes.marks.strangers:
        extra.append(
            Problem(
                f"{changes.marks.strangers:,} marks are of students whom the school does not have. They are"
                " left out.",
                error=False,
            )
        )
    if changes.archives_too_many(guard):
        extra.insert(0, _too_many(changes, guard))
        return Outcome("refused", counts, plain_problems([*extra, *problems]))
    return Outcome("previewed", counts, plain_problems([*extra, *problems]))


def _too_many(changes: Changes, guard: int) -> Problem:
    gone = len(changes.students.archived)
    return Problem(
        f"This import would archive {gone:,} of the school's {changes.current:,} students"
        f" ({gone * 100 / changes.current:.0f} %), because they are not in the file. The import guard stops"
        f" imports that archive more than {guard} %. Check that the extract holds every student. If they have"
        " really left, raise the import guard in the settings and upload the file again."
    )


def plain_problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems as a run keeps them."""
    kept = [
        {
            "message": problem.message, "error": problem.error, "line": problem.where.line,
            "element": problem.where.element, "file": problem.where.file,
        }
        for problem in problems[:MOST_KEPT]
    ]  # fmt: skip
    more = len(problems) - len(kept)
    if more:
        kept.append({"message": f"There are {more} more.", "error": False})
    return kept
