"""What is wrong with a delivery, told in plain words: the first hundred, and how many more there are."""

from __future__ import annotations

from cpoms_core.imports.records import Problem, Where
from cpoms_mis_sims.limits import MAX_PROBLEMS

SHOWN = 40  # characters of a value that a message may quote: a code or a caption, never a record


class Refused(Exception):
    """The file cannot be read on. `problem` says why, where, and what to do."""

    def __init__(self, message: str, where: Where | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, where or Where())


def quoted(text: str) -> str:
    """A short value from the file for a message, shortened and without signs that do not print."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in text[: SHOWN + 1])
    return f"“{plain[:SHOWN]}…”" if len(plain) > SHOWN else f"“{plain}”"


class Problems:
    """Collects the problems of one delivery. Errors and warnings are capped apart, so that a flood of
    warnings cannot hide the error that stopped the import."""

    def __init__(self) -> None:
        self._listed: dict[bool, list[Problem]] = {True: [], False: []}
        self._more: dict[bool, int] = {True: 0, False: 0}
        self._tallies: dict[str, tuple[int, str, Where]] = {}

    @property
    def refused(self) -> bool:
        """Whether an error was found."""
        return bool(self._listed[True])

    def error(self, message: str, where: Where | None = None) -> None:
        """Adds what stops the import."""
        self.add(Problem(message, where or Where()))

    def warn(self, message: str, where: Where | None = None) -> None:
        """Adds what an administrator should know before the import is applied."""
        self.add(Problem(message, where or Where(), error=False))

    def add(self, problem: Problem) -> None:
        """Adds a problem, or counts it once a hundred of its kind are listed."""
        if len(self._listed[problem.error]) < MAX_PROBLEMS:
            self._listed[problem.error].append(problem)
        else:
            self._more[problem.error] += 1

    def tally(self, message: str, where: Where, noun: str) -> None:
        """Counts a warning that many rows share: told once, with the first place and how many `noun`."""
        count, _, first = self._tallies.get(message, (0, noun, where))
        if count or len(self._tallies) < MAX_PROBLEMS:
            self._tallies[message] = (count + 1, noun, first)
        else:
            self._more[False] += 1

    def listed(self) -> list[Problem]:
        """All that was found: errors first, each kind closed by a line for what was only counted."""
        tallied = [
            Problem(f"{message} ({_counted(count, noun)})", where, error=False)
            for message, (count, noun, where) in self._tallies.items()
        ]
        warnings = self._listed[False] + tallied
        more = {True: self._more[True], False: self._more[False] + len(warnings[MAX_PROBLEMS:])}
        found = list(self._listed[True])
        if more[True]:
            found.append(Problem(f"There are {more[True]} more errors like these."))
        found += warnings[:MAX_PROBLEMS]
        if more[False]:
            found.append(Problem(f"There are {more[False]} more warnings like these.", error=False))
        return found


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return "1 person" if noun == "people" else f"1 {noun.removesuffix('s')}"
    return f"{count} {noun}; the place is that of the first."
