"""What the tests here read of pages and options."""

from __future__ import annotations

from typing import Any

from cpoms_formbuilder.kinds import id_in
from cpoms_formbuilder.models import CustomOption
from sqlalchemy import select

from cpoms_core.testing.schools import SchoolForTests


def options(school: SchoolForTests, name: str) -> dict[str, str]:
    """The options of a field: their ids as the form has them, by label."""
    with school.app.session(school.id, writes=False) as db:
        rows = db.scalars(select(CustomOption).where(CustomOption.field_id == id_in(name)))
        return {row.label: row.id.hex for row in rows}


def shown(page: Any) -> list[tuple[str, str]]:
    """What a page shows of custom fields."""
    rows = page.html.select(".custom-values > div")
    return [(" ".join(row.dt.get_text().split()), row.dd.get_text()) for row in rows]


def chronology(records: Any) -> Any:
    """The page of Aoife's incidents, its actions open."""
    aoife = records.school.students["aoife"]
    return records.lead.get(f"/students/{aoife}/incidents?actions=open")
