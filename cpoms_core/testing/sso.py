"""SSO accounts for tests, made by the product's own service of users of two schools (ACC-03)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update

from cpoms_core.access import accounts, passwords, security_log
from cpoms_core.access.login import Visitor
from cpoms_core.access.models import Account, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.keys import soft_keys
from cpoms_core.portal import logins
from cpoms_core.portal.services import make_sso
from cpoms_core.testing.schools import PASSWORD, SchoolForTests


@dataclass(frozen=True, slots=True)
class SsoForTests:
    """An SSO account with the tests' password; `secret` and `key_id` are those of its authenticator."""

    app: Application
    id: uuid.UUID
    email: str
    schools: tuple[SchoolForTests, ...]
    secret: str = ""
    key_id: uuid.UUID | None = None

    @property
    def host(self) -> str:
        return f"accounts.{self.app.deployment.domain}"

    def portal_token(self, *, elevated: bool | None = None) -> str:
        """The cookie's value of a new SSO log-in: elevated where the account has a key, unless said
        otherwise."""
        raised = bool(self.secret) if elevated is None else elevated
        with self.app.session(None, writes=False) as db:
            users = security_log.users_of(db, self.id)
        with self.app.transaction(next(iter(users))) as db:
            return logins.begin(
                db,
                self.id,
                users,
                "elevated" if raised else "restricted",
                Visitor(None, "127.0.0.1", "test"),
                utc_now(),
                key_id=self.key_id if raised else None,
            )


def sso_of(schools: Sequence[SchoolForTests], who: str, *, keyed: bool = True) -> SsoForTests:
    """Gives the users `who` of all the schools one e-mail address, and makes an SSO account of them."""
    app, email = schools[0].app, f"{who}-of-several-{uuid.uuid4().hex[:8]}@example.org"
    for school in schools:
        with app.transaction(school.id) as db:
            account_id = db.get_one(User, (school.id, school.users[who])).account_id
            db.execute(
                update(Account)
                .where(Account.id == account_id)
                .values(email=email, email_key=accounts.email_key(email))
            )
            school.emails[who] = email
    account_id = make_sso(app, email, [school.id for school in schools])
    new = soft_keys.NewKey.make()
    with app.transaction(None) as db:
        db.get_one(Account, account_id).password_hash = passwords.hash_password(PASSWORD)
        if keyed:
            soft_keys.add_key(db, account_id, "Phone", new, 0, utc_now())
    if not keyed:
        return SsoForTests(app, account_id, email, tuple(schools))
    for school in schools:
        school.secrets[who], school.keys[who] = new.secret, new.id
    return SsoForTests(app, account_id, email, tuple(schools), new.secret, new.id)
