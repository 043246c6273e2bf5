"""What every change of the administration asks first: whose it is, one at a time, and nobody overwrites a
colleague's change that they have not seen."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.access.models import User
from cpoms_core.access.viewer import Viewer
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.hooks.session import PluginSession
from cpoms_core.tenancy.models import School
from cpoms_core.tenancy.scope import SchoolSession


class ChangedMeanwhile(Refused):
    """What a form shows is no longer what is stored: somebody else saved in between."""


def begin_change(db: SchoolSession | PluginSession, viewer: Viewer) -> None:
    """Lets administrators only, and one at a time in a school: two who change the same thing at the same
    moment must not each find that the other keeps the administration open. Raises NothingThere."""
    if not viewer.may("admin"):
        raise NothingThere
    # NO KEY UPDATE: people go on recording meanwhile, though every row refers to its school
    db.execute(select(School.id).where(School.id == db.school_id).with_for_update(key_share=True))


def keep_an_administrator(db: SchoolSession, leaving: Collection[uuid.UUID], message: str) -> None:
    """Refuses what would leave the school without anybody who can administer it, because those who are
    `leaving` would no longer be able to. Raises Refused."""
    able = set(db.scalars(select(User.id).where(policy.administrators())))
    if able & set(leaving) and not able - set(leaving):
        raise Refused(message)


def mark_of(*state: Any) -> str:
    """A mark of what a form showed, which comes back with the form. Sets count without their order."""
    return hashlib.sha256(json.dumps(state, sort_keys=True, default=_plain).encode()).hexdigest()[:32]


def refuse_if_changed(what: str, seen: str, *state: Any) -> None:
    """Refuses a change that was made on the sight of another state. Raises ChangedMeanwhile."""
    if seen != mark_of(*state):
        raise ChangedMeanwhile(
            f"Somebody else changed {what} while you had this page open. It is shown below as it is now: "
            "make your change again if it is still needed."
        )


def _plain(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)


def tidy_name(text: str, longest: int = 80) -> str:
    """A name that a person typed, with single spaces. Raises Refused."""
    name = " ".join(text.split())
    if not name:
        raise Refused("Give it a name.", field="name")
    if len(name) > longest:
        raise Refused(f"Use at most {longest} characters.", field="name")
    return name
