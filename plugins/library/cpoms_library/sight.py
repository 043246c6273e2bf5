"""Who may see which file of the library, as SQL conditions on `LibraryFile` (LIB-04): the one place for it.

"View files" shows all of them. Without it, whoever was alerted to a file may open that one, then and later,
and whoever may add files sees their own. Without a key none of it counts unless the school allows that
(USR-12.1): the permissions themselves are left out of such a session, and an alert shows nothing.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from cpoms_core.access.viewer import Viewer
from cpoms_library.models import LibraryAlert, LibraryFile

VIEW, ADD = "library:view", "library:add"
WITHOUT_KEY = "library.without_key"


def reaches(viewer: Viewer) -> bool:
    """Whether the library is there at all for this session: it has a key, or the school needs none."""
    return viewer.elevated or bool(viewer.school.setting(WITHOUT_KEY))


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer may open the file."""
    return and_(LibraryFile.removed_at.is_(None), _right(viewer))


def changeable(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer may delete the file or bring it back (LIB-03): their own, or as an administrator any."""
    if viewer.may("admin") and viewer.may(VIEW):
        return true()
    return LibraryFile.added_by == viewer.user_id if viewer.may(ADD) else false()


def deletable(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer may delete the file."""
    return and_(visible(viewer), changeable(viewer))


def restorable(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer may bring the deleted file back."""
    return and_(_gone(viewer), LibraryFile.destroyed_at.is_(None))


def listed_as_deleted(viewer: Viewer) -> ColumnElement[bool]:
    """The viewer is shown that the file was deleted, also for good."""
    return _gone(viewer)


def _gone(viewer: Viewer) -> ColumnElement[bool]:
    return and_(LibraryFile.removed_at.is_not(None), changeable(viewer))


def _right(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.may(VIEW):
        return true()
    if not reaches(viewer):
        return false()
    alerted = exists().where(
        LibraryAlert.file_id == LibraryFile.id, LibraryAlert.recipient_id == viewer.user_id
    )
    return or_(alerted, LibraryFile.added_by == viewer.user_id) if viewer.may(ADD) else alerted
