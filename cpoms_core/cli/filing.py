"""`cpoms documents`: the stored files."""

from __future__ import annotations

import click
from rich.console import Console

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.verify import schools
from cpoms_core.cli.setup import Setup
from cpoms_core.documents.tasks import Swept, sweep_files


@click.group()
def documents() -> None:
    """The stored files."""


@documents.command("sweep")
@click.option(
    "--even-many", is_flag=True, help="Also where so many have no row that a wrong database is more likely."
)
@click.pass_obj
def sweep(setup: Setup, even_many: bool) -> None:
    """Remove stored files older than a day that nothing names, as the worker does several times a day."""
    console = Console()
    for school_id, slug in schools(setup.app):
        swept = Swept()
        for counts in sweep_files(setup.app, school_id, utc_now(), even_many=even_many):
            swept = counts
        console.print(
            f"{slug}: {swept.looked_at} files looked at, {swept.unnamed} that nothing names, "
            f"{swept.removed} removed, {swept.unfinished} unfinished ones removed",
            highlight=False,
            soft_wrap=True,
        )
        if swept.gone:
            console.print(
                f"  No longer installed: {', '.join(swept.gone)}. Their files look as if nothing named them.",
                style="red",
                highlight=False,
                soft_wrap=True,
            )
        if swept.unnamed > swept.removed:
            console.print(
                "  Some were left. If the database is the right and the newest one, sweep --even-many.",
                style="red",
                highlight=False,
                soft_wrap=True,
            )
