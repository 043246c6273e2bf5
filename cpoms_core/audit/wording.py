"""What the core's audit events mean to an administrator (USR-03). Modules word theirs by `audit_words`.

An event keeps its words for as long as a school keeps its audit: one that nothing writes any more stays here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cpoms_core.hooks.types import AuditKind, AuditWords

KINDS: dict[AuditKind, str] = {
    "viewed": "Viewed",
    "changed": "Changed",
    "searched": "Searched",
    "logged in": "Logged in",
    "refused": "Refused",
}


def _all(kind: AuditKind, phrases: Mapping[str, str]) -> dict[str, AuditWords]:
    return {event: AuditWords(phrase, kind) for event, phrase in phrases.items()}


EVENTS: dict[str, AuditWords] = {
    **_all(
        "logged in",
        {
            "login.restricted": "Logged in with the password",
            "login.elevated": "Used a key",
            "login.wrong-password": "Tried a wrong password",
            "login.wrong-code": "Tried a wrong or old code",
            "login.locked-out": "Tried to log in while locked out",
            "login.link-sent": "Asked for a link to set a password",
            "login.link-unknown": "Asked for a link to set a password, for an unknown address",
            "login.approved": "Approved a log-in on the phone",
            "login.denied": "Denied a log-in on the phone",
            "login.provider-failed": "Tried to log in by a provider, in vain",
            "login.sso": "Came in with the log-in of an SSO account",
            "login.wrong-key": "Tried a security key that was not accepted",
            "login.password-set": "Set a password by a link",
            "logout": "Logged out",
            "key.cloned": "Used a key of which there may be a copy",
            "session.ended": "Ended one of their log-ins",
            "session.ended-everywhere": "Logged out everywhere",
        },
    ),
    **_all(
        "viewed",
        {
            "account.viewed": "Opened their account settings",
            "admin.viewed": "Opened the administration",
            "alert-group.viewed": "Opened an alert group",
            "alert-groups.listed": "Listed the alert groups",
            "class.viewed": "Opened a class",
            "classes.listed": "Listed the classes and who may see them",
            "dashboard.viewed": "Opened the dashboard",
            "document.downloaded": "Downloaded a file",
            "group.viewed": "Opened a user group",
            "groups.listed": "Listed the user groups",
            "import.viewed": "Opened an import",
            "imports.listed": "Listed the imports",
            "incident.readers-viewed": "Looked who has read an incident",
            "incident.viewed": "Opened an incident",
            "incidents.viewed": "Opened a student's incidents",
            "keys.viewed": "Opened their keys",
            "log-ins.viewed": "Listed their log-ins",
            "modules.listed": "Listed the modules",
            "provider.viewed": "Opened a log-in provider",
            "providers.listed": "Listed the log-in providers",
            "security-log.viewed": "Opened the school's security log",
            "settings.viewed": "Opened the settings",
            "staff.listed": "Listed the staff who have no account",
            "user.alerts-viewed": "Opened a user's alerts",
            "user.keys-viewed": "Opened a user's keys",
            "user.permissions-viewed": "Opened a user's permissions",
            "user.viewed": "Opened a user's profile",
            "users.listed": "Listed the users",
            "user.audits-exported": "Exported a user's audits",
            "user.audits-viewed": "Opened a user's audits",
            "user.security-log-viewed": "Opened a user's security log",
        },
    ),
    **_all(
        "searched",
        {
            "students.searched": "Searched for students",
            "users.searched": "Searched for users",
            "why.asked": "Asked why a user sees an incident, or does not",
        },
    ),
    **_all(
        "changed",
        {
            "action.recorded": "Recorded an action",
            "account.alerts-changed": "Changed the address that their alerts go to",
            "account.email-asked": "Asked for another e-mail address",
            "account.email-changed": "Changed their e-mail address",
            "alert-group.added": "Added an alert group",
            "alert-group.changed": "Changed an alert group",
            "alert-group.deleted": "Deleted an alert group",
            "alert.read": "Marked an alert as read",
            "automatic-alert.added": "Set an automatic alert",
            "automatic-alert.removed": "Removed an automatic alert",
            "class.changed": "Changed who may see a class",
            "class.restricted": "Switched class restrictions",
            "new-classes.seen": "Marked new classes as seen",
            "group.added": "Added a user group",
            "group.changed": "Changed a user group",
            "group.deleted": "Deleted a user group",
            "import.applied": "Applied an import",
            "import.dropped": "Dropped an import",
            "import.failed": "Started an import that failed",
            "import.previewed": "Uploaded an import",
            "import.refused": "Uploaded an import that was refused",
            "incident.pinned": "Pinned an incident",
            "incident.recorded": "Recorded an incident",
            "incident.unpinned": "Unpinned an incident",
            "key.added": "Added a key",
            "key.all-removed": "Removed all keys of a user",
            "key.removed": "Removed a key",
            "key.renamed": "Gave a key another name",
            "module.failures-seen": "Marked failures of modules as seen",
            "module.switched": "Switched a module",
            "provider.saved": "Saved a log-in provider",
            "school.created": "Set up the school",
            "settings.changed": "Changed the settings",
            "sso.made": "Made an SSO account of several accounts",
            "sso.school-added": "Added the school to an SSO account",
            "user.added": "Added a user",
            "user.alerts-changed": "Changed a user's automatic alerts",
            "user.alerts-removed": "Removed a user's dashboard alerts",
            "user.changed": "Changed a user's details",
            "user.deactivated": "Deactivated a user",
            "user.link-sent": "Had a link sent to a user",
            "user.permissions-changed": "Changed a user's permissions",
            "user.reactivated": "Reactivated a user",
        },
    ),
    **_all("refused", {"refused": "Asked for what is not there, or not theirs to see"}),
}
"""Event -> its words."""


def words_of(known: Mapping[str, AuditWords], event: str) -> AuditWords:
    """An event's words. One whose module is no longer installed is called by its name."""
    return known.get(event) or AuditWords(
        f"Did something that only a removed module can name: {event}", "viewed"
    )


ACCESS = {"elevated": "with a key", "restricted": "without a key", "account": "without a key, account only"}


def where_of(channel: str, access: str) -> str:
    """Through what a user acted, in words."""
    if channel != "web":
        return {"worker": "the system", "command line": "command line"}.get(channel, channel)
    return ACCESS.get(access, "")


# --- the security log ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """What a line of the security log says came of a try. by_others: somebody else may have done it for
    the user, who is then among the entry's subjects."""

    level: Literal["good", "warn", "bad"]
    text: str
    by_others: bool = False


SECURITY: dict[str, Result] = {
    "login.restricted": Result("good", "Right password"),
    "login.elevated": Result("good", "Key accepted"),
    "login.sso": Result("good", "SSO account logged in"),
    "login.approved": Result("good", "Approved on the phone"),
    "login.denied": Result("bad", "Denied on the phone"),
    "login.wrong-password": Result("bad", "Wrong password"),
    "login.wrong-code": Result("bad", "Wrong or old code"),
    "login.wrong-key": Result("bad", "Security key not accepted"),
    "login.provider-failed": Result("bad", "Log-in by a provider failed"),
    "login.locked-out": Result("bad", "Locked out: too many tries that failed"),
    "login.link-sent": Result("warn", "Link to set a password was sent"),
    "login.link-unknown": Result("warn", "Link asked for, for an unknown address"),
    "login.password-set": Result("good", "Password set"),
    "logout": Result("good", "Logged out"),
    "session.ended": Result("warn", "One log-in ended"),
    "session.ended-everywhere": Result("warn", "Logged out everywhere"),
    "key.added": Result("good", "Key added"),
    "key.renamed": Result("good", "Key renamed"),
    "key.removed": Result("warn", "Key removed"),
    "key.all-removed": Result("warn", "All keys removed", by_others=True),
    "key.cloned": Result("bad", "Key not accepted: there may be a copy of it"),
    "account.email-changed": Result("warn", "E-mail address changed"),
    "user.link-sent": Result("warn", "Link to set a password was asked for", by_others=True),
    "user.deactivated": Result("warn", "Account deactivated", by_others=True),
    "user.reactivated": Result("warn", "Account reactivated", by_others=True),
    "sso.made": Result("warn", "Made an SSO account", by_others=True),
}
"""Event -> what the security log of a user and of the school says of it."""
SCHOOL_ONLY: dict[str, Result] = {"refused": Result("warn", "Refused: not there, or not theirs to see")}
"""What only the school's own security log shows beside those."""


# --- what the details of an entry add --------------------------------------------------------------------


def _listed(details: Mapping[str, Any]) -> str:
    return ", ".join(str(name).replace("_", " ") for name in details.get("names", []))


def _how(details: Mapping[str, Any]) -> str:
    """Where else than at the school a log-in was, by which provider, and why it failed."""
    provider = details.get("provider") and f"by {details['provider']}"
    place = details.get("at") and "at the address of accounts of several schools"
    return ", ".join(str(part) for part in (place, provider, details.get("reason")) if part)


def _fields(details: Mapping[str, Any]) -> str:
    return ", ".join(str(name) for name in details.get("fields", []))


def _route(details: Mapping[str, Any]) -> str:
    return "page: " + str(details.get("route", "")).replace("-", " ").replace(".", ", ")


FACTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **{event: _how for event in EVENTS if event.partition(".")[0] in ("login", "logout", "session")},
    "user.changed": _fields,
    "module.switched": lambda d: f"{d.get('module', '')}: {'on' if d.get('enabled') else 'off'}",
    "settings.changed": _listed,
    "refused": _route,
    "user.audits-exported": lambda d: f"{d.get('entries', 0):,} entries",
}
"""Event -> what its details add, in words. Details hold no content and no names, and few are worth a line."""


def facts_of(event: str, details: Mapping[str, Any]) -> str:
    """What the details of an entry add to its words, or nothing."""
    return FACTS[event](details) if event in FACTS else ""
