"""Class restrictions: the switches, the classes with who may see them, and the page of one (USR-09)."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin import classes as read
from cpoms_core.admin.classes import KINDS, ClassChoice
from cpoms_core.admin.guards import ChangedMeanwhile, mark_of
from cpoms_core.admin.queries import alert_groups as people
from cpoms_core.admin.queries import groups as user_groups
from cpoms_core.admin.services import class_access as services
from cpoms_core.admin.views.dual_lists import group_section, people_sections
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.web.forms import as_id

ONE = {"tutor": "tutor group", "year": "year group"}
SHOWN = 8  # names of a class in the list


def classes(request: Request) -> dict[str, Any]:
    """Both kinds of student group: whether they are restricted, and who is listed for each group."""
    db = request.db
    on, listed = read.restricted_kinds(db), read.holders(db)
    new = {one.id for one in read.new_classes(db)}
    choices = read.class_choices(db)
    return {
        "title": "Groups",
        "on": on,
        "kinds": [
            {
                "kind": kind,
                "label": label,
                "one": ONE[kind],
                "restricted": kind in on,
                "href": request.route_path("admin-class-kind", kind=kind),
                "classes": [
                    {
                        "name": one.label,
                        "href": request.route_path("admin-class", group_id=one.id),
                        "new": one.id in new,
                        **_names(listed.get(one.id, [])),
                    }
                    for one in choices
                    if one.kind == kind
                ],
            }
            for kind, label in KINDS.items()
        ],
    }


def _names(listed: Collection[read.Holder]) -> dict[str, Any]:
    names = [f"all of {one.name}" if one.whole else one.name for one in listed if one.active]
    return {"names": names[:SHOWN], "more": max(0, len(names) - SHOWN)}


def kind(request: Request) -> Any:
    """Switches one kind on or off, once it was said what that does."""
    name = request.matchdict["kind"]
    if name not in KINDS:
        raise NothingThere
    db, viewer = request.db, request.viewer
    if request.method == "POST":
        turned_on = request.POST.get("on") == "yes"
        services.switch_restriction(db, viewer, name, on=turned_on)
        said = "classes-restricted" if turned_on else "classes-open"
        return HTTPSeeOther(request.route_path("admin-classes", _query={"said": said}))
    on, listed = read.restricted_kinds(db), read.holders(db)
    choices = [one for one in read.class_choices(db) if one.kind == name]
    empty = [one.label for one in choices if not any(who.active for who in listed.get(one.id, []))]
    own = {viewer.user_id, viewer.group_id}
    return {
        "title": f"{KINDS[name]}: {'switch restrictions off' if name in on else 'restrict access'}",
        "label": KINDS[name],
        "one": ONE[name],
        "restricted": name in on,
        "other": next((KINDS[one].lower() for one in on if one != name), None),
        "count": len(choices),
        "empty": empty,
        "listed_anywhere": any(who.id in own for one in choices for who in listed.get(one.id, [])),
        "action": request.path,
        "back_href": request.route_path("admin-classes"),
    }


def one(request: Request) -> Any:
    """One class: who may see its students."""
    db, viewer = request.db, request.viewer
    shown = read.one_class(db, as_id(request.matchdict["group_id"]))
    request.shows([shown.id])
    stored = services.listed_now(db, shown.id)
    if request.method != "POST":
        return _page(request, shown, stored, [], mark_of(stored))
    wanted = frozenset(filter(None, map(as_id, request.POST.getall("holders"))))
    seen = request.POST.get("seen", "")
    try:
        services.change_class(db, viewer, shown.id, wanted, seen)
    except ChangedMeanwhile as error:
        return _refused(request, _page(request, shown, stored, [error.message], mark_of(stored)))
    except Refused as error:
        return _refused(request, _page(request, shown, wanted, [error.message], seen))
    return HTTPSeeOther(request.route_path("admin-classes", _query={"said": "saved"}))


def _refused(request: Request, page: dict[str, Any]) -> dict[str, Any]:
    request.tm.doom()
    request.response.status_int = 422
    return page


def _page(
    request: Request, shown: ClassChoice, chosen: frozenset[uuid.UUID], errors: list[str], seen: str
) -> dict[str, Any]:
    db = request.db
    on = read.restricted_kinds(db)
    groups = [(row.id, row.name, row.users) for row in user_groups.groups(db)]
    gone = [who for who in read.holders(db, shown.id).get(shown.id, []) if not who.active]
    users = people.active_users(db)
    return {
        "title": f"Who may see {shown.label}",
        "one": ONE[shown.kind],
        "name": shown.label,
        "restricted": shown.kind in on,
        "other": next((KINDS[kind].lower() for kind in on if kind != shown.kind), None),
        "errors": errors,
        "deactivated": len(gone),
        "users": {
            "id": "holders",
            "name": "holders",
            "legend": "Users and user groups",
            "help": "The filter finds by name or by user group; the double arrow moves everyone shown. "
            "A whole user group is moved by itself, and stands for whoever is in it at any time.",
            "errors": errors,
            "left": f"Not listed for {shown.label}",
            "right": f"May see the students of {shown.label}",
            "sections": [group_section(groups, chosen), *people_sections(users, chosen)],
            "offers_groups": False,
        },
        "seen": seen,
        "back_href": request.route_path("admin-classes"),
    }


def seen(request: Request) -> HTTPSeeOther:
    """Marks the new classes that the dashboard's notice showed as seen."""
    ids = frozenset(filter(None, map(as_id, request.POST.getall("class"))))
    services.see_new_classes(request.db, request.viewer, ids)
    return HTTPSeeOther(request.route_path("dashboard", _query={"said": "classes-seen"}))
