"""Passwords that leaked are refused by the operator's list (ASVS V6.2.12)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpoms_core.access.leaked import is_leaked
from cpoms_core.access.passwords import WeakPassword, hash_password

GOOD = "lantern-orchard-violet-seven"


def written(folder: Path, passwords: list[str], *, end: str = "\r\n", counts: int = 3) -> Path:
    """A list as it is published."""
    hashes = sorted(hashlib.sha1(one.encode()).hexdigest().upper() for one in passwords)
    file = folder / "leaked.txt"
    file.write_bytes("".join(f"{one}:{counts * at + 1}{end}" for at, one in enumerate(hashes)).encode())
    return file


def test_a_leaked_password_is_refused(tmp_path: Path) -> None:
    """V6.2.12: strong as it looks; the one beside it is taken, and so is it without a list."""
    file = written(tmp_path, [GOOD, *(f"other {n}" for n in range(2_000))])
    with pytest.raises(WeakPassword, match="became known to strangers"):
        hash_password(GOOD, leaked=file)
    assert hash_password(f"{GOOD}!", leaked=file).startswith("$argon2id$")
    assert hash_password(GOOD).startswith("$argon2id$")


@settings(max_examples=60, deadline=None)
@given(
    listed=st.lists(st.text(max_size=12), max_size=60, unique=True),
    asked=st.text(max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    counts=st.integers(0, 10**9),
)
def test_the_search_finds_what_a_plain_look_finds(
    tmp_path_factory: pytest.TempPathFactory, listed: list[str], asked: str, end: str, counts: int
) -> None:
    """V6.2.12: every line, the first and the last too, and nothing that is not there."""
    file = written(tmp_path_factory.mktemp("list"), listed, end=end, counts=counts)
    for one in [*listed, asked]:
        assert is_leaked(one, file) is (one in listed)


def test_a_list_that_cannot_be_read_lets_nothing_through(tmp_path: Path) -> None:
    """V6.2.12: it never fails open."""
    with pytest.raises(OSError):
        hash_password(GOOD, leaked=tmp_path / "gone.txt")
    (tmp_path / "empty.txt").touch()
    assert not is_leaked(GOOD, tmp_path / "empty.txt")
