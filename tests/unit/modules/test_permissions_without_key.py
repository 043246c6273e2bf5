"""Permission.when_restricted: a permission that counts without a key always, never, or as the school has set
it (LIB-04, USR-12.1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert

from cpoms_core.access.identity import asking
from cpoms_core.access.models import GroupPermission
from cpoms_core.access.viewer import utc_now
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Permission, SettingSpec
from cpoms_core.modules import Module
from cpoms_core.tenancy.services import change_setting
from cpoms_core.tenancy.settings import yes_or_no
from cpoms_core.testing.counting import counted
from cpoms_core.testing.schools import make_school

OPEN = "extra.open"
SETTING = SettingSpec(OPEN, False, "Open", "Whether it is open without a key.", yes_or_no)
WORD = SettingSpec("extra.word", "quiet", "Word", "A word.")
NAMES = {"extra:always": True, "extra:never": False, "extra:perhaps": OPEN}


def _app(app: Application, when: dict[str, Any], *settings: SettingSpec) -> Application:
    """The application with one more module, which declares these permissions and settings."""
    hooks = SimpleNamespace(
        register_permissions=hookimpl(
            lambda: [Permission(name, name, "Extra", when_restricted=one) for name, one in when.items()]
        ),
        register_settings=hookimpl(lambda: list(settings)),
    )
    module = Module("extra", "Extra", "", "cpoms_core.demo", "0.1.0", hooks)  # type: ignore[arg-type]
    return Application(app.deployment, modules={**app.modules, "extra": module}, engines=app.engines)


def test_the_schools_setting_decides(app: Application) -> None:
    """LIB-04: from the next page on, for a session without a key; with a key all count. It costs no statement
    more."""
    made = _app(app, NAMES, SETTING)
    school = make_school(made)
    rows = [
        {"school_id": school.id, "group_id": school.groups["Safeguarding"], "permission": name}
        for name in NAMES
    ]
    with made.transaction(school.id) as db:
        db.execute(insert(GroupPermission), rows)

    def counts(*, elevated: bool) -> set[str]:
        return school.viewer("lead", elevated=elevated).permissions & NAMES.keys()

    assert counts(elevated=True) == NAMES.keys()
    assert counts(elevated=False) == {"extra:always"}
    with made.transaction(school.id) as db:
        change_setting(db, OPEN, "y")
    assert counts(elevated=False) == {"extra:always", "extra:perhaps"}
    token = school.session_token("lead", elevated=False)
    with made.session(school.id, writes=False) as db, counted(made.engines) as statements:
        viewer = asking(db, token, utc_now()).viewer
    assert viewer is not None and viewer.may("extra:perhaps") and not viewer.may("extra:never")
    assert statements.number == 3, str(statements)


@pytest.mark.parametrize("named", ["extra.mistyped", WORD.name])
def test_a_setting_that_is_no_yes_or_no_stops_the_start(app: Application, named: str) -> None:
    """MOD-02: a slip must not open or shut anything."""
    with pytest.raises(ValueError, match="no yes-or-no setting"):
        configure(_app(app, {"extra:perhaps": named}, SETTING, WORD))
