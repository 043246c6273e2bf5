"""Which incidents and actions a viewer may read (USR-12.1, 3 and 4)."""

from __future__ import annotations

from sqlalchemy import and_, case, false, or_, true
from sqlalchemy.orm import aliased

from cpoms_core.access.policy.categories import sees_category
from cpoms_core.access.policy.sight import Condition, Eyes, Sight, eyes_of, for_viewer, there_is
from cpoms_core.access.policy.students import in_class
from cpoms_core.alerts.models import Alert
from cpoms_core.incidents.models import Action, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import Student


def full_sight(eyes: Eyes) -> Condition:
    """USR-12.3: View incidents on all of its categories, and one of its students in the viewer's classes; a
    whole-school incident has no student, so classes do not apply to it."""
    hidden_category = there_is(
        IncidentCategory,
        where=[
            IncidentCategory.incident_id == Incident.id,
            ~sees_category(eyes, IncidentCategory.category_id),  # type: ignore[arg-type]
        ],
    )
    own_student = there_is(
        IncidentStudent,
        where=[
            IncidentStudent.incident_id == Incident.id,
            in_class(eyes, IncidentStudent.student_id),  # type: ignore[arg-type]
        ],
    )
    return and_(
        eyes.permits("students:details"),
        ~hidden_category,
        or_(Incident.student_id.is_(None), own_student),
    )


def alerted(eyes: Eyes) -> Condition:
    """USR-12.4: an open alert lets its recipient read that one incident, whatever their group."""
    return there_is(
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
    deleted = there_is(action, where=[action.id == Alert.action_id, action.deleted_at.is_not(None)])
    return or_(Alert.action_id.is_(None), ~deleted)


@for_viewer
def visible_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer may read it (USR-12.1, 3 and 4)."""
    eyes = eyes_of(viewer)
    sight = or_(full_sight(eyes), alerted(eyes)) if viewer.elevated else alerted(eyes)
    return and_(Incident.deleted_at.is_(None), sight)


@for_viewer
def rightful_incidents(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer sees it by their own rights, not only through an alert."""
    if not viewer.elevated:
        return false()
    return and_(Incident.deleted_at.is_(None), full_sight(eyes_of(viewer)))


@for_viewer
def rightful_of_visible(viewer: Sight) -> Condition:
    """As `rightful_incidents`, of incidents that `visible_incidents` let through: what no alert opens is seen
    by right, so that the rights are asked about a second time only where an alert would open it."""
    if not viewer.elevated:
        return false()
    eyes = eyes_of(viewer)
    return case((alerted(eyes), full_sight(eyes)), else_=true())


@for_viewer
def visible_actions(viewer: Sight) -> Condition:
    """Condition on Action: follows its incident."""
    return and_(
        Action.deleted_at.is_(None),
        there_is(Incident, where=[Incident.id == Action.incident_id, visible_incidents(viewer)]),
    )


@for_viewer
def student_names_in(viewer: Sight) -> Condition:
    """Condition on Student: may be named to this viewer on an incident they see; others appear as "another
    student" (USR-12.3). A recipient without sight of their own is told the names on that one incident."""
    return in_class(eyes_of(viewer), Student.id)  # type: ignore[arg-type]


@for_viewer
def names_told_in(viewer: Sight) -> Condition:
    """Condition on Incident: the viewer was told the names of its students, in their classes or not: they do
    not see it by right, but wrote it, or were alerted to it or to what it was merged into since."""
    eyes = eyes_of(viewer)
    became = aliased(Action)
    merged = there_is(
        Alert,
        became,
        where=[
            became.id == Incident.merged_into,
            Alert.incident_id == became.incident_id,
            Alert.recipient_id == eyes.user_id,
        ],
    )
    told = there_is(Alert, where=[Alert.incident_id == Incident.id, Alert.recipient_id == eyes.user_id])
    return and_(~rightful_incidents(viewer), or_(Incident.author_id == eyes.user_id, told, merged))
