"""Alembic's entry for the probe's migrations."""

from cpoms_core.migrations.environment import run

run()
