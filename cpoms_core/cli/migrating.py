"""`cpoms migrate`."""

from __future__ import annotations

import click
from rich.console import Console

from cpoms_core.cli.setup import Setup


@click.command("migrate")
@click.pass_obj
def migrate_database(setup: Setup) -> None:
    """Bring the database up to date, with every installed module (OPS-03)."""
    from cpoms_core.migrations.migrate import migrate
    from cpoms_core.modules.registry import installed

    setup.deployment.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    modules = installed()
    migrate(setup.deployment.owner_url, modules)
    Console().print(f"The database is up to date: the core and {len(modules)} modules.")
