"""Prints that are too long to wait for: made by the worker, for who asked, for a day."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pikepdf
import pytest
from browsing import Browser, Web, text_of
from paper import opened, pages_of
from paper import text_of as printed_text
from recorded import recorded
from sqlalchemy import delete, select

from cpoms_core.access.models import GroupCategory, GroupPermission, SoftKey, User
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.documents import prepared
from cpoms_core.documents.models import PreparedFile
from cpoms_core.documents.storage import FileDamaged
from cpoms_core.errors import Refused
from cpoms_core.incidents.models import IncidentCategory
from cpoms_core.incidents.services import Merge, delete_incident, merge_incident
from cpoms_core.outbox.claims import claim_due
from cpoms_core.outbox.models import OutboxItem, Wakeup
from cpoms_core.outbox.running import run_claimed
from cpoms_core.printing import services
from cpoms_core.printing.queries import Chosen
from cpoms_core.testing.schools import SchoolForTests

Work = Callable[[], None]


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two incidents are a part, so that three are a long print."""
    from cpoms_core.printing import content

    monkeypatch.setattr(content, "MOST_INCIDENTS", 2)
    monkeypatch.setattr(services, "MOST_INCIDENTS", 2)


def ask(school: SchoolForTests, browser: Browser, **fields: str) -> str:
    """Asks for a print of Aoife's chronology; the address of the page that waits."""
    answer = browser.submit(f"/students/{school.students['aoife']}/incidents/print", fields, status=303)
    return str(answer.location)


def files(school: SchoolForTests) -> list[PreparedFile]:
    with school.app.session(school.id, writes=False) as db:
        return list(db.scalars(select(PreparedFile).order_by(PreparedFile.asked_at)))


def stored(school: SchoolForTests, file_id: uuid.UUID) -> bool:
    """Whether the storage has the bytes of a file."""
    from cpoms_core.tenancy.models import School

    with school.app.session(school.id, writes=False) as db:
        key = db.scalars(select(School.file_key).where(School.id == school.id)).one() or ""
    try:
        return bool(b"".join(school.app.storage.read(key, school.id, file_id)))
    except FileDamaged:
        return False


def many(school: SchoolForTests, count: int = 5) -> list[uuid.UUID]:
    return [recorded(school, f"Number {at} of them.").id for at in range(count)]


def test_a_long_print_is_made_by_the_worker(school: SchoolForTests, web: Web, work: Work) -> None:
    """Issue 4, PDF: the page waits, shows how far it is, then has the file; pages count over all parts."""
    ids = many(school)
    lead = web(school, "lead")
    address = ask(school, lead)
    waiting = lead.get(address)
    assert "Waiting for its turn." in waiting
    part = waiting.html.find(id="prepared")
    assert part["hx-get"] in address and part["hx-trigger"] == "every 1s"
    assert waiting.html.find("progress") and waiting.html.find("a", string="Look again")
    assert lead.get(f"{address}/file", status=404)
    work()
    ready = lead.get(address)
    assert "hx-get" not in ready.html.find(id="prepared").attrs
    answer = ready.click("Download the PDF")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    pages = pages_of(answer.body)
    assert len(pages) == 3
    for number, page in enumerate(pages, 1):
        assert f"{number} of 3" in page and "Printed by Lena Lead" in page
    assert all(f"Number {at} of them." in "".join(pages) for at in range(5))
    with opened(answer.body) as pdf, pdf.open_outline() as outline:
        assert len(outline.root) == 5
    with school.app.session(school.id, writes=False) as db:
        made = db.scalars(select(AuditEntry).where(AuditEntry.event == "record.printed")).one()
        fetched = db.scalars(select(AuditEntry).where(AuditEntry.event == "prepared-file.fetched")).one()
    assert (made.user_id, made.channel) == (school.users["lead"], "worker")
    assert set(made.subjects) == set(fetched.subjects) == {
        str(school.students["aoife"]), *map(str, ids)
    }  # fmt: skip


def test_the_page_says_how_far_it_is(
    school: SchoolForTests, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 4, PDF: a progress bar that moves while parts are made."""
    many(school)
    lead = web(school, "lead")
    address = ask(school, lead)
    seen: list[tuple[str, str | None]] = []
    real = prepared._progress

    def looking(*arguments: Any) -> None:
        real(*arguments)
        page = lead.get(address)
        seen.append((page.html.find("progress")["value"], text_of(page).partition("Part ")[2][:6]))

    monkeypatch.setattr(prepared, "_progress", looking)
    for claim in claim_due(school.app, utc_now(), most=50):
        run_claimed(school.app, claim)
    assert seen == [("0", "0 of 3"), ("33", "1 of 3"), ("66", "2 of 3"), ("100", "3 of 3")]


def test_only_who_asked_may_see_and_fetch_it(
    school: SchoolForTests, other_school: SchoolForTests, web: Web, work: Work
) -> None:
    """Issue 4, PDF: nobody else, and not without the key."""
    many(school)
    address = ask(school, web(school, "lead"))
    work()
    for somebody in (
        web(school, "head"), web(school, "admin"), web(school, "teacher"),
        web(school, "lead", elevated=False),
        web(other_school, "lead"),
    ):  # fmt: skip
        path = address.partition("localhost")[2] or address
        somebody.get(path, status=404)
        somebody.get(f"{path}/file", status=404)
    assert web(school, "lead").get(f"{address}/file").body.startswith(b"%PDF")


def test_what_was_moved_out_of_sight_is_not_fetched(school: SchoolForTests, web: Web, work: Work) -> None:
    """USR-12.7: what counts is who may see it when it is fetched, not when it was made. What became of it is
    not said: the page that leads to where it is made anew is the same for what was deleted."""
    ids = many(school)
    head = web(school, "head")
    address = ask(school, head)
    work()
    assert head.get(f"{address}/file").body.startswith(b"%PDF")
    with school.app.transaction(school.id) as db:
        secret = school.categories["Child Protection"]
        db.add(IncidentCategory(school_id=school.id, incident_id=ids[0], category_id=secret))
    hidden = head.get(f"{address}/file", status=410)
    assert "Child Protection" not in hidden.text and "Number 0" not in hidden.text
    with school.app.transaction(school.id) as db:
        delete_incident(db, school.viewer("lead"), ids[1], "Wrong child.", opened=1)
    deleted = head.get(f"{address}/file", status=410)
    assert text_of(deleted) == text_of(hidden) and "no longer on the record as it was" in deleted


def test_a_print_that_is_out_of_date_leads_to_where_it_is_made_anew(
    school: SchoolForTests, web: Web, work: Work
) -> None:
    """EDT-02, EDT-04: "Your PDFs" goes on offering it; an incident was merged, and so is not there by itself.
    That is no fetching."""
    ids = many(school)
    lead = web(school, "lead")
    ask(school, lead)
    work()
    with school.app.transaction(school.id) as db:
        merge_incident(db, school.viewer("lead"), Merge(ids[0], 1, ids[1], 1))
    page = lead.get(lead.get("/prepared").html.select_one("#main a[href$='/file']")["href"], status=410)
    assert page.content_type == "text/html"
    with school.app.session(school.id, writes=False) as db:
        assert not db.scalars(select(AuditEntry).where(AuditEntry.event == "prepared-file.fetched")).all()
    anew = page.html.find("a", string="Go to where it is made anew")["href"]
    assert anew == f"/students/{school.students['aoife']}/incidents"
    assert lead.get(anew).status_int == 200


def test_rights_of_the_moment_when_it_is_made_count(school: SchoolForTests, web: Web, work: Work) -> None:
    """USR-12.7: what the asker may no longer see is not printed; one who was deactivated gets no file."""
    many(school)
    address = ask(school, web(school, "head"))
    with school.app.transaction(school.id) as db:
        db.execute(
            delete(GroupCategory)
            .where(
                GroupCategory.group_id == school.groups["Heads of year"],
                GroupCategory.category_id == school.categories["Behaviour"],
            )
            .execution_options(synchronize_session=False)
        )
    work()
    read = printed_text(web(school, "head").get(f"{address}/file").body)
    assert "0 incidents" in read and "of them." not in read
    ask(school, web(school, "lead"))
    with school.app.transaction(school.id) as db:
        db.get_one(User, (school.id, school.users["lead"])).deactivated_at = utc_now()
    work()
    assert files(school)[-1].state == "failed"


def test_names_stay_hidden_in_the_worker(school: SchoolForTests, web: Web, work: Work) -> None:
    """DSH-08: the worker prints as the session that asked was, file name included."""
    many(school, 2)
    recorded(school, "Aoife and Chloë.")
    lead = web(school, "lead")
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    address = ask(school, lead)
    work()
    answer = lead.get(f"{address}/file")
    assert "A*** and C***." in printed_text(answer.body)
    assert "Aoife" not in printed_text(answer.body)
    assert "Aoife" not in answer.headers["Content-Disposition"] + files(school)[0].name


def test_a_print_with_names_is_kept_back_while_they_are_hidden(
    school: SchoolForTests, web: Web, work: Work
) -> None:
    """DSH-08: what was chosen when it was asked for counts for what is in it, whatever is pressed meanwhile;
    with names in it, it is handed out only where they are shown. That is no fetching, and the page leads to
    where it is asked for anew."""
    many(school, 2)
    recorded(school, "Aoife and Chloë.")
    lead = web(school, "lead")
    with_names = ask(school, lead)
    lead.submit("/session/names", {"hidden": "yes", "next": "/"})
    without = ask(school, lead)
    work()
    for page in (lead.get("/prepared"), lead.get(with_names)):
        assert "Aoife" not in page.text
    kept_back = lead.get(f"{with_names}/file")
    assert kept_back.content_type == "text/html" and "Aoife" not in kept_back.text
    assert "made while names were shown" in kept_back
    with school.app.session(school.id, writes=False) as db:
        assert not db.scalars(select(AuditEntry).where(AuditEntry.event == "prepared-file.fetched")).all()
    anew = kept_back.html.find("a", string="Go to where it is made anew")["href"]
    assert anew == f"/students/{school.students['aoife']}/incidents"
    shown = kept_back.html.select_one('#main form input[name="next"]')
    assert shown["value"] == f"{urlsplit(with_names).path}/file"
    assert "A*** and C***." in printed_text(lead.get(f"{without}/file").body)
    lead.submit("/session/names", {"hidden": "no", "next": "/"})
    named = lead.get(f"{with_names}/file")
    assert "Aoife and Chloë." in printed_text(named.body)
    assert "Aoife" in named.headers["Content-Disposition"]
    assert "A*** and C***." in printed_text(lead.get(f"{without}/file").body)


def test_a_report_is_not_fetched_without_the_right_to_reports(
    school: SchoolForTests, web: Web, work: Work
) -> None:
    """USR-04, USR-12.7: the right is asked for again when it is fetched, and when it is made. A print of the
    page needs it in no case."""
    many(school)
    head = web(school, "head")

    def ask_report() -> str:
        page = head.get(f"/students/{school.students['aoife']}/report")
        form = next(one for one in page.forms.values() if "incidents" in one.fields)
        form["incidents"] = True
        return str(form.submit(status=303).location)

    made, plain = ask_report(), ask(school, head)
    work()
    assert head.get(f"{made}/file").body.startswith(b"%PDF")
    late = ask_report()
    with school.app.transaction(school.id) as db:
        group = school.groups["Heads of year"]
        db.execute(
            delete(GroupPermission)
            .where(GroupPermission.group_id == group, GroupPermission.permission == "reports:run")
            .execution_options(synchronize_session=False)
        )
    work()
    head.get(f"{made}/file", status=404)
    assert head.get(f"{plain}/file").body.startswith(b"%PDF")
    assert "It could not be made." in head.get(late)


@pytest.mark.parametrize("vouched", [False, True])
def test_who_lost_every_key_meanwhile_gets_no_file(
    school: SchoolForTests, web: Web, work: Work, vouched: bool
) -> None:
    """ACC-15, USR-12.2: it was asked for with a key, and is made with one. Who was vouched for by a provider
    needs none."""
    many(school)
    if vouched:
        viewer = replace(school.viewer("lead"), has_key=False)
        wanted = services.RecordWanted(school.students["aoife"], Chosen(school.students["aoife"]))
        with school.app.transaction(school.id) as db:
            prepared.ask(db, viewer, "record print", wanted.as_json())
    else:
        ask(school, web(school, "lead"))
    with school.app.transaction(school.id) as db:
        account = db.get_one(User, (school.id, school.users["lead"])).account_id
        keys = db.scalars(select(SoftKey).where(SoftKey.account_id == account)).all()
        for key in keys:
            key.removed_at = utc_now()
        assert keys
    work()
    assert files(school)[0].state == ("ready" if vouched else "failed")


def test_a_password_waits_sealed_and_is_forgotten(school: SchoolForTests, web: Web, work: Work) -> None:
    """STU-07: until the file is made only the deployment's key opens it; then it is gone."""
    many(school)
    lead = web(school, "lead")
    page = lead.get(f"/students/{school.students['aoife']}/report")
    form = next(one for one in page.forms.values() if "incidents" in one.fields)
    form["incidents"], form["password"], form["password_again"] = True, "correct horse", "correct horse"
    address = form.submit(status=303).location
    (file,) = files(school)
    with school.app.session(school.id, writes=False) as db:
        items = [one.payload for one in db.scalars(select(OutboxItem))]
    assert file.wanted["sealed"]
    assert "correct" not in str(file.wanted) + str(items)
    work()
    (file,) = files(school)
    assert set(file.wanted) == {"subjects", "names_hidden", "needs", "again"}
    content = lead.get(f"{address}/file").body
    with pytest.raises(pikepdf.PasswordError):
        opened(content)
    assert "Number 4 of them." in printed_text(content, password="correct horse")


def test_words_that_were_looked_for_are_forgotten(school: SchoolForTests, web: Web, work: Work) -> None:
    """INC-14: what the filters asked is kept until the print is made, and no longer."""
    many(school)
    ask(school, web(school, "lead"), words="them number")
    assert files(school)[0].wanted["of"]["chosen"]["words"] == "them number"
    work()
    assert "them" not in str(files(school)[0].wanted)


def all_due(school: SchoolForTests) -> None:
    """What the school's work waits for has come."""
    with school.app.transaction(None) as db:
        for wakeup in db.scalars(select(Wakeup).where(Wakeup.school_id == school.id)):
            wakeup.due_at = utc_now()


@pytest.fixture
def killed(app: Application, school: SchoolForTests, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A worker that is killed in the middle of a print, as often as it is called."""

    class Killed(BaseException):
        """As SIGKILL: nothing afterwards is done."""

    def die(*_arguments: Any, **_options: Any) -> Any:
        raise Killed

    def run() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(services, "make_pdf", die)
            patched.setattr("cpoms_core.outbox.running._fail", lambda *_: None)
            for claim in claim_due(app, utc_now(), most=1000):
                if claim.school_id == school.id:
                    with pytest.raises(Killed):
                        run_claimed(app, claim)
        all_due(school)  # its lease runs out

    return run


def test_a_killed_worker_is_made_up_for_once(
    school: SchoolForTests, web: Web, work: Work, killed: Callable[[], None]
) -> None:
    """Issue 4, PDF: after one kill the file is made again; after two it is given up, and the page says so."""
    many(school)
    lead = web(school, "lead")
    address = ask(school, lead)
    killed()
    assert files(school)[0].state == "making"
    assert "Being made." in lead.get(address)
    work()
    assert files(school)[0].state == "ready"
    address = ask(school, lead)
    killed()
    killed()
    assert files(school)[1].state == "again"
    assert "Being made once more." in lead.get(address)
    work()
    assert files(school)[1].state == "failed"
    assert "It could not be made." in lead.get(address)
    assert set(files(school)[1].wanted) == {"subjects"}
    lead.get(f"{address}/file", status=404)


def test_a_print_that_fails_is_tried_once_more(
    school: SchoolForTests, web: Web, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 4, PDF: and then it is over, so that no worker turns in a circle."""
    calls: list[int] = []

    def fail(*_arguments: Any, **_options: Any) -> Any:
        calls.append(1)
        raise OSError("no room")

    many(school)
    ask(school, web(school, "lead"))
    monkeypatch.setattr(services, "make_pdf", fail)
    work()
    all_due(school)
    work()
    assert len(calls) == 2 and files(school)[0].state == "failed"


def test_it_expires_and_is_swept(school: SchoolForTests, web: Web, work: Work) -> None:
    """Issue 4, PDF: after a day the page is gone, and at the next sweep the bytes; a younger one stays."""
    many(school)
    lead = web(school, "lead")
    old, young = ask(school, lead), ask(school, lead)
    work()
    first, second = files(school)
    assert stored(school, first.id) and stored(school, second.id)
    with school.app.transaction(school.id) as db:
        db.get_one(PreparedFile, (school.id, first.id)).expires_at = utc_now() - dt.timedelta(seconds=1)
    lead.get(old, status=404)
    lead.get(f"{old}/file", status=404)
    assert prepared.forget_expired(school.app, school.id, utc_now()) == 1
    assert prepared.forget_expired(school.app, school.id, utc_now()) == 0
    assert not stored(school, first.id) and stored(school, second.id)
    assert (files(school)[0].state, files(school)[0].wanted) == ("expired", {})
    assert lead.get(f"{young}/file").body.startswith(b"%PDF")
    assert dt.timedelta(hours=24) == prepared.LIFE


def test_ones_own_are_listed(school: SchoolForTests, web: Web, work: Work) -> None:
    """Issue 4, PDF: the way back for who has left the page; not without a key, nor for others."""
    many(school)
    lead = web(school, "lead")
    assert "There is nothing here." in lead.get("/prepared")
    address, old = ask(school, lead), ask(school, lead)
    waiting = lead.get("/prepared")
    assert text_of(waiting).count("Waiting for its turn.") == 2
    assert waiting.html.select_one(f'#main a[href="{urlsplit(address).path}"]')
    work()
    with school.app.transaction(school.id) as db:
        db.get_one(PreparedFile, (school.id, files(school)[1].id)).expires_at = utc_now()
    page = lead.get("/prepared")
    (link,) = page.html.select("#main .rows a")
    assert "O'Connor" in link.get_text() and "Waiting" not in text_of(page)
    assert lead.get(link["href"]).body.startswith(b"%PDF")
    assert urlsplit(old).path not in page.text
    for other in (web(school, "head"), web(school, "lead", elevated=False)):
        assert "There is nothing here." in other.get("/prepared")


def test_what_expired_before_it_was_made_is_not_made(school: SchoolForTests, web: Web, work: Work) -> None:
    many(school)
    ask(school, web(school, "lead"))
    with school.app.transaction(school.id) as db:
        for file in db.scalars(select(PreparedFile)):
            file.expires_at = utc_now()
    work()
    assert files(school)[0].state == "waiting" and not stored(school, files(school)[0].id)


def test_nobody_fills_the_queue(school: SchoolForTests) -> None:
    """Issue 4, PDF: five at a time for one person."""
    viewer = school.viewer("lead")
    with school.app.transaction(school.id) as db:
        for _ in range(prepared.MOST_WAITING):
            prepared.ask(db, viewer, "record print", {})
        with pytest.raises(Refused, match="still being made"):
            prepared.ask(db, viewer, "record print", {})
        prepared.ask(db, school.viewer("head"), "record print", {})


def test_presses_that_are_busy_leave_it_to_the_worker(
    school: SchoolForTests, web: Web, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 4, PDF: a short print, too, becomes a task where two others are being made."""
    monkeypatch.setattr(services, "AT_ONCE_SECONDS", 0.2)
    recorded(school, "A short one.")
    lead = web(school, "lead")
    for _ in range(2):
        services.PRESSES.acquire()
    try:
        address = ask(school, lead)
    finally:
        for _ in range(2):
            services.PRESSES.release()
    work()
    assert "A short one." in printed_text(lead.get(f"{address}/file").body)


def test_asking_writes_no_more_than_it_must(school: SchoolForTests) -> None:
    """One writer: the post that prints reads only; asking is a short transaction of its own."""
    from cpoms_core.config import configure

    routes = configure(school.app).registry.reading_routes
    assert {"student-incidents-print", "whole-school-print", "student-report"} <= routes


def test_a_wanted_print_survives_as_json() -> None:
    """What goes into a task comes out of it."""
    from cpoms_core.incidents.filters import ChronologyFilter
    from cpoms_core.printing.services import RecordWanted

    one = uuid.uuid4()
    only = ChronologyFilter("words", one, dt.date(2026, 1, 2), dt.date(2026, 2, 3), one, one)
    full = RecordWanted(one, Chosen(one, only, (one,), False, False, True), ("Age",), True, True, True)
    for wanted in (full, RecordWanted(None, Chosen(None)), replace(full, chosen=None)):
        assert RecordWanted.from_json(wanted.as_json()) == wanted
