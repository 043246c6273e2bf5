"""Reading the versions of an incident or action: who made each, when, what kind it is and why, and how it
differs from the one before it (EDT-01)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.names import staff_name
from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.queries import file_names, files_of
from cpoms_core.errors import NothingThere
from cpoms_core.incidents.differences import Piece, difference, shortened
from cpoms_core.incidents.models import (
    Action,
    ActionVersion,
    Agency,
    Category,
    Incident,
    IncidentPart,
    IncidentVersion,
)
from cpoms_core.incidents.services.contents import Content
from cpoms_core.incidents.services.editing import changed_fields, ids_of, moment_of
from cpoms_core.incidents.students_named import students_named
from cpoms_core.incidents.withheld import Withheld, known_of, other_of, withheld
from cpoms_core.modules.kept_fields import FieldLine, FieldsInWords
from cpoms_core.tenancy.scope import SchoolSession

PAGE = 20
NOBODY = "The system"
UNTOLD = ("Recorded", "Edited")
"""What is said of a first version, and of a later one, that came of merging or splitting with an incident
which the viewer may not know of: what is said of any other."""


@dataclass(frozen=True, slots=True)
class Line:
    """A field of a version that differs from the one before: what it was and what it is, in words."""

    label: str
    was: str
    now: str


@dataclass(slots=True)
class VersionShown:
    """A version: `made` in the school's time; `words` say what kind it is. `text`: the whole, where it is not
    the text of the version before; `pieces`: how it differs from that. `other`: the incident that it speaks
    of."""

    version: int
    words: str
    made: dt.datetime
    by_name: str
    reason: str
    text: str = ""
    pieces: Sequence[Piece] = ()
    lines: list[Line] = field(default_factory=list)
    other: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class History:
    """A page of the versions of an incident or action, newest first. `newest`: the number of the newest
    version of all; `earlier`: that of the last one here, where there are earlier ones. `lives_on`: as an
    action, merged, or as an incident, split off: there is nothing to restore. `action_id`: of an action;
    `was_incident`: the incident that it was before it was merged; `was_actions`: what an incident was before
    it was split off, with when it was."""

    incident_id: uuid.UUID
    number: int
    versions: Sequence[VersionShown]
    newest: int
    earlier: int | None
    deleted: bool
    lives_on: bool = False
    action_id: uuid.UUID | None = None
    was_incident: uuid.UUID | None = None
    was_actions: Sequence[tuple[uuid.UUID, dt.datetime]] = ()


def of_incident(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID, before: int | None = None
) -> History:
    """A page of an incident's versions, for who may edit it, or could if it were not deleted, or may edit the
    action that it was merged into. `before`: those earlier than this version. Raises NothingThere."""
    may = or_(policy.kept_incidents(viewer), policy.merged_incidents(viewer))
    incident = db.scalars(select(Incident).where(Incident.id == incident_id, may)).first()
    if incident is None:
        raise NothingThere
    rows = _rows(db, IncidentVersion, IncidentVersion.incident_id == incident.id, before)
    merged = incident.merged_into is not None
    return History(
        incident_id=incident.id,
        number=incident.number,
        versions=_shown(db, viewer, rows, withheld(db, viewer, incident)),
        newest=incident.version,
        earlier=rows[PAGE - 1][0].version if len(rows) > PAGE else None,
        deleted=incident.deleted_at is not None and not merged,
        lives_on=merged,
        was_actions=_was_actions(db, viewer, incident.id),
    )


def _was_actions(
    db: SchoolSession, viewer: Viewer, incident_id: uuid.UUID
) -> list[tuple[uuid.UUID, dt.datetime]]:
    """The actions that an incident was: none, one, or more where it was merged and split off again. That it
    was merged with one that the viewer may not know of is not told; its own versions have what was there."""
    rows = db.execute(
        select(Action.id, Action.deleted_at, Action.incident_id, Action.was_incident)
        .where(Action.became_incident == incident_id, policy.split_actions(viewer))
        .order_by(Action.deleted_at.desc(), Action.id)
    ).all()
    known = known_of(db, viewer, {row.incident_id for row in rows if row.was_incident is not None})
    told = [row for row in rows if row.was_incident is None or row.incident_id in known]
    return [(row.id, viewer.local(row.deleted_at)) for row in told]


def of_action(db: SchoolSession, viewer: Viewer, action_id: uuid.UUID, before: int | None = None) -> History:
    """As `of_incident`, of an action, also one that was split off as an incident of the viewer's to edit."""
    found = db.execute(
        select(Action, Incident.number)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.id == action_id, or_(policy.kept_actions(viewer), policy.split_actions(viewer)))
    ).first()
    if found is None:
        raise NothingThere
    action, number = found
    if action.became_incident is not None and not known_of(db, viewer, {action.incident_id}):
        became = db.get_one(Incident, (action.school_id, action.became_incident))
        number = became.number  # what it was split off from is hidden; what it is now is not
    rows = _rows(db, ActionVersion, ActionVersion.action_id == action.id, before)
    return History(
        incident_id=action.incident_id,
        number=number,
        versions=_shown(db, viewer, rows, withheld(db, viewer, action)),
        newest=action.version,
        earlier=rows[PAGE - 1][0].version if len(rows) > PAGE else None,
        deleted=action.deleted_at is not None and action.became_incident is None,
        lives_on=action.became_incident is not None,
        action_id=action.id,
        was_incident=action.was_incident,
    )


def _rows(db: SchoolSession, model: Any, of_it: Any, before: int | None) -> Sequence[Any]:
    """Versions, newest first, one more than a page: each is compared with the one after it in this list."""
    earlier = [model.version < before] if before else []
    return db.execute(
        select(model, staff_name().label("by_name"))
        .outerjoin(User, User.id == model.made_by)
        .where(of_it, *earlier)
        .order_by(model.version.desc())
        .limit(PAGE + 1)
    ).all()


def _shown(db: SchoolSession, viewer: Viewer, rows: Sequence[Any], secret: Withheld) -> list[VersionShown]:
    contents = [secret.told(version.content) for version, _by_name in rows]
    words = Words(db, viewer, contents)
    known = known_of(db, viewer, {other_of(content) for content in contents[:PAGE]})
    told = _files_told_of(db, viewer, contents)
    shown = []
    for at, (version, by_name) in enumerate(rows[:PAGE]):
        content = contents[at]
        older = contents[at + 1] if at + 1 < len(rows) else None
        other = other_of(content)
        moved = isinstance(version, ActionVersion) and secret.others  # with which it was is not told
        named = other is None or (other in known and not moved)
        shown.append(
            VersionShown(
                version=version.version,
                words=kind_in_words(version.kind, content) if named else UNTOLD[version.version > 1],
                made=viewer.local(version.made_at),
                by_name=by_name or NOBODY,
                reason=viewer.text(version.reason) if content.get("file") in told else "",
                lines=words.lines(older, content) if named else [],
                other=other if other in known else None,
            )
        )
        text = plain_text(viewer, content)
        before = plain_text(viewer, older) if older is not None else None
        if text != before:
            shown[-1].text = text
            shown[-1].pieces = shortened(difference(before, text)) if before is not None else ()
    return shown


def _files_told_of(db: SchoolSession, viewer: Viewer, contents: Iterable[Content]) -> set[str | None]:
    """The files of which the viewer is told why they were removed: those that they may restore (EDT-10). With
    None, for the versions that are about no file."""
    ids = {uuid.UUID(one["file"]) for one in contents if "file" in one}
    return {None, *(str(file.id) for file in files_of(db, viewer, ids) if file.kept)}


def plain_text(viewer: Viewer, content: Content) -> str:
    """The text of a version as the viewer may see it; line ends of different browsers are one."""
    return viewer.text(content["text"]).replace("\r\n", "\n").replace("\r", "\n")


def kind_in_words(kind: str, content: Content) -> str:
    """What a version is, as a person says it."""
    number = content.get("number")
    if kind == "merged":
        if "actions" in content:
            return f"Merged into incident {number}"
        incident = "linked" in content
        return (
            f"Incident {number} merged into this one" if incident else f"Came with incident {number}, merged"
        )
    if kind == "split":
        if "out_of" in content:
            return f"Split off from incident {number}"
        incident = "linked" in content
        return f"Action split off as incident {number}" if incident else f"Split off as incident {number}"
    if kind == "restored" and content.get("restored"):
        return f"Version {content['restored']} restored"
    return {
        "created": "Recorded",
        "edited": "Edited",
        "action added": "Categories added by an action",
        "student matched": "Student matched to the school’s register",
        "students added": "Students linked",
        "file removed": "File removed",
        "file restored": "File restored",
        "file destroyed": "File removed for good",
        "kept off": f"Kept off the records of students linked by merging incident {number}",
        "merge undone": f"Students no longer linked after incident {number} was split off again",
        "deleted": "Deleted",
        "training removed": "Removed as training",
        "restored": "Restored",
    }.get(kind, kind.capitalize())


LABELS = {
    "occurred_at": "Date and time",
    "categories": "Categories",
    "agencies": "Agencies",
    "linked": "Linked students",
    "part": "The student’s part in it",
    "documents": "Files",
    "on_linked": "On the linked students’ records",
    "share_documents": "Its files on the linked students’ records",
    "places": "On single linked students’ records",
}
NONE = "none"


class Words:
    """Says the fields of some contents in words; the names of all that they mention are read once."""

    def __init__(self, db: SchoolSession, viewer: Viewer, contents: Iterable[Content]) -> None:
        self._viewer = viewer
        contents = list(contents)
        linked = [one for content in contents for one in content.get("linked", [])]
        parts = {one.get("part") for one in [*linked, *contents]} - {None}
        self._names = {
            **_names(db, Category, contents, "categories"),
            **_names(db, Agency, contents, "agencies"),
            **{
                str(one): name
                for one, name in file_names(
                    db, viewer, {one for content in contents for one in ids_of(content, "documents")}
                ).items()
            },
            **_named(db, IncidentPart, {uuid.UUID(str(one)) for one in parts}),
        }
        self._fields = FieldsInWords(db, viewer, contents)
        places = [one for content in contents for one in content.get("places", [])]
        students = {uuid.UUID(one["student"]) for one in [*linked, *places]}
        self._students = {str(one): name for one, name in students_named(db, viewer, students).items()}

    def lines(self, older: Content | None, newer: Content) -> list[Line]:
        """What differs between two contents beside the text; nothing for a first one."""
        gone = _in_lines(self._fields.not_taken(newer))
        if older is None:
            return gone
        changed = [name for name in changed_fields(older, newer) if name in LABELS]
        lines = [
            Line(LABELS[name], self.say(name, older), self.say(name, newer))
            for name in LABELS
            if name in changed
        ]
        return lines + _in_lines(self._fields.changed(older, newer)) + gone

    def say(self, name: str, content: Content) -> str:
        """A field of a content in words."""
        value = content.get(name)
        if name == "occurred_at":
            moment = self._viewer.local(moment_of(content))
            return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M}"
        if name == "linked":
            return "; ".join(self._linked(one) for one in value or []) or NONE
        if name == "places":
            return "; ".join(self._place(one) for one in value or []) or NONE
        if isinstance(value, list):
            return ", ".join(sorted(self._names.get(str(one), "one that is gone") for one in value)) or NONE
        if isinstance(value, bool):
            return "yes" if value else "no"
        return self._names.get(str(value), "not said")

    def _linked(self, one: dict[str, Any]) -> str:
        ticks = [
            "monitored" if one["monitor"] else "",
            "with files" if one["share_documents"] else "",
            self._names.get(str(one.get("part")), ""),
        ]
        said = ", ".join(tick for tick in ticks if tick)
        name = self._students.get(one["student"], "another student")
        return f"{name} ({said})" if said else name

    def _place(self, one: dict[str, Any]) -> str:
        name = self._students.get(one["student"], "another student")
        if not one["shown"]:
            return f"not on that of {name}"
        return f"{name} ({'with' if one['share_documents'] else 'without'} files)"


def _in_lines(found: Iterable[FieldLine]) -> list[Line]:
    return [Line(one.label, one.was or NONE, one.now or NONE) for one in found]


def _names(db: SchoolSession, model: Any, contents: Sequence[Content], name: str) -> dict[str, str]:
    return _named(db, model, {one for content in contents for one in ids_of(content, name)})


def _named(db: SchoolSession, model: Any, ids: set[uuid.UUID]) -> dict[str, str]:
    if not ids:
        return {}
    return {
        str(row.id): row.name for row in db.execute(select(model.id, model.name).where(model.id.in_(ids)))
    }
