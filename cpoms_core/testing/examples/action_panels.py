"""Under each action, a line."""

import uuid
from collections.abc import Sequence

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Panel

PANEL = "cpoms_core.testing.examples:templates/panel.pt"


@hookimpl
def action_panels(action_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Panel]]:
    return {one: [Panel("action-foot", 50, PANEL, {"text": "An example."})] for one in action_ids}
