"""Mail over TLS, to a real server with certificates made here: who the server is gets checked, and a mail
never leaves in the clear (INC-09, never lost)."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import trustme

from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import queue_mail
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.smtp_peer import SmtpPeer, free_port, smtp_peer

Mailing = Callable[[str], Application]
WAYS = ("smtp+starttls", "smtps")
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this machine trusts while the test runs."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return made


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


def server(way: str, certificate: trustme.LeafCert, port: int) -> AbstractContextManager[SmtpPeer]:
    tls = context(certificate)
    return smtp_peer(port, starttls=tls) if way == "smtp+starttls" else smtp_peer(port, implicit_tls=tls)


@pytest.fixture
def item_id(app: Application, school: SchoolForTests) -> Any:
    """A mail that is owed."""
    with app.transaction(school.id) as db:
        return queue_mail(
            db,
            "incident-alert",
            to_user=school.users["colleague"],
            now=utc_now(),
            sender=str(school.users["teacher"]),
            categories=str(school.categories["Medical"]),
        )


@pytest.fixture
def try_at(due_at: Any, item_id: Any) -> Iterator[Callable[[Application], None]]:
    """Does what the worker does when the mail is due."""

    def attempt(app: Application) -> None:
        (claim,) = claim_due(app, due_at(item_id), most=5)
        run_claimed(app, claim)

    yield attempt


@pytest.mark.parametrize("way", WAYS)
def test_a_mail_goes_encrypted_with_the_password(
    way: str, mailing: Mailing, authority: trustme.CA, item_id: Any, item_of: Any, try_at: Any
) -> None:
    """INC-09: after STARTTLS and from the first byte; user and password as the configuration has them."""
    port = free_port()
    with server(way, authority.issue_cert("localhost"), port) as peer:
        try_at(mailing(f"{way}://alerts%40records.example:p%40ss%2Fword@localhost:{port}"))
    assert peer.encrypted == [True]
    assert peer.log_ins == [("alerts@records.example", "p@ss/word")]
    assert peer.mails[0]["Message-ID"] == f"<{item_id}@cpoms.localhost>"
    assert item_of(item_id).done_at is not None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("wrong", ["another host's", "nobody's we trust", "run out"])
def test_a_certificate_that_does_not_fit_costs_time_and_no_mail(
    way: str,
    wrong: str,
    mailing: Mailing,
    authority: trustme.CA,
    item_id: Any,
    item_of: Any,
    try_at: Any,
) -> None:
    """INC-09, never lost: mail and password stay here, not even encrypted do they go to another;
    once the certificate is right the mail is sent."""
    certificate = {
        "another host's": lambda: authority.issue_cert("mail.example"),
        "nobody's we trust": lambda: trustme.CA().issue_cert("localhost"),
        "run out": lambda: authority.issue_cert("localhost", not_before=LONG_AGO, not_after=LONG_AGO),
    }[wrong]()
    port = free_port()
    app = mailing(f"{way}://user:secret@localhost:{port}")
    with server(way, certificate, port) as peer:
        try_at(app)
    item = item_of(item_id)
    assert (item.attempts, item.last_error, item.done_at) == (1, "SSLCertVerificationError", None)
    assert (peer.mails, peer.log_ins, peer.spoken_to.is_set()) == ([], [], False)
    with server(way, authority.issue_cert("localhost"), port) as peer:
        try_at(app)
    assert (peer.encrypted, len(peer.mails)) == ([True], 1)
    assert item_of(item_id).done_at is not None


@pytest.mark.parametrize("way", WAYS)
def test_a_server_without_tls_gets_nothing(
    way: str, mailing: Mailing, authority: trustme.CA, item_id: Any, item_of: Any, try_at: Any
) -> None:
    """INC-09, never lost: where encryption was taken out of the server's answer, the mail waits."""
    with smtp_peer() as peer:
        try_at(mailing(f"{way}://user:secret@localhost:{peer.port}"))
    assert (peer.mails, peer.log_ins, peer.spoken_to.is_set()) == ([], [], False)
    item = item_of(item_id)
    assert (item.attempts, item.done_at) == (1, None)
    assert item.last_error == {"smtp+starttls": "SMTPNotSupportedError", "smtps": "SSLError"}[way]
