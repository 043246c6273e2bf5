"""The versions of what the school keeps on a student, in words (STU-03, STU-04)."""

from __future__ import annotations

import threading

import pytest

from cpoms_core.errors import NothingThere
from cpoms_core.students import history
from cpoms_core.students.contacts import ContactFacts, save_contact
from cpoms_core.students.history import VersionShown, history_of
from cpoms_core.students.information import Information, save_information
from cpoms_core.students.versions import ChangedMeanwhile
from cpoms_core.testing.schools import SchoolForTests


def save(school: SchoolForTests, new: Information, who: str = "lead") -> None:
    with school.app.transaction(school.id) as db:
        save_information(db, school.viewer(who), school.students["aoife"], new)


def shown(school: SchoolForTests, who: str = "lead") -> list[VersionShown]:
    with school.app.session(school.id, writes=False) as db:
        return history_of(db, school.viewer(who), school.students["aoife"])[0]


def test_each_version_says_what_it_changed(school: SchoolForTests) -> None:
    """STU-03, STU-04: before and after, by name, newest first; what stayed is not repeated."""
    save(school, Information(1, "First.", agency_ids=[school.agencies["Police"]]))
    linked = Information(2, "First.", link_ids=[school.students["björn"]], link_kind="friend")
    save(school, linked, "head")
    with school.app.transaction(school.id) as db:
        facts = ContactFacts("Petra Price", "Social worker", priority=1, parental_responsibility=False)
        save_contact(db, school.viewer("lead"), school.students["aoife"], facts, seen=3)
    third, second, first = shown(school)
    assert [one.by_name for one in (first, second, third)] == ["Lena Lead", "Hugo Head", "Lena Lead"]
    told = [
        [(change.label, list(change.before), list(change.after)) for change in one.changes]
        for one in (first, second, third)
    ]
    assert told[0] == [("Summary", ["nothing"], ["First."]), ("Agencies involved", ["nothing"], ["Police"])]
    assert told[1] == [
        ("Agencies involved", ["Police"], ["nothing"]),
        ("Links", ["nothing"], ["Björn Ångström (friend)"]),
    ]
    words = "Petra Price · Social worker · priority 1 · without parental responsibility"
    assert told[2] == [("Own contacts", ["nothing"], [words])]


def test_it_is_for_who_may_edit(school: SchoolForTests) -> None:
    """STU-03."""
    save(school, Information(1, "First."))
    for who in ("admin", "teacher"):
        with pytest.raises(NothingThere):
            shown(school, who)


def test_pages_are_whole(school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    """STU-03: and the last version of a page is compared with the one on the next."""
    monkeypatch.setattr(history, "PAGE", 2)
    for version in range(1, 6):
        save(school, Information(version, f"Text {version}."))
    found, before = [], None
    for _ in range(3):
        with school.app.session(school.id, writes=False) as db:
            page, before = history_of(db, school.viewer("lead"), school.students["aoife"], before=before)
        found += page
    assert before is None and [one.version for one in found] == [6, 5, 4, 3, 2]
    assert [list(one.changes[0].before) for one in found] == [
        ["Text 4."], ["Text 3."], ["Text 2."], ["Text 1."], ["nothing"],
    ]  # fmt: skip


def test_of_many_at_once_one_is_kept(school: SchoolForTests) -> None:
    """STU-03: five who save the same form at the same moment: one wins, four are told."""
    told: list[str] = []
    ready = threading.Barrier(5)

    def one(number: int) -> None:
        ready.wait()
        try:
            save(school, Information(1, f"Number {number}."))
            told.append("kept")
        except ChangedMeanwhile as error:
            told.append(error.meanwhile.after["summary"])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = shown(school)
    assert told.count("kept") == 1 and told.count(str(kept.changes[0].after[0])) == 4
