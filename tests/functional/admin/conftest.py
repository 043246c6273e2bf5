"""What the tests of the administration share: reading pages, the audit, and a module to switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import webtest
from bs4 import BeautifulSoup, Tag
from sqlalchemy import event, select
from wtforms import StringField

from cpoms_core.application import Application
from cpoms_core.audit.models import AuditEntry
from cpoms_core.config import configure
from cpoms_core.deployment import Deployment
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FormField, Permission, SettingSpec, Tab
from cpoms_core.modules import Module
from cpoms_core.modules.registry import installed
from cpoms_core.modules.routes import NotAudited
from cpoms_core.testing.schools import SchoolForTests

Counted = Callable[[], Any]


def soup(page: webtest.TestResponse) -> BeautifulSoup:
    return BeautifulSoup(page.text, "html.parser")


FRAME = ("/logout", "/session/names", "/session/unlock")


class Pages:
    """Reads the administration's pages as a person would."""

    @staticmethod
    def text(page: webtest.TestResponse, part: str = "main") -> str:
        found = soup(page).select_one(part)
        assert found is not None, page.text[:500]
        return " ".join(found.get_text(" ").split())

    @staticmethod
    def tabs(page: webtest.TestResponse) -> list[str]:
        return [link.get_text(strip=True) for link in soup(page).select("#admin-menu a")]

    @staticmethod
    def form(page: webtest.TestResponse) -> webtest.Form:
        """The page's own form: the first that is not the frame's."""
        own = [form for form in page.forms.values() if form.action not in FRAME]
        return own[0]

    @staticmethod
    def ticked(page: webtest.TestResponse, name: str) -> set[str]:
        boxes = soup(page).select(f'input[type="checkbox"][name="{name}"][checked]')
        return {str(box["value"]) for box in boxes}

    @staticmethod
    def box(page: webtest.TestResponse, name: str, value: object) -> Tag | None:
        return soup(page).select_one(f'input[type="checkbox"][name="{name}"][value="{value}"]')

    @staticmethod
    def errors(page: webtest.TestResponse) -> str:
        return " ".join(part.get_text(" ", strip=True) for part in soup(page).select("div.errors"))


@pytest.fixture
def pages() -> type[Pages]:
    return Pages


@pytest.fixture
def audited(app: Application) -> Callable[..., list[AuditEntry]]:
    """The audit entries of an event at a school, oldest first."""

    def entries(school: SchoolForTests, name: str) -> list[AuditEntry]:
        with app.session(school.id, writes=False) as db:
            query = select(AuditEntry).where(AuditEntry.event == name).order_by(AuditEntry.id)
            return list(db.scalars(query))

    return entries


@pytest.fixture
def statements(app: Application) -> Callable[[Counted], int]:
    """Counts the statements of a page: `statements(lambda: browser.get("/admin"))`."""

    @contextmanager
    def listening(seen: list[str]) -> Iterator[None]:
        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        engines = {id(engine): engine for engine in (app.engines.writing, app.engines.reading)}
        if app.engines.dialect == "postgresql":  # the reading engine hears what the writing one does
            engines = {0: app.engines.writing}
        for engine in engines.values():
            event.listen(engine, "before_cursor_execute", note)
        yield
        for engine in engines.values():
            event.remove(engine, "before_cursor_execute", note)

    def count(ask: Counted) -> int:
        seen: list[str] = []
        with listening(seen):
            ask()
        assert seen, "nothing was counted"
        return len(seen)

    return count


class Notes:
    """The hooks of a module `notes` that fills many places; `told` is what its own hooks were told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.broken = False

    @hookimpl
    def register_permissions(self) -> list[Permission]:
        return [Permission("notes:write", "Write sticky notes", "Notes")]

    @hookimpl
    def register_settings(self) -> list[SettingSpec]:
        return [SettingSpec("notes.colour", "yellow", "Colour of notes", "What they look like.")]

    @hookimpl
    def register_routes(self, routes: Any) -> None:
        routes.route("notes.all", "/notes/all")
        routes.view(
            lambda request: {}, "notes.all", permission="admin", audit=NotAudited("a test"), template="json"
        )

    @hookimpl
    def admin_tabs(self) -> list[Tab]:
        if self.broken:
            raise ValueError("a child's secret")
        return [Tab("Notes", "notes.all", 70, needs="admin")]

    @hookimpl
    def incident_form_fields(self) -> list[FormField]:
        return [FormField("notes-note", StringField("Note"), 50)]

    @hookimpl
    def module_enabled(self) -> None:
        self.told.append("on")

    @hookimpl
    def module_disabled(self) -> None:
        self.told.append("off")


@pytest.fixture(scope="session")
def notes_installed(deployment: Deployment) -> Iterator[tuple[Notes, Any, Application]]:
    """An application on the same database in which the module `notes` is installed, too."""
    hooks: Any = Notes()
    module = Module("notes", "Sticky notes", "Notes beside an incident.", "notes", "1.2.3", hooks)
    app = Application(deployment, modules={**installed(), "notes": module})
    yield hooks, configure(app), app
    app.engines.dispose()


@pytest.fixture
def notes(notes_installed: tuple[Notes, Any, Application]) -> Notes:
    """The test module; off at every school until it is switched on."""
    made = notes_installed[0]
    made.told.clear()
    made.broken = False
    return made


@pytest.fixture
def notes_web(web: Any, notes: Notes, notes_installed: tuple[Notes, Any, Application]) -> Any:
    """As `web`, at the application in which the module `notes` is installed."""

    def open_at(*who: Any, **how: Any) -> Any:
        browser = web(*who, **how)
        browser.app = notes_installed[1]
        return browser

    return open_at
