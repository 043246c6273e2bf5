"""Changing an account's keys: adding, renaming, removing one's own; removing all of a user's (ACC-05, ACC-06,
ACC-11). A session that was elevated with a key falls back by itself when the key goes: `identity` asks for
the key with every request."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import Account, LoginApproval, SecurityKey, SoftKey, User
from cpoms_core.access.viewer import Viewer
from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.keys import questions, soft_keys, webauthn
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.keys.security_keys import security_keys_of
from cpoms_core.keys.soft_keys import NewKey
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.scope import SchoolSession

YOURS_ALREADY = "This key is added to your account already. You can change its name in the list."
SOMEBODY_ELSES = (
    "This key is registered to another account, so it cannot be added to yours. It can be as soon as it is "
    "removed there."
)
SHARED_ACCOUNT = (
    "This person logs in to several schools with one account, and their keys belong to that account, not to "
    "your school. They can remove a key themselves; if they lost all of them, ask whoever runs this system."
)
KINDS: dict[str, type[SoftKey] | type[SecurityKey]] = {"authenticator": SoftKey, "security key": SecurityKey}


def add_authenticator(db: SchoolSession, owner: KeyOwner, name: str, new: NewKey, step: int) -> None:
    """Saves an authenticator whose current code was proved in time step `step`; once, however often the form
    comes."""
    if soft_keys.add_key(db, owner.account_id, name, new, step, owner.now()):
        owner.record.done(db, "key.added", [new.id], letter="key-added", kind="authenticator")


def ask_new_key(db: SchoolSession, owner: KeyOwner) -> dict[str, object]:
    """The question to a security key that is to be added, as the page's script takes it."""
    question = questions.ask(db, owner, "register", owner.now())
    held = [key.credential for key in security_keys_of(db, owner.account_id) if key.rp_id == owner.rp_id]
    options = webauthn.question_to_register(owner, question.challenge, held)
    return {"question": str(question.id), "options": options}


def add_security_key(
    db: SchoolSession, owner: KeyOwner, name: str, question: uuid.UUID | None, answer: str
) -> None:
    """Saves the security key that answered a question. Raises Refused, the question being used up."""
    now = owner.now()
    challenge = questions.use_up(db, owner, "register", question, now)
    registration = webauthn.read_registration(answer)
    found = webauthn.check_registration(owner, challenge, registration)
    key = SecurityKey(
        id=new_id(),
        account_id=owner.account_id,
        name=name,
        rp_id=owner.rp_id,
        credential_id=found.credential.credential_id,
        credential=bytes(found.credential),
        sign_count=found.counter,
        verifies_user=found.verified_user,
        created_at=now,
    )
    try:
        with db.begin_nested():
            db.add(key)
    except IntegrityError:
        mine = {one.credential_id for one in security_keys_of(db, owner.account_id)}
        message = YOURS_ALREADY if found.credential.credential_id in mine else SOMEBODY_ELSES
        raise Refused(message) from None
    owner.record.done(db, "key.added", [key.id], letter="key-added", kind="security key")


def rename_key(db: SchoolSession, owner: KeyOwner, key_id: uuid.UUID, name: str) -> None:
    """Gives a key of the owner another name. Raises NothingThere."""
    for kind in KINDS.values():
        changed = db.execute(
            update(kind)
            .where(kind.id == key_id, kind.account_id == owner.account_id, kind.removed_at.is_(None))
            .values(name=name)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount == 1:  # type: ignore[attr-defined]
            owner.record.done(db, "key.renamed", [key_id])
            return
    raise NothingThere


def remove_key(db: SchoolSession, owner: KeyOwner, key_id: uuid.UUID) -> None:
    """Removes a key of the owner. Raises NothingThere."""
    kinds = _take_away(db, owner.account_id, owner.now(), key_id)
    if not kinds:
        raise NothingThere
    owner.record.done(db, "key.removed", [key_id], letter="key-removed", kind=kinds[0])


def remove_all_keys(db: SchoolSession, viewer: Viewer, account_id: uuid.UUID) -> int:
    """Removes all keys of a user of the session's school, and the log-ins that wait for their phone (ACC-11);
    returns how many keys there were. The caller has asked that `viewer` may administrate.

    Raises NothingThere where the account is no user's here. Raises Refused for an account that serves
    several schools: no one of them may take away what the others rely on, but the operator's command may.
    """
    row = db.execute(
        select(Account, User).join(User, User.account_id == Account.id).where(Account.id == account_id)
    ).first()
    if row is None:
        raise NothingThere
    account, user = row
    if account.home_school_id is None and viewer.channel != "command line":
        raise Refused(SHARED_ACCOUNT)
    removed = len(_take_away(db, account_id, viewer.now()))
    audit.record(db, viewer, "key.all-removed", [user.id], keys=removed)
    if removed and user.deactivated_at is None:
        queue_mail(db, "keys-removed", to_user=user.id, now=viewer.now())
    return removed


def _take_away(
    db: SchoolSession, account_id: uuid.UUID, now: dt.datetime, key_id: uuid.UUID | None = None
) -> list[str]:
    """Removes one key of an account, or all; a phone approves only while its authenticator is there. Log-ins
    that wait for a phone wait no longer. Returns of what kind those are that went."""
    removed: list[str] = []
    for name, kind in KINDS.items():
        these = [kind.account_id == account_id, kind.removed_at.is_(None)]
        if key_id is not None:
            these.append(kind.id == key_id)
        gone = db.execute(
            update(kind).where(*these).values(removed_at=now).execution_options(synchronize_session=False)
        )
        removed += [name] * gone.rowcount  # type: ignore[attr-defined]
    db.execute(
        update(LoginApproval)
        .where(
            LoginApproval.account_id == account_id,
            LoginApproval.used_at.is_(None),
            LoginApproval.expires_at > now,
        )
        .values(expires_at=now)
        .execution_options(synchronize_session=False)
    )
    return removed
