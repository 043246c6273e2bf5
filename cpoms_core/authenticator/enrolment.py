"""A phone becomes a device of an account (ACC-10)."""

from __future__ import annotations

import datetime as dt
import hmac

from sqlalchemy.exc import IntegrityError

from cpoms_core.access.models import Account, ApprovingDevice, SoftKey
from cpoms_core.application import Application
from cpoms_core.authenticator.devices import Device, find_device
from cpoms_core.authenticator.sealed import Enrolment, NotOurs
from cpoms_core.authenticator.services import NotSigned
from cpoms_core.authenticator.signatures import BadKey, is_signed, read_public_key, signed_text
from cpoms_core.errors import Refused
from cpoms_core.tenancy.scope import SchoolSession

OLD_PICTURE = (
    "This picture is not valid any more, or not complete. On the computer, load the page “Add a new device” "
    "again and scan the new picture."
)
USED_PICTURE = (
    "Another phone has used this picture. On the computer, load the page “Add a new device” again and scan "
    "the new picture. If that was not your phone, tell your school’s administrator."
)


def enrol(app: Application, token: str, public_key: bytes, signature: bytes, now: dt.datetime) -> Device:
    """Makes a phone the approving device of a soft key; it counts once that key is saved. A picture is good
    for one phone; the same phone may send it again, since an answer can get lost.

    Raises Refused for a token that cannot be used, NotSigned where the phone does not hold the private key.
    """
    try:
        enrolment = Enrolment.open(app.key, token, now)
    except NotOurs:
        raise Refused(OLD_PICTURE) from None
    try:
        public_key = read_public_key(public_key)
    except BadKey:
        raise NotSigned from None
    if not is_signed(public_key, signature, signed_text("enrol", token)):
        raise NotSigned
    with app.transaction(None) as db:
        found = find_device(db, enrolment.key_id) or _add_device(db, enrolment, public_key, now)
    if not hmac.compare_digest(found.public_key, public_key):
        raise Refused(USED_PICTURE)
    return found


def _add_device(db: SchoolSession, enrolment: Enrolment, public_key: bytes, now: dt.datetime) -> Device:
    """Inserts the device, once; where another request was quicker, its device is the answer."""
    account = db.get(Account, enrolment.account_id)
    if account is None or account.disabled_at is not None or db.get(SoftKey, enrolment.key_id) is not None:
        raise Refused(OLD_PICTURE)  # a key that is saved already has no phone to come
    row = ApprovingDevice(
        id=enrolment.key_id, account_id=enrolment.account_id, public_key=public_key, created_at=now
    )
    try:
        with db.begin_nested():
            db.add(row)
    except IntegrityError:
        found = find_device(db, enrolment.key_id)
        if found is None:
            raise Refused(OLD_PICTURE) from None
        return found
    return Device(enrolment.key_id, enrolment.account_id, public_key, "not proved")
