"""Storing a picture that is no document, a logo or a photo, before the transaction that will name it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.database.types import new_id
from cpoms_core.documents.services import file_key
from cpoms_core.errors import Refused


@contextmanager
def kept_picture(
    app: Application, viewer: Viewer, content: bytes, *, limit: int, unstored: Refused
) -> Iterator[uuid.UUID]:
    """Puts a picture into the storage under an id of its own; if what names it fails, it is forgotten again.

    limit: bytes. Raises `unstored` where the storage does not take it.
    """
    picture_id = new_id()
    try:
        wrapped = file_key(app, viewer.school_id)
        app.storage.write(wrapped, viewer.school_id, picture_id, io.BytesIO(content), limit=limit)
    except OSError:
        raise unstored from None
    try:
        yield picture_id
    except BaseException:
        with suppress(OSError):  # the sweep finds it a day later
            app.storage.remove(viewer.school_id, picture_id)
        raise
