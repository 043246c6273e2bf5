"""A permission of the module, on the user group screen."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Permission


@hookimpl
def register_permissions() -> list[Permission]:
    return [Permission("example:read", "Read examples", "Examples")]
