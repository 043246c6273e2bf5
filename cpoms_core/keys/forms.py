"""The forms of keys."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, StringField, validators

from cpoms_core.web.form_words import Form

NO_ANSWER = (
    "No key answered. Security keys need a browser that can use them, with scripts switched on. You can add "
    "an authenticator that shows codes instead."
)


class CodeForm(Form):
    """The six digits of an authenticator."""

    code = StringField(
        "6-digit code",
        [
            validators.InputRequired("Type the 6 digits that your authenticator shows."),
            validators.Length(max=20),
        ],
    )


class NameForm(Form):
    """What a key is called."""

    name = StringField(
        "Name of the device",
        [validators.DataRequired("Give it a name, for example My phone."), validators.Length(max=80)],
    )


class NewSoftKeyForm(CodeForm, NameForm):
    """A new authenticator: its name, and a code that proves that it works."""


class NewSecurityKeyForm(NameForm):
    """A new security key: its name, and what it answered to which question."""

    question = HiddenField()
    answer = HiddenField()


class RemoveAllForm(Form):
    """The tick before all keys of a user are removed (ACC-11)."""

    confirmed = BooleanField(
        "I confirm that I have read and understand this notice",
        [validators.InputRequired("Read the notice, then tick the box.")],
    )
