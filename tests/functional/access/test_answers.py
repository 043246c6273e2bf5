"""What every answer keeps from other sites, and what is answered to nobody (ASVS V3, V4, V13, V16)."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from browsing import text_of

from cpoms_core.access import own_logins
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web import errors

ORIGIN = {"Origin": "https://evil.example"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/login", 200), ("/account", 200), ("/nothing", 404), ("/%ff%fe", 400), ("/static/css/theme.css", 200)],
)
def test_other_sites_get_nothing(web: Any, school: SchoolForTests, path: str, status: int) -> None:
    """V3.4.2, V3.4.5, V3.4.8, V3.5.8: no other origin reads an answer, shares a window with it, loads it, or
    is told from where somebody comes."""
    browser = web(school, "lead") if path == "/account" else web(school)
    answer = browser.get(path, headers=ORIGIN, expect_errors=True)
    assert answer.status_int == status
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "text" not in answer.content_type or answer.charset.lower() == "utf-8"


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/login", "/account", "/admin"])
def test_other_methods_are_refused(web: Any, school: SchoolForTests, method: str, path: str) -> None:
    """V4.1.4, V13.4.4: a page takes the methods that it declares; nothing is echoed."""
    answer = web(school, "lead")._gen_request(method, path, headers={"X-Echo": "echo-me"}, expect_errors=True)
    assert answer.status_int in (400, 403, 404, 405)
    assert "echo-me" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.env", "/static", "/static/", "/static/css/", "/static/../../pyproject.toml",
     "/static/%2e%2e/%2e%2e/pyproject.toml", "/_debug_toolbar/", "/metrics", "/server-status"],
)  # fmt: skip
def test_nothing_of_the_inside_is_served(web: Any, school: SchoolForTests, path: str) -> None:
    """V13.4.1, V13.4.2, V13.4.3, V13.4.5: no folder, no source, no tool of a developer."""
    answer = web(school, "lead").get(path, expect_errors=True)
    assert answer.status_int in (301, 302, 400, 403, 404)
    assert "cpoms-core" not in answer.text and "[core]" not in answer.text


def test_an_unexpected_error_is_a_reference_for_the_person_and_the_log(
    web: Any, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V16.3.4, V16.5.1, V16.5.4: the page says nothing of what went wrong, the log says where, and neither
    what somebody typed."""

    def broken(*_: Any) -> None:
        raise RuntimeError("the secret word is xyzzy")

    logged: list[str] = []
    log = SimpleNamespace(error=lambda event, **facts: logged.append(f"{event} {facts}"))
    monkeypatch.setattr(errors, "log", log)
    monkeypatch.setattr(own_logins, "going_on", broken)
    answer = web(school, "lead").get("/account/log-ins", expect_errors=True)
    assert answer.status_int == 500
    reference = re.search(r"\b[0-9a-f]{12}\b", text_of(answer))
    assert reference is not None
    (said,) = logged
    assert reference[0] in said and "RuntimeError" in said
    for text in (answer.text, said):
        assert "xyzzy" not in text and "Traceback" not in text
