"""Reading the audit: what a user did, and who tried to log in. Each page is a fixed number of statements,
paged by moment and id."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, Text, and_, cast, or_, select

from cpoms_core.access import policy
from cpoms_core.access.browsers import browser_in_words
from cpoms_core.access.places import place_of
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit.models import AuditEntry
from cpoms_core.audit.other_incidents import untold
from cpoms_core.audit.subjects import HIDDEN, Subject, key_names, read_subjects
from cpoms_core.audit.wording import SCHOOL_ONLY, SECURITY, Result, facts_of, words_of
from cpoms_core.hooks.types import AuditKind
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 50
CHUNK = 500
SUBJECTS_SHOWN = 8
"""Of an entry about more than these, as an import's are, the others are counted."""
Condition = ColumnElement[bool]
Shown = TypeVar("Shown")


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of entries is narrowed to. first, last: days of the school, both included. events: none
    means all."""

    first: dt.date | None = None
    last: dt.date | None = None
    events: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: behind this entry."""

    at: dt.datetime  # UTC
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{round(self.at.timestamp() * 1e6)}~{self.id}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor that a form brought back, or None for anything else."""
        moment, _, entry_id = text.partition("~")
        try:
            at = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=int(moment))
            return cls(at, uuid.UUID(entry_id))
        except (ValueError, OverflowError):
            return None


@dataclass(frozen=True, slots=True)
class EntryShown:
    """An entry of the Audits: `at` in the school's time; `more`: subjects that are only counted."""

    at: dt.datetime
    phrase: str
    kind: AuditKind
    subjects: list[Subject]
    more: int
    facts: str
    channel: str
    access: str
    ip: str
    by: str = ""  # who did it, where the list is not one user's own
    place: str = ""  # where the address is


@dataclass(frozen=True, slots=True)
class TryShown:
    """A line of the security log. user: whom it is about; None for an unknown address. by: who did it, where
    that was somebody else. subjects: what was refused."""

    at: dt.datetime  # the school's time
    result: Result
    user: Subject | None
    by: Subject | None
    key: str
    ip: str
    place: str
    browser: str
    facts: str
    subjects: list[Subject]


@dataclass(frozen=True, slots=True)
class Page(Generic[Shown]):
    """A page of entries, newest first, and where the next one begins."""

    rows: list[Shown]
    before: Cursor | None


# --- the audits of a user --------------------------------------------------------------------------------


def audits_of(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, filters: Filters, before: Cursor | None = None
) -> Page[EntryShown]:
    """A page of what a user did, newest first (USR-03)."""
    return page_of(db, viewer, _done_by(viewer, user_id, filters), before, PAGE, _entries_shown)


def every_audit_of(
    db: SchoolSession, viewer: Viewer, user_id: uuid.UUID, filters: Filters
) -> Iterator[EntryShown]:
    """All of what a user did, newest first, read in pieces."""
    statement, before = _done_by(viewer, user_id, filters), None
    while True:
        page = page_of(db, viewer, statement, before, CHUNK, _entries_shown)
        yield from page.rows
        before = page.before
        if before is None:
            return


def _done_by(viewer: Viewer, user_id: uuid.UUID, filters: Filters) -> Select[AuditEntry]:
    conditions = [AuditEntry.user_id == user_id, *narrowed_by(viewer, filters)]
    return select(AuditEntry).where(policy.audits(viewer), *conditions)


def narrowed_by(viewer: Viewer, filters: Filters) -> Iterator[Condition]:
    """Conditions on AuditEntry: what the filters let through."""
    if filters.first is not None:
        yield AuditEntry.at >= _midnight(viewer, filters.first)
    if filters.last is not None:
        yield AuditEntry.at < _midnight(viewer, filters.last + dt.timedelta(days=1))
    if filters.events:
        yield AuditEntry.event.in_(sorted(filters.events))


def _midnight(viewer: Viewer, day: dt.date) -> dt.datetime:
    """When a day begins at the school."""
    return dt.datetime.combine(day, dt.time(), viewer.school.zone)


def page_of(
    db: SchoolSession,
    viewer: Viewer,
    statement: Select[AuditEntry],
    before: Cursor | None,
    most: int,
    show: Callable[[SchoolSession, Viewer, Sequence[AuditEntry]], list[Shown]],
    told: Callable[[SchoolSession, Viewer, Sequence[AuditEntry]], list[AuditEntry]] | None = None,
) -> Page[Shown]:
    """At most `most` entries behind a cursor, as `show` words them. They are in the order of their moments;
    an id breaks a tie. `told`: those of some entries that the viewer may be told of (None: all). It is read
    on until the page is full, so that neither a short page nor the cursor tells that there are others."""
    entries: list[AuditEntry] = []
    behind, at_once = before, most + 1
    while len(entries) <= most:
        found = db.scalars(_behind(statement, behind).limit(at_once)).all()
        entries += told(db, viewer, found) if told is not None else found
        if len(found) < at_once:
            break
        behind, at_once = _cursor(found[-1]), min(at_once * 2, CHUNK)
    shown = entries[:most]
    return Page(show(db, viewer, shown), _cursor(shown[-1]) if len(entries) > most else None)


def _behind(statement: Select[AuditEntry], before: Cursor | None) -> Select[AuditEntry]:
    if before is not None:
        same = and_(AuditEntry.at == before.at, AuditEntry.id < before.id)
        statement = statement.where(AuditEntry.at <= before.at, or_(AuditEntry.at < before.at, same))
    return statement.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _cursor(entry: AuditEntry) -> Cursor:
    return Cursor(entry.at, entry.id)


def _entries_shown(db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[EntryShown]:
    about = {entry.id: _about(entry) for entry in entries}
    ids = [one for subjects in about.values() for one in subjects[:SUBJECTS_SHOWN]]
    known = read_subjects(db, viewer, ids)
    secret = untold(db, viewer, entries)
    shown = []
    for entry in entries:
        words = words_of(db.app.audit_words, entry.event)
        shown.append(
            EntryShown(
                at=viewer.local(entry.at),
                phrase=words.phrase,
                kind=words.kind,
                subjects=_named(known, about[entry.id][:SUBJECTS_SHOWN]),
                more=max(0, len(about[entry.id]) - SUBJECTS_SHOWN),
                facts="" if entry.id in secret else facts_of(entry.event, entry.details),
                channel=entry.channel,
                access=entry.access,
                ip=entry.ip,
            )
        )
    return shown


def _about(entry: AuditEntry) -> list[uuid.UUID]:
    """What an entry was about beside its own user; of a refusal, what was asked for."""
    texts = entry.details.get("asked", []) if entry.event == "refused" else entry.subjects
    return [one for one in map(uuid.UUID, dict.fromkeys(texts)) if one != entry.user_id]


def _named(known: dict[uuid.UUID, Subject], ids: Sequence[uuid.UUID]) -> list[Subject]:
    """The subjects of an entry; those that the viewer may not see are one, so that they are not counted."""
    seen = [known[one] for one in ids if one in known]
    return seen if len(seen) == len(ids) else [*seen, Subject(HIDDEN)]


# --- the security log ------------------------------------------------------------------------------------


def security_log(
    db: SchoolSession,
    viewer: Viewer,
    filters: Filters,
    before: Cursor | None = None,
    *,
    user_id: uuid.UUID | None = None,
) -> Page[TryShown]:
    """A page of log-in tries and of what happened to keys and passwords, newest first: of one user, or of
    the whole school with tries for unknown addresses and what was refused."""
    shown = set(SECURITY) if user_id else {*SECURITY, *SCHOOL_ONLY}
    events = filters.events & shown if filters.events else shown
    narrowed = Filters(filters.first, filters.last, frozenset(events))
    statement = select(AuditEntry).where(policy.audits(viewer), *narrowed_by(viewer, narrowed))
    if user_id is not None:
        statement = statement.where(_concerns(user_id))

    def show(db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry]) -> list[TryShown]:
        return _tries_shown(db, viewer, entries, user_id)

    return page_of(db, viewer, statement, before, PAGE, show)


def _concerns(user_id: uuid.UUID) -> Condition:
    """What a user did, or somebody else did for them. Few events are ever done for others, so that few lists
    of subjects are looked into."""
    by_others = sorted(event for event, result in SECURITY.items() if result.by_others)
    named = cast(AuditEntry.subjects, Text).contains(str(user_id))
    return or_(AuditEntry.user_id == user_id, and_(AuditEntry.event.in_(by_others), named))


def _tries_shown(
    db: SchoolSession, viewer: Viewer, entries: Sequence[AuditEntry], user_id: uuid.UUID | None
) -> list[TryShown]:
    keys = {entry.id: _keys_of(entry) for entry in entries}
    names = key_names(db, {key for found in keys.values() for key in found})
    people = {entry.user_id for entry in entries if entry.user_id}
    about = {entry.id: _about(entry)[:SUBJECTS_SHOWN] for entry in entries}
    known = read_subjects(db, viewer, people.union(*about.values()))
    shown = []
    for entry in entries:
        by = known.get(entry.user_id) if entry.user_id else None
        owner = _owner(entry, known, user_id)
        shown.append(
            TryShown(
                at=viewer.local(entry.at),
                result=(SECURITY | SCHOOL_ONLY)[entry.event],
                user=owner,
                by=by if by != owner else None,
                key=", ".join(names[key] for key in keys[entry.id] if key in names),
                ip=entry.ip,
                place=place_of(entry.ip) if entry.ip else "",
                browser=browser_in_words(entry.details["browser"]) if entry.details.get("browser") else "",
                facts=facts_of(entry.event, entry.details),
                subjects=_named(known, about[entry.id]) if entry.event in SCHOOL_ONLY else [],
            )
        )
    return shown


def _owner(entry: AuditEntry, known: dict[uuid.UUID, Subject], user_id: uuid.UUID | None) -> Subject | None:
    """Whom a line is about: the user of the page, or the user among its subjects, or who did it."""
    if user_id is not None:
        return known.get(user_id)
    if entry.event in SECURITY:
        for one in map(uuid.UUID, entry.subjects):
            if one in known and known[one].kind == "user":
                return known[one]
    return known.get(entry.user_id) if entry.user_id else None


def _keys_of(entry: AuditEntry) -> list[uuid.UUID]:
    """The ids that may be of a key which an entry names: the one that was used, added or removed."""
    texts = [*entry.subjects, *([entry.details["key"]] if entry.details.get("key") else [])]
    return [uuid.UUID(one) for one in texts]
