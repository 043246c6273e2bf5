"""A worker for tests: it does what is owed when the test says so."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.outbox.claims import claim_due, release
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.running import run_claimed
from cpoms_core.testing.schools import SchoolForTests


def work(school: SchoolForTests, *, later: bool = False) -> None:
    """Does the tasks of a school that are due; `later`: also what was put off. Mails wait."""
    now = utc_now() + dt.timedelta(hours=1 if later else 0)
    claims = claim_due(school.app, now, most=1000)
    others = [claim for claim in claims if claim.school_id != school.id]
    release(school.app, others, utc_now())
    with school.app.session(school.id, writes=False) as db:
        kinds = {row.id: row.kind for row in db.execute(select(OutboxItem.id, OutboxItem.kind))}
    for claim in claims:
        if kinds.get(claim.item_id, "mail") != "mail":
            run_claimed(school.app, claim)
