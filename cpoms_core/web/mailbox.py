"""Reading the local mailbox, which a demonstration has instead of a mail server."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import cast

from cpoms_core.application import Application
from cpoms_core.deployment import Deployment
from cpoms_core.outbox.transports import LOCAL, mailbox_folder

MOST = 100
NAME = re.compile(r"[0-9a-f-]{36}")  # an outbox item's id: nothing else reaches a path
LINK = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a page shows it."""

    name: str
    to: str
    subject: str
    sent_at: dt.datetime
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a mail's text; `href` where it is a link of ours."""

    text: str
    href: str = ""


def is_local(app: Application) -> bool:
    """Whether this is a demonstration that keeps its mail."""
    return app.deployment.demo and app.deployment.mail == LOCAL


def newest(deployment: Deployment) -> list[Mail]:
    """The newest mails first. Their names begin with the time at which they were owed."""
    folder = mailbox_folder(deployment) / "new"
    names = sorted((file.name for file in folder.glob("*-*")), reverse=True)[:MOST]
    return [_read(folder / name) for name in names]


def read(deployment: Deployment, name: str) -> Mail | None:
    """One mail by its name."""
    file = mailbox_folder(deployment) / "new" / name
    return _read(file) if NAME.fullmatch(name) and file.is_file() else None


def paragraphs(deployment: Deployment, text: str) -> list[list[list[Part]]]:
    """A mail's text as paragraphs of lines of parts."""
    return [
        [list(with_links(deployment, line)) for line in paragraph.splitlines()]
        for paragraph in text.strip().split("\n\n")
    ]


def with_links(deployment: Deployment, text: str) -> Iterator[Part]:
    """The text in parts, with links to the schools of this deployment as such and no others."""
    own = re.compile(re.escape(deployment.school_address("_")).replace("_", "[a-z0-9-]+", 1) + r"(/.*)?")
    end = 0
    for match in LINK.finditer(text):
        if own.fullmatch(match[0]):
            yield Part(text[end : match.start()])
            yield Part(match[0], match[0])
            end = match.end()
    yield Part(text[end:])


def _read(file: Path) -> Mail:
    message = cast(EmailMessage, message_from_bytes(file.read_bytes(), policy=policy.default))
    return Mail(file.name, message["To"], message["Subject"], message["Date"].datetime, message.get_content())
