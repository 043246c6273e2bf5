"""What of an incident is on the record of a student who is only linked to it (INC-04, ACT-01): of each action
what its own ticks say, but for a student whom a merge left it on the record of, or kept it off (EDT-04)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, or_, select

from cpoms_core.access.policy.sight import Condition, there_is
from cpoms_core.incidents.models import Action, ActionStudent


def action_on_linked(student_id: Any) -> Condition:
    """Condition on Action: it is on the record of this student, who is linked to its incident."""
    return func.coalesce(_of_student(ActionStudent.shown, student_id), Action.on_linked)


def action_files_on_linked(student_id: Any) -> Condition:
    """Condition on Action: so are its files."""
    everyone = and_(Action.on_linked, Action.share_documents)
    theirs = and_(ActionStudent.shown, or_(ActionStudent.share_documents, everyone))
    return func.coalesce(_of_student(theirs, student_id), everyone)


def action_kept_off_somebody() -> Condition:
    """Condition on Action: whatever its own ticks say, it is not on the record of each linked student."""
    return there_is(ActionStudent, where=[ActionStudent.action_id == Action.id, ~ActionStudent.shown])


def _of_student(tick: Any, student_id: Any) -> Any:
    of_it = (ActionStudent.action_id == Action.id, ActionStudent.student_id == student_id)
    return select(tick).where(*of_it).correlate_except(ActionStudent).scalar_subquery()
