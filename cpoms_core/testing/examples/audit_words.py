"""What the module's events mean, for whoever reads a user's Audits."""

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import AuditWords


@hookimpl
def audit_words() -> dict[str, AuditWords]:
    return {
        "example.kept": AuditWords("Kept an example", "changed"),
        "example.listed": AuditWords("Listed the examples", "viewed"),
    }
