"""Admin > Imports > Captions: which columns of the school's reports hold which fields (MIS-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from wtforms import Field

from cpoms_core.admin.guards import ChangedMeanwhile
from cpoms_core.errors import NothingThere
from cpoms_core.imports.captions import CaptionedField, captioned_of
from cpoms_core.imports.captions_form import FIELD, as_typed, captions_form, typed_captions
from cpoms_core.imports.own_captions import CaptionsRefused, mark, own_captions, save_captions, taken_from
from cpoms_core.imports.reading import sources_on
from cpoms_core.imports.records import MisSource
from cpoms_core.web.form_words import Form


@dataclass(frozen=True, slots=True)
class CaptionsLink:
    """The way to the captions of a source. own: for how many fields the school has captions of its own."""

    source: str
    title: str
    href: str
    own: int


def captions_links(request: Request) -> list[CaptionsLink]:
    """One for each source of the school that finds fields by captions."""
    return [
        CaptionsLink(
            source.name,
            source.title,
            request.route_path("admin-import-captions", source=source.name),
            len(own_captions(request.db, source)),
        )
        for source in sources_on(request.app, request.viewer)
        if captioned_of(source)
    ]


def captions(request: Request) -> dict[str, Any]:
    """Every field with its usual captions and the school's own."""
    return _stored_page(request, _source(request))


def save(request: Request) -> Any:
    """Keeps what was typed; what is wrong is said beside its field."""
    source = _source(request)
    form, seen = captions_form(captioned_of(source), posted=request.POST), request.POST.get("seen", "")
    request.response.status_int = 422
    try:
        save_captions(request.db, request.viewer, source, typed_captions(form), seen)
    except ChangedMeanwhile as error:
        request.tm.doom()
        return _stored_page(request, source, error.message)
    except CaptionsRefused as error:
        request.tm.doom()
        for name, message in error.errors.items():
            form[FIELD + name].errors = [message]
        return _page(request, source, form, seen, {})
    here = request.route_path("admin-import-captions", source=source.name, _query={"said": "saved"})
    return HTTPSeeOther(here)


def _source(request: Request) -> MisSource:
    """Raises NothingThere for a source that is not on, and for one that knows no captions."""
    for source in sources_on(request.app, request.viewer):
        if source.name == request.matchdict["source"] and captioned_of(source):
            return source
    raise NothingThere


def _stored_page(request: Request, source: MisSource, error: str = "") -> dict[str, Any]:
    own = own_captions(request.db, source)
    form = captions_form(captioned_of(source), given={name: as_typed(words) for name, words in own.items()})
    if error:
        form.form_errors.append(error)
    return _page(request, source, form, mark(own), taken_from(captioned_of(source), own))


def _page(
    request: Request,
    source: MisSource,
    form: Form,
    seen: str,
    taken: Mapping[str, Sequence[tuple[str, str]]],
) -> dict[str, Any]:
    return {
        "title": f"Captions of {source.title}",
        "form": form,
        "groups": [
            (group, [_part(form, field, taken) for field in fields])
            for group, fields in groupby(captioned_of(source), key=lambda field: field.group)
        ],
        "seen": seen,
        "source": source.title,
        "back_href": request.route_path("admin-imports"),
    }


def _part(
    form: Form, field: CaptionedField, taken: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[Field, str | None]:
    """A field of the form, and a note under it: a caption that it takes from another field."""
    notes = [
        f"“{caption}” is usually {title}, which is looked for under its other captions then."
        for caption, title in taken.get(field.name, ())
    ]
    return form[FIELD + field.name], " ".join(notes) or None
