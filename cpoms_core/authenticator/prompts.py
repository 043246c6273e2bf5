"""How often an account's phone may be asked: who has a password must not wear its owner down (ACC-10)."""

from __future__ import annotations

import uuid

from cpoms_core.access import throttle

PROMPTS = 6
"""Questions to a phone without an approval among them; then it is left in peace for throttle.LOCK_OUT. One
that was denied has the same effect at once."""


def prompts_key(account_id: uuid.UUID) -> bytes:
    """The counter of an account's questions; no school's, because the phone is the account's."""
    return throttle.account_key(None, f"prompts {account_id}")
