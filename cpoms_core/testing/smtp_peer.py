"""A real SMTP server for tests, which can be slow, refuse, speak TLS, and tell when it is spoken to."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class SmtpPeer:
    """What the server got. `pause`: seconds that it takes over each mail, after it has it and before it says
    so. `refusal`: its answer to every recipient, where it is not to take them. `spoken_to`: set when a
    recipient is named. `encrypted`: of each mail, whether it came through TLS. `log_ins`: users and passwords
    that it was given; it takes any."""

    port: int
    pause: float = 0.0
    refusal: str = ""
    spoken_to: threading.Event = field(default_factory=threading.Event)
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    log_ins: list[tuple[str, str]] = field(default_factory=list)

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

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        await asyncio.sleep(self.pause)
        message = message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=policy.default)
        self.mails.append(cast(EmailMessage, message))
        self.recipients += envelope.rcpt_tos
        return "250 taken"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """What aiosmtpd asks when somebody logs in."""
        if isinstance(given, LoginPassword):
            self.log_ins.append((given.login.decode(), given.password.decode()))
        return AuthResult(success=True)


@contextmanager
def smtp_peer(
    port: int | None = None,
    *,
    starttls: ssl.SSLContext | None = None,
    implicit_tls: ssl.SSLContext | None = None,
    **behaviour: Any,
) -> Iterator[SmtpPeer]:
    """A server while the block runs; `behaviour` as SmtpPeer has it. With `starttls` it offers STARTTLS and
    takes no mail before; with `implicit_tls` every connection is encrypted from its first byte."""
    peer = SmtpPeer(port or free_port(), **behaviour)
    controller = Controller(
        peer,
        hostname="127.0.0.1",
        port=peer.port,
        ssl_context=implicit_tls,
        tls_context=starttls,
        require_starttls=starttls is not None,
        authenticator=peer.log_in,
        auth_require_tls=implicit_tls is None,  # aiosmtpd knows of no TLS but that of STARTTLS
        ready_timeout=60,  # seconds: a busy machine takes longer than aiosmtpd's five
    )
    controller.start()
    try:
        yield peer
    finally:
        controller.stop()
