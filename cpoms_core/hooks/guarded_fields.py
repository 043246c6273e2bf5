"""Fields of modules on a form: one that breaks costs itself, and never the form, on which a concern may be
waiting to be recorded (INC-09, MOD-04)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from cpoms_core.database.types import new_id
from cpoms_core.hooks.failures import HookFailure
from cpoms_core.hooks.types import FormField
from cpoms_core.logs import place_of

if TYPE_CHECKING:
    from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
Broke = Callable[[str, Exception], None]
"""Is told the name of a module's field that broke, and what it raised."""


def noting(db: SchoolSession) -> Broke:
    """Notes a field that broke for administrators, and logs it for the operator, without what was typed."""

    def broke(name: str, error: Exception) -> None:
        module, reference = name.partition("-")[0], new_id().hex[-12:]
        db.hook_failures.append(HookFailure(module, "field", reference))
        log.error("field failed", module=module, field=name, reference=reference, school=db.school_id,
                  error=type(error).__name__, at=place_of(error))  # fmt: skip

    return broke


def is_of_module(part: FormField) -> bool:
    """Whether it is a module's field: the core's have no module's name in theirs."""
    return "-" in part.name


def that_can_be_made(
    parts: Sequence[FormField], make: Callable[[Sequence[FormField]], Any], broke: Broke
) -> list[FormField]:
    """The fields without those of modules with which no form can be made. make: makes a form of some
    fields, and reads into it what came in."""
    found = []
    for part in parts:
        if is_of_module(part):
            try:
                make([part])
            except Exception as error:  # a module's fault must never become the form's
                broke(part.name, error)
                continue
        found.append(part)
    return found


def guard_checks(field: Any, name: str, broke: Broke) -> None:
    """A check of a module's that raises does not object, like a hook of mode veto."""
    own = field.validate

    def validate(*arguments: Any, **named: Any) -> bool:
        try:
            return bool(own(*arguments, **named))
        except Exception as error:  # a module's fault must never become the form's
            broke(name, error)
            field.errors = ()
            return True

    field.validate = validate


def can_be_drawn(field: Any, name: str, broke: Broke) -> bool:
    """Whether a module's field can be drawn; tried before the page is, which it would take down."""
    try:
        str(field())
        str(field.label)
    except Exception as error:  # a module's fault must never become the page's
        broke(name, error)
        return False
    return True
