"""PLN-04: reminders on the dashboard and by e-mail, at the chosen time, once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cpoms_planner import reminding
from cpoms_planner.models import Reminded
from cpoms_planner.services import ALL, LATER, ONE, Typed, change_event, remove_event, restore_event
from sqlalchemy import select

from cpoms_core.access.identity import system_viewer
from cpoms_core.access.models import User
from cpoms_core.access.viewer import utc_now
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.hooks.types import Work
from cpoms_core.outbox.mail import NoLongerWanted, word_mail
from cpoms_core.outbox.outcomes import NotNow, NotOwed
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import text_of
from cpoms_core.testing.schools import SchoolForTests

Make = Callable[..., uuid.UUID]
LONDON = ZoneInfo("Europe/London")
MADE = dt.datetime(2030, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.date(2030, 3, 29)  # the clocks go forward on Sunday, 31 March 2030
NINE = dt.time(9)


def moment(text: str) -> dt.datetime:
    """A moment on the school's clock, in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(dt.UTC)


def meeting(**more: Any) -> Typed:
    return Typed("Case review of Aoife", DAY, NINE, **{"reminder": "15", **more})


def test_everyone_concerned_is_told_at_the_chosen_time_and_once(
    school: SchoolForTests, make: Make, worker: Any
) -> None:
    """The owner, and whom it is shared with; not everybody who sees what is public."""
    make("lead", meeting(share_ids=[school.users["head"]], public=True), now=MADE)
    worker.run(moment("2030-03-29T08:44:59"))
    assert worker.mails() == []
    worker.run(moment("2030-03-29T08:45"))
    due = moment("2030-03-29T08:45")
    assert worker.mails() == [("head", due), ("lead", due)]
    worker.run(moment("2030-04-29T08:45"))
    assert len(worker.mails()) == 2


def test_public_events_remind_their_owner_alone(school: SchoolForTests, make: Make, worker: Any) -> None:
    make("head", meeting(public=True), now=MADE)
    worker.run(moment("2030-03-30T08:00"))
    assert [who for who, _at in worker.mails()] == ["head"]


def test_the_mail_says_when_and_neither_what_nor_whom(
    school: SchoolForTests, make: Make, worker: Any
) -> None:
    """INC-09: no student's name, not the title; a link to log in."""
    make("lead", meeting(student_ids=[school.students["aoife"]]), now=MADE)
    worker.run(moment("2030-03-29T08:45"))
    message = worded(school, worker)
    assert message["Subject"] == "You have a reminder in your planner"
    assert message["To"] == school.emails["lead"]
    text = message.get_content()
    assert "for 29 March 2030 at 08:45" in text and f"http://{school.host}" in text
    for word in ("Aoife", "O'Connor", "Case review"):
        assert word not in message.as_string()


def worded(school: SchoolForTests, worker: Any, who: str = "lead") -> Any:
    """The first mail to a user as it would be sent now. Raises what the outbox reads as not owed."""
    to_user = str(school.users[who])
    mail = next(one for one in worker.items() if one.kind == "mail" and one.payload["to_user"] == to_user)
    with school.app.session(school.id, writes=False) as db:
        return word_mail(db, system_viewer(db), Work(mail.id, mail.payload, mail.created_at))


def test_a_worker_that_was_down_sends_what_was_due_once(
    school: SchoolForTests, make: Make, worker: Any, at: Any
) -> None:
    """Of a series that was due several times meanwhile, the last one; then the next is owed."""
    now = utc_now()
    first = (now - dt.timedelta(days=20)).astimezone(LONDON)
    time = (now - dt.timedelta(hours=1)).astimezone(LONDON).time().replace(second=0, microsecond=0)
    make("lead", Typed("Daily", first.date(), time, repeats="daily", times=60, reminder="0"),
         now=now - dt.timedelta(days=21))  # fmt: skip
    worker.run(now)
    ((who, due),) = worker.mails()
    assert who == "lead" and now - dt.timedelta(days=1) < due <= now
    worker.run(now)
    assert len(worker.mails()) == 1
    worker.run(due + dt.timedelta(days=1, hours=1))
    assert len(worker.mails()) == 2


def test_a_series_owes_its_next_occurrence_only(school: SchoolForTests, make: Make, worker: Any) -> None:
    """And at the same time on the clock after it has changed: 09:00, which is an hour earlier in UTC."""
    make("lead", meeting(repeats="weekly", times=3, reminder="day"), now=MADE)
    for day in range(28, 32):
        tasks = [one for one in worker.items() if one.kind == "planner.remind" and one.done_at is None]
        assert len(tasks) == 1
        worker.run(moment(f"2030-03-{day}T09:00"))
    worker.run(moment("2030-05-01T09:00"))
    told = [due for _who, due in worker.mails()]
    assert told == [moment(f"2030-{day}T09:00") for day in ("03-28", "04-04", "04-11")]
    assert [due.hour for due in told] == [9, 8, 8]


def test_an_hour_that_is_not_there_or_twice(school: SchoolForTests, make: Make, worker: Any) -> None:
    """Each is one moment: in spring an hour later on the clock, in autumn the first of the two."""
    for day in (dt.date(2030, 3, 31), dt.date(2030, 10, 27)):
        make("lead", Typed("Night", day, dt.time(1, 30), reminder="0"), now=MADE)
    worker.run(dt.datetime(2030, 12, 1, tzinfo=dt.UTC))
    assert [f"{due:%m-%d %H:%M}" for _who, due in worker.mails()] == ["03-31 01:30", "10-27 00:30"]


def test_a_moment_of_ones_choosing(school: SchoolForTests, make: Make, worker: Any) -> None:
    chosen = moment("2030-03-20T16:05")
    make("lead", meeting(reminder="moment", remind_at=chosen), now=MADE)
    worker.run(moment("2030-05-01T09:00"))
    assert worker.mails() == [("lead", chosen)]


@pytest.mark.parametrize(
    ("typed", "owed"),
    [
        (meeting(reminder="none"), []),
        (meeting(reminder="60"), ["2030-03-29T08:00"]),
        (Typed("Later", DAY + dt.timedelta(days=7), NINE, reminder="15"), ["2030-04-05T08:45"]),
    ],
)
def test_changing_an_event_changes_what_is_owed(
    school: SchoolForTests, make: Make, worker: Any, at: Any, typed: Typed, owed: list[str]
) -> None:
    made = make("lead", meeting(), now=MADE)
    with school.app.transaction(school.id) as db:
        change_event(PluginSession(db), at("lead", MADE), made, typed, seen=1)
    worker.run(moment("2030-05-01T09:00"))
    assert [due for _who, due in worker.mails()] == [moment(one) for one in owed]


def test_what_was_due_before_a_change_is_not_lost_to_it(
    school: SchoolForTests, make: Make, worker: Any, at: Any
) -> None:
    """The worker was down, the title was put right meanwhile: the reminder still comes, and once."""
    made = make("lead", meeting(), now=MADE)
    with school.app.transaction(school.id) as db:
        typed = meeting()
        change_event(PluginSession(db), at("lead", moment("2030-03-29T08:50")), made, typed, seen=1)
    worker.run(moment("2030-03-29T09:30"))
    assert worker.mails() == [("lead", moment("2030-03-29T08:45"))]


def test_what_a_part_of_a_series_leaves_out_is_not_reminded_of(
    school: SchoolForTests, make: Make, worker: Any, at: Any
) -> None:
    """PLN-04: of the part that is changed later, too: what was removed by itself stays so."""
    series = meeting(repeats="weekly", times=4)
    made = make("lead", series, now=MADE)
    week = dt.timedelta(days=7)
    worker.run(moment("2030-03-29T09:00"))
    then = at("lead", moment("2030-03-30T09:00"))
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), then, made, which=ONE, day=DAY + week)
        change_event(PluginSession(db), then, made, series, seen=2, which=LATER, day=DAY)
    worker.run(moment("2030-05-01T09:00"))
    told = [due for _who, due in worker.mails()]
    assert told == [moment(f"2030-{day}T08:45") for day in ("03-29", "04-12", "04-19")]


def test_two_workers_tell_once(school: SchoolForTests, make: Make, worker: Any, at: Any) -> None:
    """PLN-04: a task that is done twice, as after a crash in between, makes one reminder and one mail."""
    make("lead", meeting(), now=MADE)
    (task,) = [one for one in worker.items() if one.kind == "planner.remind"]
    for _worker in range(2):
        with school.app.transaction(school.id) as db:
            reminding.remind(PluginSession(db), at("lead", moment("2030-03-29T08:45")), task.payload)
    assert worker.mails() == [("lead", moment("2030-03-29T08:45"))]


def test_removed_nobody_is_reminded_and_restored_they_are(
    school: SchoolForTests, make: Make, worker: Any, at: Any
) -> None:
    made = make("lead", meeting(repeats="weekly", times=3), now=MADE)
    lead = at("lead", MADE)
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ONE, day=DAY)
    worker.run(moment("2030-03-30T09:00"))
    assert worker.mails() == []
    with school.app.transaction(school.id) as db:
        remove_event(PluginSession(db), lead, made, which=ALL)
    worker.run(moment("2030-04-06T09:00"))
    assert worker.mails() == []
    with school.app.transaction(school.id) as db:
        restore_event(PluginSession(db), at("lead", moment("2030-04-06T10:00")), made)
    worker.run(moment("2030-05-01T09:00"))
    assert [due for _who, due in worker.mails()] == [moment("2030-04-12T08:45")]


def test_who_is_deactivated_or_lost_the_planner_gets_nothing(
    school: SchoolForTests, make: Make, worker: Any
) -> None:
    make("head", meeting(share_ids=[school.users["lead"]]), now=MADE)
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["lead"])).deactivated_at = utc_now()
        db.get_one(User, (school.id, school.users["head"])).group_id = school.groups["Administrators"]
    worker.run(moment("2030-03-29T08:45"))
    assert worker.mails() == []
    with school.app.session(school.id, writes=False) as db:
        assert list(db.scalars(select(Reminded))) == []


@pytest.mark.parametrize("change", ["removed", "done", "deactivated", "not shared"])
def test_a_mail_that_nobody_wants_any_more_is_not_sent(
    school: SchoolForTests, make: Make, worker: Any, at: Any, change: str
) -> None:
    """It is asked when it is sent: between the task and the mail something may have changed."""
    made = make("head", meeting(share_ids=[school.users["lead"]]), now=MADE)
    worker.run(moment("2030-03-29T08:45"))
    with school.app.transaction(school.id) as db:
        session = PluginSession(db)
        if change == "removed":
            remove_event(session, at("head"), made)
        if change == "not shared":
            change_event(session, at("head"), made, meeting(), seen=1)
        if change == "done":
            for row in db.scalars(select(Reminded)):
                row.done_at = utc_now()
        if change == "deactivated":
            db.get_one(User, (school.id, school.users["lead"])).deactivated_at = utc_now()
    with pytest.raises(NotOwed if change == "deactivated" else NoLongerWanted):
        worded(school, worker)


def test_off_the_task_and_the_mail_wait(school: SchoolForTests, make: Make, worker: Any) -> None:
    """MOD-01: and are done when the module is on again."""
    make("lead", meeting(), now=MADE)
    make("lead", meeting(reminder="30"), now=MADE)
    worker.run(moment("2030-03-29T08:30"))
    turn(school, False)
    with pytest.raises(NotNow):
        worded(school, worker)
    worker.run(moment("2030-03-29T08:50"))
    assert len(worker.mails()) == 1
    turn(school, True)
    worker.run(moment("2030-03-29T10:00"))
    assert len(worker.mails()) == 2
    worded(school, worker)


def turn(school: SchoolForTests, on: bool) -> None:
    with school.app.transaction(school.id) as db:
        switch_module(db, "planner", on, utc_now())


def test_it_is_on_the_dashboard_until_done_and_kept(
    school: SchoolForTests, make: Make, worker: Any, web: Any
) -> None:
    """Each for themselves; not in a restricted session; nobody takes another's off."""
    made = make("head", meeting(share_ids=[school.users["lead"]]), now=MADE)
    worker.run(moment("2030-03-29T08:45"))
    lead, head = web(school, "lead"), web(school, "head")
    assert "Case review of Aoife" in text_of(lead.get("/"))
    assert "Reminders" not in text_of(web(school, "lead", elevated=False).get("/"))
    lead.submit(f"/planner/events/{made}/done", {}, status=303)
    lead.submit(f"/planner/events/{made}/done", {}, status=303)
    assert "Case review" not in text_of(lead.get("/"))
    assert "Case review" in text_of(head.get("/"))
    with school.app.session(school.id, writes=False) as db:
        rows = {row.user_id: row.done_at for row in db.scalars(select(Reminded))}
    assert rows[school.users["lead"]] is not None and rows[school.users["head"]] is None


def test_names_in_it_are_hidden(school: SchoolForTests, make: Make, worker: Any, web: Any) -> None:
    """DSH-08: on the dashboard, in the month and on the event's page; its form asks to show them."""
    made = make("lead", meeting(student_ids=[school.students["aoife"]]), now=MADE)
    worker.run(moment("2030-03-29T08:45"))
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    for path in ("/", "/planner/month/2030-03", "/planner/day/2030-03-29", f"/planner/events/{made}",
                 f"/planner/events/{made}/edit", f"/planner/events/{made}/remove"):  # fmt: skip
        page = lead.get(path)
        assert "Aoife" not in page.text, path
    assert "Case review of A" in text_of(lead.get("/"))
