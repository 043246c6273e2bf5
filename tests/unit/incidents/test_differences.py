"""EDT-01: the difference of two versions, word by word, whatever is in them and however long they are."""

from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpoms_core.incidents.differences import Piece, difference, shortened

TEXTS = st.text(alphabet="ab .\n!é’\u202e", max_size=60)


def without(pieces: list[Piece], kind: str) -> str:
    return "".join(piece.text for piece in pieces if piece.kind != kind)


@given(TEXTS, TEXTS)
def test_nothing_is_lost_or_made_up(old: str, new: str) -> None:
    pieces = difference(old, new)
    assert (without(pieces, "added"), without(pieces, "removed")) == (old, new)
    assert all(one.kind != other.kind for one, other in pairwise(pieces))


def test_words_and_not_whole_texts() -> None:
    pieces = difference("She ate lunch. She went home at 3.", "She ate lunch alone. She went home at 4.")
    assert [piece for piece in pieces if piece.kind != "same"] == [
        Piece("added", " alone"),
        Piece("removed", " 3"),
        Piece("added", " 4"),
    ]


def test_long_stretches_that_are_the_same_are_cut_down() -> None:
    middle = "the same words again and again. " * 50
    pieces = shortened(difference(f"One {middle}end.", f"Two {middle}END."))
    (same,) = [piece for piece in pieces if piece.kind == "same" and "…" in piece.text]
    assert len(same.text) < 400


draw = random.Random(1)
SOME = ["one", "two", "the", "child", "she", "he", "said."]
LONG = {
    "drawn at random": [" ".join(draw.choices(SOME, k=22_000))[:100_000] for _ in range(2)],
    "one letter": ["a " * 50_000, "a b " * 25_000],
    "one long word": ["x" * 100_000, "x" * 50_000 + "y" * 50_000],
    "empty lines": ["\n" * 100_000, "\n a" * 33_000],
    "shuffled": [
        ". ".join(map(str, range(14_000))),
        ". ".join(map(str, draw.sample(range(14_000), 14_000))),
    ],
    "nested dots": ["a." * 50_000, "b.a." * 25_000],
}


@pytest.mark.parametrize("texts", LONG.values(), ids=LONG)
def test_a_hundred_thousand_characters_answer_at_once(texts: list[str]) -> None:
    began = time.process_time()
    pieces = difference(*texts)
    assert time.process_time() - began < 20, "well under a second on an idle machine"
    assert (without(pieces, "added"), without(pieces, "removed")) == tuple(texts)
