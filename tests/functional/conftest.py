"""Pages as a browser asks for them, without a browser: `web(school, "lead")` is signed in as the lead."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Protocol

import pytest
import webtest
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).parent))

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name


class Browser(webtest.TestApp):
    """A browser at one school: sends its Host header, keeps cookies, and knows the forms' token."""

    def csrf(self, at: str = "/login") -> str:
        """The token that this browser's forms carry; `at` is any page that it may open."""
        page = self.get(at)
        while page.status_int in (302, 303):
            page = page.follow()
        return csrf_of(page)

    def submit(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> webtest.TestResponse:
        """Posts fields as a form of ours would: with the token."""
        return self.post(path, {"csrf_token": self.csrf(), **(fields or {})}, **options)

    def fetch(self, method: str, path: str, **options: Any) -> webtest.TestResponse:
        """Asks as the scripts of our pages do (static/js/http.js)."""
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        return self._gen_request(method, path, headers=headers, **options)


class Web(Protocol):
    """What the `web` fixture is."""

    def __call__(
        self, school: SchoolForTests, who: str | None = None, *, elevated: bool | None = None
    ) -> Browser: ...


def csrf_of(page: webtest.TestResponse) -> str:
    """The forms' token of a page."""
    meta = BeautifulSoup(page.text, "html.parser").find("meta", {"name": "csrf-token"})
    assert meta is not None, page.text[:500]
    return str(meta["content"])


def text_of(page: webtest.TestResponse) -> str:
    """What a person reads on a page, with single spaces."""
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


@pytest.fixture(scope="session")
def wsgi(app: Application) -> Any:
    """The WSGI application, made once for each database."""
    return configure(app)


@pytest.fixture
def web(app: Application, wsgi: Any) -> Web:
    """Makes browsers: `web(school)` is nobody, `web(school, "lead")` the lead, elevated where they have a
    key unless said otherwise."""

    def open_at(
        school: SchoolForTests, who: str | None = None, *, elevated: bool | None = None
    ) -> Browser:
        browser = Browser(wsgi, extra_environ={"HTTP_HOST": school.host, "REMOTE_ADDR": "192.0.2.7"})
        if who is not None:
            browser.set_cookie(cookie_name(app), school.session_token(who, elevated=elevated))
        return browser

    return open_at
