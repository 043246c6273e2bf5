"""How many statements the pages of logging in need, whatever the school holds (ACC-07, ACC-05)."""

from __future__ import annotations

from typing import Any

import pytest
from logging_in import account_of

from cpoms_core.access.viewer import utc_now
from cpoms_core.keys import soft_keys
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import SchoolForTests

MOST = {
    "/login": 4,
    "/forgotten": 4,
    "/account": 14,
    "/account/keys": 10,
    "/account/keys/add": 9,
    "/elevate": 9,
}


@pytest.mark.parametrize("path", MOST)
def test_pages_need_few_statements(web: Any, school: SchoolForTests, path: str) -> None:
    """ACC-05, ACC-07: a stated number, which does not grow with the keys shown."""
    numbers = []
    for keys in (0, 5):
        with school.app.transaction(school.id) as db:
            for number in range(keys):
                soft_keys.add_key(
                    db, account_of(school, "lead"), f"Key {number}", soft_keys.NewKey.make(), 0, utc_now()
                )
        browser = web(school)
        if path.startswith(("/account", "/elevate")):
            browser = web(school, "lead", elevated=path != "/elevate")
        browser.get(path)  # templates are compiled, the host is known
        with counted(school.app.engines) as found:
            browser.get(path)
        numbers.append(found.number)
        assert found.number <= MOST[path], str(found)
    assert numbers[0] == numbers[1]
