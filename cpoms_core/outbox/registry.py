"""The core's own tasks by outbox kind."""

from __future__ import annotations

from collections.abc import Iterator

from cpoms_core.hooks.types import DeliverySpec, Task, TaskSpec


def core_tasks() -> Iterator[Task]:
    """Tasks of the core; imported here, when asked, because they reach into every feature."""
    from cpoms_core.access import security_log
    from cpoms_core.documents.prepared import PREPARED_FILE
    from cpoms_core.outbox.mail import send_mail, word_mail
    from cpoms_core.outbox.retries import retry_hook

    yield DeliverySpec("mail", word_mail, send_mail)
    yield TaskSpec("hook", retry_hook)
    yield security_log.TASK
    yield PREPARED_FILE
