"""How categories are offered as ticks on a form, sub-categories under their parents (INC-03)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from cpoms_core.incidents.models import Category


def category_ticks(offered: Sequence[Category], ticked: Collection[uuid.UUID]) -> list[dict[str, Any]]:
    """Categories as the template of the ticks reads them, in the order given. A sub-category whose parent is
    not offered stands by itself."""
    shown = {
        row.id: {
            "id": row.id,
            "name": row.name,
            "colour": row.colour,
            "checked": row.id in ticked,
            "subs": [],
        }
        for row in offered
    }
    tree: list[dict[str, Any]] = []
    for row in offered:
        under: Any = shown[row.parent_id]["subs"] if row.parent_id in shown else tree
        under.append(shown[row.id])
    return tree
