"""The agencies first on the form for incidents, with a line of advice."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import FormName, Placing


@hookimpl
def arrange_form(form: FormName) -> list[Placing]:
    if form != "incident":
        return []
    return [Placing("agencies", 5, "Name every agency that you have told.")]
