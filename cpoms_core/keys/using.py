"""Using a key: the second step of logging in (ACC-07, ACC-09). Each try is taken before it is made, and a
failed one is written down; both in transactions of their own, so that no rollback forgives a try."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select

from cpoms_core.access import login, throttle
from cpoms_core.access.login import LoginRefused
from cpoms_core.access.models import SecurityKey
from cpoms_core.application import Application
from cpoms_core.errors import Refused
from cpoms_core.keys import questions, soft_keys, webauthn
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.keys.security_keys import security_keys_of
from cpoms_core.tenancy.scope import SchoolSession

OLD_CODE = (
    "Incorrect or out of date code. Wait for the next code and type that one. If it still does not work, set "
    "your device's date, time and time zone to automatic."
)
NO_KEY = (
    "No security key is registered for your account. Use a code of your authenticator; you can add a "
    "security key afterwards in your account settings."
)
ELSEWHERE = (
    "Your security key belongs to another address, and works only there: {addresses}. This is {here}. Use a "
    "key that was added here, or a code of your authenticator."
)
NOT_ASKED = (
    "No key answered. Press the button and touch your key; that needs a browser with scripts switched on. A "
    "code of your authenticator works without them."
)
NOT_YOURS = "That is not one of your keys. Use a key that you added to your account, and try again."
COPIED = (
    "This key was not accepted: it counts its uses, and this count was seen before, so there may be a copy "
    "of it. Use another key, remove this one, and tell your school’s administrator."
)


class Copied(Refused):
    """A key's counter did not rise: somebody may have made a copy of it."""

    def __init__(self, key_id: uuid.UUID) -> None:
        super().__init__(COPIED)
        self.key_id = key_id


def tries_of(owner: KeyOwner) -> dict[bytes, int]:
    """What counts the failed tries with an account's keys of every kind."""
    key = throttle.account_key(owner.school_id or 0, f"key {owner.account_id}")
    return {key: throttle.ACCOUNT_TRIES}


def _take(app: Application, owner: KeyOwner, tries: dict[bytes, int], now: dt.datetime) -> dict[bytes, int]:
    """Takes a try of the account's keys. One that must wait is written down. Raises LoginRefused."""
    try:
        return login.take(app, tries, now)
    except LoginRefused:
        owner.record.failed(app, login.LOCKED_OUT, now)
        raise


def use_code(app: Application, owner: KeyOwner, code: str, now: dt.datetime) -> uuid.UUID:
    """Accepts an authenticator's code once (ACC-09); returns the key's id. Raises LoginRefused."""
    tries = tries_of(owner)
    counts = _take(app, owner, tries, now)
    with app.transaction(owner.school_id) as db:
        key_id = soft_keys.accept_code(db, owner.account_id, code, now)
    if key_id is None:
        letter = login.lock_out_letter(tries, counts)
        owner.record.failed(app, "login.wrong-code", now, letter=letter)
        raise LoginRefused(OLD_CODE)
    throttle.forgive(app, tries)
    return key_id


def ask_key(db: SchoolSession, owner: KeyOwner, now: dt.datetime) -> dict[str, object]:
    """The question to the account's security keys, as the page's script takes it. Raises Refused where none
    could answer at this address."""
    held = security_keys_of(db, owner.account_id)
    here = [key.credential for key in held if key.rp_id == owner.rp_id]
    if not held:
        raise Refused(NO_KEY)
    if not here:
        raise Refused(_elsewhere(owner, held))
    question = questions.ask(db, owner, "use", now)
    options = webauthn.question_to_use(owner, question.challenge, here)
    return {"question": str(question.id), "options": options}


def use_security_key(
    app: Application, owner: KeyOwner, question: uuid.UUID | None, answer: str, now: dt.datetime
) -> uuid.UUID:
    """Accepts a security key's answer to a question; returns the key's id. Raises LoginRefused."""
    tries = tries_of(owner)
    counts = _take(app, owner, tries, now)
    try:
        with app.transaction(owner.school_id) as db:  # of its own: a wrong answer uses it up as well
            challenge = questions.use_up(db, owner, "use", question, now)
        with app.transaction(owner.school_id) as db:
            key_id = _accept(db, owner, challenge, answer, now)
    except Copied as refusal:
        owner.record.failed(app, "key.cloned", now, letter="key-cloned", key=str(refusal.key_id))
        raise LoginRefused(refusal.message) from None
    except Refused as refusal:
        letter = login.lock_out_letter(tries, counts)
        owner.record.failed(app, "login.wrong-key", now, letter=letter)
        raise LoginRefused(refusal.message) from None
    throttle.forgive(app, tries)
    return key_id


def _accept(db: SchoolSession, owner: KeyOwner, challenge: bytes, answer: str, now: dt.datetime) -> uuid.UUID:
    use = webauthn.read_use(answer)
    key = db.scalars(
        select(SecurityKey)
        .where(
            SecurityKey.account_id == owner.account_id,
            SecurityKey.credential_id == use.raw_id,
            SecurityKey.removed_at.is_(None),
        )
        .with_for_update()  # of two answers at the same moment the second sees the first one's count
    ).first()
    if key is None:
        raise Refused(NOT_YOURS)
    if key.rp_id != owner.rp_id:
        raise Refused(_elsewhere(owner, [key]))
    counter = webauthn.check_use(owner, challenge, key.credential, use).counter
    if counter <= key.sign_count and (counter, key.sign_count) != (0, 0):
        raise Copied(key.id)
    key.sign_count, key.last_used_at = counter, now
    key.first_used_at = key.first_used_at or now
    return key.id


def _elsewhere(owner: KeyOwner, keys: list[SecurityKey]) -> str:
    addresses = ", ".join(sorted({key.rp_id for key in keys}))
    return ELSEWHERE.format(addresses=addresses, here=owner.rp_id)
