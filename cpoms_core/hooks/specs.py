"""Every hook of the product. A module implements a hook by a function of the same name, marked `hookimpl`,
that takes any of the hook's parameters by name.

Common parameters: `db`, the school's session without commit, rollback and begin
(`cpoms_core.hooks.relay.PluginSession`), which also owes mails (`queue_mail`) and tasks (`queue_task`) and
writes audit entries (`audit`) with the change they belong to; `viewer`, who acts
(`cpoms_core.access.viewer.Viewer`). A module's views wrap theirs: `PluginSession(request.db)`. The mode says
when a hook is called and what its failure means; taking too long three times in a day is one more
(`cpoms_core.hooks.timing`):

- boot: once at start-up for every installed module; an error stops the start.
- collect: where the module is on; an error leaves its part out, is logged, and administrators see a notice.
- effect: where the module is on, in a savepoint of its own; on failure the core's record still commits and
  the call is kept and tried again by the worker, so the implementation is idempotent.
- veto: where the module is on; answers with field errors; if it raises, the record is still kept.
- told: every installed module, even switched off, in a savepoint of its own; on failure as `effect`. What a
  module keeps of a record must not be lost because the module was off on that day.
- own: for the one module whose switch was turned.
- always: every installed module, even switched off; an error is the whole answer's, and no limit of time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pluggy

from cpoms_core.hooks import PROJECT
from cpoms_core.hooks.types import (
    AuditSubject,
    AuditWords,
    DashboardAlert,
    FieldError,
    FieldWords,
    Filter,
    FormField,
    FormName,
    Grouping,
    MailSpec,
    NavItem,
    Option,
    Panel,
    Permission,
    Placing,
    PrintPart,
    ReportColumn,
    SettingSpec,
    Tab,
    Task,
)

if TYPE_CHECKING:
    from cpoms_core.access.viewer import Viewer
    from cpoms_core.application import Application
    from cpoms_core.hooks.relay import PluginSession
    from cpoms_core.imports.records import MisSource
    from cpoms_core.modules.routes import ModuleRoutes

Mode = Literal["boot", "collect", "effect", "veto", "told", "own", "always"]
F = TypeVar("F", bound=Callable[..., Any])
_hookspec = pluggy.HookspecMarker(PROJECT)
MODES: dict[str, Mode] = {}
PARTS: dict[str, type] = {}
"""What an answer is a list of (or a mapping of ids to such lists); the relay refuses anything else."""
MAPPINGS = frozenset({"export_student", "merge_students"})
"""Hooks of mode always whose answer is a mapping; anything else is an error, as if the hook had raised."""
WHOLE = frozenset({"export_student"})
"""Hooks of mode always whose answers must be whole: not asked while a module that is no longer installed
still holds rows of the school."""


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
def register_mails() -> Sequence[MailSpec]:
    """Mails that the module sends; named `module.mail`."""
    raise NotImplementedError


@spec("boot")
def register_mis_sources() -> Sequence[MisSource]:
    """Management information systems whose extracts the module reads (MIS-01). One that finds fields by the
    captions of columns declares those with it, and schools name their own under Admin, Imports (MIS-05)."""
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


@spec("collect", of=Panel)
def student_panels(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Sequence[Panel]:
    """Panels of a student's Overview, slot `student-overview`. The viewer may open the record (by policy,
    which was asked before); which incidents they may see is for the panel to ask."""
    raise NotImplementedError


@spec("collect", of=FormField)
def student_form_fields(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Sequence[FormField]:
    """Fields of a student's Edit information form, with what is kept now as their defaults. Their values
    reach `student_saved`. An id of no student asks for the form in outline, as `arrange_form` orders it."""
    raise NotImplementedError


@spec("collect", of=PrintPart)
def student_prints(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Sequence[PrintPart]:
    """What the module adds to the basic data of a student's report (STU-07)."""
    raise NotImplementedError


@spec("collect", of=Placing)
def arrange_form(db: PluginSession, viewer: Viewer, form: FormName) -> Sequence[Placing]:
    """The order of a form's fields and the advice under them, for all who fill it in (FRM-01), the forms that
    edit what was recorded included. Where two modules place one field, the first by name counts."""
    raise NotImplementedError


@spec("collect", of=FormField)
def incident_form_fields(db: PluginSession, viewer: Viewer) -> Sequence[FormField]:
    """Fields of the Add incident form. Their values reach `validate_incident` and `incident_saved`."""
    raise NotImplementedError


@spec("collect", of=FormField)
def action_form_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Sequence[FormField]:
    """Fields of the Add action form. Their values reach `action_saved`. An id of no incident asks for the
    form in outline, as `arrange_form` orders it."""
    raise NotImplementedError


@spec("collect", of=Panel)
def incident_panels(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[Panel]]:
    """Panels of each of the incidents shown on a page, slots `incident-margin` and `incident-foot`. Asked
    once for the whole page: one or two queries, whatever the number of incidents. The viewer sees them all
    (by policy, which was asked before)."""
    raise NotImplementedError


@spec("collect", of=Panel)
def action_panels(
    db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[Panel]]:
    """As `incident_panels`, of each of the actions shown on a page; slot `action-foot`."""
    raise NotImplementedError


@spec("collect", of=PrintPart)
def action_prints(
    db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[PrintPart]]:
    """As `incident_prints`, of each of the actions that are printed."""
    raise NotImplementedError


@spec("collect", of=PrintPart)
def incident_prints(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[PrintPart]]:
    """What the module adds to the print of each of the incidents (EDT-07, STU-07): text, and drawings such as
    markers on a map. Asked once for some fifty of them. Names of students go through `viewer.name`, and texts
    that people wrote through `viewer.text`, as everywhere: a report may hide names."""
    raise NotImplementedError


@spec("collect", of=FormField)
def incident_edit_fields(db: PluginSession, viewer: Viewer, incident_id: uuid.UUID) -> Sequence[FormField]:
    """Fields of the form that edits an incident, each with what it holds now as its default. Their values
    reach `validate_incident`, and `incident_saved` with the incident's new version; so do those of an older
    version, when that is restored."""
    raise NotImplementedError


@spec("collect", of=FormField)
def action_edit_fields(db: PluginSession, viewer: Viewer, action_id: uuid.UUID) -> Sequence[FormField]:
    """As `incident_edit_fields`, of the form that edits an action; their values reach `action_saved`."""
    raise NotImplementedError


@spec("collect", of=FieldWords)
def field_words(db: PluginSession, viewer: Viewer, values: Sequence[tuple[str, Any]]) -> Sequence[FieldWords]:
    """How values of the module's fields read in the history of an incident, action or student (EDT-01).
    `values`: names of fields, of other modules too, each with a plain JSON value that some version keeps;
    asked once for all versions of a page. Of what is not answered History says only that it changed: the
    core cannot know who may read it. Texts that people wrote go through `viewer.text`."""
    raise NotImplementedError


@spec("collect", of=Option)
def incident_options(
    db: PluginSession, viewer: Viewer, incident_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[Option]]:
    """Links in the Options menu of each of the incidents shown on a page (EDT-08), for who sees them by
    right. The route of each has one parameter, `incident_id`. Asked once for the whole page."""
    raise NotImplementedError


@spec("collect", of=Option)
def action_options(
    db: PluginSession, viewer: Viewer, action_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[Option]]:
    """As `incident_options`, of each of the actions shown on a page; the route's parameter is `action_id`."""
    raise NotImplementedError


@spec("collect", of=AuditSubject)
def audit_subjects(
    db: PluginSession, viewer: Viewer, ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[AuditSubject]]:
    """What the module's own rows are called where the audit tells what a deed was about: of those of the ids
    that are its own, and that the viewer may see. Asked once for a page of entries. Names of students go
    through `viewer.name`, what people wrote through `viewer.text`. The audits of a student and of an incident
    leave a module's entry out that is about a row which is not named here, unless the viewer did it: without
    this hook nobody else is told."""
    raise NotImplementedError


@spec("collect", of=Panel)
def logo_panels(db: PluginSession, viewer: Viewer) -> Sequence[Panel]:
    """Parts of the administration's page of the school's logo, slot `logo`: other places to take it from."""
    raise NotImplementedError


@spec("collect", of=DashboardAlert)
def dashboard_alerts(db: PluginSession, viewer: Viewer, user_id: uuid.UUID) -> Sequence[DashboardAlert]:
    """The alerts of the module that are open on the dashboard of a user, all of them, for an administrator
    who is asked whether to take them off (USR-08)."""
    raise NotImplementedError


# --- collect: reports and lists --------------------------------------------------------------------------


@spec("collect", of=Filter)
def report_filters(db: PluginSession, viewer: Viewer) -> Sequence[Filter]:
    """Questions by which incidents are narrowed down, in the chronology and in reports (INC-14, FRM-04). What
    looks into actions asks `policy.visible_actions` and `incidents.filters.shown_on_record` of them."""
    raise NotImplementedError


@spec("collect", of=Grouping)
def report_groupings(db: PluginSession, viewer: Viewer) -> Sequence[Grouping]:
    """What incidents are counted by in reports (FRM-04)."""
    raise NotImplementedError


@spec("collect", of=ReportColumn)
def report_columns(db: PluginSession, viewer: Viewer) -> Sequence[ReportColumn]:
    """What a report or print may show or leave out: a tick each (FRM-04, FRM-05)."""
    raise NotImplementedError


# --- veto ------------------------------------------------------------------------------------------------


@spec("veto", of=FieldError)
def validate_incident(db: PluginSession, viewer: Viewer, values: Mapping[str, Any]) -> Sequence[FieldError]:
    """Objections to a new incident, or to one as it was edited, each beside its field. `values`: the
    modules' fields by name as plain JSON values, and of the core's `student` (id, or None for the whole
    school), `linked` (ids of the linked students), `categories` (ids, parents included) and `occurred` (UTC,
    ISO 8601)."""
    raise NotImplementedError


# --- effect ----------------------------------------------------------------------------------------------


@spec("effect")
def incident_saved(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """An incident was recorded or changed. `values` holds the module's own fields (`module-field`) as plain
    JSON values, empty where the change came from elsewhere than the form. A field for categories that were
    not chosen is None; one that is not in `values` was not on the form, and what is kept of it stays."""


@spec("effect")
def action_saved(
    db: PluginSession, viewer: Viewer, action_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """An action was recorded or changed; `values` as for `incident_saved`."""


@spec("effect")
def student_saved(
    db: PluginSession, viewer: Viewer, student_id: uuid.UUID, version: int, values: Mapping[str, Any]
) -> None:
    """What the school itself keeps on a student was changed (Edit information); `values` as for
    `incident_saved`. Every save of the form is a version, also one that changes the modules' fields only."""


@spec("effect")
def students_imported(db: PluginSession, viewer: Viewer, run_id: uuid.UUID) -> None:
    """An import was applied; `run_id` is its `ImportRun`."""


@spec("effect")
def dashboard_alerts_removed(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    user_id: uuid.UUID,
    alert_ids: Sequence[uuid.UUID],
) -> None:
    """An administrator took alerts off the dashboard of a user (USR-08): of those of the ids that are the
    module's own, each is closed and counts as not read. `alert_ids` are those that `dashboard_alerts`
    answered, of other modules too; one that was read meanwhile stays read. `change_id` names this change."""


# --- told ------------------------------------------------------------------------------------------------


@spec("told")
def incident_merged(
    db: PluginSession, viewer: Viewer, incident_id: uuid.UUID, into_id: uuid.UUID, action_id: uuid.UUID
) -> None:
    """An incident was merged into another, under which it is an action now (EDT-04). Its row stays, and with
    it what the module keeps under its id: `incident_panels` is asked for that id too, and what it answers is
    shown in the action. `viewer.modules` says whether the module is on."""


@spec("told")
def incident_split(db: PluginSession, viewer: Viewer, action_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    """An action was split off as an incident of its own (EDT-05): a new one, or the one that it had been
    before it was merged. The action's row stays."""


@spec("told")
def incidents_removed(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    incident_ids: Sequence[uuid.UUID],
    action_ids: Sequence[uuid.UUID],
) -> None:
    """Incidents, and actions by themselves, were deleted (EDT-02) or removed when training mode was ended
    (TRN-01): any number at once, so work in statements for all of them. Their rows stay, and with them what
    the module keeps under their ids, which comes back with `incidents_reinstated`; whatever asks policy for
    the incident no longer finds it. To do here: what the module shows or owes without asking for the
    incident. `change_id` names this change, for an implementation that must not do it twice."""


@spec("told")
def incidents_reinstated(
    db: PluginSession,
    viewer: Viewer,
    change_id: uuid.UUID,
    incident_ids: Sequence[uuid.UUID],
    action_ids: Sequence[uuid.UUID],
) -> None:
    """Incidents or actions that `incidents_removed` told of are there again."""


# --- own -------------------------------------------------------------------------------------------------


@spec("own")
def module_enabled(db: PluginSession, viewer: Viewer) -> None:
    """The module was switched on for the school."""


@spec("own")
def module_disabled(db: PluginSession, viewer: Viewer) -> None:
    """The module was switched off for the school; its data stays."""


@spec("own")
def fill_demo(db: PluginSession, viewer: Viewer, app: Application) -> None:
    """The demonstration school was made: the module adds invented rows of its own, as the lead (`viewer`)
    would, to what is there. `app`: for files, as `documents.services.taken_in` takes it. Never called at a
    school that is real."""


# --- always ----------------------------------------------------------------------------------------------


@spec("always")
def merge_students(
    db: PluginSession, viewer: Viewer, kept_id: uuid.UUID, merged_id: uuid.UUID
) -> Mapping[str, Any]:
    """Two records of one child become one (INC-02): the module moves what it keeps under `merged_id` to
    `kept_id`, without doubles, and answers with what it moved as plain JSON values, for the audit: it could
    be moved back by that. The core's own is moved already. An error undoes all of it."""
    raise NotImplementedError


@spec("always")
def export_student(db: PluginSession, viewer: Viewer, student_id: uuid.UUID) -> Mapping[str, Any]:
    """All that the module holds on a student, as plain JSON values: for subject access and export."""
    raise NotImplementedError


@spec("always")
def kept_files(db: PluginSession, viewer: Viewer, file_ids: Sequence[uuid.UUID]) -> Sequence[uuid.UUID]:
    """Those of the stored files that a row of the module names; the others may be removed. An error keeps
    them all."""
    raise NotImplementedError


@spec("always")
def destroy_document(db: PluginSession, viewer: Viewer, number: int, reason: str) -> uuid.UUID | None:
    """The operator removes a document for good, on a written request (EDT-10): where this number is one of
    the module's, it marks it, keeps its row, and answers with the id of the stored file, which is then
    forgotten. None: it has no such document. Raises Refused where the file was not deleted before."""
    raise NotImplementedError
