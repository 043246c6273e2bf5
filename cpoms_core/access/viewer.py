"""Who acts: the same for a page, a command, a task and a hook."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from cpoms_core.students.names import Named, name_parts, worded

if TYPE_CHECKING:
    from cpoms_core.students.hiding import NameHider

Access = Literal["account", "restricted", "elevated"]
"""What a session reaches: `account` only its own account settings (ACC-15), see the words of the field."""
Channel = Literal["web", "worker", "command line"]


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """What every page needs of the school, read once with the session."""

    id: int
    slug: str
    name: str
    time_zone: str
    accent: str
    settings: dict[str, Any] = field(default_factory=dict)
    logo: uuid.UUID | None = None  # its file in the storage (documents.logo)
    training: bool = False  # training mode is on (TRN-01)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def setting(self, name: str) -> Any:
        """The school's own value, or the default that the setting was declared with."""
        return self.settings[name]


@dataclass(frozen=True, slots=True)
class Viewer:
    """A user (or nobody in particular, for the system's own work) acting at one school.

    `permissions` are the system permissions that count in this session: the user group's own when
    elevated, those of USR-12.1 when restricted, none where only the account may be reached. Which rows may
    be seen is `policy`'s alone.
    """

    school: SchoolFacts
    user_id: uuid.UUID | None
    user_name: str
    group_id: uuid.UUID | None
    access: Access
    permissions: frozenset[str]
    modules: frozenset[str]
    set_aside: frozenset[tuple[str, str]] = frozenset()  # (module, hook) that took too long (MOD-04)
    sees_ungrouped: bool = False
    channel: Channel = "web"
    has_key: bool = False
    ip: str = ""
    clock: Callable[[], dt.datetime] = utc_now
    names: NameHider | None = None  # hides students' names in this session (DSH-08); None: they are shown

    @property
    def school_id(self) -> int:
        return self.school.id

    @property
    def elevated(self) -> bool:
        return self.access == "elevated"

    @property
    def acting_user(self) -> uuid.UUID:
        """The user's id; raises where a deed needs a person and the system acts."""
        if self.user_id is None:
            raise RuntimeError("this needs a user, and nobody in particular is acting")
        return self.user_id

    def may(self, permission: str) -> bool:
        """Whether the session has a system permission."""
        return permission in self.permissions

    def now(self) -> dt.datetime:
        """This moment, in UTC."""
        return self.clock()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """A stored moment in the school's time zone."""
        return moment.astimezone(self.school.zone)

    @property
    def names_hidden(self) -> bool:
        """Whether students' names, and pictures of them, are hidden in this session (DSH-08)."""
        return self.names is not None

    def name(self, student: Named) -> str:
        """A student's name as this viewer may see it written. Names reach output only through here and
        `text`, so that hiding them (DSH-08) has one place."""
        forename, surname = name_parts(student, self.school)
        if self.names is not None:
            forename, surname = self.names.part(forename), self.names.part(surname)
        return worded(forename, surname, self.school)

    def text(self, text: str) -> str:
        """A text that people wrote, or the name of a file or contact, as this viewer may see it. Never for
        what is filled into a form: it would be saved."""
        return text if self.names is None else self.names.text(text)

    def through(self, channel: Channel) -> Viewer:
        return replace(self, channel=channel)
