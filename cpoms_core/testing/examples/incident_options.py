"""A link in the Options menu of each incident. Its route has one parameter, `incident_id`."""

import uuid
from collections.abc import Sequence

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Option


@hookimpl
def incident_options(incident_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Option]]:
    link = Option("Example", "example.of_incident", 50, needs="example:read")
    return {one: [link] for one in incident_ids}
