"""`cpoms migrate`."""

from __future__ import annotations

import click
from rich.console import Console

from cpoms_core.cli.setup import Setup


@click.command("migrate")
@click.pass_obj
def migrate_database(setup: Setup) -> None:
    """Bring the database up to date, with every installed module (OPS-03). Where a module's migrations fail,
    the core and the other modules are brought up to date all the same, and it ends with 1."""
    from cpoms_core.logs import place_of
    from cpoms_core.migrations.migrate import ModulesNotMigrated, migrate
    from cpoms_core.modules.registry import BadModule, installed

    setup.deployment.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        modules = installed()
        migrate(setup.deployment.owner_url, modules)
    except BadModule as error:
        raise click.ClickException(str(error)) from None
    except ModulesNotMigrated as error:
        for name, cause in error.failed.items():
            # only its kind and place: the text of a database's error may quote a record
            where = " < ".join(reversed(place_of(cause)))
            said = f"the migrations of the module {name!r} failed and were undone: {type(cause).__name__}"
            click.echo(f"Error: {said} at {where}", err=True)
        rest = len(modules) - len(error.failed)
        raise click.ClickException(
            f"The core and {rest} other modules are up to date. {_named(error.failed)} off at every "
            "school, with all that was recorded kept, until `cpoms migrate` succeeds. "
            "See docs/operating.md, When a module fails."
        ) from None
    Console().print(f"The database is up to date: the core and {len(modules)} modules.")


def _named(failed: object) -> str:
    names = [repr(name) for name in failed]  # type: ignore[attr-defined]
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
