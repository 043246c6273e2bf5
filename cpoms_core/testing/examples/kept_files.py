"""The stored files that a row names: here each has the id of its note."""

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.relay import PluginSession
from cpoms_core.testing.probe.models import ProbeNote  # your own table


@hookimpl
def kept_files(db: PluginSession, file_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    return list(db.scalars(select(ProbeNote.id).where(ProbeNote.id.in_(file_ids))))
