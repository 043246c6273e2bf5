"""THE permission rules (USR-12), as SQL conditions. Every list, search, count, chart, export and page goes
through them, and nothing else decides who may see a row.

Each rule is written for `Eyes`: whoever looks, as SQL expressions. For the viewer of a request they are
constants; for "who could see this?" they are the columns of `User`. One rule, both questions.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, literal, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations

from cpoms_core.access.models import (
    Account,
    ClassAccess,
    ClassRestriction,
    GroupCategory,
    GroupPermission,
    PortalSession,
    SecurityKey,
    SoftKey,
    User,
)
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import Id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import GroupMember, Student, StudentGroup

Condition = ColumnElement[bool]


def _any(*tables: Any, where: Collection[Any]) -> Condition:
    """EXISTS over `tables`, everything else being the enclosing statement's. Said outright: SQLAlchemy alone
    correlates with the nearest enclosing statement only, and two levels down `user` became another FROM, so
    that any user's rights would have counted."""
    return select(literal(1)).select_from(*tables).where(*where).correlate_except(*tables).exists()


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whoever looks: the user, their group, and what their group permits, as SQL expressions."""

    user_id: ColumnElement[Any]
    group_id: ColumnElement[Any]
    sees_ungrouped: Condition
    permits: Callable[[str], Condition]


@dataclass(frozen=True, slots=True)
class Sight:
    """All of a viewer that the rules ask about: who they are and which permissions count in the session."""

    user_id: uuid.UUID | None
    group_id: uuid.UUID | None
    sees_ungrouped: bool
    elevated: bool
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def sight_of(viewer: Viewer) -> Sight:
    """What counts of a viewer; one who reaches only their account is nobody to the rules (ACC-15)."""
    user_id = None if viewer.access == "account" else viewer.user_id
    return Sight(user_id, viewer.group_id, viewer.sees_ungrouped, viewer.elevated, viewer.permissions)


def _for_viewer(rule: Callable[[Sight], Condition]) -> Callable[[Viewer | Sight], Condition]:
    """A rule's expression is kept for each sight: building it anew took longer than running its query. It
    holds no rows, only ids and permissions, so a change of either is another sight."""
    kept = lru_cache(maxsize=512)(rule)

    @wraps(rule)
    def condition(viewer: Viewer | Sight) -> Condition:
        return kept(viewer if isinstance(viewer, Sight) else sight_of(viewer))

    return condition


def eyes_of(viewer: Sight) -> Eyes:
    """The viewer of a session; permissions are those that count in it."""
    return Eyes(
        literal(viewer.user_id, Id),
        literal(viewer.group_id, Id),
        true() if viewer.sees_ungrouped else false(),
        lambda permission: true() if viewer.may(permission) else false(),
    )


def eyes_of_users() -> Eyes:
    """Every user of the school, with what they have in an elevated session."""
    return Eyes(
        User.id,  # type: ignore[arg-type]
        User.group_id,  # type: ignore[arg-type]
        User.sees_ungrouped,  # type: ignore[arg-type]
        lambda permission: _any(
            GroupPermission,
            where=[GroupPermission.group_id == User.group_id, GroupPermission.permission == permission],
        ),
    )


# --- students --------------------------------------------------------------------------------------------


def _in_class(eyes: Eyes, student_id: ColumnElement[Any]) -> Condition:
    """USR-09: with class restrictions off every class; with them on the listed users and groups only, and
    administrators are no exception; either kind of group suffices. A student without a group is for those
    who may see such students, but one typed in by staff is for everyone until an import matches it."""
    child = aliased(Student)  # the enclosing statement may select students itself
    grouped = _any(GroupMember, where=[GroupMember.student_id == student_id])
    typed_in = _any(
        child, where=[child.id == student_id, child.mis_source.is_(None), child.archived_at.is_(None)]
    )
    listed = _any(
        GroupMember,
        StudentGroup,
        ClassRestriction,
        ClassAccess,
        where=[
            GroupMember.student_id == student_id,
            StudentGroup.id == GroupMember.group_id,
            ClassRestriction.kind == StudentGroup.kind,
            ClassAccess.student_group_id == StudentGroup.id,
            ClassAccess.holder_id.in_([eyes.user_id, eyes.group_id]),
        ],
    )
    unrestricted = ~_any(ClassRestriction, where=[])
    return or_(
        and_(grouped, or_(unrestricted, listed)),
        and_(~grouped, or_(eyes.sees_ungrouped, typed_in)),
    )


@_for_viewer
def visible_students(viewer: Sight) -> Condition:
    """Condition on Student: may appear in the viewer's lists and searches."""
    eyes = eyes_of(viewer)
    return and_(
        true() if viewer.elevated else false(),
        eyes.permits("students:list"),
        _in_class(eyes, Student.id),  # type: ignore[arg-type]
    )


@_for_viewer
def student_records(viewer: Sight) -> Condition:
    """Condition on Student: the viewer may open the student's record."""
    return and_(visible_students(viewer), eyes_of(viewer).permits("students:details"))


@_for_viewer
def choosable_students(viewer: Sight) -> Condition:
    """Condition on Student: may be chosen on the Add incident form. Whoever may record a concern may record
    it about any child on roll; the form shows a name and a year only (INC-01)."""
    return and_(
        eyes_of(viewer).permits("incidents:add"),
        or_(Student.archived_at.is_(None), visible_students(viewer)),
    )


# --- incidents -------------------------------------------------------------------------------------------


def _sees_category(eyes: Eyes, category_id: ColumnElement[Any]) -> Condition:
    return _any(
        GroupCategory,
        where=[
            GroupCategory.group_id == eyes.group_id,
            GroupCategory.category_id == category_id,
            GroupCategory.view_incidents,
        ],
    )


def _full_sight(eyes: Eyes) -> Condition:
    """USR-12.3: View incidents on all of its categories, and one of its students in the viewer's classes; a
    whole-school incident has no student, so classes do not apply to it."""
    hidden_category = _any(
        IncidentCategory,
        where=[
            IncidentCategory.incident_id == Incident.id,
            ~_sees_category(eyes, IncidentCategory.category_id),  # type: ignore[arg-type]
        ],
    )
    own_student = _any(
        IncidentStudent,
        where=[
            IncidentStudent.incident_id == Incident.id,
            _in_class(eyes, IncidentStudent.student_id),  # type: ignore[arg-type]
        ],
    )
    return and_(
        eyes.permits("students:details"),
        ~hidden_category,
        or_(Incident.student_id.is_(None), own_student),
    )


def _alerted(eyes: Eyes) -> Condition:
    """USR-12.4: an open alert lets its recipient read that one incident, whatever their group."""
    return _any(
        Alert,
        where=[Alert.incident_id == Incident.id, Alert.recipient_id == eyes.user_id, Alert.read_at.is_(None)],
    )


@_for_viewer
def visible_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may read it (USR-12.1, 3 and 4)."""
    eyes = eyes_of(viewer)
    sight = or_(_full_sight(eyes), _alerted(eyes)) if viewer.elevated else _alerted(eyes)
    return and_(Incident.deleted_at.is_(None), sight)


@_for_viewer
def rightful_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer sees it by their own rights, not only through an alert."""
    if not viewer.elevated:
        return false()
    return and_(Incident.deleted_at.is_(None), _full_sight(eyes_of(viewer)))


@_for_viewer
def visible_actions(viewer: Sight) -> Condition:
    """Condition on Action: follows its incident."""
    return and_(
        Action.deleted_at.is_(None),
        _any(Incident, where=[Incident.id == Action.incident_id, visible_incidents(viewer)]),
    )


@_for_viewer
def student_names_in(viewer: Sight) -> Condition:
    """Condition on Student: may be named to this viewer on an incident they see; others appear as "another
    student" (USR-12.3). A recipient without sight of their own is told the names on that one incident."""
    return _in_class(eyes_of(viewer), Student.id)  # type: ignore[arg-type]


# --- categories ------------------------------------------------------------------------------------------


def _category_right(viewer: Sight, right: ColumnElement[bool]) -> Condition:
    return _any(
        GroupCategory,
        where=[
            GroupCategory.group_id == literal(viewer.group_id, Id),
            GroupCategory.category_id == Category.id,
            right,
        ],
    )


@_for_viewer
def addable_categories(viewer: Sight) -> Condition:
    """Condition on Category: the viewer may choose it on a form (INC-03)."""
    return and_(
        Category.disabled_at.is_(None),
        eyes_of(viewer).permits("incidents:add"),
        _category_right(viewer, GroupCategory.add_incidents),  # type: ignore[arg-type]
    )


@_for_viewer
def monitored_categories(viewer: Sight) -> Condition:
    """Condition on Category: the viewer may see who is monitored for it (USR-12.5)."""
    if not viewer.elevated:
        return false()
    return _category_right(viewer, GroupCategory.view_students)  # type: ignore[arg-type]


# --- documents -------------------------------------------------------------------------------------------


@_for_viewer
def visible_documents(viewer: Sight) -> Condition:
    """Condition on Document: it follows what it hangs on (USR-12.6)."""
    incident = _any(Incident, where=[Incident.id == Document.incident_id, visible_incidents(viewer)])
    action = _any(Action, where=[Action.id == Document.action_id, visible_actions(viewer)])
    on_incident = and_(incident, or_(Document.action_id.is_(None), action))
    in_vault = _any(Student, where=[Student.id == Document.student_id, student_records(viewer)])
    return and_(Document.removed_at.is_(None), or_(on_incident, in_vault))


# --- alerts ----------------------------------------------------------------------------------------------


@_for_viewer
def own_alerts(viewer: Sight) -> Condition:
    """Condition on Alert: open and the viewer's own (USR-12.1), on an incident that is still there."""
    there = _any(Incident, where=[Incident.id == Alert.incident_id, Incident.deleted_at.is_(None)])
    return and_(Alert.recipient_id == literal(viewer.user_id, Id), Alert.read_at.is_(None), there)


# --- who could see ---------------------------------------------------------------------------------------


def holds_key(account_id: Any) -> Condition:
    """Whether an account (a column, or an id as SQL) has a key of either kind."""
    return or_(
        _any(SoftKey, where=[SoftKey.account_id == account_id, SoftKey.removed_at.is_(None)]),
        _any(SecurityKey, where=[SecurityKey.account_id == account_id, SecurityKey.removed_at.is_(None)]),
    )


def key_counts(key_id: Any, account_id: Any) -> Condition:
    """Whether a key of an account is still there: a session outlives no key that elevated it."""
    return or_(
        *(
            _any(kind, where=[kind.id == key_id, kind.account_id == account_id, kind.removed_at.is_(None)])
            for kind in (SoftKey, SecurityKey)
        )
    )


def portal_goes_on(token_hash: Any) -> Condition:
    """Whether an SSO log-in was not ended: the schools' sessions that came from it end with it (ACC-03)."""
    return _any(
        PortalSession, where=[PortalSession.token_hash == token_hash, PortalSession.ended_at.is_(None)]
    )


def key_holders() -> Condition:
    """Condition on User: active, with a key."""
    return and_(
        User.deactivated_at.is_(None),
        _any(Account, where=[Account.id == User.account_id, Account.disabled_at.is_(None)]),
        holds_key(User.account_id),
    )


@lru_cache(maxsize=256)
def who_sees(incident_id: uuid.UUID | SQLCoreOperations[uuid.UUID]) -> Condition:
    """Condition on User: could see this incident with their key (who may be assigned, who is not red).
    `incident_id` may be a column of the enclosing statement."""
    there = [Incident.id == incident_id, Incident.deleted_at.is_(None)]
    seen = _any(Incident, where=[*there, _full_sight(eyes_of_users())])
    return and_(key_holders(), seen)


def who_would_see(category_ids: Collection[uuid.UUID], student_ids: Collection[uuid.UUID]) -> Condition:
    """Condition on User: could see an incident with these categories and students (none: whole school),
    which need not be recorded yet (INC-07)."""
    eyes = eyes_of_users()
    seen = (
        select(func.count())
        .select_from(GroupCategory)
        .where(
            GroupCategory.group_id == eyes.group_id,
            GroupCategory.category_id.in_(category_ids),
            GroupCategory.view_incidents,
        )
        .correlate_except(GroupCategory)
        .scalar_subquery()
    )
    in_class = (
        or_(*(_in_class(eyes, literal(student_id, Id)) for student_id in student_ids))
        if student_ids
        else true()
    )
    return and_(key_holders(), eyes.permits("students:details"), seen == len(set(category_ids)), in_class)
