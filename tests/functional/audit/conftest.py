"""What the tests of the audit's pages share."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.services import raw_entry, write_entries
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture
def rows() -> Callable[[Any], list[str]]:
    """What a person reads in each entry of a page."""

    def read(page: Any) -> list[str]:
        found = BeautifulSoup(page.text, "html.parser").select("#entries > li")
        return [re.sub(r" ([,:])", r"\1", " ".join(row.get_text(" ").split())) for row in found]

    return read


@pytest.fixture
def write(school: SchoolForTests) -> Callable[..., None]:
    """Writes an entry of a user: `write("head", "incident.viewed", [id], number=3)`."""

    def do(
        who: str | None,
        event: str,
        subjects: Any = (),
        *,
        at: dt.datetime | None = None,
        ip: str = "81.2.69.142",
        access: str = "elevated",
        **details: Any,
    ) -> None:
        user_id = school.users[who] if who else None
        entry = raw_entry(
            school.id, user_id, event, subjects, details, at=at or utc_now(), ip=ip, access=access
        )
        with school.app.transaction(school.id) as db:
            write_entries(db, [entry])

    return do
