"""A form that an administrator makes on its pages, and what is put into it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cpoms_formbuilder.kinds import id_in
from cpoms_formbuilder.models import CustomField, Value
from sqlalchemy import select

from cpoms_core.access.viewer import utc_now
from cpoms_core.database.types import new_id
from cpoms_core.incidents.models import Action, Incident
from cpoms_core.tenancy.services import switch_module
from cpoms_core.testing.browsing import Browser, Web
from cpoms_core.testing.schools import SchoolForTests

sys.path.insert(0, str(Path(__file__).parent))


class Builder:
    """The lead at the form builder."""

    def __init__(self, school: SchoolForTests, lead: Browser) -> None:
        self.school, self.lead = school, lead

    def page(self, form: str = "incident") -> Any:
        return self.lead.get(f"/formbuilder/forms/{form}")

    def revision(self, form: str = "incident") -> str:
        return str(self.page(form).html.select_one("[name=revision]")["value"])

    def names(self, form: str = "incident") -> list[str]:
        return [one["value"] for one in self.page(form).html.select("[name=order]")]

    def arrange(
        self, order: list[str], form: str = "incident", deed: str = "save", status: int = 303, **more: str
    ) -> Any:
        sent = [("csrf_token", self.lead.csrf()), ("revision", more.pop("revision", self.revision(form)))]
        sent += [("order", one) for one in order]
        sent += [(name.replace("__", "-"), text) for name, text in more.items()]
        return self.lead.post(f"/formbuilder/forms/{form}", [*sent, ("deed", deed)], status=status)

    def publish(self, form: str = "incident") -> None:
        self.arrange(self.names(form), form, "publish")

    def field(
        self, label: str, kind: str = "text", form: str = "incident", status: int = 303, **more: Any
    ) -> str:
        """Makes or edits (`path`) a field; the name that it has on its form."""
        path = more.pop("path", f"/formbuilder/forms/{form}/fields/new")
        before = set(self.names(form))
        sent = [("csrf_token", self.lead.csrf()), ("label", label), ("kind", kind)]
        sent.append(("revision", more.pop("revision", self.revision(form))))
        for one in more.pop("options", ()):
            known, text = one if isinstance(one, tuple) else ("", one)
            sent += [("option_id", known), ("option", text)]
        sent += [("categories", str(self.school.categories[one])) for one in more.pop("categories", ())]
        self.lead.post(path, [*sent, *more.items()], status=status)
        return next(iter(set(self.names(form)) - before), "")

    def path(self, name: str, form: str = "incident") -> str:
        return f"/formbuilder/forms/{form}/fields/{id_in(name)}"

    def do(self, name: str, deed: str, form: str = "incident") -> None:
        sent = {"csrf_token": self.lead.csrf(), "revision": self.revision(form), "deed": deed}
        self.lead.post(self.path(name, form), sent, status=303)


@pytest.fixture
def builder(school: SchoolForTests, web: Web) -> Builder:
    """In a school where only this module is on."""
    with school.app.transaction(school.id) as db:
        for name in school.app.modules:
            switch_module(db, name, name == "formbuilder", utc_now())
    return Builder(school, web(school, "lead"))


class Records:
    """What is recorded on the forms."""

    def __init__(self, school: SchoolForTests, web: Web) -> None:
        self.school, self._web = school, web
        self.lead = web(school, "lead")

    def add(
        self, *categories: str, who: str = "lead", status: int = 302, text: str = "A note.", **values: Any
    ) -> Any:
        browser = self._web(self.school, who)
        sent = [
            ("csrf_token", browser.csrf()),
            ("submission", str(new_id())),
            ("student", str(self.school.students["aoife"])),
            ("text", text),
            ("occurred", "2026-01-05T08:35"),
            *(("categories", str(self.school.categories[one])) for one in categories or ("Behaviour",)),
            *pairs(values),
        ]
        page = browser.post("/incidents/add", sent, status=status)
        return page if status != 302 else self.newest(Incident)

    def act(self, incident: Incident, **values: Any) -> Action:
        sent = [
            ("csrf_token", self.lead.csrf()),
            ("submission", str(new_id())),
            ("text", "Rang home."),
            ("occurred", "2026-01-05T10:00"),
            *pairs(values),
        ]
        self.lead.post(f"/incidents/{incident.id}/actions/add", sent, status=302)
        return self.newest(Action)  # type: ignore[no-any-return]

    def newest(self, model: Any) -> Any:
        with self.school.app.session(self.school.id, writes=False) as db:
            return db.scalars(select(model).order_by(model.created_at.desc())).first()

    def kept(self, *, ended: bool = False) -> list[tuple[str, str, int]]:
        """Label, text and version of all values that count, or of those that were."""
        with self.school.app.session(self.school.id, writes=False) as db:
            which = Value.ended_at.is_not(None) if ended else Value.ended_at.is_(None)
            rows = db.execute(
                select(CustomField.label, Value.text, Value.version)
                .join(CustomField, CustomField.id == Value.field_id)
                .where(which)
                .order_by(Value.id)
            )
            return [(row[0], row[1], row[2]) for row in rows]


def pairs(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Fields as a form sends them; a list is one of several choices."""
    return [
        (name, one)
        for name, value in values.items()
        for one in (value if isinstance(value, list) else [value])
    ]


@pytest.fixture
def records(builder: Builder, school: SchoolForTests, web: Web) -> Records:
    return Records(school, web)


@pytest.fixture
def switch(school: SchoolForTests) -> Callable[[bool], None]:
    """Switches the module on or off for the school."""

    def turn(enabled: bool) -> None:
        with school.app.transaction(school.id) as db:
            switch_module(db, "formbuilder", enabled, utc_now())

    return turn
