"""Where mail goes: an SMTP server, or the local mailbox of a demonstration."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from mailbox import Maildir
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from cpoms_core.deployment import BadDeployment, Deployment

Transport = Callable[[EmailMessage], None]
TIMEOUT = 20.0  # seconds for each step of the conversation
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
LOCAL = "mailbox:"


def transport_of(deployment: Deployment) -> Transport:
    """How the deployment sends its mail. Raises BadDeployment."""
    if deployment.mail == LOCAL:
        return lambda message: keep_in_mailbox(mailbox_folder(deployment), message)
    address = urlsplit(deployment.mail)
    if address.scheme not in PORTS or not address.hostname:
        raise BadDeployment(
            f"mail must be one of {', '.join(f'{scheme}://host:port' for scheme in PORTS)} or {LOCAL}"
        )
    return lambda message: send_by_smtp(address, message)


def send_by_smtp(address: SplitResult, message: EmailMessage) -> None:
    """Sends one mail over a connection of its own. Raises what smtplib raises; where encryption was asked
    for and the server does not offer it, nothing is sent."""
    host, port = address.hostname or "", address.port or PORTS[address.scheme]
    if address.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT)
    with server:
        if address.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(message)


def mailbox_folder(deployment: Deployment) -> Path:
    return deployment.folder / "mailbox"


def keep_in_mailbox(folder: Path, message: EmailMessage) -> None:
    """Puts a mail into a Maildir, under its Message-ID: the same mail again takes its own place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    Maildir(folder, create=True)
    name = message["Message-ID"].strip("<>").partition("@")[0]
    written = folder / "tmp" / f"{name}.{os.getpid()}"
    with written.open("wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    written.replace(folder / "new" / name)
