"""The difference of two texts, word by word: what was taken away and what was put in. Bounded: whole
sentences are compared first, and words only within those that changed, so that a text of 100,000 characters
costs no more than its length and a budget of comparisons, whatever is in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]
SENTENCES = re.compile(r"[^\n.!?]*(?:[.!?]+\s*|\n\s*|\Z)")
WORDS = re.compile(r"\s*\w+|\s*[^\w\s]|\s+")
BUDGET = 400_000  # pairs of words that are compared at most
DEEPEST = 20
AROUND = 160  # characters shown of an unchanged stretch, at each of its ends


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that is the same in both, was removed, or was added."""

    kind: Kind
    text: str


@dataclass(slots=True)
class _Budget:
    left: int = BUDGET


def difference(old: str, new: str) -> list[Piece]:
    """The two texts as one: without the added pieces it is `old`, without the removed ones `new`."""
    if old == new:
        return [Piece("same", old)] if old else []
    budget = _Budget()
    found: list[Piece] = []
    for kind, before, after in _compare(_split(SENTENCES, old), _split(SENTENCES, new), budget):
        if kind == "same":
            found.append(Piece("same", "".join(before)))
            continue
        one, other = "".join(before), "".join(after)
        for inner, words, put in _compare(_split(WORDS, one), _split(WORDS, other), budget):
            if inner == "same":
                found.append(Piece("same", "".join(words)))
            else:
                found += [Piece("removed", "".join(words)), Piece("added", "".join(put))]
    return _joined(found)


def shortened(pieces: Sequence[Piece], around: int = AROUND) -> list[Piece]:
    """The pieces with long unchanged stretches cut down to their ends."""
    shown = []
    for at, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "same" and len(text) > 2 * around + 20:
            head = text[:around].rstrip() if at else ""
            tail = text[-around:].lstrip() if at < len(pieces) - 1 else ""
            text = f"{head} … {tail}"
        shown.append(Piece(piece.kind, text))
    return shown


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    return [part for part in pattern.findall(text) if part]


Step = tuple[Literal["same", "changed"], Sequence[str], Sequence[str]]


def _compare(old: Sequence[str], new: Sequence[str], budget: _Budget, depth: int = 0) -> Iterator[Step]:
    """Two lists of tokens as stretches that are the same and stretches that changed."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    if start:
        yield "same", old[:start], new[:start]
    middle, other = old[start : len(old) - end], new[start : len(new) - end]
    if middle and other:
        yield from _middle(middle, other, budget, depth)
    elif middle or other:
        yield "changed", middle, other
    if end:
        yield "same", old[len(old) - end :], new[len(new) - end :]


def _middle(old: Sequence[str], new: Sequence[str], budget: _Budget, depth: int) -> Iterator[Step]:
    """Between the first and the last difference: small stretches token by token, long ones between what
    stands exactly once in both; where neither will do, the whole changed."""
    pairs = len(old) * len(new)
    if pairs <= min(budget.left, 60_000):
        budget.left -= pairs
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            yield ("same" if tag == "equal" else "changed"), old[a:b], new[c:d]
        return
    anchors = _anchors(old, new) if depth < DEEPEST else []
    if not anchors:
        yield "changed", old, new
        return
    a = c = 0
    for at, other in [*anchors, (len(old), len(new))]:
        if a < at or c < other:
            yield from _compare(old[a:at], new[c:other], budget, depth + 1)
        if at < len(old):
            yield "same", old[at : at + 1], new[other : other + 1]
        a, c = at + 1, other + 1


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many tokens are the same from the start."""
    count = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        count += 1
    return count


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The places of tokens that stand exactly once in both, as many as keep their order: the longest rising
    run, found by laying them on piles."""
    once, twice = Counter(old), Counter(new)
    where = {token: at for at, token in enumerate(new) if twice[token] == 1}
    pairs = [(at, where[token]) for at, token in enumerate(old) if once[token] == 1 and token in where]
    tops: list[int] = []  # of each pile, the index in `pairs` of its last card
    before: list[int] = []
    for index, (_at, place) in enumerate(pairs):
        low, high = 0, len(tops)
        while low < high:
            half = (low + high) // 2
            if pairs[tops[half]][1] < place:
                low = half + 1
            else:
                high = half
        before.append(tops[low - 1] if low else -1)
        tops[low : low + 1] = [index]
    run, index = [], tops[-1] if tops else -1
    while index >= 0:
        run.append(pairs[index])
        index = before[index]
    return run[::-1]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one kind as one; between two unchanged stretches what was removed stands before what was
    added."""
    found: list[Piece] = []
    held: dict[Kind, str] = {"removed": "", "added": ""}

    def put_down() -> None:
        for kind in ("removed", "added"):
            if held[kind]:  # type: ignore[index]
                found.append(Piece(kind, held[kind]))  # type: ignore[arg-type, index]
                held[kind] = ""  # type: ignore[index]

    for piece in pieces:
        if not piece.text:
            continue
        if piece.kind != "same":
            held[piece.kind] += piece.text
            continue
        put_down()
        if found and found[-1].kind == "same":
            found[-1] = Piece("same", found[-1].text + piece.text)
        else:
            found.append(piece)
    put_down()
    return found
