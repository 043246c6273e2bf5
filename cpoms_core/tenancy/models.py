"""Schools and their settings."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cpoms_core.database.base import Base, OfSchool
from cpoms_core.database.types import Json


class School(Base):
    """A tenant. Its `slug` is the first label of its host name."""

    __tablename__ = "school"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/London")
    accent: Mapped[str] = mapped_column(String(7), default="#0b5c7a")
    file_key: Mapped[str | None]  # the school's file keyset, wrapped by the deployment's key
    created_at: Mapped[dt.datetime]


class Setting(OfSchool, Base):
    """One setting that a school changed from its default (ADM-02)."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(Json)


class Counter(OfSchool, Base):
    """A rising number of a school without gaps: taken in the transaction that uses it (INC-09)."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class ModuleSwitch(OfSchool, Base):
    """Whether a module is on for a school (MOD-01). No row means off."""

    __tablename__ = "module_switch"

    module: Mapped[str] = mapped_column(String(40), primary_key=True)
    enabled: Mapped[bool]
    changed_at: Mapped[dt.datetime]
