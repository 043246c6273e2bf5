"""Names, removal, mails, and all keys of a user at once (ACC-06, ACC-08, ACC-11, ACC-15)."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from browsing import text_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logging_in import account_of, code_of, events, mails
from software_key import SoftwareKey, b64
from sqlalchemy import select, update
from touching import ask, origin_of, register, registered, security_keys, use

from cpoms_core.access import identity
from cpoms_core.access.models import Account, LoginApproval, SoftKey
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import Viewer, utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.keys.forms import RemoveAllForm
from cpoms_core.keys.services import SHARED_ACCOUNT, remove_all_keys
from cpoms_core.outbox.wording import LETTERS
from cpoms_core.tenancy.services import change_setting
from cpoms_core.testing.schools import SchoolForTests


def remove_all(school: SchoolForTests, who: str, viewer: Viewer | None = None) -> int:
    with school.app.transaction(school.id) as db:
        return remove_all_keys(db, viewer or school.viewer("admin"), account_of(school, who))


def test_new_name(web: Any, school: SchoolForTests) -> None:
    """ACC-06: a key of either kind gets another name; an empty or endless one is refused."""
    browser = web(school, "lead")
    register(browser, SoftwareKey(origin_of(school)), "Blue key")
    (key,) = security_keys(school, "lead")
    for key_id in (key.id, school.keys["lead"]):
        path = f"/account/keys/{key_id}/name"
        assert "Give it a name" in text_of(browser.submit(path, {"name": " "}))
        assert "at most 80 characters" in text_of(browser.submit(path, {"name": "x" * 81}))
        done = browser.submit(path, {"name": f"  Key {key_id} "}).follow()
        assert "The key has its new name" in text_of(done) and f"Key {key_id}" in text_of(done)
    assert events(school).count("key.renamed") == 2


def test_remove_own_key(web: Any, school: SchoolForTests) -> None:
    """ACC-06: asked first, gone at once, written down and told by mail; other keys stay."""
    browser = web(school, "lead")
    key = SoftwareKey(origin_of(school))
    register(browser, key, "Blue key")
    (mine,) = security_keys(school, "lead")
    elsewhere = web(school, "lead", elevated=False)
    use(elsewhere, key)
    assert "Elevate your access" not in text_of(elsewhere.get("/"))
    page = browser.get(f"/account/keys/{mine.id}/remove")
    assert "Blue key" in text_of(page) and "This is your last key" not in text_of(page)
    done = text_of(browser.submit(f"/account/keys/{mine.id}/remove").follow())
    assert "The key is removed" in done and "Blue key" not in done and "Phone" in done
    assert "Elevate your access" in text_of(elsewhere.get("/"))  # it was elevated with that key
    assert len(mails(school, "key-removed")) == 1
    with school.app.session(school.id, writes=False) as db:
        (entry,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "key.removed"))
    assert entry.subjects == [str(school.users["lead"]), str(mine.id)]
    assert entry.details == {"kind": "security key"}
    assert browser.submit(f"/account/keys/{mine.id}/remove", expect_errors=True).status_int == 404


def test_last_key(web: Any, school: SchoolForTests) -> None:
    """ACC-06: removing the last one warns, and what it warns of happens; who has none may add one."""
    browser = web(school, "lead")
    path = f"/account/keys/{school.keys['lead']}/remove"
    assert "This is your last key. Without one your access is restricted" in text_of(browser.get(path))
    browser.submit(path)
    assert "You have no key yet" in text_of(browser.get("/account/keys"))
    assert browser.get("/students/search", expect_errors=True).status_int == 404
    with school.app.transaction(school.id) as db:
        change_setting(db, "key_for_everyone", "y")
    other = web(school, "head")
    warning = text_of(other.get(f"/account/keys/{school.keys['head']}/remove"))
    assert "you will reach nothing but your account settings" in warning


@pytest.mark.parametrize("deed", ["name", "remove"])
def test_keys_of_others_are_not_there(web: Any, school: SchoolForTests, deed: str) -> None:
    """ACC-08: another person's key is changed by nobody else, and neither by its owner before their key."""
    theirs = school.keys["head"]
    browser = web(school, "lead")
    assert browser.get(f"/account/keys/{theirs}/{deed}", expect_errors=True).status_int == 404
    answer = browser.submit(f"/account/keys/{theirs}/{deed}", {"name": "Mine"}, expect_errors=True)
    assert answer.status_int == 404
    restricted = web(school, "head", elevated=False)
    answer = restricted.submit(f"/account/keys/{theirs}/{deed}", {"name": "Mine"})
    assert "/elevate?next=" in answer.location
    with school.app.session(school.id, writes=False) as db:
        key = db.get_one(SoftKey, theirs)
    assert (key.name, key.removed_at) == ("Phone", None)


def test_security_keys_need_an_elevated_session(web: Any, school: SchoolForTests) -> None:
    """ACC-08: who has a key neither sees nor adds security keys before using it; the question neither."""
    browser = web(school, "lead", elevated=False)
    for path in ("/account/keys/register", "/account/keys/add"):
        assert "/elevate?next=" in browser.get(path).location
        assert "/elevate?next=" in browser.submit(path, {"name": "x"}).location
    assert "/elevate" in browser.submit("/account/keys/register/question").location
    assert "Phone" not in text_of(browser.get("/account/keys"))


def test_going_on_without_the_key(web: Any, school: SchoolForTests) -> None:
    """ACC-07, ACC-15: to a restricted session; where everyone needs a key, to the account only."""
    page = web(school, "lead", elevated=False).get("/elevate?next=/help")
    assert page.html.find("a", string="Go on without your key")["href"] == "/help"
    with school.app.transaction(school.id) as db:
        change_setting(db, "key_for_everyone", "y")
    page = web(school, "lead", elevated=False).get("/elevate?next=/help")
    assert page.html.find("a", string="Go on without your key") is None
    assert page.html.find("a", string="Go to your account settings only")["href"] == "/account"


def test_remove_all_keys_of_a_user(web: Any, school: SchoolForTests) -> None:
    """ACC-11: both kinds, phones and what waits for them; their sessions are restricted with the next
    request; audited with the number; told to the owner by mail."""
    key = registered(web, school, "teacher")
    owner = web(school, "lead")
    register(owner, SoftwareKey(origin_of(school)))
    waiting = _approval(school, "lead")
    assert "Elevate your access" not in text_of(owner.get("/"))
    assert remove_all(school, "lead") == 2
    page = text_of(owner.get("/"))
    assert "Elevate your access" not in page  # there is no key left to ask for
    assert owner.get("/admin", expect_errors=True).status_int == 404
    assert [mail["to_user"] for mail in mails(school, "keys-removed")] == [str(school.users["lead"])]
    with school.app.session(school.id, writes=False) as db:
        (entry,) = db.scalars(select(AuditEntry).where(AuditEntry.event == "key.all-removed"))
        assert db.get_one(LoginApproval, waiting).expires_at <= utc_now()
    assert entry.user_id == school.users["admin"]
    assert (entry.subjects, entry.details) == ([str(school.users["lead"])], {"keys": 2})
    assert use(web(school, "teacher"), key).status_int == 302  # nobody else's went
    assert "6-digit code" not in text_of(web(school, "lead", elevated=False).get("/elevate").follow())


def _approval(school: SchoolForTests, who: str) -> uuid.UUID:
    made, now = new_id(), utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            LoginApproval(
                id=made,
                account_id=account_of(school, who),
                school_id=school.id,
                session_hash=hashed("x"),
                number="42",
                created_at=now,
                expires_at=now.replace(year=now.year + 1),
            )
        )
    return made


def test_remove_all_of_who_has_none(school: SchoolForTests) -> None:
    """ACC-11: nothing to remove is no error, and no mail."""
    assert remove_all(school, "teacher") == 0
    assert mails(school, "keys-removed") == []


def test_remove_all_of_another_school(school: SchoolForTests, other_school: SchoolForTests) -> None:
    """ACC-11: there is no such user here."""
    with pytest.raises(NothingThere), school.app.transaction(school.id) as db:
        remove_all_keys(db, school.viewer("admin"), account_of(other_school, "lead"))


def test_keys_of_a_shared_account(school: SchoolForTests) -> None:
    """ACC-11, ACC-03: no single school removes keys that the others rely on; the operator's command may."""
    with school.app.transaction(school.id) as db:
        db.execute(
            update(Account).where(Account.id == account_of(school, "lead")).values(home_school_id=None)
        )
    with pytest.raises(Refused) as refusal:
        remove_all(school, "lead")
    assert refusal.value.message == SHARED_ACCOUNT
    with school.app.session(school.id, writes=False) as db:
        operator = identity.system_viewer(db).through("command line")
    assert remove_all(school, "lead", operator) == 1


def test_notice_must_be_ticked() -> None:
    """ACC-11: the words of the tick, and no removal without it."""
    from webob.multidict import MultiDict

    form = RemoveAllForm(MultiDict())
    assert not form.validate()
    assert form.confirmed.label.text == "I confirm that I have read and understand this notice"
    assert RemoveAllForm(MultiDict(confirmed="y")).validate()


def test_mails_say_what_happened() -> None:
    """ACC-06, ACC-11: each mail of keys has words, and none names a key or anything else of the account."""
    for name in ("key-added", "key-removed", "keys-removed", "key-cloned"):
        filled = LETTERS[name].text.format(when="1 May", school="Ashdown", login="https://x/login")
        assert "Ashdown" in filled and "1 May" in filled and "https://x/login" in filled


def test_code_after_security_key(web: Any, school: SchoolForTests) -> None:
    """ACC-07, ACC-09: a wrong touch beside the code form leaves the code as good as before."""
    browser = web(school, "lead")
    key = SoftwareKey(origin_of(school))
    register(browser, key)
    step = web(school, "lead", elevated=False)
    use(step, key, signature=b"")
    assert step.submit("/elevate", {"code": code_of(school, "lead")}).status_int == 302


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_random_answers_get_a_page(web: Any, school: SchoolForTests, data: st.DataObject) -> None:
    """ACC-06: whatever bytes come as client data and attestation, the page comes back with words."""
    answer = data.draw(
        st.text(max_size=200)
        | st.fixed_dictionaries(
            {
                "rawId": st.binary(max_size=80).map(b64),
                "response": st.dictionaries(
                    st.sampled_from(["clientDataJSON", "attestationObject"]),
                    st.binary(max_size=200).map(b64),
                ),
            }
        ).map(json.dumps)
    )
    browser = web(school, "colleague")
    asked = ask(browser, "/account/keys/register/question")
    fields = {"name": "Key", "question": asked["question"], "answer": answer}
    page = browser.submit("/account/keys/register", fields, expect_errors=True)
    assert page.status_int in (200, 400)
    assert security_keys(school, "colleague") == []
