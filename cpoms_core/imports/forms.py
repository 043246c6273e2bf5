"""The form that takes a file to import."""

from __future__ import annotations

from collections.abc import Sequence

from webob.multidict import MultiDict
from wtforms import FileField, SelectField

from cpoms_core.imports.records import MisSource
from cpoms_core.web.form_words import Form

MEGABYTE = 1024 * 1024


class UploadForm(Form):
    """A file, and which system it comes from where the school has several."""

    source = SelectField("It comes from")
    file = FileField("File")


def upload_form(sources: Sequence[MisSource], posted: MultiDict[str, object] | None = None) -> UploadForm:
    """The form for a school's sources; there is at least one."""
    form = UploadForm(posted)
    form.source.choices = [(source.name, source.title) for source in sources]
    form.file.description = " ".join(
        f"{source.title}: {', '.join(source.accepts)}, up to {source.max_bytes // MEGABYTE} MB."
        for source in sources
    )
    return form
