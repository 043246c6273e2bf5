"""Whether a school is in training mode (TRN-01): a row of its settings, switched by a service of its own."""

from __future__ import annotations

from sqlalchemy import select

from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import SchoolSession, built_once

SETTING = "training"
"""Its value is who switched it on and when; nothing while it is off."""
GOING_ON = built_once(select(Setting.value).where(Setting.name == SETTING).with_for_update(read=True))


def still_on(db: SchoolSession) -> bool:
    """Whether training mode is on, held so until this transaction ends: it cannot be ended between this
    answer and the record that is marked by it, and what is being recorded while it ends waits for that."""
    return bool(db.scalar(GOING_ON))


def switch(db: SchoolSession, value: dict[str, str] | None) -> bool:
    """Switches training mode on (`value`: who did, and when) or off. Waits for what is being recorded in it
    at this moment. Answers whether it was on before."""
    row = db.scalars(
        select(Setting)
        .where(Setting.name == SETTING)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    before = bool(row and row.value)
    if row is None:
        if value is not None:
            db.add(Setting(school_id=db.school_id, name=SETTING, value=value))
    elif value is None or not before:
        row.value = value
    db.flush()
    return before
