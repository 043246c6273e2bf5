"""Files that take long to make: somebody asks, the worker makes, and only who asked may fetch, for a day.

Each kind of file has a maker. A worker that is killed while it makes one leaves it half made and says
nothing; it is made again, once: what kills a worker twice would kill every worker.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO, cast

import structlog
from sqlalchemy import func, select, update

from cpoms_core.access import identity, policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Access, Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import PreparedFile
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.types import DeliverySpec, Work
from cpoms_core.logs import place_of
from cpoms_core.outbox.outcomes import NotOwed
from cpoms_core.outbox.services import queue
from cpoms_core.students.names_of_school import hider_of
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
TASK = "prepared-file"
LIFE = dt.timedelta(hours=24)
MOST_WAITING = 5  # of one user at once
MOST_LISTED = 50
LARGEST = 2_000_000_000  # bytes
UNFINISHED = ("waiting", "making", "again")
"""`again`: it was begun before, by a worker that is gone."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a maker made. event, subjects, details: its audit entry, written when it is ready. needs: a
    permission without which it is not fetched, or none. again: the route of the page where it was asked for,
    and its values."""

    name: str
    media_type: str
    content: BinaryIO
    event: str
    subjects: Sequence[uuid.UUID] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""
    again: tuple[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """What a maker is given. viewer: who asked, with the rights that they have now. wanted, secret: as they
    asked. progress(done, out_of): tells the page that waits, in parts of any kind."""

    app: Application
    viewer: Viewer
    wanted: Mapping[str, Any]
    secret: str
    progress: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes files of one kind. `may_fetch` says whether who asked may still see everything that is in it, and
    raises NothingThere where they may not see what it is of; `subjects` are the ids that were printed or
    packed, as `Made` named them."""

    kind: str
    make: Callable[[Making], Made]
    may_fetch: Callable[[SchoolSession, Viewer, Sequence[uuid.UUID]], bool]


class KeptBack(Exception):
    """A file that is there and not handed out as it is. again: as of `Made`."""

    def __init__(self, again: tuple[str, Mapping[str, str]] | None) -> None:
        super().__init__()
        self.again = again


class NamesInside(KeptBack):
    """It was made while names were shown, and they are hidden (DSH-08)."""


class OutOfDate(KeptBack):
    """Something in it was deleted, merged or moved out of sight since (USR-12.7)."""


class Over(NotOwed):
    """The file is made, or nobody waits for it any more."""


def makers() -> dict[str, Maker]:
    """The makers by kind; imported when asked, because they reach into every feature."""
    from cpoms_core.printing.making import RECORD_PRINT

    return {maker.kind: maker for maker in (RECORD_PRINT,)}


def ask(
    db: SchoolSession, viewer: Viewer, kind: str, wanted: Mapping[str, Any], *, secret: str = ""
) -> uuid.UUID:
    """Asks for a file; returns its id. It is made with the rights that the asker has by then, and with names
    hidden where the asker's session hides them now.

    wanted: plain JSON: ids and choices. secret: a password for the file; it is kept sealed, only until the
    file is made. Raises Refused where too many are waiting already.
    """
    waiting = select(func.count(PreparedFile.id)).where(
        policy.own_prepared_files(viewer), PreparedFile.state.in_(UNFINISHED)
    )
    if (db.scalar(waiting) or 0) >= MOST_WAITING:
        raise Refused("Some files are still being made for you. Ask again when one of them is ready.")
    now, file_id = viewer.now(), new_id()
    sealed = db.app.key.seal(secret.encode(), _context(file_id)) if secret else b""
    db.add(
        PreparedFile(
            school_id=viewer.school_id,
            id=file_id,
            asked_by=viewer.acting_user,
            kind=kind,
            wanted={"of": dict(wanted), "sealed": base64.b64encode(sealed).decode()},
            asked_at=now,
            expires_at=now + LIFE,
        )
    )
    db.flush()
    asking = {
        "file": str(file_id),
        "access": viewer.access,
        "has_key": viewer.has_key,
        "names_hidden": viewer.names_hidden,
    }
    queue(db, TASK, asking, now=now)
    return file_id


def one(db: SchoolSession, viewer: Viewer, file_id: uuid.UUID) -> PreparedFile:
    """A file that the viewer asked for and that has not expired. Raises NothingThere."""
    found = db.scalars(
        select(PreparedFile).where(
            PreparedFile.id == file_id,
            PreparedFile.expires_at > viewer.now(),
            policy.own_prepared_files(viewer),
        )
    ).first()
    if found is None:
        raise NothingThere
    return found


def own(db: SchoolSession, viewer: Viewer) -> Sequence[PreparedFile]:
    """What the viewer asked for within the last day, newest first."""
    return db.scalars(
        select(PreparedFile)
        .where(PreparedFile.expires_at > viewer.now(), policy.own_prepared_files(viewer))
        .order_by(PreparedFile.asked_at.desc())
        .limit(MOST_LISTED)
    ).all()


def fetch(
    db: SchoolSession, viewer: Viewer, file_id: uuid.UUID
) -> tuple[PreparedFile, list[uuid.UUID], Iterator[bytes]]:
    """A finished file, what it is of, and its bytes. Raises NothingThere, also where what it is of is no
    longer the viewer's to see, OutOfDate where that is only some of it, and NamesInside."""
    file = one(db, viewer, file_id)
    if file.state != "ready":
        raise NothingThere
    made = file.wanted
    if made.get("needs") and not viewer.may(made["needs"]):
        raise NothingThere
    subjects = [uuid.UUID(subject) for subject in made["subjects"]]
    if not makers()[file.kind].may_fetch(db, viewer, subjects):
        raise OutOfDate(made.get("again"))
    if viewer.names_hidden and not made.get("names_hidden"):
        raise NamesInside(made.get("again"))
    wrapped = db.scalars(select(School.file_key).where(School.id == viewer.school_id)).one()
    return file, subjects, db.app.storage.read(wrapped or "", viewer.school_id, file.id)


def forget_expired(app: Application, school_id: int, now: dt.datetime) -> int:
    """Removes the bytes of files that expired, and what they were wanted for; returns how many."""
    open_rows = select(PreparedFile.id).where(PreparedFile.expires_at <= now, PreparedFile.state != "expired")
    with app.session(school_id, writes=False) as db:
        ids = db.scalars(open_rows.limit(500)).all()
    for file_id in ids:
        app.storage.remove(school_id, file_id)
    if ids:
        with app.transaction(school_id) as db:
            _change(db, PreparedFile.id.in_(ids), state="expired", wanted={}, size=None)
    return len(ids)


# --- in the worker ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task:
    file_id: uuid.UUID
    viewer: Viewer
    wrapped_key: str


def _prepare(db: SchoolSession, viewer: Viewer, work: Work) -> _Task:
    """Whose file it is, with the rights of today. Raises Over."""
    file = db.get(PreparedFile, (viewer.school_id, uuid.UUID(work.payload["file"])))
    if file is None or file.state not in UNFINISHED or file.expires_at <= utc_now():
        raise Over
    wrapped = db.scalars(select(School.file_key).where(School.id == viewer.school_id)).one()
    return _Task(file.id, _asker(db, viewer, file.asked_by, work.payload), wrapped or "")


def _asker(db: SchoolSession, system: Viewer, user_id: uuid.UUID, asking: Mapping[str, Any]) -> Viewer:
    """Who asked, as they were logged in then, with the permissions of today. One who was deactivated, or lost
    every key that they had, is nobody: their file is not made. Who was vouched for by a provider had none."""
    user = db.get_one(User, (system.school_id, user_id))
    keyed = bool(db.scalar(select(policy.holds_key(user.account_id))))
    is_nobody = user.deactivated_at is not None or (asking["has_key"] and not keyed)
    access = cast(Access, "account" if is_nobody else asking["access"])
    viewer = identity.viewer_of(db, user, access, school=system.school, modules=system.modules, has_key=keyed)
    names = hider_of(db) if asking["names_hidden"] else None
    return replace(viewer.through("worker"), names=names)


def _deliver(app: Application, task: _Task) -> None:
    """Makes the file, stores it, and says that it is ready."""
    school_id, file_id = task.viewer.school_id, task.file_id
    begun = _begin(app, school_id, file_id)
    if begun is None:
        return
    state, kind, wanted, secret = begun
    try:
        if task.viewer.access == "account":
            raise NothingThere
        made = makers()[kind].make(
            Making(
                app,
                task.viewer,
                wanted,
                secret,
                lambda done, of: _progress(app, school_id, file_id, done, of),
            )
        )
        app.storage.remove(school_id, file_id)  # a half of it, of a worker that is gone
        stored = app.storage.write(task.wrapped_key, school_id, file_id, made.content, limit=LARGEST)
    except (NothingThere, Refused) as error:
        _fail(app, school_id, file_id, error)
    except Exception as error:
        if state == "again":
            _fail(app, school_id, file_id, error)
            return
        raise  # the outbox tries once more
    else:
        _ready(app, task.viewer, file_id, made, stored.size)


def _begin(
    app: Application, school_id: int, file_id: uuid.UUID
) -> tuple[str, str, Mapping[str, Any], str] | None:
    """Notes that it is being made, and whether again; None where it was begun twice before."""
    following = {"waiting": "making", "making": "again"}
    with app.transaction(school_id) as db:
        file = db.scalars(select(PreparedFile).where(PreparedFile.id == file_id).with_for_update()).one()
        if file.state not in following:
            if file.state == "again":
                _end(file, "failed")
                log.error("a file was begun twice and is given up", school=school_id, file=str(file_id))
            return None
        file.state = following[file.state]
        sealed = base64.b64decode(file.wanted["sealed"])
        secret = app.key.open(sealed, _context(file_id)).decode() if sealed else ""
        return file.state, file.kind, file.wanted["of"], secret


def _progress(app: Application, school_id: int, file_id: uuid.UUID, done: int, out_of: int) -> None:
    with app.transaction(school_id) as db:
        _change(db, PreparedFile.id == file_id, done=done, out_of=out_of)


def _ready(app: Application, viewer: Viewer, file_id: uuid.UUID, made: Made, size: int) -> None:
    with app.transaction(viewer.school_id) as db:
        file = db.get_one(PreparedFile, (viewer.school_id, file_id))
        _end(
            file,
            "ready",
            [str(subject) for subject in made.subjects],
            names_hidden=viewer.names_hidden,
            needs=made.needs,
            again=made.again,
        )
        file.name, file.media_type, file.size = made.name, made.media_type, size
        audit.record(db, viewer, made.event, made.subjects, **made.details)


def _fail(app: Application, school_id: int, file_id: uuid.UUID, error: Exception) -> None:
    log.error(
        "a file could not be made",
        school=school_id,
        file=str(file_id),
        error=type(error).__name__,
        at=place_of(error),
    )
    app.storage.remove(school_id, file_id)
    with app.transaction(school_id) as db:
        _end(db.get_one(PreparedFile, (school_id, file_id)), "failed")


def _end(file: PreparedFile, state: str, subjects: Sequence[str] = (), **made: Any) -> None:
    """What was wanted, and the sealed password, are needed no more; what it is of, and how it was made, says
    who may fetch it."""
    file.state, file.wanted = state, {"subjects": list(subjects), **made}


def _change(db: SchoolSession, which: Any, **values: Any) -> None:
    db.execute(
        update(PreparedFile).where(which).values(**values).execution_options(synchronize_session=False)
    )


def _context(file_id: uuid.UUID) -> str:
    return f"password of the prepared file {file_id}"


PREPARED_FILE = DeliverySpec(TASK, _prepare, _deliver)
