"""OPS-02, USR-01..03, ACC-01, ACC-11: operators' commands, as a person and as a program calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from cpoms_core.access import policy
from cpoms_core.access.models import Account, GroupCategory, GroupPermission, User, UserGroup
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.cli import main
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Category
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.tenancy.models import ModuleSwitch, School
from cpoms_core.tenancy.starting import ADMINISTRATORS, CATEGORIES, GROUPS, SAFEGUARDING
from cpoms_core.testing.schools import SchoolForTests

Told = Callable[..., dict[str, Any]]
Call = Callable[..., Result]
FAMILIES = {
    "school": ("create", "list"),
    "user": (
        "create", "deactivate", "list", "reactivate", "remove-keys", "reset-link", "set-group", "sso",
    ),
    "group": ("list",),
    "module": ("list", "off", "on"),
}  # fmt: skip


def slug() -> str:
    return f"cli-{new_id().hex}"


def entries(app: Application, school_id: int, event: str) -> list[AuditEntry]:
    with app.session(school_id, writes=False) as db:
        found = select(AuditEntry).where(AuditEntry.event == event)
        return list(db.scalars(found.order_by(AuditEntry.at, AuditEntry.id)))


def mails(school: SchoolForTests) -> list[str]:
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(OutboxItem).where(OutboxItem.kind == "mail").order_by(OutboxItem.id))
        return [row.payload["template"] for row in rows]


def user_of(school: SchoolForTests, who: str) -> User:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(User, (school.id, school.users[who]))


def keyed(school: SchoolForTests, who: str) -> bool:
    with school.app.session(school.id, writes=False) as db:
        found = select(User.id).where(User.id == school.users[who], policy.key_holders())
        return db.scalar(found) is not None


@pytest.mark.parametrize("family", list(FAMILIES))
def test_each_command_says_what_it_does(family: str) -> None:
    """OPS-02: help of the family and of each command, each of which can answer a program."""
    said = CliRunner().invoke(main, [family, "--help"])
    assert said.exit_code == 0
    for command in FAMILIES[family]:
        assert f"  {command} " in said.output
        own = CliRunner().invoke(main, [family, command, "--help"])
        assert own.exit_code == 0 and "--json" in own.output
        assert len(own.output.split("\n")[2].strip()) > 20, "no line of help"


# --- schools


def test_a_school_starts_with_what_it_needs(app: Application, told: Told, cpoms: Call) -> None:
    """OPS-02, USR-04: user groups of which one administers and one sees everything, and categories."""
    name = slug()
    made = told(
        "school", "create", name, "Brook  Primary", "--accent", "#123456", "--time-zone", "Europe/Malta"
    )
    assert list(made) == ["ok", "school", "id", "name", "address", "groups"]
    assert made["address"] == app.deployment.school_address(name)
    with app.session(made["id"], writes=False) as db:
        school = db.get_one(School, made["id"])
        assert (school.name, school.accent, school.time_zone) == ("Brook Primary", "#123456", "Europe/Malta")
        groups = {group.name: group.id for group in db.scalars(select(UserGroup))}
        assert set(groups) == set(GROUPS) == set(made["groups"])
        held = {
            group: set(db.scalars(select(GroupPermission.permission).where(GroupPermission.group_id == id_)))
            for group, id_ in groups.items()
        }
        assert "admin" in held[ADMINISTRATORS] and held[SAFEGUARDING] == set(app.permissions)
        assert all("admin" not in held[group] for group in set(groups) - {ADMINISTRATORS, SAFEGUARDING})
        tops = {one.name for one in db.scalars(select(Category).where(Category.parent_id.is_(None)))}
        assert tops == set(CATEGORIES)
        read = select(GroupCategory).where(GroupCategory.view_incidents)
        assert {one.group_id for one in db.scalars(read)} == {groups[SAFEGUARDING]}
    (entry,) = entries(app, made["id"], "school.created")
    assert (entry.channel, entry.user_id) == ("command line", None)
    assert name in {one["school"] for one in told("school", "list")["schools"]}
    assert "Now make its first administrator" in cpoms("school", "create", slug(), "X").output


def test_a_new_school_has_no_users(told: Told) -> None:
    """ACC-01, OPS-02: nobody can log in until the operator makes the first user."""
    name = slug()
    told("school", "create", name, "Brook Primary")
    assert told("user", "list", "--school", name)["users"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("Two words", "X"), "small letters, digits and hyphens"),
        (("accounts", "X"), "accounts of several schools"),
        (("", "X"), "small letters, digits and hyphens"),
        ((slug(), " "), "Give the school a name"),
        ((slug(), "A\nBcc: b"), None),
        ((slug(), "A\x07"), "Give the school a name"),
        ((slug(), "x" * 201), "Give the school a name"),
        ((slug(), "X", "--time-zone", "../../etc/passwd"), "There is no time zone"),
        ((slug(), "X", "--accent", "red;}body{display:none"), "Give the colour"),
    ],
)
def test_a_school_that_could_not_work_is_not_made(
    app: Application, told: Told, words: tuple[str, ...], message: str | None
) -> None:
    """OPS-02: an error that says what to do, exit code 1, and nothing made. A line break becomes a space."""
    answer = told("school", "create", *words, code=1 if message else 0)
    with app.session(None, writes=False) as db:
        made = db.scalar(select(School.name).where(School.slug == words[0]))
    if message:
        assert message in answer["error"]
        assert made is None
    else:
        assert made == "A Bcc: b"


def test_the_address_of_another_school_is_taken(told: Told, school: SchoolForTests) -> None:
    assert "already a school" in told("school", "create", school.slug, "X", code=1)["error"]


def test_an_unknown_school_is_answered_with_those_there_are(
    app: Application, cpoms: Call, school: SchoolForTests
) -> None:
    """OPS-02: by every command that names one."""
    with app.session(None, writes=False) as db:
        first = db.scalars(select(School.slug).order_by(School.slug)).first()
    person = school.emails["teacher"]
    for words in (
        ("group", "list"), ("module", "list"), ("module", "on", "cases"), ("user", "list"),
        ("user", "remove-keys", person), ("user", "reset-link", person), ("user", "deactivate", person),
        ("user", "reactivate", person), ("user", "set-group", person, "--group", "Teachers"),
        ("user", "sso", person),
        ("user", "create", "--email", "x@x.example", "--forename", "X", "--surname", "Y", "--group", "Z"),
    ):  # fmt: skip
        result = cpoms(*words, "--school", "no-such")
        assert result.exit_code == 1, words
        assert f"There is no school 'no-such'. The schools are: {first}" in result.stderr
        assert result.stdout == ""


def test_what_is_missing_on_the_line_is_the_callers_slip(cpoms: Call) -> None:
    """OPS-02: exit code 2, as for every command line."""
    for words in (
        ("school", "create"),
        ("user", "create"),
        ("user", "set-group", "a@b.example"),
        ("group", "x"),
    ):
        assert cpoms(*words).exit_code == 2, words


def test_a_database_that_was_not_migrated_is_said(tmp_path: Path) -> None:
    """OPS-03."""
    config = tmp_path / "deployment.toml"
    config.write_text('folder = "data"\n')
    (tmp_path / "data").mkdir()
    result = CliRunner().invoke(main, ["--config", str(config), "school", "list"])
    assert result.exit_code == 1
    assert "cpoms migrate" in result.stderr and "Traceback" not in result.output


# --- users


def test_a_user_is_made_and_mailed_a_link(
    school: SchoolForTests, app: Application, told: Told, at: Any, cpoms: Call
) -> None:
    """USR-01, ACC-01: in the group that is named in any case; no password and no token is printed."""
    person = ("--email", "Zoe.Oz@schule.example", "--forename", "Zoë", "--surname", "Öz")
    answer = told("user", "create", *at, *person, "--group", "teachers")
    assert list(answer) == ["ok", "school", "user", "email", "name", "group", "address", "link_mailed"]
    assert (answer["name"], answer["group"], answer["link_mailed"]) == ("Zoë Öz", "Teachers", True)
    with app.session(school.id, writes=False) as db:
        user = db.scalars(select(User).where(User.forename == "Zoë")).one()
        assert (str(user.id), user.group_id) == (answer["user"], school.groups["Teachers"])
        assert db.get_one(Account, user.account_id).password_hash is None
    assert mails(school) == ["reset-link"]
    (entry,) = entries(app, school.id, "user.added")
    assert (entry.channel, entry.user_id) == ("command line", None)
    quiet = cpoms(
        "user", "create", *at, "--email", "b@b.example", "--forename", "B", "--surname", "B",
        "--group", "Teachers", "--no-mail",
    )  # fmt: skip
    assert quiet.exit_code == 0 and "cpoms user reset-link b@b.example" in quiet.output
    assert mails(school) == ["reset-link"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"--group": "Nobody"},
            "The user groups are: Administrators, Heads of year, Safeguarding, Teachers.",
        ),
        ({"--email": "not an address"}, "not an e-mail address"),
        ({"--email": "a@b.example\nBcc: c@d.example"}, "not an e-mail address"),
        ({"--surname": " "}, "Give the last name."),
        ({"--forename": "A\x00"}, "characters that nobody can see"),
    ],
)
def test_a_user_that_could_not_work_is_not_made(
    school: SchoolForTests, told: Told, at: Any, changed: dict[str, str], message: str
) -> None:
    """USR-01: says what to change; nothing is made and nobody is mailed."""
    fields = {"--email": "a@b.example", "--forename": "A", "--surname": "B", "--group": "Teachers", **changed}
    words = [word for pair in fields.items() for word in pair]
    assert message in told("user", "create", *at, *words, code=1)["error"]
    with school.app.session(school.id, writes=False) as db:
        assert len(db.scalars(select(User)).all()) == len(school.users)
    assert mails(school) == []


def test_an_address_that_is_taken_is_refused(school: SchoolForTests, told: Told, at: Any) -> None:
    fields = [
        "--email",
        school.emails["head"].upper(),
        "--forename",
        "A",
        "--surname",
        "B",
        "--group",
        "Teachers",
    ]
    assert "Hugo Head has this e-mail address" in told("user", "create", *at, *fields, code=1)["error"]


def test_a_user_is_moved_to_another_group(school: SchoolForTests, told: Told, at: Any) -> None:
    """USR-03: audited with both groups; their next request feels it."""
    email = school.emails["teacher"]
    for changed in (True, False):
        answer = told("user", "set-group", email, *at, "--group", "Heads of year")
        assert (answer["group"], answer["changed"]) == ("Heads of year", changed)
    assert user_of(school, "teacher").group_id == school.groups["Heads of year"]
    (entry,) = entries(school.app, school.id, "user.permissions-changed")
    assert entry.channel == "command line"
    assert {str(school.users["teacher"]), str(school.groups["Teachers"])} <= set(entry.subjects)
    unknown = told("user", "set-group", "nobody@x.example", *at, "--group", "Teachers", code=1)
    assert "cpoms user list" in unknown["error"]


def test_keys_are_removed(school: SchoolForTests, told: Told, at: Any) -> None:
    """ACC-11: also those of the only administrator, who lost their phone; they are told by mail."""
    with school.app.transaction(school.id) as db:
        db.execute(update(User).where(User.id == school.users["admin"]).values(deactivated_at=utc_now()))
    assert keyed(school, "lead")
    assert told("user", "remove-keys", school.emails["lead"], *at)["removed"] == 1
    assert not keyed(school, "lead")
    assert mails(school) == ["keys-removed"]
    (entry,) = entries(school.app, school.id, "key.all-removed")
    assert (entry.channel, entry.subjects) == ("command line", [str(school.users["lead"])])
    assert told("user", "remove-keys", school.emails["teacher"], *at)["removed"] == 0


def test_a_link_is_mailed_and_not_shown(school: SchoolForTests, cpoms: Call, told: Told, at: Any) -> None:
    """ACC-01: the operator never holds what opens somebody's account."""
    result = cpoms("user", "reset-link", school.emails["head"], *at)
    assert result.exit_code == 0 and mails(school) == ["reset-link"]
    assert "/password/" not in result.output and len(max(result.output.split(), key=len)) < 60
    told("user", "deactivate", school.emails["head"], *at)
    assert "Reactivate it first" in told("user", "reset-link", school.emails["head"], *at, code=1)["error"]


def test_a_user_is_deactivated_and_taken_back(school: SchoolForTests, told: Told, at: Any, web: Any) -> None:
    """USR-02: their session ends at once; taken back in another group if one is named."""
    email, browser = school.emails["teacher"], web(school, "teacher")
    assert browser.get("/").status_int == 200
    assert told("user", "deactivate", email, *at)["active"] is False
    assert browser.get("/", expect_errors=True).status_int == 302
    assert "deactivated already" in told("user", "deactivate", email, *at, code=1)["error"]
    row = next(one for one in told("user", "list", *at)["users"] if one["email"] == email)
    assert list(row) == ["email", "name", "group", "with_key", "sso", "active"] and row["active"] is False
    back = told("user", "reactivate", email, *at, "--group", "Heads of year", "--no-mail")
    assert (back["active"], back["link_mailed"]) == (True, False)
    assert user_of(school, "teacher").group_id == school.groups["Heads of year"]
    events = [one.channel for one in entries(school.app, school.id, "user.reactivated")]
    assert events == ["command line"]


def test_the_last_administrator_is_not_deactivated(school: SchoolForTests, told: Told, at: Any) -> None:
    """USR-02: the school could be administered by nobody."""
    told("user", "deactivate", school.emails["admin"], *at)
    assert "only user with a key" in told("user", "deactivate", school.emails["lead"], *at, code=1)["error"]


def test_one_account_of_several_schools(
    school: SchoolForTests, other_school: SchoolForTests, told: Told, at: Any
) -> None:
    """ACC-03: made by the operator for one e-mail that is a user at every school."""
    email = school.emails["teacher"]
    both = (*at, "--school", other_school.slug)
    assert other_school.slug in told("user", "sso", email, *both, code=1)["error"]
    assert "at least two" in told("user", "sso", email, *at, code=1)["error"]
    person = ["--email", email, "--forename", "Tariq", "--surname", "Teacher", "--group", "Teachers"]
    told("user", "create", "--school", other_school.slug, *person, "--no-mail")
    answer = told("user", "sso", email, *both)
    assert answer["schools"] == [school.slug, other_school.slug]
    assert answer["address"] == school.app.deployment.accounts_address
    for one in (school, other_school):
        row = next(
            row for row in told("user", "list", "--school", one.slug)["users"] if row["email"] == email
        )
        assert row["sso"] is True
        (entry,) = entries(one.app, one.id, "sso.made")
        assert entry.channel == "command line"


# --- groups and modules


def test_groups_are_listed(school: SchoolForTests, told: Told, cpoms: Call, at: Any) -> None:
    """USR-04."""
    rows = {row["group"]: row for row in told("group", "list", *at)["groups"]}
    assert rows["Teachers"] == {"group": "Teachers", "users": 2, "with_key": 0, "administers": False}
    assert rows["Safeguarding"]["administers"] and rows["Safeguarding"]["with_key"] == 1
    assert "Heads of year" in cpoms("group", "list", *at).output


def test_modules_are_switched(school: SchoolForTests, told: Told, at: Any) -> None:
    """MOD-01: audited; a second call changes nothing; an unknown one is answered with those there are."""
    for command, on, changed in (("off", False, True), ("off", False, False), ("on", True, True)):
        answer = told("module", command, "cases", *at)
        assert answer == {
            "ok": True, "school": school.slug, "module": "cases", "on": on, "changed": changed,
        }  # fmt: skip
        with school.app.session(school.id, writes=False) as db:
            assert db.get_one(ModuleSwitch, (school.id, "cases")).enabled is on
        (row,) = [one for one in told("module", "list", *at)["modules"] if one["module"] == "cases"]
        assert row["on"] is on and list(row) == ["module", "title", "version", "on", "tables"]
    switched = entries(school.app, school.id, "module.switched")
    assert [(one.channel, one.details["enabled"]) for one in switched] == [
        ("command line", False), ("command line", True),
    ]  # fmt: skip
    assert "Installed are: cases" in told("module", "on", "nonsense", *at, code=1)["error"]


# --- the program itself


@pytest.mark.slow
@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_real_process_answers(school: SchoolForTests, config: Path, family: str) -> None:
    """OPS-02: one command of each family as an operator's shell runs it: exit codes, one object, no noise."""
    program = [sys.executable, "-m", "cpoms_core.cli", "--config", str(config), family, "list"]
    where = [] if family == "school" else ["--school", school.slug]
    done = subprocess.run([*program, *where, "--json"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True
    if where:
        refused = subprocess.run(
            [*program, "--school", "no-such"], capture_output=True, text=True, check=False
        )
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("Error: There is no school 'no-such'.")
    assert subprocess.run([*program, "--nonsense"], capture_output=True, check=False).returncode == 2
