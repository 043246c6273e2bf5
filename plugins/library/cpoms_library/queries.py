"""Reading the library, always through `sight`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select
from sqlalchemy.orm import aliased

from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.answers import StoredFile, opens_in_browser
from cpoms_core.documents.kinds import ending_of, shown_as_picture
from cpoms_core.documents.logo_change import LARGEST as LARGEST_LOGO
from cpoms_core.documents.queries import Removed, number_in_words
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.names import fold
from cpoms_library import sight
from cpoms_library.models import LibraryAlert, LibraryFile

PAGE = 50
REMOVER = aliased(User)
AGAIN = aliased(LibraryAlert)
SORTS: dict[str, tuple[Any, bool]] = {
    "newest": (LibraryFile.added_at, True),
    "oldest": (LibraryFile.added_at, False),
    "name": (LibraryFile.sort_name, False),
    "name-down": (LibraryFile.sort_name, True),
    "largest": (LibraryFile.size, True),
    "smallest": (LibraryFile.size, False),
}
"""Orders of the list, each by a column and whether downwards."""
LOGOS = ("image/jpeg", "image/png")
MOST_LOGOS = 24


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as pages show it; its name is the viewer's to see, times are the school's."""

    id: uuid.UUID
    label: str  # "D-12"
    name: str
    size: int  # bytes
    media_type: str
    added_by: str
    added: dt.datetime
    alerted: int  # users who were alerted to it
    read: int  # those of them who have read it
    deletable: bool
    removed: Removed | None

    @property
    def kind(self) -> str:
        """The ending, as people say it: "PDF"."""
        return ending_of(self.name).upper() or "File"

    @property
    def opens(self) -> bool:
        """It is shown in the browser, and not only saved."""
        return opens_in_browser(self.media_type, self.size)

    @property
    def picture(self) -> bool:
        return shown_as_picture(self.media_type, self.size)

    @property
    def may_be_logo(self) -> bool:
        return self.media_type in LOGOS and self.size <= LARGEST_LOGO


def _users(*narrower: ColumnElement[bool]) -> Any:
    """How many users have an alert to the enclosing statement's file."""
    return (
        select(func.count(distinct(LibraryAlert.recipient_id)))
        .where(LibraryAlert.file_id == LibraryFile.id, *narrower)
        .correlate(LibraryFile)
        .scalar_subquery()
    )


def _read() -> ColumnElement[bool]:
    """Condition on LibraryAlert: its user read the file, and was not alerted to it again since."""
    waits = exists().where(
        AGAIN.file_id == LibraryAlert.file_id,
        AGAIN.recipient_id == LibraryAlert.recipient_id,
        AGAIN.closed_at.is_(None),
    )
    return and_(LibraryAlert.closed_at.is_not(None), LibraryAlert.closed_by.is_(None), ~waits)


def _files(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return (
        select(
            LibraryFile,
            staff_name().label("added_by"),
            staff_name(REMOVER).label("removed_by"),
            _users().label("alerted"),
            _users(_read()).label("read"),
            sight.deletable(viewer).label("deletable"),
        )
        .join(User, User.id == LibraryFile.added_by)
        .outerjoin(REMOVER, REMOVER.id == LibraryFile.removed_by)
    )


def _row(viewer: Viewer, row: Any) -> FileRow:
    file: LibraryFile = row.LibraryFile
    removed = None
    if file.removed_at is not None:
        removed = Removed(
            row.removed_by or "the operator of this system",
            viewer.local(file.destroyed_at or file.removed_at),
            viewer.text(file.destroyed_reason or file.removed_reason),
            file.destroyed_at is not None,
        )
    return FileRow(
        file.id,
        number_in_words(file.number),
        viewer.text(file.name),
        file.size,
        file.media_type,
        row.added_by,
        viewer.local(file.added_at),
        row.alerted,
        row.read,
        bool(row.deletable),
        removed,
    )


def files(
    db: PluginSession,
    viewer: Viewer,
    *,
    sort: str = "newest",
    words: str = "",
    after: uuid.UUID | None = None,
) -> tuple[list[FileRow], uuid.UUID | None]:
    """A page of the files that the viewer may open, and the id of the last one where there are more.

    sort: of SORTS. words: only those whose names hold each of these. after: on from this file.
    """
    column, down = SORTS[sort]
    wanted = [LibraryFile.sort_name.contains(word, autoescape=True) for word in fold(words).split()]
    statement = _files(viewer).where(sight.visible(viewer), *wanted)
    order = (column.desc(), LibraryFile.id.desc()) if down else (column, LibraryFile.id)
    if after is not None:
        at = db.execute(select(column).where(LibraryFile.id == after)).first()
        if at is not None:
            statement = statement.where(_behind(column, at[0], after, down=down))
    rows = db.execute(statement.order_by(*order).limit(PAGE + 1)).all()
    shown = [_row(viewer, row) for row in rows[:PAGE]]
    return shown, shown[-1].id if len(rows) > PAGE else None


def _behind(column: Any, value: Any, file_id: uuid.UUID, *, down: bool) -> ColumnElement[bool]:
    if down:
        return or_(column < value, and_(column == value, LibraryFile.id < file_id))
    return or_(column > value, and_(column == value, LibraryFile.id > file_id))


def deleted(db: PluginSession, viewer: Viewer) -> list[FileRow]:
    """The deleted files that the viewer may bring back, and those of them that went for good."""
    statement = _files(viewer).where(sight.listed_as_deleted(viewer))
    rows = db.execute(statement.order_by(LibraryFile.removed_at.desc(), LibraryFile.id))
    return [_row(viewer, row) for row in rows]


def any_deleted(db: PluginSession, viewer: Viewer) -> bool:
    """Whether there is a deleted file to show to the viewer."""
    statement = select(LibraryFile.id).where(sight.listed_as_deleted(viewer)).limit(1)
    return db.scalar(statement) is not None


def file_of(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> FileRow:
    """One file that the viewer may open. Raises NothingThere."""
    row = db.execute(_files(viewer).where(LibraryFile.id == file_id, sight.visible(viewer))).first()
    if row is None:
        raise NothingThere
    return _row(viewer, row)


def file_to_delete(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> FileRow:
    """One file that the viewer may delete. Raises NothingThere."""
    row = db.execute(_files(viewer).where(LibraryFile.id == file_id, sight.deletable(viewer))).first()
    if row is None:
        raise NothingThere
    return _row(viewer, row)


def stored(db: PluginSession, viewer: Viewer, file_id: uuid.UUID) -> tuple[StoredFile, int]:
    """What is needed to send a file that the viewer may open, and its number. Raises NothingThere."""
    row = db.scalars(select(LibraryFile).where(LibraryFile.id == file_id, sight.visible(viewer))).first()
    if row is None:
        raise NothingThere
    name = viewer.text(row.name)
    return StoredFile(row.id, row.school_id, name, row.media_type, row.size), row.number


def logos(db: PluginSession, viewer: Viewer) -> list[FileRow]:
    """The newest pictures of the library that can be the school's logo (LIB-06)."""
    statement = (
        _files(viewer)
        .where(sight.visible(viewer), LibraryFile.media_type.in_(LOGOS), LibraryFile.size <= LARGEST_LOGO)
        .order_by(LibraryFile.added_at.desc(), LibraryFile.id)
        .limit(MOST_LOGOS)
    )
    return [_row(viewer, row) for row in db.execute(statement)]


def labels(db: PluginSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What files are called in the audit: those that the viewer may open, or sees among the deleted ones."""
    statement = select(LibraryFile.id, LibraryFile.number, LibraryFile.name).where(
        LibraryFile.id.in_(ids), or_(sight.visible(viewer), sight.listed_as_deleted(viewer))
    )
    return {
        row.id: f"file {number_in_words(row.number)} of the library, {viewer.text(row.name)}"
        for row in db.execute(statement)
    }


def named(db: PluginSession, ids: Collection[uuid.UUID]) -> list[uuid.UUID]:
    """Those of the stored files that are the library's and still have their bytes, deleted ones too."""
    statement = select(LibraryFile.id).where(LibraryFile.id.in_(ids), LibraryFile.destroyed_at.is_(None))
    return list(db.scalars(statement))
