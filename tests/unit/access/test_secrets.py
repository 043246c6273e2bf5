"""ACC-05, ASVS V6.5, V9.2, V11.5: secrets of keys, and what the deployment's key seals."""

from __future__ import annotations

import base64
import uuid

import pyotp
import pytest
import tink

from cpoms_core.access.accounts import link_context
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.keys.soft_keys import NewKey, seal_context, step_of


def test_a_key_s_secret_is_random_and_long_enough() -> None:
    """V6.5.3, V11.5.1: 160 bits, another each time, and no place of it that hardly changes."""
    secrets = [NewKey.make().secret for _ in range(200)]
    assert len(set(secrets)) == 200
    assert {len(base64.b32decode(secret)) * 8 for secret in secrets} == {160}
    for place in range(32):
        assert len({secret[place] for secret in secrets}) > 8, f"character {place} hardly changes"


def test_a_code_has_six_digits() -> None:
    """V6.5.4: shorter, longer and other ones are none."""
    secret, now = NewKey.make().secret, utc_now()
    code = pyotp.TOTP(secret).at(now)
    assert len(code) == 6 and step_of(secret, code, now) is not None
    for other in (code[:5], f"{code}0", f"0{code}", "", code[:5] + "x", code.translate({48: 0x660})):
        if other != code:
            assert step_of(secret, other, now) is None, other


def test_what_is_sealed_for_one_purpose_opens_for_no_other(app: Application) -> None:
    """V9.2.2, V9.2.3: a mailed link's token, an authenticator's secret, an account: each has its own."""
    one, other = uuid.uuid4(), uuid.uuid4()
    contexts = [link_context(one), link_context(other), seal_context(one), seal_context(other), ""]
    sealed = app.key.seal(b"secret", contexts[0])
    assert app.key.open(sealed, contexts[0]) == b"secret"
    for context in contexts[1:]:
        with pytest.raises(tink.TinkError):
            app.key.open(sealed, context)


def test_every_byte_of_what_is_sealed_counts(app: Application) -> None:
    """V9.1.1, V11.3.3: changed, cut or lengthened, it is refused."""
    sealed = app.key.seal(b"secret", "context")
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for broken in (*changed, sealed[:-1], sealed + b"\0", b""):
        with pytest.raises(tink.TinkError):
            app.key.open(broken, "context")
