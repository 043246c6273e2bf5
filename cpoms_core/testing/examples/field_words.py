"""How the example's values read in the history of an incident."""

from collections.abc import Sequence
from typing import Any

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FieldWords


@hookimpl
def field_words(viewer: Viewer, values: Sequence[tuple[str, Any]]) -> list[FieldWords]:
    own = [(name, value) for name, value in values if name == "example-note"]
    return [FieldWords(name, value, "Example", viewer.text(value or "Nothing")) for name, value in own]
