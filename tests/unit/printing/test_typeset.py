"""Texts on paper: long, without spaces, from right to left, with accents upon accents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper import text_of

from cpoms_core.printing.content import Frame, Opening, drawn
from cpoms_core.printing.pdf import Whole, make_pdf
from cpoms_core.printing.typeset import BREAK, RUN, paragraphs


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n x"), max_size=5000)
)
def test_nothing_of_a_text_is_lost(text: str) -> None:
    """EDT-07: but for places to break a word of more than two hundred signs, it is printed as it stands."""
    found = paragraphs(text)
    assert "\n".join("".join(one.runs) for one in found).replace(BREAK, "") == text.replace(BREAK, "")
    assert all(len(run) <= RUN + 10 for one in found for run in one.runs)


def test_lines_go_the_way_they_are_read() -> None:
    """EDT-07: right to left where the line begins so; a line without letters goes as the one before."""
    found = paragraphs("Hello\nשלום Anna\n\n1. 2.\nمرحبا\nEnd")
    assert [(one.direction, "".join(one.runs)) for one in found] == [
        ("ltr", "Hello"),
        ("rtl", "שלום Anna\n\n1. 2.\nمرحبا"),
        ("ltr", "End"),
    ]


def test_accents_stay_with_their_letters() -> None:
    """EDT-07: no run begins with an accent."""
    found = paragraphs("e\u0301\u0302" * 2_000)
    assert all(not run.startswith(("\u0301", "\u0302")) for one in found for run in one.runs)
    assert all(
        not part.startswith("\u0301") for one in found for run in one.runs for part in run.split(BREAK)
    )


def test_signs_that_no_sheet_holds_are_marked() -> None:
    assert paragraphs("a\x00b\x1bc\ud800d\te")[0].runs == ["a\ufffdb\ufffdc\ufffdd\te"]


def _made(text: str) -> bytes:
    opening = Opening("A title", [text])
    html = drawn(Frame("School", "#1b5e82", "What"), opening, [])
    assert text not in html or text.isalnum() or "<" not in text
    body = "".join(
        f'<p class="as-typed" dir="{one.direction}">{"".join(f"<span>{run}</span>" for run in one.runs)}</p>'
        for one in paragraphs(text)
    )
    return make_pdf(
        [f'<!DOCTYPE html><html lang="en-GB"><body>{body}</body></html>'],
        Whole("A title", '<p class="foot">x</p>'),
        seconds=300,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "She said no. " * 7_700,
        "x" * 100_000,
        "e\u0301\u0302\u0303 " * 20_000,
        "שלום עולם " * 10_000,
        "a short line of it\n" * 5_300,
    ],
    ids=["words", "without a space", "accents", "right to left", "lines"],
)
def test_a_text_of_a_hundred_thousand_signs_is_printed(text: str) -> None:
    """Issue 4, bad input: without places to break, the second took nine minutes and would be stopped."""
    read = text_of(_made(text), "-raw").replace(BREAK, "")
    letters = "x" if text[0] == "x" else text[0]
    assert read.count(letters) >= text.count(letters) * 0.98
