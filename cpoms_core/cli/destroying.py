"""`cpoms document`: one file."""

from __future__ import annotations

import re

import click

from cpoms_core.cli.answering import Answer, answering, operating, school_called, school_option
from cpoms_core.cli.setup import Setup
from cpoms_core.documents import keeping
from cpoms_core.errors import Refused

LABEL = re.compile(r"(?:D-?)?([0-9]{1,9})", re.IGNORECASE)


@click.group()
def document() -> None:
    """One file of a school."""


@document.command("destroy")
@click.argument("label", metavar="ID")
@school_option
@click.option(
    "--request",
    required=True,
    metavar="TEXT",
    help="Whose written request it is, and of which day: “letter of the head teacher of 3 March 2026”.",
)
@answering
def destroy(setup: Setup, slug: str, label: str, request: str, answer: Answer) -> None:
    """Remove a file for good: its bytes go, and cannot be brought back. ID is its document ID, as in D-12.

    The school's list keeps that there was such a file, when it went, and why. Backups keep it for as long as
    they are kept.
    """
    found = LABEL.fullmatch(label)
    if found is None:
        raise Refused(f"{label!r} is no document ID. One looks like D-12.")
    with operating(setup.app, slug) as (db, viewer):
        number = int(found[1])
        document_id = keeping.destroy(db, viewer, number, request)
    done = keeping.forget_bytes(setup.app, school_called(setup.app, slug), document_id)
    sentence = f"The document D-{number} is removed for good."
    if not done:
        sentence += " Its bytes could not be reached: `cpoms documents sweep` removes them when they can."
    answer.done(sentence, document=number, bytes_removed=done)
