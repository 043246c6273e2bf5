"""A machine without Debian's libmagic1, as that of somebody who is not root: all but files works (OPS-01)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from cpoms_core.application import Application
from cpoms_core.deployment import load
from cpoms_core.documents.models import Document
from cpoms_core.incidents.models import Incident
from cpoms_core.students.models import Student, StudentLink
from cpoms_core.tenancy.models import School
from cpoms_core.testing.browsing import text_of, typed_incident
from cpoms_core.testing.schools import SchoolForTests

MISSING = "raise ImportError('failed to find libmagic.  Check your installation')\n"
"""What python-magic does when it is imported without the library."""
SMALL_DEMO = """
from cpoms_core.demo import making, schools
making.SCHOOLS = schools.SCHOOLS[1:]
from cpoms_core.cli import main
main()
"""


@pytest.fixture
def without_libmagic(tmp_path: Path) -> Path:
    """A folder that hides the library from a process, where it is on its PYTHONPATH."""
    folder = tmp_path / "hiding"
    folder.mkdir()
    (folder / "magic.py").write_text(MISSING)
    return folder


@pytest.fixture
def hidden(without_libmagic: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hides it from this process."""
    monkeypatch.syspath_prepend(without_libmagic)
    monkeypatch.delitem(sys.modules, "magic", raising=False)
    yield
    sys.modules.pop("magic", None)


@pytest.mark.slow
def test_the_demonstration_is_made_without_files_and_says_which_package_is_missing(
    without_libmagic: Path, tmp_path: Path
) -> None:
    """OPS-01: `make run` goes on where it can; files are left out, in one sentence and no traceback."""
    config = tmp_path / "deployment.toml"
    command = ["--config", str(config), "demo", "--no-serve", "--folder", str(tmp_path / "demo")]
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SMALL_DEMO, *command],
        env={**os.environ, "PYTHONPATH": str(without_libmagic)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "Traceback" not in ran.stdout + ran.stderr
    (said,) = (line for line in ran.stdout.splitlines() if "libmagic1" in line)
    assert "apt-get install" in said and "cannot be attached" in said
    app = Application(load(config))
    try:
        with app.session(None, writes=False) as db:
            school_id = db.scalars(select(School.id)).one()
        with app.session(school_id, writes=False) as db:
            counts = [
                db.scalar(select(func.count()).select_from(table))
                for table in (Document, Student, Incident, StudentLink)
            ]
    finally:
        app.engines.dispose()
    assert counts[0] == 0 and all(counts[1:])


@pytest.mark.usefixtures("hidden")
def test_a_file_is_refused_and_what_was_typed_stays(school: SchoolForTests, web: Any) -> None:
    """OPS-01, INC-06: beside the field, what is wrong and what to do; without the file it is recorded."""
    files = [("files", "letter.txt", b"Dear Ms Bell")]
    with capture_logs() as logs:
        page = web(school, "teacher").submit(
            "/incidents/add", typed_incident(school), upload_files=files, status=422
        )
    assert "letter.txt could not be checked: the package libmagic1 is missing" in text_of(page)
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["files cannot be taken"]
    page.forms["incident-form"].submit(status=302)
    with school.app.session(school.id, writes=False) as db:
        assert db.scalars(select(Incident.id)).all() and not db.scalars(select(Document.id)).all()
