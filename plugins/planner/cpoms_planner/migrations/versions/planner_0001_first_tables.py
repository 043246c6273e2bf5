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
        "planner_feed",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "user_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_planner_feed_school_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_feed_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_planner_feed")),
    )
    with op.batch_alter_table("planner_feed", schema=None) as batch_op:
        batch_op.create_index("ix_planner_feed_secret", ["school_id", "secret_hash"], unique=True)
        batch_op.create_index("ix_planner_feed_user", ["school_id", "user_id"], unique=False)

    op.create_table(
        "planner_event",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("owner_id", Id(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("repeats", sa.String(length=12), nullable=False),
        sa.Column("last_begin", sa.Date(), nullable=False),
        sa.Column("over_on", sa.Date(), nullable=False),
        sa.Column("reminder", sa.String(length=12), nullable=False),
        sa.Column("remind_at", UtcDateTime(), nullable=True),
        sa.Column("incident_id", Id(), nullable=True),
        sa.Column("action_id", Id(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "action_id"],
            ["action.school_id", "action.id"],
            name=op.f("fk_planner_event_school_id_action_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.id"],
            name=op.f("fk_planner_event_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "owner_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_planner_event_school_id_owner_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_event_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_planner_event")),
    )
    with op.batch_alter_table("planner_event", schema=None) as batch_op:
        batch_op.create_index("ix_planner_event_action", ["school_id", "action_id"], unique=False)
        batch_op.create_index("ix_planner_event_days", ["school_id", "over_on", "first_day"], unique=False)
        batch_op.create_index("ix_planner_event_incident", ["school_id", "incident_id"], unique=False)
        batch_op.create_index("ix_planner_event_owner", ["school_id", "owner_id"], unique=False)

    op.create_table(
        "planner_event_share",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["planner_event.school_id", "planner_event.id"],
            name=op.f("fk_planner_event_share_school_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "user_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_planner_event_share_school_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_event_share_school_id")),
        sa.PrimaryKeyConstraint("school_id", "event_id", "user_id", name=op.f("pk_planner_event_share")),
    )
    with op.batch_alter_table("planner_event_share", schema=None) as batch_op:
        batch_op.create_index("ix_planner_event_share_user", ["school_id", "user_id"], unique=False)

    op.create_table(
        "planner_event_student",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("student_id", Id(), nullable=False),
        sa.Column("removed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["planner_event.school_id", "planner_event.id"],
            name=op.f("fk_planner_event_student_school_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "student_id"],
            ["student.school_id", "student.id"],
            name=op.f("fk_planner_event_student_school_id_student_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_planner_event_student_school_id")
        ),
        sa.PrimaryKeyConstraint("school_id", "event_id", "student_id", name=op.f("pk_planner_event_student")),
    )
    with op.batch_alter_table("planner_event_student", schema=None) as batch_op:
        batch_op.create_index("ix_planner_event_student_student", ["school_id", "student_id"], unique=False)

    op.create_table(
        "planner_left_out",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("put_back_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["planner_event.school_id", "planner_event.id"],
            name=op.f("fk_planner_left_out_school_id_event_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_left_out_school_id")),
        sa.PrimaryKeyConstraint("school_id", "event_id", "day", name=op.f("pk_planner_left_out")),
    )
    op.create_table(
        "planner_reminded",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["planner_event.school_id", "planner_event.id"],
            name=op.f("fk_planner_reminded_school_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "user_id"],
            ["user.school_id", "user.id"],
            name=op.f("fk_planner_reminded_school_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_reminded_school_id")),
        sa.PrimaryKeyConstraint(
            "school_id", "event_id", "due_at", "user_id", name=op.f("pk_planner_reminded")
        ),
    )
    with op.batch_alter_table("planner_reminded", schema=None) as batch_op:
        batch_op.create_index("ix_planner_reminded_user", ["school_id", "user_id", "done_at"], unique=False)

    op.create_table(
        "planner_version",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", Json, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "event_id"],
            ["planner_event.school_id", "planner_event.id"],
            name=op.f("fk_planner_version_school_id_event_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_planner_version_school_id")),
        sa.PrimaryKeyConstraint("school_id", "event_id", "version", name=op.f("pk_planner_version")),
    )


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
