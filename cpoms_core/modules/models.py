"""What the core keeps about modules: failures of their hooks, for administrators and the operator."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, Record


class ModuleFailure(Record, Base):
    """A hook of a module failed (MOD-04). `reference` finds the trace in the operator's log."""

    __tablename__ = "module_failure"

    module: Mapped[str] = mapped_column(String(40))
    hook: Mapped[str] = mapped_column(String(60))
    reference: Mapped[str] = mapped_column(String(12))
    at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]
