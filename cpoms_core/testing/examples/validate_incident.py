"""An objection, beside the field that it is about. Nothing that was typed is lost."""

from collections.abc import Mapping
from typing import Any

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FieldError


@hookimpl
def validate_incident(values: Mapping[str, Any]) -> list[FieldError]:
    if "todo" in (values.get("example-note") or ""):
        return [FieldError("example-note", "Say what was done, not what is to be done.")]
    return []
