"""What the pages of the Form builder share: the three forms, and where they are."""

from __future__ import annotations

import uuid

from pyramid.request import Request

from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession

FORMS: dict[str, str] = {"incident": "Incident form", "action": "Action form", "student": "Student form"}


def form_name(request: Request) -> str:
    """Which of the forms a page is of. Raises NothingThere."""
    name = str(request.matchdict["form"])
    if name not in FORMS:
        raise NothingThere
    return name


def address_of(request: Request, name: str, said: str = "") -> str:
    """Of a form's page; said: what it says on top."""
    query = {"_query": {"said": said}} if said else {}
    return str(request.route_path("formbuilder.form", form=name, **query))


def field_address(request: Request, name: str, field_id: uuid.UUID) -> str:
    """Of the page of a custom field."""
    return str(request.route_path("formbuilder.field", form=name, field=field_id))


def own_db(request: Request) -> PluginSession:
    """The request's session, as hooks have it."""
    return PluginSession(request.db)
