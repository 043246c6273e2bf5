"""The only caller of hooks. It asks the modules that are on for the school, each on its own, each in a
savepoint, so that a module that breaks costs its own part and nothing of the core's."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy
import structlog
from sqlalchemy import Result, literal, select

from cpoms_core.audit import services as audit
from cpoms_core.database.types import new_id
from cpoms_core.hooks import PROJECT, specs
from cpoms_core.hooks.answers import BadHook, parts_by_id, parts_of
from cpoms_core.logs import place_of
from cpoms_core.outbox import services as outbox

if TYPE_CHECKING:
    from cpoms_core.access.viewer import Viewer
    from cpoms_core.tenancy.scope import SchoolSession

log = structlog.get_logger()
PROBE = select(literal(1))
T = TypeVar("T")
Keep = Callable[[str, str, Mapping[str, Any]], None]


class PluginSession:
    """The school's session as a module sees it: it reads and writes, but cannot end the transaction.

    A hook that called `rollback()` left the savepoint without an error, and the incident was gone.
    """

    def __init__(self, session: SchoolSession) -> None:
        self._session = session
        self.used = False

    @property
    def school_id(self) -> int:
        assert self._session.school_id is not None
        return self._session.school_id

    def execute(self, statement: Any, parameters: Any = None) -> Result[*tuple[Any, ...]]:
        self.used = True
        return self._session.execute(statement, parameters)

    def scalars(self, statement: Any) -> Any:
        self.used = True
        return self._session.scalars(statement)

    def scalar(self, statement: Any) -> Any:
        self.used = True
        return self._session.scalar(statement)

    def get(self, entity: type[T], key: Any) -> T | None:
        self.used = True
        return self._session.get(entity, key)

    def add(self, row: object) -> None:
        self.used = True
        self._session.add(row)

    def flush(self) -> None:
        self.used = True
        self._session.flush()

    def queue_mail(self, template: str, *, to_user: uuid.UUID, now: dt.datetime, **facts: str) -> uuid.UUID:
        """Owes a user a mail, in this transaction; parameters as for `outbox.services.queue_mail`."""
        self.used = True
        return outbox.queue_mail(self._session, template, to_user=to_user, now=now, **facts)

    def queue_task(
        self, name: str, payload: dict[str, Any], *, now: dt.datetime, due: dt.datetime | None = None
    ) -> uuid.UUID:
        """Queues one of the module's tasks by its name (`module.task`), in this transaction. `payload` is
        plain JSON: ids, not content. `due`: not before (UTC)."""
        self.used = True
        return outbox.queue(self._session, name, payload, now=now, due=due)

    def audit(self, viewer: Viewer, event: str, subjects: Iterable[uuid.UUID] = (), **details: Any) -> None:
        """Writes an audit entry with the change it belongs to; parameters as for `audit.services.record`."""
        self.used = True
        audit.record(self._session, viewer, event, subjects, **details)


@dataclass(frozen=True, slots=True)
class HookFailure:
    """A hook that raised: kept beside the session, and written after the main transaction (MOD-04)."""

    module: str
    hook: str
    reference: str


@dataclass(frozen=True, slots=True)
class _Call:
    module: str
    hook: str
    function: Callable[..., Any]
    argnames: tuple[str, ...]


class TransactionEnded(RuntimeError):
    """A hook ended the transaction of the record it was called for. Nothing may go on as if it had not."""


class HookRelay:
    """Calls hooks by their mode; each method refuses a hook of another mode."""

    def __init__(self, modules: Mapping[str, object]) -> None:
        """`modules`: the installed modules' hook implementations by module name. Raises BadHook."""
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(specs)
        for name in sorted(modules):
            self._manager.register(modules[name], name=name)
        self._manager.check_pending()
        for hook in specs.MODES:
            for impl in getattr(self._manager.hook, hook).get_hookimpls():
                if impl.hookwrapper or impl.wrapper:
                    raise BadHook(
                        f"module {impl.plugin_name!r} wraps {hook}: it would see other modules' answers"
                    )

    def boot(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
        """Asks every installed module at start-up; errors pass through and stop the start."""
        for call in self._calls(hook, "boot"):
            yield call.module, self._invoke(call, arguments)

    def boot_with(self, hook: str, make: Callable[[str], dict[str, Any]]) -> None:
        """As `boot`, with arguments that are made for each module."""
        for call in self._calls(hook, "boot"):
            self._invoke(call, make(call.module))

    def collect(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> list[Any]:
        """The answers of the modules that are on, in a list; what declares a permission that the viewer
        lacks is left out. A module that raises is left out."""
        found: list[Any] = []
        for call in self._calls(hook, "collect", viewer):
            found.extend(_allowed(self._gated(call, db, viewer, arguments, parts_of) or (), viewer))
        return sorted(found, key=lambda part: part.weight)

    def collect_by_id(
        self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any
    ) -> dict[Any, list[Any]]:
        """As `collect`, for hooks that answer with a mapping of an id to parts."""
        found: dict[Any, list[Any]] = {}
        for call in self._calls(hook, "collect", viewer):
            answer = self._gated(call, db, viewer, arguments, parts_by_id) or {}
            for key, parts in answer.items():
                found.setdefault(key, []).extend(_allowed(parts, viewer))
        for parts in found.values():
            parts.sort(key=lambda part: part.weight)
        return found

    def veto(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> list[Any]:
        """The objections of the modules that are on. One that raises does not object."""
        found: list[Any] = []
        for call in self._calls(hook, "veto", viewer):
            found.extend(self._gated(call, db, viewer, arguments, parts_of) or ())
        return found

    def effect(self, hook: str, db: SchoolSession, viewer: Viewer, keep: Keep, **arguments: Any) -> None:
        """Tells the modules that are on; each gets its own of a form's `values`. For each that fails,
        `keep(module, hook, arguments)` is called to note the retry in the same transaction."""
        for call in self._calls(hook, "effect", viewer):
            failed = len(db.hook_failures)
            own = _own_values(call.module, arguments)
            self._gated(call, db, viewer, own)
            if len(db.hook_failures) > failed:
                keep(call.module, hook, own)

    def tell(self, hook: str, db: SchoolSession, viewer: Viewer, keep: Keep, **arguments: Any) -> None:
        """As `effect`, of every installed module, on or off."""
        for call in self._calls(hook, "told"):
            failed = len(db.hook_failures)
            self._gated(call, db, viewer, arguments)
            if len(db.hook_failures) > failed:
                keep(call.module, hook, arguments)

    def retry(self, module: str, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> None:
        """Runs one module's effect again, for the worker; errors pass through."""
        told = specs.MODES[hook] == "told"
        for call in self._calls(hook, "told") if told else self._calls(hook, "effect", viewer):
            if call.module == module:
                self._savepoint(call, db, viewer, arguments)

    def own(self, hook: str, db: SchoolSession, viewer: Viewer, module: str) -> None:
        """Tells one module that its switch was turned."""
        for call in self._calls(hook, "own"):
            if call.module == module:
                self._gated(call, db, viewer, {})

    def always(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> dict[str, Any]:
        """The answers of every installed module by its name, on or off; errors pass through, because a
        part that is silently missing would be a false answer."""
        return {
            call.module: self._savepoint(call, db, viewer, arguments) for call in self._calls(hook, "always")
        }

    def implementers(self, hook: str) -> list[str]:
        """The names of the modules that implement a hook."""
        return [call.module for call in self._calls(hook, specs.MODES[hook])]

    def _calls(self, hook: str, mode: str, viewer: Viewer | None = None) -> list[_Call]:
        if specs.MODES[hook] != mode:
            raise ValueError(f"{hook} is a hook of mode {specs.MODES[hook]}, not {mode}")
        found = []
        for impl in getattr(self._manager.hook, hook).get_hookimpls():
            module = self._manager.get_name(impl.plugin) or ""
            if viewer is None or module in viewer.modules:
                found.append(_Call(module, hook, impl.function, tuple(impl.argnames)))
        return sorted(found, key=lambda call: call.module)

    def _gated(
        self,
        call: _Call,
        db: SchoolSession,
        viewer: Viewer,
        arguments: Mapping[str, Any],
        read: Callable[[str, str, Any], Any] | None = None,
    ) -> Any:
        """What the hook answered, made plain by `read`; None where it failed."""
        db.flush()  # what the core owes must not fail inside the module's savepoint, as the module's fault
        try:
            answer = self._savepoint(call, db, viewer, arguments)
            return answer if read is None else read(call.module, call.hook, answer)
        except TransactionEnded:
            raise
        except Exception as error:  # a module's fault must never become the core's
            reference = new_id().hex[-12:]
            db.hook_failures.append(HookFailure(call.module, call.hook, reference))
            log.error(
                "hook failed",
                module=call.module,
                hook=call.hook,
                reference=reference,
                error=type(error).__name__,  # its text may hold what a person typed
                at=place_of(error),
            )
            return None

    def _savepoint(self, call: _Call, db: SchoolSession, viewer: Viewer, arguments: Mapping[str, Any]) -> Any:
        session = PluginSession(db)
        outer = db.get_transaction()
        with db.begin_nested():
            outer = outer or db.get_transaction()
            with db.lent():
                answer = self._invoke(call, {**arguments, "db": session, "viewer": viewer})
                if isinstance(answer, Iterator):
                    answer = list(answer)
            if db.get_transaction() is not outer:
                raise TransactionEnded(f"{call.hook} of module {call.module!r} ended the transaction")
            if session.used:
                # a hook that swallowed its own SQL error leaves the transaction broken: find out here,
                # inside the savepoint, and not when it is released
                db.flush()
                db.execute(PROBE)
        return answer

    @staticmethod
    def _invoke(call: _Call, arguments: Mapping[str, Any]) -> Any:
        return call.function(**{name: arguments[name] for name in call.argnames})


def _own_values(module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with only this module's fields in `values`."""
    if "values" not in arguments:
        return dict(arguments)
    own = {name: value for name, value in arguments["values"].items() if name.startswith(f"{module}-")}
    return {**arguments, "values": own}


def _allowed(parts: Sequence[Any], viewer: Viewer) -> list[Any]:
    return [part for part in parts if not getattr(part, "needs", "") or viewer.may(part.needs)]
