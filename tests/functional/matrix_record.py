"""The permission matrix of attendance, audit report and monitoring on a student's record, and of updating
many students at once (STU-06, STU-08, STU-09, STU-10)."""

from __future__ import annotations

from typing import Any

from matrix import DETAILS, EDITING, Row

SIGHT: dict[str, dict[str, str]] = {}
OBJECTS: dict[str, dict[str, Any]] = {}
ROWS = [
    Row("GET", "student-attendance", DETAILS, "student"),
    Row("GET", "student-audits", DETAILS, "student"),
    Row("POST", "student-audits", DETAILS, "student"),
    Row("POST", "student-audits-export", DETAILS, "student"),
    Row("GET", "student-monitoring", DETAILS, "student"),
    Row("POST", "student-monitoring-begin", EDITING, "student"),
    Row("POST", "student-monitoring-end", EDITING, "student"),
    Row("POST", "categories-choose", EDITING),
    Row("POST", "categories-confirm", EDITING),
    Row("POST", "categories-apply", EDITING),
]
