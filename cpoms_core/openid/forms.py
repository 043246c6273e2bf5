"""The form of a provider."""

from __future__ import annotations

from wtforms import BooleanField, PasswordField, StringField, validators

from cpoms_core.web.form_words import Form


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value


class ProviderForm(Form):
    """What an administrator says of an OpenID provider."""

    name = StringField(
        "Name",
        [validators.DataRequired("Give it a name."), validators.Length(max=80)],
        description="Stands on the log-in page, for example Microsoft.",
        filters=[_stripped],
    )
    issuer = StringField(
        "Issuer",
        [validators.DataRequired("Type the provider's address."), validators.Length(max=300)],
        description="Microsoft Entra: https://login.microsoftonline.com/ then your tenant's number, then "
        "/v2.0. Google: https://accounts.google.com",
        filters=[_stripped],
    )
    client_id = StringField(
        "Client ID",
        [validators.DataRequired("Paste the client ID."), validators.Length(max=200)],
        filters=[_stripped],
    )
    secret = PasswordField(
        "Client secret",
        [validators.Length(max=500)],
        description="Is stored sealed and never shown. Leave it empty to keep the one that is stored.",
        filters=[_stripped],
    )
    counts_as_key = BooleanField(
        "Its second factor counts as a key",
        description="Whoever proved a second factor there has the full access of their user group. Tick it "
        "only where your provider asks everyone for one.",
    )
    enabled = BooleanField("Offer it on the log-in page")
