"""The forms of the library."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from wtforms import BooleanField, MultipleFileField, TextAreaField
from wtforms.validators import DataRequired, Length

from cpoms_core.alerts.queries import alert_groups, staff
from cpoms_core.documents.services import MOST_FILES, safe_name
from cpoms_core.hooks.types import FormField
from cpoms_core.incidents.entry import group_context, with_groups
from cpoms_core.incidents.forms import Ids
from cpoms_core.web.forms import BuiltForm, build_form
from cpoms_library.services import LONGEST_REASON

ACTION_HELP = "It stays on their dashboard until they mark it as read and understood."


def upload_form(request: Request, posted: Any) -> BuiltForm:
    """Files, whom to alert to them, and whether they have to say that they understood (LIB-01, LIB-02)."""
    largest = request.viewer.school.setting("max_file_megabytes")
    files = MultipleFileField("Files", description=f"Up to {largest} MB each, {MOST_FILES} at once.")
    form = build_form([FormField("files", files, 0), *_whom()], posted)
    if posted is not None:
        sent = [getattr(part, "filename", None) for part in posted.getall("files")]
        names = [request.viewer.text(safe_name(str(name))) for name in sent if name]
        form.part("files").chosen_before = names[:MOST_FILES]
    return _with_staff(request, form, posted)


def alert_form(request: Request, posted: Any) -> BuiltForm:
    """Whom to alert to a file that is there."""
    return _with_staff(request, build_form(_whom(), posted), posted)


def reason_form(posted: Any) -> BuiltForm:
    """Why a file is deleted (LIB-03)."""
    field = TextAreaField(
        "Reason for deletion",
        [
            DataRequired("Give the reason for deletion."),
            Length(max=LONGEST_REASON, message=f"Use at most {LONGEST_REASON:,} characters."),
        ],
        description="Whoever can restore the file is shown it.",
    )
    return build_form([FormField("reason", field, 0)], posted)


def groups_shown(request: Request) -> list[dict[str, Any]]:
    """The alert groups, as a form's buttons and ticks read them."""
    return [group_context(one) for one in alert_groups(request.db)]


def _whom() -> list[FormField]:
    whom = Ids("Alert users", description="They get an e-mail, and the file stands on their dashboard.")
    return [
        FormField("alerts", whom, 10),
        FormField("requires_action", BooleanField("Require action", description=ACTION_HELP), 20),
    ]


def _with_staff(request: Request, form: BuiltForm, posted: Any) -> BuiltForm:
    form = with_groups(request, form, posted)
    form.part("alerts").choices = [(str(one.id), one.name) for one in staff(request.db)]
    return form
