"""Names in SQL, for statements that show a person and read nothing else of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

from cpoms_core.access.models import User


def staff_name(user: Any = User) -> ColumnElement[str]:
    """The name of a user (or of an alias of User), as `User.name` has it; none where there is no user."""
    return func.trim(user.forename + " " + user.surname)
