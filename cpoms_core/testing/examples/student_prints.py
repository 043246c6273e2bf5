"""A line in a student's report, which whoever prints may leave out."""

import uuid

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import PrintPart


@hookimpl
def student_prints(viewer: Viewer, student_id: uuid.UUID) -> list[PrintPart]:
    lines = [f"Printed on {viewer.local(viewer.now()):%d %B %Y}."]
    return [PrintPart(50, "Example", lines, column="example-day")]
