"""A real SMTP server for tests, which can be slow, refuse, and tell when it is spoken to."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class SmtpPeer:
    """What the server got. `pause`: seconds that it takes over each mail, after it has it and before it says
    so. `refusal`: its answer to every recipient, where it is not to take them. `spoken_to`: set when a
    recipient is named."""

    port: int
    pause: float = 0.0
    refusal: str = ""
    spoken_to: threading.Event = field(default_factory=threading.Event)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        """The Message-ID of every mail it got, repeats included."""
        return [mail["Message-ID"] for mail in self.mails]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        self.spoken_to.set()
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.pause)
        message = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default)
        self.mails.append(cast(EmailMessage, message))
        self.recipients += envelope.rcpt_tos
        return "250 taken"


@contextmanager
def smtp_peer(port: int | None = None, **behaviour: Any) -> Iterator[SmtpPeer]:
    """A server while the block runs; `behaviour` as SmtpPeer has it."""
    peer = SmtpPeer(port or free_port(), **behaviour)
    controller = Controller(peer, hostname="127.0.0.1", port=peer.port)
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()
