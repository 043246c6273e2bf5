"""What audit entries were about, in words and links: only what the viewer may see by policy. A page of
entries costs one statement for each kind of record, whatever it holds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, or_, select

from cpoms_core.access import policy
from cpoms_core.access.models import AlertGroup, OpenIdProvider, SecurityKey, SoftKey, User, UserGroup
from cpoms_core.access.viewer import Viewer
from cpoms_core.documents.models import Document
from cpoms_core.imports.models import ImportRun
from cpoms_core.incidents.models import Action, Category, Incident
from cpoms_core.students.models import Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession

HIDDEN = "a record that you may not see"
Kind = Literal["", "incident", "student", "document", "user", "user group", "alert group", "import"]


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that an entry was about. kind and id: of the page that shows it; no kind: there is none for
    this viewer."""

    text: str
    kind: Kind = ""
    id: uuid.UUID | None = None


Reader = Callable[[Viewer, Collection[uuid.UUID]], Select[*tuple[Any, ...]]]
Writer = Callable[[Viewer, Any], Subject]


def _students(viewer: Viewer, ids: Collection[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    opens = policy.student_records(viewer).label("opens")
    return select(Student.id, Student, opens).where(Student.id.in_(ids), policy.visible_students(viewer))


def _actions(viewer: Viewer, ids: Collection[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return (
        select(Action.id, Incident.id.label("incident_id"), Incident.number)
        .join(Incident, Incident.id == Action.incident_id)
        .where(Action.id.in_(ids), policy.visible_actions(viewer))
    )


def _keys(kind: type[SoftKey | SecurityKey], ids: Collection[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    """Keys of the school's own people, those that were removed too."""
    return select(kind.id, kind.name).join(User, User.account_id == kind.account_id).where(kind.id.in_(ids))


def _named(kind: Any, ids: Collection[uuid.UUID]) -> Select[*tuple[Any, ...]]:
    return select(kind.id, kind.name).where(kind.id.in_(ids))


KINDS: tuple[tuple[Reader, Writer], ...] = (
    (
        lambda viewer, ids: select(Incident.id, Incident.number).where(
            Incident.id.in_(ids), policy.visible_incidents(viewer)
        ),
        lambda _viewer, row: Subject(f"incident {row.number}", "incident", row.id),
    ),
    (
        _students,
        lambda viewer, row: Subject(
            viewer.name(row.Student),
            *(("student", row.id) if row.opens else ()),  # type: ignore[arg-type]
        ),
    ),
    (
        _actions,
        lambda _viewer, row: Subject(f"an action on incident {row.number}", "incident", row.incident_id),
    ),
    (
        lambda viewer, ids: select(Document.id, Document.number, Document.name).where(
            Document.id.in_(ids), or_(policy.visible_documents(viewer), policy.kept_documents(viewer))
        ),
        lambda viewer, row: Subject(f"file D-{row.number}, {viewer.text(row.name)}", "document", row.id),
    ),
    (
        lambda _viewer, ids: select(User.id, User).where(User.id.in_(ids)),
        lambda _viewer, row: Subject(row.User.name, "user", row.id),
    ),
    (
        lambda _viewer, ids: _named(UserGroup, ids),
        lambda _viewer, row: Subject(f"user group {row.name}", "user group", row.id),
    ),
    (
        lambda _viewer, ids: _named(AlertGroup, ids),
        lambda _viewer, row: Subject(f"alert group {row.name}", "alert group", row.id),
    ),
    (
        lambda _viewer, ids: select(ImportRun.id, ImportRun.file_name).where(ImportRun.id.in_(ids)),
        lambda viewer, row: Subject(f"import of {viewer.text(row.file_name) or 'a file'}", "import", row.id),
    ),
    (lambda _viewer, ids: _keys(SoftKey, ids), lambda _viewer, row: Subject(f"key {row.name}")),
    (lambda _viewer, ids: _keys(SecurityKey, ids), lambda _viewer, row: Subject(f"key {row.name}")),
    (lambda _viewer, ids: _named(StudentGroup, ids), lambda _viewer, row: Subject(f"class {row.name}")),
    (lambda _viewer, ids: _named(Category, ids), lambda _viewer, row: Subject(f"category {row.name}")),
    (
        lambda _viewer, ids: _named(OpenIdProvider, ids),
        lambda _viewer, row: Subject(f"log-in provider {row.name}"),
    ),
)
"""Every kind of record that entries are about: how it is read through policy, and how it is called."""


def read_subjects(db: SchoolSession, viewer: Viewer, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Subject]:
    """What the viewer may see of these ids. Those that are missing in the answer are hidden, or gone."""
    wanted = set(ids)
    found: dict[uuid.UUID, Subject] = {}
    for read, write in KINDS:
        left = wanted - found.keys()
        if not left:
            break
        for row in db.execute(read(viewer, left)):
            found[row.id] = write(viewer, row)
    if left := wanted - found.keys():
        found |= _of_modules(db, viewer, left)
    return found


def _of_modules(db: SchoolSession, viewer: Viewer, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Subject]:
    """Those of the ids that are rows of modules that are on."""
    answers = db.app.hooks.collect_by_id("audit_subjects", db, viewer, ids=sorted(ids))
    return {one: Subject(parts[0].label) for one, parts in answers.items() if parts and one in ids}


def key_names(db: SchoolSession, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of keys, those that were removed too."""
    if not ids:
        return {}
    return {row.id: row.name for kind in (SoftKey, SecurityKey) for row in db.execute(_keys(kind, ids))}
