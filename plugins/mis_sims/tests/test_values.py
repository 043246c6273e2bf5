"""The text of a cell as a value (MIS-05)."""

from __future__ import annotations

import datetime as dt

import pytest
from cpoms_mis_sims import values
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1962-03-17T00:00:00+00:00", dt.date(1962, 3, 17)),
        ("2004-06-14T00:00:00+01:00", dt.date(2004, 6, 14)),  # as UTC it would be the 13th
        ("2012-08-31", dt.date(2012, 8, 31)),
        ("2012-08-31 00:00:00", dt.date(2012, 8, 31)),
        ("31/08/2012", dt.date(2012, 8, 31)),
        ("1/9/2012", dt.date(2012, 9, 1)),
        ("01/09/2012 00:00:00", dt.date(2012, 9, 1)),
        ("29/02/2012", dt.date(2012, 2, 29)),
        ("", None),
    ],
)
def test_dates_are_the_first_ten_characters_or_day_first_mis_05(text: str, date: dt.date | None) -> None:
    assert values.date(text) == date


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("31/02/2012", "does not exist"),
        ("2011-02-29T00:00:00+00:00", "does not exist"),
        ("12/25/2012", "does not exist"),
        ("31/08/12", "not a date"),
        ("31-Aug-2012", "not a date"),
        ("yesterday", "not a date"),
        ("٣١/٠٨/٢٠١٢", "not a date"),
        ("0001-01-01T00:00:00+00:00", "outside"),
        ("31/12/1899", "outside"),
        ("3012-08-31", "outside"),
    ],
)
def test_what_is_no_date_is_told_in_words_mis_02(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        values.date(text)


def test_a_birthday_may_be_today_but_not_later_mis_02() -> None:
    today = dt.date(2026, 10, 1)
    assert values.date_of_birth("01/10/2026", today) == today
    with pytest.raises(ValueError, match="future"):
        values.date_of_birth("02/10/2026", today)


@pytest.mark.parametrize(
    ("text", "flag"),
    [("T", True), ("Yes", True), ("1", True), ("f", False), ("No", False), ("", None), ("Not known", None)],
)
def test_flags_know_yes_no_and_not_said_mis_05(text: str, flag: bool | None) -> None:
    assert values.flag(text) is flag


def test_flags_refuse_other_words_mis_05() -> None:
    with pytest.raises(ValueError, match="neither"):
        values.flag("Service child")


@pytest.mark.parametrize(
    ("text", "full"),
    [("Full-time", True), ("Part Time", False), ("1.0", True), ("0.60", False), ("F", False), ("", None)],
)
def test_full_time_from_words_or_a_fraction_usr_01(text: str, full: bool | None) -> None:
    assert values.full_time(text) is full


@pytest.mark.parametrize(
    ("text", "code"),
    [("/", "/"), ("\\", "\\"), ("l", "L"), ("c2", "C2"), ("X01", "X01"), ("Zz", "Zz"), ("-", ""), ("", "")],
)
def test_mark_codes_are_kept_as_given_stu_06(text: str, code: str) -> None:
    assert values.attendance_code(text) == code


def test_a_mark_in_words_is_not_cut_to_another_code_stu_06() -> None:
    with pytest.raises(ValueError, match="three characters"):
        values.attendance_code("Ill today")


@pytest.mark.parametrize(("text", "session"), [("AM", "AM"), ("pm", "PM"), ("Afternoon", "PM"), ("a", "AM")])
def test_sessions_stu_06(text: str, session: str) -> None:
    assert values.session(text) == session


def test_a_lesson_is_no_session_stu_06() -> None:
    with pytest.raises(ValueError, match="AM or PM"):
        values.session("1Mon:4")


def test_clean_keeps_names_and_drops_what_steers_mis_05() -> None:
    assert values.clean("  ABC \t ") == "ABC"
    assert values.clean("Zoe\u0308  O\u2019Brien") == "Zoë O’Brien"
    assert values.clean("Ann\u202eeb\u0007") == "Anneb"
    assert values.clean("می\u200cخواهم") == "می\u200cخواهم"
    assert values.clean("A\u00a0B") == "A B"


@pytest.mark.parametrize(
    "name", ["Zoë", "Łukasz", "Юлія", "Adébáyọ̀", "O’Brien", "Nguyễn", "伟", "Ângela", "Ã"]
)
def test_garbled_tells_real_names_from_misread_ones_mis_02(name: str) -> None:
    assert not values.garbled(name)
    assert not values.garbled("Smith")
    assert values.garbled(name.encode().decode("latin-1"))


def test_ids_and_numbers_mis_05() -> None:
    assert values.identifier("52,275") == "52"
    assert values.identifier(" 52 ") == "52"
    assert values.admission_number("4123") == "004123"
    assert values.admission_number("A123") == "A123"
    assert values.id_list("2001, 2004;2007|2010") == ["2001", "2004", "2007", "2010"]
    assert values.priority("2") == 2
    assert values.priority("") is None
    with pytest.raises(ValueError, match="whole number"):
        values.priority("first")
    with pytest.raises(ValueError, match="e-mail"):
        values.email("not said")


def test_a_house_number_goes_before_its_street_mis_05() -> None:
    assert values.address(["12", "Mill Lane", "Hillside"]) == "12 Mill Lane, Hillside"
    assert values.address(["Flat 3", "12A", "Mill Lane"]) == "Flat 3, 12A Mill Lane"
    assert values.address([]) == ""


@given(st.text(max_size=40))
def test_parsers_answer_or_raise_value_error_mis_02(text: str) -> None:
    plain = values.clean(text)
    assert values.clean(plain) == plain
    assert isinstance(values.garbled(text), bool)
    for parse in (
        values.date,
        values.flag,
        values.full_time,
        values.session,
        values.attendance_code,
        values.priority,
    ):
        try:
            parse(plain)
        except ValueError as error:
            assert str(error)
