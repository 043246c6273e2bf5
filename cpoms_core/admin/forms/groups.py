"""The forms of user groups and alert groups."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from webob.multidict import MultiDict
from wtforms import SelectMultipleField, validators

from cpoms_core.admin.forms.fields import name_field, to_id
from cpoms_core.admin.rights import RIGHTS, GroupState
from cpoms_core.errors import Refused
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id


class GroupForm(Form):
    """The name of a user group; its ticks are read by `wanted_group`."""

    name = name_field("Heads of year")


class AlertGroupForm(Form):
    """An alert group: its name and who is in it."""

    name = name_field("Designated safeguarding leads")
    members = SelectMultipleField(
        "Users",
        [validators.InputRequired("Choose at least one user.")],
        coerce=to_id,
        validate_choice=False,  # the service refuses, in words, whoever is not an active user
        description="The filter finds by name or by user group; the double arrow moves everyone shown. "
        "A user group stands for those who are in it now.",
    )


def wanted_group(posted: MultiDict[str, Any]) -> GroupState:
    """The ticks of a user group's page. Raises Refused for what is no category."""
    return GroupState(
        posted.get("name", ""),
        frozenset(posted.getall("permission")),
        {right: frozenset(_ids(posted.getall(right))) for right in RIGHTS},
    )


def _ids(texts: Iterable[str]) -> Iterable[uuid.UUID]:
    for text in texts:
        found = as_id(text)
        if found is None:
            raise Refused("The form names a category that the school does not have. Open the page again.")
        yield found
