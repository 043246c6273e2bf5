"""What hooks answer with: data, never HTML. `needs` names a permission; only the relay filters by it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from wtforms.fields.core import UnboundField


@dataclass(frozen=True, slots=True)
class Permission:
    """A system permission on the user group screen (USR-04). `when_restricted`: it counts without a key."""

    name: str
    title: str
    section: str
    when_restricted: bool = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the top bar. `route` is a route without parameters; `weight` orders, lightest first."""

    label: str
    route: str
    weight: int
    icon: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the administration or of a student's record."""

    label: str
    route: str
    weight: int
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """A link in the Options menu of an incident or action. `route`: one with a single parameter, its id."""

    label: str
    route: str
    weight: int
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page: a template of the module (`package:templates/x.pt`) and what it is given.

    `slot` is the place on the page: `dashboard`, `student-overview`, `incident-margin` or
    `incident-foot`.
    """

    slot: str
    weight: int
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""


@dataclass(frozen=True, slots=True)
class PrintPart:
    """What a module prints of an incident (EDT-07): a heading, lines of text, and a drawing.

    `svg`: a whole SVG document. Pictures in it are `data:` addresses: nothing is fetched when it is printed.
    """

    weight: int
    heading: str = ""
    lines: Sequence[str] = ()
    svg: str = ""
    needs: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form. A module's field is named `module-field`. `weight` orders, lightest first."""

    name: str
    field: UnboundField
    weight: int
    needs: str = ""


@dataclass(frozen=True, slots=True)
class FieldError:
    """A module's objection to a form: the field's name and what is wrong, for the person who typed."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """A school's setting (ADM-02): its default and a line of help. `parse` refuses by ValueError.

    `choices`: (value, label) pairs, where only some values will do. `offered(db)`: the same, where a school's
    own rows are the choice. The settings page asks a yes or no for a default that is one, a number for a
    number, a choice where there are choices, else a line of text.
    """

    name: str
    default: Any
    title: str
    help: str
    parse: Callable[[str], Any] = str
    choices: tuple[tuple[str, str], ...] = ()
    offered: Callable[[Any], tuple[tuple[str, str], ...]] | None = None


AuditKind = Literal["viewed", "changed", "searched", "logged in", "refused"]
"""What the Audits of a user are filtered by (USR-03); what was downloaded or exported counts as viewed."""


@dataclass(frozen=True, slots=True)
class AuditWords:
    """How an audit event reads to an administrator: what the user did, as in `Assigned an incident`."""

    phrase: str
    kind: AuditKind


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """A task that the worker runs for a school: `run(db, viewer, payload)`, by the name `module.task`.

    It runs in one transaction together with the note that it is done, so what it writes is written once.
    It must not talk to anything outside the database: that is a DeliverySpec's.
    """

    name: str
    run: Callable[..., None]


@dataclass(frozen=True, slots=True)
class Work:
    """An outbox item as a delivery is given it. `id` stays the same when it is tried again."""

    id: uuid.UUID
    payload: Mapping[str, Any]
    created_at: dt.datetime  # UTC


@dataclass(frozen=True, slots=True)
class DeliverySpec:
    """A task that reaches outside the database (mail, another system), by the name `module.task`.

    `prepare(db, viewer, work)` reads, in a transaction that only reads, what is to be delivered;
    `deliver(app, prepared)` delivers it while no transaction is open; then the item is marked as done. After
    a crash in between it is delivered again, so what goes out carries `work.id`.
    """

    name: str
    prepare: Callable[..., Any]
    deliver: Callable[..., None]


Task = TaskSpec | DeliverySpec
