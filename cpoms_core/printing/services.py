"""Printing: what is printed is read through the policy, and laid out by a press. Nothing here changes a
record; what was printed is in the audit."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.logo import logo_of
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.types import PrintPart
from cpoms_core.incidents import chronology
from cpoms_core.incidents.filters import ChronologyFilter, ModuleFilter
from cpoms_core.incidents.module_filters import asked_again
from cpoms_core.printing.content import (
    MOST_CHARACTERS,
    MOST_INCIDENTS,
    Frame,
    Opening,
    Read,
    batches,
    foot,
    parts,
    picture,
)
from cpoms_core.printing.hiding import StaffHider, hiding_students
from cpoms_core.printing.opening import asked_in_words, basic_data, modules_data
from cpoms_core.printing.pdf import Whole, make_pdf
from cpoms_core.printing.queries import Chosen, Length, lengths, record_student
from cpoms_core.tenancy.scope import SchoolSession

AT_ONCE_SECONDS = 20.0
ONE_INCIDENT_SECONDS = 120.0  # a single incident is never a task, whatever its length
IN_WORKER_SECONDS = 1_800.0
PRESSES = threading.BoundedSemaphore(2)
"""How many prints are made at once while people wait: each takes a processor for seconds."""


class TooLong(Exception):
    """The print is too long, or the presses too busy, to be made while somebody waits."""


class Busy(TooLong):
    """The presses are busy."""


@dataclass(frozen=True, slots=True)
class RecordWanted:
    """What is printed of a record (INC-14, STU-07). student_id None: the whole school's incidents. names: the
    facts of the basic data; chosen None: no incidents."""

    student_id: uuid.UUID | None
    chosen: Chosen | None
    names: tuple[str, ...] = ()
    hide_students: bool = False
    hide_staff: bool = False
    report: bool = False  # a student report, not the print of the page
    left_out: tuple[str, ...] = ()  # modules' columns that were unticked (FRM-05)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for a task."""
        return {
            "student": _text(self.student_id),
            "names": list(self.names),
            "hide_students": self.hide_students,
            "hide_staff": self.hide_staff,
            "report": self.report,
            "left_out": list(self.left_out),
            "chosen": _chosen_json(self.chosen) if self.chosen else None,
        }

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> RecordWanted:
        """As it was asked for."""
        student_id = _id(wanted["student"])
        return cls(
            student_id,
            _chosen(student_id, wanted["chosen"]) if wanted["chosen"] else None,
            tuple(wanted["names"]),
            wanted["hide_students"],
            wanted["hide_staff"],
            wanted["report"],
            tuple(wanted["left_out"]),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A print that was begun: everything but the incidents, which are read part by part."""

    viewer: Viewer
    record: uuid.UUID | None
    frame: Frame
    opening: Opening
    foot: str
    file_name: str
    lengths: Sequence[Length]
    event: str
    subjects: Sequence[uuid.UUID]
    staff: StaffHider | None = None
    ending: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    real_only: bool = False  # without what was recorded in training mode (REP-05)
    left_out: frozenset[str] = frozenset()  # modules' columns

    @property
    def short(self) -> bool:
        """Whether it is one part: about three seconds, for which a person may wait."""
        characters = sum(length.characters for length in self.lengths)
        return len(self.lengths) <= MOST_INCIDENTS and characters <= MOST_CHARACTERS


def plan_incident(db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID) -> Plan:
    """EDT-07: one incident with its actions, for who sees it by right. Raises NothingThere."""
    incident = chronology.one(db, viewer, incident_id)
    if not incident.rightful:
        raise NothingThere
    what = f"Incident {incident.number}"
    characters = len(incident.text) + sum(len(action.text) for action in incident.actions)
    who = ", ".join([*incident.student_names, *incident.linked_names])
    return Plan(
        viewer,
        None,
        _frame(db, viewer, what),
        Opening(what, [who] if who else []),
        foot(viewer, by=viewer.user_name),
        f"{what}.pdf",
        [Length(incident.id, characters)],
        "incident.printed",
        [incident.id],
    )


def plan_record(db: SchoolSession, viewer: Viewer, wanted: RecordWanted, *, password: bool = False) -> Plan:
    """INC-14, STU-07: the incidents of a record, or a report on a student. Raises NothingThere."""
    student = record_student(db, viewer, wanted.student_id) if wanted.student_id else None
    if wanted.chosen:
        only = asked_again(db, viewer, wanted.chosen.only)
        wanted = replace(wanted, chosen=replace(wanted.chosen, only=only))
    found = lengths(db, viewer, wanted.chosen, real_only=wanted.report) if wanted.chosen else []
    ids = [length.id for length in found]
    if wanted.hide_students:
        viewer = hiding_students(db, viewer, wanted.student_id, ids)
    whose = viewer.name(student) if student else "the whole school"
    what = f"Student report: {whose}" if wanted.report else f"Incidents of {whose}"
    title = whose if wanted.report else what
    staff = StaffHider.of_school(db) if wanted.hide_staff else None
    day = viewer.local(viewer.now()).date().isoformat()
    named = f"{what.replace(':', '')} {day}.pdf"
    unnamed = f"{'Student report' if wanted.report else 'Incidents'} {day}.pdf"
    asked = list(asked_in_words(db, viewer, wanted.chosen)) if wanted.chosen else []
    sections = basic_data(db, viewer, student, wanted.names) if student and wanted.names else []
    if student and wanted.report:
        sections += modules_data(db, viewer, student.id, wanted.left_out)
    if staff:
        asked = [staff.names.text(line) for line in asked]
        sections = [staff.section(section) for section in sections]
    return Plan(
        viewer,
        wanted.student_id,
        _frame(db, viewer, what),
        Opening(
            title,
            [*_said(wanted, len(found)), *asked],
            sections,
        ),
        foot(viewer, by="" if staff else viewer.user_name),
        unnamed if viewer.names_hidden and student else named,
        found,
        "record.printed",
        [*([wanted.student_id] if wanted.student_id else []), *ids],
        staff,
        _ending(len(found)) if wanted.chosen else None,
        {
            "incidents": len(found),
            **({"filters": wanted.chosen.only.asked} if wanted.chosen and wanted.chosen.only.asked else {}),
            **({"hidden": _hidden(wanted)} if _hidden(wanted) else {}),
            **({"left_out": list(wanted.left_out)} if wanted.left_out else {}),
            **({"password": True} if password else {}),
        },
        real_only=wanted.report,
        left_out=frozenset(wanted.left_out),
    )


def make_now(db: SchoolSession, plan: Plan, *, password: str = "") -> bytes:
    """The PDF of a short print, while somebody waits. Raises TooLong where it should be a task, and
    PrintFailed."""
    if not plan.short:
        raise TooLong
    with _press():
        return _made(plan, lambda ids: read(db, plan, ids), password, AT_ONCE_SECONDS)


def make_incident(db: SchoolSession, plan: Plan) -> bytes:
    """The PDF of one incident of any length, while somebody waits. Raises Busy and PrintFailed."""
    with _press():
        return _made(plan, lambda ids: read(db, plan, ids), "", ONE_INCIDENT_SECONDS)


@contextmanager
def _press() -> Iterator[None]:
    """One of the presses. Raises Busy where none is free for some seconds."""
    if not PRESSES.acquire(timeout=AT_ONCE_SECONDS / 4):
        raise Busy
    try:
        yield
    finally:
        PRESSES.release()


def make_long(
    open_session: Callable[[], AbstractContextManager[SchoolSession]],
    plan: Plan,
    *,
    password: str,
    progress: Callable[[int, int], None],
) -> bytes:
    """The PDF of a print of any length, part by part: a session is open only while a part is read. Raises
    PrintFailed. progress(done, out_of): called after each part."""
    out_of = sum(1 for _batch in batches(plan.lengths)) or 1
    done = 0

    def after_part() -> None:
        nonlocal done
        done += 1
        progress(min(done, out_of), out_of)

    def read_part(ids: Sequence[uuid.UUID]) -> Iterable[Read]:
        with open_session() as db:
            return read(db, plan, ids)

    progress(0, out_of)
    return _made(plan, read_part, password, IN_WORKER_SECONDS, after_part)


def read(db: SchoolSession, plan: Plan, ids: Sequence[uuid.UUID]) -> list[Read]:
    """Incidents with what the modules print of them, as the print may show them."""
    shown = chronology.several(db, plan.viewer, ids, record=plan.record)
    if not shown:
        return []
    if plan.real_only:
        for incident in shown:
            incident.actions = [action for action in incident.actions if not action.training]
    # what a module keeps of an incident that was merged is printed with the action that it became (EDT-04)
    merged = {one.id: one.was_incident for incident in shown for one in incident.actions if one.was_incident}
    ids = [*(incident.id for incident in shown), *merged.values()]
    actions = [action.id for incident in shown for action in incident.actions]
    if plan.staff is not None:
        for incident in shown:
            plan.staff.incident(incident)
    printed = _printed(db, plan, "incident_prints", incident_ids=ids)
    under = _printed(db, plan, "action_prints", action_ids=actions) if actions else {}
    for action_id, incident_id in merged.items():
        under[action_id] = [*printed.get(incident_id, []), *under.get(action_id, [])]
    return [Read(incident, printed.get(incident.id, []), under) for incident in shown]


def _printed(db: SchoolSession, plan: Plan, hook: str, **ids: Any) -> dict[uuid.UUID, list[PrintPart]]:
    """What the modules print of these, without what was unticked, and without staff where they are hidden."""
    staff = plan.staff
    return {
        key: [staff.part(one) if staff else one for one in parts if one.column not in plan.left_out]
        for key, parts in db.app.hooks.collect_by_id(hook, db, plan.viewer, **ids).items()
    }


def _made(
    plan: Plan,
    read_part: Callable[[Sequence[uuid.UUID]], Iterable[Read]],
    password: str,
    seconds: float,
    after_part: Callable[[], None] = lambda: None,
) -> bytes:
    html = parts(plan.lengths, read_part, plan.frame, plan.opening, ending=plan.ending)
    whole = Whole(plan.frame.what, plan.foot, password)
    return make_pdf(html, whole, seconds=seconds, after_part=after_part)


def _frame(db: SchoolSession, viewer: Viewer, what: str) -> Frame:
    logo, kind = logo_of(db, viewer.school)
    return Frame(viewer.school.name, viewer.school.accent, what, picture(kind, logo) if logo else None)


def _said(wanted: RecordWanted, count: int) -> list[str]:
    """What kind of print it is, in words."""
    lines = []
    if wanted.chosen:
        order = "newest first" if wanted.chosen.newest_first else "oldest first"
        lines.append(f"{_count(count)}, {order}.")
    hidden = _hidden(wanted)
    if hidden:
        lines.append(f"Names of {' and '.join(hidden)} are hidden.")
    return lines


def _ending(count: int) -> str:
    return f"End of the print: {_count(count)}, of those that the person who printed may see."


def _count(count: int) -> str:
    return "1 incident" if count == 1 else f"{count:,} incidents"


def _hidden(wanted: RecordWanted) -> list[str]:
    return [
        word
        for word, is_hidden in (("students", wanted.hide_students), ("staff", wanted.hide_staff))
        if is_hidden
    ]


def _chosen_json(chosen: Chosen) -> dict[str, Any]:
    return {
        "words": chosen.only.words,
        "category": _text(chosen.only.category_id),
        "since": chosen.only.since.isoformat() if chosen.only.since else None,
        "until": chosen.only.until.isoformat() if chosen.only.until else None,
        "author": _text(chosen.only.author_id),
        "part": _text(chosen.only.part_id),
        "categories": [str(one) for one in chosen.categories],
        "linked": chosen.linked,
        "newest_first": chosen.newest_first,
        "pinned_first": chosen.pinned_first,
        "modules": [[one.name, list(one.typed)] for one in chosen.only.modules],
    }


def _chosen(student_id: uuid.UUID | None, asked: Mapping[str, Any]) -> Chosen:
    only = ChronologyFilter(
        words=asked["words"],
        category_id=_id(asked["category"]),
        since=dt.date.fromisoformat(asked["since"]) if asked["since"] else None,
        until=dt.date.fromisoformat(asked["until"]) if asked["until"] else None,
        author_id=_id(asked["author"]),
        part_id=_id(asked["part"]),
        modules=tuple(ModuleFilter(name, tuple(typed)) for name, typed in asked["modules"]),
    )
    return Chosen(
        student_id,
        only,
        tuple(uuid.UUID(one) for one in asked["categories"]),
        asked["linked"],
        asked["newest_first"],
        asked["pinned_first"],
    )


def _text(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
