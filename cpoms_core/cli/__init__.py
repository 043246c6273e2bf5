"""The command line. Each command has a file of its own here and a line in COMMANDS; it is imported only when
it is called, so that none costs the others' start."""

from __future__ import annotations

import importlib
import sys
import warnings
from pathlib import Path

import click

from cpoms_core import logs
from cpoms_core.cli.setup import Setup

# Pyramid imports pkg_resources, and says so in every process
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
COMMANDS = {
    "migrate": "cpoms_core.cli.migrating:migrate_database",
    "serve": "cpoms_core.cli.serving:serve",
    "web": "cpoms_core.cli.serving:web",
    "worker": "cpoms_core.cli.serving:worker",
    "school": "cpoms_core.cli.schools:school",
    "user": "cpoms_core.cli.users:user",
    "group": "cpoms_core.cli.groups:group",
    "module": "cpoms_core.cli.switches:module",
    "audit": "cpoms_core.cli.auditing:audit",
    "outbox": "cpoms_core.cli.owing:outbox",
    "documents": "cpoms_core.cli.filing:documents",
    "document": "cpoms_core.cli.destroying:document",
    "plugin": "cpoms_core.cli.plugins:plugin",
    "demo": "cpoms_core.cli.demo:demo",
}
"""Command -> `module:object`."""


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    envvar="CPOMS_CONFIG",
    type=click.Path(path_type=Path),
    show_default=True,
    default=Path("var/deployment.toml"),
    help="The deployment's configuration; also CPOMS_CONFIG.",
)
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Safeguarding records for schools."""
    logs.set_up(as_json=not sys.stderr.isatty())
    context.obj = Setup(config)
