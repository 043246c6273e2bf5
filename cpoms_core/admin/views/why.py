"""Why a user sees an incident, or does not (USR-13)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyramid.request import Request

from cpoms_core.admin.queries.why import Explanation, StudentLine, everyone, explain
from cpoms_core.errors import NothingThere
from cpoms_core.web.forms import as_id, as_number

THROUGH_ALERT = "through an open alert only, until it is marked as read"


def ask(request: Request) -> dict[str, Any]:
    """A user and the number of an incident to choose; posted, the answer below it."""
    asked = request.POST if request.method == "POST" else request.GET
    number, user = str(asked.get("number", "")).strip()[:20], as_id(asked.get("user"))
    page: dict[str, Any] = {
        "title": "Who sees what",
        "users": [
            {"value": str(one), "text": name, "chosen": one == user} for one, name in everyone(request.db)
        ],
        "number": number,
        "errors": {},
        "answer": None,
    }
    if request.method == "POST":
        _answer(request, page, user, number)
    return page


def _answer(request: Request, page: dict[str, Any], user: Any, typed: str) -> None:
    """Puts the explanation, or what is wrong with what was asked, into the page."""
    errors = page["errors"]
    number = as_number(typed) or 0  # there is no incident 0
    if user is None:
        errors["user"] = "Choose a user."
    if not typed:
        errors["number"] = "Give the number of an incident. It stands beside each."
    told = None
    if not errors:
        try:
            told = explain(request.db, request.viewer, user, number)
        except NothingThere:
            errors["user"] = "This user is not known. Choose again."
        else:
            request.shows([user, *([told.incident_id] if told else [])])
            if told is None:
                errors["number"] = "There is no incident of this number."
    if errors:
        request.response.status_int = 422
    elif told is not None:
        page["answer"] = _words(told)


def _words(told: Explanation) -> dict[str, Any]:
    return {"verdict": _verdict(told), "rules": list(_rules(told))}


def _verdict(told: Explanation) -> dict[str, str]:
    """What follows, with a key and without."""
    about = f"{told.user_name} {{}} incident {told.number}"
    if told.sees_with_key:
        how = "by their own rights" if told.by_right else THROUGH_ALERT
        text = about.format("sees") + f", {how}."
    elif told.sees_without_key:
        text = about.format("sees") + f", {THROUGH_ALERT}."
    else:
        text = about.format("does not see") + "."
    return {"level": "good" if told.sees_with_key or told.sees_without_key else "bad", "text": text}


def _rules(told: Explanation) -> Iterator[dict[str, Any]]:
    """The rules in the order of USR-12: the text, the answer, what it is made of, and whether it decides."""
    alert = told.by_alert and not told.by_right
    steps: list[tuple[str, bool, list[dict[str, Any]], str]] = [
        (
            "The incident is there",
            not told.deleted,
            [],
            "It was deleted: nobody sees it." if told.deleted else "",
        ),
        ("The account is active", told.active, [], "" if told.active else "It is deactivated or locked."),
        (
            "They have a key",
            told.key,
            [],
            "It counts once they have used it in a session."
            if told.key
            else "Without one they only ever have restricted access.",
        ),
        (
            f"Their user group, {told.group_name}, has the permission to view student details",
            told.details,
            [],
            "",
        ),
        (
            f"{told.group_name} has View incidents on every category of the incident",
            told.all_categories,
            [
                {"text": one.name or "A category that you may not be told", "yes": one.sees}
                for one in told.categories
            ],
            "",
        ),
        _classes(told),
    ]
    failed = next((at for at, step in enumerate(steps) if not step[1]), None)
    for at, (text, yes, parts, note) in enumerate(steps):
        decides = at == failed and (at == 0 or not alert)
        yield {"text": text, "yes": yes, "parts": parts, "note": note, "decides": decides}
    yield {
        "text": "They have an open alert for it",
        "yes": told.alerted,
        "parts": [],
        "note": "It lets them read this one incident until it is marked as read, whatever their group."
        if told.alerted
        else "An alert would let them read this one incident.",
        "decides": alert,
    }
    yield {
        "text": "Without their key, in a restricted session, they see it",
        "yes": told.sees_without_key,
        "parts": [],
        "note": "Your school asks everyone for a key: without one nothing is shown."
        if told.key_for_everyone
        else "Only an open alert shows an incident there.",
        "decides": False,
    }


def _classes(told: Explanation) -> tuple[str, bool, list[dict[str, Any]], str]:
    text = "Their class access includes one of its students"
    if told.whole_school:
        return text, True, [], "It is about the whole school, so classes do not apply."
    note = "" if told.restricted else "Class restrictions are off: everyone sees every class."
    parts = [
        {
            "text": f"{one.name or 'A student whom you may not be told'}: {_reason(told, one)}",
            "yes": one.in_class,
        }
        for one in told.students
    ]
    return text, told.class_access, parts, note


def _reason(told: Explanation, one: StudentLine) -> str:
    if one.grouped:
        if not told.restricted:
            return "in a class"
        if not one.listed:
            return "none of their classes lists this user or the user group"
        return f"listed for {'; '.join(one.lists)}" if one.lists else "one of their classes lists them"
    nowhere = "in no class of a kind that is restricted" if told.restricted else "in no class"
    if one.sees_ungrouped:
        return f"{nowhere}, and this user may see students who have no group"
    if one.typed_in:
        return "typed in by staff, and not matched by an import yet"
    return f"{nowhere}, and this user may not see students who have no group"
