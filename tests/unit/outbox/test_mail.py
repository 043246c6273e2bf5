"""Mails: what they say and what they keep to themselves (INC-09), and how they travel."""

from __future__ import annotations

import datetime as dt
import re
import socket
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest

from cpoms_core.access import accounts
from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.deployment import BadDeployment, Deployment
from cpoms_core.incidents.models import Category
from cpoms_core.outbox import transports
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.services import queue_mail
from cpoms_core.outbox.transports import keep_in_mailbox, mailbox_folder, send_by_smtp, transport_of
from cpoms_core.outbox.wording import LETTERS
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.testing.smtp_peer import SmtpPeer, free_port, smtp_peer

Mailing = Callable[[str], Application]


def mail(app: Application, school: SchoolForTests, template: str, to: str = "colleague", **facts: str) -> Any:
    with app.transaction(school.id) as db:
        return queue_mail(db, template, to_user=school.users[to], now=utc_now(), **facts)


def send_due(app: Application) -> None:
    for claim in claim_due(app, utc_now(), most=50):
        run_claimed(app, claim)


def alert(app: Application, school: SchoolForTests, *categories: str, sender: str = "teacher") -> Any:
    chosen = ",".join(str(school.categories[name]) for name in categories)
    return mail(app, school, "incident-alert", sender=str(school.users[sender]), categories=chosen)


def test_inc_09_an_alert_says_who_and_which_category_and_nothing_else(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    app = mailing(peer.address)
    item_id = alert(app, school, "Child Protection")
    send_due(app)
    (sent,) = peer.mails
    assert sent.get_content() == (
        "Tariq Teacher has alerted you to an incident in the category Child Protection.\n\n"
        f"Log in to read it:\nhttp://{school.host}:6543/login\n"
    )
    assert sent["Subject"] == "You have been alerted to an incident"
    assert peer.recipients == [school.emails["colleague"]]
    assert sent["To"] == school.emails["colleague"]
    assert sent["From"] == app.deployment.mail_from
    assert sent["Message-ID"] == f"<{item_id}@cpoms.localhost>"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert abs(sent["Date"].datetime - utc_now()) < dt.timedelta(minutes=1)
    assert sent.get_content_type() == "text/plain"


def test_inc_16_the_school_has_the_category_left_out(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    """INC-16: by the setting at the moment of sending, of incidents, actions and what is passed on."""
    app = mailing(peer.address)
    chosen = str(school.categories["Child Protection"])
    for template in ("incident-alert", "action-alert", "incident-passed-on", "action-passed-on"):
        mail(app, school, template, sender=str(school.users["teacher"]), categories=chosen)
    with app.transaction(school.id) as db:
        change_setting(db, "alert_mail_category", "")
    send_due(app)
    assert len(peer.mails) == 4
    for sent in peer.mails:
        text = sent.get_content()
        assert "Tariq Teacher" in text and "an incident." in text
        assert "Child Protection" not in f"{text}{sent['Subject']}" and "categor" not in text


def test_inc_16_a_mail_about_what_is_passed_on_names_no_student(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    """INC-16: who alerted first and the category, and why it comes to this reader."""
    app = mailing(peer.address)
    chosen = str(school.categories["Medical"])
    sender = str(school.users["teacher"])
    mail(app, school, "action-passed-on", sender=sender, categories=chosen)
    mail(app, school, "file-passed-on", sender=sender, categories="")
    send_due(app)
    of_action, of_file = sorted((sent.get_content() for sent in peer.mails), reverse=True)
    assert (
        "Tariq Teacher alerted a colleague to an action on an incident in the category Medical." in of_action
    )
    assert of_file.startswith("Tariq Teacher alerted a colleague to a file. The alert was not read in time")


def test_inc_09_several_categories_and_names_outside_ascii(
    app: Application, school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    with app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).surname = "Ångström"
    app = mailing(peer.address)
    alert(app, school, "Medical", "Bullying")
    send_due(app)
    assert (
        peer.mails[0]
        .get_content()
        .startswith("Tariq Ångström has alerted you to an incident in the categories Bullying, Medical.\n")
    )


def test_line_breaks_in_names_make_no_headers_and_no_lines(
    app: Application, school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    with app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).surname = "X\r\nBcc: all@example.com\n\nHello"
        row = db.get_one(Category, (school.id, school.categories["Medical"]))
        row.name = "Medical\n.\nQUIT {link}"
    app = mailing(peer.address)
    alert(app, school, "Medical")
    send_due(app)
    (sent,) = peer.mails
    assert sent["Bcc"] is None
    assert sent.get_content().splitlines()[0] == (
        "Tariq X Bcc: all@example.com Hello has alerted you to an incident in the category "
        "Medical . QUIT {link}."
    )


@pytest.mark.parametrize("template", [name for name in LETTERS if name != "reset-link"])
def test_every_letter_is_complete(
    template: str, school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    app = mailing(peer.address)
    mail(
        app, school, template, sender=str(school.users["lead"]), categories=str(school.categories["Medical"])
    )
    send_due(app)
    (sent,) = peer.mails
    assert f"http://{school.host}:6543/login" in sent.get_content()
    assert "{" not in sent.get_content() + sent["Subject"]
    assert not any(name in sent.as_string() for name in ("Aoife", "Björn", "Chloë"))


def test_what_nobody_in_particular_sent_has_no_name(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    app = mailing(peer.address)
    mail(app, school, "incident-alert", sender="", categories=str(school.categories["Medical"]))
    send_due(app)
    assert peer.mails[0].get_content().startswith("A colleague has alerted you")


def test_acc_01_the_link_in_the_mail_sets_the_password(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer
) -> None:
    app = mailing(peer.address)
    facts = school.viewer("teacher").school
    with app.transaction(school.id) as db:
        assert accounts.send_reset_link(db, facts, school.emails["teacher"], utc_now())
    send_due(app)
    link = re.search(r"^http\S+$", peer.mails[0].get_content(), re.MULTILINE)
    assert link
    assert link[0].startswith(f"http://{school.host}:6543/password/")
    with app.transaction(school.id) as db:
        assert accounts.set_password(db, link[0].rpartition("/")[2], "hash", utc_now())


def test_acc_01_a_link_that_a_newer_one_replaced_is_not_mailed(
    school: SchoolForTests, mailing: Mailing, peer: SmtpPeer, item_of: Any
) -> None:
    app = mailing(peer.address)
    facts = school.viewer("teacher").school
    for _ in range(2):
        with app.transaction(school.id) as db:
            accounts.send_reset_link(db, facts, school.emails["teacher"], utc_now())
    claims = claim_due(app, utc_now(), most=5)
    for claim in claims:
        run_claimed(app, claim)
    assert len(peer.mails) == 1
    assert sorted(item_of(claim.item_id).last_error for claim in claims) == ["", "LinkUsedUp"]


def test_usr_02_a_deactivated_user_gets_no_mail_any_more(
    app: Application, school: SchoolForTests, mailing: Mailing, peer: SmtpPeer, item_of: Any
) -> None:
    item_id = alert(app, school, "Medical")
    with app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["colleague"])).deactivated_at = utc_now()
    send_due(mailing(peer.address))
    assert peer.mails == []
    assert item_of(item_id).done_at is not None
    assert item_of(item_id).last_error == "RecipientGone"


def test_never_lost_a_mail_server_that_is_away_costs_time_and_no_mail(
    app: Application, school: SchoolForTests, mailing: Mailing, item_of: Any, due_at: Any
) -> None:
    port = free_port()
    item_id = alert(app, school, "Medical")  # recording asks nothing of the server
    away = mailing(f"smtp://127.0.0.1:{port}")
    send_due(away)
    assert (item_of(item_id).attempts, item_of(item_id).last_error) == (1, "ConnectionRefusedError")
    with smtp_peer(port) as peer:
        (claim,) = claim_due(app, due_at(item_id), most=5)
        run_claimed(away, claim)
        assert len(peer.mails) == 1
    assert item_of(item_id).done_at is not None


def test_never_lost_a_server_that_refuses_gets_it_again(
    app: Application, school: SchoolForTests, mailing: Mailing, peer: SmtpPeer, item_of: Any, due_at: Any
) -> None:
    item_id = alert(app, school, "Medical")
    peer.refusal = "451 try later"
    send_due(mailing(peer.address))
    assert item_of(item_id).last_error == "SMTPRecipientsRefused"
    peer.refusal = ""
    (claim,) = claim_due(app, due_at(item_id), most=5)
    run_claimed(mailing(peer.address), claim)
    assert len(peer.mails) == 1


def test_a_server_that_never_answers_does_not_hold_the_worker(
    app: Application, school: SchoolForTests, mailing: Mailing, item_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transports, "TIMEOUT", 0.3)
    item_id = alert(app, school, "Medical")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        send_due(mailing(f"smtp://127.0.0.1:{silent.getsockname()[1]}"))
    assert (item_of(item_id).attempts, item_of(item_id).last_error) == (1, "SMTPServerDisconnected")


def test_where_encryption_is_asked_for_nothing_is_sent_without(peer: SmtpPeer) -> None:
    """A man in the middle who takes STARTTLS out of the answer must not get the mail."""
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@example.com"
    address = urlsplit(peer.address.replace("smtp:", "smtp+starttls:"))
    with pytest.raises(Exception, match="STARTTLS"):
        send_by_smtp(address, message)
    assert not peer.spoken_to.is_set()


@pytest.mark.parametrize("address", ["", "localhost:25", "http://mail.example.com", "smtp://", "mailbox:x"])
def test_an_address_that_is_none_is_refused_at_the_start(address: str, app: Application) -> None:
    with pytest.raises(BadDeployment):
        transport_of(Deployment(app.deployment.folder, mail=address))


def test_the_local_mailbox_holds_a_repeated_mail_once(
    app: Application, school: SchoolForTests, mailing: Mailing
) -> None:
    item_id = alert(app, school, "Medical")
    send_due(mailing("mailbox:"))
    file = mailbox_folder(app.deployment) / "new" / str(item_id)
    kept = message_from_bytes(file.read_bytes(), policy=policy.default)
    before = sorted(file.parent.iterdir())
    keep_in_mailbox(mailbox_folder(app.deployment), kept)  # type: ignore[arg-type]
    assert sorted(file.parent.iterdir()) == before
    assert list((mailbox_folder(app.deployment) / "tmp").iterdir()) == []
    assert kept["To"] == school.emails["colleague"]
