"""PLN-01, PLN-02, PLN-03: making, seeing, changing, removing and restoring events."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cpoms_planner import queries
from cpoms_planner.models import EventVersion, LeftOut
from cpoms_planner.recurrence import NEVER
from cpoms_planner.services import ALL, LATER, ONE, Typed, change_event, make_event, put_back, remove_event
from sqlalchemy import delete, select

from cpoms_core.access.models import ClassAccess, ClassRestriction, GroupPermission, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.students.models import StudentGroup
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

MONDAY = dt.date(2030, 3, 4)
NINE = dt.time(9)
WEEKLY = Typed("Register check", MONDAY, NINE, repeats="weekly", times=4)
Make = Callable[..., uuid.UUID]


def titles(school: SchoolForTests, who: str, since: dt.date = MONDAY, days: int = 27) -> list[str]:
    """What a user sees of the planner: day, kind and title."""
    with school.app.session(school.id, writes=False) as db:
        entries = queries.entries(
            PluginSession(db), school.viewer(who), since, since + dt.timedelta(days=days)
        )
    return [f"{one.occurrence.day.day} {one.kind} {one.title}" for one in entries]


def form_of(page: Any) -> Any:
    """The form with an event."""
    return next(one for one in page.forms.values() if "title" in one.fields)


def test_own_shared_and_public_events_are_seen_by_whom_they_are_for(
    school: SchoolForTests, make: Make, other_school: SchoolForTests
) -> None:
    """PLN-01, PLN-02: a private one by nobody else, an administrator no more than others."""
    make("head", Typed("Private", MONDAY))
    make("head", Typed("Shared", MONDAY, NINE, share_ids=[school.users["lead"]]))
    make("head", Typed("Public", MONDAY, dt.time(10), public=True))
    make("lead", Typed("Own", MONDAY, dt.time(11)))
    assert titles(school, "lead") == ["4 shared Shared", "4 public Public", "4 own Own"]
    assert titles(school, "head") == ["4 own Private", "4 own Shared", "4 own Public"]
    assert titles(school, "admin") == []  # a key holder whose user group may not use it
    assert titles(other_school, "lead") == []


def test_without_a_key_or_the_permission_there_is_no_planner(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """USR-12: no page, no entry, no field, no reminder of it in a restricted session."""
    made = make("lead", Typed("Own", MONDAY, public=True))
    restricted = web(school, "lead", elevated=False)
    for browser in (restricted, web(school, "admin"), web(school, "teacher")):
        for path in ("month", "day/2030-03-04", "new", "remind", "feed", f"events/{made}"):
            browser.get(f"/planner/{path}", status=404)
        assert "/planner/" not in browser.get("/").text
    assert "planner-moment" not in restricted.get("/incidents/add").text
    with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
        make_event(PluginSession(db), school.viewer("lead", elevated=False), WEEKLY)


def test_an_event_is_made_on_its_page(school: SchoolForTests, web: Any) -> None:
    """PLN-02, PLN-03: with a student, a colleague and a reminder; one click to the student's report."""
    lead = web(school, "lead")
    page = lead.get("/planner/new?day=2030-03-04")
    form = form_of(page)
    assert form["day"].value == "2030-03-04"
    aoife = str(school.students["aoife"])
    answer = lead.submit(
        "/planner/new",
        {
            "title": "Case  review", "day": "2030-03-04", "begins": "09:00", "ends": "10:30",
            "students": aoife, "share": str(school.users["head"]), "reminder": "day", "repeats": "never",
        },
        status=303,
    )  # fmt: skip
    page = answer.follow()
    text = text_of(page)
    assert "Case review" in text and "Monday 4 March 2030, 09:00 to 10:30" in text
    assert "Hugo Head" in text and "1 day before" in text
    assert page.html.find("a", href=f"/students/{aoife}/report") is not None
    lead.get(f"/students/{aoife}/report")
    head = text_of(web(school, "head").get(answer.location))
    assert "Case review" in head and "Shared with you" in head and "Change" not in head


def test_students_are_found_and_named_only_to_who_may_see_them(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-02, PLN-03: for others there is another student; no report of theirs; names can be hidden."""
    about = [school.students["aoife"], school.students["chloe"]]
    made = make("lead", Typed("Review", MONDAY, student_ids=about, public=True))
    restrict(school, "7A", "head")
    page = web(school, "head").get(f"/planner/events/{made}")
    assert "Aoife O'Connor" in text_of(page) and "Chloë" not in page.text
    assert "Another student" in text_of(page)
    assert str(school.students["chloe"]) not in page.text
    head = web(school, "head")
    token = {"X-CSRF-Token": head.csrf()}
    found = head.post_json("/planner/students", {"q": "o"}, headers=token).json
    assert [one["text"] for one in found] == ["Björn Ångström", "Aoife O'Connor"]
    with pytest.raises(Refused), school.app.transaction(school.id) as db:
        make_event(PluginSession(db), school.viewer("head"), Typed("Review", MONDAY, student_ids=about))
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    assert "Aoife" not in lead.get(f"/planner/events/{made}").text


def restrict(school: SchoolForTests, tutor: str, who: str) -> None:
    """Class restrictions are on, and one class lists a user."""
    with school.app.transaction(school.id) as db:
        db.add(ClassRestriction(school_id=school.id, kind="tutor"))
        group = db.scalars(
            select(StudentGroup).where(StudentGroup.kind == "tutor", StudentGroup.name == tutor)
        ).one()
        db.add(ClassAccess(school_id=school.id, student_group_id=group.id, holder_id=school.users[who]))


def test_whom_its_owner_cannot_see_any_more_stays_with_the_event(
    school: SchoolForTests, make: Make, event_of: Any
) -> None:
    """PLN-02: saving the form does not take off who is not in it."""
    about = [school.students["aoife"], school.students["chloe"]]
    made = make("head", Typed("Review", MONDAY, student_ids=about))
    restrict(school, "7A", "head")
    with school.app.transaction(school.id) as db:
        change_event(PluginSession(db), school.viewer("head"), made, Typed("Review", MONDAY, NINE), seen=1)
        found = queries.students_of(PluginSession(db), school.viewer("lead"), made)
    assert [one.name for one in found] == ["Another student"]  # the lead is listed for no class
    with school.app.session(school.id, writes=False) as db:
        (newest, *_older) = queries.history(PluginSession(db), made)
    assert newest.EventVersion.state["students"] == [str(school.students["chloe"])]


@pytest.mark.parametrize("which", [ONE, LATER])
def test_nor_are_they_lost_where_a_part_of_a_series_is_changed(
    school: SchoolForTests, make: Make, which: str
) -> None:
    """PLN-02: the event that it becomes is about them, too; and who was taken off, is off."""
    aoife, chloe = school.students["aoife"], school.students["chloe"]
    made = make("head", replace(WEEKLY, student_ids=[aoife, chloe]))
    restrict(school, "7A", "head")
    with school.app.transaction(school.id) as db:
        typed = replace(WEEKLY, first_day=MONDAY + dt.timedelta(days=7), times=3)
        part = change_event(
            PluginSession(db), school.viewer("head"), made, typed, seen=1, which=which, day=typed.first_day
        ).id
    with school.app.session(school.id, writes=False) as db:
        (version,) = queries.history(PluginSession(db), part)
    assert part != made and version.EventVersion.state["students"] == [str(chloe)]


def test_with_whom_it_is_shared_is_not_lost_with_their_planner(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-02: the form offers them still, so that saving it takes nobody off; the owner may."""
    made = make("lead", Typed("Review", MONDAY, NINE, share_ids=[school.users["head"]]))
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).group_id = school.groups["Administrators"]
    page = web(school, "lead").get(f"/planner/events/{made}/edit")
    form = form_of(page)
    form["title"] = "Reviewed"
    form.submit(status=303)
    with school.app.session(school.id, writes=False) as db:
        newest = queries.history(PluginSession(db), made)[0].EventVersion
    assert newest.state["title"] == "Reviewed"
    assert newest.state["shared_with"] == [str(school.users["head"])]


def test_a_second_click_makes_no_second_event(school: SchoolForTests, web: Any) -> None:
    """PLN-02: nor does the back button with the same words; with others it is another event."""
    lead = web(school, "lead")
    page = lead.get("/planner/new?day=2030-03-04")
    form = form_of(page)
    form["title"], form["begins"] = "Review", "09:00"
    first = form.submit(status=303).location
    assert form.submit(status=303).location == first
    form["title"] = "Other"
    assert form.submit(status=303).location != first
    assert sorted(titles(school, "lead")) == ["4 own Other", "4 own Review"]


def test_what_a_colleague_who_left_made_for_others_stays(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-01: public and shared events of a deactivated user are seen by whom they were for, as before; their
    private ones by nobody. An administrator removes the public one, and whoever it is shared with the
    shared one, which nobody else could take from their calendar."""
    public = make("head", Typed("Public", MONDAY, public=True))
    shared = make("head", Typed("Shared", MONDAY, NINE, share_ids=[school.users["lead"]]))
    private = make("head", Typed("Private", MONDAY))
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
    assert titles(school, "lead") == ["4 public Public", "4 shared Shared"]
    lead = web(school, "lead")
    lead.get(f"/planner/events/{private}", status=404)
    lead.submit(f"/planner/events/{public}/remove", {}, status=303)
    assert titles(school, "lead") == ["4 shared Shared"]
    assert "who left" in text_of(lead.get(f"/planner/events/{shared}/remove"))
    lead.submit(f"/planner/events/{shared}/remove", {}, status=303)
    assert titles(school, "lead") == []
    lead.submit(f"/planner/events/{shared}/restore", {}, status=303)
    assert titles(school, "lead") == ["4 shared Shared"]


def test_what_an_administrator_ends_is_audited_as_removed(school: SchoolForTests, make: Make) -> None:
    """PLN-02: this one and the later ones of a colleague's public series, too."""
    made = make("head", replace(WEEKLY, public=True))
    with school.app.transaction(school.id) as db:
        remove_event(
            PluginSession(db), school.viewer("lead"), made, which=LATER, day=MONDAY + dt.timedelta(days=7)
        )
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.user_id == school.users["lead"])).one()
    assert entry.event == "planner.event-removed" and titles(school, "head") == ["4 own Register check"]


def test_a_change_to_a_reminder_that_has_passed_is_refused(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-04: nobody would get it. What was reminded of before can be put right otherwise."""
    yesterday = utc_now().date() - dt.timedelta(days=1)
    made = make("lead", Typed("Review", yesterday, NINE, reminder="0"))
    fields = {"title": "Reviewed", "day": yesterday.isoformat(), "begins": "09:00", "repeats": "never",
              "reminder": "0", "seen": "1", "which": "all"}  # fmt: skip
    lead = web(school, "lead")
    page = lead.submit(f"/planner/events/{made}/edit", {**fields, "reminder": "60"}, status=422)
    assert "This moment has passed." in text_of(page)
    lead.submit(f"/planner/events/{made}/edit", fields, status=303)


def test_only_its_owner_changes_it_and_every_version_is_kept(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-02: with an audit entry each; a form that is out of date changes nothing."""
    made = make("lead", Typed("Review", MONDAY, NINE, public=True, share_ids=[school.users["head"]]))
    web(school, "head").get(f"/planner/events/{made}/edit", status=404)
    web(school, "head").get(f"/planner/events/{made}/remove", status=404)
    lead = web(school, "lead")
    fields = {"title": "Reviewed", "day": "2030-03-05", "begins": "10:00", "repeats": "never",
              "reminder": "none", "seen": "1", "which": "all"}  # fmt: skip
    lead.submit(f"/planner/events/{made}/edit", fields, status=303)
    late = lead.submit(f"/planner/events/{made}/edit", {**fields, "title": "Late"}, status=422)
    assert "in another window" in text_of(late)
    assert titles(school, "lead") == ["5 own Reviewed"] and titles(school, "head") == []
    form = form_of(late)  # sent again, it takes the place of what they were told of
    assert form["title"].value == "Late" and form["seen"].value == "2"
    with school.app.session(school.id, writes=False) as db:
        versions = list(db.scalars(select(EventVersion).order_by(EventVersion.version)))
        events = list(db.scalars(select(AuditEntry.event).where(AuditEntry.event.like("planner.event-%"))))
    assert [(one.version, one.kind, one.state["title"]) for one in versions] == [
        (1, "made", "Review"),
        (2, "changed", "Reviewed"),
    ]
    assert versions[0].state["shared_with"] == [str(school.users["head"])]
    assert versions[1].state["shared_with"] == []
    assert {"planner.event-made", "planner.event-changed"} <= set(events)


def test_removed_it_is_gone_for_all_and_can_be_restored(school: SchoolForTests, make: Make, web: Any) -> None:
    """PLN-02: by its owner; of others an administrator removes what is public, audited."""
    own = make("head", Typed("Public", MONDAY, public=True))
    private = make("head", Typed("Private", MONDAY, share_ids=[school.users["lead"]]))
    lead, head = web(school, "lead"), web(school, "head")
    lead.get(f"/planner/events/{private}/remove", status=404)
    assert "public event of Hugo Head" in text_of(lead.get(f"/planner/events/{own}/remove"))
    lead.submit(f"/planner/events/{own}/remove", {}, status=303)
    assert titles(school, "head") == ["4 own Private"]
    assert "is removed" in text_of(head.get(f"/planner/events/{own}"))
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "planner.event-removed")).one()
    assert entry.user_id == school.users["lead"] and entry.subjects == [str(own)]
    head.submit(f"/planner/events/{own}/restore", {}, status=303)
    assert sorted(titles(school, "lead")) == ["4 public Public", "4 shared Private"]


def test_one_of_a_series_is_changed_removed_and_put_back(school: SchoolForTests, make: Make) -> None:
    """PLN-02: the others stay as they are."""
    made = make("lead", WEEKLY)
    lead = school.viewer("lead")
    day = MONDAY + dt.timedelta(days=7)
    with school.app.transaction(school.id) as db:
        change_event(
            PluginSession(db), lead, made, Typed("Moved", day + dt.timedelta(days=1), NINE),
            seen=1, which=ONE, day=day,
        )  # fmt: skip
    assert titles(school, "lead") == [
        "4 own Register check", "12 own Moved", "18 own Register check", "25 own Register check"
    ]  # fmt: skip
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ONE, day=dt.date(2030, 3, 18))
    assert titles(school, "lead")[2:] == ["25 own Register check"]
    with school.app.transaction(school.id) as db:
        put_back(PluginSession(db), lead, made, dt.date(2030, 3, 18))
        with pytest.raises(NothingThere):
            remove_event(PluginSession(db), lead, made, which=ONE, day=dt.date(2030, 3, 19))
    assert titles(school, "lead")[2:] == ["18 own Register check", "25 own Register check"]


def test_this_and_the_later_ones_become_a_series_of_their_own(
    school: SchoolForTests, make: Make, event_of: Any
) -> None:
    """PLN-02: the earlier ones stay; what was removed by itself stays so."""
    made = make("lead", WEEKLY)
    lead = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ONE, day=dt.date(2030, 3, 25))
        change_event(
            PluginSession(db), lead, made,
            Typed("Register", dt.date(2030, 3, 11), dt.time(10), repeats="weekly", until=WEEKLY.last_begin),
            seen=2, which=LATER, day=dt.date(2030, 3, 11),
        )  # fmt: skip
    assert titles(school, "lead") == ["4 own Register check", "11 own Register", "18 own Register"]
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=LATER, day=MONDAY)
    assert titles(school, "lead") == ["11 own Register", "18 own Register"]
    assert event_of(made).removed_at is not None  # nothing was left of it
    with school.app.session(school.id, writes=False) as db:
        assert len(list(db.scalars(select(LeftOut)))) == 2


@pytest.mark.parametrize("which", [LATER, ALL])
def test_what_was_left_out_stays_out_when_the_series_moves(
    school: SchoolForTests, make: Make, which: str
) -> None:
    """PLN-02: to another day of the week, and a week later, on the days that it still has."""
    made, lead = make("lead", WEEKLY), school.viewer("lead")
    tuesdays = replace(WEEKLY, first_day=MONDAY + dt.timedelta(days=1))
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ONE, day=dt.date(2030, 3, 18))
        event = change_event(PluginSession(db), lead, made, tuesdays, seen=2, which=which, day=MONDAY)
        moved, seen = event.id, event.version
    assert [title[:2] for title in titles(school, "lead")] == ["5 ", "12", "26"]
    a_week_later = replace(WEEKLY, first_day=MONDAY + dt.timedelta(days=8))
    with school.app.transaction(school.id) as db:
        change_event(PluginSession(db), lead, moved, a_week_later, seen=seen, which=ALL)
    assert [title[:2] for title in titles(school, "lead", days=40)] == ["12", "26", "2 "]


def test_what_was_left_out_stays_out_when_the_series_ends_earlier_for_a_while(
    school: SchoolForTests, make: Make
) -> None:
    """PLN-02: so it does where it does not repeat for a while."""
    made, lead = make("lead", WEEKLY), school.viewer("lead")
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ONE, day=dt.date(2030, 3, 18))
        for seen, typed in enumerate((replace(WEEKLY, times=2), replace(WEEKLY, repeats=NEVER), WEEKLY), 2):
            change_event(PluginSession(db), lead, made, typed, seen=seen)
    assert [title[:2] for title in titles(school, "lead")] == ["4 ", "11", "25"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": " "}, "Say what it is."),
        ({"title": "x" * 201}, "Use at most 200 characters."),
        ({"day": "2030-02-30"}, "Give a whole date"),
        ({"day": "1066-10-14"}, "Give a date from 2000 to 2099."),
        ({"begins": ""}, "Give the time when it begins, or tick All day."),
        ({"ends": "08:59"}, "This is before it begins."),
        ({"ends_day": "2030-03-03"}, "Give the date itself"),
        ({"ends_day": "2030-05-04"}, "one of the 31 days after it"),
        ({"ends_day": "2030-03-06"}, "Give the time when it ends on its last day"),
        ({"repeats": "weekly"}, "Say until which day it repeats"),
        ({"repeats": "weekly", "until": "2030-04-01", "times": "3"}, "Give either the last day or how many"),
        ({"repeats": "weekly", "until": "2030-03-01"}, "within five years after the first one"),
        ({"repeats": "weekly", "until": "2040-03-01"}, "within five years after the first one"),
        ({"repeats": "daily", "times": "501"}, "Give a number from 1 to 500: it can go on for five years."),
        ({"repeats": "weekly", "times": "263"}, "Give a number from 1 to 262:"),
        ({"repeats": "yearly", "times": "7"}, "Give a number from 1 to 6:"),
        ({"repeats": "weekdays", "times": "3", "day": "2030-03-09"}, "Choose a day from Monday to Friday."),
        ({"repeats": "daily", "times": "3", "all_day": "y", "ends_day": "2030-03-06"}, "begin again before"),
        ({"repeats": "hourly"}, "This cannot be chosen."),
        ({"reminder": "moment"}, "Give the date and time of the reminder."),
        ({"reminder": "moment", "remind_at": "2020-01-01T08:00"}, "This moment has passed."),
        ({"reminder": "5", "day": "2020-01-01"}, "This moment has passed."),
        ({"repeats": "weekly", "times": "3", "reminder": "moment"}, "choose how long before each one"),
        ({"students": "0197b2c6-0000-7000-8000-000000000001"}, "One of these students is not known."),
        ({"share": "0197b2c6-0000-7000-8000-000000000001"}, "One of these colleagues has no planner."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    school: SchoolForTests, web: Any, wrong: dict[str, str], said: str
) -> None:
    """PLN-02: nothing is saved, and what was typed is still there."""
    fields = {"title": "Kept title", "day": "2030-03-04", "begins": "09:00", "repeats": "never",
              "reminder": "none", **wrong}  # fmt: skip
    page = web(school, "lead").submit("/planner/new", fields, status=422)
    assert said in text_of(page)
    assert titles(school, "lead", dt.date(2000, 1, 1), 36000) == []
    if "title" not in wrong:
        assert page.html.find("input", {"name": "title"})["value"] == "Kept title"


def test_a_colleague_without_a_planner_cannot_be_chosen(school: SchoolForTests, web: Any) -> None:
    """PLN-02: users who have a key and planner:use are offered, and nobody else."""
    page = web(school, "lead").get("/planner/new")
    assert [one.text for one in page.html.select("#share option")] == ["Hugo Head"]
    for who in ("admin", "teacher"):
        with pytest.raises(Refused), school.app.transaction(school.id) as db:
            make_event(
                PluginSession(db),
                school.viewer("lead"),
                Typed("Review", MONDAY, share_ids=[school.users[who]]),
            )


def test_without_scripts_students_are_found_by_a_button(school: SchoolForTests, web: Any) -> None:
    """PLN-02: nothing is saved, what was typed stays, and who was found can be chosen."""
    fields = {"title": "Review", "day": "2030-03-04", "begins": "09:00", "repeats": "never",
              "reminder": "none", "find": "aoi", "look": "1"}  # fmt: skip
    page = web(school, "lead").submit("/planner/new", fields)
    assert [one.text for one in page.html.select("#students option")] == ["Aoife O'Connor (Year 7, 7A)"]
    assert page.html.find("input", {"name": "title"})["value"] == "Review"
    assert titles(school, "lead") == []


def test_the_month_and_day_have_dates_in_their_addresses(
    school: SchoolForTests, make: Make, web: Any
) -> None:
    """PLN-01: weeks begin on Monday; a day of another month leads to its own; addresses that are none."""
    make("lead", Typed("Night watch", MONDAY, dt.time(22), days=1, ends=dt.time(6)))
    for number in range(6):
        make("lead", Typed(f"Meeting {number}", dt.date(2030, 3, 20), dt.time(9 + number)))
    lead = web(school, "lead")
    page = lead.get("/planner/month/2030-03")
    rows = page.html.select("table.plan-month tbody tr")
    assert [len(row.select("td")) for row in rows] == [7] * 5
    assert rows[0].select("td")[0]["class"] == ["plan-out", "plan-none"]
    assert "from 22:00 Night watch" in text_of(page) and "until 06:00 Night watch" in text_of(page)
    assert "2 more on Wednesday 20 March" in text_of(page)
    assert page.html.find("a", {"rel": "next"})["href"] == "/planner/month/2030-04"
    day = lead.get("/planner/day/2030-03-05")
    assert "until 06:00 Night watch" in text_of(day) and day.html.select("ol.plan-hours li")
    for wrong in ("month/2030-13", "month/1999-12", "month/2030-3", "day/2030-02-30", "day/today"):
        lead.get(f"/planner/{wrong}", status=404)
    assert lead.get("/planner/month/2099-12").html.find("a", {"rel": "next"}) is None


def test_a_month_is_a_few_statements_whatever_is_in_it(school: SchoolForTests, make: Make, web: Any) -> None:
    """PLN-01: as many for thirty series as for one."""
    lead = web(school, "lead")
    make("lead", WEEKLY)
    lead.get("/planner/month/2030-03")
    with counted(school.app.engines) as one:
        lead.get("/planner/month/2030-03")
    for _ in range(30):
        make("head", Typed("Check", MONDAY, NINE, public=True, repeats="daily", times=20))
    with counted(school.app.engines) as many:
        lead.get("/planner/month/2030-03")
    assert many.number == one.number, many


def test_a_mass_of_public_events_crowds_out_nobodys_own(
    school: SchoolForTests, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PLN-01: what is looked at for a page is bounded."""
    monkeypatch.setattr(queries, "MOST_LISTED", 3)
    for _ in range(4):
        make("head", Typed("Public", MONDAY, public=True))
    make("head", Typed("Shared", MONDAY, NINE, share_ids=[school.users["lead"]]))
    make("lead", Typed("Own", MONDAY, NINE))
    assert sorted(titles(school, "lead")) == ["4 own Own", "4 public Public", "4 shared Shared"]


def test_off_means_off_and_on_again_everything_is_there(school: SchoolForTests, make: Make, web: Any) -> None:
    """MOD-01."""
    make("lead", WEEKLY)
    lead = web(school, "lead")
    with school.app.transaction(school.id) as db:
        switch_module(db, "planner", False, utc_now())
    lead.get("/planner/month", status=404)
    assert "Remind me" not in lead.get("/").text
    with school.app.transaction(school.id) as db:
        switch_module(db, "planner", True, utc_now())
    assert "Register check" in lead.get("/planner/month/2030-03").text


def test_who_loses_the_permission_loses_the_planner(school: SchoolForTests, make: Make, web: Any) -> None:
    """USR-04: at once, public events too; their own ones are kept."""
    make("lead", Typed("Public", MONDAY, public=True))
    make("head", Typed("Own", MONDAY))
    with school.app.transaction(school.id) as db:
        db.execute(
            delete(GroupPermission).where(
                GroupPermission.group_id == school.groups["Heads of year"],
                GroupPermission.permission == "planner:use",
            )
        )
    assert titles(school, "head") == []
    web(school, "head").get("/planner/month", status=404)


def test_the_demonstration_has_events_of_each_kind(school: SchoolForTests) -> None:
    """OPS-01: around today, the lead's own, some public and one shared; without a planner none."""
    for who in ("lead", "admin"):
        with school.app.transaction(school.id) as db:
            school.app.hooks.own("fill_demo", db, school.viewer(who), "planner", app=school.app)
            assert not db.hook_failures
    today = utc_now().date()
    seen = titles(school, "head", today - dt.timedelta(days=7), 28)
    assert {line.split()[1] for line in seen} == {"shared", "public"}
    assert len({line.split(" ", 2)[2] for line in titles(school, "lead", today, 28)}) >= 3
    assert titles(school, "admin", today, 28) == []
