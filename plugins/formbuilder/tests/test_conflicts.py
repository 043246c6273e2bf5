"""Two people who edit the same thing at once, with custom fields on the form."""

from __future__ import annotations

from typing import Any

import pytest
from custom_fields import options

from cpoms_core.testing.browsing import Web, form_with


def newest(records: Any) -> dict[str, str]:
    return {label: text for label, text, _version in records.kept()}


@pytest.mark.parametrize("of", ["incident", "action"])
def test_what_the_second_did_not_touch_is_what_the_first_made_it(
    builder: Any, records: Any, web: Web, of: str
) -> None:
    """EDT-01, FRM-02: the first changes one field and fills another in; the second changed the words and a
    third field. Saved over the newest version, nothing of either is lost."""
    names = {label: builder.field(label, form=of) for label in ("Where", "Who", "What")}
    builder.publish(of)
    before = {names["Where"]: "Gate ", names["What"]: "Ball"}
    incident = records.add(**(before if of == "incident" else {}))
    subject = incident if of == "incident" else records.act(incident, **before)
    page = f"/{of}s/{subject.id}/edit"
    first = form_with(web(builder.school, "lead").get(page), names["Where"])
    second = form_with(web(builder.school, "head").get(page), names["Where"])
    first[names["Where"]], first[names["Who"]] = "Hall", "Her aunt"
    first.submit(status=302)
    second["text"], second[names["What"]] = "Other words.", "Bat"
    again = form_with(second.submit(status=409), names["Where"])
    assert [again[names[one]].value for one in ("Where", "Who", "What")] == ["Hall", "Her aunt", "Bat"]
    assert again["text"].value == "Other words."
    again.submit(status=302)
    assert newest(records) == {"Where": "Hall", "Who": "Her aunt", "What": "Bat"}


def test_what_both_changed_stays_as_the_second_typed_it(builder: Any, records: Any, web: Web) -> None:
    """EDT-01: shown beside what the first made of it, and theirs to decide."""
    where = builder.field("Where")
    builder.publish()
    page = f"/incidents/{records.add(**{where: 'Gate'}).id}/edit"
    first = form_with(web(builder.school, "lead").get(page), where)
    second = form_with(web(builder.school, "head").get(page), where)
    first[where] = "Hall"
    first.submit(status=302)
    second[where] = "Yard"
    conflict = second.submit(status=409)
    assert "Hall" in conflict.html.select_one(".conflict").get_text()
    assert form_with(conflict, where)[where].value == "Yard"


def test_of_several_choices_each_is_added_and_taken_away(builder: Any, records: Any, web: Web) -> None:
    """EDT-01, FRM-02: in a dropdown that allows several, what each of the two ticked and unticked counts."""
    where = builder.field("Where", "dropdown", options=["Gate", "Hall", "Yard"], many="yes")
    builder.publish()
    known = options(builder.school, where)
    page = f"/incidents/{records.add(**{where: [known['Gate']]}).id}/edit"
    first = form_with(web(builder.school, "lead").get(page), where)
    second = form_with(web(builder.school, "head").get(page), where)
    tick(first, where, known["Hall"])
    first.submit(status=302)
    tick(second, where, known["Gate"], ticked=False)
    tick(second, where, known["Yard"])
    form_with(second.submit(status=409), where).submit(status=302)
    assert sorted(text for _label, text, _version in records.kept()) == ["Hall", "Yard"]


def tick(form: Any, name: str, value: str, *, ticked: bool = True) -> None:
    box = next(one for one in form.fields[name] if one._value == value)
    box.checked = ticked


def test_of_a_student_nothing_is_taken_back(builder: Any, records: Any, web: Web) -> None:
    """STU-03, FRM-03: what the first filled in is in the second's form, and stays when that is saved."""
    where, who = (builder.field(label, form="student") for label in ("Where", "Who"))
    builder.publish("student")
    page = f"/students/{builder.school.students['aoife']}/edit"
    first = form_with(web(builder.school, "lead").get(page), where)
    second = form_with(web(builder.school, "head").get(page), where)
    first[where] = "Hall"
    first.submit(status=303)
    second["summary"], second[who] = "Other words.", "Her aunt"
    again = form_with(second.submit(status=409), where)
    assert (again[where].value, again[who].value, again["summary"].value) == (
        "Hall", "Her aunt", "Other words."
    )  # fmt: skip
    again.submit(status=303)
    assert newest(records) == {"Where": "Hall", "Who": "Her aunt"}
