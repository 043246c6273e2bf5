"""A crawl that opens everything the application answers and looks for students' names in it (DSH-08): in
pages, attributes, JSON, headers, file names, PDFs with their properties, and whatever is packed."""

from __future__ import annotations

import html
import io
import re
import subprocess
import unicodedata
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import lxml.html
from anyascii import anyascii
from browsing import Browser
from sqlalchemy import select

import cpoms_core
from cpoms_core.students.models import Student
from cpoms_core.testing.schools import SchoolForTests

SOURCES = Path(cpoms_core.__file__).parent.parent
FEW = 3
FEW_OF = {"application/pdf": 1, "image/svg+xml": 2, "image/png": 1}
"""Of each kind of address: another process makes these, in a second each."""
COMMON = {"may", "mark", "rose", "will"}
LEFT = frozenset({"van", "der", "o"})  # no names alone
OF_THE_MATRIX = frozenset({"example", "typed"})
"""Names of the matrix's own students that are words of the product."""
LONG = 6
"""Letters of a name that no other word contains: it is looked for inside words, too."""
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
RANDOM = re.compile(
    r"""((?:name="sealed" value=|name="csrf_token" value=|name="csrf-token" content=|"X-CSRF-Token": """
    r"""|"csrf_token": |"challenge": |"id": )"|/authenticator/#)[\w+/=&-]{20,}"""
)
"""What is drawn by lot or sealed, behind what says so: three letters of it are a name now and then."""
ADDRESSES = ("href", "src", "hx-get", "data-src")


def names_of(school: SchoolForTests) -> dict[str, bool]:
    """Every part of every student's name, folded; True where it counts in small letters, too."""
    found: dict[str, bool] = {}
    with school.app.session(school.id, writes=False) as db:
        for student in db.scalars(select(Student)):
            whole = (
                student.legal_forename,
                student.legal_surname,
                student.preferred_forename,
                student.preferred_surname,
                student.middle_names,
            )
            for part in re.findall(r"[a-z0-9]+", _plain(" ".join(whole)).casefold()):
                if len(part) > 1 and part.isalpha() and part not in LEFT | OF_THE_MATRIX:
                    found[part] = part not in COMMON
    return found


def _plain(text: str) -> str:
    return BEYOND_ASCII.sub(lambda found: anyascii(found[0]), unicodedata.normalize("NFKC", text))


def leaks(names: dict[str, bool], said: str) -> list[str]:
    """The names that stand in what was answered, each with what is around it."""
    said = unquote(html.unescape(html.unescape(said)))
    said = said.encode().decode("unicode_escape", "replace") if "\\u" in said else said
    folded = _plain(RANDOM.sub(r"\1", said))
    small = folded.casefold()
    found = []
    for name in (one for one in names if one in small):  # few are in it at all
        any_case = names[name]
        written = name if any_case else f"(?:{name.capitalize()}|{name.upper()})"
        matches = re.finditer(rf"(?<![A-Za-z]){written}(?![A-Za-z])", folded, re.I if any_case else 0)
        whole = [match for match in matches if any_case or not _is_no_name(folded, match)]
        found += [folded[max(0, one.start() - 60) : one.end() + 30].replace("\n", " ") for one in whole]
        if len(name) > LONG and not whole:
            found.append(name)
    return found


@cache
def wording() -> str:
    """The words of everything that the product itself says: its templates and its Python, the demonstration's
    people aside."""
    files = [*SOURCES.glob("templates/**/*.pt"), *SOURCES.glob("plugins/*/cpoms_*/**/*.p[yt]")]
    files += [one for one in SOURCES.glob("cpoms_core/**/*.py") if "demo" not in one.parts]
    return " ".join(" ".join(re.findall(r"\w+", one.read_text())) for one in files)


@cache
def _is_worded(words: str) -> bool:
    return words in wording()


def is_wording(said: str) -> bool:
    """Whether a text begins as the product words it: "Mark as read" is no name of a child, although one is
    called Mark. It must go on with two words that stand after it in the sources, too."""
    words = re.match(r"(\w+)\W+(\w+)\W+(\w+)", said)
    return words is not None and _is_worded(" ".join(words.groups()))


def _is_no_name(text: str, match: re.Match[str]) -> bool:
    """Whether a word that can be a name is none here: the product's own wording, or May in a date."""
    return is_wording(text[match.start() :]) or is_in_date(text, match.start(), match.end())


def is_in_date(text: str, start: int, end: int) -> bool:
    """Whether a word is the month of a date: May 2030, or 1 May with no name behind it."""
    after = text[end : end + 12]
    day_before = re.search(r"(?<!\d)\d{1,2} $", text[max(0, start - 4) : start])
    return bool(re.match(r" \d{4}(?!\d)", after) or (day_before and not re.match(r" [A-Z]", after)))


def everything_in(answer: Any) -> Iterator[str]:
    """What an answer says: its headers, and its body as a text, unpacked where it is packed."""
    for header, value in answer.headerlist:
        if header != "Set-Cookie":
            yield f"{header}: {value}"
    yield from _in_bytes(answer.body, answer.content_type)


def _in_bytes(body: bytes, kind: str) -> Iterator[str]:
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            for one in packed.infolist():
                yield one.filename
                yield from _in_bytes(packed.read(one), "")
    elif body[:5] == b"%PDF-":
        for tool in (["pdftotext", "-", "-"], ["pdfinfo", "-"]):
            done = subprocess.run(tool, input=body, capture_output=True, check=True)
            yield done.stdout.decode("utf-8", "replace")
    elif kind == "image/svg+xml" or not (kind == "application/octet-stream" or kind.startswith("image/")):
        yield body.decode("utf-8", "replace")


class Crawl:
    """Opens pages with one browser and follows their links, and keeps what leaks."""

    def __init__(self, school: SchoolForTests, browser: Browser) -> None:
        self._browser, self._names = browser, names_of(school)
        self._host = school.host
        self._shapes: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self._made: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.waiting: list[tuple[str, bool]] = []
        self.opened: dict[str, int] = {}
        self.kinds: Counter[str] = Counter()
        self.leaks: list[str] = []

    def look(self, path: str, answer: Any) -> Any:
        """Looks for names in an answer, and for fields that are filled with stars. The page, where it is
        one."""
        self.opened[path] = answer.status_int
        self.kinds[answer.content_type] += 1
        self._made[_shape(path)][answer.content_type] += 1
        for said in everything_in(answer):
            self.leaks += [f"{path}: …{leak}…" for leak in leaks(self._names, said)[:3]]
        if answer.content_type != "text/html" or not answer.body.strip():
            return None
        page = lxml.html.document_fromstring(answer.text)
        self.leaks += [f"{path}: a form is filled with {field}" for field in starred_fields(page)]
        return page

    def has_enough_of(self, path: str) -> bool:
        """Whether enough of what takes long to make was looked at."""
        made = self._made[_shape(path)]
        return any(made[kind] >= few for kind, few in FEW_OF.items())

    def _open(self, path: str) -> Iterable[str]:
        """Opens a page, and says where it leads."""
        answer = self._browser.get(path, expect_errors=True)
        page = self.look(path, answer)
        if answer.status_int in (302, 303):
            return [answer.location]
        return _leads_to(page) if page is not None else ()

    def follow(self, paths: Iterable[str], most: int = 900) -> None:
        """Opens pages and everything they lead to at the same school, of each kind of address a few. What is
        left after `most` stays in `waiting`."""
        self.waiting += [(path, False) for path in paths]
        while self.waiting and len(self.opened) < most:
            address, followed = self.waiting.pop(0)
            parts = urlsplit(address)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            shape = _shape(parts.path)
            asked = tuple(sorted(one.partition("=")[0] for one in parts.query.split("&")))
            if (followed and self._shapes[shape, asked] >= FEW) or self.has_enough_of(path):
                continue
            elsewhere = parts.netloc not in ("", self._host) or parts.scheme not in ("", "http", "https")
            if elsewhere or not path or path.startswith("/static/") or path in self.opened:
                continue
            self._shapes[shape, asked] += 1
            self.waiting += [(one, True) for one in self._open(path)]


def _shape(path: str) -> str:
    """An address without the ids and days in it, and without what is asked."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d{2}(-\d{2})?", "~", path.partition("?")[0])


def starred_fields(page: Any) -> list[str]:
    """Fields of forms that are filled with stars: they would be saved."""
    fields = [(one.get("name"), one.get("value") or "") for one in page.iter("input")]
    fields += [(one.get("name"), one.text_content()) for one in page.iter("textarea")]
    return [f"{name}: {value}" for name, value in fields if "***" in value]


def _leads_to(page: Any) -> list[str]:
    return [
        one.get(name)
        for name in ADDRESSES
        for one in page.iter("*" if name != "href" else "a")
        if one.get(name)
    ]
