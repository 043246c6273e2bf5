"""An entry of the top bar, for who may read what it leads to."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import NavItem


@hookimpl
def nav_items() -> list[NavItem]:
    return [NavItem("Examples", "example.list", 60, "notes", needs="example:read")]
