"""USR-10: accounts of staff who are no longer in the automatic extract."""

from __future__ import annotations

import dataclasses
import io
import json
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

import pytest
from sqlalchemy import func, select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.models import LoginSession, User
from cpoms_core.access.sessions import hashed
from cpoms_core.access.users import create_user
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.deployment import Deployment
from cpoms_core.hooks import hookimpl
from cpoms_core.imports import leavers, services
from cpoms_core.imports.leavers import still_active
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.records import Extract, StaffRecord
from cpoms_core.modules import Module
from cpoms_core.students.models import StaffMember
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests, make_school


class Source:
    """A source whose files are the ids of its staff as JSON, or `null` where it says nothing of them."""

    name, title, accepts, max_bytes = "listed", "Listed", (".txt",), 10_000

    def read(self, file: BinaryIO, file_name: str, captions: dict[str, tuple[str, ...]]) -> Extract:
        ids = json.loads(file.read())
        if ids is None:
            return Extract()
        return Extract(staff=tuple(StaffRecord(one, "Fore", f"Sur{one}") for one in ids))


class Hooks:
    @hookimpl
    def register_mis_sources(self) -> list[Any]:
        return [Source()]


@dataclasses.dataclass
class World:
    app: Application
    school: SchoolForTests
    users: dict[str, uuid.UUID] = dataclasses.field(default_factory=dict)

    def system(self) -> Viewer:
        with self.app.session(self.school.id, writes=False) as db:
            return system_viewer(db)

    def imports(self, ids: list[str] | None, *, viewer: Viewer | None = None) -> ImportRun:
        """An import of staff: an automatic one, unless somebody is named who uploads it."""
        who = viewer or self.system()
        run_id = services.preview(self.app, who, "listed", "x.txt", io.BytesIO(json.dumps(ids).encode()))
        services.apply(self.app, who, run_id)
        with self.app.session(self.school.id, writes=False) as db:
            return db.get_one(ImportRun, (self.school.id, run_id))

    def hire(self, *ids: str, source: str = "listed", who: str = "") -> None:
        """Gives accounts to members of staff; `who`: one of the test users is that member of staff."""
        with self.app.transaction(self.school.id) as db:
            for one in ids:
                if who:
                    user = db.get_one(User, (self.school.id, self.school.users[who]))
                    user.staff_mis_source, user.staff_mis_id = source, one
                else:
                    user = create_user(
                        db, email=f"{new_id()}@x.example", forename="Fore", surname=f"Sur{one}",
                        group_id=self.school.groups["Teachers"], now=utc_now(),
                        staff_mis_source=source, staff_mis_id=one,
                    )  # fmt: skip
                self.users[one] = user.id

    def setting(self, name: str, value: str) -> None:
        with self.app.transaction(self.school.id) as db:
            change_setting(db, name, value)

    def active(self) -> set[str]:
        """The ids of those staff whose account is in use."""
        with self.app.session(self.school.id, writes=False) as db:
            there = set(db.scalars(select(User.id).where(User.deactivated_at.is_(None))))
        return {one for one, user_id in self.users.items() if user_id in there}


@pytest.fixture
def world(deployment: Deployment) -> Iterator[World]:
    module = Module("lists", "Lists", "lists", "tests.none", "1", Hooks())  # type: ignore[arg-type]
    app = Application(deployment, modules={"lists": module})
    made = World(app, make_school(app))
    made.imports(["1", "2", "3"])
    made.hire("1", "2", "3")
    made.setting("disable_missing_accounts", "y")
    yield made
    app.engines.dispose()


def test_an_account_that_left_the_extract_is_deactivated(world: World) -> None:
    """USR-10: with the import, in its transaction: counted, audited, its sessions ended; back in the extract
    it stays deactivated until somebody reactivates it."""
    school = world.school
    school.users["leaver"] = world.users["2"]
    token = school.session_token("leaver")
    run = world.imports(["1", "3"])
    assert world.active() == {"1", "3"}
    assert run.counts["deactivated_users"] == 1 and run.problems == []
    with world.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "user.deactivated")).one()
        assert entry.subjects == [str(world.users["2"]), str(run.id)]
        assert entry.user_id is None and entry.channel == "worker"
        assert db.get_one(LoginSession, hashed(token)).ended_at is not None
    assert world.imports(["1", "2", "3"]).counts["deactivated_users"] == 0
    assert world.active() == {"1", "3"}


def test_off_unless_the_school_asks(world: World) -> None:
    """USR-10: the setting's default is off; accounts that left earlier go with the next import after it was
    switched on."""
    spec = world.app.settings["disable_missing_accounts"]
    assert spec.default is False
    world.setting("disable_missing_accounts", "")
    run = world.imports(["1"])
    assert world.active() == {"1", "2", "3"} and run.counts["deactivated_users"] == 0
    world.setting("disable_missing_accounts", "y")
    world.imports(["1"])
    assert world.active() == {"1"}


def test_an_extract_without_staff_deactivates_nobody(world: World) -> None:
    """USR-10: neither one that says nothing of staff, nor an empty list: a broken report looks like that."""
    world.imports(None)
    world.imports([])
    assert world.active() == {"1", "2", "3"}


def test_a_file_that_somebody_uploads_deactivates_nobody(world: World) -> None:
    """USR-10: it may be a part of the staff, sent to try something; the next automatic one counts."""
    run = world.imports(["1"], viewer=world.school.viewer("lead"))
    assert world.active() == {"1", "2", "3"} and "deactivated_users" not in run.counts
    world.imports(["1"])
    assert world.active() == {"1"}


def test_who_is_not_of_this_mis_stays(world: World) -> None:
    """USR-10: users by name, those of another source with the same number, and those whom the MIS never
    had."""
    world.hire("4")
    world.hire("1", source="other")
    with world.app.transaction(world.school.id) as db:
        gone = utc_now()
        db.add(
            StaffMember(
                school_id=world.school.id, mis_source="other", mis_id="1", mis_hash="", forename="O",
                surname="O", left_at=gone,
            )
        )  # fmt: skip
    world.imports(["2", "3"])
    with world.app.session(world.school.id, writes=False) as db:
        left = db.scalars(select(User).where(User.deactivated_at.is_not(None))).all()
        assert [(user.staff_mis_source, user.staff_mis_id) for user in left] == [("listed", "1")]


def test_the_last_administrator_stays_and_administrators_are_told(world: World) -> None:
    """USR-10: both administrators leave the extract: neither is deactivated, the run and the overview say
    so, and the others go; once somebody else administers, they go, too."""
    world.imports(["1", "2", "3", "8", "9"])
    world.hire("8", who="lead")
    world.hire("9", who="admin")
    run = world.imports(["1", "3"])
    assert world.active() == {"1", "3", "8", "9"} and run.counts["deactivated_users"] == 1
    assert [problem["error"] for problem in run.problems] == [False, False]
    assert "Ada Admin is no longer in the extract, but nobody else" in run.problems[0]["message"]
    with world.app.session(world.school.id, writes=False) as db:
        assert [user.name for user in still_active(db)] == ["Ada Admin", "Lena Lead"]
    with world.app.transaction(world.school.id) as db:
        head = db.get_one(User, (world.school.id, world.school.users["head"]))
        head.group_id = world.school.groups["Administrators"]
    world.imports(["1", "3"])
    assert world.active() == {"1", "3"}


def test_too_many_at_once_are_left_alone(world: World) -> None:
    """USR-10: an extract that has lost most of the staff is more likely broken than true; five may always
    go, of a larger school the share that the import guard allows."""
    more = [str(number) for number in range(10, 20)]
    world.imports(["1", "2", "3", *more])
    world.hire(*more)
    run = world.imports(["1", "2", "3", "10", "11", "12", "13"])
    assert len(world.active()) == 13 and run.counts["deactivated_users"] == 0
    assert "6 users are no longer in the extract. That is more than 5" in run.problems[0]["message"]
    run = world.imports(["1", "2", "3", "10", "11", "12", "13", "14"])
    assert run.counts["deactivated_users"] == 5 and len(world.active()) == 8


def test_an_import_that_breaks_deactivates_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """USR-10, MIS-02: all of it or nothing."""

    def breaks(*_args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(services, "_tell_modules", breaks)
    with pytest.raises(RuntimeError):
        world.imports(["1"])
    assert world.active() == {"1", "2", "3"}
    with world.app.session(world.school.id, writes=False) as db:
        query = select(func.count()).select_from(StaffMember).where(StaffMember.left_at.is_not(None))
        assert db.scalar(query) == 0


def test_the_guard_is_a_share_of_a_large_school(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """USR-10: with the import guard at 50 per cent, half of the users may go."""
    monkeypatch.setattr(leavers, "ALWAYS_FEW", 1)
    world.setting("import_archive_guard", "50")
    world.imports(["1"])
    assert world.active() == {"1"}
