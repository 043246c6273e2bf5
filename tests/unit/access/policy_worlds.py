"""Small schools as plain Python, drawn by hypothesis, and how they are put into a database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from hypothesis import strategies as st

from cpoms_core.access.models import (
    Account,
    ClassAccess,
    ClassRestriction,
    GroupCategory,
    GroupPermission,
    SoftKey,
    User,
    UserGroup,
)
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.database.types import new_id
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession

KINDS = ("tutor", "tutor", "year")
PERMISSIONS = ("students:list", "students:details", "incidents:add", "incidents:edit", "admin")


@dataclass(eq=False)
class Thing:
    """Something with an id; two are equal only where they are one."""

    id: uuid.UUID = field(default_factory=new_id, kw_only=True)


@dataclass(eq=False)
class ACategory(Thing):
    disabled: bool
    parent: ACategory | None = None


@dataclass(eq=False)
class AGroup(Thing):
    """A user group. `rights`: category -> (view students, view incidents, add incidents)."""

    permissions: frozenset[str]
    rights: dict[ACategory, tuple[bool, bool, bool]]


@dataclass(eq=False)
class AUser(Thing):
    """`keys`: for each key ever had, whether it was removed."""

    group: AGroup
    sees_ungrouped: bool
    deactivated: bool
    keys: list[bool]


@dataclass(eq=False)
class AClass(Thing):
    kind: str
    holders: list[Thing]


@dataclass(eq=False)
class AStudent(Thing):
    """`matched`: of one that was typed in, the child that it turned out to be."""

    classes: list[AClass]
    typed_in: bool
    archived: bool
    matched: AStudent | None = None


@dataclass(eq=False)
class AnIncident(Thing):
    """`student` is None for the whole school. `became`: the action that it was merged into."""

    student: AStudent | None
    linked: list[AStudent]
    categories: list[ACategory]
    deleted: bool
    became: AnAction | None = None


@dataclass(eq=False)
class AnAction(Thing):
    """`became`: the incident of its own that it was split off as; it is as good as deleted."""

    incident: AnIncident
    deleted: bool
    became: AnIncident | None = None


@dataclass(eq=False)
class AnAlert(Thing):
    recipient: AUser
    incident: AnIncident | None
    read: bool
    document: ADocument | None = None
    action: AnAction | None = None


@dataclass(eq=False)
class ADocument(Thing):
    """A file of an incident, of an action, or straight in a student's vault."""

    on: AnIncident | AnAction | AStudent
    removed: bool


@dataclass(eq=False)
class World:
    categories: list[ACategory]
    groups: list[AGroup]
    users: list[AUser]
    classes: list[AClass]
    restricted: frozenset[str]
    students: list[AStudent]
    incidents: list[AnIncident]
    actions: list[AnAction]
    alerts: list[AnAlert]
    documents: list[ADocument]


mostly = st.sampled_from([True, True, True, False])
rarely = st.sampled_from([False, False, False, True])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A school with a few of everything."""

    def several(of: list, most: int, least: int = 0) -> list:
        return draw(st.lists(st.sampled_from(of), min_size=least, max_size=most, unique=True)) if of else []

    def many(most: int, least: int = 0) -> range:
        return range(draw(st.integers(least, most)))

    categories: list[ACategory] = []
    for _ in many(3, 1):
        above = [None, *(one for one in categories if one.parent is None)]
        categories.append(ACategory(draw(rarely), draw(st.sampled_from(above))))
    groups = [
        AGroup(
            frozenset(name for name in PERMISSIONS if draw(rarely if name == "admin" else mostly)),
            {c: (draw(mostly), draw(mostly), draw(mostly)) for c in categories if draw(mostly)},
        )
        for _ in many(2, 1)
    ]
    users = [
        AUser(draw(st.sampled_from(groups)), draw(rarely), draw(rarely), draw(st.lists(rarely, max_size=2)))
        for _ in many(3, 2)
    ]
    classes = [AClass(kind, several([*groups, *users], 2)) for kind in KINDS]
    students = [AStudent(several(classes, 2), draw(rarely), draw(rarely)) for _ in many(3, 1)]
    of_mis = [one for one in students if not one.typed_in]
    for student in students:
        if student.typed_in and student.archived and of_mis:
            student.matched = draw(st.sampled_from([None, *of_mis]))
    incidents = []
    for _ in many(3, 1):
        student = draw(st.sampled_from([*students, *students, None]))
        linked = [other for other in several(students, 2) if other is not student]
        incidents.append(AnIncident(student, linked, several(categories, 2, 1), draw(rarely)))
    actions = [AnAction(draw(st.sampled_from(incidents)), draw(rarely)) for _ in many(2)]
    for action in actions:
        if action.deleted and draw(st.booleans()):
            action.became = draw(st.sampled_from(incidents))
    for incident in incidents:
        others = [one for one in actions if one.incident is not incident]
        if incident.deleted and others and draw(st.booleans()):
            incident.became = draw(st.sampled_from(others))
    alerts = []
    for _ in many(3):
        on = draw(st.sampled_from([*incidents, *actions]))
        to = on.incident if isinstance(on, AnAction) else on
        of_action = on if isinstance(on, AnAction) else None
        alerts.append(AnAlert(draw(st.sampled_from(users)), to, draw(st.booleans()), action=of_action))
    documents = [
        ADocument(draw(st.sampled_from([*incidents, *actions, *students])), draw(rarely)) for _ in many(3)
    ]
    if documents:
        alerts += [
            AnAlert(draw(st.sampled_from(users)), None, draw(st.booleans()), draw(st.sampled_from(documents)))
            for _ in many(2)
        ]
    kinds = frozenset(draw(st.sampled_from([(), (), ("tutor",), ("year",), ("tutor", "year")])))
    return World(categories, groups, users, classes, kinds, students, incidents, actions, alerts, documents)


def store(db: SchoolSession, world: World) -> None:
    """Puts the world into the session's school; the caller rolls it back."""
    for rows in _rows(db.school_id or 0, world):
        db.add_all(rows)
        db.flush()


def _rows(school: int, world: World) -> list[list]:
    """The rows of each table, in the order in which foreign keys want them."""
    now = utc_now()
    author = world.users[0].id

    def when(so: bool) -> object:
        return now if so else None

    accounts = [
        Account(id=user.id, home_school_id=school, email=str(user.id), email_key=str(user.id), created_at=now)
        for user in world.users
    ]
    actions = [
        Action(
            school_id=school,
            id=a.id,
            incident_id=a.incident.id,
            author_id=author,
            text="text",
            occurred_at=now,
            created_at=now,
            deleted_at=when(a.deleted),
            became_incident=a.became.id if a.became else None,
            submission=new_id(),
        )
        for a in world.actions
    ]
    return [
        [*accounts],
        [
            SoftKey(
                account_id=user.id, name="key", sealed_secret=b"", created_at=now, removed_at=when(removed)
            )
            for user in world.users
            for removed in user.keys
        ],
        [UserGroup(school_id=school, id=group.id, name=str(group.id)) for group in world.groups],
        [
            Category(
                school_id=school,
                id=c.id,
                name="category",
                parent_id=c.parent.id if c.parent else None,
                disabled_at=when(c.disabled),
            )
            for c in world.categories
        ],
        [
            *(
                GroupPermission(school_id=school, group_id=group.id, permission=name)
                for group in world.groups
                for name in group.permissions
            ),
            *(
                GroupCategory(
                    school_id=school,
                    group_id=group.id,
                    category_id=category.id,
                    view_students=rights[0],
                    view_incidents=rights[1],
                    add_incidents=rights[2],
                )
                for group in world.groups
                for category, rights in group.rights.items()
            ),
        ],
        [
            User(
                school_id=school,
                id=user.id,
                account_id=user.id,
                group_id=user.group.id,
                forename="A",
                surname="B",
                sees_ungrouped=user.sees_ungrouped,
                created_at=now,
                deactivated_at=when(user.deactivated),
            )
            for user in world.users
        ],
        [StudentGroup(school_id=school, id=one.id, kind=one.kind, name=one.id.hex) for one in world.classes],
        [
            *(ClassRestriction(school_id=school, kind=kind) for kind in world.restricted),
            *(
                ClassAccess(school_id=school, student_group_id=one.id, holder_id=holder.id)
                for one in world.classes
                for holder in one.holders
            ),
        ],
        [
            Student(
                school_id=school,
                id=s.id,
                mis_source=None if s.typed_in else "sims",
                mis_id=None if s.typed_in else s.id.hex,
                legal_forename="A",
                legal_surname="B",
                surname_key="b",
                forename_key="a",
                search_text="a b",
                created_at=now,
                archived_at=when(s.archived),
                matched_to=s.matched.id if s.matched else None,
            )
            for s in world.students
        ],
        [
            GroupMember(school_id=school, group_id=one.id, student_id=s.id)
            for s in world.students
            for one in s.classes
        ],
        [
            Incident(
                school_id=school,
                id=i.id,
                number=number,
                student_id=i.student.id if i.student else None,
                author_id=author,
                text="text",
                occurred_at=now,
                created_at=now,
                deleted_at=when(i.deleted),
                merged_into=i.became.id if i.became else None,
                submission=new_id(),
            )
            for number, i in enumerate(world.incidents, 1)
        ],
        [
            IncidentStudent(
                school_id=school,
                incident_id=i.id,
                student_id=s.id,
                occurred_at=now,
                linked=s is not i.student,
            )
            for i in world.incidents
            for s in ([i.student] if i.student else []) + i.linked
        ],
        [
            IncidentCategory(school_id=school, incident_id=i.id, category_id=c.id)
            for i in world.incidents
            for c in i.categories
        ],
        [*actions],
        [_document(school, author, d, number) for number, d in enumerate(world.documents)],
        [
            Alert(
                school_id=school,
                id=a.id,
                recipient_id=a.recipient.id,
                sender_id=author,
                incident_id=a.incident.id if a.incident else None,
                action_id=a.action.id if a.action else None,
                document_id=a.document.id if a.document else None,
                created_at=now,
                read_at=when(a.read),
            )
            for a in world.alerts
        ],
    ]


def _document(school: int, author: uuid.UUID, document: ADocument, number: int) -> Document:
    on = document.on
    incident = on if isinstance(on, AnIncident) else on.incident if isinstance(on, AnAction) else None
    return Document(
        school_id=school,
        id=document.id,
        number=number,
        incident_id=incident.id if incident else None,
        action_id=on.id if isinstance(on, AnAction) else None,
        student_id=on.id if isinstance(on, AStudent) else None,
        name="f",
        media_type="text/plain",
        size=1,
        sha256="",
        added_by=author,
        added_at=utc_now(),
        removed_at=utc_now() if document.removed else None,
    )
