"""STU-06: the Attendance page of a record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import time_machine
from browsing import text_of
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.rows import insert_rows
from cpoms_core.students.models import AttendanceMark
from cpoms_core.testing.schools import SchoolForTests


def mark(school: SchoolForTests, marks: list[tuple[dt.date, str, str]]) -> None:
    with school.app.transaction(school.id) as db:
        insert_rows(
            db,
            AttendanceMark,
            [
                {
                    "school_id": school.id,
                    "student_id": school.students["aoife"],
                    "date": day,
                    "session": half,
                    "code": code,
                }
                for day, half, code in marks
            ],
        )


def page_of(school: SchoolForTests, query: str = "") -> str:
    return f"/students/{school.students['aoife']}/attendance{query}"


def test_totals_and_marks_in_words(school: SchoolForTests, web: Any) -> None:
    """STU-06: per cent and half days; each mark is read out with its half day and its meaning, and not told
    by its colour; what was looked at is written down."""
    tuesday = dt.date(2023, 10, 3)
    mark(
        school,
        [
            (tuesday, "AM", "/"),
            (tuesday, "PM", "B"),
            (tuesday + dt.timedelta(days=1), "AM", "N"),
            (tuesday + dt.timedelta(days=1), "PM", "#"),
            (utc_now().date(), "AM", "O"),
        ],
    )
    page = web(school, "lead").get(page_of(school, "?year=2023"))
    text = text_of(page)
    assert "Present 66.7 % 2 half days" in text
    assert "Authorised absence 0.0 % 0 half days" in text
    assert "Unauthorised absence 33.3 % 1 half day" in text
    assert "1 more half day count for nothing" in text
    (table,) = page.html.select("table.attend-month")
    assert table.caption.get_text(strip=True) == "October 2023"
    assert [cell.get_text() for cell in table.select("thead th[scope=col]")] == [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
    ]
    (square,) = [cell for cell in table.select("td") if cell.time and cell.time["datetime"] == "2023-10-03"]
    assert [one.get_text() for one in square.select(".visually-hidden")] == [
        "morning: Present in the morning (present).",
        "afternoon: At another approved educational activity (present).",
    ]
    assert [one.get_text() for one in square.select("[aria-hidden]")] == ["/", "B"]
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "student.attendance-viewed")).one()
    assert entry.subjects == [str(school.students["aoife"])]


def test_todays_marks_are_not_there(school: SchoolForTests, web: Any) -> None:
    """STU-06: nor those that an import brought for tomorrow."""
    with time_machine.travel(utc_now(), tick=False):  # today is the same day to the end
        today = school.viewer("lead").local(utc_now()).date()
        mark(school, [(today, "AM", "O"), (today + dt.timedelta(days=1), "AM", "G")])
        page = web(school, "lead").get(page_of(school))
    assert "There are no marks in this year." in text_of(page)
    assert page.html.select("table") == []


def test_years_lead_to_each_other(school: SchoolForTests, web: Any) -> None:
    """STU-06: and an address that names no year shows this one."""
    mark(school, [(dt.date(2023, 10, 3), "AM", "/"), (dt.date(2025, 10, 3), "AM", "/")])
    lead = web(school, "lead")
    page = lead.get(page_of(school, "?year=2024"))
    assert "There are no marks in this year." in text_of(page)
    assert "2023/24" in text_of(page.click("Year before"))
    assert "2025/26" in text_of(page.click("Year after"))
    for wrong in ("?year=0000", "?year=99999", "?year=x", "?year=%D9%A1%D9%A1%D9%A1%D9%A1", "?year=-202"):
        assert lead.get(page_of(school, wrong)).status_int == 200
