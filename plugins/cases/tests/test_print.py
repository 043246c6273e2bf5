"""Status and Assigned to on paper."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

from cpoms_core.testing.schools import SchoolForTests


def test_a_print_says_both(
    school: SchoolForTests, web: Any, record: Any, switch: Callable[[bool], None]
) -> None:
    """CAS-01, CAS-06, EDT-07: `incident_prints`; not where the module is off."""
    incident = record(school, status="closed", assignee="head")
    lead = web(school, "lead")

    def printed() -> str:
        pdf = lead.get(f"/incidents/{incident.id}/print").body
        done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
        return " ".join(done.stdout.decode().split())

    assert "Status: Closed. Assigned to: Hugo Head." in printed()
    switch(False)
    assert "Assigned to" not in printed()
