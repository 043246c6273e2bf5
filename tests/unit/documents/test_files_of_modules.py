"""Files of modules: the core takes them in and sends them, and asks the modules which files are theirs
(hooks `kept_files`, `destroy_document`)."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
import structlog

from cpoms_core.access.identity import operator_viewer
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.documents import keeping, tasks
from cpoms_core.documents.answers import StoredFile, in_browser, opens_in_browser
from cpoms_core.documents.services import Incoming, Upload, file_key, taken_in
from cpoms_core.documents.storage import FileDamaged
from cpoms_core.documents.tasks import Swept, sweep_files
from cpoms_core.errors import Refused
from cpoms_core.tenancy.models import ModuleSwitch
from cpoms_core.tenancy.services import next_number, next_numbers
from cpoms_core.testing.conformance import turn
from cpoms_core.testing.probe import behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school

REQUEST = "letter of the head teacher of 3 March 2026"


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    return make_school(probe_app)


def taken(school: SchoolForTests, *names: str) -> list[Incoming]:
    """Files as a module takes them in: no row of the core names them."""
    uploads = [Upload(name, io.BytesIO(b"Be kind.")) for name in names]
    with taken_in(school.app, school.viewer("lead"), uploads, needs="admin") as files:
        return files


def swept(school: SchoolForTests, *, even_many: bool = False) -> Swept:
    later = utc_now() + dt.timedelta(days=2)
    *_, last = sweep_files(school.app, school.id, later, even_many=even_many)
    return last


def stored(school: SchoolForTests) -> set[str]:
    folder = school.app.deployment.folder / "files" / str(school.id)
    return {path.name for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("on", [True, False])
def test_what_a_module_keeps_is_not_swept(school: SchoolForTests, on: bool) -> None:
    """LIB-03, MOD-01: `kept_files` is asked of every installed module, on or off, for many at once."""
    mine, nobodys = taken(school, "mine.txt", "nobodys.txt")
    turn(school, "probe", on)
    asked: list[Sequence[uuid.UUID]] = []

    def keep(file_ids: Sequence[uuid.UUID], **_others: Any) -> list[uuid.UUID]:
        asked.append(file_ids)
        return [mine.id]

    with behaviour.instead("kept_files", keep):
        assert swept(school) == Swept(looked_at=2, unnamed=1, removed=1)
    assert stored(school) == {mine.id.hex}
    assert [set(ids) for ids in asked] == [{mine.id, nobodys.id}]


def fail(**_arguments: Any) -> Any:
    raise RuntimeError("broken")


@pytest.mark.parametrize("broken", [fail, lambda **_: ["no id"], lambda **_: 7, lambda **_: None])
def test_a_module_that_cannot_say_keeps_every_file(school: SchoolForTests, broken: Any) -> None:
    """MOD-04, never lost: an error or nonsense of `kept_files` is logged, and nothing is removed."""
    (file,) = taken(school, "file.txt")
    with structlog.testing.capture_logs() as logs, behaviour.instead("kept_files", broken):
        assert swept(school, even_many=True).removed == 0
    assert stored(school) == {file.id.hex}
    assert "none is removed" in logs[0]["event"] and logs[0]["log_level"] == "error"


def test_files_of_a_module_that_is_gone_are_kept_until_a_person_says_so(school: SchoolForTests) -> None:
    """MOD-03, never lost: nobody can say which files were its own."""
    (file,) = taken(school, "file.txt")
    with school.app.transaction(school.id) as db:
        db.add(ModuleSwitch(school_id=school.id, module="uninstalled", enabled=True, changed_at=utc_now()))
    with structlog.testing.capture_logs() as logs:
        assert swept(school) == Swept(looked_at=1, unnamed=1, gone=("uninstalled",))
    assert logs[-1]["modules_gone"] == "uninstalled" and stored(school) == {file.id.hex}
    assert swept(school, even_many=True).removed == 1


def test_several_batches_are_asked_for(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """LIB-03: each with its own files."""
    monkeypatch.setattr(tasks, "BATCH", 2)
    files = taken(school, *(f"{number}.txt" for number in range(5)))
    with behaviour.instead("kept_files", lambda file_ids, **_: file_ids):
        assert swept(school) == Swept(looked_at=5)
    assert len(stored(school)) == len(files)


def destroyed(school: SchoolForTests, number: int) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        return keeping.destroy(db, operator_viewer(db), number, REQUEST)


@pytest.mark.parametrize("on", [True, False])
def test_the_operator_removes_a_modules_document(school: SchoolForTests, on: bool) -> None:
    """EDT-10, MOD-01: `destroy_document` is asked of every installed module where the core has no such
    document, and told on whose request."""
    (file,) = taken(school, "file.txt")
    turn(school, "probe", on)
    told: list[Any] = []

    def mark(number: int, reason: str, **_others: Any) -> uuid.UUID | None:
        told.append((number, reason))
        return file.id if number == 5 else None

    with behaviour.instead("destroy_document", mark):
        assert destroyed(school, 5) == file.id
        with pytest.raises(Refused, match="no document D-6"):
            destroyed(school, 6)
    assert told == [(5, REQUEST), (6, REQUEST)]


def test_a_module_may_refuse_to_destroy(school: SchoolForTests) -> None:
    """EDT-10: in its own words; any other error stops the command too, and nothing is done."""

    def refuse(**_arguments: Any) -> Any:
        raise Refused("It must be deleted first.")

    with behaviour.instead("destroy_document", refuse), pytest.raises(Refused, match="deleted first"):
        destroyed(school, 5)
    with behaviour.instead("destroy_document", fail), pytest.raises(RuntimeError):
        destroyed(school, 5)


def test_a_module_needs_its_own_permission_to_take_files(school: SchoolForTests) -> None:
    """LIB-04: and not that of attaching files to records."""
    with (
        pytest.raises(Refused, match="may not attach"),
        taken_in(school.app, school.viewer("head"), [Upload("a.txt", io.BytesIO(b"a"))], needs="probe:read"),
    ):
        pass


def test_documents_of_all_have_one_series_of_numbers(school: SchoolForTests) -> None:
    """EDT-10: a module takes its numbers from the school's own."""
    with school.app.transaction(school.id) as db:
        assert next_number(db, "document") == 1
        assert list(next_numbers(db, "document", 2)) == [2, 3]


def answered(school: SchoolForTests, media_type: str, content: bytes) -> Any:
    (file,) = taken(school, "file.txt")
    key = file_key(school.app, school.id)
    school.app.storage.remove(school.id, file.id)
    school.app.storage.write(key, school.id, file.id, io.BytesIO(content), limit=10**6)
    about = StoredFile(file.id, school.id, "plan – 1.x", media_type, len(content))
    return in_browser(school.app, key, about)


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "text/xml", "text/plain", "image/png"])
def test_what_could_run_is_saved_and_of_no_origin(school: SchoolForTests, media_type: str) -> None:
    """LIB-05: so is a picture that cannot be drawn."""
    answer = answered(school, media_type, b"<svg onload='alert(1)'/>")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="plan  1.x"')
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert b"".join(answer.app_iter) == b"<svg onload='alert(1)'/>"


def test_a_pdf_goes_to_the_browsers_own_reader(school: SchoolForTests) -> None:
    """LIB-01, LIB-05: under its own type, and of no origin."""
    answer = answered(school, "application/pdf", b"%PDF-1.4")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert opens_in_browser("application/pdf", 1) and not opens_in_browser("text/html", 1)


def test_a_damaged_file_is_noticed_before_anything_is_sent(school: SchoolForTests) -> None:
    """LIB-01: as for the core's own."""
    about = StoredFile(uuid.uuid4(), school.id, "a.txt", "text/plain", 4)
    with pytest.raises(FileDamaged):
        in_browser(school.app, file_key(school.app, school.id), about)
