"""Run by `test_wheels.py` in another environment: opens pages of what is installed there.

usage: opens_pages.py FOLDER [PLUGIN...]: all of ours must come from FOLDER, and these plugins be there.
"""

import importlib
import sys
import tempfile
from pathlib import Path

import webtest

import cpoms_core
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.deployment import Deployment
from cpoms_core.migrations.migrate import migrate
from cpoms_core.modules.registry import installed
from cpoms_core.testing.conformance import browser_for
from cpoms_core.testing.schools import make_school


def main(folder: Path, plugins: list[str]) -> None:
    for name in ("cpoms_core", *(f"cpoms_{plugin}" for plugin in plugins)):
        home = Path(importlib.import_module(name).__file__ or "").resolve()
        assert home.is_relative_to(folder.resolve()), f"{name} comes from {home}"
    assert sorted(installed()) == sorted(plugins), sorted(installed())
    with tempfile.TemporaryDirectory() as place:
        deployment = Deployment(Path(place))
        migrate(deployment.owner_url, installed())
        app = Application(deployment)
        wsgi = configure(app)
        school = make_school(app)
        nobody = webtest.TestApp(wsgi, extra_environ={"HTTP_HOST": school.host})
        login = nobody.get("/login", status=200)
        for address in addresses_of(login):
            nobody.get(address, status=200)
        static = Path(cpoms_core.__file__ or "").parent / "static"
        files = [file for file in static.rglob("*") if file.is_file() and not file.name.startswith(".")]
        assert any("vendor" in file.parts for file in files)
        for file in files:
            nobody.get(f"/static/{file.relative_to(static).as_posix()}", status=200)
        lead = browser_for(wsgi, school, "lead")
        for path in ("/", "/incidents/add", f"/students/{school.students['aoife']}/incidents", "/admin"):
            assert lead.get(path, status="*").status_int < 400, path
        app.engines.dispose()
    print("all pages open")


def addresses_of(page: webtest.TestResponse) -> list[str]:
    """The style sheets and scripts that a page loads."""
    found = [link["href"] for link in page.html.find_all("link", rel="stylesheet")]
    found += [script["src"] for script in page.html.find_all("script", src=True)]
    assert found, "the page loads nothing"
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
