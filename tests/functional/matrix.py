"""The permission matrix as data: who may do what with which object. Written by hand from USR-12 and the
features' own words, never taken from what the application does. A new route needs a line in ROWS; those of a
module are in plugins/NAME/tests/matrix_NAME.py.

The people: `nobody` has no session, `stranger` brings the session of another school's lead. Of this school:
`teacher` (restricted, no key; may add, with files), `lead` (every right, every category), `lead_restricted`
(the lead before the key), `head` (no administration; Behaviour and Attendance only), `admin` (student list
and administration; sees who is monitored for Behaviour, reads nothing). And those of `matrix_people`, in the
demonstration's user groups, of whom most lines say something without naming them.
"""

from __future__ import annotations

import importlib.util
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import matrix_objects
import matrix_people
from matrix_objects import OURS

EVERYONE = "nobody stranger teacher lead_restricted lead head admin"
SIGNED_IN = "teacher lead_restricted lead head admin"
ADDING = "teacher lead_restricted lead head"  # incidents:add, which counts without a key (USR-12.1)
LISTING = "lead head admin"  # students:list
DETAILS = "lead head office"  # students:details
EDITING = "lead head"  # incidents:edit
ADMIN = "lead admin"  # Administration

SIGHT = {
    "incident": {
        "about Behaviour": "lead head",
        "about Child Protection, the teacher alerted": "lead teacher",  # USR-12.3 and 4
        "alert was read": "lead",
        "deleted, the teacher alerted": "",
        "of another school": "",
    },
    "student": {"in a class": DETAILS, "left, without a class": "lead", "of another school": ""},
    "document": {  # USR-12.6
        "on Behaviour": "lead head",
        "on Child Protection, the teacher alerted": "lead teacher",
        "in the vault": DETAILS,
        "removed": "",
        "of another school": "",
    },
    "user": {"ours": ADMIN, "deactivated": ADMIN, "of another school": ""},
    "user group": {"ours": ADMIN, "of another school": ""},
    "alert group": {"ours": ADMIN, "of another school": ""},
    "class": {"ours": ADMIN, "of another school": ""},
    "kind of class": {"tutor": ADMIN},
    "import run": {"ours": ADMIN, "of another school": ""},
    "module": {"installed": ADMIN},
    "provider": {"offered": ADMIN, "off": ADMIN, "of another school": ""},
    "offered provider": {"offered": EVERYONE, "off": "", "of another school": ""},
    "own key": {"of the lead": "lead lead_restricted", "removed": "", "of another school": ""},  # ACC-08
    "own log-in": {"the lead's other one": "lead lead_restricted", "of another school": ""},
    "own alert": {"to the teacher": "teacher", "on a deleted incident": ""},  # USR-12.4
}
"""Kind of object -> each object -> who may see it, whatever is asked."""


@dataclass(frozen=True)
class Row:
    """What answers `method` at the route: who `may` ask at all, for an object of the kind `of`."""

    method: str
    route: str
    may: str
    of: str = ""
    fields: dict[str, Any] = field(default_factory=dict)  # what is sent, or other parts of the address
    json: Any = None


AT_THE_DOOR = {("GET", "demo-door")}
"""What answers at the demonstration's own host names only, at an address that is another page at a school."""
NOWHERE = ""

ROWS = [
    # the frame
    Row("GET", "core.static", EVERYONE, fields={"subpath": ("css", "theme.css")}),
    Row("GET", "accent", EVERYONE),
    Row("GET", "health", EVERYONE),
    Row("GET", "help", SIGNED_IN),
    Row("GET", "mailbox", NOWHERE),  # at the demonstration's own host names only
    Row("GET", "mailbox-mail", NOWHERE, fields={"mail": "x"}),
    # logging in
    Row("GET", "login", EVERYONE),
    Row("POST", "login", EVERYONE),
    Row("POST", "logout", EVERYONE),
    Row("GET", "sso", EVERYONE),
    Row("GET", "sso-enter", EVERYONE),
    Row("GET", "forgotten", EVERYONE),
    Row("POST", "forgotten", EVERYONE),
    Row("GET", "forgotten-sent", EVERYONE),
    Row("GET", "new-password", EVERYONE, fields={"token": "no-such-token"}),
    Row("POST", "new-password", EVERYONE, fields={"token": "no-such-token"}),
    Row("POST", "lock", EVERYONE),
    Row("GET", "unlock", SIGNED_IN),
    Row("POST", "unlock", SIGNED_IN),
    Row("GET", "elevate", SIGNED_IN),
    Row("POST", "elevate", SIGNED_IN),
    Row("POST", "active", SIGNED_IN),
    Row("GET", "session-token", SIGNED_IN),
    Row("POST", "names", SIGNED_IN),
    Row("GET", "account", SIGNED_IN),
    Row("GET", "account-keys", SIGNED_IN),
    Row("GET", "account-key-add", SIGNED_IN),
    Row("POST", "account-key-add", SIGNED_IN),
    Row("GET", "account-key-register", SIGNED_IN),
    Row("POST", "account-key-register", SIGNED_IN),
    Row("POST", "account-key-register-question", SIGNED_IN),
    Row("GET", "account-key-rename", SIGNED_IN, "own key"),
    Row("POST", "account-key-rename", SIGNED_IN, "own key"),
    Row("GET", "account-key-remove", SIGNED_IN, "own key"),
    Row("POST", "account-key-remove", SIGNED_IN, "own key"),
    Row("POST", "account-elevate-question", SIGNED_IN),
    Row("GET", "openid-go", EVERYONE, "offered provider"),
    Row("GET", "openid-back", EVERYONE),
    Row("GET", "admin-providers", ADMIN),
    Row("GET", "admin-provider-new", ADMIN),
    Row("POST", "admin-provider-new", ADMIN),
    Row("GET", "admin-provider", ADMIN, "provider"),
    Row("POST", "admin-provider", ADMIN, "provider"),
    Row("GET", "account-log-ins", SIGNED_IN),
    Row("POST", "account-log-in-end", SIGNED_IN, "own log-in"),
    Row("POST", "account-log-ins-end", SIGNED_IN),
    # the key step's questions to a phone
    Row("POST", "account-approval-start", SIGNED_IN),
    Row("GET", "account-approval-state", SIGNED_IN),
    Row("POST", "account-approval-finish", SIGNED_IN),
    # dashboard, students
    Row("GET", "dashboard", SIGNED_IN),
    Row("POST", "dashboard", LISTING),
    Row("POST", "student-search", ADDING),
    Row("GET", "student-incidents", DETAILS, "student"),
    # incidents, actions, files
    Row("GET", "incident-add", ADDING),
    Row("POST", "incident-add", ADDING),
    Row("POST", "incident-told", ADDING),
    Row("POST", "incident-linked", ADDING),
    Row("GET", "incident", SIGNED_IN, "incident"),
    Row("GET", "incident-readers", DETAILS, "incident"),
    Row("POST", "incident-pin", EDITING, "incident"),
    Row("POST", "incident-read", SIGNED_IN, "own alert"),
    Row("GET", "action-add", ADDING, "incident"),
    Row("POST", "action-add", ADDING, "incident"),
    Row("POST", "action-told", ADDING, "incident"),
    Row("PUT", "draft", ADDING, fields={"form": "incident"}, json={"fields": []}),
    Row("GET", "document", SIGNED_IN, "document"),
    # administration
    Row("GET", "admin", ADMIN),
    Row("POST", "admin-failures-seen", ADMIN, fields={"newest": str(uuid.uuid4())}),
    Row("GET", "admin-groups", ADMIN),
    Row("GET", "admin-group-new", ADMIN),
    Row("POST", "admin-group-new", ADMIN),
    Row("GET", "admin-group", ADMIN, "user group"),
    Row("POST", "admin-group", ADMIN, "user group"),
    Row("GET", "admin-group-delete", ADMIN, "user group"),
    Row("POST", "admin-group-delete", ADMIN, "user group"),
    Row("GET", "admin-users", ADMIN),
    Row("POST", "admin-users", ADMIN),
    Row("GET", "admin-users-deactivated", ADMIN),
    Row("POST", "admin-users-deactivated", ADMIN),
    Row("GET", "admin-user-new", ADMIN),
    Row("POST", "admin-user-new", ADMIN),
    Row("GET", "admin-user-new-other", ADMIN),
    Row("POST", "admin-user-new-other", ADMIN),
    Row("POST", "admin-user-students", ADMIN),
    Row("GET", "admin-user", ADMIN, "user"),
    Row("POST", "admin-user", ADMIN, "user"),
    Row("POST", "admin-user-link", ADMIN, "user"),
    Row("GET", "admin-user-deactivate", ADMIN, "user"),
    Row("POST", "admin-user-deactivate", ADMIN, "user"),
    Row("GET", "admin-user-reactivate", ADMIN, "user"),
    Row("POST", "admin-user-reactivate", ADMIN, "user"),
    Row("GET", "admin-user-permissions", ADMIN, "user"),
    Row("POST", "admin-user-permissions", ADMIN, "user"),
    Row("GET", "admin-user-alerts", ADMIN, "user"),
    Row("POST", "admin-user-alerts", ADMIN, "user"),
    Row("GET", "admin-user-alerts-remove", ADMIN, "user"),
    Row("POST", "admin-user-alerts-remove", ADMIN, "user"),
    Row("GET", "admin-user-keys", ADMIN, "user"),
    Row("POST", "admin-user-keys", ADMIN, "user"),
    Row("GET", "admin-alert-groups", ADMIN),
    Row("GET", "admin-alert-group-new", ADMIN),
    Row("POST", "admin-alert-group-new", ADMIN),
    Row("GET", "admin-alert-group", ADMIN, "alert group"),
    Row("POST", "admin-alert-group", ADMIN, "alert group"),
    Row("POST", "admin-alert-group-delete", ADMIN, "alert group"),
    Row("GET", "admin-classes", ADMIN),
    Row("POST", "admin-classes-seen", ADMIN),
    Row("GET", "admin-class-kind", ADMIN, "kind of class"),
    Row("POST", "admin-class-kind", ADMIN, "kind of class", fields={"on": "no"}),
    Row("GET", "admin-class", ADMIN, "class"),
    Row("POST", "admin-class", ADMIN, "class"),
    Row("GET", "admin-why", ADMIN),
    Row("POST", "admin-why", ADMIN),
    Row("GET", "admin-modules", ADMIN),
    Row("GET", "admin-module", ADMIN, "module"),
    Row("POST", "admin-module", ADMIN, "module", fields={"enabled": "yes"}),
    Row("GET", "admin-module-switch", ADMIN, "module"),
    Row("POST", "admin-module-again", ADMIN, "module"),
    Row("POST", "admin-module-seen", ADMIN, "module", fields={"newest": str(uuid.uuid4())}),
    Row("GET", "admin-settings", ADMIN),
    Row("POST", "admin-settings", ADMIN),
    Row("GET", "admin-imports", ADMIN),
    Row("POST", "admin-imports-upload", ADMIN),
    Row("GET", "admin-import", ADMIN, "import run"),
    Row("POST", "admin-import-apply", ADMIN, "import run"),
    Row("POST", "admin-import-drop", ADMIN, "import run"),
    # audits
    Row("GET", "admin-user-audits", ADMIN, "user"),
    Row("POST", "admin-user-audits", ADMIN, "user"),
    Row("POST", "admin-user-audits-export", ADMIN, "user"),
    Row("GET", "admin-user-security-log", ADMIN, "user"),
    Row("POST", "admin-user-security-log", ADMIN, "user"),
    Row("GET", "admin-security-log", ADMIN),
    Row("POST", "admin-security-log", ADMIN),
]

ROOT = Path(__file__).parents[2]
AT_THE_ACCOUNTS_HOST = "matrix_accounts"


def parts_in(root: Path) -> list[Path]:
    """The files with further lines of the matrix: of the core beside this one, of each module in its own
    tests. None is named anywhere: a module's lines come and go with its folder."""
    found = [*root.glob("tests/functional/matrix_*.py"), *root.glob("plugins/*/tests/matrix_*.py")]
    others = (matrix_objects.__name__, matrix_people.__name__, AT_THE_ACCOUNTS_HOST)
    return sorted(path for path in found if path.stem not in others)


def _part(path: Path) -> ModuleType:
    """A file of the matrix, as `import` would find it if it were beside this one."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    part = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = part
    spec.loader.exec_module(part)
    return part


TEXTS: list[Any] = []
"""Columns of modules' models that hold what people wrote and that may be updated: the search for names that
should be hidden (DSH-08) writes names into each."""


def _join(part: ModuleType) -> None:
    """Each has ROWS; where it is about objects of its own, SIGHT and OBJECTS as here; and perhaps TEXTS."""
    ROWS.extend(part.ROWS)
    TEXTS.extend(getattr(part, "TEXTS", []))
    for ours, theirs in ((SIGHT, "SIGHT"), (OURS, "OBJECTS")):
        more = getattr(part, theirs, {})
        assert not ours.keys() & more.keys(), f"{part.__file__}: {theirs} names what is there already"
        ours.update(more)


for _path in parts_in(ROOT):
    _join(_part(_path))

PASTORAL = {row.route.partition(".")[0] for row in ROWS if "pastoral" in row.may.split()}
"""The modules that `pastoral` may use: a line of each says so."""
