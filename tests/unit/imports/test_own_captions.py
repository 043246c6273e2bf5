"""The captions that a school names beside a source's usual ones (MIS-05): what may be one, and that no import
is applied that was read under others."""

from __future__ import annotations

import dataclasses
import io
import itertools
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, BinaryIO

import pytest
from sqlalchemy import func, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import ChangedMeanwhile
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.deployment import Deployment
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks import hookimpl
from cpoms_core.imports import services
from cpoms_core.imports.captions import CaptionedField, check_captioned
from cpoms_core.imports.own_captions import CaptionsRefused, mark, own_captions, save_captions, taken_from
from cpoms_core.imports.records import Extract, StudentRecord
from cpoms_core.modules import Module
from cpoms_core.students.models import Student
from cpoms_core.testing.schools import SchoolForTests, make_school

NUMBERS = itertools.count()
STUDENTS = frozenset({"students"})


class Source:
    """A module's source that reads one student, and keeps what captions it was given."""

    name, title, accepts, max_bytes = "counted", "Counted", (".txt",), 1000

    def __init__(self) -> None:
        self.captions: dict[str, tuple[str, ...]] = {}
        self.while_reading: Callable[[], Any] = lambda: None
        self.captioned: tuple[CaptionedField, ...] = (
            CaptionedField("upn", "UPN", ("UPN",), "Students", STUDENTS),
            CaptionedField("year", "Year", ("Year",), "Students", frozenset({"students", "marks"})),
            CaptionedField("phones", "Phones", ("Phone",), "Students", STUDENTS, several=True),
            CaptionedField("code", "Code", ("Mark",), "Marks", frozenset({"marks"})),
        )

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        self.captions = captions
        self.while_reading()
        return Extract(students=(StudentRecord("1", "Fore", "Sur"),))


@dataclasses.dataclass
class World:
    app: Application
    school: SchoolForTests
    source: Source
    viewer: Viewer

    def own(self) -> dict[str, tuple[str, ...]]:
        with self.app.session(self.school.id, writes=False) as db:
            return own_captions(db, self.source)

    def name(self, typed: dict[str, list[str]], seen: str = "") -> None:
        seen = seen or mark(self.own())
        with self.app.transaction(self.school.id) as db:
            save_captions(db, self.viewer, self.source, typed, seen)

    def preview(self) -> uuid.UUID:
        return services.preview(self.app, self.viewer, "counted", "count.txt", io.BytesIO(b"1"))

    def apply(self, run_id: uuid.UUID) -> None:
        services.apply(self.app, self.viewer, run_id)

    @property
    def imported(self) -> int:
        with self.app.session(self.school.id, writes=False) as db:
            of_source = select(func.count()).select_from(Student).where(Student.mis_source == "counted")
            return db.scalar(of_source) or 0


@pytest.fixture
def world(deployment: Deployment) -> Iterator[World]:
    source = Source()
    hooks: Any = SimpleNamespace(register_mis_sources=hookimpl(lambda: [source]))
    app = Application(deployment, modules={"counter": Module("counter", "C", "c", "tests.none", "1", hooks)})
    school = make_school(app)
    yield World(app, school, source, school.viewer("admin"))
    app.engines.dispose()


def test_the_schools_own_captions_reach_the_source(world: World) -> None:
    """MIS-05: the caption mapping of the school is handed to the source."""
    world.name({"upn": ["Number", " number ", "Pupil  no."], "year": ["  "]})
    world.preview()
    assert world.source.captions == {"upn": ("Number", "Pupil no.")}


def test_captions_that_change_make_a_preview_again(world: World) -> None:
    """MIS-05, MIS-03: nothing is applied that was not looked at, whenever they changed."""
    run_id = world.preview()
    world.name({"upn": ["Number"]})
    with pytest.raises(Refused, match="changed the captions meanwhile"):
        world.apply(run_id)
    assert world.imported == 0
    # and while the file is being read, for its preview and to be applied
    world.source.while_reading = lambda: world.name({"upn": [str(next(NUMBERS))]})
    run_id = world.preview()
    world.source.while_reading = lambda: None
    with pytest.raises(Refused, match="meanwhile"):
        world.apply(run_id)
    once = iter([{"upn": ["Late"]}])
    world.source.while_reading = lambda: [world.name(names) for names in once] and None
    with pytest.raises(Refused, match="meanwhile"):
        world.apply(run_id)
    assert world.imported == 0 and world.source.captions == {"upn": ("Late",)}
    world.apply(run_id)
    assert world.imported == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"shoe_size": ["Shoe"]}, {"shoe_size": "no such field"}),
        ({"upn": ["x" * 101]}, {"upn": "to 100 characters"}),
        ({"upn": [f"Number {n}" for n in range(11)]}, {"upn": "at most 10"}),
        ({"upn": ["- / -"]}, {"upn": "no letter and no digit"}),
        ({"upn": ["a\u202eb"]}, {"upn": "cannot be shown"}),
        (
            {"upn": ["Group"], "year": ["GROUP:"]},
            {"upn": "given for Year", "year": "given for UPN"},
        ),
        ({"upn": ["Tel 2"], "phones": ["tel"]}, {"upn": "given for Phones", "phones": "given for UPN"}),
        ({"upn": ["Same"], "code": ["Same"]}, {}),  # no report has both
    ],
)
def test_what_cannot_be_a_caption_is_refused_beside_its_field(
    world: World, typed: dict[str, list[str]], said: dict[str, str]
) -> None:
    """MIS-05, bad input: all that is wrong at once, and then none is kept."""
    if not said:
        world.name(typed)
        assert world.own() == {name: tuple(captions) for name, captions in typed.items()}
        return
    with pytest.raises(CaptionsRefused) as refused:
        world.name(typed | ({"code": ["Kept?"]} if "code" not in typed else {}))
    errors = refused.value.errors
    assert errors.keys() == said.keys() and all(words in errors[name] for name, words in said.items())
    assert world.own() == {}


def test_a_colleagues_captions_are_not_overwritten(world: World) -> None:
    """MIS-05, lost updates: two pages open at once."""
    seen = mark(world.own())
    world.name({"upn": ["Number"]})
    with pytest.raises(ChangedMeanwhile):
        world.name({"year": ["Class"]}, seen)
    assert world.own() == {"upn": ("Number",)}


def test_captions_are_kept_for_administrators_only_and_audited(world: World) -> None:
    """MIS-05, OPS-09: with the fields' names and not what was typed; nothing where nothing changed."""
    world.name({"upn": ["Number"], "year": ["Class"]})
    world.name({"upn": ["Number"]})
    world.name({"upn": ["Number"]})
    with world.app.session(world.school.id, writes=False) as db:
        event = AuditEntry.event == "import.captions-changed"
        details = list(db.scalars(select(AuditEntry.details).where(event).order_by(AuditEntry.id)))
    assert details == [
        {"source": "counted", "fields": ["upn", "year"]},
        {"source": "counted", "fields": ["year"]},
    ]
    world.viewer = world.school.viewer("head")
    with pytest.raises(NothingThere):
        world.name({})


def test_what_a_source_has_no_more_counts_for_nothing_and_stays(world: World) -> None:
    """MIS-05: the module's next version may have the field again."""
    world.name({"upn": ["Number"]})
    whole, world.source.captioned = world.source.captioned, world.source.captioned[1:]
    assert world.own() == {}
    world.name({"year": ["Class"]})
    world.source.captioned = whole
    assert world.own() == {"upn": ("Number",), "year": ("Class",)}


def test_a_caption_that_is_usually_another_fields_is_pointed_out(world: World) -> None:
    """MIS-05: it may be meant, so it is kept; the other field of the same report loses the column."""
    own = {"upn": ("Year",), "year": ("Year", "MARK"), "code": ("UPN",)}
    assert taken_from(world.source.captioned, own) == {"upn": [("Year", "Year")], "year": [("MARK", "Code")]}


@pytest.mark.parametrize("names", [("upn", "upn"), ("UPN",), ("a b",), ("",)])
def test_a_source_with_fields_of_unusable_names_stops_the_start(names: tuple[str, ...]) -> None:
    """MIS-05, MOD-02."""
    fields = tuple(CaptionedField(name, "Title", ("T",), "Students", STUDENTS) for name in names)
    source: Any = SimpleNamespace(name="paper", captioned=fields)
    with pytest.raises(ValueError, match="unusable names"):
        check_captioned(source)
