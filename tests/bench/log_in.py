"""How long a log-in takes for an address that no user has, as a multiple of one with a wrong password: nobody
may learn from a clock who works at a school (ACC-02, ACC-13). The ratio of the medians is 0.9 to 1.1.

Alone: `python -m tests.bench.log_in`, with --runs N and --database sqlite|postgresql.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from typing import Any

from webob import Request

from cpoms_core import main as wsgi_of
from cpoms_core.access import throttle
from cpoms_core.access.accounts import email_key
from cpoms_core.application import Application
from cpoms_core.testing.schools import SchoolForTests, make_school
from tests.bench.databases import migrated

RUNS = 60
LOWEST, HIGHEST = 0.9, 1.1
IP = "203.0.113.50"


class Stranger:
    """Somebody at a school's log-in page who tries passwords, as often as they like."""

    def __init__(self, app: Application, school: SchoolForTests) -> None:
        self._app, self._school, self._wsgi = app, school, wsgi_of(app)
        page = self._ask("/login", None, "")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        self._token = token[1]
        self._cookie = page.headers["Set-Cookie"].partition(";")[0]

    def _ask(self, path: str, post: dict[str, str] | None, cookie: str) -> Any:
        headers = {"Host": self._school.host, **({"Cookie": cookie} if cookie else {})}
        request = Request.blank(path, POST=post, headers=headers, environ={"REMOTE_ADDR": IP})
        return request.get_response(self._wsgi)

    def try_password(self, email: str) -> float:
        """Milliseconds until the answer to a wrong password."""
        self._forgive(email)
        form = {"csrf_token": self._token, "email": email, "password": "not this one"}
        began = time.perf_counter()
        answer = self._ask("/login", form, self._cookie)
        took = (time.perf_counter() - began) * 1000
        assert "is not right" in answer.text, answer.status
        return took

    def _forgive(self, email: str) -> None:
        """Takes the failures back that were counted: a lock-out would answer instead."""
        with self._app.transaction(None) as db:
            for key in (throttle.account_key(self._school.id, email_key(email)), throttle.address_key(IP)):
                throttle.clear(db, key)


def measure(app: Application, runs: int = RUNS) -> tuple[float, float]:
    """The medians in milliseconds: of an address that a user has, and of one that nobody has. The tries take
    turns, so that whatever else the machine does meets both."""
    school = make_school(app)
    stranger = Stranger(app, school)
    known, unknown = school.emails["teacher"], f"nobody@{school.slug}.example"
    times: dict[str, list[float]] = {known: [], unknown: []}
    for run in range(runs + 2):
        for email in (known, unknown) if run % 2 else (unknown, known):
            took = stranger.try_password(email)
            if run >= 2:
                times[email].append(took)
    return statistics.median(times[known]), statistics.median(times[unknown])


def report(app: Application, runs: int = RUNS) -> None:
    """Measures, and prints the figure."""
    known, unknown = measure(app, runs)
    ratio = unknown / known
    verdict = "" if LOWEST <= ratio <= HIGHEST else f"   not between {LOWEST} and {HIGHEST}"
    times = f"{unknown:8.1f} ms   known {known:7.1f} ms"
    print(f"  log-in: unknown  {times}   x {ratio:.2f}{verdict}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with migrated(options.database) as (app, _folder):
        report(app, options.runs)


if __name__ == "__main__":
    main()
