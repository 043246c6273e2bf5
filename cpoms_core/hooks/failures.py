"""What went wrong in a module's hook: kept beside the session, and written after the main transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["failed", "slow"]
FAILED: FailureKind = "failed"
SLOW: FailureKind = "slow"


@dataclass(frozen=True, slots=True)
class HookFailure:
    """A hook that raised or answered with nonsense (`failed`), or that took longer than it may, whatever it
    answered (`slow`). `reference` finds it in the operator's log (MOD-04)."""

    module: str
    hook: str
    reference: str
    kind: FailureKind = FAILED
