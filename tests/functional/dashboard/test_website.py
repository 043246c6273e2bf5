"""The link in the left panel to whoever runs the deployment (DSH-07)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.browsing import Browser
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

WEBSITE = "https://safeguarding.example/for-schools?from=app&lang=en"


def panels(page: Any) -> list[list[tuple[str, str]]]:
    """The links of each left panel of a page: the one beside it, and the one that a small screen opens."""
    return [
        [(link.get_text(strip=True), link["href"]) for link in panel.select("a")]
        for panel in page.html.select(".help-links")
    ]


def test_the_website_is_in_the_left_panel_where_there_is_one(
    app: Application, school: SchoolForTests, web: Any
) -> None:
    """DSH-07: before guide, questions and support, with a key and without; to nobody who is not logged in."""
    made = Application(replace(app.deployment, website=WEBSITE), modules=app.modules, engines=app.engines)
    wsgi = configure(made)
    for who in ("lead", "teacher"):
        browser = Browser(wsgi, extra_environ={"HTTP_HOST": school.host})
        assert panels(browser.get("/login")) == []
        browser.set_cookie(cookie_name(made), school.session_token(who))
        for path in ("/", "/help"):
            shown = panels(browser.get(path))
            assert shown, path
            for links in shown:
                assert links[0] == ("Website", WEBSITE)
                assert [href for _, href in links[1:]] == ["/help#guide", "/help#questions", "/help#support"]
        for links in panels(web(school, who).get("/")):
            assert [href for _, href in links] == ["/help#guide", "/help#questions", "/help#support"]
