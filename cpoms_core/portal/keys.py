"""The keys of an SSO account, at the accounts' own host (ACC-04): the pages are those of `keys`; what differs
is who asks, where it is written down, and what goes on once a key was used."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import login, security_log
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import visitor
from cpoms_core.application import Application
from cpoms_core.keys.owner import KeyOwner
from cpoms_core.outbox.services import queue_mail
from cpoms_core.portal import logins
from cpoms_core.portal.cookies import go_on
from cpoms_core.portal.identity import Portal
from cpoms_core.tenancy.hosts import without_port
from cpoms_core.tenancy.scope import SchoolSession

PREFIX = "portal"
LABEL = "SSO account"


class PortalKeys:
    """The keys of who is logged in at the accounts' own host."""

    def owner(self, request: Request) -> KeyOwner | None:
        portal: Portal | None = request.portal
        if portal is None:
            return None
        origin = request.app.deployment.accounts_address
        return KeyOwner(
            account_id=portal.account_id,
            email=portal.email,
            label=LABEL,
            rp_id=without_port(origin.partition("://")[2]),
            origin=origin,
            session_hash=portal.token_hash,
            elevated=portal.elevated,
            has_key=portal.has_key,
            user_id=None,
            school_id=None,
            zone=portal.first_school.zone,
            record=PortalRecord(portal, visitor(request)),
            prefix=PREFIX,
            proved_at=portal.proved_at,
        )

    def go_on(self, request: Request, key_id: uuid.UUID, target: str) -> Response:
        portal: Portal = request.portal
        token = logins.begin(
            request.db,
            portal.account_id,
            portal.users,
            "elevated",
            visitor(request),
            utc_now(),
            key_id=key_id,
            before=portal,
        )
        return go_on(request, token, target)

    def ask_again(self, request: Request, target: str) -> Response:
        with request.app.transaction(None) as db:
            logins.lock(db, request.portal, utc_now())
        request.afterwards.touch = False
        query = {"next": target, "said": "password-again"}
        return HTTPFound(request.route_path("portal-unlock", _query=query))


@dataclass(frozen=True, slots=True)
class PortalRecord:
    """The audits of all schools of an SSO account; the first school's outbox."""

    portal: Portal
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
        portal, now = self.portal, utc_now()
        security_log.write(
            db,
            portal.account_id,
            portal.users,
            event,
            now,
            access=portal.access,
            ip=self.visitor.ip,
            about=subjects,
            at=logins.PLACE,
            **details,
        )
        if letter is not None:
            queue_mail(db, letter, to_user=portal.first_school.user_id, now=now)

    def failed(
        self, app: Application, event: str, now: dt.datetime, *, letter: str | None = None, **details: Any
    ) -> None:
        portal = self.portal
        login.note_failed_try(
            app,
            self.visitor,
            portal.account_id,
            portal.users,
            event,
            now,
            letter=letter,
            at=logins.PLACE,
            **details,
        )
