"""Names: one folded form in which they are searched and ordered."""

from __future__ import annotations

import unicodedata

from anyascii import anyascii


def fold(text: str) -> str:
    """Plain small letters: "Ångström" -> "angstrom", "O’Connor" -> "o'connor". What a person types on any
    keyboard finds the name as it is written."""
    plain = anyascii(unicodedata.normalize("NFKC", text)).casefold()
    return " ".join(plain.split())
