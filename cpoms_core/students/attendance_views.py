"""The Attendance page of a student's record (STU-06)."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from cpoms_core.students import attendance_figures as figures
from cpoms_core.students.attendance import Attendance, attendance_of
from cpoms_core.students.attendance_figures import Mark, Month, Square, Trend
from cpoms_core.students.record import open_record
from cpoms_core.students.tabs import record_context
from cpoms_core.students.views import matched_id

PAGE = "student-attendance"
FIRST_YEAR, LAST_YEAR = 1990, 2100
KINDS: tuple[tuple[figures.Kind, str, str], ...] = (
    ("present", "present", "Present"),
    ("authorised", "authorised", "Authorised absence"),
    ("unauthorised", "unauthorised", "Unauthorised absence"),
    ("not counted", "other", "Not counted"),
)
"""Each kind of mark: how it is called in style sheets, and in words."""
CLASSES = {kind: name for kind, name, _ in KINDS}
WORDS = {kind: words for kind, _, words in KINDS}


def attendance(request: Request) -> dict[str, Any]:
    """Totals, trend and calendar of one academic year, to the day before."""
    db, viewer = request.db, request.viewer
    record = open_record(db, viewer, matched_id(request, "student_id"))
    found = attendance_of(db, viewer, record.id, _year(request.GET.get("year", "")))
    request.shows([record.id])
    return {
        "title": f"Attendance of {record.name}",
        "student": record_context(request, record, PAGE),
        "year": found.year,
        "year_words": f"{found.year}/{(found.year + 1) % 100:02}",
        "until": found.until,
        "figures": _figures(found),
        "not_counted": found.totals.not_counted,
        "possible": found.totals.possible,
        "trend": _trend(found.trend) if found.trend else None,
        "trend_days": found.trend_days,
        "months": [_month(month) for month in found.months],
        "codes": [
            {"code": one.code, "meaning": one.meaning, "kind": WORDS[one.kind], "half_days": one.half_days}
            | {"class": CLASSES[one.kind]}
            for one in found.codes
        ],
        "years": [
            {"label": label, "href": request.route_path(PAGE, student_id=record.id, _query={"year": year})}
            for label, year in (("Year before", found.earlier), ("Year after", found.later))
            if year is not None
        ],
    }


def _year(text: str) -> int | None:
    """The academic year that an address asks for, or None."""
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        return None
    return year if FIRST_YEAR <= (year := int(text)) <= LAST_YEAR else None


def _figures(found: Attendance) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "label": words,
            "share": found.totals.share(kind),
            "half_days": getattr(found.totals, kind),
        }
        for kind, name, words in KINDS
        if kind in figures.COUNTED
    ]


def _trend(found: Trend) -> dict[str, Any]:
    points = found.points
    level, words = "good", "Neither more nor less attendance"
    if points > 0:
        words = f"{points} percentage points more attendance"
    elif points < 0:
        level, words = "warn", f"{-points} percentage points less attendance"
    return {"level": level, "words": words, "now": found.now, "before": found.before}


def _month(month: Month) -> dict[str, Any]:
    squares = [square for week in month.weeks for square in week]
    return {
        "first": month.first,
        "heading": f"{month.first:%B %Y}",
        "weekdays": [square.date for square in squares[: month.weekdays]],
        "weeks": [[_square(square) for square in week] for week in month.weeks],
    }


def _square(square: Square) -> dict[str, Any] | None:
    """A day as it is drawn and read out; None for one of another month."""
    if not square.inside:
        return None
    marks = [
        _mark(half, mark) for half, mark in (("morning", square.morning), ("afternoon", square.afternoon))
    ]
    return {"day": square.date.day, "date": square.date, "marks": [one for one in marks if one]}


def _mark(half: str, mark: Mark | None) -> dict[str, str] | None:
    if mark is None:
        return None
    kind = WORDS[mark.kind].lower()
    return {"code": mark.code, "class": CLASSES[mark.kind], "words": f"{half}: {mark.meaning} ({kind})"}
