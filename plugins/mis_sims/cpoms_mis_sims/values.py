"""The text of one cell as a value. What cannot be one raises ValueError with words for the reader."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from contextlib import suppress
from functools import lru_cache

from cpoms_core.imports import codes

ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ][0-9:.]*(?:Z|[+-][0-9:]+)?)?")
DAY_FIRST = re.compile(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})(?: [0-9:]+)?")
EMAIL = re.compile(r"[^@\s<>,;:]+@[^@\s<>,;:]+")
HOUSE_NUMBER = re.compile(r"(?:^|, )[0-9]{1,4}[A-Za-z]?$")
EARLIEST = dt.date(1900, 1, 1)
LATEST = dt.date(2100, 1, 1)
YES = {"true", "t", "yes", "y", "1", "eligible", "entitled", "-1"}
NO = {"false", "f", "no", "n", "0", "not eligible", "not entitled", "none"}
NOT_SAID = {"", "unknown", "not known", "not stated", "refused", "u"}
FULL_TIME = {"full time", "full-time", "fulltime", "ft"}
PART_TIME = {"part time", "part-time", "parttime", "pt"}
SESSIONS = {"am": "AM", "a": "AM", "morning": "AM", "pm": "PM", "p": "PM", "afternoon": "PM"}


def clean(text: str) -> str:
    """A cell's text with single spaces, composed letters and no characters that steer rather than show."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(sign for sign in composed if _shows(sign)).split())


def _shows(sign: str) -> bool:
    # Joiners stay: names in Persian or Hindi are misspelt without them. Other such signs can reorder a line.
    return sign.isspace() or sign in "\u200c\u200d" or unicodedata.category(sign)[0] != "C"


def garbled(text: str) -> bool:
    """Whether the text was UTF-8 and was read as Latin-1 or Windows-1252 ("ZoÃ«")."""
    if text.isascii():
        return False
    for encoding in ("cp1252", "latin-1"):
        with suppress(UnicodeError):
            text.encode(encoding).decode("utf-8")
            return True
    return False


@lru_cache(maxsize=8192)
def date(text: str) -> dt.date | None:
    """A date from ISO text (with or without a time: SIMS gives local midnight, so the first ten characters
    are the date) or from day/month/year; nothing from nothing. Raises ValueError."""
    plain = text.strip()
    if not plain:
        return None
    if iso := ISO_DATE.fullmatch(plain):
        year, month, day = iso.groups()
    elif british := DAY_FIRST.fullmatch(plain):
        day, month, year = british.groups()
    else:
        raise ValueError("is not a date; write it as day/month/year, for example 31/08/2012")
    try:
        found = dt.date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError("is a date that does not exist") from None
    if not EARLIEST <= found <= LATEST:
        raise ValueError("is a date outside the years 1900 to 2100")
    return found


def date_of_birth(text: str, today: dt.date) -> dt.date | None:
    """A date that is not after `today`. Raises ValueError."""
    found = date(text)
    if found and found > today:
        raise ValueError("is a date of birth in the future")
    return found


def flag(text: str) -> bool | None:
    """Yes or no, nothing where the MIS does not say. Raises ValueError."""
    word = text.casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    if word in NOT_SAID:
        return None
    raise ValueError("is neither yes nor no")


def full_time(text: str) -> bool | None:
    """Whether someone works full time, from words or from a full-time equivalent. Raises ValueError."""
    word = text.casefold()
    if word in FULL_TIME | PART_TIME:
        return word in FULL_TIME
    if re.fullmatch(r"[0-9]\.[0-9]{1,4}", word):
        return float(word) >= 1
    return flag(text)


def session(text: str) -> str:
    """ "AM" or "PM". Raises ValueError."""
    found = SESSIONS.get(text.casefold())
    if not found:
        raise ValueError("is not a session; it must be AM or PM")
    return found


def attendance_code(text: str) -> str:
    """An attendance code as given, in capitals where that makes it a known one; nothing for "no mark".

    Raises ValueError past three characters: cutting it short could turn it into another code.
    """
    if len(text) > 3:
        raise ValueError(
            "is longer than three characters; use the column with the mark's code, not its words"
        )
    capital = text.upper()
    if codes.statistical_category(capital) == "missing":
        return ""
    return capital if capital in codes.attendance_codes() else text


def priority(text: str) -> int | None:
    """A contact's place in the order of calling, 1 first. Raises ValueError."""
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text):
        raise ValueError("is not a priority; it must be a whole number")
    return int(text)


def email(text: str) -> str:
    """An e-mail address, checked for no more than its form. Raises ValueError."""
    if text and not EMAIL.fullmatch(text):
        raise ValueError("is not an e-mail address")
    return text


def identifier(text: str) -> str:
    """An id of SIMS; of `multiple_id` ("52,275") the first, which is the person's own."""
    return text.partition(",")[0].strip()


def person_id(text: str) -> str:
    """As `identifier`, for a row that needs one. Raises ValueError."""
    found = identifier(text)
    if not found or len(found) > 80:
        raise ValueError("is not an id; check the report's id column")
    return found


def day(text: str) -> dt.date:
    """As `date`, for a row that needs one. Raises ValueError."""
    found = date(text)
    if found is None:
        raise ValueError("is missing; it must be a date")
    return found


def admission_number(text: str) -> str:
    """With leading zeros to six digits, which spreadsheets drop: one spelling whatever the route."""
    return text.zfill(6) if text.isascii() and text.isdigit() else text


def address(parts: list[str]) -> str:
    """One line of an address from its parts; a bare house number goes before its street without a comma."""
    line = ""
    for part in parts:
        glue = " " if HOUSE_NUMBER.search(line) else ", "
        line = f"{line}{glue}{part}" if line else part
    return line


def id_list(text: str) -> list[str]:
    """Ids in one cell, separated by commas, semicolons, bars or spaces."""
    return [part for part in re.split(r"[\s,;|]+", text) if part]
