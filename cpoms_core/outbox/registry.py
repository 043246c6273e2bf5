"""The core's own tasks by outbox kind."""

from __future__ import annotations

from collections.abc import Iterator

from cpoms_core.hooks.types import TaskSpec


def core_tasks() -> Iterator[TaskSpec]:
    """Tasks of the core; imported here, when asked, because they reach into every feature."""
    from cpoms_core.audit.tasks import seal_entries
    from cpoms_core.outbox.mail import send_mail
    from cpoms_core.outbox.retries import retry_hook

    yield TaskSpec("mail", send_mail)
    yield TaskSpec("hook", retry_hook)
    yield TaskSpec("audit.seal", seal_entries)
