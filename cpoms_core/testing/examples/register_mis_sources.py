"""A management information system. `plugins/mis_sims` reads a real one."""

from typing import BinaryIO

from cpoms_core.hooks import hookimpl
from cpoms_core.imports.records import Extract, MisSource, StudentRecord


@hookimpl
def register_mis_sources() -> list[MisSource]:
    return [Lines()]


class Lines:
    """A line for each student: an id, a forename, a surname."""

    name, title = "lines", "Lines"
    accepts: tuple[str, ...] = (".lines",)
    max_bytes = 1_000_000

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        """What is not understood is left out here; say it with `Problem`, by its line."""
        rows = [line.split() for line in file.read(self.max_bytes).decode("utf-8", "replace").splitlines()]
        named = [row for row in rows if len(row) == 3]
        students = tuple(
            StudentRecord(mis_id=mis_id, legal_forename=forename, legal_surname=surname)
            for mis_id, forename, surname in named
        )
        return Extract(students=students, student_fields=frozenset({"legal_forename", "legal_surname"}))
