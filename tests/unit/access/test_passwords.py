"""ACC-13: what is a good enough password, and how it is kept (ASVS V6.2, V11.4)."""

from __future__ import annotations

import pytest

from cpoms_core.access.passwords import LONGEST, SHORTEST, WeakPassword, hash_password, verify

COMMON = (
    "password", "password1", "password12", "password123", "Password123!", "p@ssw0rd123", "passwordpassword",
    "12345678", "123456789", "1234567890", "123456789012", "0987654321", "1q2w3e4r5t", "1qaz2wsx3edc",
    "qwertyuiop", "qwertyuiop123", "qwerty123456", "asdfghjkl123", "zxcvbnm12345", "iloveyou1234",
    "letmein12345", "welcome12345", "football1234", "liverpool123", "superman1234", "princess1234",
    "sunshine1234", "michael12345", "charlie12345", "trustno12345", "dragon123456", "monkey123456",
    "abc123abc123", "abcdefghij", "abcd1234abcd", "aaaaaaaaaa", "1111111111", "monday123456",
    "january2026!", "summer123456", "london123456", "teacher12345", "changeme1234", "admin1234567",
    "administrator", "letmeinletmein", "qwertyqwerty", "passw0rd1234", "secret123456", "school123456",
)  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_common_passwords_are_refused(password: str) -> None:
    """ACC-13, V6.2.4: by the checker's lists of common passwords, words, names and patterns."""
    with pytest.raises(WeakPassword):
        hash_password(password)


def test_the_shortest_that_is_taken() -> None:
    """ACC-13, V6.2.1: ten characters."""
    assert SHORTEST >= 8
    with pytest.raises(WeakPassword, match="at least"):
        hash_password("vqzkwxbjh"[: SHORTEST - 1])
    assert hash_password("vqzkwxbjhm"[:SHORTEST])


@pytest.mark.parametrize(
    "password",
    ["quietharbourelevenlanterns", "QUIET HARBOUR ELEVEN", "7394 2058 1647 3926", "тихаягаваньфонари"],
)
def test_no_kind_of_character_is_asked_for(password: str) -> None:
    """V6.2.5: letters of one case, digits, or another script alone are good enough."""
    assert verify(password, hash_password(password))


@pytest.mark.parametrize("word", ["hillsidebrook", "tariqteacher", "tariq.teacher"])
def test_words_on_its_owner_are_no_password(word: str) -> None:
    """ACC-13, V6.1.2, V6.2.11: the school's name, their own name and their address."""
    about = ("Tariq", "Teacher", "Hillside Brook", "tariq.teacher@hillside.example", "tariq.teacher")
    with pytest.raises(WeakPassword):
        hash_password(word, about=(*about, "hillsidebrook"))


def test_every_character_counts() -> None:
    """V6.2.8: nothing is trimmed, cut or changed in case."""
    password = "quiet harbour eleven lanterns " * 3 + "z"
    kept = hash_password(password)
    assert verify(password, kept)
    for other in (password[:-1], f"{password} ", f" {password}", password.upper(), password[:72]):
        assert not verify(other, kept)


@pytest.mark.parametrize("length", [64, 128, LONGEST])
def test_long_passwords_are_taken_whole(length: int) -> None:
    """ACC-13, V6.2.9."""
    password = ("quiet harbour eleven lanterns, " * 40)[:length]
    kept = hash_password(password)
    assert verify(password, kept)
    assert not verify(password[:-1], kept)


def test_the_hash_is_argon2id_at_its_present_cost() -> None:
    """V11.4.2: OWASP's figures; each with a salt of its own."""
    one, other = hash_password("quiet harbour eleven"), hash_password("quiet harbour eleven")
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
