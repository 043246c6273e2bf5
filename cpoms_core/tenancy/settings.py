"""A school's settings (ADM-02): each with a default and a line of help."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from cpoms_core.access.models import AlertGroup
from cpoms_core.documents.kinds import ALLOWED, endings
from cpoms_core.hooks.types import SettingSpec
from cpoms_core.tenancy.models import Setting
from cpoms_core.tenancy.scope import SchoolSession

if TYPE_CHECKING:
    from cpoms_core.application import Application


def whole_number(lowest: int, highest: int) -> Any:
    """A parser for numbers between two bounds, both allowed; raises ValueError for a person to read."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("Give a whole number.") from None
        if not lowest <= number <= highest:
            raise ValueError(f"Give a number from {lowest} to {highest}.")
        return number

    return parse


def yes_or_no(text: str) -> bool:
    return text in ("y", "on", "true", "1")


DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def domains(text: str) -> list[str]:
    """The e-mail domains of a list with commas or lines between, in plain small letters. Raises ValueError
    for a person to read."""
    found = []
    for word in filter(None, re.split(r"[\s,;]+", text)):
        try:
            plain = word.removeprefix("@").encode("idna").decode().casefold()
        except UnicodeError:
            plain = ""
        if not DOMAIN.fullmatch(plain):
            raise ValueError(
                f"“{word[:80]}” is not a domain. It looks like school.example, without the name."
            )
        found.append(plain)
    return list(dict.fromkeys(found))


def _domain_list(text: str) -> str:
    return ", ".join(domains(text))


def _alert_groups(db: SchoolSession) -> tuple[tuple[str, str], ...]:
    groups = db.execute(select(AlertGroup.id, AlertGroup.name).order_by(AlertGroup.name))
    return (("", "Nobody: they stay where they are"), *((str(group_id), name) for group_id, name in groups))


SHORTEST_IDLE = 1
"""Minutes: the smallest idle time-out that a school can set."""
CORE_SETTINGS = (
    SettingSpec(
        "security_message",
        "Remember to log out when you leave your computer.",
        "Security message",
        "Shown at the top of every page.",
    ),
    SettingSpec(
        "idle_minutes",
        15,
        "Idle time-out",
        "Minutes without activity until the screen is covered and the password is asked for.",
        whole_number(SHORTEST_IDLE, 120),
    ),
    SettingSpec(
        "key_for_everyone",
        False,
        "A key for everyone",
        "Nobody gets past their account settings without a key. Everyone adds one when they log in next.",
        yes_or_no,
    ),
    SettingSpec(
        "email_domains",
        "",
        "E-mail domains of accounts",
        "Users can only have addresses at these domains, with commas between. It counts for new and changed "
        "addresses. Empty: any address.",
        _domain_list,
    ),
    SettingSpec(
        "disable_missing_accounts",
        False,
        "Disable accounts that are no longer in the automatic extract",
        "When an automatic import no longer has a member of staff, their account is deactivated.",
        yes_or_no,
    ),
    SettingSpec(
        "enforce_alert",
        False,
        "Enforce at least one alert for all incidents",
        "An incident cannot be submitted without alerting somebody.",
        yes_or_no,
    ),
    SettingSpec(
        "alert_mail_category",
        True,
        "Name the category in alert mails",
        "Mails about alerts say who alerted and the category, and never the student. When off, they leave "
        "the category out too.",
        yes_or_no,
    ),
    SettingSpec(
        "pass_on_group",
        "",
        "Pass on alerts that are not read",
        "Whom an alert goes on to when nobody marks it as read in time: everybody in this alert group is "
        "alerted then, once, and can read it. It counts for alerts whose time ends after the group is named "
        "here.",
        offered=_alert_groups,
    ),
    SettingSpec(
        "pass_on_hours",
        24,
        "Pass on after",
        "Hours until an alert that is not read goes on to that group.",
        whole_number(1, 720),
    ),
    SettingSpec(
        "student_search_on_form",
        True,
        "Allow student search on the Add incident form",
        "When off, staff without a key type the student's full name.",
        yes_or_no,
    ),
    SettingSpec(
        "student_names",
        "preferred",
        "Names of students",
        "Which name is shown, and lists are ordered by. Both are found by a search.",
        choices=(("preferred", "Preferred names, where there are any"), ("legal", "Legal names")),
    ),
    SettingSpec(
        "name_order",
        "forename-first",
        "Order of names",
        "How a student's name is written. Lists are by surname, whichever is chosen.",
        choices=(("forename-first", "Forename Surname"), ("surname-first", "Surname, Forename")),
    ),
    SettingSpec(
        "dashboard_group_kind",
        "tutor",
        "Dashboard group type",
        "The kind of group that the dashboard filters by.",
        choices=(("tutor", "Tutor group"), ("year", "Year group")),
    ),
    SettingSpec(
        "attendance_trend_days",
        10,
        "Attendance trend",
        "School days: the trend of a student compares the last so many with as many before them.",
        whole_number(1, 60),
    ),
    SettingSpec(
        "max_file_megabytes",
        100,
        "Largest file",
        "Megabytes that one attached file may have.",
        whole_number(1, 500),
    ),
    SettingSpec(
        "file_endings",
        ALLOWED,
        "Kinds of files",
        "The endings of files that can be attached, with commas between. What is in a file has to agree with "
        "its ending; files that can run programs are never taken.",
        endings,
    ),
    SettingSpec(
        "import_archive_guard",
        10,
        "Import guard",
        "An import that would archive more than this share of the school (per cent) is stopped.",
        whole_number(1, 100),
    ),
)


def read_settings(db: SchoolSession) -> dict[str, Any]:
    """All settings of the session's school."""
    rows = db.execute(select(Setting.name, Setting.value))
    return with_defaults(db.app, {row.name: row.value for row in rows})


def with_defaults(app: Application, own: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a school: its own values over the defaults."""
    return {name: own.get(name, spec.default) for name, spec in app.settings.items()}
