"""The iCalendar feed (PLN-06): a secret address for a user's own calendar program. It says when something is,
and never what, with whom or about whom: whoever has the address needs no password."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass

from icalendar import Calendar
from icalendar import Event as Component
from sqlalchemy import select

from cpoms_core.access import identity
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_planner import queries, sight
from cpoms_planner.models import Feed
from cpoms_planner.moments import Occurrence

BACK, AHEAD = dt.timedelta(days=90), dt.timedelta(days=400)
"""How far the feed reaches from today."""
MOST = 3000
"""Occurrences that a feed tells of: the earliest, and public ones of others last. Anybody's public series are
in everybody's feed."""
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeedAnswer:
    """A feed as it is sent, and the tag by which a program asks whether it changed."""

    body: bytes
    etag: str


def make_feed(db: PluginSession, viewer: Viewer) -> str:
    """Makes a new secret address for the viewer and revokes the one before. Answers with the secret, which is
    kept nowhere: what is stored is its hash."""
    # one at a time: of two clicks at once, one address is in use afterwards
    db.scalar(select(User.id).where(User.id == viewer.acting_user).with_for_update(key_share=True))
    _revoke(db, viewer)
    secret = secrets.token_urlsafe(32)
    db.add(
        Feed(
            school_id=db.school_id,
            user_id=viewer.acting_user,
            secret_hash=_hash(secret),
            made_at=viewer.now(),
        )
    )
    db.flush()
    db.audit(viewer, "planner.feed-made", [viewer.acting_user])
    return secret


def feed_in_use(db: PluginSession, user_id: uuid.UUID) -> Feed | None:
    """The user's secret address, if they have one that was not revoked."""
    feed: Feed | None = db.scalars(
        select(Feed).where(Feed.user_id == user_id, Feed.revoked_at.is_(None)).order_by(Feed.made_at.desc())
    ).first()
    return feed


def revoke_feed(db: PluginSession, viewer: Viewer) -> None:
    """The viewer's secret address stops answering at once."""
    if _revoke(db, viewer):
        db.audit(viewer, "planner.feed-revoked", [viewer.acting_user])


def _revoke(db: PluginSession, viewer: Viewer) -> int:
    found = list(
        db.scalars(select(Feed).where(Feed.user_id == viewer.acting_user, Feed.revoked_at.is_(None)))
    )
    for feed in found:
        feed.revoked_at = viewer.now()
    db.flush()
    return len(found)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def read_feed(db: SchoolSession, secret: str, now: dt.datetime) -> FeedAnswer:
    """The feed of a secret. Raises NothingThere for one that is unknown or revoked, and where its user may
    not use the planner any more: none of them is told from the others."""
    viewer = _viewer(db, secret)
    today = viewer.local(now).date()
    listed = queries.entries(PluginSession(db), viewer, today - BACK, today + AHEAD, most=MOST)
    calendar = Calendar()
    calendar.add("prodid", "-//CPOMS//Planner//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Planner")
    calendar.add("x-wr-timezone", viewer.school.time_zone)
    address = db.app.deployment.school_address(viewer.school.slug) + "/planner/month"
    for entry in listed:
        calendar.add_component(_component(viewer, entry.occurrence, entry.kind, address))
    calendar.add_missing_timezones(first_date=today - BACK - DAY, last_date=today + AHEAD + 2 * DAY)
    body = calendar.to_ical()
    return FeedAnswer(body, hashlib.sha256(body).hexdigest()[:32])


def _viewer(db: SchoolSession, secret: str) -> Viewer:
    """Who the secret belongs to, with the rights that they have with their key. Raises NothingThere."""
    wanted = _hash(secret)
    row = db.execute(
        select(Feed.secret_hash, User)
        .join(User, User.id == Feed.user_id)
        .where(Feed.secret_hash == wanted, Feed.revoked_at.is_(None), sight.users_of_planner())
    ).first()
    if row is None or not hmac.compare_digest(row.secret_hash, wanted):
        raise NothingThere
    return identity.viewer_of(
        db,
        row.User,
        "elevated",
        school=identity.read_school(db),
        modules=identity.modules_on(db),
        has_key=True,
    )


def _component(viewer: Viewer, one: Occurrence, kind: str, address: str) -> Component:
    event = one.event
    found = Component()
    found.add("uid", f"{event.id}-{one.day:%Y%m%d}@planner")
    found.add("dtstamp", event.changed_at)
    found.add("sequence", event.version)
    found.add("summary", {queries.OWN: "Planner event"}.get(kind, f"Planner event ({kind})"))
    found.add("description", "Log in to see what it is about.")
    found.add("url", address)
    found.add("class", "PRIVATE")
    if one.all_day:
        found.add("dtstart", one.day)
        found.add("dtend", one.last_day + DAY)
        found.add("transp", "TRANSPARENT")
    else:
        found.add("dtstart", viewer.local(one.begins))
        if one.ends is not None and one.ends > one.begins:
            found.add("dtend", viewer.local(one.ends))
    return found
