"""The national code tables that every MIS plugin maps to, so that one word means one thing (MIS-01).

The tables are the CSV files of `cpoms_core/data`; each is read once. A look-up takes what a file may hold
(a code, the meaning, a usual other spelling, "K - SEN support") and ignores case, spaces and punctuation.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

DATA = Path(__file__).parent.parent / "data"
UPN_ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"  # without I, O and S, which are misread as 1, 0 and 5
UPN_FORM = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
YEAR_WORDS = re.compile(r"^(?:(?:nc|national curriculum|curriculum) ?)?(?:years?|yr|y)?[ .]*0*([0-9]{1,2})$")
CODE_THEN_WORDS = re.compile(r"\s*([A-Za-z]{1,4})(?:\s+[-–]\s+|\s*[:(]\s*)\S")  # "K - SEN support"


@dataclass(frozen=True, slots=True)
class AttendanceCode:
    """One attendance code: `category` is present, authorised, unauthorised, not-required or missing.

    `possible` says whether the session counts as one that could have been attended; `until` is the last
    day on which a withdrawn code could be used. Rule: the statutory attendance guidance of August 2024.
    """

    code: str
    meaning: str
    category: str
    possible: bool
    until: dt.date | None


@dataclass(frozen=True, slots=True)
class _Table:
    """A code table with an index from every folded spelling to its code."""

    meanings: Mapping[str, str]
    spellings: Mapping[str, str]

    def code(self, text: str) -> str:
        """The code that the text stands for, or nothing."""
        found = self.spellings.get(_fold(text))
        if found is None and (pair := CODE_THEN_WORDS.match(text)):
            head = pair.group(1).upper()
            found = head if head in self.meanings else None
        return found or ""


def _fold(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@cache
def _table(name: str) -> _Table:
    meanings: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for row in _rows(name):
        meanings[row["code"]] = row["meaning"]
        for spelling in (row["code"], row["meaning"], *row["also"].split("|")):
            if spelling:
                spellings.setdefault(_fold(spelling), row["code"])
    return _Table(MappingProxyType(meanings), MappingProxyType(spellings))


@cache
def attendance_codes() -> Mapping[str, AttendanceCode]:
    """Every attendance code by its letters, withdrawn ones too: old marks stay readable."""
    return MappingProxyType(
        {
            row["code"]: AttendanceCode(
                code=row["code"],
                meaning=row["meaning"],
                category=row["category"],
                possible=row["possible"] == "yes",
                until=dt.date.fromisoformat(row["until"]) if row["until"] else None,
            )
            for row in _rows("attendance_codes")
        }
    )


def attendance_meaning(code: str) -> str:
    """What an attendance code means in words; nothing for a code that only the school knows."""
    found = attendance_codes().get(code.strip().upper())
    return found.meaning if found else ""


def statistical_category(code: str) -> str:
    """present, authorised, unauthorised, not-required or missing; `unknown` for a code we do not know."""
    found = attendance_codes().get(code.strip().upper())
    return found.category if found else "unknown"


def counts_as_possible(code: str) -> bool:
    """Whether a session with this mark belongs in the denominator of an attendance percentage (STU-06).

    An unknown code does not: guessing either way would change a child's percentage.
    """
    found = attendance_codes().get(code.strip().upper())
    return bool(found and found.possible)


def relationship(code_or_word: str) -> str:
    """The word for a contact's relationship ("PAM", "mum" -> "Mother"); an unknown word stays as it is."""
    table = _table("relationships")
    return table.meanings.get(table.code(code_or_word), code_or_word.strip())


def sen_status(text: str) -> str:
    """The code of a special educational needs status (N, K, E, ...); nothing if it is not known."""
    return _table("sen_statuses").code(text)


def sen_status_meaning(code: str) -> str:
    """The words for a SEN status code; nothing if it is not known."""
    return _table("sen_statuses").meanings.get(code, "")


def sen_need(text: str) -> str:
    """The code of a type of special educational need (SEMH, ASD, ...); nothing if it is not known."""
    return _table("sen_needs").code(text)


def sen_need_meaning(code: str) -> str:
    """The words for a code of a special educational need; nothing if it is not known."""
    return _table("sen_needs").meanings.get(code, "")


def ethnicity(text: str) -> str:
    """The words of the main ethnicity table ("WBRI", "White, British" -> "White British").

    Anything else (a local extended code or wording) stays as it is.
    """
    table = _table("ethnicities")
    return table.meanings.get(table.code(text), text.strip())


def gender(text: str) -> str:
    """The word for a gender or sex code ("F" -> "Female"); another word stays as it is."""
    table = _table("sexes")
    return table.meanings.get(table.code(text), text.strip())


@lru_cache(maxsize=1024)
def year_group(text: str) -> str:
    """A year group in one spelling: "N", "R", "1" to "14", or the MIS's own word.

    "Year  7", "Yr 07" and "Curriculum Year 7" are "7"; 0 and "Reception" are "R"; a word such as "Mixed"
    stays, since no year may be inferred from it.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    words = plain.casefold()
    if words in {"r", "rec", "reception", "year r", "reception year"}:
        return "R"
    if words in {"n", "n1", "n2", "nursery", "year n", "nursery 1", "nursery 2"}:
        return "N"
    number = YEAR_WORDS.match(words)
    if number is None or int(number.group(1)) > 14:
        return plain
    return str(int(number.group(1)) or "R")


def normal_upn(text: str) -> str:
    """A unique pupil number without spaces and in capitals, which is how two are compared."""
    return "".join(text.split()).upper()


def upn_check_letter(rest: str) -> str:
    """The check letter for the 12 characters that follow it; the last may be a letter (temporary UPN).

    Rule: each digit times its position (2 to 13), a letter by its place in the alphabet without I, O and
    S, summed, modulo 23.
    """
    values = (UPN_ALPHABET.index(sign) if sign.isalpha() else int(sign) for sign in rest)
    return UPN_ALPHABET[sum(place * value for place, value in enumerate(values, start=2)) % 23]


def valid_upn(upn: str) -> bool:
    """Whether a UPN has 13 characters of the right kinds and the right check letter.

    A wrong one is worth a warning and no more: real extracts hold some, so it never keys anything.
    """
    plain = normal_upn(upn)
    return bool(UPN_FORM.fullmatch(plain)) and upn_check_letter(plain[1:]) == plain[0]
