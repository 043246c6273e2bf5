"""The print of a chronology: seconds, and the most memory that the press and we ourselves take, for 100 and
for 1,000 incidents. It fails where the second takes much more memory than the first: a part is laid out and
given back before the next one, so a record of any length is printed in about the memory of one part."""

from __future__ import annotations

import datetime as dt
import subprocess
import time
import uuid

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.incidents.services import NewAction, NewIncident, record_action, record_incident
from cpoms_core.printing.queries import Chosen
from cpoms_core.printing.services import RecordWanted, make_long, plan_record
from cpoms_core.testing.memory import children_watched, peak_of
from cpoms_core.testing.schools import SchoolForTests, make_school
from tests.bench.alone import alone

MORE = 40  # megabytes that ten times as many incidents may take
CEILING = 300  # megabytes that the press may take at all
TEXT = (
    "At break she told me that she did not want to go home today. She was calm, and said that she has said "
    "so before. I told her that I would pass this on, and to whom. "
) * 4


def report(app: Application) -> None:
    """Prints a line for each length."""
    school = make_school(app)
    presses, ours = [], []
    for count, whose in ((100, "björn"), (1_000, "aoife")):
        _fill(school, school.students[whose], count)
        with children_watched() as press:
            seconds, pdf = _print(app, school, school.students[whose])
        presses.append(press.megabytes)
        ours.append(peak_of("self") // 1024)
        pages = subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout
        number = next(line.split()[1] for line in pages.decode().splitlines() if line.startswith("Pages"))
        print(
            f"  print of {count:>5,} incidents {seconds:6.1f} s   {number:>4} pages, {len(pdf) / 1e6:.1f} MB"
            f"   press {press.megabytes} MB, we {ours[-1]} MB at most",
            flush=True,
        )
    for who, (few, many) in (("the press", presses), ("we", ours)):
        assert 0 not in (few, many) and many <= few + MORE, f"{who}: {few} MB for 100, {many} MB for 1,000"
    assert max(presses) <= CEILING, presses


def _print(app: Application, school: SchoolForTests, student_id: uuid.UUID) -> tuple[float, bytes]:
    wanted = RecordWanted(student_id, Chosen(student_id))
    began = time.perf_counter()
    with app.session(school.id, writes=False) as db:
        plan = plan_record(db, school.viewer("lead"), wanted)
    pdf = make_long(
        lambda: app.session(school.id, writes=False), plan, password="", progress=lambda _done, _of: None
    )
    return time.perf_counter() - began, pdf


def _fill(school: SchoolForTests, student_id: uuid.UUID, count: int) -> None:
    """Incidents of a usual length, every third with an action."""
    viewer, now = school.viewer("lead"), utc_now()
    for start in range(0, count, 100):
        with school.app.transaction(school.id) as db:
            for at in range(start, min(start + 100, count)):
                incident = record_incident(
                    db,
                    viewer,
                    NewIncident(
                        submission=uuid.uuid4(),
                        student_id=student_id,
                        text=TEXT,
                        category_ids=[school.categories["Behaviour"]],
                        occurred_at=now - dt.timedelta(hours=at),
                    ),
                )
                if at % 3 == 0:
                    action = NewAction(
                        submission=uuid.uuid4(), incident_id=incident.id, text=TEXT[:300], occurred_at=now
                    )
                    record_action(db, viewer, action)


if __name__ == "__main__":
    alone(report)
