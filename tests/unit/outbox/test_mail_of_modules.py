"""register_mails: a module's own mails go through the outbox (MOD-01, INC-09), and wait while it is off."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import MailSpec
from cpoms_core.modules import Module
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.models import OutboxItem
from cpoms_core.outbox.running import PUT_OFF, run_claimed
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.probe import PROBE, behaviour
from cpoms_core.testing.schools import SchoolForTests, make_school
from cpoms_core.testing.smtp_peer import SmtpPeer


def later(times: int = 1) -> dt.datetime:
    """When what was put off is due again; of the test's own time, which may be long after this was read."""
    return utc_now() + times * PUT_OFF + dt.timedelta(minutes=1)


@pytest.fixture
def school(probe_app: Application) -> SchoolForTests:
    return make_school(probe_app)


@pytest.fixture
def mailing(probe_app: Application, peer: SmtpPeer) -> Application:
    """The application with the probe, whose mail goes to the peer."""
    deployment = replace(probe_app.deployment, mail=peer.address)
    return Application(deployment, modules=probe_app.modules, engines=probe_app.engines)


def owe(school: SchoolForTests, template: str = "probe.note", **facts: str) -> uuid.UUID:
    with school.app.transaction(school.id) as db:
        sender = str(school.users["lead"])
        return PluginSession(db).queue_mail(
            template, to_user=school.users["colleague"], now=utc_now(), sender=sender, **facts
        )


def send_due(app: Application, now: dt.datetime | None = None) -> None:
    for claim in claim_due(app, now or utc_now(), most=50):
        run_claimed(app, claim)


def test_it_is_worded_when_it_is_sent_and_once(
    school: SchoolForTests, mailing: Application, peer: SmtpPeer
) -> None:
    """register_mails: with the sender's name as it is by then."""
    item_id = owe(school)
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["lead"])).forename = "Leonora"
    send_due(mailing)
    send_due(mailing, later())
    (sent,) = peer.mails
    assert sent["Subject"] == "There is a note of the probe"
    assert sent["Message-ID"] == f"<{item_id}@cpoms.localhost>"
    text = sent.get_content()
    assert text.startswith("Leonora Lead wrote a note at School ") and f"http://{school.host}" in text
    assert peer.recipients == [school.emails["colleague"]]


def test_what_nobody_wants_any_more_is_not_sent(
    school: SchoolForTests, mailing: Application, peer: SmtpPeer, item_of: Callable[[uuid.UUID], OutboxItem]
) -> None:
    """register_mails: `owed` is asked when it is sent, with what the mail is about."""
    asked: list[Mapping[str, Any]] = []

    def owed(payload: Mapping[str, Any], **_: Any) -> bool:
        asked.append(payload)
        return False

    item_id = owe(school, note="7")
    with behaviour.instead("probe.note", owed):
        send_due(mailing)
    send_due(mailing, later())
    assert peer.mails == [] and [one["note"] for one in asked] == ["7"]
    item = item_of(item_id)
    assert item.done_at is not None and item.last_error == "NoLongerWanted"


def test_a_fault_of_the_module_loses_no_mail(
    school: SchoolForTests, mailing: Application, peer: SmtpPeer
) -> None:
    def broken(**_: Any) -> bool:
        raise RuntimeError("of the module")

    owe(school)
    with behaviour.instead("probe.note", broken):
        send_due(mailing)
    assert peer.mails == []
    send_due(mailing, later())
    assert len(peer.mails) == 1


def test_it_waits_while_the_module_is_off(
    school: SchoolForTests, mailing: Application, peer: SmtpPeer, item_of: Callable[[uuid.UUID], OutboxItem]
) -> None:
    """MOD-01: as its tasks do, and as long; that it waits is no failure."""
    item_id = owe(school)
    turn(school, False)
    send_due(mailing)
    send_due(mailing, later())
    assert peer.mails == []
    assert (item_of(item_id).done_at, item_of(item_id).attempts) == (None, 0)
    turn(school, True)
    send_due(mailing, later(times=2))
    assert len(peer.mails) == 1


def turn(school: SchoolForTests, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "probe", on, utc_now())


def test_it_waits_while_the_module_is_not_even_installed(
    school: SchoolForTests, app: Application, peer: SmtpPeer
) -> None:
    """MOD-02: uninstalled over a weekend and installed again."""
    owe(school)
    send_due(Application(replace(app.deployment, mail=peer.address), modules={}, engines=app.engines))
    with app.session(school.id, writes=False) as db:
        (item,) = db.scalars(select(OutboxItem))
    assert peer.mails == [] and item.done_at is None and item.gave_up_at is None


def test_a_mail_that_nobody_declares_is_refused_where_it_is_queued(school: SchoolForTests) -> None:
    """It would be tried for three days, and nobody would be told."""
    with pytest.raises(ValueError, match="there is no mail"):
        owe(school, "probe.nowhere")


@pytest.mark.parametrize(
    ("mail", "said"),
    [
        (MailSpec("nowhere.note", "A note", "x"), "must start with bad."),
        (MailSpec("bad.note", "A note", "About {student}."), "student"),
        (MailSpec("bad.note", "A note", "About {who"), "cannot be read"),
        (MailSpec("bad.note", "A note\nBcc: x@example.org", "x"), "one line"),
        (MailSpec("bad.note", " ", "x"), "one line"),
    ],
)
def test_one_that_could_not_be_sent_stops_the_start(app: Application, mail: MailSpec, said: str) -> None:
    """register_mails: a name that is another's, a placeholder that is not told (INC-09)."""
    hooks = SimpleNamespace(register_mails=hookimpl(lambda: [mail]))
    bad = Module(name="bad", title="Bad", summary="Bad.", package=PROBE.package, version="1", hooks=hooks)
    with pytest.raises(ValueError, match=said):
        configure(Application(app.deployment, modules={"bad": bad}, engines=app.engines))
