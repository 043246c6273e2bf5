"""What the tests of users share: staff of a MIS, accounts of several schools, and reading what is stored."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import Account, Membership, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.students.models import StaffMember
from cpoms_core.testing.schools import SchoolForTests


class People:
    """Makes people at a school, and reads what is stored of them."""

    @staticmethod
    def staff(
        school: SchoolForTests,
        surname: str,
        *,
        forename: str = "Sam",
        email: str = "",
        start: int | None = -100,
        end: int | None = None,
        full_time: bool | None = True,
        left: bool = False,
        source: str = "mis_sims",
        mis_id: str = "",
    ) -> uuid.UUID:
        """A member of staff as an import would have made them; `start` and `end` are days from today."""
        today = utc_now().date()
        person = StaffMember(
            school_id=school.id, id=new_id(), mis_source=source, mis_id=mis_id or new_id().hex, mis_hash="",
            forename=forename, surname=surname, email=email, full_time=full_time,
            start_date=None if start is None else today + dt.timedelta(days=start),
            end_date=None if end is None else today + dt.timedelta(days=end),
            left_at=utc_now() if left else None,
        )  # fmt: skip
        with school.app.transaction(school.id) as db:
            db.add(person)
        return person.id

    @staticmethod
    def user(school: SchoolForTests, user_id: uuid.UUID) -> tuple[User, Account]:
        """A user and their account, as stored."""
        with school.app.session(school.id, writes=False) as db:
            user = db.get_one(User, (school.id, user_id))
            return user, db.get_one(Account, user.account_id)

    @staticmethod
    def named(school: SchoolForTests, surname: str) -> User:
        with school.app.session(school.id, writes=False) as db:
            return db.scalars(select(User).where(User.surname == surname)).one()

    @staticmethod
    def mails(school: SchoolForTests, user_id: uuid.UUID) -> list[str]:
        """The letters that are queued for a user, oldest first."""
        with school.app.session(school.id, writes=False) as db:
            items = db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail").order_by(OutboxItem.id))
            return [item.payload["template"] for item in items if item.payload.get("to_user") == str(user_id)]

    @staticmethod
    def make_sso(school: SchoolForTests, who: str) -> None:
        """Turns the account of a user into one that serves several schools, as the operator would."""
        with school.app.transaction(school.id) as db:
            user = db.get_one(User, (school.id, school.users[who]))
            account = db.get_one(Account, user.account_id)
            account.home_school_id = None
            db.add(Membership(account_id=account.id, school_id=school.id, user_id=user.id))


@pytest.fixture
def people() -> type[People]:
    return People


@pytest.fixture
def address(people: Any) -> Callable[..., str]:
    """The address of a page of one of the test users: `address(school, "teacher", "/keys")`."""

    def of(school: SchoolForTests, who: str, rest: str = "") -> str:
        return f"/admin/users/{school.users[who]}{rest}"

    return of
