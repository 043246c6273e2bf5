"""What incidents can be counted by: each with the text of the group that it is in."""

from sqlalchemy import select

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Grouping
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def report_groupings() -> list[Grouping]:
    values = select(ProbeNote.incident_id, ProbeNote.text)
    return [Grouping("example-note", "Example", 50, values, needs="example:read")]
