"""Fields that several forms of the administration have."""

from __future__ import annotations

import uuid
from typing import Any

from wtforms import StringField, validators


def stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def name_field(example: str) -> StringField:
    return StringField(
        "Name",
        [validators.DataRequired("Give it a name."), validators.Length(max=80)],
        description=f"For example {example}.",
        filters=[stripped],
    )


def to_id(value: Any) -> uuid.UUID:
    """A choice's value as an id; ValueError, which makes it an invalid choice, where it is none."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)
