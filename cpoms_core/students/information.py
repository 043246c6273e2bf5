"""Edit information: what the school itself keeps on a student (STU-03)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, delete, or_, select, true

from cpoms_core.access import policy
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import AutomaticAlert
from cpoms_core.alerts.services import active_users, add_automatic, remove_automatic
from cpoms_core.audit import services as audit
from cpoms_core.database.rows import insert_rows
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.incidents.models import Agency, Category
from cpoms_core.outbox.retries import keep_for_retry
from cpoms_core.students import versions
from cpoms_core.students.models import Monitoring, Student, StudentAgency, StudentLink
from cpoms_core.students.monitoring_changes import Wish, update_monitoring
from cpoms_core.students.names import fold
from cpoms_core.tenancy.scope import SchoolSession

LONGEST_SUMMARY = 1_000  # characters
LONGEST_KEYWORD = 60  # characters
MOST_KEYWORDS = 40
LONGEST_KIND = 40  # characters
PERMISSION = "incidents:edit"


@dataclass(frozen=True, slots=True)
class Information:
    """What the form holds. Automatic alerts and monitoring are changes against what the form showed, so that
    what others began or ended meanwhile stays.

    seen: the version that the form was opened at. link_ids, link_kind: further students linked, and as what.
    unlinked: linked students to be taken off. photo_id: a photo that is in the storage already. not_taken:
    what was typed in modules' fields that are no longer there (`BuiltForm.not_taken`), kept with the version.
    """

    seen: int
    summary: str = ""
    keywords: Sequence[str] = ()
    agency_ids: Collection[uuid.UUID] = ()
    link_ids: Collection[uuid.UUID] = ()
    link_kind: str = ""
    unlinked: Collection[uuid.UUID] = ()
    alert: Collection[uuid.UUID] = ()
    no_longer_alert: Collection[uuid.UUID] = ()
    monitor: Collection[uuid.UUID] = ()
    no_longer_monitor: Collection[uuid.UUID] = ()
    photo_id: uuid.UUID | None = None
    remove_photo: bool = False
    module_values: Mapping[str, Any] = field(default_factory=dict)
    not_taken: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the form begins with. `alerted`: who is told automatically; `monitored`: categories that the
    viewer may see; both by id."""

    student: Student
    agency_ids: list[uuid.UUID]
    alerted: list[uuid.UUID]
    monitored: list[uuid.UUID]


def may_edit(viewer: Viewer) -> bool:
    """Whether the viewer may edit any student at all; which ones is policy's (`editable_students`)."""
    return viewer.elevated and viewer.may("students:details") and viewer.may(PERMISSION)


def stored_information(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID) -> Stored:
    """What is kept now, in four queries. Raises NothingThere."""
    student = db.scalars(
        select(Student).where(Student.id == student_id, policy.editable_students(viewer))
    ).first()
    if student is None:
        raise NothingThere
    agencies = select(StudentAgency.agency_id).where(StudentAgency.student_id == student_id)
    told = select(AutomaticAlert.user_id).where(AutomaticAlert.student_id == student_id)
    monitored = (
        select(Category.id)
        .join(Monitoring, Monitoring.category_id == Category.id)
        .where(
            Monitoring.student_id == student_id,
            Monitoring.ended_at.is_(None),
            policy.monitored_categories(viewer),
        )
    )
    return Stored(
        student, list(db.scalars(agencies)), list(db.scalars(told)), list(db.scalars(monitored).unique())
    )


def stored_version(db: SchoolSession, student_id: uuid.UUID, viewer: Viewer | None = None) -> int:
    """The newest version of a student whose record was opened. Raises NothingThere where a viewer is given
    who may not edit it."""
    condition = policy.editable_students(viewer) if viewer else true()
    found = db.scalar(select(Student.version).where(Student.id == student_id, condition))
    if found is None:
        raise NothingThere
    return found


def categories_offered(
    db: SchoolSession, viewer: Viewer, monitored: Collection[uuid.UUID]
) -> Sequence[Category]:
    """The categories that the form shows: those whose monitoring the viewer may see, a disabled one only
    where the student is monitored for it."""
    shown = or_(Category.disabled_at.is_(None), Category.id.in_(monitored))
    return db.scalars(
        select(Category).where(policy.monitored_categories(viewer), shown).order_by(Category.name)
    ).all()


def agencies_offered(db: SchoolSession, involved: Collection[uuid.UUID]) -> Sequence[tuple[uuid.UUID, str]]:
    """The agencies that may be chosen: those in use, and those that are involved already."""
    usable = or_(Agency.disabled_at.is_(None), Agency.id.in_(involved))
    rows = db.execute(select(Agency.id, Agency.name).where(usable).order_by(Agency.name))
    return [(row.id, row.name) for row in rows]


def save_information(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, new: Information) -> Student:
    """Saves the form as a further version, with monitoring, automatic alerts and the modules' parts.

    Raises NothingThere, Refused (what was typed cannot be) and `versions.ChangedMeanwhile`; then nothing may
    be kept of it.
    """
    student = versions.take_turn(db, viewer, student_id, new.seen)
    before = versions.content_of(db, student)
    student.summary = _summary(new.summary)
    student.keywords = keywords(new.keywords)
    student.keyword_text = fold(" ".join(student.keywords))
    if new.photo_id or new.remove_photo:
        student.photo_id = new.photo_id
    _set_agencies(db, student_id, set(new.agency_ids))
    others = _set_links(db, viewer, student_id, new)
    after = versions.keep(db, viewer, student, new.module_values, new.not_taken)
    for other in versions.bump(db, others):
        versions.keep(db, viewer, other)
    _set_alerts(db, viewer, student_id, new)
    _set_monitoring(db, viewer, student_id, new)
    audit.record(
        db,
        viewer,
        "student.edited",
        [student_id, *sorted(others)],
        version=student.version,
        parts=versions.changed_parts(before, after),
    )
    db.app.hooks.effect(
        "student_saved",
        db,
        viewer,
        keep_for_retry(db, viewer),
        student_id=student_id,
        version=student.version,
        values=dict(new.module_values),
    )
    return student


def _summary(text: str) -> str:
    summary = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if len(summary) > LONGEST_SUMMARY:
        raise Refused(f"Use at most {LONGEST_SUMMARY:,} characters.", "summary")
    return summary


def keywords(typed: Sequence[str]) -> list[str]:
    """Keywords as they are kept: single spaces, each once whatever its capitals. Raises Refused."""
    found: dict[str, str] = {}
    for word in (" ".join(one.split()) for one in typed):
        if len(word) > LONGEST_KEYWORD:
            raise Refused(f"A keyword has at most {LONGEST_KEYWORD} characters.", "keywords")
        if word:
            found.setdefault(fold(word), word)
    if len(found) > MOST_KEYWORDS:
        raise Refused(f"Give at most {MOST_KEYWORDS} keywords.", "keywords")
    return list(found.values())


def _set_agencies(db: SchoolSession, student_id: uuid.UUID, wanted: set[uuid.UUID]) -> None:
    involved = set(db.scalars(select(StudentAgency.agency_id).where(StudentAgency.student_id == student_id)))
    offered = {agency for agency, _name in agencies_offered(db, involved)}
    if not wanted <= offered:
        raise Refused("One of these agencies can no longer be used. Choose again.", "agencies")
    gone = involved - wanted
    if gone:
        db.execute(
            delete(StudentAgency)
            .where(StudentAgency.student_id == student_id, StudentAgency.agency_id.in_(gone))
            .execution_options(synchronize_session=False)
        )
    rows = [
        {"school_id": db.school_id, "student_id": student_id, "agency_id": one}
        for one in sorted(wanted - involved)
    ]
    insert_rows(db, StudentAgency, rows)


def _set_links(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, new: Information) -> set[uuid.UUID]:
    """Adds and takes off the school's own links, in both directions, with students whom the viewer sees;
    answers the other students whose record changes by it."""
    asked = {*new.link_ids, *new.unlinked}
    if student_id in asked:
        raise Refused("A student cannot be linked with themselves.", "link_students")
    if not asked:
        return set()
    seen = set(db.scalars(select(Student.id).where(Student.id.in_(asked), policy.visible_students(viewer))))
    if not asked <= seen:
        raise Refused("One of these students is not known. Choose again.", "link_students")
    kind = " ".join(new.link_kind.split())
    if new.link_ids and not kind:
        raise Refused("Say what they are to each other, for example friend or cousin.", "link_kind")
    if len(kind) > LONGEST_KIND:
        raise Refused(f"Use at most {LONGEST_KIND} characters.", "link_kind")
    own = and_(StudentLink.student_id == student_id, StudentLink.from_mis.is_(False))
    present = dict(
        db.execute(
            select(StudentLink.other_id, StudentLink.kind).where(own, StudentLink.other_id.in_(asked))
        ).all()
    )
    added = {one for one in new.link_ids if present.get(one) != kind}
    gone = {one for one in {*new.unlinked} - {*new.link_ids} if one in present}
    _unlink(db, student_id, gone | (added & present.keys()))
    rows = [
        {"school_id": db.school_id, "student_id": one, "other_id": other, "from_mis": False, "kind": kind}
        for pair in sorted(added)
        for one, other in ((student_id, pair), (pair, student_id))
    ]
    insert_rows(db, StudentLink, rows)
    return added | gone


def _unlink(db: SchoolSession, student_id: uuid.UUID, others: Collection[uuid.UUID]) -> None:
    if not others:
        return
    here = and_(StudentLink.student_id == student_id, StudentLink.other_id.in_(others))
    there = and_(StudentLink.other_id == student_id, StudentLink.student_id.in_(others))
    db.execute(
        delete(StudentLink)
        .where(StudentLink.from_mis.is_(False), or_(here, there))
        .execution_options(synchronize_session=False)
    )


def _set_alerts(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, new: Information) -> None:
    for user_id in dict.fromkeys(new.alert):
        add_automatic(db, viewer, user_id, student_id=student_id)
    ended = active_users(db, list(new.no_longer_alert))
    for user_id in sorted(ended):
        remove_automatic(db, viewer, user_id, student_id=student_id)


def _set_monitoring(db: SchoolSession, viewer: Viewer, student_id: uuid.UUID, new: Information) -> None:
    """Begins and ends now; with a sub-category its parent begins, as on an incident (INC-09), unless it is
    disabled."""
    today = viewer.local(viewer.now()).date()
    chosen = set(new.monitor)
    if chosen:
        parents = select(Category.parent_id).where(
            Category.id.in_(chosen), Category.parent_id.is_not(None), policy.monitored_categories(viewer)
        )
        used = select(Category.id).where(Category.id.in_(parents), Category.disabled_at.is_(None))
        chosen |= set(db.scalars(used))
    try:
        for category in sorted(chosen):
            update_monitoring(db, viewer, [student_id], Wish("add", category, today))
        for category in sorted({*new.no_longer_monitor} - chosen):
            update_monitoring(db, viewer, [student_id], Wish("remove", category, today))
    except NothingThere:
        raise Refused("One of these categories can no longer be used. Choose again.", "monitored") from None
