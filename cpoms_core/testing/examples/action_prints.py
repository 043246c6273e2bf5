"""A drawing on the paper of each action. Nothing is fetched for it."""

import uuid
from collections.abc import Sequence

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import PrintPart

DOT = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" viewBox="0 0 20 20">'
    '<circle cx="10" cy="10" r="8" fill="#1f5c7a"/></svg>'
)


@hookimpl
def action_prints(action_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[PrintPart]]:
    return {one: [PrintPart(50, "Example", svg=DOT)] for one in action_ids}
