"""Making the demonstration (OPS-01): complete or not at all, with log-ins that work."""

from __future__ import annotations

import datetime as dt
import json
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from cpoms_core.access import login
from cpoms_core.access.models import Account, SoftKey, UserGroup
from cpoms_core.access.viewer import utc_now
from cpoms_core.alerts.models import Alert
from cpoms_core.application import Application
from cpoms_core.cli import main
from cpoms_core.demo import attendance, making, record, schools
from cpoms_core.deployment import load
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Action, Category, Incident, IncidentStudent, IncidentVersion
from cpoms_core.keys.soft_keys import accept_code
from cpoms_core.students.models import AttendanceMark, Contact, Student, StudentLink
from cpoms_core.tenancy.models import ModuleSwitch, School

SMALL = schools.SCHOOLS[1]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a demonstration of the small school only."""
    place = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "SCHOOLS", (SMALL,))
        making.make_demo(place / "deployment.toml", place / "demo", 6600, lambda _step: None)
    yield place


@pytest.fixture(scope="module")
def app(made: Path) -> Iterator[Application]:
    application = Application(load(made / "deployment.toml"))
    yield application
    application.engines.dispose()


def the_school(app: Application) -> int:
    with app.session(None, writes=False) as db:
        return db.scalars(select(School.id).where(School.slug == "riverside")).one()


def count(app: Application, table: Any) -> int:
    with app.session(the_school(app), writes=False) as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def test_the_configuration_is_a_demonstrations(made: Path, app: Application) -> None:
    """OPS-01: SQLite, the local mailbox, marked as a demonstration."""
    deployment = app.deployment
    assert deployment.demo and deployment.mail == "mailbox:" and deployment.public_port == 6600
    assert deployment.folder == made / "demo" and deployment.database_url.startswith("sqlite:")


def test_only_this_user_reads_the_passwords(made: Path) -> None:
    """OPS-01: passwords are made on this machine, differ, and are nobody else's to read."""
    file = made / "demo" / "demo.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [school] = json.loads(file.read_text())["schools"]
    assert school["address"] == "http://riverside.cpoms.localhost:6600"
    passwords = [one["password"] for one in school["logins"]]
    assert len(set(passwords)) == len(passwords) > 5
    content = (made / "demo" / "cpoms.sqlite").read_bytes()
    assert not any(password.encode() in content for password in passwords)


def test_every_login_works(made: Path, app: Application) -> None:
    """OPS-01, ACC-01, ACC-05: each password is right, and each secret's code is accepted."""
    school_id = the_school(app)
    visitor = login.Visitor(school_id, "192.0.2.1", "test")
    [school] = making.read_facts(made / "demo")["schools"]
    for one in school["logins"]:
        owner = login.check_password(app, visitor, one["email"], one["password"], utc_now())
        with app.transaction(school_id) as db:
            account = owner.account.id
            keyed = db.scalar(select(func.count()).select_from(SoftKey).where(SoftKey.account_id == account))
            assert bool(keyed) == bool(one["secret"])
            if one["secret"]:
                assert accept_code(db, account, pyotp.TOTP(one["secret"]).now(), utc_now())
    assert Counter(bool(one["secret"]) for one in school["logins"])[False] >= 3


def test_the_school_is_alive(app: Application) -> None:
    """OPS-01: students by the real importer, a tree of categories, a year of incidents, open alerts."""
    assert count(app, Student) == schools.SMALL[0]
    assert count(app, Incident) == SMALL.incidents + record.WHOLE_SCHOOL
    assert count(app, Action) > 5
    school_id = the_school(app)
    with app.session(school_id, writes=False) as db:
        parents = db.scalars(select(Category.name).where(Category.parent_id.is_(None))).all()
        assert {"Attendance", "Behaviour", "Child Protection", "SEND"} <= set(parents)
        colours = db.scalars(select(Category.colour).where(Category.parent_id.is_(None))).all()
        assert len(set(colours)) == len(colours), "categories can be told apart"
        assert db.scalars(select(UserGroup.name)).all()
        assert set(db.scalars(select(ModuleSwitch.module).where(ModuleSwitch.enabled))) == set(app.modules)
        newest, oldest = db.execute(
            select(func.max(Incident.created_at), func.min(Incident.created_at))
        ).one()
        assert newest <= utc_now(), "nothing is from the future"
        assert db.scalar(select(func.max(Action.created_at))) <= utc_now()
        assert (newest - oldest).days > 100
        authors = db.scalars(select(Incident.author_id).distinct()).all()
        assert len(authors) > 3
        alerts = db.execute(select(func.count(), func.min(Alert.created_at))).one()
        assert alerts[0] == 0 or (utc_now() - alerts[1]).days <= 7
        hashes = db.scalars(select(Account.password_hash)).all()
        assert all(one and one.startswith("$argon2id$") for one in hashes)


def test_every_page_of_a_record_has_something_on_it(app: Application) -> None:
    """OPS-01: files, photos, marks to yesterday, contacts, links, parts, pins, versions and a merge, so that
    whoever tries the product sees what it is for."""

    def many(*conditions: Any) -> int:
        with app.session(the_school(app), writes=False) as db:
            return db.scalar(select(func.count()).where(*conditions)) or 0

    assert many(Student.summary != "") == record.CHILDREN
    assert many(Student.keyword_text != "") == record.CHILDREN
    assert many(Student.photo_id.is_not(None)) == record.WITH_PHOTO
    assert many(StudentLink.from_mis.is_(False)) == 2 * (record.CHILDREN - 1)
    assert many(Contact.mis_id == "") == record.CHILDREN
    assert many(Contact.mis_id != "") >= schools.SMALL[0], "those of the register"
    assert many(Document.student_id.is_not(None)) == record.CHILDREN
    assert many(Document.incident_id.is_not(None)) == record.PUT_RIGHT
    assert many(Alert.document_id.is_not(None)) == 2
    assert many(Incident.student_id.is_(None)) == record.WHOLE_SCHOOL
    assert many(Incident.pinned_at.is_not(None)) == record.PUT_RIGHT
    assert many(IncidentStudent.part_id.is_not(None)) == record.PUT_RIGHT
    assert many(IncidentVersion.version == 2) >= record.PUT_RIGHT
    assert many(Incident.merged_into.is_not(None)) >= 1
    assert many(Student.archived_at.is_not(None)) == 0, "an import of marks archives nobody"
    yesterday = utc_now().date() - dt.timedelta(days=1)
    if days := attendance.days_since(yesterday):
        assert many(AttendanceMark.date == days[-1]) == 2 * record.CHILDREN
        assert many(AttendanceMark.date > yesterday) == 0


def test_the_second_run_keeps_what_there_is(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-01: the second run makes nothing, keeps the passwords and says where it is and who may log in."""
    before = (made / "demo" / "demo.json").read_bytes()
    monkeypatch.setattr(making, "make_school", lambda *_: pytest.fail("made again"))
    result = CliRunner().invoke(main, ["--config", str(made / "deployment.toml"), "demo", "--no-serve"])
    assert result.exit_code == 0, result.output
    assert (made / "demo" / "demo.json").read_bytes() == before
    [school] = json.loads(before)["schools"]
    assert school["address"] in result.output
    keyed = next(one for one in school["logins"] if one["secret"])
    plain = next(one for one in school["logins"] if not one["secret"])
    for text in (keyed["email"], keyed["password"], keyed["secret"], plain["email"], plain["password"]):
        assert text in result.output
    assert "▀" in result.output, "the picture of the key"


def test_another_port(made: Path) -> None:
    """OPS-01: asked for another port, addresses follow."""
    arguments = ["--config", str(made / "deployment.toml"), "demo", "--no-serve", "--port"]
    result = CliRunner().invoke(main, [*arguments, "6700"])
    assert "riverside.cpoms.localhost:6700" in result.output
    assert load(made / "deployment.toml").public_port == 6700
    CliRunner().invoke(main, [*arguments, "6600"])


def test_an_interrupted_set_up_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OPS-01: what broke half way is never taken for a demonstration; the next run makes a whole one."""
    monkeypatch.setattr(making, "SCHOOLS", (SMALL,))
    place, config = tmp_path / "demo", tmp_path / "deployment.toml"

    def breaks(*_arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(schools.Year, "write", breaks)
        with pytest.raises(KeyboardInterrupt):
            making.make_demo(config, place, 6600, lambda _step: None)
    assert not making.is_made(place) and not place.exists() and not config.exists()
    making.make_demo(config, place, 6600, lambda _step: None)
    assert making.is_made(place)
    assert not place.with_name("demo.making").exists()


def test_a_real_deployment_does_not_become_a_demonstration(tmp_path: Path) -> None:
    """OPS-01: where a school's records are kept, the command refuses and changes nothing."""
    config = tmp_path / "deployment.toml"
    config.write_text('folder = "records"\n')
    result = CliRunner().invoke(main, ["--config", str(config), "demo", "--no-serve"])
    assert result.exit_code != 0 and "is no demonstration" in result.output
    assert config.read_text() == 'folder = "records"\n' and not (tmp_path / "demo").exists()


def test_other_files_are_not_overwritten(tmp_path: Path) -> None:
    """OPS-01: a folder that holds something else is left alone."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("mine")
    result = CliRunner().invoke(main, ["--config", str(tmp_path / "d.toml"), "demo", "--no-serve"])
    assert result.exit_code != 0 and "holds something else" in result.output
    assert (tmp_path / "demo" / "mine.txt").read_text() == "mine"
