"""`cpoms demo`: the demonstration, made on first use and then started (OPS-01)."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import segno
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from cpoms_core.cli.serving import serve
from cpoms_core.cli.setup import Setup
from cpoms_core.deployment import Deployment

PORT = 6543
EXTRACT = "hillside_sims.zip"
WITHOUT_FILES = (
    "The Debian package {package} is missing, so files cannot be attached, and a new demonstration has none. "
    "As root: apt-get install {package}"
)


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the demonstration is kept; default: demo, beside the configuration.",
)
@click.option("--port", type=click.IntRange(1, 65535), help=f"Port on this machine; default: {PORT}.")
@click.option("--no-serve", is_flag=True, help="Make it and show the log-ins, but do not start it.")
@click.pass_context
def demo(context: click.Context, folder: Path | None, port: int | None, no_serve: bool) -> None:
    """Set up the demonstration's two schools, all names invented, and start them."""
    from cpoms_core.demo.making import bring_up_to_date, is_made, make_demo, read_facts
    from cpoms_core.demo.schools import NoDemo
    from cpoms_core.documents.kinds import LIBRARY, can_tell_kinds

    setup: Setup = context.obj
    folder = folder or setup.config.parent / "demo"
    console = Console(highlight=False, soft_wrap=True)
    try:
        if is_made(folder):
            deployment = _own(setup, folder)
            bring_up_to_date(setup.config, folder, deployment, port)
        else:
            _refuse_other(setup)
            steps = Steps(console)
            make_demo(setup.config, folder, port or PORT, steps.begin)
            steps.end()
    except NoDemo as error:
        raise click.ClickException(str(error)) from None
    context.obj = Setup(setup.config)
    if not can_tell_kinds():
        console.print(WITHOUT_FILES.format(package=LIBRARY), style="bold")
    show(console, read_facts(folder)["schools"], folder / EXTRACT)
    if not no_serve:
        context.invoke(serve, port=None)


def _own(setup: Setup, folder: Path) -> Deployment:
    """The demonstration's configuration, written again where only that was lost."""
    from cpoms_core.demo.making import write_configuration

    if not setup.config.exists():
        write_configuration(setup.config, folder, PORT)
    _refuse_other(setup)
    return setup.deployment


def _refuse_other(setup: Setup) -> None:
    """A deployment with real records must never become a demonstration."""
    if setup.config.exists() and not setup.deployment.demo:
        raise click.ClickException(
            f"{setup.config} is the configuration of a deployment that is no demonstration. Give another"
            " one: cpoms --config demo.toml demo"
        )


class Steps:
    """Says which step is being done, and how long each took."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._began: float | None = None

    def begin(self, name: str) -> None:
        self.end()
        self._began = self._clock()
        self._console.print(f"[Demonstration] {name} ... ", end="", markup=False)

    def end(self) -> None:
        if self._began is not None:
            self._console.print(f"done in {self._clock() - self._began:.0f} s")
        self._began = None


def show(console: Console, schools: list[dict[str, Any]], extract: Path) -> None:
    """Prints where the demonstration is, and two log-ins: one with a key, one without."""
    school = schools[0]
    keyed = next(login for login in school["logins"] if login["otpauth"])
    plain = next(login for login in school["logins"] if not login["otpauth"])
    text = Text()
    text.append(f"{school['name']}: {school['address']}\n", style="bold")
    text.append("\n".join(f"{other['name']}: {other['address']}" for other in schools[1:]))
    text.append("\n\nWith a key\n", style="bold").append(_login(keyed))
    text.append(f"\n  Secret    {keyed['secret']}\n")
    text.append("  Or scan this with an authenticator app; it shows the six digits.\n")
    text.append(_picture(keyed["otpauth"]))
    text.append("\nWithout a key\n", style="bold").append(_login(plain))
    text.append("\n\nMore log-ins: ").append(_door(school["address"], school["slug"]))
    text.append(f"\nA SIMS extract to import: {extract}")
    console.print(Panel(text, title="The demonstration", expand=False))


def _login(login: dict[str, Any]) -> str:
    return f"  {login['role']}\n  E-mail    {login['email']}\n  Password  {login['password']}"


def _door(address: str, slug: str) -> str:
    """The demonstration's own page: the school's address without the school."""
    return address.replace(f"{slug}.cpoms.", "", 1)


def _picture(address: str) -> Text:
    """A QR code for a terminal, light or dark: with colours of its own."""
    out = io.StringIO()
    segno.make(address, error="l").terminal(out, border=2, compact=True)
    return Text(Text.from_ansi(out.getvalue()).plain, style="bright_white on black")
