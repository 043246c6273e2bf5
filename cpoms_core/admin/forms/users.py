"""The forms of users (USR-01, USR-02, USR-03)."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    EmailField,
    SelectField,
    SelectMultipleField,
    StringField,
    validators,
)

from cpoms_core.admin.forms.fields import stripped, to_id
from cpoms_core.web.form_words import Form
from cpoms_core.web.forms import as_id


def _email(
    help_text: str = "They log in with it, and their alerts are sent there.", *, required: bool = False
) -> EmailField:
    asked = [validators.DataRequired("Give the e-mail address.")] if required else []
    return EmailField("E-mail address", asked, description=help_text, filters=[stripped])


def _group() -> SelectField:
    """What may be chosen is for the service to say, in words."""
    return SelectField(
        "User group",
        [validators.DataRequired("Choose a user group.")],
        coerce=as_id,
        validate_choice=False,
        choices=[],
        description="It says what they may see and do.",
    )


def _link() -> BooleanField:
    return BooleanField(
        "Send password reset e-mail",
        default=True,
        description="It holds a link to set a password, which works until midnight.",
    )


class _Ids(SelectMultipleField):
    """Ids of rows; what may be chosen is for the service to say."""

    def __init__(self, label: str, **kwargs: Any) -> None:
        super().__init__(label, coerce=to_id, validate_choice=False, choices=[], **kwargs)


class StaffUserForm(Form):
    """A new user out of the staff of the MIS."""

    staff = SelectField(
        "Member of staff",
        [validators.DataRequired("Choose a member of staff.")],
        coerce=as_id,
        validate_choice=False,
        choices=[],
        description="Staff of your management information system who have no account yet.",
    )
    email = _email("Leave it empty to use the address that is beside the name.")
    group = _group()
    send_link = _link()


class OtherUserForm(Form):
    """A new user who is not in the MIS."""

    forename = StringField("First name", filters=[stripped])
    surname = StringField("Last name", [validators.DataRequired("Give the last name.")], filters=[stripped])
    email = _email(required=True)
    group = _group()
    send_link = _link()


class ReactivateForm(Form):
    """A deactivated user who is taken back."""

    email = _email()
    group = _group()
    send_link = _link()


class DetailsForm(Form):
    """A user's personal details."""

    forename = StringField("First name", filters=[stripped])
    surname = StringField("Last name", filters=[stripped])
    email = _email(
        "They log in with it, and their alerts are sent there. A change is mailed to the old address and to "
        "the new one; nobody is logged out."
    )


class PermissionsForm(Form):
    """A user's group and classes."""

    group = _group()
    sees_ungrouped = BooleanField("Can view students who have no group (typically archived)")
    classes = _Ids("Classes")


class AutomaticAlertsForm(Form):
    """What a user is alerted to automatically."""

    categories = _Ids("Categories")
    students = _Ids(
        "Students",
        description="Every incident about one of them. Begin typing a name.",
    )
    groups = _Ids(
        "Student groups",
        description="Every incident about a student of one of these groups.",
    )


class RemoveKeysForm(Form):
    """The tick before every key of a user is removed (ACC-11)."""

    understood = BooleanField("I confirm that I have read and understand this notice")
