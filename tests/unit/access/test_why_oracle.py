"""USR-13: what the administration is told about who sees what, against policy, on small random schools."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from policy_worlds import World, store, worlds
from sqlalchemy import select
from test_policy_oracle import SETTINGS, Different

from cpoms_core.access import identity, policy
from cpoms_core.access.models import User
from cpoms_core.admin.queries.why import Explanation, explain
from cpoms_core.application import Application
from cpoms_core.incidents.models import Incident
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.testing.schools import SchoolForTests


def agree(db: SchoolSession, world: World, asking: Any) -> None:
    """The verdicts of every explanation are what policy answers."""
    facts = identity.read_school(db)
    numbers = {incident.id: number for number, incident in enumerate(world.incidents, 1)}
    for user in world.users:
        row = db.get_one(User, (db.school_id, user.id))
        viewers = [
            identity.viewer_of(db, row, access, school=facts, modules=frozenset(), has_key=True)  # type: ignore[arg-type]
            for access in ("restricted", "elevated")
        ]
        for incident in world.incidents:
            told = explain(db, asking, user.id, numbers[incident.id])
            assert isinstance(told, Explanation) and told.incident_id == incident.id
            restricted, elevated = (
                db.scalar(
                    select(Incident.id).where(Incident.id == incident.id, policy.visible_incidents(one))
                )
                is not None
                for one in viewers
            )
            rightful = db.scalar(select(User.id).where(User.id == user.id, policy.who_sees(incident.id)))
            # a session is what an active user has, and an elevated one takes a key
            wanted = (told.active and restricted, told.active and told.key and elevated, rightful is not None)
            found = (told.sees_without_key, told.sees_with_key, told.by_right)
            if found != wanted:
                raise Different(f"{told}: {found} instead of {wanted}")


def test_the_verdict_is_policys(app: Application, school: SchoolForTests) -> None:
    """USR-13: for every user and incident, whoever asks, in both kinds of session."""

    @settings(max_examples=40, **SETTINGS)
    @given(worlds())
    def hold(world: World) -> None:
        with app.session(school.id, writes=True) as db:
            store(db, world)
            agree(db, world, school.viewer("admin"))
            db.rollback()

    hold()


def test_who_may_not_see_it_is_told_no_name(app: Application, school: SchoolForTests) -> None:
    """USR-12.7: a name is there only where the one who asks sees the incident."""

    @settings(max_examples=20, **SETTINGS)
    @given(worlds())
    def hold(world: World) -> None:
        with app.session(school.id, writes=True) as db:
            store(db, world)
            facts = identity.read_school(db)
            for user in world.users:
                row = db.get_one(User, (db.school_id, user.id))
                asking = identity.viewer_of(
                    db, row, "elevated", school=facts, modules=frozenset(), has_key=True
                )
                visible = set(db.scalars(select(Incident.id).where(policy.visible_incidents(asking))))
                for number, incident in enumerate(world.incidents, 1):
                    told = explain(db, asking, world.users[0].id, number)
                    assert told is not None
                    named = [one.name for one in (*told.categories, *told.students) if one.name]
                    assert not named or incident.id in visible
                    assert incident.id not in visible or all(one.name for one in told.categories)
            db.rollback()

    hold()
