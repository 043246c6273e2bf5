"""`cpoms plugin`: for who writes a module (MOD-03)."""

from __future__ import annotations

from pathlib import Path

import click

from cpoms_core.errors import Refused
from cpoms_core.kit import write_new


@click.group()
def plugin() -> None:
    """Begin a module of your own."""


@plugin.command("new")
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="where you are",
    help="Where its folder is made.",
)
def new(name: str, folder: Path) -> None:
    """Write a complete small module, NAME, to begin with."""
    try:
        made = write_new(name, folder)
    except Refused as refusal:
        raise click.ClickException(refusal.message) from None
    click.echo(
        f"{made} is a whole module. To see it at work:\n\n"
        f"  pip install -e {made}\n  pytest {made} --database sqlite\n\n"
        "Then migrate, restart the server, and switch it on under Admin, Modules. Its README says what is "
        "where."
    )
