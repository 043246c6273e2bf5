"""PLN-06: the iCalendar feed by a secret address, without names."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cpoms_planner import feeds
from cpoms_planner.models import Feed
from cpoms_planner.services import Typed
from icalendar import Calendar
from sqlalchemy import delete, select, update

from cpoms_core.access import throttle
from cpoms_core.access.models import GroupPermission, SoftKey, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.schools import SchoolForTests

Make = Callable[..., uuid.UUID]
LONDON = ZoneInfo("Europe/London")
NOW = dt.datetime(2030, 2, 1, 12, tzinfo=dt.UTC)


def secret_of(school: SchoolForTests, who: str = "lead") -> str:
    with school.app.transaction(school.id) as db:
        return feeds.make_feed(PluginSession(db), school.viewer(who))


def calendar_of(school: SchoolForTests, secret: str, now: dt.datetime = NOW) -> Any:
    """The feed as a calendar program reads it."""
    with school.app.session(school.id, writes=False) as db:
        return Calendar.from_ical(feeds.read_feed(db, secret, now).body)


def test_it_says_when_and_neither_what_nor_whom(school: SchoolForTests, make: Make) -> None:
    """No title, no student, no colleague; the address leads to a page that asks to log in."""
    about = [school.students["aoife"]]
    make(
        "lead", Typed("Review of Aoife", dt.date(2030, 3, 4), dt.time(9), ends=dt.time(10), student_ids=about)
    )
    make("head", Typed("Inspection", dt.date(2030, 3, 5), days=2, public=True))
    make("head", Typed("Private", dt.date(2030, 3, 6)))
    secret = secret_of(school)
    with school.app.session(school.id, writes=False) as db:
        body = feeds.read_feed(db, secret, NOW).body.decode()
    for word in ("Aoife", "Connor", "Review", "Inspection", "Hugo", "Lena", secret):
        assert word not in body
    found = Calendar.from_ical(body)
    timed, whole = found.walk("VEVENT")
    assert str(timed["summary"]) == "Planner event"
    assert timed.decoded("dtstart") == dt.datetime(2030, 3, 4, 9, tzinfo=LONDON)
    assert timed.decoded("dtend") == dt.datetime(2030, 3, 4, 10, tzinfo=LONDON)
    assert (whole.decoded("dtstart"), whole.decoded("dtend")) == (dt.date(2030, 3, 5), dt.date(2030, 3, 8))
    assert str(timed["url"]) == f"http://{school.host}:6543/planner/month"


def test_over_both_changes_of_the_clock_it_is_right(school: SchoolForTests, make: Make) -> None:
    """Read back: 09:00 stays at 09:00, and the zone in the file says what the zone is."""
    make("lead", Typed("Daily", dt.date(2030, 3, 25), dt.time(9), repeats="daily", times=300))
    make("lead", Typed("Skipped", dt.date(2030, 3, 31), dt.time(1, 30)))
    make("lead", Typed("Twice", dt.date(2030, 10, 27), dt.time(1, 30)))
    found = calendar_of(school, secret_of(school))
    begins = [one.decoded("dtstart") for one in found.walk("VEVENT")]
    at_nine = [one for one in begins if one.minute == 0]
    assert len(at_nine) == 300 and {one.hour for one in at_nine} == {9}
    offsets = {one.date(): one.utcoffset() for one in at_nine}
    assert offsets[dt.date(2030, 3, 30)] == dt.timedelta(0)
    assert offsets[dt.date(2030, 3, 31)] == dt.timedelta(hours=1)
    assert offsets[dt.date(2030, 10, 26)] == dt.timedelta(hours=1)
    assert offsets[dt.date(2030, 10, 27)] == dt.timedelta(0)
    half = sorted(one.astimezone(dt.UTC) for one in begins if one.minute == 30)
    assert half == [
        dt.datetime(2030, 3, 31, 1, 30, tzinfo=dt.UTC),
        dt.datetime(2030, 10, 27, 0, 30, tzinfo=dt.UTC),
    ]
    (zone,) = found.walk("VTIMEZONE")
    assert str(zone["tzid"]) == "Europe/London"
    told = zone.to_tz(lookup_tzid=False)
    for one in at_nine:
        naive = one.replace(tzinfo=None)
        assert naive.replace(tzinfo=told).utcoffset() == one.utcoffset(), one


def test_it_is_bounded(school: SchoolForTests, make: Make) -> None:
    """90 days back and 400 ahead, of a series of years too."""
    make("lead", Typed("Weekly", dt.date(2029, 1, 1), dt.time(9), repeats="weekly", times=250))
    begins = [one.decoded("dtstart").date() for one in calendar_of(school, secret_of(school)).walk("VEVENT")]
    assert min(begins) >= NOW.date() - feeds.BACK and max(begins) <= NOW.date() + feeds.AHEAD
    assert len(begins) in (70, 71)


def test_a_mass_of_series_is_cut_at_its_far_end(
    school: SchoolForTests, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PLN-06: whoever makes public series without end fills nobody's calendar without end."""
    monkeypatch.setattr(feeds, "MOST", 20)
    for _ in range(3):
        make("head", Typed("Daily", dt.date(2030, 3, 4), dt.time(9), public=True, repeats="daily", times=500))
    make("lead", Typed("Own", dt.date(2030, 6, 3), dt.time(9)))
    begins = [one.decoded("dtstart").date() for one in calendar_of(school, secret_of(school)).walk("VEVENT")]
    assert len(begins) == 20
    assert sorted(begins)[-2:] == [dt.date(2030, 3, 10), dt.date(2030, 6, 3)]


def test_every_occurrence_keeps_its_name(school: SchoolForTests, make: Make) -> None:
    """So that a calendar program changes what changed, and shows nothing twice."""
    make("lead", Typed("Weekly", dt.date(2030, 3, 4), dt.time(9), repeats="weekly", times=5))
    secret = secret_of(school)
    names = [str(one["uid"]) for one in calendar_of(school, secret).walk("VEVENT")]
    assert len(set(names)) == 5
    assert names == [str(one["uid"]) for one in calendar_of(school, secret, NOW + feeds.DAY).walk("VEVENT")]


def test_it_is_asked_for_without_a_log_in_and_only_sent_where_it_changed(
    school: SchoolForTests, web: Any, make: Make
) -> None:
    """ETag, and kept by nobody in between."""
    secret, nobody = secret_of(school), web(school)
    path = f"/planner/feed/{secret}.ics"
    answer = nobody.get(path)
    assert answer.content_type == "text/calendar" and "private" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert nobody.get(path, headers=tag, status=304).body == b""
    make("lead", Typed("New", utc_now().date()))
    assert len(Calendar.from_ical(nobody.get(path, headers=tag).body).walk("VEVENT")) == 1


@pytest.mark.parametrize(
    "why", ["unknown", "revoked", "new", "deactivated", "key", "permission", "off", "school"]
)
def test_whatever_is_wrong_the_answer_is_the_same(
    school: SchoolForTests, other_school: SchoolForTests, web: Any, why: str
) -> None:
    """As for an address that was never there."""
    secret = secret_of(school, "head")
    path = f"/planner/feed/{secret}.ics"
    assert web(school).get(path).status_int == 200
    asked = web(school)
    with school.app.transaction(school.id) as db:
        session, head = PluginSession(db), school.viewer("head")
        if why == "revoked":
            feeds.revoke_feed(session, head)
        if why == "new":
            feeds.make_feed(session, head)
        if why == "deactivated":
            db.get_one(User, (school.id, school.users["head"])).deactivated_at = utc_now()
        if why == "key":
            db.execute(update(SoftKey).where(SoftKey.id == school.keys["head"]).values(removed_at=utc_now()))
        if why == "permission":
            db.execute(delete(GroupPermission).where(GroupPermission.permission == "planner:use"))
        if why == "off":
            switch_module(db, "planner", False, utc_now())
    if why == "unknown":
        path = f"/planner/feed/{'x' * 43}.ics"
    if why == "school":
        asked = web(other_school)
    asked.get("/login")
    answer, never = asked.get(path, status=404), asked.get("/no-such-page", status=404)
    assert answer.body == never.body and set(answer.headers) == set(never.headers)


def test_a_revoked_feed_that_is_asked_for_again_and_again_shuts_out_nobody(
    school: SchoolForTests, web: Any
) -> None:
    """A calendar service asks for the feeds of many from one address."""
    revoked, in_use = secret_of(school), secret_of(school)
    service = web(school)
    for _ in range(throttle.ADDRESS_TRIES + 5):
        service.get(f"/planner/feed/{revoked}.ics", status=404)
    service.get(f"/planner/feed/{in_use}.ics")


def test_its_secret_is_shown_once_and_stands_nowhere(
    school: SchoolForTests, web: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kept as a hash; in no audit entry, no log line, no later page. Making and revoking it are audited."""
    lead = web(school, "lead")
    page = lead.submit("/planner/feed", {"do": "make"})
    address = page.html.find("input", {"id": "feed-address"})["value"]
    secret = address.rpartition("/")[2].removesuffix(".ics")
    assert len(secret) == 43 and address.startswith(f"http://{school.host}:6543/planner/feed/")
    assert secret not in lead.get("/planner/feed").text
    web(school).get(f"/planner/feed/{secret}.ics")
    lead.submit("/planner/feed", {"do": "revoke"})
    web(school).get(f"/planner/feed/{secret}.ics", status=404)
    with school.app.session(school.id, writes=False) as db:
        (feed,) = db.scalars(select(Feed))
        entries = list(db.scalars(select(AuditEntry).order_by(AuditEntry.at, AuditEntry.id)))
    assert feed.secret_hash == feeds._hash(secret) and feed.revoked_at is not None
    assert [one.event for one in entries if one.event.startswith("planner.feed")] == [
        "planner.feed-made",
        "planner.feed-revoked",
    ]
    assert secret not in str([(one.details, one.subjects) for one in entries])
    assert secret not in "".join(capsys.readouterr())
