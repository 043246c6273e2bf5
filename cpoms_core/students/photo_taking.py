"""Taking the photo of a posted form in, before the page asks the database anything, as `documents.taking`
does with files: while it is drawn and stored, nobody else's change waits."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from pyramid.request import Request

from cpoms_core.documents.taking import Taken
from cpoms_core.errors import Refused
from cpoms_core.students.photos import FIELD, photo_taken_in


class TakenPhoto(Taken):
    """The photo of a form, stored and not yet named by anything, if one came."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self._photo_id: uuid.UUID | None = None
        self._refused: Refused | None = None
        part = request.POST.get(FIELD)
        stream = part.file if getattr(part, "filename", None) else None
        try:
            self._photo_id = self._stack.enter_context(photo_taken_in(request.app, request.viewer, stream))
        except Refused as error:
            self._refused = error

    @contextmanager
    def kept(self) -> Iterator[uuid.UUID | None]:
        """The photo, for a change that names it; it stays if that does not raise. Raises Refused where it is
        none that can be shown."""
        if self._refused is not None:
            raise self._refused
        yield self._photo_id
        self._kept = True


def take_photo(request: Request) -> TakenPhoto:
    """Takes in the photo of the posted form."""
    return TakenPhoto(request)
