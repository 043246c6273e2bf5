"""The hash of a record as it was last applied: two deliveries with the same record change nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Collection
from typing import Any

from cpoms_core.imports.records import ContactRecord, StaffRecord, StudentRecord

STORED_FORM = 1
"""Part of every hash: raise it when records come to be stored otherwise, and each is looked at again."""


def fields_of(
    record_type: type[StudentRecord] | type[StaffRecord], named: Collection[str] | None
) -> frozenset[str]:
    """The fields that a delivery speaks about; `named` is its own list, None for all of them. Where in the
    file a record stood is no part of it."""
    every = frozenset(field.name for field in dataclasses.fields(record_type)) - {"where"}
    return every if named is None else every & (frozenset(named) | {"mis_id"})


def record_hash(record: StudentRecord | StaffRecord, fields: Collection[str]) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of the record's `fields`."""
    values = {name: getattr(record, name) for name in fields}
    text = json.dumps(
        [STORED_FORM, values], default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, ContactRecord):
        return dataclasses.astuple(value)
    raise TypeError(f"a record holds {type(value).__name__}, which has no canonical form")
