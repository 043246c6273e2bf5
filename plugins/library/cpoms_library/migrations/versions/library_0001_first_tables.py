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
        "library_file",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sort_name", sa.String(length=500), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", Id(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.Column("removed_by", Id(), nullable=True),
        sa.Column("removed_reason", sa.Text(), nullable=False),
        sa.Column("destroyed_at", UtcDateTime(), nullable=True),
        sa.Column("destroyed_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "added_by"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_file_school_id_added_by"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "removed_by"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_file_school_id_removed_by"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_library_file_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_library_file")),
        sa.UniqueConstraint("school_id", "number", name=op.f("uq_library_file_school_id_number")),
        info={"rows": "kept"},
    )
    with op.batch_alter_table("library_file", schema=None) as batch_op:
        batch_op.create_index("ix_library_file_added_at", ["school_id", "added_at"], unique=False)
        batch_op.create_index("ix_library_file_sort_name", ["school_id", "sort_name"], unique=False)

    op.create_table(
        "library_alert",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("recipient_id", Id(), nullable=False),
        sa.Column("sender_id", Id(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("requires_action", sa.Boolean(), nullable=False),
        sa.Column("understood_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "closed_by"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_alert_school_id_closed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["library_file.school_id", "library_file.id"],
            name=op.f("fk_library_alert_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "recipient_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_alert_school_id_recipient_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "sender_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_alert_school_id_sender_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_library_alert_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_library_alert")),
        info={"rows": "kept"},
    )
    with op.batch_alter_table("library_alert", schema=None) as batch_op:
        batch_op.create_index("ix_library_alert_file", ["school_id", "file_id", "recipient_id"], unique=False)
        batch_op.create_index(
            "ix_library_alert_open",
            ["school_id", "recipient_id", "file_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "library_removal",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["library_file.school_id", "library_file.id"],
            name=op.f("fk_library_removal_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "made_by"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_removal_school_id_made_by"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_library_removal_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_library_removal")),
        info={"rows": "append-only"},
    )
    with op.batch_alter_table("library_removal", schema=None) as batch_op:
        batch_op.create_index("ix_library_removal_file", ["school_id", "file_id"], unique=False)

    op.create_table(
        "library_view",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("file_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "file_id"],
            ["library_file.school_id", "library_file.id"],
            name=op.f("fk_library_view_school_id_file_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "user_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_library_view_school_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_library_view_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_library_view")),
        info={"rows": "append-only"},
    )
    with op.batch_alter_table("library_view", schema=None) as batch_op:
        batch_op.create_index(
            "ix_library_view_file", ["school_id", "file_id", "user_id", "made_at"], unique=False
        )


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
