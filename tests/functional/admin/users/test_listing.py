"""USR-01, USR-02: the lists of users."""

from __future__ import annotations

from typing import Any

from cpoms_core.access.models import SecurityKey, User
from cpoms_core.access.users import create_user
from cpoms_core.access.viewer import utc_now
from cpoms_core.testing.schools import SchoolForTests


def names(page: Any) -> list[str]:
    return [link.get_text(strip=True) for link in page.html.select("#users-list strong")]


def row_of(page: Any, name: str) -> str:
    for row in page.html.select("#users-list > li"):
        if row.select_one("strong").get_text(strip=True) == name:
            return " ".join(row.get_text(" ").split())
    raise AssertionError(f"{name} is not listed")


def add_many(school: SchoolForTests, number: int) -> None:
    with school.app.transaction(school.id) as db:
        for one in range(number):
            create_user(
                db, email=f"many{one}@{school.slug}.example", forename="Uma", surname=f"Many{one:03}",
                group_id=school.groups["Teachers"], now=utc_now(),
            )  # fmt: skip


def test_everyone_is_listed_with_group_key_and_log_in(
    school: SchoolForTests, web: Any, people: Any, pages: Any
) -> None:
    """USR-01: by surname; a shield, in words too, at everyone who has a key of either kind; the user group
    leads to its page; accounts of several schools are marked; when each logged in last."""
    people.make_sso(school, "head")
    account = people.user(school, school.users["colleague"])[1]
    with school.app.transaction(None) as db:
        db.add(
            SecurityKey(
                account_id=account.id, name="USB", rp_id="x", credential_id=account.id.bytes, credential=b"x",
                created_at=utc_now(),
            )
        )  # fmt: skip
    page = web(school, "lead").get("/admin/users")
    assert names(page) == ["Ada Admin", "Cleo Colleague", "Hugo Head", "Lena Lead", "Tariq Teacher"]
    assert "Users" in pages.tabs(page)
    assert " Key " in row_of(page, "Cleo Colleague") and " Key " in row_of(page, "Ada Admin")
    assert " Key " not in row_of(page, "Tariq Teacher")
    assert "SSO" in row_of(page, "Hugo Head") and "SSO" not in row_of(page, "Lena Lead")
    assert "Not logged in yet" in row_of(page, "Tariq Teacher")
    assert "Last log-in" in row_of(page, "Lena Lead") and "This is you" in row_of(page, "Lena Lead")
    assert "Deactivate Lena Lead" not in row_of(page, "Lena Lead")
    assert page.html.select_one(f'#users-list a[href="/admin/groups/{school.groups["Teachers"]}"]')
    assert "5 users, 4 with a key" in pages.text(page)


def test_the_search_finds_parts_of_names_and_addresses(
    school: SchoolForTests, other_school: SchoolForTests, web: Any
) -> None:
    """USR-01: folded, so that any keyboard finds any name; wildcards are letters; by user group; no name
    stands in an address."""
    with school.app.transaction(school.id) as db:
        create_user(
            db, email=f"zo@{school.slug}.example", forename="Zoë", surname="Ångström-O’Neill",
            group_id=school.groups["Heads of year"], now=utc_now(),
        )  # fmt: skip
    lead = web(school, "lead")

    def found(words: str, **more: Any) -> list[str]:
        return names(lead.submit("/admin/users", {"q": words, **more}, status=200))

    assert found("angst") == found("ZOE o'neill") == found(f"zo@{school.slug}") == ["Zoë Ångström-O’Neill"]
    assert found("%") == found("_") == found("nobody at all") == []
    assert found("", group=str(school.groups["Heads of year"])) == ["Zoë Ångström-O’Neill", "Hugo Head"]
    assert found("lead") == ["Lena Lead"]
    assert found(other_school.slug) == []
    assert "Nobody matches." in lead.submit("/admin/users", {"q": "xyz"}).text
    assert len(found("x" * 5_000)) == 0


def test_the_search_changes_nothing_and_is_written_down(
    school: SchoolForTests, web: Any, audited: Any
) -> None:
    """USR-01, OPS-09: a search is an entry of its own, with whom it showed."""
    web(school, "lead").submit("/admin/users", {"q": "tariq"})
    (entry,) = audited(school, "users.searched")
    assert entry.subjects == [str(school.users["teacher"])]
    assert "tariq" not in str(entry.details).lower()


def test_long_lists_go_on_by_key(school: SchoolForTests, web: Any) -> None:
    """USR-01: pages of fifty, each beginning where the last ended, nobody twice and nobody left out."""
    add_many(school, 120)
    lead, seen, after = web(school, "lead"), [], ""
    for _ in range(3):
        page = lead.submit("/admin/users", {"q": "uma", **({"after": after} if after else {})})
        seen += names(page)
        button = page.html.select_one("#users-more button")
        after = button["value"] if button else ""
    assert seen == [f"Uma Many{one:03}" for one in range(120)] and not after
    lead.submit("/admin/users", {"after": "00000000-0000-7000-8000-000000000000"}, status=404)
    assert lead.submit("/admin/users", {"after": "x", "group": "y"}, status=200)


def test_deactivated_users_have_a_list_of_their_own(school: SchoolForTests, web: Any, pages: Any) -> None:
    """USR-02: the button appears with the first of them."""
    lead = web(school, "lead")
    assert "Deactivated users" not in lead.get("/admin/users").text
    assert "Nobody is deactivated." in lead.get("/admin/users/deactivated").text
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["teacher"])).deactivated_at = utc_now()
    page = lead.get("/admin/users")
    assert "Tariq Teacher" not in names(page) and "Deactivated users (1)" in page.text
    gone = lead.get("/admin/users/deactivated")
    assert names(gone) == ["Tariq Teacher"] and "Reactivate Tariq Teacher" in row_of(gone, "Tariq Teacher")
    assert names(lead.submit("/admin/users/deactivated", {"q": "lena"})) == []


def test_the_lists_cost_the_same_for_many_users(school: SchoolForTests, web: Any, statements: Any) -> None:
    """USR-01: a fixed number of statements, whatever the number of users."""
    lead = web(school, "lead")
    lead.get("/admin/users")
    few = statements(lambda: lead.get("/admin/users"))
    add_many(school, 60)
    assert statements(lambda: lead.get("/admin/users")) == few <= 14
