"""Captions: XML names, usual spellings, and the school's own (MIS-05)."""

from __future__ import annotations

import pytest
from cpoms_mis_sims.captions import bind, decode_name, normal
from cpoms_mis_sims.fields import CONTACT_REPORT, MARK, STAFF, STUDENT
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "caption"),
    [
        ("Legal_x0020_Surname", "Legal Surname"),
        ("Prevent_x0020_IT_x0020_sync_x003F_", "Prevent IT sync?"),
        ("My_X0020Name", "My Name"),
        ("primary_id", "primary_id"),
        ("_x0031_st_x0020_choice", "1st choice"),
        ("a_x005F_x0020_b", "a_x0020_b"),
        ("{urn:x}UPN", "UPN"),
        ("a_xD800_b", "a_xD800_b"),
        ("_x00E9_cole", "école"),
    ],
)
def test_element_names_stand_for_captions_mis_05(name: str, caption: str) -> None:
    assert decode_name(name) == caption


def test_captions_are_compared_without_case_spaces_and_underscores_mis_05() -> None:
    assert normal("Legal Surname") == normal("LEGAL_SURNAME") == normal("  legal   surname ")
    assert normal("Surname") != normal("Legal Surname")


def columns_of(
    field: str, *captions: str, own: dict[str, tuple[str, ...]] | None = None, empty: str = ""
) -> list[str]:
    fields = (*STUDENT, *CONTACT_REPORT[1:])
    binding = bind(fields, {caption: int(caption != empty) for caption in captions}, own or {})
    return [binding.wanted[place] for place in binding.places.get(field, ())]


def test_surname_is_legal_only_where_no_legal_surname_is_mis_05() -> None:
    assert columns_of("legal_surname", "Surname", "Legal Surname") == ["Legal Surname"]
    assert columns_of("preferred_surname", "Surname", "Legal Surname") == ["Surname"]
    assert columns_of("legal_surname", "Surname") == ["Surname"]
    assert columns_of("preferred_surname", "Surname") == []


def test_a_column_that_is_never_filled_gives_way_mis_05() -> None:
    assert columns_of("student_id", "primary_id", "ID", empty="primary_id") == ["ID"]
    assert columns_of("student_id", "primary_id", "ID") == ["primary_id"]
    assert columns_of("student_id", "primary_id", empty="primary_id") == ["primary_id"]


def test_the_schools_own_caption_goes_first_mis_05() -> None:
    own = {"tutor_group": ("mentor_group",)}
    assert columns_of("tutor_group", "Reg", "Mentor Group", own=own) == ["Mentor Group"]
    assert columns_of("tutor_group", "Reg", own=own) == ["Reg"]
    assert (
        columns_of("preferred_forename", "Forename", "Legal Forename", own={"legal_forename": ("Forename",)})
        == []
    )


def test_fields_with_several_columns_take_numbered_ones_in_a_stable_order_mis_05() -> None:
    expected = ["House number", "Street", "Address line 1", "Address line 2", "Address line 10"]
    assert columns_of("address", *expected) == expected
    assert columns_of("address", *reversed(expected)) == expected


def test_own_captions_of_a_field_of_several_columns_are_read_beside_the_usual_ones_mis_05() -> None:
    own = {"address": ("Road", "Ort")}
    read = columns_of("address", "Postcode", "Road 2", "Road 1", "Town", "Ort", own=own)
    assert read == ["Road 1", "Road 2", "Ort", "Town", "Postcode"]


def test_of_several_own_captions_the_first_that_is_filled_counts_mis_05() -> None:
    own = {"tutor_group": ("Mentor", "Coach")}
    assert columns_of("tutor_group", "Coach", "Mentor", "Reg", own=own) == ["Mentor"]
    assert columns_of("tutor_group", "Coach", "Mentor", own=own, empty="Mentor") == ["Coach"]


def test_the_upn_is_never_an_id_mis_05() -> None:
    for fields in (STUDENT, STAFF, MARK, CONTACT_REPORT):
        ids = [caption for field in fields if field.name.endswith("_id") for caption in field.captions]
        assert ids
        assert not {"upn", "uniquepupilnumber", "adno", "staffcode"} & {normal(caption) for caption in ids}


OWN = st.lists(st.text(max_size=8), max_size=3)


@given(
    st.lists(st.sampled_from([caption for field in STUDENT for caption in field.captions]), unique_by=normal),
    st.dictionaries(st.sampled_from([field.name for field in STUDENT]), OWN, max_size=4),
)
def test_no_column_is_used_for_two_fields_mis_05(captions: list[str], own: dict[str, list[str]]) -> None:
    binding = bind(STUDENT, dict.fromkeys(captions, 1), own)
    places = [place for field in binding.places.values() for place in field]
    assert sorted(places) == list(range(len(binding.wanted)))
    assert set(binding.wanted) <= set(captions)
