"""`cpoms outbox`: mails and tasks that are still owed."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.verify import schools
from cpoms_core.cli.setup import Setup
from cpoms_core.outbox.queries import given_up, owed
from cpoms_core.outbox.services import try_again


@click.group()
def outbox() -> None:
    """Mails and tasks that are still owed."""


@outbox.command("status")
@click.pass_obj
def status(setup: Setup) -> None:
    """What waits, and what was given up after too many failures."""
    table = Table("school", "kind", "waiting", "since", "given up")
    problems = []
    for school_id, slug in schools(setup.app):
        with setup.app.session(school_id, writes=False) as db:
            for row in owed(db):
                since = f"{row.oldest:%Y-%m-%d %H:%M} UTC" if row.oldest else ""
                table.add_row(slug, row.kind, str(row.waiting), since, str(row.given_up))
            problems += [f"{slug}: {item.kind} {item.id}: {item.last_error}" for item in given_up(db)]
    console = Console()
    console.print(table if table.row_count else "Nothing is owed.")
    for problem in problems:
        console.print(problem, style="red", highlight=False, soft_wrap=True)


@outbox.command("retry")
@click.pass_obj
def retry(setup: Setup) -> None:
    """Take up again what was given up."""
    count = 0
    for school_id, _slug in schools(setup.app):
        with setup.app.transaction(school_id) as db:
            count += try_again(db, utc_now())
    Console().print(f"{count} items will be tried again.")
