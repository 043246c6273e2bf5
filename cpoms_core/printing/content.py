"""What stands in a print, as the HTML parts that go to the press."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from chameleon import PageTemplateFile

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import PrintPart
from cpoms_core.incidents.on_page import ActionShown, IncidentShown
from cpoms_core.incidents.shown import size_in_words
from cpoms_core.printing.queries import Length
from cpoms_core.printing.typeset import paragraphs

TEMPLATES = Path(__file__).parent.parent / "templates" / "printing"
MOST_INCIDENTS = 50
MOST_CHARACTERS = 60_000
"""Of one part: about forty pages, some two seconds and a hundred megabytes."""
CONFIDENTIAL = "Confidential"


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every page. `logo`: the school's as a `data:` address, or none."""

    school: str
    accent: str
    what: str
    logo: str | None = None
    mark: str = CONFIDENTIAL


@dataclass(frozen=True, slots=True)
class FactPrinted:
    """One line of a section; `wide`: each value on a line of its own."""

    label: str
    values: Sequence[str]
    known: bool = True
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of what is said of a student."""

    title: str
    facts: Sequence[FactPrinted] = ()
    rows: Sequence[str] = ()
    picture: str = ""  # a `data:` address


@dataclass(frozen=True, slots=True)
class Opening:
    """What a print begins with."""

    title: str
    under: Sequence[str] = ()
    sections: Sequence[Section] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """An incident with what the modules print of it."""

    incident: IncidentShown
    prints: Sequence[PrintPart] = ()
    under: Mapping[uuid.UUID, Sequence[PrintPart]] = field(default_factory=dict)  # actions merged into it


@dataclass(slots=True)
class Piece:
    """An incident, or as much of a very long one as goes into a part."""

    incident: IncidentShown
    heads: bool
    actions: list[ActionShown] = field(default_factory=list)
    prints: list[SimpleNamespace] = field(default_factory=list)
    under: dict[uuid.UUID, list[SimpleNamespace]] = field(default_factory=dict)  # of its actions, by id
    people: list[tuple[str, str]] = field(default_factory=list)
    characters: int = 0

    @property
    def mark(self) -> str:
        """What the outline says; a continued incident has its line already."""
        moment = self.incident.occurred
        return f"Incident {self.incident.number}, {moment.day} {moment.strftime('%b %Y')}"


def parts(
    lengths: Sequence[Length],
    read: Callable[[Sequence[uuid.UUID]], Iterable[Read]],
    frame: Frame,
    opening: Opening | None,
    *,
    ending: str | None = None,
) -> Iterator[str]:
    """The print as HTML, part by part; incidents are read when their part is asked for. `read` may answer
    with fewer: those that were there when the print began and are not any more."""
    pieces: list[Piece] = []
    first = opening
    for batch in batches(lengths):
        for piece in (one for found in read([length.id for length in batch]) for one in cut(found)):
            if pieces and (_characters(pieces) + piece.characters > MOST_CHARACTERS or _full(pieces)):
                yield drawn(frame, first, pieces)
                pieces, first = [], None
            pieces.append(piece)
    if pieces or first is not None or ending:
        yield drawn(frame, first, pieces, ending=ending)


def batches(lengths: Sequence[Length]) -> Iterator[list[Length]]:
    """Incidents that are read together: about one part."""
    batch: list[Length] = []
    characters = 0
    for length in lengths:
        if batch and (len(batch) == MOST_INCIDENTS or characters + length.characters > MOST_CHARACTERS):
            yield batch
            batch, characters = [], 0
        batch.append(length)
        characters += length.characters
    if batch:
        yield batch


def cut(found: Read) -> Iterator[Piece]:
    """An incident in pieces that a part takes: mostly one."""
    incident = found.incident
    piece = Piece(
        incident,
        heads=True,
        prints=[_shown(one) for one in found.prints],
        people=_people(incident),
        characters=len(incident.text),
    )
    for action in incident.actions:
        if piece.characters and piece.characters + len(action.text) > MOST_CHARACTERS:
            yield piece
            piece = Piece(incident, heads=False)
        piece.actions.append(action)
        piece.under[action.id] = [_shown(one) for one in found.under.get(action.id, ())]
        piece.characters += len(action.text)
    yield piece


def drawn(
    frame: Frame, opening: Opening | None, pieces: Sequence[Piece], *, ending: str | None = None
) -> str:
    """One part as HTML."""
    return str(
        _template("part.pt")(
            frame=frame,
            opening=opening,
            pieces=pieces,
            ending=ending,
            when=when,
            size=size_in_words,
            paragraphs=paragraphs,
        )
    )


def foot(viewer: Viewer, *, by: str) -> str:
    """Who printed it and when, by the school's clocks. by: the name, or none where staff are not named."""
    moment = viewer.local(viewer.now())
    who = f"Printed by {by}" if by else "Printed"
    return str(_template("foot.pt")(line=f"{who} on {when(moment)}"))


def when(moment: dt.datetime) -> str:
    """A moment of the school's zone as the pages write it."""
    return f"{moment.strftime('%a')} {moment.day} {moment.strftime('%b %Y')}, {moment.strftime('%H:%M')}"


def picture(media_type: str, content: bytes) -> str:
    """A picture as an address that holds it: the press fetches nothing."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def drawing(svg: str) -> str:
    """A module's drawing as a picture of its own, so that nothing in it reaches the sheet."""
    return picture("image/svg+xml", svg.encode())


def _shown(part: PrintPart) -> SimpleNamespace:
    svg = drawing(part.svg) if part.svg else None
    return SimpleNamespace(heading=part.heading, lines=part.lines, picture=svg)


def _people(incident: IncidentShown) -> list[tuple[str, str]]:
    """Who is in the incident, with the part that each has in it (INC-15): on a student's record their own
    part and the others, elsewhere everyone."""
    own = next((one for one in incident.students if one.id == incident.record), None)
    others = [one for one in incident.students if one is not own]
    lines = [("Part", own.part)] if own and own.part else []
    about = [one.with_part for one in others if not one.linked]
    if incident.subject_id is None:
        about.append("Whole school")
    linked = [one.with_part for one in others if one.linked]
    return [
        *lines,
        *([("About", ", ".join(about))] if about else []),
        *([("With", ", ".join(linked))] if linked else []),
    ]


def _characters(pieces: Sequence[Piece]) -> int:
    return sum(piece.characters for piece in pieces)


def _full(pieces: Sequence[Any]) -> bool:
    return len(pieces) >= MOST_INCIDENTS


@cache
def _template(name: str) -> PageTemplateFile:
    return PageTemplateFile(str(TEMPLATES / name))
