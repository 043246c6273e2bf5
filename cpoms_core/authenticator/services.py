"""What a phone changes: it answers log-ins (ACC-10).

No cookie comes with a phone's requests. Each carries a nonce of the server's and a signature over it and over
what is asked; the signature says whose device it is.
"""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import or_, update

from cpoms_core.access import policy, throttle
from cpoms_core.access.models import ApprovingDevice, LoginApproval
from cpoms_core.application import Application
from cpoms_core.authenticator import telling
from cpoms_core.authenticator.devices import Device, find_device
from cpoms_core.authenticator.prompts import PROMPTS, prompts_key
from cpoms_core.authenticator.sealed import NotOurs, nonce_moment
from cpoms_core.authenticator.signatures import is_signed, signed_text
from cpoms_core.errors import NothingThere
from cpoms_core.tenancy.scope import SchoolSession

WRONG_NUMBERS = 3
Decision = Literal["approve", "deny"]
Outcome = Literal["approved", "denied", "wrong number", "too late"]


class NotSigned(Exception):
    """The signature is not the device's, or is about something else."""


class OldNonce(Exception):
    """The nonce is too old, or was used: the device must ask for another and sign again."""


class DeviceGone(Exception):
    """The device's key was removed from the account."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who a request says it comes from, and what shows it. `device_id`: the soft key's id."""

    device_id: uuid.UUID
    nonce: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person answered on the phone. `number`: the two digits of the log-in page, "" with deny."""

    approval_id: uuid.UUID
    decision: Decision
    number: str


def device_that_signed(
    db: SchoolSession, app: Application, signed: Signed, purpose: str, *parts: str, now: dt.datetime
) -> tuple[Device, dt.datetime]:
    """The device that signed `parts` for `purpose`, and the moment of its nonce.

    Raises OldNonce, DeviceGone, NotSigned. Whether a device was removed is told to the device alone.
    """
    device = find_device(db, signed.device_id)
    if device is None:
        raise DeviceGone
    text = signed_text(purpose, signed.nonce, str(signed.device_id), *parts)
    if not is_signed(device.public_key, signed.signature, text):
        raise NotSigned
    try:
        moment = nonce_moment(app.key, signed.nonce, now)
    except NotOurs:
        raise OldNonce from None
    if device.standing == "removed":
        raise DeviceGone
    return device, moment


def decide(app: Application, signed: Signed, answer: Answer, now: dt.datetime) -> Outcome:
    """Approves or denies a log-in, once, before it expires. The number must be the one of the log-in page;
    the third wrong one denies.

    Raises OldNonce, DeviceGone, NotSigned; NothingThere for a log-in of another account.
    """
    with app.session(None, writes=False) as db:
        device, moment = device_that_signed(
            db, app, signed, "decide", str(answer.approval_id), answer.decision, answer.number, now=now
        )
        approval = db.get(LoginApproval, answer.approval_id)
    if approval is None or approval.account_id != device.account_id or device.standing != "counts":
        raise NothingThere
    with app.transaction(telling.school_to_tell(app, approval)) as db:
        _use_nonce(db, device, moment)
        outcome = _decide(db, device, answer, now)
    return outcome


def _use_nonce(db: SchoolSession, device: Device, moment: dt.datetime) -> None:
    """A device's nonces count in the order in which they were made, each once; and only while its key is
    there, which is asked in the transaction of the decision."""
    taken = db.execute(
        update(ApprovingDevice)
        .where(
            ApprovingDevice.id == device.id,
            or_(ApprovingDevice.seen_at.is_(None), ApprovingDevice.seen_at < moment),
            policy.device_counts(),
        )
        .values(seen_at=moment)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise OldNonce


def _decide(db: SchoolSession, device: Device, answer: Answer, now: dt.datetime) -> Outcome:
    # the lock makes tries of a number wait for each other, so that three at once are three
    approval = db.get_one(LoginApproval, answer.approval_id, with_for_update=True)
    if approval.decision is not None or approval.expires_at <= now:
        return "too late"
    if answer.decision == "deny":
        return _deny(db, approval, device, "denied", now)
    if hmac.compare_digest(approval.number.encode(), answer.number.encode()):
        return _approve(db, approval, device, now)
    approval.wrong_numbers += 1
    if approval.wrong_numbers >= WRONG_NUMBERS:
        return _deny(db, approval, device, "wrong numbers", now)
    return "wrong number"


def _approve(db: SchoolSession, approval: LoginApproval, device: Device, now: dt.datetime) -> Outcome:
    if not _set_decision(db, approval, device, "approved", now):
        return "too late"
    throttle.clear(db, prompts_key(approval.account_id))
    telling.write_down(db, approval, "login.approved", now, key=str(device.id))
    return "approved"


def _deny(
    db: SchoolSession, approval: LoginApproval, device: Device, reason: str, now: dt.datetime
) -> Outcome:
    """Denies: the owner is told by mail, and the phone is left in peace for a while."""
    if not _set_decision(db, approval, device, "denied", now):
        return "too late"
    throttle.fill(db, prompts_key(approval.account_id), PROMPTS, now)
    telling.write_down(
        db, approval, "login.denied", now, letter="login-denied", key=str(device.id), reason=reason
    )
    return "denied"


def _set_decision(
    db: SchoolSession, approval: LoginApproval, device: Device, decision: str, now: dt.datetime
) -> bool:
    """Takes the decision by a conditional update: of several answers at one moment one counts."""
    db.flush()
    taken = db.execute(
        update(LoginApproval)
        .where(
            LoginApproval.id == approval.id,
            LoginApproval.decision.is_(None),
            LoginApproval.expires_at > now,
        )
        .values(decision=decision, decided_at=now, decided_by=device.id)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]
