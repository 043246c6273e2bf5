"""`cpoms school`: the schools of the deployment."""

from __future__ import annotations

import click
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.cli.answering import Answer, answering
from cpoms_core.cli.setup import Setup
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.starting import ADMINISTRATORS, open_school


@click.group()
def school() -> None:
    """The schools of this deployment."""


@school.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--time-zone", default="Europe/London", show_default=True, help="As the IANA names it.")
@click.option("--accent", default="#0b5c7a", show_default=True, help="The colour of its pages.")
@answering
def create(setup: Setup, slug: str, name: str, time_zone: str, accent: str, answer: Answer) -> None:
    """Make a school at the address SLUG, with user groups and categories to begin with.

    Its first user comes next: cpoms user create.
    """
    made = open_school(setup.app, slug, name, now=utc_now(), time_zone=time_zone, accent=accent)
    address = setup.deployment.school_address(slug)
    answer.done(
        f"{name} is at {address}. Its user groups: {', '.join(made.groups)}.\n"
        f"Now make its first administrator: cpoms user create --school {slug} --group {ADMINISTRATORS} ...",
        school=slug,
        id=made.id,
        name=name,
        address=address,
        groups=list(made.groups),
    )


@school.command("list")
@answering
def list_schools(setup: Setup, answer: Answer) -> None:
    """List the schools of this deployment."""
    with setup.app.session(None, writes=False) as db:
        rows = [
            {
                "school": row.slug,
                "name": row.name,
                "address": setup.deployment.school_address(row.slug),
                "time_zone": row.time_zone,
            }
            for row in db.scalars(select(School).order_by(School.slug))
        ]
    answer.listed("schools", rows, "There are no schools yet. Make one: cpoms school create SLUG NAME")
