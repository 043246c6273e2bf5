"""A link in the Options menu of each action."""

import uuid
from collections.abc import Sequence

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Option


@hookimpl
def action_options(action_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    link = Option("Example", "example.of_action", 50, needs="example:read")
    return {one: [link] for one in action_ids}
