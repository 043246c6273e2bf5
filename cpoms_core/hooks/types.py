"""What hooks answer with: data, never HTML. `needs` names a permission; only the relay filters by it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select
from wtforms.fields.core import UnboundField


@dataclass(frozen=True, slots=True)
class Permission:
    """A system permission on the user group screen (USR-04). `when_restricted`: it counts without a key; the
    name of a yes-or-no setting of the school makes that the school's choice (LIB-04)."""

    name: str
    title: str
    section: str
    when_restricted: bool | str = False


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the top bar. `route` is a route without parameters; `weight` orders, lightest first.
    `place`: among the pages on the left, or the tools on the right (DSH-08)."""

    label: str
    route: str
    weight: int
    icon: str = ""
    needs: str = ""
    place: Literal["pages", "tools"] = "pages"


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

    `slot` is the place on the page: `dashboard`, `student-overview`, `incident-margin`, `incident-foot`,
    `action-foot` or `logo`.
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
    `column`: the name of a `ReportColumn`; whoever prints may leave it out (FRM-05).
    """

    weight: int
    heading: str = ""
    lines: Sequence[str] = ()
    svg: str = ""
    needs: str = ""
    column: str = ""


FormName = Literal["incident", "action", "student"]
"""The three forms that staff fill in: Add incident, Add action (and those that edit either), and a student's
Edit information."""


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form. A module's field is named `module-field`. `weight` orders, lightest first.

    categories: the field is there where one of these is chosen on the form, in the page and on the server;
    empty: always. advice: a line under it. fold: neighbours of one fold stand together behind this word.
    template: draws it (`package:templates/x.pt`, given `field`, `advice`, `page` and the `context`), where a
    plain field would not do; it draws the label, the errors and the help, too.
    """

    name: str
    field: UnboundField
    weight: int
    needs: str = ""
    categories: frozenset[uuid.UUID] = frozenset()
    advice: str = ""
    fold: str = ""
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldWords:
    """How a value of a module's field reads in a history: the field's `name`, the `value` as a version keeps
    it, the field's label, and the value in words. `needs`: the permission that reading it takes, as of the
    field on its form; to others History says only that the field changed."""

    name: str
    value: Any
    label: str
    text: str
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a field stands on a form, instead of at its own weight, and what is said under it (FRM-01).
    `name`: the field's, the core's or a module's; one that is not on the form is passed over."""

    name: str
    weight: int
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A question that lists of incidents are narrowed by, named `module-question`.

    condition: what was chosen (the field's data) as a condition on `Incident`; it only leaves out. It is not
    asked where nothing was chosen.
    """

    name: str
    field: UnboundField
    weight: int
    condition: Callable[[Any], ColumnElement[bool]]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Something by which incidents are counted, named `module-grouping`. `values`: a statement of two
    columns, an incident's id and the text of a group it is in; it may be in several, or in none."""

    name: str
    label: str
    weight: int
    values: Select[*tuple[Any, ...]]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """Something that a report or print may show of each incident, action or student, or leave out, named
    `module-column`. `values(db, viewer, ids)`: the texts by id, for many at once; names of students go
    through `viewer.name`, what people wrote through `viewer.text`."""

    name: str
    label: str
    weight: int
    about: FormName
    values: Callable[..., Mapping[uuid.UUID, str]]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class MailSpec:
    """A mail that the module sends, by the name `module.mail` (`PluginSession.queue_mail`).

    It names no student and quotes nothing (INC-09). `text` may hold `{who}` (who caused it), `{school}`,
    `{login}` and `{when}`. owed(db, viewer, payload): asked when it is sent; False: nobody wants it any more.
    """

    name: str
    subject: str
    text: str
    owed: Callable[..., bool] | None = None


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
class AuditSubject:
    """What one of the module's rows is called in the audit, after "about": `file D-12 of the library`."""

    label: str
    weight: int = 0


@dataclass(frozen=True, slots=True)
class DashboardAlert:
    """Something that the module put on a user's dashboard for them to read, and that is open. It has an id of
    its own: what was read and is alerted to again is another one."""

    id: uuid.UUID


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
