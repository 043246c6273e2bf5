"""Adding rows that nobody looks at again in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, insert
from sqlalchemy.orm import Session

from cpoms_core.database.base import Base


def insert_rows(db: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows at once, without objects in the session and without a flush. Each names its columns, its
    school too, which the engine's guard reads; none is nothing to do."""
    if rows:
        db.execute(_insert(model), rows)


@cache
def _insert(model: type[Base]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]
