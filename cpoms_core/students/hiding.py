"""Hiding names (DSH-08): of a student's name only the initials are left, in lists and in texts. What counts
as a name in a text, and why, is told to users in docs/hiding-names.md.

Nothing here knows of requests or of rights. `viewer.name` and `viewer.text` are the doors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from cpoms_core.students.common_words import COMMON_WORDS
from cpoms_core.students.words import FIRST, IDEOGRAPH, PIECE, WORD, fold_word, folded_words

STARS = "***"
"""As many for every name: their number must tell nothing."""
PARTICLES = frozenset(
    """ab abu ag al ap ben bin bint da das de del della den der di dos du e el ibn la le mac mc of san santa
    st ten ter the ud ul um uz van von y zu zum""".split()  # noqa: SIM905 (a list would be one word a line)
)
"""Parts of a name that are no name alone, where there are others."""
PREFIXES = frozenset({"mc", "mac"})
"""What makes another name of the one after it: McDonald is no Donald."""
JOINERS = frozenset("-'‐‑‒–’‘ʼ`´_,")
"""What may stand between two words of one name, with spaces around it or none."""
HYPHENS = frozenset("-‐‑'’ʼ")
POSSESSIVE = frozenset({"'s", "’s", "ʼs"})
SHORTEST_JOINED = 9
"""Letters of a first and last name written as one word, as file names have them ("jaydenbrown"): a shorter
one could be a word."""
SHORTEST_DOUBLE = 6
"""As SHORTEST_JOINED, of a double name ("annemarie")."""
MOST_PIECES = 4
"""Of one name that is a part of a word: "JaydenVanDerVelde"."""
SHORTEST_PLURAL = 4
NO_PLURALS = frozenset({"this", "does", "goes", "less", "miss", "pass", "boss", "loss", "plus", "thus"})
"""Words of four letters that would be a name of three (Thi, Doe) with an s. Longer ones are few."""


@dataclass(frozen=True, slots=True)
class StudentNames:
    """Every name of one student, as the school has them."""

    legal_forename: str
    legal_surname: str
    preferred_forename: str = ""
    preferred_surname: str = ""
    middle_names: str = ""

    @property
    def forenames(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self.preferred_forename, self.legal_forename))))

    @property
    def surnames(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self.preferred_surname, self.legal_surname))))


@dataclass(frozen=True, slots=True)
class StaffName:
    """A member of staff, whose full name stays in texts; `title` as the MIS has it, or empty."""

    forename: str
    surname: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Name:
    """What a sequence of words is. parts: how many words each part of it has (first name, last name), or none
    for a member of staff, who stays. any_case: a name in small letters, too."""

    parts: tuple[int, ...]
    any_case: bool


@dataclass(slots=True)
class _Node:
    """The words that may come next, and the name that ends here."""

    next: dict[str, _Node] = field(default_factory=dict)
    name: _Name | None = None


class NameHider:
    """Hides the names of one school's students. It is never changed once made."""

    __slots__ = ("_root",)

    def __init__(self, students: Iterable[StudentNames], staff: Iterable[StaffName] = ()) -> None:
        self._root = _Node()
        for one in staff:
            for first in filter(None, (one.forename, one.title)):
                self._add((*folded_words(first), *folded_words(one.surname)), _Name((), True))
        for student in students:
            self._add_student(student)

    def _add_student(self, student: StudentNames) -> None:
        for part in (*student.forenames, *student.surnames):
            self._add_part(part)
        for name in student.middle_names.split():
            if fold_word(name) not in PARTICLES:
                self._add_part(name)
        for forename, surname in product(student.forenames, student.surnames):
            self._add_full(folded_words(forename), folded_words(surname))

    def _add_part(self, part: str) -> None:
        """A name, its words, and all of them as one: "OConnor", "annemarie"."""
        words = folded_words(part)
        if not words:
            return
        if len(words) == 1:
            self._add_alone(words[0])
            return
        self._add(words, _Name((len(words),), not COMMON_WORDS.issuperset(words)))
        joined = "".join(words)
        if len(joined) >= SHORTEST_DOUBLE or JOINERS.intersection(part) - {"-"}:
            self._add_alone(joined)
        for word in words:
            if word not in PARTICLES:
                self._add_alone(word)

    def _add_alone(self, word: str) -> None:
        if len(word) > 1:  # an initial tells no more than hiding leaves
            self._add((word,), _Name((1,), word not in COMMON_WORDS))

    def _add_full(self, first: tuple[str, ...], last: tuple[str, ...]) -> None:
        if not first or not last or len("".join(first + last)) < 3:
            return
        common = COMMON_WORDS.issuperset(first + last)
        self._add(first + last, _Name((len(first), len(last)), True))
        # "the young may" is no May Young
        self._add(last + first, _Name((len(last), len(first)), not common))
        for joined in ("".join(first + last), "".join(last + first)):
            if len(joined) >= SHORTEST_JOINED:
                self._add((joined,), _Name((1,), True))

    def _add(self, words: Sequence[str], name: _Name) -> None:
        """A student's name wins over the same one of a member of staff, one that is hidden in any case over
        one that is not."""
        node = self._root
        for word in words:
            node = node.next.setdefault(word, _Node())
        if node is self._root:
            return
        before = node.name
        if before is not None and before.parts and (not name.parts or before.any_case):
            return
        node.name = name

    @staticmethod
    def part(name: str) -> str:
        """A student's first or last name as lists show it: its initial."""
        return _starred(name) if name else ""

    def text(self, text: str) -> str:
        """A text without the students' names in it; everything else is as it was. Linear in its length."""
        found = [*WORD.finditer(text)]
        folded = [fold_word(word[0]) for word in found]
        pieces: list[str] = []
        done = at = 0
        while at < len(found):
            end, name = self._longest(text, found, folded, at)
            if name is None or _is_hidden(text, found[at]):
                pieces += (text[done : found[at].start()], self._inside(found[at][0], folded[at]))
                done, end = found[at].end(), at + 1
            else:
                for part in name.parts:
                    pieces += (text[done : found[at].start()], _starred(found[at][0]))
                    at += part
                    done = found[at - 1].end()
            at = end
        return "".join((*pieces, text[done:]))

    def _longest(
        self, text: str, found: Sequence[re.Match[str]], folded: Sequence[str], at: int
    ) -> tuple[int, _Name | None]:
        """The longest name that begins with a word, and the word after it."""
        node, best, end, here = self._root, None, at + 1, at
        while here < len(found):
            following = node.next.get(folded[here])
            if following is None:
                break
            node, here = following, here + 1
            if node.name is not None and _counts(text, found[at:here], node.name):
                best, end = node.name, here
            if here < len(found) and not _joined(text, found[here - 1], found[here]):
                break
        return end, best

    def _inside(self, word: str, folded: str) -> str:
        """A word that is no name, with what is one inside it hidden: a plural, a possessive without its
        apostrophe ("Jaydens mum"), and words run together with capitals, as file names have them."""
        if self._is_plural(folded, word):
            return _starred(word)
        pieces = PIECE.findall(word)
        return "".join(self._without_names(pieces)) if len(pieces) > 1 else word

    def _without_names(self, pieces: Sequence[str]) -> Iterator[str]:
        """The pieces of a word, with those that are a name hidden. An abbreviation ("HoY", "DoB") has no name
        that is a word as well."""
        folded = [fold_word(piece) for piece in pieces]
        short = all(len(piece) <= 2 for piece in folded)
        at = 0
        while at < len(pieces):
            for end in range(min(at + MOST_PIECES, len(pieces)), at, -1):
                name = "".join(folded[at:end])
                if short and name in COMMON_WORDS:
                    continue
                if self._is_name(name, pieces[at]) or self._is_plural(name, pieces[at]):
                    yield _starred(pieces[at])
                    break
            else:
                end = at + (2 if folded[at] in PREFIXES else 1)
                yield from pieces[at:end]
            at = end

    def _is_plural(self, folded: str, written: str) -> bool:
        return _may_be_plural(written, folded) and self._is_name(folded[:-1], written)

    def _is_name(self, folded: str, written: str) -> bool:
        node = self._root.next.get(folded)
        name = node.name if node else None
        return name is not None and bool(name.parts) and (name.any_case or written[0].isupper())


def _may_be_plural(word: str, folded: str) -> bool:
    """Whether a word may be a name with an s. A short one needs its capital: "Zoes"."""
    return (
        folded.endswith("s")
        and len(folded) >= SHORTEST_PLURAL
        and (len(folded) > SHORTEST_PLURAL or word[0].isupper())
        and folded not in NO_PLURALS
    )


def _starred(name: str) -> str:
    """The initial of a name, with its accent, and stars. A name of one sign ("李") has no initial: all of it
    goes."""
    first = FIRST.match(name)
    if first is None or IDEOGRAPH.match(name):
        return STARS
    return f"{first[0]}{STARS}"


def _is_hidden(text: str, word: re.Match[str]) -> bool:
    """Whether a word is the initial that hiding left: what is hidden stays as it is when hidden again."""
    first = FIRST.match(word[0])
    return first is not None and first[0] == word[0] and text.startswith(STARS, word.end())


def _counts(text: str, words: Sequence[re.Match[str]], name: _Name) -> bool:
    """Whether words that are spelt like a name are meant as one. Staff stay who are not a part of a longer
    name: "Mark Brown-Smith" is not Mark Brown."""
    if not name.parts:
        begin, end = words[0].start(), words[-1].end()
        before, after = text[max(0, begin - 1) : begin], text[end : end + 2]
        goes_on = after[:1] in HYPHENS and after[1:].isalpha() and after not in POSSESSIVE
        return not (goes_on or before in HYPHENS)
    return name.any_case or all(word[0][0].isupper() for word in words)


def _joined(text: str, word: re.Match[str], following: re.Match[str]) -> bool:
    """Whether two words may be of one name, by what stands between them."""
    written = text[word.end() : following.start()]
    between = written.strip()
    return not between or between in JOINERS or written == "."  # as in "rose.adeyemi@"
