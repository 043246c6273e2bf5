"""Passwords: argon2id, and what makes one good enough (ACC-13)."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn_rs_py import zxcvbn

from cpoms_core.access.leaked import is_leaked

LONGEST = 1_000  # characters; argon2 takes them all
SHORTEST = 10
ENOUGH = 3  # of zxcvbn's 0 to 4: "safely unguessable"
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's figures for argon2id
_nobody = _hasher.hash("nobody has this password")


class WeakPassword(ValueError):
    """Not good enough; the message tells the person what to do."""


def normal(password: str) -> str:
    """One form for what different keyboards send for the same letters."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str, *, about: tuple[str, ...] = (), leaked: Path | None = None) -> str:
    """Hashes a new password. `about`: words on its owner that it must not consist of (name, e-mail).
    `leaked`: the operator's list of passwords that leaked (`access.leaked`), where there is one.

    Raises WeakPassword, and OSError where the list cannot be read.
    """
    if len(password) <= LONGEST:  # putting a very long text into its normal form takes very long
        password = normal(password)
    if len(password) < SHORTEST:
        raise WeakPassword(f"Use at least {SHORTEST} characters. Three or four unrelated words work well.")
    if len(password) > LONGEST:
        raise WeakPassword(f"Use at most {LONGEST} characters.")
    # the checker's time grows with length, and what is long enough has been judged by its first part
    judged = zxcvbn(password[:100], [word for word in about if word])
    if int(judged.score) < ENOUGH:
        raise WeakPassword(
            "This password is easy to guess. Three or four unrelated words work well, without names of "
            "people or of the school."
        )
    if leaked is not None and is_leaked(password, leaked):
        raise WeakPassword(
            "This password is on a list of those that became known to strangers, from some other site. "
            "Choose another one, and change it wherever else you use it."
        )
    return _hasher.hash(password)


def verify(password: str, password_hash: str | None) -> bool:
    """Whether the password is right. It takes as long where there is no such account or no password yet."""
    try:
        return _hasher.verify(password_hash or _nobody, normal(password[: LONGEST + 1])) and bool(
            password_hash
        )
    except (VerificationError, InvalidHashError):
        return False
