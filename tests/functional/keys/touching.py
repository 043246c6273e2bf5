"""What the tests of security keys share: a school's pages with a key in hand."""

from __future__ import annotations

from typing import Any

from browsing import Browser
from logging_in import account_of
from software_key import SoftwareKey
from sqlalchemy import select
from webtest import TestResponse

from cpoms_core.access.models import SecurityKey
from cpoms_core.testing.schools import SchoolForTests


def origin_of(school: SchoolForTests) -> str:
    return school.app.deployment.school_address(school.slug)


def ask(browser: Browser, path: str) -> dict[str, Any]:
    """Gets a question as the page's script does."""
    token = {"X-CSRF-Token": browser.csrf()}
    found: dict[str, Any] = browser.fetch("POST", path, headers=token).json
    return found


def register(browser: Browser, key: SoftwareKey, name: str = "Blue key", **wrong: Any) -> TestResponse:
    """Adds a security key; returns the answer to the form."""
    asked = ask(browser, "/account/keys/register/question")
    answer = key.register(asked["options"], **wrong)
    fields = {"name": name, "question": asked["question"], "answer": answer}
    return browser.submit("/account/keys/register", fields)


def use(browser: Browser, key: SoftwareKey, **wrong: Any) -> TestResponse:
    """Touches a key at the step after the password."""
    asked = ask(browser, "/elevate/question")
    fields = {"question": asked["question"], "answer": key.use(asked["options"], **wrong)}
    return browser.submit("/elevate", fields)


def registered(web: Any, school: SchoolForTests, who: str = "teacher", **facts: Any) -> SoftwareKey:
    """A key that a user has added."""
    key = SoftwareKey(origin_of(school), **facts)
    assert register(web(school, who), key).location.endswith("said=key-added")
    return key


def security_keys(school: SchoolForTests, who: str) -> list[SecurityKey]:
    """All that the user ever had, removed ones too."""
    with school.app.session(school.id, writes=False) as db:
        mine = select(SecurityKey).where(SecurityKey.account_id == account_of(school, who))
        return list(db.scalars(mine.order_by(SecurityKey.created_at)))
