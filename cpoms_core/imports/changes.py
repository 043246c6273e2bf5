"""What an import would change: rows to write, by table, and how many of each kind (MIS-03)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, TypeVar

Row = dict[str, Any]
T = TypeVar("T")
CHUNK = 500  # ids in one condition: SQLite takes no more than 32,766 values, and plans stay simple


@dataclass(slots=True)
class Counts:
    """How many of one kind; `archived` are students and staff who left, contacts that ended."""

    added: int = 0
    changed: int = 0
    archived: int = 0
    restored: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Rows:
    """Rows of one table: new ones, and changes of existing ones by their key, all with the same columns."""

    new: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class PeopleChanges(Rows):
    """Changes of students or staff. `ids`: every id of the source, new ones too, by the MIS's id.

    rehashed: rows of which only the hash is new (the delivery spoke about other fields than the last).
    doubtful: MIS ids of those whose record differs from the last applied, and who were there before.
    """

    ids: dict[str, uuid.UUID] = field(default_factory=dict)
    rehashed: list[Row] = field(default_factory=list)
    archived: list[uuid.UUID] = field(default_factory=list)
    restored: list[uuid.UUID] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)
    counts: Counts = field(default_factory=Counts)


@dataclass(slots=True)
class ContactChanges(Rows):
    """Changes of contacts."""

    counts: Counts = field(default_factory=Counts)


@dataclass(slots=True)
class GroupChanges:
    """New tutor and year groups; who joins and who leaves a group, as (group, student)."""

    groups: list[Row] = field(default_factory=list)
    joined: list[Row] = field(default_factory=list)
    left: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=dict)  # group -> students


@dataclass(slots=True)
class LinkChanges:
    """Siblings, each link in both directions."""

    new: list[Row] = field(default_factory=list)
    gone: dict[uuid.UUID, list[uuid.UUID]] = field(default_factory=dict)  # student -> siblings


@dataclass(slots=True)
class MarkChanges(Rows):
    """Changes of attendance marks; `strangers` are marks of students whom the school does not have."""

    counts: Counts = field(default_factory=Counts)
    strangers: int = 0


@dataclass(slots=True)
class Changes:
    """All that one delivery would change. `version`: how many imports the school had when it was compared;
    `current`: students of the school now, from whom the guard takes its share."""

    version: int
    current: int
    students: PeopleChanges = field(default_factory=PeopleChanges)
    contacts: ContactChanges = field(default_factory=ContactChanges)
    staff: PeopleChanges = field(default_factory=PeopleChanges)
    groups: GroupChanges = field(default_factory=GroupChanges)
    links: LinkChanges = field(default_factory=LinkChanges)
    marks: MarkChanges = field(default_factory=MarkChanges)

    def counts(self) -> dict[str, dict[str, int]]:
        """The counts by kind, as the run keeps them and the preview shows them."""
        parts = {
            "students": self.students.counts,
            "staff": self.staff.counts,
            "contacts": self.contacts.counts,
            "marks": self.marks.counts,
        }
        return {name: asdict(counts) for name, counts in parts.items()}

    def archives_too_many(self, percent: int) -> bool:
        """MIS-03: whether more than `percent` of the school's current students would be archived."""
        return len(self.students.archived) * 100 > percent * self.current


def chunks(values: list[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
