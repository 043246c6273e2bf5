"""The field of a form that holds markers. A script keeps them in one hidden text; without scripts there are
rows, each with a place to choose and a note, and what they say counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from wtforms import Field, ValidationError

from cpoms_core.web.forms import as_id, as_number
from cpoms_maps import body, drawing
from cpoms_maps.markers import Placed, Unreadable, clean, from_json, read, too_long, write
from cpoms_maps.models import MOST_MARKERS
from cpoms_maps.school_maps import MapShown

KEEP, GONE = "keep-", "gone"
BLANK_ROWS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A place that can be chosen without a script."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row without scripts. chosen: its place's value; kept: the marker that it is, as a choice, if any."""

    chosen: str
    note: str
    kept: Choice | None = None


class MarkersField(Field):  # type: ignore[misc]
    """Markers as a list of JSON values (`Placed.as_json`), which is also what the incident's versions keep.

    known: the school's maps. What is on one that is disabled counts too: it may have been placed while a form
    or a draft was open, and nobody who records a concern places it again.
    """

    def __init__(self, label: str, *, known: Sequence[MapShown], **kwargs: Any) -> None:
        self.known = known
        self.markers: list[Placed] = []
        self.lost: list[str] = []  # notes of rows without a place
        super().__init__(label, **kwargs)

    # --- what comes in -------------------------------------------------------------------------------

    def process(self, formdata: Any, *arguments: Any, **named: Any) -> None:
        """As every field, and then the rows of a page without scripts, where there are any."""
        self.markers, self.lost = [], []
        super().process(formdata, *arguments, **named)
        rows = f"{self.name}-place"
        if formdata is not None and rows in formdata and not self.process_errors:
            places, notes = formdata.getlist(rows), formdata.getlist(f"{self.name}-note")
            self._read_rows(places[: MOST_MARKERS + BLANK_ROWS], notes)
            self._keep(self.markers)

    def process_data(self, value: Any) -> None:
        try:
            self._keep(from_json(value or []))
        except Unreadable:  # of another release: what is there stays where it is kept
            self._keep([])

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        self._keep([])
        self._keep(read(str(valuelist[0])))

    def _read_rows(self, places: Sequence[str], notes: Sequence[str]) -> None:
        before, found = self.markers, []
        for at, place in enumerate(places):
            note = clean(notes[at]) if at < len(notes) else ""
            if place == GONE:
                continue
            if not place:
                self.lost += [note] if note else []
                continue
            one = self._placed(place, note, before)
            if one is None:
                self.process_errors.append("A place that was chosen is not known. Choose it again.")
                self.lost.append(note)
            else:
                found.append(one)
        self.markers = found
        if self.lost:
            self.process_errors.append("Choose a place for each note.")

    def _placed(self, place: str, note: str, before: Sequence[Placed]) -> Placed | None:
        if place.startswith(KEEP):
            number = as_number(place.removeprefix(KEEP))
            return None if number is None or number >= len(before) else replace(before[number], note=note)
        side, _, name = place.partition(":")
        region = body.in_region(name, side)
        if region is not None:
            return Placed(None, *body.parts_of_one(region.middle), note)
        map_id = as_id(place)
        return Placed(map_id, None, None, note) if map_id is not None else None

    def _keep(self, markers: list[Placed]) -> None:
        self.markers = markers
        self.data = [one.as_json() for one in markers]

    # --- what is wrong with it -----------------------------------------------------------------------

    def pre_validate(self, form: Any) -> None:
        """Raises ValidationError for notes that are too long, and for maps that the school does not have."""
        usable = {one.id for one in self.known}
        wrong = too_long(self.markers)
        lost = [str(number) for number, one in enumerate(self.markers, 1) if one.map_id not in usable]
        if lost:
            which = f"Marker {lost[0]} is" if len(lost) == 1 else f"Markers {', '.join(lost)} are"
            wrong.append(f"{which} on a map that this school does not have. Remove what is on it.")
        if len(self.markers) > MOST_MARKERS:
            wrong.append(f"Place at most {MOST_MARKERS} markers: these are {len(self.markers)}.")
        if wrong:
            raise ValidationError(" ".join(wrong))

    # --- how it is drawn -----------------------------------------------------------------------------

    def _value(self) -> str:
        return write(self.markers)

    @property
    def json(self) -> str:
        """The hidden text."""
        return write(self.markers)

    @property
    def maps(self) -> list[MapShown]:
        """Those to put markers on: in use, or with a marker already."""
        marked = {one.map_id for one in self.markers}
        return [one for one in self.known if not one.disabled or one.id in marked]

    def on(self, one: MapShown) -> int:
        """How many markers are on a map."""
        return sum(marker.map_id == one.id for marker in self.markers)

    @property
    def rows(self) -> list[Row]:
        """The rows without scripts: the markers that there are, notes without a place, and some empty."""
        kept = [
            Row(f"{KEEP}{at}", one.note, Choice(f"{KEEP}{at}", self._kept_in_words(one)))
            for at, one in enumerate(self.markers)
        ]
        return [*kept, *(Row("", note) for note in self.lost), *[Row("", "")] * BLANK_ROWS]

    @property
    def choices(self) -> list[tuple[str, list[Choice]]]:
        """The places to choose from, by map."""
        found = []
        for one in self.maps:
            if one.id is not None:
                found.append((one.title, [Choice(str(one.id), f"{one.title}: say where in the note")]))
                continue
            for side in (body.FRONT, body.BACK):
                regions = [region for region in body.REGIONS if region.side == side]
                regions.sort(key=lambda region: region.label)
                places = [Choice(f"{side}:{region.name}", region.label) for region in regions]
                found.append((f"{one.title}, {side}", places))
        return found

    def _kept_in_words(self, one: Placed) -> str:
        title = next((known.title for known in self.maps if known.id == one.map_id), "A map of before")
        return one.words if one.map_id is None else f"{title}: {one.words}"

    @staticmethod
    def regions() -> Markup:
        """The body's regions for scripts, as SVG."""
        return Markup(drawing.regions(named=True))  # noqa: S704 - our own drawing
