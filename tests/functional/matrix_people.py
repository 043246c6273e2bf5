"""The people of the permission matrix who are in user groups as the demonstration has them, with their key:
`tutor` (Teachers), `assistant` (Support staff: no files), `office` (Administrators, who may open records) and
`pastoral` (Heads of year, who may use the modules; there `head` may not)."""

from __future__ import annotations

from collections.abc import Collection

from cpoms_core.access.viewer import utc_now
from cpoms_core.demo.tree import ADMINISTRATORS, HEADS, SAFEGUARDING, SUPPORT, TEACHERS
from cpoms_core.tenancy.services import add_group
from cpoms_core.testing.schools import ADD_ONLY, ALL, SchoolForTests, add_user

DEMO_GROUPS = {
    "lead": SAFEGUARDING,
    "pastoral": HEADS,
    "office": ADMINISTRATORS,
    "tutor": TEACHERS,
    "assistant": SUPPORT,
}
"""Who walks the matrix for each of the demonstration's user groups."""
LIKE = {
    "tutor": {"teacher", "lead_restricted"},
    "assistant": {"teacher", "lead_restricted"},
    "office": {"admin", "lead"},
    "pastoral": {"head", "lead"},
}
"""A line says of these people, by naming them, that they may; and without, if it names both of the others:
what only one of those may, such as to open what only they were alerted to, is that one's own. So a line that
was written before they came says something of them, too."""
LIST, OPEN, ADD, FILES = "students:list", "students:details", "incidents:add", "files:attach"


def named(people: str, person: str) -> bool:
    """Whether a line's list of people means a person."""
    names = set(people.split())
    return person in names or (person in LIKE and LIKE[person] <= names)


def walks(person: str, module: str, pastoral: Collection[str]) -> bool:
    """Whether a person asks for the routes of a module. `pastoral` has the rights of `head` and those of the
    modules whose lines name it, and has nothing of its own elsewhere."""
    return person != "pastoral" or module in pastoral


def hire(school: SchoolForTests, pastoral: Collection[str]) -> None:
    """Gives them their places at a school. `pastoral`: the modules whose lines name it."""
    categories, now = school.categories, utc_now()
    most = {one: ADD_ONLY if name == "Child Protection" else ALL for name, one in categories.items()}
    shown = dict.fromkeys([categories["Attendance"], categories["Medical"]], (True, False, False))
    some = dict.fromkeys([categories["Behaviour"], categories["Medical"]], ADD_ONLY)
    of_modules = [name for name in school.app.permissions if name.partition(":")[0] in pastoral]
    of_heads = (LIST, OPEN, ADD, "incidents:edit", "reports:run", FILES, *of_modules)
    with school.app.transaction(school.id) as db:
        for who, forename, permissions, rights in (
            ("tutor", "Tess", (ADD, FILES), dict.fromkeys(categories.values(), ADD_ONLY)),
            ("assistant", "Asif", (ADD,), some),
            ("office", "Olga", (LIST, OPEN, "admin"), shown),
            ("pastoral", "Petra", of_heads, most),
        ):
            school.groups[who] = add_group(db, f"As {DEMO_GROUPS[who]}", permissions, rights)
            add_user(db, school, who, forename, school.groups[who], True, now)
