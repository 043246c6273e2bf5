"""`cpoms group`: the user groups of a school."""

from __future__ import annotations

import click

from cpoms_core.admin.queries.groups import groups as read_groups
from cpoms_core.cli.answering import Answer, answering, operating, school_option
from cpoms_core.cli.setup import Setup


@click.group()
def group() -> None:
    """The user groups of a school."""


@group.command("list")
@school_option
@answering
def list_groups(setup: Setup, slug: str, answer: Answer) -> None:
    """List the user groups of a school, with how many users are in each and how many of those have a key."""
    with operating(setup.app, slug) as (db, _viewer):
        rows = [
            {
                "group": row.name,
                "users": row.users,
                "with_key": row.key_holders,
                "administers": row.administers,
            }
            for row in read_groups(db)
        ]
    answer.listed("groups", rows, "The school has no user groups.")
