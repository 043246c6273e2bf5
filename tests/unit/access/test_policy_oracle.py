"""USR-12, USR-09, USR-07, INC-07: the SQL of `access/policy/` against a naive oracle, on small random
schools."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from policy_oracle import Oracle, holds_key, told_automatically, who_opens, who_sees, who_would_see
from policy_worlds import World, store, worlds
from sqlalchemy import and_, false, func, literal, or_, select, true
from sqlalchemy.exc import InvalidRequestError

from cpoms_core.access import identity, policy
from cpoms_core.access.models import (
    ClassAccess,
    ClassRestriction,
    GroupCategory,
    GroupPermission,
    SoftKey,
    User,
)
from cpoms_core.access.policy.sight import there_is
from cpoms_core.access.policy.students import in_class
from cpoms_core.access.policy.users_sight import _would_have_sight
from cpoms_core.access.viewer import Viewer
from cpoms_core.alerts.models import Alert
from cpoms_core.application import Application
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentCategory, IncidentStudent
from cpoms_core.students.models import GroupMember, Student, StudentGroup
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.rules import replace_rule
from cpoms_core.testing.schools import SchoolForTests

TABLES = (
    User,
    SoftKey,
    GroupPermission,
    GroupCategory,
    ClassRestriction,
    ClassAccess,
    Student,
    StudentGroup,
    GroupMember,
    Category,
    Incident,
    IncidentStudent,
    IncidentCategory,
    Action,
    Alert,
    Document,
)
SETTINGS: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],  # shrinking a whole school takes minutes and tells little
    "report_multiple_bugs": False,
    "suppress_health_check": [
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
}


class Different(AssertionError):
    """Policy and the oracle do not agree."""


def plainly(db: SchoolSession, entity: Any, condition: Any) -> list[Any]:
    return list(db.scalars(select(entity.id).where(condition)))


def in_derived_table(db: SchoolSession, entity: Any, condition: Any) -> list[Any]:
    """The condition in a sub-select that a statement on the same table joins."""
    chosen = select(entity.id).where(condition).subquery()
    return list(db.scalars(select(entity.id).join(chosen, chosen.c.id == entity.id)))


def among_all_tables(db: SchoolSession, entity: Any, condition: Any) -> list[Any]:
    """The condition in a statement that selects from every table it could mean: a part that correlated
    with one of those would find nothing there."""
    statement = select(entity.id).select_from(entity)
    for table in TABLES:
        if table is not entity:
            statement = statement.outerjoin(table, false())
    return list(db.scalars(statement.where(condition)))


def _by_right_and_visible(viewer: Viewer) -> Any:
    """Both at once must be what is seen by right: the second alone says nothing of what nobody may see."""
    return and_(policy.visible_incidents(viewer), policy.rightful_of_visible(viewer))


def questions(db: SchoolSession, world: World) -> Iterator[tuple[str, Any, Any, list[Any]]]:
    """What is asked of policy: a name, the entity, the condition, and the oracle's answer."""
    facts = identity.read_school(db)
    for user in world.users:
        row = db.get_one(User, (db.school_id, user.id))
        for access in ("restricted", "elevated"):
            viewer = identity.viewer_of(
                db,
                row,
                access,
                school=facts,
                modules=frozenset(),
                has_key=True,  # type: ignore[arg-type]
            )
            of = Oracle(world, user, access == "elevated")
            for condition, entity, there, rule in (
                (policy.visible_students, Student, world.students, of.lists),
                (policy.student_records, Student, world.students, of.opens),
                (policy.editable_students, Student, world.students, of.edits),
                (policy.matched_records, Student, world.students, of.keeps_matched_record),
                (policy.choosable_students, Student, world.students, of.chooses),
                (policy.student_names_in, Student, world.students, of.in_class),
                (policy.visible_incidents, Incident, world.incidents, of.sees),
                (policy.rightful_incidents, Incident, world.incidents, of.rightful),
                (_by_right_and_visible, Incident, world.incidents, of.rightful),
                (policy.visible_actions, Action, world.actions, of.sees_action),
                (policy.addable_categories, Category, world.categories, of.adds),
                (policy.readable_categories, Category, world.categories, of.reads),
                (policy.monitored_categories, Category, world.categories, of.sees_monitored),
                (policy.visible_documents, Document, world.documents, of.sees_document),
                (policy.rightful_documents, Document, world.documents, of.sees_document_by_right),
                (policy.kept_documents, Document, world.documents, of.keeps_document),
                (policy.own_alerts, Alert, world.alerts, of.is_alerted),
                (policy.own_read_alerts, Alert, world.alerts, of.has_read),
                (policy.editable_incidents, Incident, world.incidents, of.edits_incident),
                (policy.kept_incidents, Incident, world.incidents, of.keeps_incident),
                (policy.merged_incidents, Incident, world.incidents, of.keeps_merged),
                (policy.known_incidents, Incident, world.incidents, of.knows),
                (policy.names_told_in, Incident, world.incidents, of.is_told_names),
                (policy.editable_actions, Action, world.actions, of.edits_action),
                (policy.kept_actions, Action, world.actions, of.keeps_action),
                (policy.split_actions, Action, world.actions, of.keeps_split),
            ):
                yield f"{condition.__name__} {access}", entity, condition(viewer), [*filter(rule, there)]
    yield "key_holders", User, policy.key_holders(), [user for user in world.users if holds_key(user)]
    for student in world.students:
        yield "who_opens", User, policy.who_opens(student.id), who_opens(world, student)
    for incident in world.incidents:
        yield "who_sees", User, policy.who_sees(incident.id), who_sees(world, incident)
        students = ([incident.student] if incident.student else []) + incident.linked
        typed = [c.id for c in incident.categories], [s.id for s in students]
        about_all = incident.student is None
        would = policy.who_would_see(*typed, whole_school=about_all)
        yield "who_would_see", User, would, who_would_see(world, incident)
        told = policy.told_automatically(*typed, true() if about_all else false())
        yield "told_automatically", User, told, told_automatically(world, incident)


def compare(db: SchoolSession, world: World, ask: Callable[..., list[Any]]) -> None:
    """Asks every question; rows of the school that are no part of the world do not count."""
    store(db, world)
    own = {
        thing.id
        for things in (
            world.categories,
            world.users,
            world.students,
            world.incidents,
            world.actions,
            world.alerts,
            world.documents,
        )
        for thing in things
    }
    for name, entity, condition, expected in questions(db, world):
        found = [row for row in ask(db, entity, condition) if row in own]
        if sorted(found) != sorted(one.id for one in expected):
            raise Different(f"{name}: {found} instead of {[one.id for one in expected]}")


@pytest.mark.parametrize("ask", [plainly, in_derived_table, among_all_tables])
def test_the_rules_are_those_of_the_catalogue(
    app: Application, school: SchoolForTests, ask: Callable[..., list[Any]]
) -> None:
    """USR-12, USR-09, USR-07, INC-07: each rule as a condition of its own, and inside larger statements."""

    @settings(max_examples=60, **SETTINGS)
    @given(worlds())
    def hold(world: World) -> None:
        with app.session(school.id, writes=True) as db:
            compare(db, world, ask)
            db.rollback()

    hold()


def _in_class_of_everyone(*_: Any) -> Any:
    return true()


def _sees_category_with_any_right(eyes: Any, category_id: Any) -> Any:
    return there_is(
        GroupCategory,
        where=[GroupCategory.group_id == eyes.group_id, GroupCategory.category_id == category_id],
    )


def _alerted_for_ever(eyes: Any) -> Any:
    return there_is(Alert, where=[Alert.incident_id == Incident.id, Alert.recipient_id == eyes.user_id])


def _nobody_is_alerted(_eyes: Any) -> Any:
    return false()


def _key_holders_with_removed_keys() -> Any:
    return and_(
        User.deactivated_at.is_(None), there_is(SoftKey, where=[SoftKey.account_id == User.account_id])
    )


def _that_correlates_by_itself(*tables: Any, where: Any) -> Any:
    return select(literal(1)).select_from(*tables).where(*where).exists()


def _any_of_the_categories(category_ids: Any, student_ids: Any, **_: Any) -> Any:
    eyes = policy.eyes_of_users()
    one = there_is(
        GroupCategory,
        where=[
            GroupCategory.group_id == eyes.group_id,
            GroupCategory.category_id.in_(category_ids),
            GroupCategory.view_incidents,
        ],
    )
    theirs = or_(true() if not student_ids else false(), *(in_class(eyes, literal(s)) for s in student_ids))
    return and_(policy.key_holders(), eyes.permits("students:details"), one, theirs)


def _told_with_view_incidents_alone(*about: Any) -> Any:
    return and_(User.deactivated_at.is_(None), _would_have_sight(*about, [GroupCategory.view_incidents]))


def _told_of_every_class(category_ids: Any, *_: Any) -> Any:
    rights = [GroupCategory.view_incidents, GroupCategory.view_students]
    return and_(User.deactivated_at.is_(None), _would_have_sight(category_ids, [], true(), rights))


@pytest.mark.parametrize(
    ("name", "broken", "ask"),
    [
        ("in_class", _in_class_of_everyone, plainly),
        ("sees_category", _sees_category_with_any_right, plainly),
        ("alerted", _alerted_for_ever, plainly),
        ("alerted", _nobody_is_alerted, plainly),
        ("key_holders", _key_holders_with_removed_keys, plainly),
        ("who_would_see", _any_of_the_categories, plainly),
        ("told_automatically", _told_with_view_incidents_alone, plainly),
        ("told_automatically", _told_of_every_class, plainly),
        ("there_is", _that_correlates_by_itself, among_all_tables),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_oracle_notices_a_rule_that_is_taken_away(
    app: Application,
    school: SchoolForTests,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    broken: Callable[..., Any],
    ask: Callable[..., list[Any]],
) -> None:
    """Proof that the guard guards (USR-12, USR-09, USR-07, INC-07): a broken rule is noticed."""
    replace_rule(monkeypatch, name, broken)

    @settings(max_examples=2000, **SETTINGS)
    @given(worlds())
    def hold(world: World) -> None:
        with app.session(school.id, writes=True) as db:
            compare(db, world, ask)
            db.rollback()

    with pytest.raises((Different, InvalidRequestError)):
        hold()


def test_counts_follow_the_rules(app: Application, school: SchoolForTests) -> None:
    """USR-12.7: a count beside each student, as a report makes it, counts what the viewer sees."""
    with app.session(school.id, writes=False) as db:
        seen = (
            select(func.count(Incident.id))
            .join(IncidentStudent, IncidentStudent.incident_id == Incident.id)
            .where(IncidentStudent.student_id == Student.id, policy.visible_incidents(school.viewer("head")))
            .correlate(Student)
            .scalar_subquery()
        )
        assert (
            db.execute(select(Student.id, seen).where(Student.id == school.students["chloe"])).one()[1] == 0
        )
