"""Mails: worded and addressed when they are sent, from the ids that the outbox holds (INC-09).

A mail has the outbox item's id as its Message-ID, and the date at which it was owed, so that one that a
crash repeats is the same mail, and a mail program may show it once.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import select

from cpoms_core.access.accounts import email_change, link_context, link_owner, sso_link_owner
from cpoms_core.access.models import Account, Membership, User
from cpoms_core.access.viewer import Viewer
from cpoms_core.application import Application
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.incidents.models import Category
from cpoms_core.incidents.place_now import place_now
from cpoms_core.outbox.outcomes import NotNow, NotOwed, RecordGone
from cpoms_core.outbox.services import address_context
from cpoms_core.outbox.transports import transport_of
from cpoms_core.outbox.wording import IN_TRAINING, Letter, categories_phrase, letter_of, letter_of_module
from cpoms_core.tenancy.scope import SchoolSession


class RecipientGone(NotOwed):
    """The recipient was deactivated since, and must get nothing more of the school's."""


class NoLongerWanted(NotOwed):
    """The module that owed the mail says that nobody wants it any more."""


class LinkUsedUp(NotOwed):
    """The link was used, replaced or ran out before it could be sent: it would only confuse."""


def word_mail(db: SchoolSession, viewer: Viewer, work: Work) -> EmailMessage:
    """Makes the mail that an outbox item asks for. Raises NotOwed where nobody should get it any more."""
    account = _recipient(db, uuid.UUID(work.payload["to_user"]))
    sso = account.home_school_id is None
    # before a module is asked: of what is gone, it would say that nobody wants it, and forget it for good
    training = _in_training(db, work)
    letter = _letter(db, viewer, work, sso=sso)
    facts = {
        "school": viewer.school.name,
        "login": db.app.deployment.school_address(viewer.school.slug) + "/login",
        "accounts": db.app.deployment.accounts_address + "/",
        "when": f"{viewer.local(work.created_at):%-d %B %Y at %H:%M}",
        "who": _who(db, work.payload.get("sender")),
        "categories": _categories(db, viewer, work.payload.get("categories", "")),
    }
    if "sealed_token" in work.payload:
        facts["link"] = _sso_link(db, viewer, work) if sso else _link(db, viewer, work)
    message = EmailMessage()  # it refuses line breaks in headers, whatever a name or address holds
    message["Message-ID"] = message_id(work.id, db.app.deployment.domain)
    message["Date"] = format_datetime(work.created_at.astimezone(dt.UTC))
    message["From"] = Address(addr_spec=db.app.deployment.mail_from)
    message["To"] = Address(addr_spec=_address(db, account, letter, work))
    message["Subject"] = letter.subject
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer, please
    text = letter.text.format(**facts) + (IN_TRAINING if training else "")
    message.set_content(text, charset="utf-8")
    return message


def send_mail(app: Application, message: EmailMessage) -> None:
    """Hands a mail to the deployment's mail server, or to its local mailbox."""
    transport_of(app.deployment)(message)


def message_id(item_id: uuid.UUID, domain: str) -> str:
    return f"<{item_id}@{domain}>"


def _letter(db: SchoolSession, viewer: Viewer, work: Work, *, sso: bool) -> Letter:
    """The mail's words. A module's mail waits while the module is off or not installed, as its tasks do, and
    the module is asked whether it is still wanted. Raises NotNow and NoLongerWanted."""
    template = work.payload["template"]
    if "." not in template:
        return letter_of(template, sso=sso)
    module, mail = db.app.mails.get(template, ("", None))
    if mail is None or module not in viewer.modules:
        raise NotNow
    if mail.owed is not None:
        with db.lent():
            owed = mail.owed(PluginSession(db), viewer, work.payload)
        if not owed:
            raise NoLongerWanted
    return letter_of_module(mail)


def _recipient(db: SchoolSession, user_id: uuid.UUID) -> Account:
    row = db.execute(
        select(Account)
        .join(User, User.account_id == Account.id)
        .where(User.id == user_id, User.deactivated_at.is_(None), Account.disabled_at.is_(None))
    ).first()
    if row is None:
        raise RecipientGone
    account: Account = row[0]
    return account


def _address(db: SchoolSession, account: Account, letter: Letter, work: Work) -> str:
    """The recipient's address now, or the one that the mail was queued for. What a school tells goes where
    the owner of an SSO account wants the mails of that school (ACC-03)."""
    if "sealed_address" not in work.payload:
        own = db.get(Membership, (account.id, db.school_id)) if letter.of_the_school else None
        return (own.alert_email if own else None) or account.email
    sealed = base64.b64decode(work.payload["sealed_address"])
    return db.app.key.open(sealed, address_context(uuid.UUID(work.payload["to_user"]))).decode()


def _in_training(db: SchoolSession, work: Work) -> bool:
    """Whether the incident or action that a mail is about was recorded in training mode, and was not kept as
    real since (TRN-01). Raises RecordGone. One that was merged or split off is there under another name."""
    about = {name: uuid.UUID(work.payload[name]) for name in ("incident", "action") if name in work.payload}
    if not about:
        return False
    place = place_now(db, about["incident"], about.get("action"))
    if place is None:
        raise RecordGone
    return place.training


def _who(db: SchoolSession, sender: str | None) -> str:
    user = db.get(User, (db.school_id, uuid.UUID(sender))) if sender else None
    return " ".join(user.name.split()) if user else "A colleague"


def _categories(db: SchoolSession, viewer: Viewer, ids: str) -> str:
    if not viewer.school.setting("alert_mail_category"):
        return ""  # the school has mails leave it out too (INC-16)
    chosen = [uuid.UUID(category) for category in ids.split(",") if category]
    names = db.scalars(select(Category.name).where(Category.id.in_(chosen)).order_by(Category.name))
    return categories_phrase([" ".join(name.split()) for name in names])


def _token(db: SchoolSession, work: Work) -> str:
    account_id = uuid.UUID(work.payload["account"])
    sealed = base64.b64decode(work.payload["sealed_token"])
    return db.app.key.open(sealed, link_context(account_id)).decode()


def _link(db: SchoolSession, viewer: Viewer, work: Work) -> str:
    token = _token(db, work)
    if link_owner(db, token, viewer.now()) is None:
        raise LinkUsedUp
    return f"{db.app.deployment.school_address(viewer.school.slug)}/password/{token}"


def _sso_link(db: SchoolSession, viewer: Viewer, work: Work) -> str:
    """A link to the accounts' own host: to set a password, or to confirm an address."""
    token, address = _token(db, work), db.app.deployment.accounts_address
    if "sealed_address" not in work.payload:
        if sso_link_owner(db, token, viewer.now()) is None:
            raise LinkUsedUp
        return f"{address}/password/{token}"
    if email_change(db, token, viewer.now()) is None:
        raise LinkUsedUp
    return f"{address}/confirm/{token}"
