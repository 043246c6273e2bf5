"""Alembic's entry for the core's own migrations; modules have one of the same three lines."""

from cpoms_core.migrations.environment import run

run()
