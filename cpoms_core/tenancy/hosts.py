"""Which school a host name is. An unknown host is refused in every deployment."""

from __future__ import annotations

import re

from sqlalchemy import select

from cpoms_core.application import Application
from cpoms_core.deployment import ACCOUNTS, Place
from cpoms_core.tenancy.models import School

HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)\.(.+)")


class Hosts:
    """Host name -> school. Ids of schools never change, so those once found are remembered."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._known: dict[str, int] = {}

    def school_id(self, host: str) -> int | None:
        """The school of a Host header's value, or None where no school has that name."""
        slug = self.slug(host)
        if slug is None:
            return None
        if slug not in self._known:
            with self._app.session(None, writes=False) as db:
                found = db.scalar(select(School.id).where(School.slug == slug))
            if found is None:
                return None
            self._known[slug] = found
        return self._known[slug]

    def slug(self, host: str) -> str | None:
        """The school's label of a host name in the deployment's domain."""
        match = HOST.fullmatch(without_port(host))
        if match and match[3] == self._app.deployment.domain:
            return match[1]
        return None

    def place(self, host: str) -> Place | None:
        """What a host name is: a school's, the accounts' own, the demo's front door, or nothing."""
        deployment, bare = self._app.deployment, without_port(host)
        if bare == f"{ACCOUNTS}.{deployment.domain}":
            return "accounts"
        if deployment.demo and bare in ("localhost", "127.0.0.1", deployment.domain):
            return "demo door"
        return "school" if self.school_id(host) is not None else None


def without_port(host: str) -> str:
    """The name of a Host header's value, in small letters."""
    return re.sub(r":\d{1,5}\Z", "", host).lower()
