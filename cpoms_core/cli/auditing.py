"""`cpoms audit`: the chain of seals (OPS-09)."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console

from cpoms_core.application import Application
from cpoms_core.audit import verify as chain
from cpoms_core.cli.setup import Setup

school_option = click.option("--school", "slug", help="One school only, by the first label of its address.")


@click.group()
def audit() -> None:
    """Check that the audit was not tampered with."""


@audit.command("verify")
@school_option
@click.option(
    "--checkpoints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that `checkpoint` wrote, kept elsewhere.",
)
@click.pass_obj
def verify(setup: Setup, slug: str | None, checkpoints: Path | None) -> None:
    """Compute the chain again and say what does not fit; ends with 1 if something does not."""
    try:
        lines = checkpoints.read_text(encoding="utf-8").splitlines() if checkpoints else []
        points = chain.read_checkpoints(lines)
    except ValueError as error:
        raise click.ClickException(f"{checkpoints}: {error}") from None
    console, bad = Console(), False
    for school_id, name in _schools(setup.app, slug):
        found = chain.verify(setup.app, school_id, name, points)
        bad = bad or bool(found.problems)
        console.print(
            f"{name}: {found.entries} entries under {found.seals} seals, {found.unsealed} not sealed yet: "
            f"{'does not fit' if found.problems else 'intact'}",
            highlight=False,
            soft_wrap=True,
        )
        for problem in found.problems:
            console.print(f"  {problem}", style="red", highlight=False, soft_wrap=True)
    sys.exit(1 if bad else 0)


@audit.command("checkpoint")
@school_option
@click.option("--append", type=click.Path(dir_okay=False, path_type=Path), help="Add to this file as well.")
@click.pass_obj
def checkpoint(setup: Setup, slug: str | None, append: Path | None) -> None:
    """Print each school's newest seal as a line of JSON, to be kept where this machine cannot change it."""
    found = [chain.checkpoint(setup.app, school_id, name) for school_id, name in _schools(setup.app, slug)]
    lines = [point.line() for point in found if point is not None]
    for line in lines:
        click.echo(line)
    if append:
        with append.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def _schools(app: Application, slug: str | None) -> list[tuple[int, str]]:
    found = chain.schools(app, slug)
    if slug and not found:
        raise click.ClickException(f"There is no school {slug!r}.")
    return found
