"""The words of a text, as names are looked for in it (DSH-08)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from anyascii import anyascii


def _of(*categories: str) -> str:
    """The characters of Unicode's categories, as the inside of a regular expression's class."""
    ranges: list[list[int]] = []
    for code in (*range(0x20000), *range(0xE0100, 0xE01F0)):
        if unicodedata.category(chr(code)) not in categories:
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


MARKS = _of("Mn", "Mc", "Me", "Cf")
"""What belongs to the letter before it: accents written on their own, and characters that nobody sees (a soft
hyphen, a zero-width space)."""
CAPITALS = _of("Lu", "Lt")
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Characters of scripts that put no space between words: each is a word."""
IDEOGRAPH = re.compile(f"[{ALONE}]")
LETTER = rf"[^\W\d_{ALONE}]"
WORD = re.compile(rf"[{ALONE}][{MARKS}]*|{LETTER}+(?:[{MARKS}]+{LETTER}*)*")
FIRST = re.compile(rf".[{MARKS}]*", re.DOTALL)
PLAIN = re.compile(r"[^a-z0-9]+")
POINTS = re.compile("[\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670]")
"""The vowels of Hebrew and Arabic, which most people leave out."""
PIECE = re.compile(rf"(?:[{CAPITALS}][{MARKS}]*)+(?![^{CAPITALS}])|[{CAPITALS}]?[^{CAPITALS}]+")
"""What was run together to a word, by its capitals: "PDFJaydenB" is PDF, Jayden and B."""


@lru_cache(maxsize=20_000)
def _fold_beyond_ascii(word: str) -> str:
    without = POINTS.sub("", unicodedata.normalize("NFKC", word))
    return PLAIN.sub("", anyascii(without).casefold())


def fold_word(word: str) -> str:
    """A word in plain small letters, so that "ZOË", "Zoe" and "Zoë" with its dots as a mark of their own are
    one. Offsets do not matter: it is looked up, and the word in the text is what is replaced."""
    return word.lower() if word.isascii() else _fold_beyond_ascii(word)


def folded_words(name: str) -> tuple[str, ...]:
    """The words of a name, folded: "O’Connor" -> ("o", "connor")."""
    return tuple(filter(None, (fold_word(found[0]) for found in WORD.finditer(name))))
