"""USR-03: mails that tell of another address go to the address they were queued for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tink import TinkError

from cpoms_core.access.addresses import change_address
from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import address_context
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.smtp_peer import SmtpPeer

Mailing = Callable[[str], Application]


def change(app: Application, school: SchoolForTests, email: str) -> None:
    with app.transaction(school.id) as db:
        user = db.get_one(User, (school.id, school.users["teacher"]))
        change_address(db, user, email, utc_now(), changed_by=school.users["lead"])


def send_due(app: Application) -> None:
    for claim in claim_due(app, utc_now(), most=50):
        run_claimed(app, claim)


def test_the_old_address_and_the_new_one_are_told(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    """USR-03: each by a mail of its own that says who did it and does not name the other address."""
    app = mailing(peer.address)
    change(app, school, "tariq@new.example")
    send_due(app)
    assert sorted(peer.recipients) == sorted([school.emails["teacher"], "tariq@new.example"])
    for sent in peer.mails:
        text = sent.get_content()
        assert "Lena Lead changed the e-mail address" in text and "@" not in text
        assert f"{school.slug}." in text, "the way to the log-in"


def test_an_address_that_changes_again_is_still_told(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    """USR-03: before the worker came: every address that was ever the account's hears of it."""
    app = mailing(peer.address)
    change(app, school, "first@new.example")
    change(app, school, "second@new.example")
    send_due(app)
    assert sorted(peer.recipients) == sorted(
        [school.emails["teacher"], "first@new.example", "first@new.example", "second@new.example"]
    )


def test_letters_of_a_domain_reach_every_server(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    """USR-01: an address at a domain with an umlaut is mailed to a server that knows plain letters only."""
    app = mailing(peer.address)
    change(app, school, "tariq@bücher.example")
    send_due(app)
    assert "tariq@xn--bcher-kva.example" in peer.recipients


def test_what_is_queued_for_one_user_opens_for_no_other(app: Application, school: SchoolForTests) -> None:
    """USR-03: the address is sealed for the user it was queued for."""
    sealed = app.key.seal(b"a@x.example", address_context(school.users["teacher"]))
    with pytest.raises(TinkError):
        app.key.open(sealed, address_context(school.users["lead"]))
