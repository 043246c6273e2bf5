"""`cpoms module`: the modules of a school."""

from __future__ import annotations

import click

from cpoms_core.application import Application
from cpoms_core.cli.answering import Answer, answering, operating, school_option
from cpoms_core.cli.setup import Setup
from cpoms_core.errors import Refused
from cpoms_core.modules.services import switch


@click.group()
def module() -> None:
    """The modules of a school."""


@module.command("list")
@school_option
@answering
def list_modules(setup: Setup, slug: str, answer: Answer) -> None:
    """List the installed modules, and which of them a school has on."""
    with operating(setup.app, slug) as (_db, viewer):
        rows = [
            {
                "module": one.name,
                "title": one.title,
                "version": one.version,
                "on": one.name in viewer.modules,
                "tables": "not up to date" if one.name in setup.app.behind else "up to date",
            }
            for one in setup.app.modules.values()
        ]
    answer.listed("modules", rows, "No modules are installed.")


@module.command("on")
@click.argument("name")
@school_option
@answering
def turn_on(setup: Setup, name: str, slug: str, answer: Answer) -> None:
    """Switch the module NAME on for a school; its next request feels it."""
    _turn(setup.app, name, slug, True, answer)


@module.command("off")
@click.argument("name")
@school_option
@answering
def turn_off(setup: Setup, name: str, slug: str, answer: Answer) -> None:
    """Switch the module NAME off for a school. What was recorded with it is kept."""
    _turn(setup.app, name, slug, False, answer)


def _turn(app: Application, name: str, slug: str, enabled: bool, answer: Answer) -> None:
    if name not in app.modules:
        raise Refused(f"No module {name!r} is installed. Installed are: {', '.join(app.modules) or 'none'}.")
    with operating(app, slug) as (db, viewer):
        was_on = name in viewer.modules
        switch(db, viewer, name, enabled)
    state = "on" if enabled else "off"
    said = f"{name} was {state} already." if was_on == enabled else f"{name} is {state} at {slug}."
    answer.done(said, school=slug, module=name, on=enabled, changed=was_on != enabled)
