"""A number that each school sets, from 1 to 50."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import SettingSpec
from cpoms_core.tenancy.settings import whole_number


@hookimpl
def register_settings() -> list[SettingSpec]:
    help_line = "How many examples the page lists."
    return [SettingSpec("example.most", 10, "Examples listed", help_line, whole_number(1, 50))]
