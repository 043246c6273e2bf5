"""What the core keeps about modules: failures of their hooks, for administrators and the operator."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool, Record
from cpoms_core.hooks.failures import FAILED

LONGEST_NAME = 40  # characters


class ModuleFailure(Record, Base):
    """A hook of a module failed, or took too long (MOD-04). `reference` finds the trace in the operator's
    log; `kind` is one of `hooks.failures`."""

    __tablename__ = "module_failure"

    module: Mapped[str] = mapped_column(String(LONGEST_NAME))
    hook: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(12))
    at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]
    kind: Mapped[str] = mapped_column(String(10), default=FAILED)


class HookSetAside(OfSchool, Base):
    """A hook of a module that took too long too often at this school: it is not called there until an
    administrator lifts it (MOD-04). What it would have been told is kept in the outbox."""

    __tablename__ = "hook_set_aside"

    module: Mapped[str] = mapped_column(String(40), primary_key=True)
    hook: Mapped[str] = mapped_column(String(60), primary_key=True)
    since: Mapped[dt.datetime]
    lifted_at: Mapped[dt.datetime | None]
