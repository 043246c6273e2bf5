"""USR-01, USR-02, USR-05: users at the same moment, and by those who may not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from cpoms_core.access.addresses import plain_address
from cpoms_core.access.models import Account, User, UserGroup
from cpoms_core.access.users import create_user
from cpoms_core.access.viewer import utc_now
from cpoms_core.admin.guards import mark_of
from cpoms_core.admin.services import groups, user_alerts, user_permissions, users
from cpoms_core.admin.services.user_alerts import AlertState
from cpoms_core.admin.services.user_permissions import PermissionState
from cpoms_core.admin.services.users import NewUser
from cpoms_core.application import Application
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.services import add_group
from cpoms_core.tenancy.settings import domains
from cpoms_core.testing.schools import SchoolForTests

CHANGES: dict[str, Callable[[Any, Any, SchoolForTests], Any]] = {
    "USR-01 add": lambda db, viewer, school: users.add_user(
        db, viewer, NewUser("new@x.example", school.groups["Teachers"], surname="New")
    ),
    "USR-02 deactivate": lambda db, viewer, school: users.deactivate_user(
        db, viewer, school.users["teacher"]
    ),
    "USR-02 reactivate": lambda db, viewer, school: users.reactivate_user(
        db, viewer, school.users["teacher"], "a@x.example", school.groups["Teachers"], send_link=True
    ),
    "USR-03 details": lambda db, viewer, school: users.change_details(
        db, viewer, school.users["teacher"], "T", "T", "a@x.example", ""
    ),
    "USR-03 link": lambda db, viewer, school: users.send_link(db, viewer, school.users["teacher"]),
    "USR-03 permissions": lambda db, viewer, school: user_permissions.change_permissions(
        db, viewer, school.users["teacher"], PermissionState(school.groups["Teachers"], True, frozenset()), ""
    ),
    "USR-05 delete": lambda db, viewer, school: groups.delete_group(db, viewer, school.groups["Teachers"]),
    "USR-07 alerts": lambda db, viewer, school: user_alerts.change_automatic_alerts(
        db, viewer, school.users["teacher"], AlertState(), ""
    ),
    "USR-08 remove": lambda db, viewer, school: user_alerts.remove_dashboard_alerts(
        db, viewer, school.users["teacher"], mark_of(set())
    ),
    "ACC-11 keys": lambda db, viewer, school: users.remove_keys(
        db, viewer, school.users["teacher"], understood=True
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("who", ["head", "teacher", "lead_restricted"])
def test_administrators_only(
    app: Application, school: SchoolForTests, change: Callable[..., Any], who: str
) -> None:
    """USR-12: the services ask themselves, whoever calls them, and the permission counts with a key only."""
    name, _, restricted = who.partition("_")
    viewer = school.viewer(name, elevated=False if restricted else None)
    with app.session(school.id, writes=True) as db, pytest.raises(NothingThere):
        change(db, viewer, school)


@pytest.mark.parametrize("change", list(CHANGES)[1:6] + list(CHANGES)[7:])
def test_another_schools_user_is_not_there(
    app: Application, school: SchoolForTests, other_school: SchoolForTests, change: str
) -> None:
    """USR-12.7: whatever is asked."""
    with app.session(school.id, writes=True) as db, pytest.raises(NothingThere):
        CHANGES[change](db, school.viewer("lead"), other_school)


def together(*calls: Callable[[], Any]) -> list[str]:
    """Makes the calls at the same moment; answers what was refused."""
    refused: list[str] = []
    begin = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        begin.wait(timeout=60)
        try:
            call()
        except Refused as error:
            refused.append(error.message)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()
    return refused


def test_one_address_at_the_same_moment(app: Application, school: SchoolForTests) -> None:
    """USR-01: of six requests one makes a user; the others are told, and leave nothing behind."""

    def add(number: int) -> None:
        with app.transaction(school.id) as db:
            new = NewUser("same@x.example", school.groups["Teachers"], surname=f"New{number}")
            users.add_user(db, school.viewer("lead"), new)

    refused = together(*(lambda number=number: add(number) for number in range(6)))
    assert len(refused) == 5 and all("has this e-mail address already" in one for one in refused)
    with app.session(school.id, writes=False) as db:
        same = Account.email_key == "same@x.example"
        assert db.scalar(select(func.count()).select_from(Account).where(same)) == 1


def test_one_address_past_the_administration(app: Application, school: SchoolForTests) -> None:
    """USR-01: callers that take no lock (an operator's command) are told the same by the database."""

    def add(number: int) -> None:
        with app.transaction(school.id) as db:
            create_user(
                db, email="same2@x.example", forename="N", surname=f"New{number}",
                group_id=school.groups["Teachers"], now=utc_now(),
            )  # fmt: skip

    refused = together(*(lambda number=number: add(number) for number in range(4)))
    assert len(refused) == 3
    with app.session(school.id, writes=False) as db:
        query = select(func.count()).select_from(User).where(User.surname.like("New%"))
        assert db.scalar(query) == 1


def test_one_member_of_staff_at_the_same_moment(app: Application, school: SchoolForTests) -> None:
    """USR-01: two administrators make one account of them."""
    with app.transaction(school.id) as db:
        person = StaffMember(
            school_id=school.id, mis_source="sims", mis_id="1", mis_hash="", forename="S", surname="Staff"
        )
        db.add(person)

    def add(number: int) -> None:
        with app.transaction(school.id) as db:
            new = NewUser(f"s{number}@x.example", school.groups["Teachers"], staff_id=person.id)
            users.add_user(db, school.viewer("lead"), new)

    refused = together(lambda: add(1), lambda: add(2))
    assert refused == ["S Staff has an account already."]


def test_two_administrators_do_not_deactivate_each_other(app: Application, school: SchoolForTests) -> None:
    """USR-02: at the same moment one of them stays."""

    def deactivate(by: str, whom: str) -> None:
        with app.transaction(school.id) as db:
            users.deactivate_user(db, school.viewer(by), school.users[whom])

    # the viewers are read before: each is let in as the administrator that they were
    refused = together(lambda: deactivate("lead", "admin"), lambda: deactivate("admin", "lead"))
    assert len(refused) == 1 and "is the only user with a key" in refused[0]
    with app.session(school.id, writes=False) as db:
        active = select(func.count()).select_from(User).where(User.deactivated_at.is_(None))
        assert db.scalar(active) == 4


def test_a_group_is_not_deleted_under_somebody_who_joins_it(app: Application, school: SchoolForTests) -> None:
    """USR-05: at the same moment one of the two is refused, and everyone has a group."""
    with app.transaction(school.id) as db:
        group_id = add_group(db, "Governors", (), {})

    def join() -> None:
        with app.transaction(school.id) as db:
            new = NewUser("gov@x.example", group_id, surname="Governor")
            users.add_user(db, school.viewer("lead"), new)

    def delete() -> None:
        with app.transaction(school.id) as db:
            groups.delete_group(db, school.viewer("admin"), group_id)

    (message,) = together(join, delete)
    assert message in (
        "Choose a user group.", "There are users in this user group, so it cannot be deleted."
    )  # fmt: skip
    with app.session(school.id, writes=False) as db:
        joined = db.scalar(select(func.count()).select_from(User).where(User.group_id == group_id))
        assert joined == (1 if db.get(UserGroup, (school.id, group_id)) else 0)


def test_a_name_is_searched_as_it_is_now(app: Application, school: SchoolForTests) -> None:
    """USR-01: whoever sets it, what is searched and ordered follows."""
    with app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).surname = "Łukasz-Ångström"
    with app.session(school.id, writes=False) as db:
        user = db.get_one(User, (school.id, school.users["teacher"]))
        assert (user.surname_key, user.search_text) == ("lukasz-angstrom", "tariq lukasz-angstrom")


def test_addresses_are_put_into_plain_letters() -> None:
    """USR-01: white space around them is nobody's wish; capitals before the @ are kept."""
    assert plain_address("  Tariq.T+x@School.Example ") == "Tariq.T+x@School.Example"
    assert plain_address("a@bücher.example") == "a@xn--bcher-kva.example"


def test_domains_are_read_from_any_list() -> None:
    """USR-11: commas, semicolons, spaces or lines between; each once."""
    assert domains("a.example, @B.example;\n\nc.example a.example") == ["a.example", "b.example", "c.example"]
    assert domains(" , ") == []
    for bad in ("a_b.example", "a@b.example", "http://a.example", "a..example", ".example", "x" * 70):
        with pytest.raises(ValueError, match="is not a domain"):
            domains(bad)
