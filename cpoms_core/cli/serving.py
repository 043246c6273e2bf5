"""`cpoms serve`, and its two halves `cpoms web` and `cpoms worker`."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
from types import FrameType

import click
import structlog

from cpoms_core.cli.setup import Setup
from cpoms_core.cli.supervisor import Supervisor, cpoms_command
from cpoms_core.documents.sending import LARGE

log = structlog.get_logger()
HOST = "127.0.0.1"
THREADS = 8
SENDING = {"outbuf_high_watermark": LARGE, "outbuf_overflow": 1024**3}
"""Bytes of one answer that wait for a slow visitor in memory, and from where on they would wait in a
temporary file: never, because what is sent of a file is no longer encrypted."""
LARGEST_FILES = 3 * 500
"""Megabytes: what `web.inputs` allows the school with the largest limit; it refuses what is over a school's
own."""
port_option = click.option(
    "--port", type=click.IntRange(1, 65535), help="Port on 127.0.0.1; default: public_port."
)
supervised_option = click.option(
    "--supervised", is_flag=True, hidden=True, help="End when standard input does."
)


@click.command()
@port_option
@click.pass_obj
def serve(setup: Setup, port: int | None) -> None:
    """Run the web server and the worker, and start again whichever of them dies."""
    chosen = port or setup.deployment.public_port
    Supervisor(
        {
            "web": cpoms_command(setup.config, "web", "--supervised", "--port", str(chosen)),
            "worker": cpoms_command(setup.config, "worker", "--supervised"),
        }
    ).run()


@click.command()
@port_option
@supervised_option
@click.pass_obj
def web(setup: Setup, port: int | None, supervised: bool) -> None:
    """Run the web server alone."""
    import waitress

    import cpoms_core
    from cpoms_core.web.inputs import FORM_ROOM, MEGABYTE

    if supervised:
        end_with_standard_input()
    deployment = setup.deployment
    # https means that a proxy of ours stands before us on this machine, and only then its word counts
    behind_proxy = {"trusted_proxy": HOST, "trusted_proxy_headers": {"x-forwarded-for"}}
    server = waitress.create_server(
        cpoms_core.main(setup.app),
        host=HOST,
        port=port or deployment.public_port,
        threads=THREADS,
        max_request_body_size=FORM_ROOM + LARGEST_FILES * MEGABYTE,
        url_scheme=deployment.scheme,
        ident=None,
        **SENDING,
        clear_untrusted_proxy_headers=True,
        **(behind_proxy if deployment.secure else {}),
    )
    signal.signal(signal.SIGTERM, _stop)
    log.info("web server listening", port=port or deployment.public_port)
    server.run()


@click.command()
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option(
    "--lease",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Seconds until another worker takes up what this one left when it died.",
)
@supervised_option
@click.pass_obj
def worker(setup: Setup, threads: int, lease: float, supervised: bool) -> None:
    """Run a worker alone: it sends mail, runs tasks and seals the audit."""
    from cpoms_core.deployment import BadDeployment
    from cpoms_core.worker import run_worker

    if supervised:
        end_with_standard_input()
    try:
        run_worker(setup.app, threads=threads, lease=dt.timedelta(seconds=lease))
    except BadDeployment as error:
        raise click.ClickException(str(error)) from None


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # waitress finishes the requests that it has begun


def end_with_standard_input() -> None:
    """Ends this process in good order when whoever started it is gone, even by kill -9: then the pipe that
    is our standard input closes."""

    def watch() -> None:
        # the descriptor and not sys.stdin, whose lock would still be held when the interpreter ends
        while os.read(0, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="supervised", daemon=True).start()
