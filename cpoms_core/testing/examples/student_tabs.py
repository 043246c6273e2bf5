"""A tab of a student's record. The route's page asks the policy for the record again."""

import uuid

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Tab


@hookimpl
def student_tabs(student_id: uuid.UUID) -> list[Tab]:
    return [Tab("Examples", "example.of_student", 80, needs="example:read")]
