"""The page for a file that cannot be had just now, or not any more: what is the matter, and what to do."""

from __future__ import annotations

import structlog
from pyramid.config import Configurator
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.documents.pictures import TooManyPictures
from cpoms_core.documents.sending import TooManyAtOnce
from cpoms_core.documents.storage import FileDamaged, FilesAway

log = structlog.get_logger()


def _away(_error: FilesAway, request: Request) -> Response:
    log.error("the place of the files does not answer")
    return _answer(request, 503, "The file cannot be reached", "away")


def _damaged(error: FileDamaged, request: Request) -> Response:
    log.error("a stored file is damaged or gone", what=str(error))
    return _answer(request, 500, "The file is damaged", "damaged")


def _busy(_error: TooManyAtOnce, request: Request) -> Response:
    return _later(request, "busy")


def _drawing(_error: TooManyPictures, request: Request) -> Response:
    return _later(request, "drawing")


def _later(request: Request, matter: str) -> Response:
    response = _answer(request, 503, "Try again in a minute", matter)
    response.retry_after = 60
    return response


def _answer(request: Request, status: int, title: str, matter: str) -> Response:
    response: Response = render_to_response(
        "cpoms_core:templates/documents/away.pt", {"title": title, "matter": matter}, request=request
    )
    response.status_int = status
    return response


def includeme(config: Configurator) -> None:
    config.add_exception_view(_away, context=FilesAway)
    config.add_exception_view(_damaged, context=FileDamaged)
    config.add_exception_view(_busy, context=TooManyAtOnce)
    config.add_exception_view(_drawing, context=TooManyPictures)
