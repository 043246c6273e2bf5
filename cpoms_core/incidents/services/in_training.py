"""Marking what is recorded in training mode (TRN-01)."""

from __future__ import annotations

from cpoms_core.access.viewer import Viewer
from cpoms_core.hooks.types import FieldError
from cpoms_core.incidents.services.typed import FormRefused
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.training import still_on

ENDED = (
    "Training mode was switched off while you were writing. Nothing is recorded yet. If this is real, submit "
    "it again: it will be kept as a real record, and whoever you chose will be alerted. If it was only an "
    "exercise, leave this page."
)


def is_training(db: SchoolSession, viewer: Viewer, opened_in: bool | None) -> bool:
    """Whether what is being recorded belongs to training mode. `opened_in`: whether its form was opened under
    the banner; None where there was none, and the school's state of now counts.

    What was begun before training mode was switched on is real: its author was never told otherwise, and a
    concern must not go with the exercises. What was begun in it and comes after its end is asked about once
    more. Raises FormRefused for that.
    """
    if not viewer.school.training:
        if opened_in:
            raise FormRefused([FieldError("", ENDED)])
        return False
    if opened_in is False:
        return False
    on = still_on(db)
    if opened_in and not on:
        raise FormRefused([FieldError("", ENDED)])
    return on
