"""The permission matrix of training mode (TRN-01), by hand like `matrix`: administrators with a key. What
they are shown there and may keep or remove is what they see by their own rights: `tests/unit/admin`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matrix import ADMIN, Row

SIGHT: dict[str, dict[str, str]] = {}
OBJECTS: dict[str, dict[str, Callable[..., Any]]] = {}
ROWS = [
    Row("GET", "admin-training", ADMIN),
    Row("POST", "admin-training", ADMIN),
    Row("POST", "admin-training-begin", ADMIN),
]
