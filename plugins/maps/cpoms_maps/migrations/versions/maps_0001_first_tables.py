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
        "maps_map",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("picture_id", Id(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column("added_by", Id(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_maps_map_school_id")),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_maps_map")),
    )
    op.create_table(
        "maps_change",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("map_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "map_id"],
            ["maps_map.school_id", "maps_map.id"],
            name=op.f("fk_maps_change_school_id_map_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_maps_change_school_id")),
        sa.PrimaryKeyConstraint("school_id", "map_id", "version", name=op.f("pk_maps_change")),
    )
    op.create_table(
        "maps_set",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("markers", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", Id(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id"],
            ["incident.school_id", "incident.id"],
            name=op.f("fk_maps_set_school_id_incident_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_maps_set_school_id")),
        sa.PrimaryKeyConstraint("school_id", "incident_id", "version", name=op.f("pk_maps_set")),
    )
    op.create_table(
        "maps_marker",
        sa.Column("school_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("incident_id", Id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("map_id", Id(), nullable=True),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("side", sa.String(length=5), nullable=False),
        sa.Column("region", sa.String(length=30), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "incident_id", "version"],
            ["maps_set.school_id", "maps_set.incident_id", "maps_set.version"],
            name=op.f("fk_maps_marker_school_id_incident_id_version"),
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "map_id"],
            ["maps_map.school_id", "maps_map.id"],
            name=op.f("fk_maps_marker_school_id_map_id"),
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"], name=op.f("fk_maps_marker_school_id")),
        sa.PrimaryKeyConstraint("school_id", "incident_id", "version", "number", name=op.f("pk_maps_marker")),
    )
    op.create_index("ix_maps_marker_map", "maps_marker", ["school_id", "map_id"])


def downgrade() -> None:
    raise NotImplementedError("records are never migrated backwards: restore a backup")
