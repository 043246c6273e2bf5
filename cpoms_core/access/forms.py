"""The forms of logging in and of the account."""

from __future__ import annotations

from wtforms import PasswordField, StringField, validators

from cpoms_core.access.passwords import LONGEST
from cpoms_core.web.form_words import Form


def _given(message: str) -> validators.InputRequired:
    return validators.InputRequired(message)


class LoginForm(Form):
    """E-mail and password."""

    email = StringField("E-mail address", [_given("Type your e-mail address."), validators.Length(max=254)])
    password = PasswordField("Password", [_given("Type your password."), validators.Length(max=LONGEST)])


class ForgottenForm(Form):
    """Where to send a link to set a password."""

    email = StringField("E-mail address", [_given("Type your e-mail address."), validators.Length(max=254)])


class NewPasswordForm(Form):
    """A new password, twice."""

    password = PasswordField("New password", [_given("Type a new password.")])
    repeat = PasswordField(
        "The same again",
        [_given("Type it a second time."), validators.EqualTo("password", "The two are not the same.")],
    )


class UnlockForm(Form):
    """The password, to go on after the screen was locked."""

    password = PasswordField("Password", [_given("Type your password."), validators.Length(max=LONGEST)])
