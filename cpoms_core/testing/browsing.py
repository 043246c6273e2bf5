"""A browser without a browser, and what a person or a script reads on a page."""

from __future__ import annotations

from typing import Any, Protocol

import webtest
from bs4 import BeautifulSoup

from cpoms_core.database.types import new_id
from cpoms_core.testing.schools import SchoolForTests


class Browser(webtest.TestApp):
    """A browser at one school: sends its Host header, keeps cookies, and knows the forms' token."""

    @property
    def session(self) -> str:
        """The value of its session cookie."""
        return self.cookies["session"].strip('"')

    @property
    def portal(self) -> str:
        """The value of its cookie at the accounts' own host."""
        return self.cookies["portal"].strip('"')

    def csrf(self, at: str = "") -> str:
        """The token that this browser's forms carry: of the page `at`, or as its session has it."""
        if not at and {"session", "portal"} & self.cookies.keys():
            found = self.fetch("GET", "/session/token", expect_errors=True)
            if found.status_int == 200:
                return str(found.json["csrf_token"])
        return csrf_of(self.get(at or "/login"))

    def submit(self, path: str, fields: dict[str, Any] | None = None, **options: Any) -> webtest.TestResponse:
        """Posts fields as a form of ours would: with the token."""
        return self.post(path, {"csrf_token": self.csrf(), **(fields or {})}, **options)

    def fetch(self, method: str, path: str, **options: Any) -> webtest.TestResponse:
        """Asks as the scripts of our pages do (static/js/http.js)."""
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        return self._gen_request(method, path, headers=headers, **options)


def csrf_of(page: webtest.TestResponse) -> str:
    """The forms' token of a page."""
    meta = BeautifulSoup(page.text, "html.parser").find("meta", {"name": "csrf-token"})
    assert meta is not None, page.text[:500]
    return str(meta["content"])


def text_of(page: webtest.TestResponse) -> str:
    """What a person reads on a page, with single spaces."""
    return " ".join(BeautifulSoup(page.text, "html.parser").get_text(" ").split())


def form_with(page: webtest.TestResponse, field: str) -> Any:
    """The form of a page that has a field (the frame has a form of its own, for logging out)."""
    return next(form for form in page.forms.values() if field in form.fields)


def typed_incident(school: SchoolForTests, **changed: Any) -> dict[str, Any]:
    """The fields that the Add incident form sends: a note about Aoife in Behaviour, with a submission of its
    own. `changed`: other values, and other fields, by their names in the form."""
    return {
        "submission": str(new_id()),
        "student": str(school.students["aoife"]),
        "text": "A note.",
        "categories": str(school.categories["Behaviour"]),
        "occurred": "2026-01-05T08:35",
        **changed,
    }


class Web(Protocol):
    """What the `web` fixture is."""

    def __call__(
        self, school: SchoolForTests, who: str | None = None, *, elevated: bool | None = None
    ) -> Browser: ...
