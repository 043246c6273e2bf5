"""A real browser on a real server, for the tests of pages: Chromium, driven by Playwright, with axe on every
page. It comes with `cpoms_core.testing.fixtures`; Playwright is asked for only where a test uses the browser,
so that the other tests of a module run without it.

A test that uses `desk` (or `chromium`) is marked `browser` by itself, wherever it lies. Two lines of the
pytest configuration say where things are if they are not where they are looked for:

    cpoms_chromium = /usr/bin/chromium
    cpoms_axe = node_modules/axe-core/axe.min.js
"""

from __future__ import annotations

import base64
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from waitress.server import create_server

from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.testing.schools import SchoolForTests
from cpoms_core.web.request import cookie_name

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path("node_modules", "axe-core", "axe.min.js")
"""Looked for from pytest's root folder upwards, and beside the core."""
IN_BRITAIN = {"locale": "en-GB", "timezone_id": "Europe/London"}
"""What scripts and servers are told of who sits there. How the boxes for dates write one is up to the
language of Chromium's own menus; Debian has the British one in a package of its own."""
PATIENCE = 20_000  # milliseconds: a machine that does other things too is no fault of a page
DROP = """async ([selector, files]) => {
  const transfer = new DataTransfer();
  for (const [name, base64] of files) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  const zone = document.querySelector(selector);
  for (const name of ['dragenter', 'dragover', 'drop'])
    zone.dispatchEvent(new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("cpoms_chromium", "the Chromium that tests of pages drive", default=CHROMIUM)
    parser.addini("cpoms_axe", "axe.min.js of axe-core, from pytest's root folder", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives Chromium")


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def port(app: Application) -> Iterator[int]:
    """The port of a server of the application, whose deployment says that it is the one people use: what a
    security key signs names it."""
    listening = socket.create_server(("127.0.0.1", 0))
    deployment = replace(app.deployment, public_port=listening.getsockname()[1])
    served = Application(deployment, modules=app.modules, engines=app.engines)
    server: Any = create_server(configure(served), sockets=[listening], threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.effective_port
    server.close()


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """Chromium, started once. Without Playwright the test is skipped; without Chromium it fails."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    playwright.expect.set_options(timeout=PATIENCE)
    path = pytestconfig.getini("cpoms_chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(pytestconfig: pytest.Config) -> Path:
    """Where axe-core's script is. Fails where it is nowhere: a page that nobody looked at is not right."""
    root = pytestconfig.rootpath
    if said := pytestconfig.getini("cpoms_axe"):
        places = [root / said]
    else:
        places = [folder / AXE for folder in (root, *root.parents, Path(__file__).parents[2])]
    for place in places:
        if place.is_file():
            return place
    pytest.fail(f"axe-core is not there: {places[0]}. Run `npm install axe-core`, or set cpoms_axe.")


ON_ITS_WAY = "form[aria-busy]"


class Desk:
    """Somebody at a browser: opens pages of one school, and notes what goes wrong in them."""

    def __init__(self, context: BrowserContext, school: SchoolForTests, port: int, axe: Path) -> None:
        self.context, self.school, self.port = context, school, port
        self.wrong: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.set_default_timeout(PATIENCE)
        # the page asks whether the session goes on before it sends a form (static/js/hold.js): whatever is
        # done or expected next is so of the page that answers
        self.page.add_locator_handler(self.page.locator(ON_ITS_WAY).first, lambda: None)
        self._axe = axe

    def beside(self, school: SchoolForTests) -> Desk:
        """Another tab of the same browser, at a school of the same deployment."""
        return Desk(self.context, school, self.port, self._axe)

    def _heard(self, kind: str, text: str) -> None:
        # htmx says this where a newer request takes the place of one that is not answered yet; of one that
        # failed it says something else as well
        if text.startswith(("htmx:afterRequest", "htmx:sendAbort")):
            return
        # what the server refuses on purpose is in the test's own assertions
        if kind == "error" and "the server responded with a status of 4" not in text:
            self.wrong.append(text)

    def address(self, path: str) -> str:
        """The whole address of a path at the school."""
        return f"http://{self.school.host}:{self.port}{path}"

    def open(self, path: str) -> Page:
        """Opens a page of the school, once a form that is on its way has arrived."""
        self._settle()
        self.page.goto(self.address(path))
        return self.page

    def _settle(self) -> None:
        self.page.wait_for_function("form => !document.querySelector(form)", arg=ON_ITS_WAY)

    def look(self, name: str, *, dark: bool = False) -> None:
        """Looks at the page as people with and without sight do: axe finds nothing, no script failed, the
        page is not wider than the screen; at both widths, and with `dark` once more in dark colours. Pictures
        go where CPOMS_SCREENSHOTS says."""
        self._settle()
        self._look(name)
        if dark:
            # without motion: no colour may be on its way from light to dark
            self.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            self._look(f"{name}-dark")
            self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")

    def _look(self, name: str) -> None:
        look_at(self.page, name, self._axe, (WIDE, NARROW))
        self.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        assert self.wrong == []


def look_at(page: Page, name: str, axe: Path, sizes: Sequence[dict[str, int]]) -> None:
    """Looks at a page on screens of these sizes: it is not wider than any, and axe finds nothing."""
    for size in sizes:
        page.set_viewport_size(size)  # type: ignore[arg-type]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], f"{name} is {width} px wide on a screen of {size['width']}"
        page.evaluate(axe.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document).then(result => result.violations)")
        assert found == [], [(one["id"], one["nodes"][0]["html"]) for one in found]
        if folder := os.environ.get("CPOMS_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drags files onto the page's place for them, once its scripts are there. Each is its name and its
    bytes."""
    page.wait_for_load_state()
    sent = [[name, base64.b64encode(content).decode()] for name, content in files]
    page.evaluate(DROP, ["[data-files]", sent])


class Desks(Protocol):
    """What the `desk` fixture is."""

    def __call__(self, who: str | None = None, *, elevated: bool | None = None) -> Desk: ...


@pytest.fixture
def desk(
    app: Application, chromium: Browser, axe: Path, port: int, school: SchoolForTests
) -> Iterator[Desks]:
    """Opens desks: `desk()` is nobody, `desk("lead")` the school's lead with a session."""
    contexts: list[BrowserContext] = []

    def sit_down(who: str | None = None, *, elevated: bool | None = None) -> Desk:
        context = chromium.new_context(viewport=WIDE, **IN_BRITAIN)  # type: ignore[arg-type]
        contexts.append(context)
        made = Desk(context, school, port, axe)
        if who is not None:
            token = school.session_token(who, elevated=elevated)
            context.add_cookies([{"name": cookie_name(app), "value": token, "url": made.address("/")}])
        return made

    yield sit_down
    for context in contexts:
        context.close()
