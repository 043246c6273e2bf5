"""Another place to take the school's logo from."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Panel

PANEL = "cpoms_core.testing.examples:templates/panel.pt"


@hookimpl
def logo_panels() -> list[Panel]:
    return [Panel("logo", 50, PANEL, {"text": "There are no examples of logos."})]
