"""What the core's audit events mean to an administrator (USR-03). Modules word theirs by `audit_words`.

An event keeps its words for as long as a school keeps its audit: one that nothing writes any more stays here.
"""

from __future__ import annotations

import datetime as dt
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
            "contacts.viewed": "Opened a student's contact details",
            "document.downloaded": "Downloaded a file",
            "document.looked-at": "Looked at a picture",
            "document.viewed": "Opened the page of a file",
            "documents.downloaded": "Downloaded files as a zip",
            "student.vault-viewed": "Opened a student's document vault",
            "group.viewed": "Opened a user group",
            "groups.listed": "Listed the user groups",
            "import.viewed": "Opened an import",
            "import.captions-viewed": "Opened the captions of imports",
            "imports.listed": "Listed the imports",
            "incident-parts.listed": "Opened the parts of students in incidents",
            "typed-in.listed": "Opened the students who were typed in",
            "incident.readers-viewed": "Looked who has read an incident",
            "incident.printed": "Printed an incident",
            "incidents.printed": "Printed a chronology",
            "record.printed": "Made a print of a record",
            "prepared-file.fetched": "Fetched a print of a record",
            "student.report-opened": "Opened the form of a student report",
            "student.report-made": "Asked for a student report",
            "logo.viewed": "Opened the settings of the logo",
            "incident.viewed": "Opened an incident",
            "incident.form-opened": "Opened the form that edits an incident",
            "incident.history-viewed": "Looked at the versions of an incident",
            "incident.audits-viewed": "Looked who saw or changed an incident",
            "incident.change-opened": "Opened a form that changes an incident",
            "action.change-opened": "Opened a form that changes an action",
            "action.history-viewed": "Looked at the versions of an action",
            "incidents.viewed": "Opened a student's incidents",
            "keys.viewed": "Opened their keys",
            "log-ins.viewed": "Listed their log-ins",
            "names.hidden": "Hid the names of students on their screen",
            "names.shown": "Showed the names of students again",
            "modules.listed": "Listed the modules",
            "provider.viewed": "Opened a log-in provider",
            "providers.listed": "Listed the log-in providers",
            "security-log.viewed": "Opened the school's security log",
            "settings.viewed": "Opened the settings",
            "staff.listed": "Listed the staff who have no account",
            "student.chart-saved": "Saved a chart of a student",
            "student.history-viewed": "Looked at the versions of a student's information",
            "student.information-opened": "Opened the form for a student's information",
            "student.viewed": "Opened a student's overview",
            "training.viewed": "Listed what was recorded in training mode",
            "user.alerts-viewed": "Opened a user's alerts",
            "user.keys-viewed": "Opened a user's keys",
            "user.permissions-viewed": "Opened a user's permissions",
            "user.viewed": "Opened a user's profile",
            "users.listed": "Listed the users",
            "student.attendance-viewed": "Opened a student's attendance",
            "student.audits-exported": "Exported a student's audit report",
            "student.audits-viewed": "Opened a student's audit report",
            "student.monitoring-viewed": "Opened a student's monitoring history",
            "students.update-previewed": "Looked at what an update of categories would change",
            "user.audits-exported": "Exported a user's audits",
            "user.audits-viewed": "Opened a user's audits",
            "user.security-log-viewed": "Opened a user's security log",
        },
    ),
    **_all(
        "searched",
        {
            "students.searched": "Searched for students",
            "students.listed-to-update": "Listed students to update their categories",
            "users.searched": "Searched for users",
            "why.asked": "Asked why a user sees an incident, or does not",
        },
    ),
    **_all(
        "changed",
        {
            "action.recorded": "Recorded an action",
            "action.deleted": "Deleted an action",
            "action.edited": "Edited an action",
            "action.restored": "Restored an action",
            "action.kept-as-real": "Kept an action of training mode as real",
            "incident.kept-as-real": "Kept an incident of training mode as real",
            "training.begun": "Switched training mode on",
            "training.ended": "Ended training mode, and removed what was recorded in it",
            "action.split": "Split an action off as an incident of its own",
            "incident.added-to": "Added alerts or linked students to an incident",
            "incident.deleted": "Deleted an incident",
            "incident.edited": "Edited an incident",
            "incident.merged": "Merged an incident into another",
            "incident.restored": "Restored an incident",
            "account.alerts-changed": "Changed the address that their alerts go to",
            "account.email-asked": "Asked for another e-mail address",
            "account.email-changed": "Changed their e-mail address",
            "alert-group.added": "Added an alert group",
            "alert-group.changed": "Changed an alert group",
            "alert-group.deleted": "Deleted an alert group",
            "alert.passed-on": "Passed an alert on that was not read in time",
            "alert.read": "Marked an alert as read",
            "automatic-alert.added": "Set an automatic alert",
            "automatic-alert.removed": "Removed an automatic alert",
            "document.added": "Added files to a document vault",
            "document.alert-passed-on": "Passed an alert to a file on that was not read in time",
            "document.alerted": "Alerted users to a file",
            "document.destroyed": "Removed a file for good, on a written request",
            "document.read": "Marked an alert to a file as read",
            "document.removed": "Removed a file",
            "document.restored": "Restored a removed file",
            "class.changed": "Changed who may see a class",
            "contact.added": "Added a contact of a student",
            "contact.changed": "Changed a contact of a student",
            "contact.ended": "Ended a contact of a student",
            "contact.resumed": "Took a contact of a student up again",
            "student.edited": "Edited a student's information",
            "class.restricted": "Switched class restrictions",
            "new-classes.seen": "Marked new classes as seen",
            "group.added": "Added a user group",
            "group.changed": "Changed a user group",
            "group.deleted": "Deleted a user group",
            "import.applied": "Applied an import",
            "import.captions-changed": "Changed the captions of imports",
            "import.dropped": "Dropped an import",
            "import.failed": "Started an import that failed",
            "import.previewed": "Uploaded an import",
            "import.refused": "Uploaded an import that was refused",
            "incident-part.added": "Added a part of students in incidents",
            "incident-part.disabled": "Disabled a part of students in incidents",
            "incident-part.enabled": "Enabled a part of students in incidents",
            "incident-part.moved": "Changed the order of the parts of students in incidents",
            "incident-part.renamed": "Renamed a part of students in incidents",
            "incident.pinned": "Pinned an incident",
            "incident.recorded": "Recorded an incident",
            "logo.changed": "Changed the school's logo",
            "logo.removed": "Removed the school's logo",
            "incident.unpinned": "Unpinned an incident",
            "key.added": "Added a key",
            "key.all-removed": "Removed all keys of a user",
            "key.removed": "Removed a key",
            "key.renamed": "Gave a key another name",
            "module.failures-seen": "Marked failures of modules as seen",
            "module.switched": "Switched a module",
            "module.tried-again": "Had a module tried again",
            "module.viewed": "Opened the page of a module",
            "monitoring.begun": "Began to monitor a student",
            "monitoring.ended": "Ended the monitoring of a student",
            "monitoring.kept": "Asked to monitor a student whom an incident had begun to monitor",
            "provider.saved": "Saved a log-in provider",
            "school.created": "Set up the school",
            "student.kept-apart": "Said that a student who was typed in is not in the MIS",
            "student.matched": "Matched a student who was typed in with one of the MIS",
            "student.typed-in": "Typed in a new student",
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
    **_all(
        "refused",
        {
            "refused": "Asked for what is not there, or not theirs to see",
            "document.infected": "Was refused a file in which the virus scanner found something",
        },
    ),
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
SCHOOL_ONLY: dict[str, Result] = {
    "refused": Result("warn", "Refused: not there, or not theirs to see"),
    "document.infected": Result("bad", "Refused: an infected file"),
    "document.destroyed": Result("warn", "A file was removed for good"),
}
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


def _changed(details: Mapping[str, Any]) -> str:
    """Which fields of a record differ from the version before."""
    return ", ".join(CHANGED.get(str(name), str(name)) for name in details.get("fields", []))


CHANGED = {
    "occurred_at": "date",
    "linked": "linked students",
    "documents": "files",
    "on_linked": "on linked records",
    "share_documents": "files on linked records",
    "places": "single linked records",
    "modules": "other fields",
}


def _split(details: Mapping[str, Any]) -> str:
    """Of one that had been merged also how much went with it."""
    went = ((details.get("unlinked"), "no longer linked"), (details.get("categories_off"), "categories off"))
    told = [f"incident {details.get('number')}, out of {details.get('out_of')}"]
    return ", ".join([*told, *(f"{count} {words}" for count, words in went if count)])


def _route(details: Mapping[str, Any]) -> str:
    return "page: " + str(details.get("route", "")).replace("-", " ").replace(".", ", ")


def _since(details: Mapping[str, Any]) -> str:
    """From which day of the school on."""
    if not details.get("since"):
        return ""
    day = dt.date.fromisoformat(details["since"])
    return f"from {day.day} {day:%B %Y}"


def _document(details: Mapping[str, Any]) -> str:
    """The document ID, which stays when the file itself is hidden or gone (EDT-10)."""
    return f"document D-{details['number']}" if details.get("number") else ""


FACTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **{event: _how for event in EVENTS if event.partition(".")[0] in ("login", "logout", "session")},
    "user.changed": _fields,
    "incident.edited": _changed,
    "action.edited": _changed,
    "incident.merged": lambda d: f"{d.get('number')} into {d.get('into')}",
    "action.split": _split,
    "incident.added-to": lambda d: f"{d.get('alerted', 0)} alerted, {d.get('linked', 0)} linked",
    **dict.fromkeys(
        ("alert.passed-on", "document.alert-passed-on"), lambda d: f"{d.get('alerted', 0)} alerted"
    ),
    "training.ended": lambda d: ", ".join(
        f"{d.get(name, 0)} {word}"
        for name, word in (("incidents", "incidents"), ("actions", "actions"), ("kept", "kept as real"))
    ),
    "module.tried-again": lambda d: str(d.get("module", "")),
    "module.switched": lambda d: f"{d.get('module', '')}: {'on' if d.get('enabled') else 'off'}",
    "settings.changed": _listed,
    "refused": _route,
    "user.audits-exported": lambda d: f"{d.get('entries', 0):,} entries",
    "student.audits-exported": lambda d: f"{d.get('entries', 0):,} entries",
    **dict.fromkeys(("document.removed", "document.restored", "document.destroyed"), _document),
    "monitoring.begun": _since,
    "monitoring.ended": _since,
}
"""Event -> what its details add, in words. Details hold no content and no names, and few are worth a line."""


def facts_of(event: str, details: Mapping[str, Any]) -> str:
    """What the details of an entry add to its words, or nothing."""
    return FACTS[event](details) if event in FACTS else ""
