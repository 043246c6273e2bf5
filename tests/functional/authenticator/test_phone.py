"""ACC-10: what a phone asks of the server: becoming a device, what waits, Approve and Deny."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from logging_in import account_of, at_once, events, mails, travel
from sqlalchemy import select, update

from cpoms_core.access.models import Account, ApprovingDevice, LoginApproval, SoftKey
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.models import AuditEntry
from cpoms_core.database.types import new_id
from cpoms_core.testing.phones import Phone, PhoneBrowser, phone_of, token_for
from cpoms_core.testing.schools import SchoolForTests


def waiting(school: SchoolForTests, who: str, number: str = "47") -> uuid.UUID:
    """A log-in of a user that waits for their phone; its id."""
    now, approval_id = utc_now(), new_id()
    with school.app.transaction(school.id) as db:
        db.add(
            LoginApproval(
                id=approval_id,
                account_id=account_of(school, who),
                school_id=school.id,
                session_hash=b"x" * 32,
                number=number,
                browser="Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
                ip="8.8.8.8",
                created_at=now,
                expires_at=now + dt.timedelta(minutes=2),
            )
        )
    return approval_id


def stored(school: SchoolForTests, approval_id: uuid.UUID) -> LoginApproval:
    with school.app.session(school.id, writes=False) as db:
        return db.get_one(LoginApproval, approval_id)


def devices(school: SchoolForTests, who: str) -> list[ApprovingDevice]:
    with school.app.session(school.id, writes=False) as db:
        mine = ApprovingDevice.account_id == account_of(school, who)
        return list(db.scalars(select(ApprovingDevice).where(mine)))


def remove_key(school: SchoolForTests, who: str) -> None:
    with school.app.transaction(school.id) as db:
        db.execute(update(SoftKey).where(SoftKey.id == school.keys[who]).values(removed_at=utc_now()))


# --- becoming a device


def test_a_phone_becomes_the_device_of_a_key(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: the device has the soft key's id, and counts only once that key is saved."""
    phone, account = Phone(device_id=new_id()), account_of(school, "teacher")
    answer = phone_browser.send("enrol", phone.enrolment(token_for(school.app, phone.device_id, account)))
    assert answer.json == {"ok": True, "device": str(phone.device_id)}
    (device,) = devices(school, "teacher")
    assert (device.id, device.public_key) == (phone.device_id, phone.public_key)
    before = phone_browser.send("pending", phone.question(phone_browser.nonce()))
    assert (before.json["counts"], before.json["log_ins"]) == (False, [])
    with school.app.transaction(school.id) as db:
        db.add(
            SoftKey(id=phone.device_id, account_id=account, name="P", sealed_secret=b"", created_at=utc_now())
        )
    assert phone_browser.send("pending", phone.question(phone_browser.nonce())).json["counts"] is True


def test_a_picture_is_good_for_one_phone(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: the same phone may send it twice, a second phone is refused and told why."""
    first, second = Phone(), Phone()
    token = token_for(school.app, new_id(), account_of(school, "teacher"))
    assert phone_browser.send("enrol", first.enrolment(token)).status_int == 200
    assert phone_browser.send("enrol", first.enrolment(token)).status_int == 200
    refused = phone_browser.send("enrol", second.enrolment(token))
    assert refused.status_int == 422
    assert "Another phone has used this picture" in refused.json["message"]
    assert [device.public_key for device in devices(school, "teacher")] == [first.public_key]


def test_of_phones_that_scan_at_one_moment_one_wins(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: four phones, one picture, one device."""
    phones = [Phone() for _ in range(4)]
    token = token_for(school.app, new_id(), account_of(school, "teacher"))
    answers = at_once(4, lambda n: phone_browser.send("enrol", phones[n].enrolment(token)).status_int)
    assert sorted(answers) == [200, 422, 422, 422]
    (device,) = devices(school, "teacher")
    assert device.public_key == phones[answers.index(200)].public_key


def test_a_picture_runs_out(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: after ten minutes."""
    token = token_for(school.app, new_id(), account_of(school, "teacher"))
    with travel(utc_now() + dt.timedelta(minutes=10, seconds=1)):
        refused = phone_browser.send("enrol", Phone().enrolment(token))
    assert refused.status_int == 422 and "not valid any more" in refused.json["message"]
    assert devices(school, "teacher") == []


def test_a_tampered_token_is_refused(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: nothing is stored, and the person is told what to do."""
    token = token_for(school.app, new_id(), account_of(school, "teacher"))
    altered = token[:30] + ("A" if token[30] != "A" else "B") + token[31:]
    refused = phone_browser.send("enrol", Phone().enrolment(altered))
    assert refused.status_int == 422 and "not valid any more" in refused.json["message"]
    assert devices(school, "teacher") == []


def test_the_phone_must_hold_the_private_key(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: somebody else's public key, or a signature over another token."""
    phone, token = Phone(), token_for(school.app, new_id(), account_of(school, "teacher"))
    other = token_for(school.app, new_id(), account_of(school, "teacher"))
    borrowed = {**phone.enrolment(token), "public_key": Phone().enrolment(token)["public_key"]}
    moved = {**phone.enrolment(other), "token": token}
    assert [phone_browser.send("enrol", message).status_int for message in (borrowed, moved)] == [403, 403]
    assert devices(school, "teacher") == []


def test_a_key_that_is_in_use_takes_no_phone_later(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: who photographed the picture cannot add a phone once the key is saved; nor for an account that
    was disabled."""
    token = token_for(school.app, school.keys["lead"], account_of(school, "lead"))
    assert phone_browser.send("enrol", Phone().enrolment(token)).status_int == 422
    token = token_for(school.app, new_id(), account_of(school, "teacher"))
    with school.app.transaction(school.id) as db:
        db.get_one(Account, account_of(school, "teacher")).disabled_at = utc_now()
    assert phone_browser.send("enrol", Phone().enrolment(token)).status_int == 422


# --- what waits


def test_the_phone_lists_what_waits(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: time, browser, IP and place; of its own account only; not the number, which they type."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    waiting(school, "head")
    answer = phone_browser.send("pending", phone.question(phone_browser.nonce()))
    (shown,) = answer.json["log_ins"]
    assert shown["id"] == str(approval_id)
    assert (shown["browser"], shown["ip"], shown["place"]) == (
        "Firefox on Windows",
        "8.8.8.8",
        "United States",
    )
    assert shown["where"] == f"School {school.slug}"
    assert abs(shown["at"] - utc_now().timestamp()) < 60 and 100 < shown["seconds_left"] <= 120
    assert "47" not in {str(value) for value in shown.values()} and "number" not in shown


def test_what_ran_out_or_was_decided_is_not_listed(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: two minutes, and one answer."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    assert decide(phone_browser, phone, approval_id, "deny") == "denied"
    late = waiting(school, "lead")
    with travel(utc_now() + dt.timedelta(minutes=2)):
        answer = phone_browser.send("pending", phone.question(phone_browser.own_nonce()))
    assert answer.json["log_ins"] == [], late


# --- approve and deny


def decide(
    browser: PhoneBrowser, phone: Phone, approval_id: uuid.UUID, decision: str, number: str = ""
) -> Any:
    answer = browser.send("decide", phone.answer(browser.nonce(), approval_id, decision, number))
    return answer.json.get("outcome", answer.status_int)


def test_approve(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: with the number of the page; it is written down with the key and with who wants to log in."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    assert decide(phone_browser, phone, approval_id, "approve", "47") == "approved"
    row = stored(school, approval_id)
    assert (row.decision, row.decided_by) == ("approved", phone.device_id)
    with school.app.session(school.id, writes=False) as db:
        entry = db.scalars(select(AuditEntry).where(AuditEntry.event == "login.approved")).one()
    assert (entry.user_id, entry.ip) == (school.users["lead"], "8.8.8.8")
    assert entry.details["key"] == str(phone.device_id) and "Firefox" in entry.details["browser"]
    assert mails(school, "login-denied") == []


def test_deny(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: the owner is told by mail, and the security log has it."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    assert decide(phone_browser, phone, approval_id, "deny") == "denied"
    assert stored(school, approval_id).decision == "denied"
    assert "login.denied" in events(school)
    (mail,) = mails(school, "login-denied")
    assert mail["to_user"] == str(school.users["lead"])


def test_three_wrong_numbers_deny(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: two may be slips of the finger; after the third the right one comes too late."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    outcomes = [decide(phone_browser, phone, approval_id, "approve", n) for n in ("11", "12", "13", "47")]
    assert outcomes == ["wrong number", "wrong number", "denied", "too late"]
    assert len(mails(school, "login-denied")) == 1
    slips = waiting(school, "lead")
    outcomes = [decide(phone_browser, phone, slips, "approve", n) for n in ("11", "12", "47")]
    assert outcomes == ["wrong number", "wrong number", "approved"]


def test_tries_of_a_number_at_one_moment_are_all_counted(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: twelve wrong numbers at once are not twelve chances: three count, then it is denied."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    nonces = [phone_browser.own_nonce() for _ in range(12)]

    def guess(n: int) -> Any:
        answer = phone_browser.send("decide", phone.answer(nonces[n], approval_id, "approve", str(10 + n)))
        return answer.json.get("outcome", "older nonce")

    outcomes = at_once(12, guess)
    assert outcomes.count("wrong number") <= 2 and outcomes.count("denied") <= 1
    row = stored(school, approval_id)
    assert row.wrong_numbers == outcomes.count("wrong number") + outcomes.count("denied") <= 3


def test_of_two_decisions_at_one_moment_one_counts(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: two phones of one account, approve and deny together, several times: one answer each time."""
    first, second = phone_of(school, "lead"), Phone(device_id=new_id())
    account = account_of(school, "lead")
    with school.app.transaction(school.id) as db:
        facts = {"id": second.device_id, "account_id": account, "created_at": utc_now()}
        db.add(ApprovingDevice(**facts, public_key=second.public_key))
        db.add(SoftKey(**facts, name="Second", sealed_secret=b""))
    for _ in range(5):
        approval_id = waiting(school, "lead")
        tries = [(first, "approve", "47"), (second, "deny", "")] * 2

        def answer(n: int, tries: Any = tries, approval_id: Any = approval_id) -> Any:
            phone, decision, number = tries[n]
            message = phone.answer(phone_browser.own_nonce(), approval_id, decision, number)
            return phone_browser.send("decide", message).json.get("outcome", "older nonce")

        outcomes = at_once(4, answer)
        decided = [one for one in outcomes if one in ("approved", "denied")]
        assert decided == [stored(school, approval_id).decision], outcomes


def test_a_nonce_counts_once(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: what was sent once cannot be sent again, nor an older nonce after a newer one."""
    phone = phone_of(school, "lead")
    older, newer = phone_browser.nonce(), phone_browser.nonce()
    message = phone.answer(newer, waiting(school, "lead"), "approve", "11")
    assert phone_browser.send("decide", message).json["outcome"] == "wrong number"
    replayed = phone_browser.send("decide", message)
    assert (replayed.status_int, replayed.json["why"]) == (409, "nonce")
    late = phone_browser.send("decide", phone.answer(older, waiting(school, "lead"), "approve", "47"))
    assert (late.status_int, late.json["why"]) == (409, "nonce")


def test_an_old_nonce_is_refused(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: after two minutes; for questions and answers."""
    phone, nonce = phone_of(school, "lead"), phone_browser.nonce()
    with time_machine.travel(utc_now() + dt.timedelta(minutes=2, seconds=1), tick=False):
        approval_id = waiting(school, "lead")
        answers = [
            phone_browser.send("pending", phone.question(nonce)),
            phone_browser.send("decide", phone.answer(nonce, approval_id, "approve", "47")),
        ]
    assert [answer.status_int for answer in answers] == [409, 409]
    assert stored(school, approval_id).decision is None


def test_an_answer_is_bound_to_all_that_it_says(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: a signature for one log-in, decision, number, device or purpose is none for another."""
    phone, mine, other = phone_of(school, "lead"), waiting(school, "lead"), waiting(school, "lead")
    nonce = phone_browser.nonce()
    signed = phone.answer(nonce, mine, "approve", "11")
    for altered in (
        {"approval": str(other)},
        {"number": "47"},
        {"decision": "deny", "number": ""},
        {"nonce": phone_browser.nonce()},
        {"signature": phone.question(nonce)["signature"]},
    ):
        answer = phone_browser.send("decide", {**signed, **altered})
        assert (answer.status_int, answer.json["why"]) == (403, "signature"), altered
    stranger = Phone(device_id=phone.device_id)
    assert decide(phone_browser, stranger, mine, "approve", "47") == 403
    assert stored(school, mine).decision is None and stored(school, mine).wrong_numbers == 0


def test_a_phone_answers_for_its_own_account_only(
    school: SchoolForTests, other_school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: a colleague's log-in and another school's answer like one that does not exist."""
    phone = phone_of(school, "lead")
    for approval_id in (waiting(school, "head"), waiting(other_school, "lead"), new_id()):
        message = phone.answer(phone_browser.nonce(), approval_id, "approve", "47")
        answer = phone_browser.send("decide", message)
        assert (answer.status_int, answer.json) == (404, {"ok": False, "why": "nothing", "message": ""})


def test_too_late(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: nothing is decided once the two minutes are over."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    with travel(utc_now() + dt.timedelta(minutes=2)):
        message = phone.answer(phone_browser.own_nonce(), approval_id, "approve", "47")
        assert phone_browser.send("decide", message).json["outcome"] == "too late"
    assert stored(school, approval_id).decision is None


def test_a_removed_key_is_told_to_its_phone(school: SchoolForTests, phone_browser: PhoneBrowser) -> None:
    """ACC-10: 410, and no answer counts any more; to nobody else, because it is told after the signature."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    remove_key(school, "lead")
    assert phone_browser.send("pending", phone.question(phone_browser.nonce())).status_int == 410
    assert decide(phone_browser, phone, approval_id, "approve", "47") == 410
    assert stored(school, approval_id).decision is None
    stranger = Phone(device_id=phone.device_id)
    assert phone_browser.send("pending", stranger.question(phone_browser.nonce())).status_int == 403
    assert phone_browser.send("pending", Phone().question(phone_browser.nonce())).status_int == 410


def test_a_device_of_a_key_that_is_not_saved_answers_nothing(
    school: SchoolForTests, phone_browser: PhoneBrowser
) -> None:
    """ACC-10: a picture that somebody else scanned gives no say over the account."""
    phone = Phone(device_id=new_id())
    token = token_for(school.app, phone.device_id, account_of(school, "lead"))
    assert phone_browser.send("enrol", phone.enrolment(token)).status_int == 200
    approval_id = waiting(school, "lead")
    assert decide(phone_browser, phone, approval_id, "approve", "47") == 404
    assert phone_browser.send("pending", phone.question(phone_browser.nonce())).json["log_ins"] == []


# --- whatever comes

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("device", "nonce", "signature", "approval", "decision", "number", "token", "public_key")
NO_MATTER = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=60, deadline=None, suppress_health_check=NO_MATTER)
@given(
    path=st.sampled_from(["enrol", "pending", "decide"]),
    altered=st.dictionaries(st.sampled_from(NAMES), VALUES),
)
def test_no_json_makes_an_error_of_ours(phone_browser: PhoneBrowser, path: str, altered: Any) -> None:
    """ACC-10: any value in any field of a message is refused in a planned way, and never a 500."""
    message = {**MESSAGE, **altered}
    assert phone_browser.send(path, message).status_int in (400, 403, 409, 410, 422)


_PHONE = Phone()
MESSAGE = {**_PHONE.enrolment("A" * 40), **_PHONE.answer("A" * 40, uuid.uuid4(), "approve", "47")}


@settings(max_examples=40, deadline=None, suppress_health_check=NO_MATTER)
@given(path=st.sampled_from(["enrol", "pending", "decide"]), body=st.binary(max_size=300))
def test_no_bytes_make_an_error_of_ours(phone_browser: PhoneBrowser, path: str, body: bytes) -> None:
    """ACC-10: what is no JSON at all."""
    assert phone_browser.send(path, body).status_int == 400


@pytest.mark.parametrize("path", ["enrol", "pending", "decide"])
def test_what_is_too_long_or_no_json_is_not_read(phone_browser: PhoneBrowser, path: str) -> None:
    """ACC-10: four kilobytes at most, and `application/json` only, which no other site's form can send."""
    assert phone_browser.send(path, {**MESSAGE, "more": "x" * 5000}).status_int == 413
    answer = phone_browser.send(path, MESSAGE, content_type="text/plain")
    assert answer.status_int == 400
    assert phone_browser.send(path, b"[" * 3000).status_int == 400


@pytest.mark.parametrize("number", ["٤٧", "4７", "4", "470", " 47", "47\n", 47, None])
def test_only_two_ascii_digits_are_a_number(
    school: SchoolForTests, phone_browser: PhoneBrowser, number: Any
) -> None:
    """ACC-10: what is no number costs no try."""
    phone, approval_id = phone_of(school, "lead"), waiting(school, "lead")
    message = {**phone.answer(phone_browser.nonce(), approval_id, "approve", "47"), "number": number}
    assert phone_browser.send("decide", message).status_int == 400
    assert stored(school, approval_id).wrong_numbers == 0
