"""The chronology page: order, what stands beside each incident, and on whose record it is."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.incidents.services import (
    Linked,
    NewAction,
    record_action,
)
from cpoms_core.testing.browsing import typed_incident
from cpoms_core.testing.records import add_incident
from cpoms_core.testing.schools import SchoolForTests


def act(school: SchoolForTests, incident: Incident, text: str, **changes: Any) -> Action:
    new = NewAction(new_id(), incident.id, text, utc_now(), **changes)
    with school.app.transaction(school.id) as db:
        return record_action(db, school.viewer("lead"), new)


def chronology(school: SchoolForTests, web: Any, student: str, query: str = "") -> Any:
    return web(school, "lead").get(f"/students/{school.students[student]}/incidents{query}").html


def texts(page: Any) -> list[str]:
    return [part.get_text(strip=True) for part in page.select(".incident-body > .incident-text")]


def test_newest_first_by_the_date_of_the_incident(school: SchoolForTests, web: Any) -> None:
    """INC-13, INC-05: one that is recorded last and set back stands in its place, with both dates."""
    now = utc_now()
    add_incident(school, "two days ago", occurred_at=now - dt.timedelta(days=2))
    add_incident(school, "today", occurred_at=now)
    add_incident(school, "set back to yesterday", occurred_at=now - dt.timedelta(days=1))
    page = chronology(school, web, "aoife")
    assert texts(page) == ["today", "set back to yesterday", "two days ago"]
    facts = [one.get_text(" ", strip=True) for one in page.select(".incident-facts")]
    assert "Number 3 Added" in facts[1] and "Added" not in facts[0]


def test_the_margin_says_who_when_number_categories_and_with_whom(school: SchoolForTests, web: Any) -> None:
    """INC-13, INC-08: author, date, number, categories, linked students' names; the module's status and
    assignee; agencies beside the text."""
    add_incident(
        school,
        "A note.",
        linked=[Linked(school.students["chloe"])],
        agency_ids=[school.agencies["Police"]],
        occurred_at=dt.datetime(2026, 7, 3, 13, 5, tzinfo=dt.UTC),
    )
    (margin,) = chronology(school, web, "aoife").select(".incident-margin")
    words = margin.get_text(" ", strip=True)
    for part in (
        *("Lena Lead", "3 Jul 2026", "14:05", "Number 1", "Behaviour", "With Chloë Martin-Smith"),
        *("Status: Active", "Assigned to: Nobody"),
    ):
        assert part in words
    assert "Police" in chronology(school, web, "aoife").select_one(".incident-body").get_text()


def test_sub_categories_alone_until_parents_are_toggled(school: SchoolForTests, web: Any) -> None:
    """INC-13: "Toggle parent categories" shows both; without scripts it is a link."""
    add_incident(
        school, "A note.", category_ids=[school.categories["Behaviour"], school.categories["Bullying"]]
    )
    page = chronology(school, web, "aoife")
    assert page.select_one("#chronology").get("data-parents") is None
    (lozenge,) = page.select(".incident-margin .lozenges li, .incident-margin li")
    assert "Bullying" in lozenge.get_text()
    toggle = page.select_one("[data-toggle-parents]")
    assert toggle.get_text().startswith("Toggle parent categories")
    again = web(school, "lead").get(toggle["href"]).html
    assert again.select_one("#chronology").get("data-parents") is not None
    assert "Behaviour" in again.select_one(".incident-margin").get_text()


def test_actions_are_folded_until_all_are_shown(school: SchoolForTests, web: Any) -> None:
    """INC-13: "Show all actions", or those of one incident with their number."""
    incident = add_incident(school, "A note.")
    act(school, incident, "First.")
    act(school, incident, "Second.")
    page = chronology(school, web, "aoife")
    fold = page.select_one("details.incident-actions")
    assert fold.summary.get_text().startswith("2 actions") and fold.get("open") is None
    toggle = page.select_one("[data-toggle-folds]")
    assert toggle.get_text() == "Show all actions"
    opened = web(school, "lead").get(toggle["href"]).html
    assert opened.select_one("[data-toggle-folds]").get_text() == "Hide all actions"
    assert opened.select_one("details.incident-actions").get("open") is not None


def test_a_linked_incident_is_on_each_record(school: SchoolForTests, web: Any) -> None:
    """INC-04: on Chloë's record as on Aoife's, and on nobody else's."""
    add_incident(school, "Both were there.", linked=[Linked(school.students["chloe"])])
    assert texts(chronology(school, web, "aoife")) == ["Both were there."]
    assert texts(chronology(school, web, "chloe")) == ["Both were there."]
    assert texts(chronology(school, web, "björn")) == []


def test_an_action_is_on_linked_records_only_where_it_was_ticked(school: SchoolForTests, web: Any) -> None:
    """ACT-01: "Add action to linked students"."""
    incident = add_incident(school, "Both were there.", linked=[Linked(school.students["chloe"])])
    act(school, incident, "For Aoife alone.")
    act(school, incident, "For both.", on_linked=True)
    own, linked = chronology(school, web, "aoife").get_text(), chronology(school, web, "chloe").get_text()
    assert "For Aoife alone." in own and "For both." in own
    assert "For both." in linked
    assert "For Aoife alone." not in linked


def test_marking_as_read_needs_the_action_on_the_page(school: SchoolForTests, web: Any) -> None:
    """INC-12, ACT-01: an alert to an action that is not on the linked child's record stays open there."""
    incident = add_incident(school, "At lunch.", linked=[Linked(school.students["chloe"])])
    act(school, incident, "Rang the parents.", alert_ids=[school.users["lead"]])
    buttons = [chronology(school, web, one).select("input[name=alert]") for one in ("chloe", "aoife")]
    assert [len(found) for found in buttons] == [0, 1]


def test_an_address_puts_no_incident_on_another_childs_record(school: SchoolForTests, web: Any) -> None:
    """INC-13: the page of one student never shows an incident that is not about them."""
    incident = add_incident(school, "About Aoife.")
    answer = web(school, "lead").get(
        f"/students/{school.students['björn']}/incidents?at={incident.id}", expect_errors=True
    )
    assert "About Aoife." not in answer.text


def test_files_are_on_linked_records_only_where_they_are_shared(school: SchoolForTests, web: Any) -> None:
    """INC-04: "share the documents", per linked student."""
    fields = typed_incident(
        school,
        text="Both were there.",
        linked=[str(school.students["chloe"]), str(school.students["björn"])],
        linked_share=str(school.students["björn"]),
    )
    files = [("files", "letter.txt", b"A letter.")]
    web(school, "lead").submit("/incidents/add", fields, upload_files=files, status=302)
    assert "letter.txt" in chronology(school, web, "aoife").get_text()
    assert "letter.txt" in chronology(school, web, "björn").get_text()
    assert "letter.txt" not in chronology(school, web, "chloe").get_text()


def test_what_an_action_adds_is_shown_with_it(school: SchoolForTests, web: Any) -> None:
    """ACT-01: its text, agencies and date; its categories are on the incident from then on."""
    incident = add_incident(school, "A note.")
    act(
        school,
        incident,
        "Rang the school nurse.",
        category_ids=[school.categories["Medical"]],
        agency_ids=[school.agencies["Social care"]],
    )
    page = chronology(school, web, "aoife")
    action = page.select_one("li.action").get_text(" ", strip=True)
    assert "Rang the school nurse." in action and "Social care" in action and "Lena Lead" in action
    assert "Medical" in page.select_one(".incident-margin").get_text()


def test_an_alert_to_an_action_opens_its_incident_at_the_action(school: SchoolForTests, web: Any) -> None:
    """ACT-03, DSH-02: the dashboard's link leads to the incident, where the action stands out, unfolded."""
    incident = add_incident(school, "A note.")
    act(school, incident, "Please ring me.", alert_ids=[school.users["teacher"]])
    teacher = web(school, "teacher")
    (link,) = teacher.get("/").html.select(".rows-main a")
    assert link.get_text().startswith("Action for Aoife O'Connor")
    page = teacher.get(link["href"])
    while page.status_int in (302, 303):
        page = page.follow()
    marked = page.html.select_one("li.action.incident-marked")
    assert "Alerted" in marked.get_text() and "Please ring me." in marked.get_text()
    assert page.html.select_one("details.incident-actions").get("open") is not None


def test_an_alert_says_who_whom_which_categories_and_how_old(school: SchoolForTests, web: Any) -> None:
    """DSH-02: and nothing of the text; without one the dashboard says so in words of its own."""
    assert "You have no alerts." in web(school, "teacher").get("/").text
    add_incident(school, "Not on the dashboard.", alert_ids=[school.users["teacher"]])
    page = web(school, "teacher").get("/")
    row = page.html.select_one(".rows li").get_text(" ", strip=True)
    for part in ("Incident", "Aoife O'Connor", "Behaviour", "Lena Lead", "just now"):
        assert part in row
    assert "Not on the dashboard." not in page.text and "You have no alerts." not in page.text


def test_an_action_with_everything_on_its_form(school: SchoolForTests, web: Any) -> None:
    """ACT-01: Action taken, Add categories, Add action to linked students with Share documents, Agency
    involved, Date/time, Files, Alert staff; each is under the incident, and on the linked record what was
    ticked for it."""
    incident = add_incident(school, "Both were there.", linked=[Linked(school.students["chloe"])])
    lead = web(school, "lead")
    everything = {
        "text": "Rang the police.",
        "categories": str(school.categories["Medical"]),
        "linked_actions": ["show", "share"],
        "agencies": str(school.agencies["Police"]),
        "occurred": "2026-01-05T10:40",
        "alerts": str(school.users["teacher"]),
    }
    for name, changes in (("crime-number.txt", {}), ("for-aoife.txt", {"linked_actions": "show"})):
        lead.submit(
            f"/incidents/{incident.id}/actions/add",
            {"submission": str(new_id()), **everything, **changes},
            upload_files=[("files", name, b"A letter.")],
            status=302,
        )
    for student, files in (("aoife", {"crime-number.txt", "for-aoife.txt"}), ("chloe", {"crime-number.txt"})):
        page = chronology(school, web, student)
        assert page.select_one("details.incident-actions summary").get_text().startswith("2 actions")
        action = page.select_one("li.action").get_text(" ", strip=True)
        for part in ("Rang the police.", "Lena Lead", "5 Jan 2026", "10:40", "Police", "Added Medical"):
            assert part in action, (student, part)
        shown = {link.get_text(strip=True) for link in page.select("li.action .incident-files li > a")}
        assert shown == files
        assert "Medical" in page.select_one(".incident-margin .lozenges").get_text()
    alerted = web(school, "teacher").get("/").html.select_one("[aria-labelledby=alerts]")
    assert "Action for Aoife O'Connor" in alerted.get_text(" ", strip=True)
