"""Contact details, as a browser asks for them (STU-04)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from cpoms_core.students.models import Contact
from cpoms_core.testing.records import as_imported
from cpoms_core.testing.schools import SchoolForTests


def address(school: SchoolForTests, path: str = "") -> str:
    return f"/students/{school.students['aoife']}/contacts{path}"


def names(page: Any) -> list[str]:
    return [one.text for one in page.html.select(".contact-name")]


def test_contacts_are_shown_in_words(school: SchoolForTests, web: Any) -> None:
    """STU-04: what is not known is said; a number can be called; the MIS's cannot be changed."""
    as_imported(school)
    page = web(school, "lead").get(address(school))
    assert names(page) == ["Maeve O'Connor", "Declan O'Connor"]
    mother, father = page.html.select(".contact")
    assert "Mother · from the MIS" in " ".join(mother.text.split())
    assert mother.find("a", string="07700 900123")["href"] == "tel:07700900123"
    assert "Parental responsibility Not known" in " ".join(father.get_text(" ").split())
    assert "Change" not in mother.text
    assert "Add contact" in page.text


def test_one_is_added_changed_ended_and_taken_up_again(school: SchoolForTests, web: Any) -> None:
    """STU-04: nothing of it goes."""
    lead = web(school, "lead")
    form = next(form for form in lead.get(address(school, "/add")).forms.values() if "seen" in form.fields)
    form["name"], form["relationship"], form["phones"] = "Petra Price", "Social worker", "1\r\n2"
    form["parental_responsibility"] = "no"
    page = form.submit(status=303).follow()
    assert names(page) == ["Petra Price"]
    page = page.click("Change")
    form = next(form for form in page.forms.values() if "seen" in form.fields)
    assert (form["phones"].value, form["parental_responsibility"].value) == ("1\n2", "no")
    form["name"] = "Petra Price-Smith"
    page = form.submit(status=303).follow()
    ending = next(form for form in page.forms.values() if "ended" in form.fields)
    page = ending.submit(status=303).follow()
    assert "1 contact that has ended" in page.text
    page = next(form for form in page.forms.values() if "ended" in form.fields).submit(status=303).follow()
    assert "1 contact that has ended" not in page.text and names(page) == ["Petra Price-Smith"]
    with school.app.session(school.id, writes=False) as db:
        assert len(db.scalars(select(Contact)).all()) == 1


def test_the_second_is_told(school: SchoolForTests, web: Any) -> None:
    """STU-04: with the contact as it is now and what they typed."""
    lead, head = web(school, "lead"), web(school, "head")
    form = next(form for form in lead.get(address(school, "/add")).forms.values() if "seen" in form.fields)
    form["name"] = "Petra Price"
    form.submit(status=303)
    ours, theirs = (
        next(
            form for form in one.get(address(school)).click("Change").forms.values() if "seen" in form.fields
        )
        for one in (lead, head)
    )
    ours["email"] = "petra@council.example"
    ours.submit(status=303)
    theirs["email"] = "price@council.example"
    page = theirs.submit(status=409)
    assert "Lena Lead changed this record first" in page.text and "petra@council.example" in page.text
    again = next(form for form in page.forms.values() if "seen" in form.fields)
    assert again["email"].value == "price@council.example"
    again.submit(status=303)


def test_an_end_that_comes_late_changes_nothing(school: SchoolForTests, web: Any) -> None:
    """STU-04: it is said on the page, and done by nobody."""
    lead = web(school, "lead")
    form = next(form for form in lead.get(address(school, "/add")).forms.values() if "seen" in form.fields)
    form["name"] = "Petra Price"
    page = form.submit(status=303).follow()
    ending = next(form for form in page.forms.values() if "ended" in form.fields)
    changing = next(form for form in page.click("Change").forms.values() if "seen" in form.fields)
    changing.submit(status=303)
    page = ending.submit(status=303).follow()
    assert "Somebody else changed this record" in page.text
    assert "1 contact that has ended" not in page.text


def test_what_cannot_be_is_said_beside_its_field(school: SchoolForTests, web: Any) -> None:
    """STU-04: no name, no address, no number."""
    lead = web(school, "lead")
    sent = {"csrf_token": lead.csrf(), "seen": "1", "email": "x", "priority": "soon"}
    page = lead.post(address(school, "/add"), sent, status=422)
    told = page.html.select_one(".errors").text
    assert "Give the contact's name." in told and "Give a whole number" in told
    sent |= {"name": "Petra", "priority": ""}
    page = lead.post(address(school, "/add"), sent, status=422)
    assert "This is no e-mail address." in page.html.select_one(".errors").text
