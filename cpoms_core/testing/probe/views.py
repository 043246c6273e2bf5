"""The probe's pages."""

from __future__ import annotations

import uuid
from typing import Any

from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.testing.probe.models import ProbeNote


def notes(request: Request) -> dict[str, Any]:
    """Every note of the school."""
    return {"notes": list(request.db.scalars(select(ProbeNote.text).order_by(ProbeNote.id)))}


def note(request: Request) -> dict[str, Any]:
    """One note."""
    try:
        note_id = uuid.UUID(request.matchdict["note_id"])
    except ValueError:
        raise HTTPNotFound from None
    found = request.db.get(ProbeNote, (request.school_id, note_id))
    if found is None:
        raise HTTPNotFound
    return {"note": found.text}


def echo(request: Request) -> dict[str, Any]:
    """Says that the module answered."""
    return {"method": request.method}


def student(request: Request) -> dict[str, Any]:
    """Says which student was asked for."""
    return {"student": request.matchdict["student_id"]}


def asked(request: Request) -> dict[str, Any]:
    """Says which incident or action was asked for."""
    return dict(request.matchdict)
