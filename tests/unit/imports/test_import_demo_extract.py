"""The demonstration's extract through the real importer: 1,200 students with all that belongs to them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from cpoms_core.demo.extract import write_extract
from cpoms_core.imports import people, services
from cpoms_core.imports.models import ImportRun
from cpoms_core.imports.records import Extract
from cpoms_core.students.models import (
    AttendanceMark,
    Contact,
    GroupMember,
    StaffMember,
    Student,
    StudentLink,
)
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_extract(tmp_path_factory.mktemp("extract"))


@pytest.mark.slow
def test_the_demo_extract_round_trip(school: SchoolForTests, file: Path) -> None:
    """MIS-01, MIS-03, MIS-05: everything in the file is in the database as it was; the second import of it
    finds nothing to do."""
    app, viewer, content = school.app, school.viewer("admin"), file.read_bytes()
    with app.transaction(school.id) as db:
        db.execute(update(Student).values(mis_source=None).execution_options(synchronize_session=False))

    def run(state: str) -> ImportRun:
        run_id = services.preview(app, viewer, "sims", file.name, io.BytesIO(content))
        services.apply(app, viewer, run_id)
        with app.session(school.id, writes=False) as db:
            found = db.get_one(ImportRun, (school.id, run_id))
        assert found.state == state, found.problems
        return found

    extract: Extract = app.mis_sources["sims"][1].read(io.BytesIO(content), file.name, {})
    students, marks = extract.students or (), extract.marks or ()
    contacts = sum(len(record.contacts) for record in students)
    counts = run("applied").counts
    assert counts["students"]["added"] == len(students) == 1200
    assert counts["staff"]["added"] == len(extract.staff or ()) == 150
    assert counts["contacts"]["added"] == contacts
    assert counts["marks"]["added"] == len(marks) > 40_000
    with app.session(school.id, writes=False) as db:
        rows = {row.mis_id: row for row in db.scalars(select(Student).where(Student.mis_source == "sims"))}
        for record in students:
            row = rows[record.mis_id]
            assert all(getattr(row, name) == getattr(record, name) for name in people.PLAIN)
            assert row.details["medical_conditions"] == list(record.medical_conditions)
            assert row.archived_at is None
        assert db.scalar(select(func.count()).select_from(Contact)) == contacts
        assert db.scalar(select(func.count()).select_from(AttendanceMark)) == len(marks)
        assert db.scalar(select(func.count()).select_from(StaffMember)) == 150
        assert db.scalar(select(func.count()).select_from(GroupMember)) == 2 * 1200 + 6, "and the fixture's"
        siblings = sum(len(set(record.siblings)) for record in students)
        assert db.scalar(select(func.count()).select_from(StudentLink)) == siblings
    counts = run("applied").counts
    for kind, number in (("students", 1200), ("staff", 150), ("contacts", contacts), ("marks", len(marks))):
        assert counts[kind] == {
            "added": 0, "changed": 0, "archived": 0, "restored": 0, "unchanged": number
        }  # fmt: skip
