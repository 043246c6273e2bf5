"""What a browser carries to a provider and back: sealed, for ten minutes, for one log-in."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
import json
import secrets
import uuid
from dataclasses import asdict, dataclass

import tink

from cpoms_core.sealing import DeploymentKey

GOOD_FOR = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Going:
    """A log-in that is under way at a provider. `target`: the local path to go to afterwards; `until`: UTC,
    seconds since 1970."""

    provider: str
    state: str
    nonce: str
    verifier: str
    target: str
    until: int

    @classmethod
    def begin(cls, provider_id: uuid.UUID, target: str, now: dt.datetime) -> Going:
        """A new one, with its secrets."""
        return cls(
            str(provider_id),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            target[:500],
            int((now + GOOD_FOR).timestamp()),
        )

    def sealed(self, key: DeploymentKey, school_id: int) -> str:
        """As a cookie's value that only this deployment can read, for this school."""
        return base64.urlsafe_b64encode(
            key.seal(json.dumps(asdict(self)).encode(), _context(school_id))
        ).decode()

    @classmethod
    def open(
        cls, key: DeploymentKey, school_id: int, cookie: str, state: str, now: dt.datetime
    ) -> Going | None:
        """The log-in that a cookie carries, if it is the one that the answer's `state` names and not over."""
        try:
            text = key.open(base64.urlsafe_b64decode(cookie.encode()), _context(school_id))
        except (tink.TinkError, binascii.Error, ValueError):
            return None
        going = cls(**json.loads(text))
        same = hmac.compare_digest(going.state.encode(), state.encode())
        return going if same and now.timestamp() < going.until else None


def _context(school_id: int) -> str:
    return f"log-in at a provider for school {school_id}"
