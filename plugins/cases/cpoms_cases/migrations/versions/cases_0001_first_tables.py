"""The first tables."""

import sqlalchemy as sa
from alembic import op

from cpoms_core.database.types import Id, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cases_outcome",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_cases_outcome_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_cases_outcome")),
        sa.UniqueConstraint("school_id", "name", name=op.f("uq_cases_outcome_school_id_name")),
    )
    op.create_table(
        "cases_bulk_closing",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("outcome_id", Id(), nullable=True),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "outcome_id"],
            ["cases_outcome.school_id", "cases_outcome.id"],
            name=op.f("fk_cases_bulk_closing_school_id_outcome_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_cases_bulk_closing_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_cases_bulk_closing")),
    )
    op.create_table(
        "cases_case",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident_id", Id(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("assignee_id", Id(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "assignee_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_cases_case_school_id_assignee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.id"],
            name=op.f("fk_cases_case_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_cases_case_school_id")),
        sa.PrimaryKeyConstraint("school_id", "incident_id", name=op.f("pk_cases_case")),
    )
    op.create_index("ix_cases_case_assignee", "cases_case", ["school_id", "assignee_id", "status"])
    op.create_table(
        "cases_change",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("with_form", sa.Boolean(), nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=False),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("from_assignee_id", Id(), nullable=True),
        sa.Column("to_assignee_id", Id(), nullable=True),
        sa.Column("outcome_id", Id(), nullable=True),
        sa.Column("outcome", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("bulk_id", Id(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["cases_case.school_id", "cases_case.incident_id"],
            name=op.f("fk_cases_change_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "outcome_id"],
            ["cases_outcome.school_id", "cases_outcome.id"],
            name=op.f("fk_cases_change_school_id_outcome_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "bulk_id"],
            ["cases_bulk_closing.school_id", "cases_bulk_closing.id"],
            name=op.f("fk_cases_change_school_id_bulk_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_cases_change_school_id")),
        sa.PrimaryKeyConstraint("school_id", "incident_id", "version", name=op.f("pk_cases_change")),
    )


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
