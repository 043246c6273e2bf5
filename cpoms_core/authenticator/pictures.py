"""The picture that a phone scans to become a device of a new key (ACC-10)."""

from __future__ import annotations

import datetime as dt

import segno

from cpoms_core.application import Application
from cpoms_core.authenticator.sealed import SCAN_WITHIN, Enrolment, enrolment_link
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.keys.soft_keys import NewKey


def enrolment_address(app: Application, owner: KeyOwner, new: NewKey, now: dt.datetime) -> str:
    """What the picture says: the app's address, and in its fragment what the phone needs."""
    return enrolment_link(
        app.key,
        f"{app.deployment.accounts_address}/authenticator/",
        Enrolment(new.id, owner.account_id, now + SCAN_WITHIN),
        secret=new.secret,
        school_name=owner.label,
        email=owner.email,
    )


def picture(address: str) -> str:
    """The address as an SVG picture in a `data:` address. It is long and is shown on a screen, where nothing
    gets dirty: less correction makes larger squares."""
    return segno.make(address, error="l", micro=False).svg_data_uri(scale=5, dark="#000", light="#fff")
