"""A page of the module in the administration. It draws the tabs by `admin/_tabs.pt`."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Tab


@hookimpl
def admin_tabs() -> list[Tab]:
    return [Tab("Examples", "example.list", 55, needs="admin")]
