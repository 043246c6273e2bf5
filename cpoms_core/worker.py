"""The worker: a Celery application whose threads do what the outbox asks for, and one thread that looks.

Celery's messages are only wake-ups. With `memory://` they never leave the process: the web process cannot
wake this worker, so a thread of it looks into the database several times a second, reading first and locking
only when something is due. With another broker the work is spread over all workers; each looks, and the
claim on the row decides. A message that is lost costs the length of a lease, never the work.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import uuid
import warnings
from typing import Any

from celery import Celery, signals
from celery.exceptions import SecurityWarning

from cpoms_core.application import Application
from cpoms_core.outbox.claims import LEASE, Claim
from cpoms_core.outbox.poller import Poller
from cpoms_core.outbox.running import run_claimed
from cpoms_core.outbox.transports import transport_of

THREADS = 4
QUEUE = "cpoms"
RUN = "cpoms.run"


def make_celery(app: Application, poller: Poller) -> Celery:
    """The Celery application: one task, whose message says which item of which school is claimed until when,
    and nothing of what it holds."""
    in_memory = app.deployment.broker.startswith("memory:")
    broker = "memory://localhost/" if in_memory else app.deployment.broker  # it warns where no host is named
    celery = Celery("cpoms", broker=broker, set_as_current=False)
    celery.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_default_queue=QUEUE,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"polling_interval": 0.05} if in_memory else {},
    )

    def run(school_id: int, item_id: str, until: str) -> None:
        claim = Claim(school_id, uuid.UUID(item_id), dt.datetime.fromisoformat(until))
        with poller.working_on(claim):
            run_claimed(app, claim)

    celery.task(run, name=RUN)
    return celery


def run_worker(app: Application, *, threads: int = THREADS, lease: dt.timedelta = LEASE) -> None:
    """Runs until SIGTERM or SIGINT; work that has begun is finished, and what was only claimed is given
    back. Raises BadDeployment before it starts where the mail's address cannot be used."""
    app.check()
    transport_of(app.deployment)
    if app.deployment.demo:
        warnings.filterwarnings("ignore", category=SecurityWarning)  # a demonstration may run as root
    # Celery's own lines at `info` name tasks and arguments and say nothing that ours do not
    logging.getLogger("celery").setLevel(logging.WARNING)
    logging.getLogger("kombu").setLevel(logging.WARNING)
    poller = Poller(app, most=threads * 2, lease=lease)
    celery = make_celery(app, poller)

    def send(claim: Claim) -> None:
        celery.send_task(RUN, (claim.school_id, str(claim.item_id), claim.until.isoformat()))

    looking = threading.Thread(target=poller.run, args=(send,), name="poller", daemon=True)

    def begin(**_facts: Any) -> None:
        if not looking.is_alive():
            looking.start()

    def end(**_facts: Any) -> None:
        poller.stop()  # at once, so that nothing is claimed that will not be begun

    signals.worker_ready.connect(begin, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    try:
        celery.Worker(
            pool_cls="threads",
            concurrency=threads,
            loglevel=logging.WARNING,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        ).start()
    finally:
        signals.worker_ready.disconnect(begin)
        signals.worker_shutting_down.disconnect(end)
        poller.stop()
        if looking.is_alive():
            looking.join(timeout=10)
        poller.give_back()
