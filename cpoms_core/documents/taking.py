"""Taking the files of a posted form in, before the page asks the database anything: while a slow storage or
scanner is waited for, nobody else's change must be (docs/architecture.md, One writer)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from pyramid.request import Request

from cpoms_core.audit.services import entry
from cpoms_core.documents.services import FileRefused, Incoming, Upload, taken_in
from cpoms_core.errors import Refused
from cpoms_core.hooks.types import FieldError
from cpoms_core.web.forms import BuiltForm


class Taken:
    """What was stored for a form and is not yet named by anything. Unless it is kept, it is forgotten when
    the request ends."""

    def __init__(self, request: Request) -> None:
        self._stack = ExitStack()
        self._kept = False
        request.add_finished_callback(self._end)

    def _end(self, _request: Request) -> None:
        if self._kept:
            self._stack.close()
        else:
            self._stack.__exit__(_Forgotten, _Forgotten(), None)


class TakenFiles(Taken):
    """The files of a form, or why they were refused."""

    def __init__(self, request: Request, needs: str) -> None:
        super().__init__(request)
        self.documents: list[Incoming] = []
        self.refused: Refused | None = None
        try:
            self.documents = self._stack.enter_context(
                taken_in(request.app, request.viewer, uploads_of(request), needs=needs)
            )
        except Refused as error:
            self.refused = error
            if isinstance(error, FileRefused) and error.event:
                noted = entry(request.viewer, error.event, (), **error.facts)
                request.afterwards.entries.append(noted)

    def accepted_by(self, form: BuiltForm) -> bool:
        """Whether they can be handed on; if not, the form says why."""
        if self.refused is not None:
            form.object_to([FieldError("files", self.refused.message)])
        return self.refused is None

    @contextmanager
    def kept(self) -> Iterator[list[Incoming]]:
        """The files, for a change that names them; they stay if it does not raise."""
        yield self.documents
        self._kept = True


class _Forgotten(BaseException):
    """Nothing names the files."""


def take_files(request: Request, needs: str = "files:attach") -> TakenFiles:
    """Takes in the files of the posted form, its field `files`, for who has the permission `needs`. A view
    calls it before it asks the database for anything."""
    return TakenFiles(request, needs)


def uploads_of(request: Request) -> list[Upload]:
    """The files that came with a form, by the field `files`."""
    parts: list[Any] = request.POST.getall("files")
    return [Upload(part.filename, part.file) for part in parts if getattr(part, "filename", None)]
