"""Making SSO accounts of accounts at several schools, and what becomes of them with their users (ACC-03)."""

from __future__ import annotations

from typing import Any

import pytest
from browsing import text_of
from logging_in import account_of, events
from several_schools import deliver, letters, link_in
from sqlalchemy import select, update

from cpoms_core.access import accounts
from cpoms_core.access.models import Account, AlertGroupMember, Membership, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.errors import Refused
from cpoms_core.portal import services
from cpoms_core.portal.services import add_school, make_sso
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.schools import PASSWORD, SchoolForTests, make_school

NEW = "quiet-harbour-eleven-lanterns"
EMAIL = "Morgan.Both@trust.example"


def share(school: SchoolForTests, who: str = "lead", email: str = EMAIL) -> None:
    """Gives a user of the school an e-mail address."""
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Account)
            .where(Account.id == db.get_one(User, (school.id, school.users[who])).account_id)
            .values(email=email, email_key=accounts.email_key(email))
        )


@pytest.fixture
def email(school: SchoolForTests, other_school: SchoolForTests) -> str:
    """An address that is the lead's at both schools."""
    made = f"both-{school.slug}@trust.example"
    share(school, email=made)
    share(other_school, email=made)
    return made


def memberships(app: Any, account_id: Any) -> dict[int, Membership]:
    with app.session(None, writes=False) as db:
        rows = db.scalars(select(Membership).where(Membership.account_id == account_id))
        return {row.school_id: row for row in rows}


def test_two_accounts_become_one(
    web: Any, wsgi: Any, school: SchoolForTests, other_school: SchoolForTests, email: str
) -> None:
    """ACC-03: the users point at it, their own accounts and sessions end, a link is mailed, both schools
    have it in writing. Nobody is handed a password (ACC-01)."""
    app = school.app
    was_in = web(school, "lead")
    own = account_of(school, "lead")
    with app.session(school.id, writes=False) as db:
        groups = db.scalars(
            select(AlertGroupMember.group_id).where(AlertGroupMember.user_id == school.users["lead"])
        ).all()
    made = make_sso(app, email.upper(), [school.id, other_school.id])
    assert account_of(school, "lead") == account_of(other_school, "lead") == made
    assert set(memberships(app, made)) == {school.id, other_school.id}
    with app.session(school.id, writes=False) as db:
        assert db.get_one(Account, own).disabled_at is not None
        assert db.get_one(Account, made).password_hash is None
        after = db.scalars(
            select(AlertGroupMember.group_id).where(AlertGroupMember.user_id == school.users["lead"])
        ).all()
    assert after == groups != []
    assert was_in.get("/account").status_int == 302
    assert "is not right" in text_of(web(school).submit("/login", {"email": email, "password": PASSWORD}))
    assert events(school).count("sso.made") == events(other_school).count("sso.made") == 1
    (letter,) = letters(school, "sso-made")
    assert letter["To"].casefold() == email.casefold() and letters(other_school, "sso-made") == []
    assert app.deployment.accounts_address in letter.get_content()
    browser = Browser(wsgi, extra_environ={"HTTP_HOST": f"accounts.{app.deployment.domain}"})
    fields = {"password": NEW, "repeat": NEW, "csrf_token": browser.csrf()}
    assert browser.post(link_in(letter), fields).location.endswith("/login?said=password-set")
    browser.submit("/login", {"email": email, "password": NEW})
    assert "portal" in browser.cookies


@pytest.mark.parametrize(
    "fault", ["one school", "the same twice", "unknown there", "deactivated", "no school"]
)
def test_what_is_missing_is_said(
    school: SchoolForTests, other_school: SchoolForTests, email: str, fault: str
) -> None:
    """ACC-03: the address must be an active user's at every one of at least two schools; nothing is made
    half."""
    app, ids, said = school.app, [school.id, other_school.id], other_school.slug
    if fault in ("one school", "the same twice"):
        ids, said = [school.id] * (1 if fault == "one school" else 2), "at least two"
    elif fault == "unknown there":
        share(other_school, email="elsewhere@trust.example")
    elif fault == "deactivated":
        with app.transaction(other_school.id) as db:
            db.get_one(User, (other_school.id, other_school.users["lead"])).deactivated_at = utc_now()
    else:
        ids, said = [school.id, 2_000_000], "2000000"
    before = account_of(school, "lead")
    with pytest.raises(Refused) as refusal:
        make_sso(app, email, ids)
    assert said in refusal.value.message
    assert account_of(school, "lead") == before
    with app.session(None, writes=False) as db:
        sso = select(Account).where(
            Account.email_key == accounts.email_key(email), Account.home_school_id.is_(None)
        )
        assert db.scalars(sso).all() == []


def test_a_school_is_added_later(
    school: SchoolForTests, other_school: SchoolForTests, email: str, web: Any
) -> None:
    """ACC-03: to the same account; its password and key are kept, and its owner is told."""
    app = school.app
    made = make_sso(app, email, [school.id, other_school.id])
    third = make_school(app)
    with pytest.raises(Refused):
        add_school(app, email, third.id)
    share(third, email=email)
    with app.transaction(None) as db:
        db.get_one(Account, made).password_hash = "kept"
    assert add_school(app, email, third.id) == made
    assert set(memberships(app, made)) == {school.id, other_school.id, third.id}
    with app.session(None, writes=False) as db:
        assert db.get_one(Account, made).password_hash == "kept"
    assert [letter["To"] for letter in letters(third, "sso-school-added")] == [email]
    assert events(third).count("sso.school-added") == 1
    with pytest.raises(Refused):
        add_school(app, school.emails["head"], third.id)


def test_a_failure_half_way_is_finished_by_calling_it_again(
    school: SchoolForTests, other_school: SchoolForTests, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ACC-03: each school is converted as a whole or not at all."""
    app, real = school.app, services._convert

    def fails_there(db: Any, *args: Any, **more: Any) -> None:
        real(db, *args, **more)
        if db.school_id == other_school.id:
            raise OSError("the power went")

    monkeypatch.setattr(services, "_convert", fails_there)
    with pytest.raises(OSError):
        make_sso(app, email, [school.id, other_school.id])
    assert account_of(school, "lead") != account_of(other_school, "lead")
    monkeypatch.setattr(services, "_convert", real)
    made = make_sso(app, email, [school.id, other_school.id])
    assert account_of(school, "lead") == account_of(other_school, "lead") == made
    assert len(letters(school, "sso-made")) == 1


def test_an_address_of_one_school_only_mails_nobody_a_link(
    wsgi: Any, school: SchoolForTests, other_school: SchoolForTests, email: str
) -> None:
    """ACC-02, ACC-03: the answer at the accounts' own host is the same for an SSO account, for a school's own
    account and for nobody's address; only the first is mailed."""
    app = school.app
    make_sso(app, email, [school.id, other_school.id])
    deliver(app)
    answers = []
    for address in (email, school.emails["head"], "nobody@elsewhere.example"):
        browser = Browser(wsgi, extra_environ={"HTTP_HOST": f"accounts.{app.deployment.domain}"})
        page = browser.submit("/forgotten", {"email": address}).follow()
        answers.append(text_of(page))
    assert answers[0] == answers[1] == answers[2]
    assert len(letters(school, "reset-link")) == 1 and letters(other_school, "reset-link") == []
    (letter,) = letters(school, "reset-link")
    assert "SSO account" in letter["Subject"] and f"/{school.slug}" not in letter.get_content()
