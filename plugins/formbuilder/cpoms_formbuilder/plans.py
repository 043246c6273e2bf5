"""What administrators make of a form, as plain values: the order of its fields, the advice under them, and
the school's own fields. A plan is JSON: `order` (names), `advice` (text by name), `fields` (by id as hex)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from cpoms_core.errors import Refused
from cpoms_formbuilder.kinds import DROPDOWN, KINDS, field_name, id_in
from cpoms_formbuilder.models import LONGEST_LABEL

Plan = dict[str, Any]
MOST_FIELDS = 100
MOST_OPTIONS = 200
LONGEST_ADVICE = 1_000  # characters


def empty() -> Plan:
    """The plan of a form as the product has it."""
    return {"order": [], "advice": {}, "fields": {}}


def arranged(plan: Plan, present: Sequence[str]) -> list[str]:
    """The names of a form's fields in the plan's order. present: of those that the form has, in the order
    that staff see; one that the plan does not know stands behind its neighbour. One that is not there at
    present, as of a module that is off, keeps its place: `shown` leaves it out."""
    own = own_names(plan)
    there = [name for name in present if id_in(name) is None or name in own]
    found = placed(plan["order"], there)
    return found + [name for name in own if name not in found]


def shown(plan: Plan, present: Sequence[str]) -> list[str]:
    """As `arranged`, without what is not there at present."""
    there = {*(name for name in present if id_in(name) is None), *own_names(plan)}
    return [name for name in arranged(plan, present) if name in there]


def own_names(plan: Plan) -> list[str]:
    """The names of the school's own fields on the form."""
    return [field_name(uuid.UUID(hex=one)) for one, field in plan["fields"].items() if not field["deleted"]]


def placed(order: Sequence[str], others: Sequence[str]) -> list[str]:
    """An order with further names, each behind the one that it follows among the others."""
    found = list(order)
    before: str | None = None
    for name in others:
        if name not in found:
            found.insert(found.index(before) + 1 if before is not None else 0, name)
        before = name
    return found


def with_order(plan: Plan, order: Sequence[str], advice: Mapping[str, str]) -> Plan:
    """The plan with an order and the advice that was typed. Raises Refused."""
    changed = deepcopy(plan)
    changed["order"] = list(dict.fromkeys(order))
    for name, text in advice.items():
        _advise(changed, name, text)
    return changed


def with_field(plan: Plan, field_id: uuid.UUID, field: Mapping[str, Any], advice: str) -> Plan:
    """The plan with a field of the school's own, new or changed. `field`: label, kind, categories, required,
    many, and options with their ids, in order; an option that is not among them any more is removed, and
    stays on what had it. A field keeps its kind. Raises Refused."""
    changed = deepcopy(plan)
    before = changed["fields"].get(field_id.hex)
    live = [one for one in changed["fields"].values() if not one["deleted"]]
    label = _label(field["label"], "label", "Give the field a name.")
    _room(label, [one for one in live if one is not before])
    if field["kind"] not in KINDS or (before and before["kind"] != field["kind"]):
        raise Refused("Choose what kind of field it is.", "kind")
    dropdown = field["kind"] == DROPDOWN
    changed["fields"][field_id.hex] = {
        "label": label,
        "kind": field["kind"],
        "categories": sorted(str(one) for one in field["categories"]),
        "required": dropdown and bool(field["required"]),
        "many": dropdown and bool(field["many"]),
        "options": _options(before["options"] if before else [], field["options"]) if dropdown else [],
        "deleted": False,
    }
    _advise(changed, field_name(field_id), advice)
    return changed


def without_field(plan: Plan, field_id: uuid.UUID, *, deleted: bool) -> Plan:
    """The plan with a field marked as deleted, or brought back. Raises Refused."""
    changed = deepcopy(plan)
    field = changed["fields"][field_id.hex]
    if field["deleted"] and not deleted:
        _room(field["label"], [one for one in changed["fields"].values() if not one["deleted"]])
    changed["fields"][field_id.hex]["deleted"] = deleted
    return changed


def weights(names: Sequence[str], own: Mapping[str, int]) -> dict[str, int]:
    """The weights that give fields this order, of those that they have themselves: so that a field that
    nobody placed, as of a module that is switched on later, still stands about where it would."""
    found: dict[str, int] = {}
    last = -1_000_000
    for name, weight in zip(names, sorted(own[name] for name in names), strict=True):
        last = found[name] = max(weight, last + 1)
    return found


def _room(label: str, others: Sequence[Mapping[str, Any]]) -> None:
    if len(others) >= MOST_FIELDS:
        raise Refused(f"A form has at most {MOST_FIELDS} custom fields.", "label")
    if label.casefold() in [one["label"].casefold() for one in others]:
        raise Refused("This form has a field of this name already.", "label")


def _options(before: Sequence[Mapping[str, Any]], typed: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    known = {one["id"] for one in before}
    found: list[dict[str, Any]] = []
    for one, text in typed:
        if text.strip():
            kept = one if one in known else uuid.uuid4().hex
            known.discard(one)  # each is there once, whatever came in
            found.append({"id": kept, "label": _label(text, "options", ""), "removed": False})
    labels = [one["label"].casefold() for one in found]
    if not labels:
        raise Refused("Give at least one option to choose from.", "options")
    if len(set(labels)) < len(labels):
        raise Refused("Two options have the same name.", "options")
    if len(labels) > MOST_OPTIONS:
        raise Refused(f"A dropdown has at most {MOST_OPTIONS} options.", "options")
    kept_ids = {one["id"] for one in found}
    return found + [{**one, "removed": True} for one in before if one["id"] not in kept_ids]


def _label(text: str, field: str, missing: str) -> str:
    label = " ".join(text.split())
    if not label:
        raise Refused(missing, field)
    if len(label) > LONGEST_LABEL:
        raise Refused(f"Use at most {LONGEST_LABEL} characters.", field)
    return label


def _advise(plan: Plan, name: str, text: str) -> None:
    advice = " ".join(text.split())
    if len(advice) > LONGEST_ADVICE:
        raise Refused(f"Use at most {LONGEST_ADVICE:,} characters for an advice message.", "advice")
    plan["advice"].pop(name, None)
    if advice:
        plan["advice"][name] = advice
