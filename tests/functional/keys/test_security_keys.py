"""Security keys by WebAuthn (ACC-06, ACC-07): registering, logging in, and everything that is refused."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

import pytest
from browsing import text_of
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from logging_in import account_of, at_once, code_of, events, log_in, mails
from software_key import VERIFIED, SoftwareKey, b64, unb64
from sqlalchemy import update
from touching import ask, origin_of, register, registered, security_keys, use

from cpoms_core.access.models import KeyChallenge, SecurityKey
from cpoms_core.access.sessions import hashed
from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.keys import questions, using, webauthn
from cpoms_core.keys.services import SOMEBODY_ELSES, YOURS_ALREADY
from cpoms_core.testing.schools import SchoolForTests

REGISTER_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("another origin", {"client": {"origin": "https://evil.example"}}, "at another address than"),
    ("an origin that is none", {"client": {"origin": ["x"]}}, "at another address than"),
    ("inside another site", {"client": {"crossOrigin": True}}, "at another address than"),
    ("another rp id", {"rp_id": "evil.example"}, webauthn.NOT_RIGHT),
    ("another challenge", {"client": {"challenge": b64(bytes(32))}}, webauthn.NOT_RIGHT),
    ("an answer to log-in", {"client": {"type": "webauthn.get"}}, webauthn.NOT_RIGHT),
    ("not touched", {"flags": VERIFIED}, webauthn.NOT_TOUCHED),
    ("the id of another credential", {"raw_id": b"x" * 32}, webauthn.NOT_RIGHT),
]
USE_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("another origin", {"client": {"origin": "https://evil.example"}}, "at another address than"),
    ("inside another site", {"client": {"crossOrigin": True}}, "at another address than"),
    ("another rp id", {"rp_id": "evil.example"}, webauthn.NOT_RIGHT),
    ("another challenge", {"client": {"challenge": b64(bytes(32))}}, webauthn.NOT_RIGHT),
    ("an answer to registering", {"client": {"type": "webauthn.create"}}, webauthn.NOT_RIGHT),
    ("not touched", {"flags": VERIFIED}, webauthn.NOT_TOUCHED),
    ("a signature of nothing", {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"}, webauthn.NOT_RIGHT),
    ("no signature", {"signature": b""}, webauthn.NOT_RIGHT),
    ("another private key", {"private": ec.generate_private_key(ec.SECP256R1())}, webauthn.NOT_RIGHT),
    ("a credential that nobody has", {"raw_id": b"y" * 32}, using.NOT_YOURS),
]


def test_register_and_log_in(web: Any, school: SchoolForTests) -> None:
    """ACC-06, ACC-07: added with a name, listed with its dates, asked for after the password, and it
    elevates the session under a new token."""
    browser = web(school, "teacher")
    key = SoftwareKey(origin_of(school), verifies_user=True)
    assert "The key is added" in text_of(register(browser, key, "My blue key").follow())
    assert [mail["to_user"] for mail in mails(school, "key-added")] == [str(school.users["teacher"])]
    assert events(school).count("key.added") == 1
    fresh = web(school)
    step = log_in(fresh, school, "teacher").follow()
    page = text_of(step)
    assert "Use your security key" in page and "6-digit code" not in page
    before = fresh.session
    assert use(fresh, key).location == f"http://{school.host}/"
    assert fresh.session != before
    listed = text_of(fresh.get("/account/keys"))
    assert "My blue key" in listed and "Not used yet" not in listed
    assert "asks for a PIN, fingerprint or face" in listed
    assert "First used" in listed and "Last used" in listed
    assert events(school).count("login.elevated") == 1


def test_question_says_what_the_browser_must_ask(web: Any, school: SchoolForTests) -> None:
    """ACC-06: the host without its port, no attestation, a PIN where the key has one, none twice."""
    browser = web(school, "head")
    key = SoftwareKey(origin_of(school))
    register(browser, key)
    asked = ask(browser, "/account/keys/register/question")["options"]
    assert asked["rp"]["id"] == school.host
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"
    assert [unb64(one["id"]) for one in asked["excludeCredentials"]] == [key.credential_id]
    assert unb64(asked["user"]["id"]) == account_of(school, "head").bytes
    assert {one["alg"] for one in asked["pubKeyCredParams"]} == {-7, -8, -257}
    step = ask(web(school, "head", elevated=False), "/elevate/question")["options"]
    assert step["rpId"] == school.host and step["userVerification"] == "preferred"
    assert [unb64(one["id"]) for one in step["allowCredentials"]] == [key.credential_id]


def test_several_keys_and_codes_beside_them(web: Any, school: SchoolForTests) -> None:
    """ACC-06, ACC-07: each of several keys elevates; so does a code of the authenticator."""
    browser = web(school, "lead")
    keys = [SoftwareKey(origin_of(school)) for _ in range(3)]
    for number, key in enumerate(keys):
        register(browser, key, f"Key {number}")
    page = web(school, "lead", elevated=False).get("/elevate")
    assert "Use your security key" in text_of(page) and "6-digit code" in text_of(page)
    for key in keys:
        assert use(web(school, "lead", elevated=False), key).status_int == 302
    by_code = web(school, "lead", elevated=False)
    assert by_code.submit("/elevate", {"code": code_of(school, "lead")}).status_int == 302


@pytest.mark.parametrize(("what", "wrong", "said"), REGISTER_WRONG, ids=[one[0] for one in REGISTER_WRONG])
def test_registration_that_is_wrong(
    web: Any, school: SchoolForTests, what: str, wrong: dict[str, Any], said: str
) -> None:
    """ACC-06: refused in plain words; nothing is saved; what was typed stays."""
    browser = web(school, "teacher")
    page = register(browser, SoftwareKey(origin_of(school)), "Kept name", **wrong)
    assert said in text_of(page), what
    assert page.html.find("input", id="name")["value"] == "Kept name"
    assert security_keys(school, "teacher") == []


@pytest.mark.parametrize(("what", "wrong", "said"), USE_WRONG, ids=[one[0] for one in USE_WRONG])
def test_answer_that_is_wrong(
    web: Any, school: SchoolForTests, what: str, wrong: dict[str, Any], said: str
) -> None:
    """ACC-06, ACC-07: refused in plain words, written down, and the session stays restricted."""
    key = registered(web, school)
    browser = web(school, "teacher")
    before = browser.session
    assert said in text_of(use(browser, key, **wrong)), what
    assert browser.session == before
    assert events(school).count("login.wrong-key") == 1
    assert use(browser, key).status_int == 302  # the next try is right


def test_key_of_somebody_else(web: Any, school: SchoolForTests) -> None:
    """ACC-06: another account's credential opens nothing, though its signature is right."""
    registered(web, school, "teacher")
    others = registered(web, school, "colleague")
    assert using.NOT_YOURS in text_of(use(web(school, "teacher"), others))


def test_key_of_another_school(web: Any, school: SchoolForTests, other_school: SchoolForTests) -> None:
    """ACC-06, wrong school address: a key answers to one host name, and another school's question is not
    this one's."""
    here, there = registered(web, school), registered(web, other_school)
    assert "at another address than" in text_of(use(web(school, "teacher"), there, raw_id=here.credential_id))
    theirs = ask(web(other_school, "teacher"), "/elevate/question")
    browser = web(school, "teacher")
    fields = {"question": theirs["question"], "answer": there.use(theirs["options"])}
    assert questions.TOO_LATE in text_of(browser.submit("/elevate", fields))


def test_key_that_was_added_at_another_address(web: Any, school: SchoolForTests) -> None:
    """ACC-06, wrong school address: the page names where the key works, and that none works here."""
    key = registered(web, school)
    asked = ask(web(school, "teacher"), "/elevate/question")
    with school.app.transaction(school.id) as db:
        db.execute(
            update(SecurityKey)
            .where(SecurityKey.account_id == account_of(school, "teacher"))
            .values(rp_id="old-name.example")
        )
    browser = web(school, "teacher")
    page = text_of(browser.get("/elevate"))
    assert "None of your keys works at this address" in page and "old-name.example" in page
    refused = ask(browser, "/elevate/question")
    assert (
        not refused["ok"] and "old-name.example" in refused["message"] and school.host in refused["message"]
    )
    stale = web(school, "teacher")
    mine = _question_for(school, stale)
    fields = {"question": mine, "answer": key.use(asked["options"])}
    assert "works only there: old-name.example" in text_of(stale.submit("/elevate", fields))


def _question_for(school: SchoolForTests, browser: Any) -> str:
    """A question of this browser's session, whichever keys there are."""
    made, now = new_id(), utc_now()
    with school.app.transaction(school.id) as db:
        db.add(
            KeyChallenge(
                id=made,
                account_id=account_of(school, "teacher"),
                purpose="use",
                session_hash=hashed(browser.session),
                challenge=secrets.token_bytes(32),
                created_at=now,
                expires_at=now + questions.VALID,
            )
        )
    return str(made)


def test_no_key_registered(web: Any, school: SchoolForTests) -> None:
    """ACC-06: who has an authenticator only is told so."""
    refused = ask(web(school, "lead", elevated=False), "/elevate/question")
    assert refused == {"ok": False, "message": using.NO_KEY}
    page = text_of(web(school, "lead", elevated=False).get("/elevate"))
    assert "Use your security key" not in page and "6-digit code" in page


def test_browser_without_an_answer(web: Any, school: SchoolForTests) -> None:
    """ACC-06: without scripts the form says what is missing; without a name, only that."""
    browser = web(school, "teacher")
    page = text_of(browser.submit("/account/keys/register", {"name": "Key"}))
    assert "No key answered" in page
    page = text_of(browser.submit("/account/keys/register", {"name": " "}))
    assert "Give it a name" in page and "No key answered" not in page
    registered(web, school)
    page = text_of(web(school, "teacher").submit("/elevate", {"answer": "", "question": ""}))
    assert using.NOT_ASKED in page and "login.wrong-key" not in events(school)


def test_question_is_used_up_by_one_answer(web: Any, school: SchoolForTests) -> None:
    """ACC-06: sent three times at the same moment, an answer counts once."""
    key = registered(web, school)
    browser = web(school, "teacher")
    asked = ask(browser, "/elevate/question")
    answer = key.use(asked["options"])
    fields = {"question": asked["question"], "answer": answer, "csrf_token": browser.csrf()}
    tabs = [web(school) for _ in range(3)]
    for tab in tabs:
        tab.set_cookie("session", browser.session)
    at_once(3, lambda number: tabs[number].post("/elevate", fields, expect_errors=True))
    assert events(school).count("login.elevated") == 1


def test_question_is_used_up_by_a_wrong_answer(web: Any, school: SchoolForTests) -> None:
    """ACC-06: nobody tries twice on one question."""
    key = registered(web, school)
    browser = web(school, "teacher")
    asked = ask(browser, "/elevate/question")
    wrong = {"question": asked["question"], "answer": key.use(asked["options"], signature=b"x")}
    assert webauthn.NOT_RIGHT in text_of(browser.submit("/elevate", wrong))
    right = {"question": asked["question"], "answer": key.use(asked["options"])}
    assert questions.TOO_LATE in text_of(browser.submit("/elevate", right))


def test_question_belongs_to_its_session_and_purpose(web: Any, school: SchoolForTests) -> None:
    """ACC-06: neither another session of the same person nor registering can use it."""
    key = registered(web, school)
    one, two = web(school, "teacher"), web(school, "teacher")
    asked = ask(one, "/elevate/question")
    fields = {"question": asked["question"], "answer": key.use(asked["options"])}
    assert questions.TOO_LATE in text_of(two.submit("/elevate", fields))
    assert one.submit("/elevate", fields).status_int == 302
    lead = web(school, "lead")
    own = SoftwareKey(origin_of(school))
    register(lead, own)
    asked = ask(lead, "/account/keys/register/question")
    step = web(school, "lead", elevated=False)
    fields = {"question": asked["question"], "answer": own.use(ask(step, "/elevate/question")["options"])}
    assert questions.TOO_LATE in text_of(step.submit("/elevate", fields))


def test_question_runs_out(web: Any, school: SchoolForTests, clock: Any) -> None:
    """ACC-06: after five minutes, and it is taken away by the next one."""
    key = registered(web, school)
    browser = web(school, "teacher")
    asked = ask(browser, "/elevate/question")
    fields = {"question": asked["question"], "answer": key.use(asked["options"])}
    clock(minutes=5, seconds=1)
    assert questions.TOO_LATE in text_of(browser.submit("/elevate", fields))
    ask(browser, "/elevate/question")
    with school.app.session(school.id, writes=False) as db:
        assert db.get(KeyChallenge, uuid.UUID(asked["question"])) is None


@pytest.mark.parametrize("counter", [3, 2, 0])
def test_counter_that_does_not_rise(web: Any, school: SchoolForTests, counter: int) -> None:
    """ACC-06: a copy of a key is refused, written down and told to the owner by mail; the key itself goes
    on."""
    key = registered(web, school)
    assert use(web(school, "teacher"), key).status_int == 302
    assert security_keys(school, "teacher")[0].sign_count == 3
    browser = web(school, "teacher")
    page = use(browser, key, counter=counter)
    assert "there may be a copy of it" in text_of(page)
    assert events(school).count("key.cloned") == 1
    assert [mail["to_user"] for mail in mails(school, "key-cloned")] == [str(school.users["teacher"])]
    assert security_keys(school, "teacher")[0].sign_count == 3
    assert use(browser, key, counter=4).status_int == 302


def test_key_that_counts_nothing(web: Any, school: SchoolForTests) -> None:
    """ACC-06: passkeys stay at 0; one that begins to count is held to it."""
    key = registered(web, school, counts=False)
    for _ in range(2):
        assert use(web(school, "teacher"), key).status_int == 302
    assert use(web(school, "teacher"), key, counter=2**32 - 1).status_int == 302
    assert "there may be a copy of it" in text_of(use(web(school, "teacher"), key))


def test_key_on_two_accounts(web: Any, school: SchoolForTests) -> None:
    """ACC-06: a key on one live account is refused for another, and for the same one again; once removed it
    can be registered by somebody else."""
    key = registered(web, school, "teacher")
    assert SOMEBODY_ELSES in text_of(register(web(school, "colleague"), key))
    holder = web(school, "teacher")
    use(holder, key)
    assert YOURS_ALREADY in text_of(register(holder, key))
    (mine,) = security_keys(school, "teacher")
    holder.submit(f"/account/keys/{mine.id}/remove")
    assert register(web(school, "colleague"), key).status_int == 302
    assert use(web(school, "colleague"), key).status_int == 302


def test_removed_key_opens_nothing(web: Any, school: SchoolForTests) -> None:
    """ACC-06: also with a question that was asked before."""
    key = registered(web, school, "lead")
    browser = web(school, "lead", elevated=False)
    asked = ask(browser, "/elevate/question")
    (mine,) = security_keys(school, "lead")
    web(school, "lead").submit(f"/account/keys/{mine.id}/remove")
    fields = {"question": asked["question"], "answer": key.use(asked["options"])}
    assert using.NOT_YOURS in text_of(browser.submit("/elevate", fields))


@pytest.mark.parametrize(
    "public",
    [
        {1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32},  # no point of the curve
        {1: 2, 3: -7, -1: 2, -2: b"x" * 32, -3: b"y" * 32},  # another curve
        {1: 2, 3: -7},
        {1: 3, 3: -257, -1: b"\x01", -2: b"\x03"},
        {1: 2, 3: -47, -1: 8, -2: b"x" * 32, -3: b"y" * 32},  # an algorithm that was not offered
        {1: 2, 3: -65535},
    ],
)
def test_public_key_that_proves_nothing(web: Any, school: SchoolForTests, public: dict[int, Any]) -> None:
    """ACC-06: a credential that could never be checked is not saved."""
    page = register(web(school, "teacher"), SoftwareKey(origin_of(school)), public_key=cbor.encode(public))
    assert webauthn.NOT_THIS_KIND in text_of(page)
    assert security_keys(school, "teacher") == []


@pytest.mark.parametrize(
    "answer",
    [
        "x",
        "[]",
        "null",
        "{}",
        '{"rawId": 100000000000, "response": {}}',
        '{"rawId": "AAAA", "response": 5}',
        '{"rawId": "AAAA", "response": {"clientDataJSON": 9999999999, "attestationObject": 9999999999, '
        '"authenticatorData": 9999999999, "signature": 9999999999}}',
        "[" * 10_000,
        json.dumps({"rawId": "AAAA", "response": {"clientDataJSON": "A" * 40_000}}),
    ],
)
def test_answers_that_are_none(web: Any, school: SchoolForTests, answer: str) -> None:
    """ACC-06: refused in words and in no time; a number is no order for that many bytes."""
    browser = web(school, "teacher")
    asked = ask(browser, "/account/keys/register/question")
    fields = {"name": "Key", "question": asked["question"], "answer": answer}
    assert webauthn.UNREADABLE in text_of(browser.submit("/account/keys/register", fields))
    registered(web, school)
    browser = web(school, "teacher")
    asked = ask(browser, "/elevate/question")
    page = browser.submit("/elevate", {"question": asked["question"], "answer": answer})
    assert webauthn.UNREADABLE in text_of(page)


def test_tries_are_counted(web: Any, school: SchoolForTests) -> None:
    """ACC-13: security keys and codes share one count of failures."""
    key = registered(web, school)
    browser = web(school, "teacher")
    for _ in range(3):
        use(browser, key, signature=b"")
    assert "too many tries" in text_of(use(browser, key))
