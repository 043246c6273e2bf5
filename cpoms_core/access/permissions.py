"""The core's system permissions (USR-04). Modules add theirs by `register_permissions`."""

from cpoms_core.hooks.types import Permission

CORE = (
    Permission("students:list", "View student list", "General"),
    Permission("students:details", "View student details", "General"),
    Permission("incidents:add", "Add new incident or action", "General", when_restricted=True),
    Permission("incidents:edit", "Edit incidents", "General"),
    Permission("reports:run", "Run reports", "Reporting"),
    Permission("files:attach", "Attach files", "Files", when_restricted=True),
    Permission("admin", "Administration", "Administration"),
)
