"""The filters above a chronology (INC-14)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.incidents import chronology
from cpoms_core.incidents.filters import ChronologyFilter
from cpoms_core.incidents.models import Incident
from cpoms_core.incidents.services import Linked, NewAction, record_action
from cpoms_core.testing.counting import counted
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def act(school: SchoolForTests, incident: Incident, text: str, **changes: Any) -> None:
    with school.app.transaction(school.id) as db:
        record_action(db, school.viewer("lead"), NewAction(new_id(), incident.id, text, utc_now(), **changes))


def address(school: SchoolForTests, student: str = "aoife") -> str:
    return f"/students/{school.students[student]}/incidents"


def found(page: Any) -> list[str]:
    return [part.get_text(strip=True) for part in page.html.select(".incident-body > .incident-text")]


def asked(school: SchoolForTests, web: Any, who: str = "lead", student: str = "aoife", **fields: Any) -> Any:
    return web(school, who).submit(address(school, student), fields)


def test_words_are_all_found_in_any_case_with_wildcards_as_letters(school: SchoolForTests, web: Any) -> None:
    """INC-14: text, in the incident or one of its actions."""
    add_incident(school, "She was at ÅNGSTRÖM'S house, 100% sure.")
    other = add_incident(school, "A quiet day.")
    act(school, other, "Rang the house.")
    assert found(asked(school, web, words="ångström house")) == ["She was at ÅNGSTRÖM'S house, 100% sure."]
    assert len(found(asked(school, web, words="house"))) == 2
    assert found(asked(school, web, words="quiet RANG")) == ["A quiet day."]
    assert found(asked(school, web, words="0%")) == ["She was at ÅNGSTRÖM'S house, 100% sure."]
    assert found(asked(school, web, words="_")) == []


def test_what_an_action_says_is_not_found_where_it_is_not_shown(school: SchoolForTests, web: Any) -> None:
    """INC-14, ACT-01: an action that was not added to a linked student's record cannot be guessed there."""
    both = add_incident(school, "Both were there.", linked=[Linked(school.students["chloe"])])
    act(school, both, "Her aunt is ill.")
    assert found(asked(school, web, words="aunt")) == ["Both were there."]
    assert found(asked(school, web, student="chloe", words="aunt")) == []
    act(school, both, "Their uncle too.", on_linked=True)
    assert found(asked(school, web, student="chloe", words="uncle")) == ["Both were there."]


def test_category_author_and_days(school: SchoolForTests, web: Any) -> None:
    """INC-14: each alone and together; the days are the school's, both included."""
    long_ago = dt.datetime(2026, 6, 10, 22, 30, tzinfo=dt.UTC)  # the 10th, 23:30 in London
    add_incident(school, "By the lead.", occurred_at=long_ago)
    add_incident(school, "By the head.", "head", category_ids=[school.categories["Attendance"]])
    lists = web(school, "lead").get(f"{address(school)}?filter=open").html
    assert [o.get_text() for o in lists.select("#filter-category option")] == [
        "Any category",
        "Attendance",
        "Behaviour",
    ]
    assert [o.get_text() for o in lists.select("#filter-author option")] == [
        "Anybody",
        "Hugo Head",
        "Lena Lead",
    ]
    attendance = str(school.categories["Attendance"])
    assert found(asked(school, web, category=attendance)) == ["By the head."]
    assert found(asked(school, web, author=str(school.users["lead"]))) == ["By the lead."]
    assert found(asked(school, web, since="2026-06-10", until="2026-06-10")) == ["By the lead."]
    assert found(asked(school, web, until="2026-06-09")) == []
    assert found(asked(school, web, since="2026-06-11")) == ["By the head."]
    assert found(asked(school, web, category=attendance, author=str(school.users["lead"]))) == []


def test_filters_only_leave_out(school: SchoolForTests, web: Any) -> None:
    """INC-14, USR-12.7: what the viewer may not see is not found, and its category and author not offered."""
    add_incident(school, "Not for the head.", category_ids=[school.categories["Child Protection"]])
    add_incident(school, "For both.", "head")
    page = asked(school, web, "head", words="for")
    assert found(page) == ["For both."]
    assert "Child Protection" not in page.text
    assert [o.get_text() for o in page.html.select("#filter-author option")] == ["Anybody", "Hugo Head"]
    hidden = asked(school, web, "head", category=str(school.categories["Child Protection"]))
    assert found(hidden) == []


def test_an_empty_result_says_what_to_do(school: SchoolForTests, web: Any) -> None:
    """INC-14: with what was asked for kept, and the way back."""
    add_incident(school, "A note.")
    page = asked(school, web, words="nothing like it")
    assert "No incident matches." in page.text and "fewer words" in page.text
    assert page.html.select_one("#filter-words")["value"] == "nothing like it"
    assert page.html.select_one(".nothing a")["href"] == address(school)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"since": "2026-05-02", "until": "2026-05-01"}, "before the first day"),
        ({"since": "0001-01-01"}, "Give a year"),
        ({"until": "9999-12-31"}, "Give a year"),
        ({"since": "yesterday"}, "Give a whole date"),
        ({"words": "x" * 201}, "at most 200"),
    ],
)
def test_filters_that_cannot_be_are_told(
    school: SchoolForTests, web: Any, fields: dict[str, str], says: str
) -> None:
    """INC-14: beside their field; nothing is shown as if it were the answer."""
    add_incident(school, "A note.")
    page = web(school, "lead").submit(address(school), fields, status=422)
    assert says in page.text and found(page) == []


def test_filters_survive_paging_and_stay_out_of_addresses(school: SchoolForTests, web: Any) -> None:
    """INC-14: every page by key, without scripts, narrowed to the same; no word of it in an address."""
    now = utc_now()
    for number in range(30):
        add_incident(school, f"wanted {number}", occurred_at=now - dt.timedelta(hours=number))
        add_incident(school, f"other {number}", occurred_at=now - dt.timedelta(hours=number, minutes=1))
    browser = web(school, "lead")
    first = browser.submit(address(school), {"words": "wanted", "parents": "open"})
    assert found(first) == [f"wanted {number}" for number in range(25)]
    form = first.forms["filter-form"]
    (more,) = first.html.select("#incidents-more button")
    assert form.method == "post" and more["form"] == "filter-form" and "wanted" not in form.action
    sent = [*form.submit_fields(), (more["name"], more["value"])]
    second = browser.post(form.action, sent)
    assert found(second) == [f"wanted {number}" for number in range(25, 30)]
    assert second.html.select_one("#chronology").get("data-parents") is not None
    assert not second.html.select("#incidents-more button")
    for link in [*first.html.select("[href], [action], [hx-get], [hx-post]")]:
        assert not any("wanted" in str(value) for value in link.attrs.values())


def test_the_filters_cost_nothing_while_they_are_closed(school: SchoolForTests, web: Any) -> None:
    """INC-14, FRM-04: their lists are asked for when they are opened, by three statements, and one of each
    module that asks something."""
    add_incident(school, "A note.")
    browser = web(school, "lead")
    for where in (address(school), f"{address(school)}?filter=open"):
        browser.get(where)
    with counted(school.app.engines) as closed:
        assert not browser.get(address(school)).html.select("#filter-form")
    with counted(school.app.engines) as opened:
        assert browser.get(f"{address(school)}?filter=open").html.select("#filter-form")
    assert 3 <= opened.number - closed.number <= 3 + len(school.app.hooks.implementers("report_filters"))


def test_the_audit_names_the_questions_and_no_answer(school: SchoolForTests, web: Any) -> None:
    """INC-14: a look at a narrowed record says so, without the words."""
    incident = add_incident(school, "A note.")
    asked(school, web, words="note", since="2026-01-01")
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "incidents.viewed")).one()
        assert entry.details["filters"] == ["words", "since"]
        assert str(incident.id) in map(str, entry.subjects)


def test_other_readers_narrow_by_the_same_value(school: SchoolForTests) -> None:
    """INC-14: a print of what is shown asks the chronology for the same filter."""
    add_incident(school, "wanted")
    add_incident(school, "other")
    with school.app.session(school.id, writes=False) as db:
        shown, more = chronology.of_student(
            db, school.viewer("lead"), school.students["aoife"], only=ChronologyFilter(words="WANT")
        )
    assert [one.text for one in shown] == ["wanted"] and more == ""
