"""Drafts of half-typed forms (INC-10), for their author only. A draft is no record.

A form is named by what it adds to or edits: `incident` and `incident-<student id>` (Add incident),
`action-<incident id>` (Add action), `edit-incident-<id>` and `edit-action-<id>`, whose fields say which
version they were opened with."""

from __future__ import annotations

import re
import uuid
from typing import Any, Literal

from sqlalchemy import bindparam, delete, select

from cpoms_core.access.viewer import Viewer
from cpoms_core.database.types import Id
from cpoms_core.incidents.models import Action, ActionVersion, Draft, Incident, IncidentVersion
from cpoms_core.tenancy.scope import SchoolSession, built_once

EDIT = re.compile(r"edit-(?P<kind>incident|action)-(?P<id>[0-9a-f-]{36})")


def edit_key(kind: Literal["incident", "action"], record_id: uuid.UUID) -> str:
    """The name of the form that edits a record."""
    return f"edit-{kind}-{record_id}"


def read(db: SchoolSession, viewer: Viewer, form: str) -> Draft | None:
    """The viewer's own draft of a form."""
    return db.get(Draft, (viewer.school_id, viewer.acting_user, form))


def save(
    db: SchoolSession, viewer: Viewer, form: str, fields: dict[str, Any], submission: uuid.UUID | None
) -> None:
    """Keeps what is typed so far. What was submitted already is dropped when it arrives late: it would come
    back as a second concern, or over the version that it became. Other words from a page with the same form
    are another concern, and kept."""
    if (of := EDIT.fullmatch(form)) is not None and _became_version(
        db, viewer, of["kind"], uuid.UUID(of["id"]), dict(fields["fields"])
    ):
        return
    submitted = _submitted(db, viewer, submission) if submission is not None else None
    if submitted is not None:
        typed = str(dict(fields["fields"]).get("text", ""))
        if typed.splitlines() == submitted.splitlines():  # a submit sends other line ends than a script
            return
        fields = {**fields, "submission": ""}
    draft = read(db, viewer, form)
    if draft is None:
        draft = Draft(school_id=viewer.school_id, user_id=viewer.acting_user, form=form)
        db.add(draft)
    draft.fields, draft.saved_at = fields, viewer.now()


FORGET = built_once(
    delete(Draft)
    .where(Draft.user_id == bindparam("author", type_=Id), Draft.form == bindparam("name"))
    .execution_options(synchronize_session=False)
)


def forget(db: SchoolSession, viewer: Viewer, form: str) -> None:
    """Drops a draft whose form was submitted."""
    db.execute(FORGET, {"author": viewer.acting_user, "name": form})


def _became_version(
    db: SchoolSession, viewer: Viewer, kind: str, record_id: uuid.UUID, typed: dict[str, str]
) -> bool:
    """Whether the viewer has saved these words of an edit form as a later version than it was opened with."""
    version = typed.get("version", "")
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        return False
    table: Any = IncidentVersion if kind == "incident" else ActionVersion
    record = table.incident_id if kind == "incident" else table.action_id
    own = select(table.content).where(
        record == record_id, table.version > int(version), table.made_by == viewer.acting_user
    )
    words = typed.get("text", "").splitlines()
    return any(content["text"].splitlines() == words for content in db.scalars(own))


def _submitted(db: SchoolSession, viewer: Viewer, submission: uuid.UUID) -> str | None:
    """The text of the viewer's record that a form became, if it did."""
    for record in (Incident, Action):
        own = select(record.text).where(
            record.submission == submission, record.author_id == viewer.acting_user
        )
        if (text := db.scalar(own)) is not None:
            return text
    return None
