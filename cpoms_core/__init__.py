"""Safeguarding records for schools: a small core that modules plug into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cpoms_core.application import Application


def main(app: Application) -> Any:
    """The WSGI application of a deployment."""
    from cpoms_core.config import configure

    return configure(app)
