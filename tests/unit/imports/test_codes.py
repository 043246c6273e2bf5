"""The national code tables (MIS-01, STU-06)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpoms_core.imports import codes


@pytest.mark.parametrize(
    ("code", "category", "possible"),
    [
        ("/", "present", True),
        ("\\", "present", True),
        ("L", "present", True),
        ("b", "present", True),
        ("I", "authorised", True),
        ("J1", "authorised", True),
        ("U", "unauthorised", True),
        ("n", "unauthorised", True),
        ("X", "not-required", False),
        ("Y7", "not-required", False),
        ("#", "not-required", False),
        ("X01", "not-required", False),
        ("-", "missing", False),
        ("QQ", "unknown", False),
        ("", "unknown", False),
    ],
)
def test_attendance_category_and_whether_the_session_counts_stu_06(
    code: str, category: str, possible: bool
) -> None:
    assert codes.statistical_category(code) == category
    assert codes.counts_as_possible(code) is possible


def test_every_attendance_code_has_a_meaning_and_a_known_category_stu_06() -> None:
    categories = {"present", "authorised", "unauthorised", "not-required", "missing"}
    assert len(codes.attendance_codes()) == 48
    for code, entry in codes.attendance_codes().items():
        assert 1 <= len(code) <= 3
        assert codes.attendance_meaning(code) == entry.meaning != ""
        assert entry.category in categories
        assert entry.possible == (entry.category in {"present", "authorised", "unauthorised"})


def test_a_code_that_changed_its_meaning_in_2024_is_two_codes_stu_06() -> None:
    assert codes.statistical_category("J") == "present"
    assert codes.statistical_category("J1") == "authorised"
    assert str(codes.attendance_codes()["J"].until) == "2024-08-18"
    assert codes.attendance_codes()["J1"].until is None


@pytest.mark.parametrize(
    ("given_text", "word"),
    [
        ("PAM", "Mother"),
        ("mum", "Mother"),
        (" Father ", "Father"),
        ("Step Father", "Stepfather"),
        ("SWR", "Social worker"),
        ("Religious/Spiritual Contact", "Religious or spiritual contact"),
        ("Grandmother", "Grandmother"),
        ("", ""),
    ],
)
def test_relationship_takes_codes_and_words_mis_01(given_text: str, word: str) -> None:
    assert codes.relationship(given_text) == word


@pytest.mark.parametrize(
    ("given_text", "code"),
    [
        ("K", "K"),
        ("k", "K"),
        ("SEN Support", "K"),
        ("K - SEN Support", "K"),
        ("E: Education, Health and Care Plan", "E"),
        ("Education, Health & Care Plan", "E"),
        ("EHCP", "E"),
        ("No Special Educational Need", "N"),
        ("Monitored", ""),
        ("E-learning", ""),
        ("", ""),
    ],
)
def test_sen_status_takes_codes_and_words_mis_01(given_text: str, code: str) -> None:
    assert codes.sen_status(given_text) == code


def test_sen_needs_and_their_words_mis_01() -> None:
    assert codes.sen_need("Social, Emotional & Mental Health") == "SEMH"
    assert codes.sen_need("Autism") == "ASD"
    assert codes.sen_need("visual impairment") == "VI"
    assert codes.sen_need("Loud") == ""
    assert codes.sen_need_meaning("SLCN") == "Speech, language and communication needs"
    assert codes.sen_need_meaning("ZZZ") == ""
    assert codes.sen_status_meaning("K") == "SEN support"


@pytest.mark.parametrize(
    ("given_text", "word"),
    [
        ("WBRI", "White British"),
        ("White, British", "White British"),
        ("white - british", "White British"),
        ("WBRI - White British", "White British"),
        ("Asian or Asian British - Indian", "Indian"),
        ("Gypsy / Roma", "Gypsy or Roma"),
        ("Cornish", "Cornish"),
    ],
)
def test_ethnicity_is_one_wording_for_all_sources_mis_01(given_text: str, word: str) -> None:
    assert codes.ethnicity(given_text) == word


def test_gender_words_mis_01() -> None:
    assert codes.gender("F") == codes.gender("female") == codes.gender("FEMALE") == "Female"
    assert codes.gender("m") == "Male"
    assert codes.gender("Non-binary") == "Non-binary"


@pytest.mark.parametrize(
    ("given_text", "year"),
    [
        ("Year  7", "7"),
        ("Year 10", "10"),
        ("10", "10"),
        ("Yr 07", "7"),
        ("Y13", "13"),
        ("Curriculum Year  9", "9"),
        ("NC Year 9", "9"),
        ("year ７", "7"),
        ("Reception", "R"),
        ("0", "R"),
        ("00", "R"),
        ("Nursery", "N"),
        ("N2", "N"),
        ("14", "14"),
        ("15", "15"),
        ("Year  15", "Year 15"),
        ("Mixed  Year", "Mixed Year"),
        ("E1", "E1"),
        ("", ""),
    ],
)
def test_year_groups_have_one_spelling_mis_01(given_text: str, year: str) -> None:
    assert codes.year_group(given_text) == year


@pytest.mark.parametrize(
    ("upn", "valid"),
    [
        ("R201100018042", True),
        (" r201 100018042", True),
        ("T20110001804V", True),
        ("P207000016049", True),
        ("Q207000016049", False),  # the weighted sum is 266, so the letter is P
        ("R201100018043", False),
        ("I201100018042", False),
        ("R20110001804", False),
        ("R20110001804I", False),
        ("R2011000180٤2", False),
        ("", False),
    ],
)
def test_upn_check_letter_mis_01(upn: str, valid: bool) -> None:
    assert codes.valid_upn(upn) is valid


@given(st.text(alphabet="0123456789", min_size=12, max_size=12), st.integers(0, 11))
def test_any_one_changed_digit_of_a_upn_shows_mis_01(rest: str, place: int) -> None:
    """Weights 2 to 13 and differences up to 9 are no multiples of the prime 23, so the letter changes."""
    changed = rest[:place] + str((int(rest[place]) + 1) % 10) + rest[place + 1 :]
    letter = codes.upn_check_letter(rest)
    assert codes.valid_upn(letter + rest)
    assert not codes.valid_upn(letter + changed)


@given(st.text(max_size=30))
def test_look_ups_take_any_text_mis_01(text: str) -> None:
    assert codes.sen_status(text) in {"", "N", "K", "E", "S", "A", "P"}
    assert codes.year_group(codes.year_group(text)) == codes.year_group(text)
    assert codes.relationship(codes.relationship(text)) == codes.relationship(text)
    assert codes.ethnicity(codes.ethnicity(text)) == codes.ethnicity(text)
    assert not codes.valid_upn(text + "I")
