"""The forms of an SSO account."""

from __future__ import annotations

from wtforms import PasswordField, StringField, validators

from cpoms_core.access.forms import NewPasswordForm
from cpoms_core.access.passwords import LONGEST
from cpoms_core.web.form_words import Form

ADDRESS = [validators.InputRequired("Type the e-mail address."), validators.Length(max=254)]


def _own_password() -> PasswordField:
    return PasswordField(
        "Your present password",
        [validators.InputRequired("Type your present password."), validators.Length(max=LONGEST)],
    )


class NewEmailForm(Form):
    """Another address to log in with."""

    email = StringField("New e-mail address", ADDRESS)
    present = _own_password()


class AlertsForm(Form):
    """Another address for the mails of one school."""

    email = StringField("E-mail address for this school", ADDRESS)


class OwnPasswordForm(NewPasswordForm):
    """Another password, by who knows the present one."""

    present = _own_password()


class ConfirmForm(Form):
    """A button only."""
