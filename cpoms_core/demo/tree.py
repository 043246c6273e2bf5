"""What the demonstration's school decided: categories with calm colours, agencies, and what each user group
may do with them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from cpoms_core.incidents.services.student_parts import plant_part
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.services import add_agency, add_category, add_group
from cpoms_core.tenancy.starting import PARTS

Rights = tuple[bool, bool, bool]  # view students, view incidents, add incidents
ALL: Rights = (True, True, True)
ADD_ONLY: Rights = (False, False, True)

CATEGORIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "Attendance": ("#2f6f8f", ("Lateness", "Missing in education", "Persistent absence")),
    "Behaviour": ("#a3662a", ("Bullying", "Fighting", "Online behaviour", "Suspension")),
    "Cause for Concern": ("#b08a2e", ()),
    "Child on Child": ("#8a4f7d", ("Sexual harassment", "Sharing of images")),
    "Child Protection": ("#9b2f3f", ("Emotional abuse", "Neglect", "Physical abuse", "Sexual abuse")),
    "Contact with Parents": ("#4d7c4a", ("Meeting", "Telephone call")),
    "Home Issues": (
        "#6a5a9e", ("Bereavement", "Domestic abuse", "Housing", "Parental separation", "Young carer")
    ),
    "Medical": ("#2c8074", ("Accident", "Asthma", "Medication")),
    "Mental Health and Wellbeing": ("#4a63a8", ("Anxiety", "Eating", "Low mood", "Self-harm")),
    "SEND": ("#7a7338", ("Review",)),
    "Safeguarding Concern": ("#b0476b", ("Extremism", "Exploitation", "Online safety")),
}  # fmt: skip
"""Category -> its colour and its sub-categories, which have the same one."""
AGENCIES = (
    "Attendance service",
    "CAMHS",
    "Early Help",
    "Educational psychologist",
    "Police",
    "School nurse",
    "Social care",
)
PRIVATE = ("Child on Child", "Child Protection", "Safeguarding Concern")
"""Categories that only the safeguarding team reads."""
SUPPORT_STAFF_ADD = ("Behaviour", "Cause for Concern", "Medical", "Safeguarding Concern")
SAFEGUARDING, HEADS, ADMINISTRATORS, TEACHERS, SUPPORT = (
    "Safeguarding leads",
    "Heads of year",
    "Administrators",
    "Teachers",
    "Support staff",
)


@dataclass(frozen=True, slots=True)
class Tree:
    """The ids of what was made. categories: "Parent" or "Parent/Sub" -> id."""

    categories: dict[str, uuid.UUID]
    agencies: dict[str, uuid.UUID]
    groups: dict[str, uuid.UUID]


def plant(db: SchoolSession) -> Tree:
    """Makes the categories, agencies and user groups of the session's school."""
    categories: dict[str, uuid.UUID] = {}
    for name, (colour, subs) in CATEGORIES.items():
        categories[name] = add_category(db, name, colour=colour)
        for sub in subs:
            categories[f"{name}/{sub}"] = add_category(db, sub, parent=categories[name], colour=colour)
    agencies = {name: add_agency(db, name) for name in AGENCIES}
    for name in PARTS:
        plant_part(db, name)
    return Tree(categories, agencies, _groups(db, categories))


def _groups(db: SchoolSession, categories: dict[str, uuid.UUID]) -> dict[str, uuid.UUID]:
    def rights(right: Rights, *parents: str) -> dict[uuid.UUID, Rights]:
        chosen = parents or tuple(CATEGORIES)
        return {id: right for name, id in categories.items() if name.partition("/")[0] in chosen}

    everything = tuple(db.app.permissions)
    of_modules = tuple(name for name, (module, _) in db.app.permissions.items() if module != "core")
    pastoral = ("students:list", "students:details", "incidents:add", "incidents:edit", "reports:run")
    return {
        SAFEGUARDING: add_group(db, SAFEGUARDING, everything, rights(ALL)),
        HEADS: add_group(
            db, HEADS, (*pastoral, "files:attach", *of_modules),
            rights(ALL) | rights(ADD_ONLY, *PRIVATE),
        ),
        ADMINISTRATORS: add_group(
            db, ADMINISTRATORS, ("students:list", "students:details", "admin"),
            rights((True, False, False), "Attendance", "Medical"),
        ),
        TEACHERS: add_group(db, TEACHERS, ("incidents:add", "files:attach"), rights(ADD_ONLY)),
        SUPPORT: add_group(db, SUPPORT, ("incidents:add",), rights(ADD_ONLY, *SUPPORT_STAFF_ADD)),
    }  # fmt: skip
