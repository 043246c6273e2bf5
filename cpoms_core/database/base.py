"""The declarative base and what makes a table a school's own."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cpoms_core.database.types import Id, Json, UtcDateTime, new_id

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}
APPEND_ONLY_ROWS = {"rows": "append-only"}
"""A table's `info` that lets the database refuse to change or delete its rows (migrations.guards)."""
KEPT_ROWS = {"rows": "kept"}
"""A table's `info` that lets the database refuse to delete its rows."""


class Base(DeclarativeBase):
    """Every table of the core and of the modules."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        uuid.UUID: Id,
        dt.datetime: UtcDateTime,
        dict[str, Any]: Json,
        list[Any]: Json,
    }


class OfSchool:
    """A row that belongs to one school. The school is the first part of its primary key, so that the same
    schema can be sharded by school; the three walls of scope hold on to this class."""

    school_id: Mapped[int] = mapped_column(
        ForeignKey("school.id"), primary_key=True, autoincrement=False, sort_order=-20
    )


class Record(OfSchool):
    """A school's row with an id of its own, made before the insert."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-19)


def belongs_to(target: str, column: str) -> ForeignKeyConstraint:
    """The foreign key to another row of the same school.

    `target` is the table (`student`), `column` ours that holds its id (`student_id`).
    """
    return ForeignKeyConstraint(["school_id", column], [f"{target}.school_id", f"{target}.id"])


def is_school_table(table: Table) -> bool:
    """Whether rows of the table belong to one school (its primary key starts with `school_id`)."""
    return next(iter(table.primary_key.columns.keys()), "") == "school_id"
