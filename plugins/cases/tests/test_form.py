"""Status and Assign to on the Add incident form."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from cpoms_core.access.models import ClassRestriction
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.schools import SchoolForTests

UNKNOWN = "018f0000-0000-7000-8000-000000000000"


def errors_of(page: Any) -> str:
    soup = BeautifulSoup(page.text, "html.parser")
    return " ".join(" ".join(part.get_text(" ") for part in soup.select(".field-error")).split())


@pytest.mark.parametrize("who", ["lead", "teacher"])
def test_the_form_has_both_fields_after_the_date(school: SchoolForTests, web: Any, who: str) -> None:
    """CAS-01, INC-01: also without a key; Active and Nobody to begin with; key holders only."""
    page = web(school, who).get("/incidents/add")
    names = [part["name"] for part in page.html.select("#incident-form [name]")]
    order = [name for name in names if name in ("occurred", "cases-status", "cases-assignee", "files")]
    assert order == ["occurred", "cases-status", "cases-assignee", "files"]
    assert page.html.select_one("#cases-status option[selected]").text == "Active"
    options = [option.text for option in page.html.select("#cases-assignee option")]
    assert options == ["Nobody", "Ada Admin", "Hugo Head", "Lena Lead"]
    chosen = page.html.select("#cases-assignee option[selected]")
    assert [option.text for option in chosen] == ["Nobody"]


def test_what_is_chosen_is_kept_with_the_incident(school: SchoolForTests, web: Any, stored: Any) -> None:
    """CAS-01, CAS-02: a teacher assigns the incident to a key holder, who is mailed."""
    head = school.users["head"]
    web(school, "teacher").submit("/incidents/add", typed_incident(school, **{"cases-assignee": str(head)}))
    (incident,) = stored.incidents()
    case = stored.case(incident.id)
    assert (case.status, case.assignee_id, case.version) == ("active", head, 1)
    assert case.changed_by == school.users["teacher"]
    assert stored.mails() == ["head"]


def test_a_form_without_the_fields_means_active_and_nobody(
    school: SchoolForTests, web: Any, stored: Any
) -> None:
    """CAS-01: as when the form was opened while the module was off."""
    web(school, "teacher").submit("/incidents/add", typed_incident(school))
    (incident,) = stored.incidents()
    case = stored.case(incident.id)
    assert (case.status, case.assignee_id) == ("active", None)
    assert stored.mails() == []


def test_who_could_not_see_it_is_refused_and_the_form_is_kept(
    school: SchoolForTests, web: Any, stored: Any
) -> None:
    """CAS-01: the head may not see Child Protection; the answer stands beside the field, nothing is lost."""
    fields = typed_incident(
        school,
        text="She was very quiet today.",
        categories=str(school.categories["Child Protection"]),
        **{"cases-assignee": str(school.users["head"]), "cases-status": "closed"},
    )
    page = web(school, "teacher").submit("/incidents/add", fields, status=422)
    assert errors_of(page) == (
        "Error: Hugo Head could not see an incident in these categories. Choose somebody else."
    )
    assert page.html.select_one(".field-bad #cases-assignee")
    assert page.html.select_one("#cases-assignee option[selected]").text == "Hugo Head"
    assert page.html.select_one("#cases-status option[selected]").text == "Closed"
    assert page.html.select_one("#text").text.strip() == "She was very quiet today."
    assert stored.incidents() == []


def test_an_error_elsewhere_keeps_both_fields(school: SchoolForTests, web: Any, stored: Any) -> None:
    """CAS-01, INC-01."""
    fields = typed_incident(
        school, text="", **{"cases-assignee": str(school.users["lead"]), "cases-status": "closed"}
    )
    page = web(school, "teacher").submit("/incidents/add", fields, status=422)
    assert page.html.select_one("#cases-assignee option[selected]").text == "Lena Lead"
    assert page.html.select_one("#cases-status option[selected]").text == "Closed"
    assert stored.incidents() == []


@pytest.mark.parametrize(
    ("assignee", "says"),
    [
        ("teacher", "Tariq Teacher has no key"),
        (UNKNOWN, "This person is not known."),
        ("nonsense", "This cannot be chosen."),
    ],
)
def test_who_cannot_be_assigned_at_all_is_refused(
    school: SchoolForTests, web: Any, stored: Any, assignee: str, says: str
) -> None:
    """CAS-01: a choice that the form did not offer."""
    chosen = str(school.users.get(assignee, assignee))
    page = web(school, "lead").submit(
        "/incidents/add", typed_incident(school, **{"cases-assignee": chosen}), status=422
    )
    assert says in errors_of(page)
    assert stored.incidents() == []


def test_somebody_of_another_school_is_nobody_here(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, stored: Any
) -> None:
    """CAS-01: an id of another school names nobody."""
    fields = typed_incident(school, **{"cases-assignee": str(other_school.users["lead"])})
    page = web(school, "lead").submit("/incidents/add", fields, status=422)
    assert "This person is not known." in errors_of(page)
    assert stored.incidents() == []


def test_an_unknown_status_is_refused(school: SchoolForTests, web: Any, stored: Any) -> None:
    """CAS-01."""
    web(school, "lead").submit(
        "/incidents/add", typed_incident(school, **{"cases-status": "lost"}), status=422
    )
    assert stored.incidents() == []


@pytest.mark.parametrize(
    ("student", "status"), [("aoife", 422), ("whole-school", 302)], ids=["her", "whole-school"]
)
def test_classes_count_too(school: SchoolForTests, web: Any, student: str, status: int) -> None:
    """CAS-01, USR-09: the head may not see this student, but a whole-school incident is for everybody."""
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
    chosen = str(school.students.get(student, student))
    fields = typed_incident(school, student=chosen, **{"cases-assignee": str(school.users["head"])})
    page = web(school, "teacher").submit("/incidents/add", fields, status=status)
    if status == 422:
        assert "Hugo Head could not see an incident about this student." in errors_of(page)
