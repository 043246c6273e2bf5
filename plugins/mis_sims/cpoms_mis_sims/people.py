"""Brings the rows of one person together.

Command Reporter repeats a person once for each combination of contact, telephone, need and so on. Rows are
grouped by the person's id; every column that should say the same in each row is checked to do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from cpoms_core.imports.records import Where
from cpoms_mis_sims import values
from cpoms_mis_sims.kinds import IDS, Recognised
from cpoms_mis_sims.limits import MAX_PEOPLE, MAX_SEVERAL
from cpoms_mis_sims.problems import Problems, Refused, quoted
from cpoms_mis_sims.reports import Row

Value = TypeVar("Value")

TOO_LONG = (
    "The value is longer than {limit} characters. Shorten it in SIMS, or check that it is in this column."
)
GARBLED = (
    "Letters with accents are garbled, so the file's encoding is not the one that it declares. Upload the"
    " file as SIMS writes it, without opening and saving it in another program."
)
NO_ID = "The row has no id, so it cannot be told whose it is. Check that id in SIMS and run the report again."
DIFFERENT = (
    "The rows of one person have different values under “{caption}”; the first was taken. Narrow the report"
    " so that it gives the current one only."
)
CROWDED = f"The delivery has more than {MAX_PEOPLE:,} people. Narrow the reports to this school's."
MANY = f"One person has more than {MAX_SEVERAL} different values here. Check the report."


@dataclass(slots=True)
class Cells:
    """One row of a report, by field. Text is cleaned; what is too long or garbled is an error."""

    recognised: Recognised
    problems: Problems
    row: Row

    def one(self, name: str) -> str:
        """The text under the field's column; nothing if the report has none."""
        places = self.recognised.binding.places.get(name)
        return self._text(name, places[0]) if places else ""

    def many(self, name: str) -> list[tuple[str, Where]]:
        """The texts under all the field's columns that are not empty, each with its place."""
        found = []
        for place in self.recognised.binding.places.get(name, ()):
            if text := self._text(name, place):
                found.append((text, self._where(place)))
        return found

    def where(self, name: str) -> Where:
        """The place of a field's cell, or of the row if the report has no column for it."""
        places = self.recognised.binding.places.get(name)
        return self._where(places[0]) if places else self.recognised.report.where(self.row.line)

    def _where(self, place: int) -> Where:
        return self.recognised.report.where(self.row.line_of(place), self.recognised.binding.wanted[place])

    def _text(self, name: str, place: int) -> str:
        raw = self.row.cells[place]
        if not raw:
            return ""
        limit = self.recognised.binding.longest[name]
        text = values.clean(raw)
        if len(text) > limit:
            self.problems.error(TOO_LONG.format(limit=limit), self._where(place))
        elif values.garbled(raw):
            self.problems.error(GARBLED, self._where(place))
        return text


@dataclass(slots=True)
class Person:
    """What all rows of one id say: `single` has one text and its place for each field, `several` has each
    distinct text once, in the order of the file."""

    id: str
    where: Where
    single: dict[str, tuple[str, Where]] = field(default_factory=dict)
    several: dict[str, dict[str, Where]] = field(default_factory=dict)
    parts: dict[str, Person] = field(default_factory=dict)  # a student's contacts, by id
    differing: set[str] = field(default_factory=set)

    def text(self, name: str) -> str:
        """The text of a field; nothing if no row has one."""
        return self.single[name][0] if name in self.single else ""

    def place(self, name: str) -> Where:
        """The place of a field's text, or of the person."""
        return self.single[name][1] if name in self.single else self.where

    def texts(self, name: str) -> dict[str, Where]:
        """The distinct texts of a field with several, each with its place."""
        return self.several.get(name, {})

    def value(self, name: str, parse: Callable[[str], Value], problems: Problems) -> Value | None:
        """The field's value; an error at its place if it cannot be one."""
        try:
            return parse(self.text(name))
        except ValueError as error:
            problems.error(f"{quoted(self.text(name))} {error}.", self.place(name))
            return None

    def value_or_none(self, name: str, parse: Callable[[str], Value], problems: Problems) -> Value | None:
        """The field's value; a warning, counted, and nothing if it cannot be one."""
        try:
            return parse(self.text(name))
        except ValueError as error:
            place = self.place(name)
            message = f"Under “{place.element}”, {quoted(self.text(name))} {error}; it was left empty."
            problems.tally(message, place, "people")
            return None


class Register:
    """The people of one delivery by id, bounded in number."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.people = 0

    def enter(self, known: dict[str, Person], id: str, where: Where) -> Person:
        """The person of that id, new if need be."""
        person = known.get(id)
        if person is None:
            self.people += 1
            if self.people > MAX_PEOPLE:
                raise Refused(CROWDED, where)
            person = known[id] = Person(id, where)
        return person

    def identified(self, recognised: Recognised) -> Iterator[tuple[str, Cells]]:
        """The rows of a report with the id of the person they are of; an error for a row without one."""
        name = IDS[recognised.kind]
        for row in recognised.report.rows(recognised.binding.wanted):
            cells = Cells(recognised, self.problems, row)
            if id := values.identifier(cells.one(name)):
                yield id, cells
            elif any(cell.strip() for cell in row.cells):
                self.problems.error(
                    NO_ID, recognised.report.where(row.line, recognised.binding.caption(name))
                )

    def merge(self, person: Person, cells: Cells, singles: Mapping[str, bool]) -> str:
        """Adds a row's single values to a person. singles: field -> whether a second value means that two
        people share the id. Returns the first field that shows another person, or nothing."""
        other = ""
        for name, identifying in singles.items():
            text = cells.one(name)
            if not text:
                continue
            known = person.single.setdefault(name, (text, cells.where(name)))[0]
            if known.casefold() == text.casefold():
                continue
            if identifying:
                other = other or name
            elif name not in person.differing:
                person.differing.add(name)
                caption = cells.where(name).element
                self.problems.tally(DIFFERENT.format(caption=caption), cells.where(name), "people")
        return other

    def merge_several(self, person: Person, cells: Cells, names: tuple[str, ...]) -> None:
        """Adds a row's texts of fields that may have several values."""
        for name in names:
            for text, where in cells.many(name):
                texts = person.several.setdefault(name, {})
                texts.setdefault(text, where)
                if len(texts) > MAX_SEVERAL:
                    raise Refused(MANY, where)

    def merge_address(self, person: Person, cells: Cells, name: str) -> None:
        """Takes the address of the first row that has one: the parts of two addresses must not mix."""
        if name not in person.single and (parts := cells.many(name)):
            person.single[name] = values.address([text for text, _ in parts]), parts[0][1]
