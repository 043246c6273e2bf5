"""Whose keys a request is about. The pages of keys are the same at a school and at the accounts' own host
(ACC-04); what differs between the two is here: who asks, what happens once a key was used, and where it is
written down."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import login, sessions
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.access.views import start_session, visitor
from cpoms_core.application import Application
from cpoms_core.audit import services as audit
from cpoms_core.deployment import Place
from cpoms_core.outbox.services import queue_mail
from cpoms_core.tenancy.hosts import without_port
from cpoms_core.tenancy.scope import SchoolSession


class Record(Protocol):
    """Where it is written what was done with an account's keys: in a school's audit and outbox, or wherever
    the accounts' own host keeps such things."""

    def done(
        self,
        db: SchoolSession,
        event: str,
        subjects: Sequence[uuid.UUID],
        *,
        letter: str | None = None,
        **details: Any,
    ) -> None:
        """Writes down a deed of the owner in the transaction of `db`, and mails them `letter`."""

    def failed(
        self, app: Application, event: str, now: dt.datetime, *, letter: str | None = None, **details: Any
    ) -> None:
        """Writes down a try that failed, in a transaction of its own, and mails the owner `letter`."""


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose keys these are, and in which session they are looked at.

    label: what an authenticator lists the account under. rp_id: the host name that a security key answers
    to, without port; origin: the address that a browser must be at (both from the configuration, never from
    the request). elsewhere: where this account's keys are kept, if not here, without a slash at the end.
    prefix: what the names of the routes begin with here.
    """

    account_id: uuid.UUID
    email: str
    label: str
    rp_id: str
    origin: str
    session_hash: bytes
    elevated: bool
    has_key: bool
    user_id: uuid.UUID | None
    school_id: int | None
    zone: ZoneInfo
    record: Record
    prefix: str
    proved_at: dt.datetime  # when the session last showed who it is, in UTC
    needs_key: bool = False  # nothing but the account is reached without one (ACC-15)
    elsewhere: str | None = None

    @property
    def may_manage(self) -> bool:
        """ACC-08: who has a key sees and changes keys only after using it."""
        return self.elevated or not self.has_key

    def route(self, what: str) -> str:
        """The name of a route here: `keys`, `key-add`, ... (`keys.routes.declare`)."""
        return route_name(self.prefix, what)

    def now(self) -> dt.datetime:
        """This moment, in UTC."""
        return utc_now()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """A stored moment as the owner's clock shows it."""
        return moment.astimezone(self.zone)


def route_name(prefix: str, what: str) -> str:
    """The name of one of the routes of keys. A school's step with the key is plainly `elevate`."""
    return what if (prefix, what) == (AT_SCHOOL, "elevate") else f"{prefix}-{what}"


class KeyPlace(Protocol):
    """A place with pages of keys."""

    def owner(self, request: Request) -> KeyOwner | None:
        """Whose keys the request is about; None where nobody is signed in."""

    def go_on(self, request: Request, key_id: uuid.UUID, target: str) -> Response:
        """A key was used: the session is elevated under a new token, and goes on to the path `target`."""

    def ask_again(self, request: Request, target: str) -> Response:
        """Locks the session until the password is given, which then goes on to the path `target`."""


AT_SCHOOL = "account"


class SchoolKeys:
    """The keys of who is signed in at a school. An SSO account's are at the accounts' own host (ACC-04)."""

    def owner(self, request: Request) -> KeyOwner | None:
        viewer: Viewer | None = request.viewer
        if viewer is None:
            return None
        found, deployment = request.asking.login, request.app.deployment
        origin = deployment.school_address(viewer.school.slug)
        return KeyOwner(
            account_id=found.account_id,
            email=found.email,
            label=viewer.school.name,
            rp_id=without_port(origin.partition("://")[2]),
            origin=origin,
            session_hash=found.token_hash,
            elevated=viewer.elevated,
            has_key=viewer.has_key,
            user_id=viewer.user_id,
            school_id=viewer.school_id,
            zone=viewer.school.zone,
            record=SchoolRecord(viewer, visitor(request)),
            prefix=AT_SCHOOL,
            proved_at=found.proved_at,
            needs_key=bool(viewer.school.setting("key_for_everyone")),
            elsewhere=deployment.accounts_address if found.sso else None,
        )

    def go_on(self, request: Request, key_id: uuid.UUID, target: str) -> Response:
        user = request.db.get_one(User, (request.school_id, request.viewer.user_id))
        return start_session(request, user, "elevated", target, key_id=key_id)

    def ask_again(self, request: Request, target: str) -> Response:
        with request.app.transaction(request.school_id) as db:
            sessions.lock(db, request.asking.login.token_hash, utc_now())
        request.afterwards.touch = False
        query = {"next": target, "said": "password-again"}
        return HTTPFound(request.route_path("unlock", _query=query))


@dataclass(frozen=True, slots=True)
class SchoolRecord:
    """A school's audit, and its mails."""

    viewer: Viewer
    visitor: login.Visitor

    def done(
        self,
        db: SchoolSession,
        event: str,
        subjects: Sequence[uuid.UUID],
        *,
        letter: str | None = None,
        **details: Any,
    ) -> None:
        user_id = self.viewer.acting_user
        audit.record(db, self.viewer, event, [user_id, *subjects], **details)
        if letter is not None:
            queue_mail(db, letter, to_user=user_id, now=self.viewer.now())

    def failed(
        self, app: Application, event: str, now: dt.datetime, *, letter: str | None = None, **details: Any
    ) -> None:
        login.note_failure(app, self.visitor, self.viewer.user_id, event, now, letter=letter, **details)


def key_places(config: Configurator) -> dict[Place, KeyPlace]:
    """The places with pages of keys, by kind; a place adds itself when it is included."""
    if not hasattr(config.registry, "key_places"):
        config.registry.key_places = {}  # type: ignore[attr-defined]
    found: dict[Place, KeyPlace] = config.registry.key_places  # type: ignore[attr-defined]
    return found


def place_of(request: Request) -> KeyPlace:
    """The place that the request came to. Raises KeyError where it has no pages of keys."""
    found: KeyPlace = request.registry.key_places[request.place]
    return found


def _key_owner(request: Request) -> KeyOwner | None:
    place: KeyPlace | None = request.registry.key_places.get(request.place)
    return place.owner(request) if place is not None else None


def includeme(config: Configurator) -> None:
    key_places(config)["school"] = SchoolKeys()
    config.add_request_method(_key_owner, "key_owner", reify=True)
