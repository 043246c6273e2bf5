"""EDT-10: `cpoms document destroy`, the only way in which the bytes of a file go for good."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select

from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents.filing import file_in_vault
from cpoms_core.documents.models import Document
from cpoms_core.documents.services import Upload, taken_in
from cpoms_core.testing.schools import SchoolForTests

Told = Callable[..., dict[str, Any]]
Call = Callable[..., Result]
REQUEST = ("--request", "letter of the head teacher of 3 March 2026")


def filed(school: SchoolForTests, *names: str) -> list[uuid.UUID]:
    """Files in Aoife's vault."""
    lead = school.viewer("lead")
    uploads = [Upload(name, io.BytesIO(b"Dear Ms Bell")) for name in names]
    with taken_in(school.app, lead, uploads) as documents, school.app.transaction(school.id) as db:
        file_in_vault(db, lead, school.students["aoife"], documents)
    return [one.id for one in documents]


def bytes_of(school: SchoolForTests) -> set[str]:
    folder = school.app.deployment.folder / "files" / str(school.id)
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_one_file_goes_for_good(school: SchoolForTests, told: Told, at: tuple[str, str]) -> None:
    """EDT-10: its bytes and no other's; the row, whose request it was and the audit stay."""
    gone, kept = filed(school, "wrong child.txt", "right child.txt")
    assert told("document", "destroy", "D-1", *at, *REQUEST) == {
        "ok": True,
        "document": 1,
        "bytes_removed": True,
    }
    assert bytes_of(school) == {kept.hex}
    with school.app.session(school.id, writes=False) as db:
        document = db.get_one(Document, (school.id, gone))
        assert document.destroyed_at == document.removed_at is not None
        assert (document.destroyed_reason, document.removed_by) == (REQUEST[1], None)
        (entry,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "document.destroyed"))
        assert (entry.channel, entry.user_id) == ("command line", None)


@pytest.mark.parametrize(
    ("label", "request_", "message"),
    [
        ("D-7", REQUEST[1], "no document D-7"),
        ("letter.txt", REQUEST[1], "no document ID. One looks like D-12"),
        ("D-1", "  ", "whose written request"),
    ],
)
def test_what_cannot_be_done_changes_nothing(
    school: SchoolForTests, told: Told, at: tuple[str, str], label: str, request_: str, message: str
) -> None:
    """EDT-10: another number, a name, or nobody's request; and never without `--request`."""
    (document_id,) = filed(school, "letter.txt")
    answer = told("document", "destroy", label, *at, "--request", request_, code=1)
    assert message in answer["error"]
    assert bytes_of(school) == {document_id.hex}


def test_a_request_is_needed(school: SchoolForTests, cpoms: Call, at: tuple[str, str]) -> None:
    """EDT-10: "on an admin's written request"; and a second time there is nothing to remove."""
    filed(school, "letter.txt")
    assert cpoms("document", "destroy", "D-1", *at).exit_code == 2
    assert "removed for good." in cpoms("document", "destroy", "d1", *at, *REQUEST).output
    assert "was removed for good before" in cpoms("document", "destroy", "1", *at, *REQUEST).output


def test_another_schools_file_is_not_touched(
    school: SchoolForTests, other_school: SchoolForTests, told: Told, at: tuple[str, str]
) -> None:
    """EDT-10, OPS: numbers are each school's own."""
    filed(other_school, "letter.txt")
    assert "no document D-1" in told("document", "destroy", "D-1", *at, *REQUEST, code=1)["error"]
    assert len(bytes_of(other_school)) == 1


def test_where_the_place_is_away_the_sweep_is_named(
    school: SchoolForTests, config: Path, told: Told, cpoms: Call, at: tuple[str, str]
) -> None:
    """EDT-10, hostile input 11: it is noted, nobody can open it any more, and what is owed is said."""
    filed(school, "letter.txt", "another.txt")
    away = {"files": "s3://nobody/here", "files_endpoint": "http://127.0.0.1:9", "files_region": "eu-west-2"}
    away |= {"files_access_key": "none", "files_secret_key": "none"}
    config.write_text(config.read_text() + "".join(f"{key} = {value!r}\n" for key, value in away.items()))
    assert told("document", "destroy", "D-1", *at, *REQUEST)["bytes_removed"] is False
    assert "`cpoms documents sweep` removes them" in cpoms("document", "destroy", "D-2", *at, *REQUEST).output
    with school.app.session(school.id, writes=False) as db:
        assert all(db.scalars(select(Document.destroyed_at)))
