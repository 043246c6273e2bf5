"""The first table."""

import sqlalchemy as sa
from alembic import op

from cpoms_core.database.types import Id

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "probe_note",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("incident_id", Id(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_probe_note_school_id")),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.id"],
            name=op.f("fk_probe_note_school_id_incident_id"),
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_probe_note")),
        sa.UniqueConstraint("school_id", "incident_id", name=op.f("uq_probe_note_school_id_incident_id")),
    )


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
