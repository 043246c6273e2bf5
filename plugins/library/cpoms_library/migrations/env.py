"""Alembic's entry for this module's migrations."""

from cpoms_core.migrations.environment import run

run()
