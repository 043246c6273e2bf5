"""Every hook of the product. A module implements a hook by a function of the same name, marked `hookimpl`,
that takes any of the hook's parameters by name.

Common parameters: `db`, the school's session without commit, rollback and begin
(`cpoms_core.hooks.relay.PluginSession`), which also owes mails (`queue_mail`) and tasks (`queue_task`) and
writes audit entries (`audit`) with the change they belong to; `viewer`, who acts
(`cpoms_core.access.viewer.Viewer`). A module's views wrap theirs: `PluginSession(request.db)`. The mode says
when a hook is called and what its failure means:

- boot: once at start-up for every installed module; an error stops the start.
- collect: where the module is on; an error leaves its part out, is logged, and administrators see a notice.
- effect: where the module is on, in a savepoint of its own; on failure the core's record still commits and
  the call is kept and tried again by the worker, so the implementation is idempotent.
- veto: where the module is on; answers with field errors; if it raises, the record is still kept.
- own: for the one module whose switch was turned.
- always: every installed module, even switched off.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pluggy

from cpoms_core.hooks import PROJECT
from cpoms_core.hooks.types import (
    AuditWords,
    FieldError,
    FormField,
    NavItem,
    Panel,
    Permission,
    SettingSpec,
    Tab,
    Task,
)

if TYPE_CHECKING:
    from cpoms_core.access.viewer import Viewer
    from cpoms_core.hooks.relay import PluginSession
    from cpoms_core.imports.records import MisSource
    from cpoms_core.modules.routes import ModuleRoutes

Mode = Literal["boot", "collect", "effect", "veto", "own", "always"]
F = TypeVar("F", bound=Callable[..., Any])
_hookspec = pluggy.HookspecMarker(PROJECT)
MODES: dict[str, Mode] = {}
PARTS: dict[str, type] = {}
"""What an answer is a list of (or a mapping of ids to such lists); the relay refuses anything else."""


def spec(mode: Mode, of: type | None = None) -> Callable[[F], F]:
    """Declares a hook, its mode, and what its answer is made `of`."""

    def declare(function: F) -> F:
        MODES[function.__name__] = mode
        if of is not None:
            PARTS[function.__name__] = of
        return _hookspec(function)

    return declare


# --- boot ------------------------------------------------------------------------------------------------


@spec("boot")
def register_permissions() -> Sequence[Permission]:
    """Permissions that the module adds to the user group screen; named `module:action`."""
    raise NotImplementedError


@spec("boot")
def register_settings() -> Sequence[SettingSpec]:
    """Settings of a school that the module reads; named `module.setting`."""
    raise NotImplementedError


@spec("boot")
def register_routes(routes: ModuleRoutes) -> None:
    """Declares the module's pages. `routes` stamps each with the module: they answer 404 where it is off."""


@spec("boot")
def register_tasks() -> Sequence[Task]:
    """Tasks that the worker runs for a school, each a `TaskSpec` or a `DeliverySpec`; named `module.task`.
    Where the module is off they wait, and run once it is on again."""
    raise NotImplementedError


@spec("boot")
def register_mis_sources() -> Sequence[MisSource]:
    """Management information systems whose extracts the module reads (MIS-01)."""
    raise NotImplementedError


@spec("boot")
def audit_words() -> Mapping[str, AuditWords]:
    """What the module's audit events mean, in the words of a user's Audits (USR-03): every event that its
    views declare and that it writes itself. Entries stay readable where the module is off."""
    raise NotImplementedError


# --- collect: parts of pages and forms -------------------------------------------------------------------


@spec("collect", of=NavItem)
def nav_items(db: PluginSession, viewer: Viewer) -> Sequence[NavItem]:
    """Entries of the top bar."""
    raise NotImplementedError


@spec("collect", of=Panel)
def dashboard_panels(db: PluginSession, viewer: Viewer) -> Sequence[Panel]:
    """Panels of the dashboard, slot `dashboard` (the restricted one too: look at `viewer.elevated`)."""
    raise NotImplementedError


@spec("collect", of=Tab)
def admin_tabs(db: PluginSession, viewer: Viewer) -> Sequence[Tab]:
    """Tabs of the administration."""
    raise NotImplementedError


@spec("collect", of=Tab)
def student_tabs(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Sequence[Tab]:
    """Tabs of a student's record; the route has one parameter, `student_id`."""
    raise NotImplementedError


@spec("collect", of=FormField)
def incident_form_fields(db: PluginSession, viewer: Viewer) -> Sequence[FormField]:
    """Fields of the Add incident form. Their values reach `validate_incident` and `incident_saved`."""
    raise NotImplementedError


@spec("collect", of=FormField)
def action_form_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Sequence[FormField]:
    """Fields of the Add action form. Their values reach `action_saved`."""
    raise NotImplementedError


@spec("collect", of=Panel)
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[Panel]]:
    """Panels of each of the incidents shown on a page, slots `incident-margin` and `incident-foot`. Asked
    once for the whole page: one or two queries, whatever the number of incidents. The viewer sees them all
    (by policy, which was asked before)."""
    raise NotImplementedError


# --- veto ------------------------------------------------------------------------------------------------


@spec("veto", of=FieldError)
def validate_incident(db: PluginSession, viewer: Viewer, values: Mapping[str, Any]) -> Sequence[FieldError]:
    """Objections to a new incident, each beside its field. `values`: the modules' fields by name as plain
    JSON values, and of the core's `student` (id, or None for the whole school), `linked` (ids of the linked
    students), `categories` (ids, parents included) and `occurred` (UTC, ISO 8601)."""
    raise NotImplementedError


# --- effect ----------------------------------------------------------------------------------------------


@spec("effect")
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """An incident was recorded or changed. `values` holds the module's own fields (`module-field`) as plain
    JSON values, empty where the change came from elsewhere than the form."""


@spec("effect")
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """An action was recorded or changed; `values` as for `incident_saved`."""


@spec("effect")
def students_imported(db: PluginSession, viewer: Viewer, run_id: uuid.UUID) -> None:
    """An import was applied; `run_id` is its `ImportRun`."""


# --- own -------------------------------------------------------------------------------------------------


@spec("own")
def module_enabled(db: PluginSession, viewer: Viewer) -> None:
    """The module was switched on for the school."""


@spec("own")
def module_disabled(db: PluginSession, viewer: Viewer) -> None:
    """The module was switched off for the school; its data stays."""


# --- always ----------------------------------------------------------------------------------------------


@spec("always")
def export_student(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Mapping[str, Any]:
    """All that the module holds on a student, as plain JSON values: for subject access and export."""
    raise NotImplementedError
