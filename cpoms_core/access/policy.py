"""THE permission rules (USR-12), as SQL conditions. Every list, search, count, chart, export and page goes
through them, and nothing else decides who may see a row.

Each rule is written for `Eyes`: whoever looks, as SQL expressions. For the viewer of a request they are
constants; for "who could see this?" they are the columns of `User`. One rule, both questions.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache, wraps
from typing import Any, Concatenate, ParamSpec, TypeVarTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    false,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import SQLCoreOperations

from cpoms_core.access.models import (
    Account,
    ApprovingDevice,
    ClassAccess,
    ClassRestriction,
    GroupCategory,
    GroupPermission,
    OpenIdProvider,
    OpenIdSubject,
    PortalSession,
    SecurityKey,
    SoftKey,
    User,
)
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.audit.models import AuditEntry, AuditSubject
from cpoms_core.database.types import Id
from cpoms_core.documents.models import Document, PreparedFile
from cpoms_core.incidents.models import Action, Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.scope import built_once

Condition = ColumnElement[bool]
Rows = TypeVarTuple("Rows")
Shape = ParamSpec("Shape")


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
    """All of a viewer that the rules ask about: who they are and which permissions count in the session.
    Who they are may be left open, as parameters of the statement."""

    user_id: uuid.UUID | BindParameter[Any] | None
    group_id: uuid.UUID | BindParameter[Any] | None
    sees_ungrouped: bool
    elevated: bool
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def sight_of(viewer: Viewer) -> Sight:
    """What counts of a viewer; one who reaches only their account is nobody to the rules (ACC-15)."""
    user_id = None if viewer.access == "account" else viewer.user_id
    return Sight(user_id, viewer.group_id, viewer.sees_ungrouped, viewer.elevated, viewer.permissions)


_kept: list[Any] = []


def forget_what_is_kept() -> None:
    """For tests that replace a rule: expressions and statements are built anew, with what the rule is now."""
    for kept in _kept:
        kept.cache_clear()


def _for_viewer(rule: Callable[[Sight], Condition]) -> Callable[[Viewer | Sight], Condition]:
    """A rule's expression is kept for each sight: building it anew took longer than running its query. It
    holds no rows, only ids and permissions, so a change of either is another sight."""
    kept = lru_cache(maxsize=512)(rule)
    _kept.append(kept)

    @wraps(rule)
    def condition(viewer: Viewer | Sight) -> Condition:
        return kept(viewer if isinstance(viewer, Sight) else sight_of(viewer))

    return condition


USER: BindParameter[Any] = bindparam("viewer", type_=Id())
GROUP: BindParameter[Any] = bindparam("viewers_group", type_=Id())


def for_rights(
    build: Callable[Concatenate[Sight, Shape], Select[*Rows]],
) -> Callable[Concatenate[Viewer, Shape], Select[*Rows]]:
    """A statement with rules in it, kept for each set of rights that viewers have (and for what else shapes
    it), and not for each viewer: who looks is told when it runs, by `who(viewer)` among its parameters."""

    @lru_cache(maxsize=256)
    def kept(sight: Sight, *shape: Any, **named: Any) -> Select[*Rows]:
        return built_once(build(sight, *shape, **named))

    _kept.append(kept)

    @wraps(build)
    def statement(viewer: Viewer, *shape: Shape.args, **named: Shape.kwargs) -> Select[*Rows]:
        sight = replace(sight_of(viewer), user_id=USER, group_id=GROUP)
        return kept(sight, *shape, **named)  # type: ignore[arg-type]

    return statement


def who(viewer: Viewer, **others: Any) -> dict[str, Any]:
    """The parameters of a statement made by `for_rights`: who looks, and what else it asks for."""
    sight = sight_of(viewer)
    return {USER.key: sight.user_id, GROUP.key: sight.group_id, **others}


def _id(value: uuid.UUID | BindParameter[Any] | None) -> ColumnElement[Any]:
    return value if isinstance(value, BindParameter) else literal(value, Id)


def eyes_of(viewer: Sight) -> Eyes:
    """The viewer of a session; permissions are those that count in it."""
    return Eyes(
        _id(viewer.user_id),
        _id(viewer.group_id),
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


@dataclass(frozen=True, slots=True)
class ClassParts:
    """What class access to one student rests on (USR-09), as conditions; `_in_class` says how they combine.

    grouped: the student is in a student group. in_restricted: in one of a kind that is restricted. listed:
    one of these lists the user, or their whole user group. unrestricted: restrictions are off.
    sees_ungrouped: the user may see students who have no group. typed_in: staff typed the student in, and no
    import has matched it yet.
    """

    grouped: Condition
    in_restricted: Condition
    listed: Condition
    unrestricted: Condition
    sees_ungrouped: Condition
    typed_in: Condition


def _listing(eyes: Eyes, student_id: Any) -> list[Condition]:
    """What ties a student to the class lists that name whoever looks: for `GroupMember`, `StudentGroup`,
    `ClassRestriction` and `ClassAccess` together."""
    return [
        *_in_restricted(student_id),
        ClassAccess.student_group_id == StudentGroup.id,
        ClassAccess.holder_id.in_([eyes.user_id, eyes.group_id]),
    ]


def _in_restricted(student_id: Any) -> list[Condition]:
    """What ties a student to their groups of a kind that is restricted."""
    return [
        GroupMember.student_id == student_id,
        StudentGroup.id == GroupMember.group_id,
        ClassRestriction.kind == StudentGroup.kind,
    ]


def _class_parts(eyes: Eyes, student_id: ColumnElement[Any]) -> ClassParts:
    child = aliased(Student)  # the enclosing statement may select students itself
    return ClassParts(
        grouped=_any(GroupMember, where=[GroupMember.student_id == student_id]),
        in_restricted=_any(GroupMember, StudentGroup, ClassRestriction, where=_in_restricted(student_id)),
        listed=_any(
            GroupMember, StudentGroup, ClassRestriction, ClassAccess, where=_listing(eyes, student_id)
        ),
        unrestricted=~_any(ClassRestriction, where=[]),
        sees_ungrouped=eyes.sees_ungrouped,
        typed_in=_any(
            child, where=[child.id == student_id, child.mis_source.is_(None), child.archived_at.is_(None)]
        ),
    )


def _in_class(eyes: Eyes, student_id: ColumnElement[Any]) -> Condition:
    """USR-09: with class restrictions off every class; with them on the listed users and groups only, and
    administrators are no exception; either kind of group suffices. A student without a group is for those
    who may see such students, but one typed in by staff is for everyone until an import matches it. A student
    in no group of a kind that is restricted, whom no list could name, is without a group in this sense: a new
    starter who has no tutor group yet must not be out of everybody's sight."""
    parts = _class_parts(eyes, student_id)
    ungrouped = or_(parts.sees_ungrouped, parts.typed_in)
    return or_(
        and_(parts.unrestricted, or_(parts.grouped, ungrouped)),
        and_(~parts.unrestricted, or_(parts.listed, and_(~parts.in_restricted, ungrouped))),
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
def editable_students(viewer: Sight) -> Condition:
    """Condition on Student: the viewer may change what the school itself keeps on the student: Edit
    information and own contacts (STU-03, STU-04). Who may edit what was written on a record may edit this."""
    return and_(student_records(viewer), eyes_of(viewer).permits("incidents:edit"))


@_for_viewer
def matched_records(viewer: Sight) -> Condition:
    """Condition on Student: staff typed it in, and it was matched with a student whom the viewer may edit:
    its versions are part of that one's history (INC-02, STU-03)."""
    return Student.matched_to.in_(select(Student.id).where(editable_students(viewer)).correlate(None))


@_for_viewer
def choosable_students(viewer: Sight) -> Condition:
    """Condition on Student: may be chosen on the Add incident form. Whoever may record a concern may record
    it about any child on roll; the form shows a name and a year only (INC-01). Who was typed in and matched
    with a child of the MIS is chosen as that child (INC-02)."""
    return and_(
        eyes_of(viewer).permits("incidents:add"),
        Student.matched_to.is_(None),
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
        where=[
            Alert.incident_id == Incident.id,
            Alert.recipient_id == eyes.user_id,
            Alert.read_at.is_(None),
            to_what_is_there(),
        ],
    )


def to_what_is_there() -> Condition:
    """Condition on Alert: not to an action that was deleted, which for its recipient never existed
    (EDT-02)."""
    action = aliased(Action)  # the enclosing statement may select actions itself
    deleted = _any(action, where=[action.id == Alert.action_id, action.deleted_at.is_not(None)])
    return or_(Alert.action_id.is_(None), ~deleted)


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
def rightful_of_visible(viewer: Sight) -> Condition:
    """As `rightful_incidents`, of incidents that `visible_incidents` let through: what no alert opens is seen
    by right, so that the rights are asked about a second time only where an alert would open it."""
    if not viewer.elevated:
        return false()
    eyes = eyes_of(viewer)
    return case((_alerted(eyes), _full_sight(eyes)), else_=true())


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


# --- editing, and what was deleted (EDT) -----------------------------------------------------------------


@_for_viewer
def editable_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may change it, because they see it by right and may edit (EDT-01)."""
    return and_(eyes_of(viewer).permits("incidents:edit"), rightful_incidents(viewer))


@_for_viewer
def kept_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: as `editable_incidents`, and of those that were deleted what the viewer could
    edit otherwise: its history is theirs to read, and it is theirs to restore (EDT-02). One that was merged
    is no longer there by itself: its history is the action's that it became."""
    if not viewer.elevated:
        return false()
    eyes = eyes_of(viewer)
    return and_(eyes.permits("incidents:edit"), Incident.merged_into.is_(None), _full_sight(eyes))


@_for_viewer
def editable_actions(viewer: Sight) -> Condition:
    """Condition on Action: the viewer may change it, as its incident."""
    return and_(
        Action.deleted_at.is_(None),
        _any(Incident, where=[Incident.id == Action.incident_id, editable_incidents(viewer)]),
    )


@_for_viewer
def kept_actions(viewer: Sight) -> Condition:
    """Condition on Action: as `editable_actions`, deleted ones too; not one that became an incident."""
    return and_(
        Action.became_incident.is_(None),
        _any(Incident, where=[Incident.id == Action.incident_id, editable_incidents(viewer)]),
    )


@_for_viewer
def merged_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: it was merged, and the viewer may edit the action that it became: its versions
    are part of that one's history (EDT-04)."""
    return _any(Action, where=[Action.id == Incident.merged_into, kept_actions(viewer)])


@_for_viewer
def split_actions(viewer: Sight) -> Condition:
    """Condition on Action: it was split off, and the viewer may edit the incident that it became, or what
    that was merged into since: its versions are part of that one's history (EDT-05)."""
    kept = or_(kept_incidents(viewer), merged_incidents(viewer))
    return _any(Incident, where=[Incident.id == Action.became_incident, kept])


# --- training mode (TRN-01) ------------------------------------------------------------------------------


@_for_viewer
def training_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: recorded in training mode, and the viewer's to keep or remove: an administrator
    with a key, who sees it by their own rights. Nobody removes what they cannot look at."""
    return and_(eyes_of(viewer).permits("admin"), Incident.training, rightful_incidents(viewer))


@_for_viewer
def training_actions(viewer: Sight) -> Condition:
    """Condition on Action: as `training_incidents`; its incident may be a real one."""
    return and_(
        eyes_of(viewer).permits("admin"),
        Action.training,
        Action.deleted_at.is_(None),
        _any(Incident, where=[Incident.id == Action.incident_id, rightful_incidents(viewer)]),
    )


# --- categories ------------------------------------------------------------------------------------------


def _category_right(viewer: Sight, right: ColumnElement[bool]) -> Condition:
    return _any(
        GroupCategory,
        where=[
            GroupCategory.group_id == _id(viewer.group_id),
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
    """Condition on Document: it follows what it hangs on (USR-12.6). An open alert to a file lets its
    recipient open that one file, and nothing else (USR-12.4)."""
    follows = _follows(viewer, visible_incidents(viewer))
    alerted = _any(
        Alert,
        where=[
            Alert.document_id == Document.id,
            Alert.recipient_id == _id(viewer.user_id),
            Alert.read_at.is_(None),
        ],
    )
    return and_(Document.removed_at.is_(None), or_(follows, and_(alerted, ~_hangs_on_what_is_gone(Document))))


@_for_viewer
def rightful_documents(viewer: Sight) -> Condition:
    """Condition on Document: the viewer sees it by their own rights, not only through an alert. They may
    alert others to it."""
    return and_(Document.removed_at.is_(None), _follows(viewer, rightful_incidents(viewer)))


@_for_viewer
def kept_documents(viewer: Sight) -> Condition:
    """Condition on Document: an administrator with a key who sees what it hangs on may remove it, sees that
    it was removed and why, and may restore it (EDT-10)."""
    return and_(eyes_of(viewer).permits("admin"), _follows(viewer, rightful_incidents(viewer)))


def _follows(viewer: Sight, incidents: Condition) -> Condition:
    """Condition on Document: it hangs on one of these incidents or its actions, or is in the vault of a
    student whose record the viewer may open."""
    action = _any(Action, where=[Action.id == Document.action_id, Action.deleted_at.is_(None)])
    on_incident = and_(
        _any(Incident, where=[Incident.id == Document.incident_id, incidents]),
        or_(Document.action_id.is_(None), action),
    )
    in_vault = _any(Student, where=[Student.id == Document.student_id, student_records(viewer)])
    return or_(on_incident, in_vault)


def _hangs_on_what_is_gone(document: Any) -> Condition:
    """Whether a document is one of an incident or action that was deleted, and so never existed (EDT-02)."""
    incident, action = aliased(Incident), aliased(Action)
    return or_(
        _any(incident, where=[incident.id == document.incident_id, incident.deleted_at.is_not(None)]),
        _any(action, where=[action.id == document.action_id, action.deleted_at.is_not(None)]),
    )


def in_vault_of(student_id: Any) -> Condition:
    """Condition on Document: belongs into the vault of a student (STU-05): their own files, those of
    incidents about them, and of incidents that they are only linked to what was shared with them (INC-04,
    ACT-01)."""
    part = aliased(IncidentStudent)
    of_student = select(part.incident_id).where(part.student_id == student_id)
    action = _any(Action, where=[Action.id == Document.action_id, Action.on_linked, Action.share_documents])
    return or_(
        Document.student_id == student_id,
        Document.incident_id.in_(of_student.where(~part.linked)),
        and_(Document.action_id.is_(None), Document.incident_id.in_(of_student.where(part.share_documents))),
        and_(action, Document.incident_id.in_(of_student)),
    )


# --- prepared files --------------------------------------------------------------------------------------


@_for_viewer
def own_prepared_files(viewer: Sight) -> Condition:
    """Condition on PreparedFile: the viewer asked for it. What it holds was asked for with a key."""
    return PreparedFile.asked_by == _id(viewer.user_id) if viewer.elevated else false()


# --- alerts ----------------------------------------------------------------------------------------------


@_for_viewer
def own_alerts(viewer: Sight) -> Condition:
    """Condition on Alert: open and the viewer's own (USR-12.1), on an incident that is still there."""
    return open_alerts_of(viewer.user_id)


def open_alerts_of(user_id: uuid.UUID | BindParameter[Any] | None) -> Condition:
    """Condition on Alert: open and a user's, on an incident or to a file that is still there: what their
    dashboard shows, and an administrator may count and take off it (USR-08)."""
    return and_(Alert.recipient_id == _id(user_id), unread_alerts())


def unread_alerts() -> Condition:
    """Condition on Alert: open, whoever's it is, on an incident or to a file that is still there (INC-16)."""
    document = aliased(Document)
    there = or_(
        _any(Incident, where=[Incident.id == Alert.incident_id, Incident.deleted_at.is_(None)]),
        _any(
            document,
            where=[
                document.id == Alert.document_id,
                document.removed_at.is_(None),
                ~_hangs_on_what_is_gone(document),
            ],
        ),
    )
    return and_(Alert.read_at.is_(None), there, to_what_is_there())


# --- audits ----------------------------------------------------------------------------------------------


@_for_viewer
def audits(viewer: Sight) -> Condition:
    """Condition on AuditEntry: administrators read who did what (USR-03). What it was done to, they are told
    only where they may see that themselves."""
    return eyes_of(viewer).permits("admin")


# --- the audit of a student (STU-08) ---------------------------------------------------------------------

ABOUT_AN_INCIDENT = ("incident.%", "action.%", "alert.%", "why.%")
"""The events that are about one incident: each says by itself that there is one."""


def audits_about_student(viewer: Viewer | Sight, student_id: uuid.UUID) -> Condition:
    """Condition on AuditEntry: done on this student's record, and tells this viewer of nothing that they may
    not see (USR-12.7). Whoever may open the record reads what was done on it; what was done on an incident
    about the student, whoever sees that incident; that monitoring began or ended, whoever sees who is
    monitored for its category. What was done while they had a record that staff typed in counts (INC-02)."""
    record = _any(Student, where=[Student.id == student_id, student_records(viewer)])
    incidents = select(IncidentStudent.incident_id).where(IncidentStudent.student_id == student_id)
    theirs = or_(visible_incidents(viewer), kept_incidents(viewer))
    seen = select(Incident.id).where(Incident.id.in_(incidents), theirs)
    hidden = select(Incident.id).where(Incident.id.in_(incidents), ~theirs)
    told = [
        seen,
        select(Action.id).where(Action.incident_id.in_(incidents), visible_actions(viewer)),
        select(Document.id).where(Document.incident_id.in_(incidents), visible_documents(viewer)),
    ]
    untold = [
        hidden,
        select(Action.id).where(Action.incident_id.in_(incidents), ~visible_actions(viewer)),
        select(Document.id).where(Document.incident_id.in_(hidden)),
    ]
    category = select(Category.id).where(monitored_categories(viewer))
    of_an_incident = or_(*(AuditEntry.event.like(form) for form in ABOUT_AN_INCIDENT))
    of_the_record = or_(AuditEntry.event.like("student%"), AuditEntry.event == "incidents.viewed")
    on_it = and_(
        _entries_about(
            select(Student.id).where(or_(Student.id == student_id, Student.matched_to == student_id))
        ),
        ~of_an_incident,
        or_(of_the_record, and_(*(~_entries_about(ids) for ids in untold))),
        or_(~AuditEntry.event.like("monitoring.%"), _entries_about(category)),
    )
    return and_(record, or_(on_it, *(_entries_about(ids) for ids in told)))


def _entries_about(ids: Any) -> Condition:
    """Condition on AuditEntry: one of these ids (a list, or a select of them) is among its subjects."""
    return AuditEntry.id.in_(select(AuditSubject.entry_id).where(AuditSubject.subject_id.in_(ids)))


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


def device_counts() -> Condition:
    """Condition on ApprovingDevice: it may see and answer its account's log-ins, because the soft key that it
    belongs to was proved and is still there (ACC-10)."""
    own = [SoftKey.id == ApprovingDevice.id, SoftKey.account_id == ApprovingDevice.account_id]
    return _any(SoftKey, where=[*own, SoftKey.removed_at.is_(None)])


def portal_goes_on(token_hash: Any) -> Condition:
    """Whether an SSO log-in was not ended: the schools' sessions that came from it end with it (ACC-03)."""
    return _any(
        PortalSession, where=[PortalSession.token_hash == token_hash, PortalSession.ended_at.is_(None)]
    )


def account_in_use() -> Condition:
    """Condition on User: not deactivated, and with an account that can log in."""
    return and_(
        User.deactivated_at.is_(None),
        _any(Account, where=[Account.id == User.account_id, Account.disabled_at.is_(None)]),
    )


def can_be_elevated() -> Condition:
    """Condition on User: has a key, or a provider's second factor that counts as one."""
    return or_(holds_key(User.account_id), _vouched_by_provider())


def key_holders() -> Condition:
    """Condition on User: active, with a key."""
    return and_(account_in_use(), can_be_elevated())


def _vouched_by_provider() -> Condition:
    """ACC-14: a provider whose second factor the school lets count as a key knows the user."""
    return _any(
        OpenIdSubject,
        OpenIdProvider,
        where=[
            OpenIdSubject.user_id == User.id,
            OpenIdProvider.id == OpenIdSubject.provider_id,
            OpenIdProvider.enabled,
            OpenIdProvider.counts_as_key,
        ],
    )


def administrators() -> Condition:
    """Condition on User: could administer the school: a key holder whose user group has the Administration
    permission. A school keeps at least one, or nobody could give the administration back."""
    return and_(key_holders(), eyes_of_users().permits("admin"))


@lru_cache(maxsize=256)
def who_sees(incident_id: uuid.UUID | SQLCoreOperations[uuid.UUID]) -> Condition:
    """Condition on User: could see this incident with their key (who may be assigned, who is not red).
    `incident_id` may be a column of the enclosing statement."""
    there = [Incident.id == incident_id, Incident.deleted_at.is_(None)]
    seen = _any(Incident, where=[*there, _full_sight(eyes_of_users())])
    return and_(key_holders(), seen)


_kept.append(who_sees)


def who_opens(student_id: uuid.UUID) -> Condition:
    """Condition on User: could open this student's record with their key, and so the files in its vault."""
    eyes = eyes_of_users()
    opens = and_(eyes.permits("students:list"), eyes.permits("students:details"))
    return and_(key_holders(), opens, _in_class(eyes, literal(student_id, Id)))


def who_would_see(
    category_ids: Collection[uuid.UUID], student_ids: Collection[uuid.UUID], *, whole_school: bool = False
) -> Condition:
    """Condition on User: could see an incident with these categories and students, which need not be recorded
    yet (INC-07). `whole_school`: it is about nobody in particular, and the students are linked ones; without
    any student the same."""
    everywhere = true() if whole_school or not student_ids else false()
    would = _would_have_sight(category_ids, student_ids, everywhere, [GroupCategory.view_incidents])
    return and_(key_holders(), would)


LACKING = {
    "account": "their account is switched off",
    "key": "they have no key",
    "details": "their user group does not open students’ records",
    "classes": "the students are not in their classes",
}
"""Why somebody would not see an incident, the categories aside, in words that follow "because"."""


def lacking(student_ids: Collection[uuid.UUID], *, whole_school: bool) -> dict[str, Condition]:
    """Conditions on User, by the names of `LACKING`: what keeps them from an incident about these students.
    Together with `category_seen_by_user` they are what `who_would_see` is made of, each by itself."""
    eyes = eyes_of_users()
    student = aliased(Student)
    own_student = _any(
        student,
        where=[student.id.in_(student_ids), _in_class(eyes, student.id)],  # type: ignore[arg-type]
    )
    everywhere = whole_school or not student_ids
    return {
        "account": ~account_in_use(),
        "key": ~can_be_elevated(),
        "details": ~eyes.permits("students:details"),
        "classes": false() if everywhere else ~own_student,
    }


def category_seen_by_user() -> Condition:
    """Condition on User and Category: their user group has View incidents on it."""
    return _sees_category(eyes_of_users(), Category.id)  # type: ignore[arg-type]


Ids = Collection[uuid.UUID] | BindParameter[Any]


def told_automatically(category_ids: Ids, student_ids: Ids, everywhere: Condition) -> Condition:
    """Condition on User: automatic alerts reach them for an incident with these categories and students
    (USR-07): by USR-12.3, and with View students on all of its categories as well. `everywhere`: it is about
    the whole school, or no student is chosen yet, so that classes do not apply. All three may be parameters
    of the statement.

    A key is not asked for: who lost theirs is told all the same, and an open alert lets them read that one
    incident (USR-12.4)."""
    rights = [GroupCategory.view_incidents, GroupCategory.view_students]
    would = _would_have_sight(category_ids, student_ids, everywhere, rights)
    return and_(User.deactivated_at.is_(None), would)


def _would_have_sight(
    category_ids: Ids, student_ids: Ids, everywhere: Condition, rights: Collection[Any]
) -> Condition:
    """Condition on User: USR-12.3 for an incident not yet recorded, with `rights` on all its categories."""
    eyes = eyes_of_users()
    category, student = aliased(Category), aliased(Student)
    given = _any(
        GroupCategory,
        where=[GroupCategory.group_id == eyes.group_id, GroupCategory.category_id == category.id, *rights],
    )
    hidden_category = _any(category, where=[category.id.in_(category_ids), ~given])
    own_student = _any(
        student,
        where=[student.id.in_(student_ids), _in_class(eyes, student.id)],  # type: ignore[arg-type]
    )
    return and_(eyes.permits("students:details"), ~hidden_category, or_(everywhere, own_student))


# --- why (USR-13) ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts:
    """What `_full_sight`, `_alerted` and `key_holders` are made of, each by itself. The statement has `User`
    and `Incident`; `category` needs `IncidentCategory` too, `classes` and `lists` need `IncidentStudent`.
    `lists` ties in `GroupMember`, `StudentGroup`, `ClassRestriction` and `ClassAccess`: a row for each list
    that names the user or their user group."""

    active: Condition
    key: Condition
    details: Condition
    alerted: Condition
    deleted: Condition
    category: Condition
    classes: ClassParts
    in_class: Condition
    lists: Condition


def parts() -> Parts:
    """The parts of the rules, for saying which of them decides what a user sees (USR-13)."""
    eyes = eyes_of_users()
    student_id: ColumnElement[Any] = IncidentStudent.student_id  # type: ignore[assignment]
    return Parts(
        active=account_in_use(),
        key=can_be_elevated(),
        details=eyes.permits("students:details"),
        alerted=_alerted(eyes),
        deleted=Incident.deleted_at.is_not(None),
        category=_sees_category(eyes, IncidentCategory.category_id),  # type: ignore[arg-type]
        classes=_class_parts(eyes, student_id),
        in_class=_in_class(eyes, student_id),
        lists=and_(*_listing(eyes, student_id)),
    )
