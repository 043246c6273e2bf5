"""The first tables."""

import sqlalchemy as sa
from alembic import op

from cpoms_core.database.types import Id, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "formbuilder_draft",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("changed_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_formbuilder_draft_school_id")),
        sa.PrimaryKeyConstraint("school_id", "form", name=op.f("pk_formbuilder_draft")),
    )
    op.create_table(
        "formbuilder_field",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("many", sa.Boolean(), nullable=False),
        sa.Column("categories", Json, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_formbuilder_field_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_formbuilder_field")),
    )
    op.create_table(
        "formbuilder_layout",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", Json, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_formbuilder_layout_school_id")),
        sa.PrimaryKeyConstraint("school_id", "form", "version", name=op.f("pk_formbuilder_layout")),
    )
    op.create_table(
        "formbuilder_option",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("field_id", Id(), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "field_id"],
            ["formbuilder_field.school_id", "formbuilder_field.id"],
            name=op.f("fk_formbuilder_option_school_id_field_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_formbuilder_option_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_formbuilder_option")),
    )
    op.create_table(
        "formbuilder_value",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("field_id", Id(), nullable=False),
        sa.Column("incident_id", Id(), nullable=True),
        sa.Column("action_id", Id(), nullable=True),
        sa.Column("student_id", Id(), nullable=True),
        sa.Column("option_id", Id(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["action.school_id", "action.id"],
            name=op.f("fk_formbuilder_value_school_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "field_id"],
            ["formbuilder_field.school_id", "formbuilder_field.id"],
            name=op.f("fk_formbuilder_value_school_id_field_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.id"],
            name=op.f("fk_formbuilder_value_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "option_id"],
            ["formbuilder_option.school_id", "formbuilder_option.id"],
            name=op.f("fk_formbuilder_value_school_id_option_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "student_id"],
            ["student.school_id", "student.id"],
            name=op.f("fk_formbuilder_value_school_id_student_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_formbuilder_value_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_formbuilder_value")),
    )
    with op.batch_alter_table("formbuilder_value", schema=None) as batch_op:
        batch_op.create_index("ix_formbuilder_value_action", ["school_id", "action_id"], unique=False)
        batch_op.create_index(
            "ix_formbuilder_value_field", ["school_id", "field_id", "option_id"], unique=False
        )
        batch_op.create_index("ix_formbuilder_value_incident", ["school_id", "incident_id"], unique=False)
        batch_op.create_index("ix_formbuilder_value_student", ["school_id", "student_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
