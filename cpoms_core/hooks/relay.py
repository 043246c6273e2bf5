"""The only caller of hooks. It asks the modules that are on for the school, each on its own, each in a
savepoint, so that a module that breaks costs its own part and nothing of the core's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pluggy
import structlog

from cpoms_core.database.types import new_id
from cpoms_core.hooks import PROJECT, specs
from cpoms_core.hooks.answers import BadHook, mapping_of, parts_by_id, parts_of
from cpoms_core.hooks.failures import FAILED, SLOW, FailureKind, HookFailure
from cpoms_core.hooks.session import PluginSession
from cpoms_core.hooks.timing import Clock, Deadline, Limits
from cpoms_core.logs import place_of
from cpoms_core.modules.leftovers import refuse_leftovers

if TYPE_CHECKING:
    from cpoms_core.access.viewer import Viewer
    from cpoms_core.tenancy.scope import SchoolSession

__all__ = ["HookFailure", "HookRelay", "Keep", "PluginSession", "TransactionEnded"]

log = structlog.get_logger()
Keep = Callable[[str, str, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class _Call:
    module: str
    hook: str
    function: Callable[..., Any]
    argnames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a hook answered, or that it failed."""

    answer: Any = None
    failed: bool = False


class TransactionEnded(RuntimeError):
    """A hook ended the transaction of the record it was called for. Nothing may go on as if it had not."""


class Gone(RuntimeError):
    """A hook raised what is no Exception: it wanted to end the process, or a library of its panicked."""


@contextmanager
def _as_error() -> Iterator[None]:
    """Makes an error of what would pass by all who catch errors: `sys.exit` in a module must not cost the
    concern that is being recorded, and libraries in Rust raise their panics so."""
    try:
        yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as raised:
        raise Gone(type(raised).__name__).with_traceback(raised.__traceback__) from None


class HookRelay:
    """Calls hooks by their mode; each method refuses a hook of another mode."""

    def __init__(
        self, modules: Mapping[str, object], limits: Limits | None = None, clock: Clock = time.monotonic
    ) -> None:
        """`modules`: the installed modules' hook implementations by module name. Raises BadHook."""
        self.limits = limits or Limits()
        self.clock = clock
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
        """Asks every installed module at start-up; errors pass through and stop the start, and so does an
        answer that is no list. Raises BadHook."""
        for call in self._calls(hook, "boot"):
            answer = self._start(call, arguments)
            if isinstance(answer, str) or not isinstance(answer, Iterable):
                raise BadHook(
                    f"{hook} of module {call.module!r} answered with {type(answer).__name__}, not with a list"
                )
            yield call.module, answer

    def boot_with(self, hook: str, make: Callable[[str], dict[str, Any]]) -> None:
        """As `boot`, with arguments that are made for each module."""
        for call in self._calls(hook, "boot"):
            self._start(call, make(call.module))

    def collect(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> list[Any]:
        """The answers of the modules that are on, in a list; what declares a permission that the viewer
        lacks is left out. A module that raises, or whose hook is set aside, is left out."""
        return sorted(self.collect_by_module(hook, db, viewer, **arguments), key=lambda part: part.weight)

    def collect_by_module(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> list[Any]:
        """As `collect`, in the order of the modules' names and of their answers, not by weight."""
        found: list[Any] = []
        for call in self._calls(hook, "collect", viewer):
            found.extend(_allowed(self._gated(call, db, viewer, arguments, parts_of).answer or (), viewer))
        return found

    def collect_by_id(
        self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any
    ) -> dict[Any, list[Any]]:
        """As `collect`, for hooks that answer with a mapping of an id to parts."""
        found: dict[Any, list[Any]] = {}
        for call in self._calls(hook, "collect", viewer):
            answer = self._gated(call, db, viewer, arguments, parts_by_id).answer or {}
            for key, parts in answer.items():
                found.setdefault(key, []).extend(_allowed(parts, viewer))
        for parts in found.values():
            parts.sort(key=lambda part: part.weight)
        return found

    def veto(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> list[Any]:
        """The objections of the modules that are on. One that raises does not object."""
        found: list[Any] = []
        for call in self._calls(hook, "veto", viewer):
            found.extend(self._gated(call, db, viewer, arguments, parts_of).answer or ())
        return found

    def effect(self, hook: str, db: SchoolSession, viewer: Viewer, keep: Keep, **arguments: Any) -> None:
        """Tells the modules that are on; each gets its own of a form's `values`. For each that fails,
        `keep(module, hook, arguments)` is called to note the retry in the same transaction; so it is, without
        a call, where the hook is set aside or the time for one change is used up (`Limits`)."""
        for call in self._calls(hook, "effect"):
            if call.module in viewer.modules:
                self._tell_or_keep(call, db, viewer, keep, _own_values(call.module, arguments))

    def tell(self, hook: str, db: SchoolSession, viewer: Viewer, keep: Keep, **arguments: Any) -> None:
        """As `effect`, of every installed module, on or off."""
        for call in self._calls(hook, "told"):
            self._tell_or_keep(call, db, viewer, keep, arguments)

    def retry(self, module: str, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> None:
        """Runs one module's effect again, for the worker; errors pass through. It may take as long as all
        that is told of one change: nobody waits."""
        told = specs.MODES[hook] == "told"
        for call in self._calls(hook, "told" if told else "effect"):
            if call.module == module and (told or module in viewer.modules):
                deadline = Deadline(self.limits.change, self.clock)
                try:
                    self._savepoint(call, db, viewer, arguments, deadline=deadline)
                finally:
                    if deadline.is_over:
                        _note(db, call, SLOW, seconds=round(deadline.elapsed, 1))

    def own(self, hook: str, db: SchoolSession, viewer: Viewer, module: str, **arguments: Any) -> None:
        """Tells one module what concerns it alone, such as that its switch was turned."""
        for call in self._calls(hook, "own"):
            if call.module == module:
                self._gated(call, db, viewer, arguments)

    def always(self, hook: str, db: SchoolSession, viewer: Viewer, **arguments: Any) -> dict[str, Any]:
        """The answers of every installed module by its name, on or off; errors pass through, because a
        part that is silently missing would be a false answer. Raises Refused where an answer has to be whole,
        and a module that is no longer installed holds rows of the school."""
        if hook in specs.WHOLE:
            refuse_leftovers(db)
        read = mapping_of if hook in specs.MAPPINGS else None
        return {
            call.module: self._savepoint(call, db, viewer, arguments, read)
            for call in self._calls(hook, "always")
        }

    def implementers(self, hook: str) -> list[str]:
        """The names of the modules that implement a hook."""
        return [call.module for call in self._calls(hook, specs.MODES[hook])]

    def _calls(self, hook: str, mode: str, viewer: Viewer | None = None) -> list[_Call]:
        """The implementations of a hook by the names of their modules: for a viewer, those of modules that
        are on, without what is set aside."""
        if specs.MODES[hook] != mode:
            raise ValueError(f"{hook} is a hook of mode {specs.MODES[hook]}, not {mode}")
        found = []
        for impl in getattr(self._manager.hook, hook).get_hookimpls():
            module = self._manager.get_name(impl.plugin) or ""
            if viewer is None or (module in viewer.modules and (module, hook) not in viewer.set_aside):
                found.append(_Call(module, hook, impl.function, tuple(impl.argnames)))
        return sorted(found, key=lambda call: call.module)

    def _start(self, call: _Call, arguments: Mapping[str, Any]) -> Any:
        """Calls a hook of mode boot; its error says whose it is."""
        try:
            return self._invoke(call, arguments)
        except Exception as error:
            error.add_note(f"The module {call.module!r} failed in its hook {call.hook}: the start stops.")
            raise

    def _tell_or_keep(
        self, call: _Call, db: SchoolSession, viewer: Viewer, keep: Keep, arguments: Mapping[str, Any]
    ) -> None:
        why = ""
        if (call.module, call.hook) in viewer.set_aside:
            why = "set aside"
        elif call.module in db.app.behind:
            why = "its tables are behind"
        elif db.hook_seconds >= self.limits.change:
            why = "time used up"
        if why:
            log.warning("hook left to the worker", module=call.module, hook=call.hook, why=why)
            keep(call.module, call.hook, arguments)
            return
        began = self.clock()
        outcome = self._gated(call, db, viewer, arguments)
        db.hook_seconds += self.clock() - began
        if outcome.failed:
            keep(call.module, call.hook, arguments)

    def _gated(
        self,
        call: _Call,
        db: SchoolSession,
        viewer: Viewer,
        arguments: Mapping[str, Any],
        read: Callable[[str, str, Any], Any] | None = None,
    ) -> _Outcome:
        """What the hook answered, made plain by `read`. Whatever became of it, taking too long is noted."""
        db.flush()  # what the core owes must not fail inside the module's savepoint, as the module's fault
        limit = self.limits.of(call.hook)
        deadline = Deadline(limit, self.clock) if limit is not None else None
        failed = None
        try:
            return _Outcome(self._savepoint(call, db, viewer, arguments, read, deadline))
        except TransactionEnded:
            raise
        except Exception as error:  # a module's fault must never become the core's
            failed = error
            return _Outcome(failed=True)
        finally:
            if deadline is not None and deadline.is_over:
                _note(db, call, SLOW, failed, seconds=round(deadline.elapsed, 1))
            elif failed is not None:
                _note(db, call, FAILED, failed)

    def _savepoint(
        self,
        call: _Call,
        db: SchoolSession,
        viewer: Viewer,
        arguments: Mapping[str, Any],
        read: Callable[[str, str, Any], Any] | None = None,
        deadline: Deadline | None = None,
    ) -> Any:
        session = PluginSession(db, deadline)
        try:
            return self._inside(session, call, db, {**arguments, "db": session, "viewer": viewer}, read)
        except Exception as error:
            if session.lost_transaction:
                raise TransactionEnded(
                    f"{call.hook} of module {call.module!r} ended the transaction"
                ) from error
            raise

    def _inside(
        self,
        session: PluginSession,
        call: _Call,
        db: SchoolSession,
        arguments: Mapping[str, Any],
        read: Callable[[str, str, Any], Any] | None,
    ) -> Any:
        outer = db.get_transaction()
        with db.begin_nested():
            try:
                outer = outer or db.get_transaction()
                with db.lent(), _as_error():
                    answer = self._invoke(call, arguments)
                    if isinstance(answer, Iterator):
                        answer = list(answer)
                    if read is not None:  # what is lazy in it runs here, too
                        answer = read(call.module, call.hook, answer)
                if db.get_transaction() is not outer:
                    raise TransactionEnded(f"{call.hook} of module {call.module!r} ended the transaction")
                session.settle()
            finally:
                session.leave()
        return answer

    @staticmethod
    def _invoke(call: _Call, arguments: Mapping[str, Any]) -> Any:
        return call.function(**{name: arguments[name] for name in call.argnames})


def _note(
    db: SchoolSession, call: _Call, kind: FailureKind, error: Exception | None = None, **facts: Any
) -> None:
    """Notes a failure for administrators, and logs it for the operator under the same reference."""
    reference = new_id().hex[-12:]
    db.hook_failures.append(HookFailure(call.module, call.hook, reference, kind))
    if error is not None:  # its text may hold what a person typed
        facts |= {"error": type(error).__name__, "at": place_of(error)}
    log.error("hook took too long" if kind == SLOW else "hook failed", module=call.module, hook=call.hook,
              reference=reference, school=db.school_id, **facts)  # fmt: skip


def _own_values(module: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with only this module's fields in `values`."""
    if "values" not in arguments:
        return dict(arguments)
    own = {name: value for name, value in arguments["values"].items() if name.startswith(f"{module}-")}
    return {**arguments, "values": own}


def _allowed(parts: Sequence[Any], viewer: Viewer) -> list[Any]:
    return [part for part in parts if not getattr(part, "needs", "") or viewer.may(part.needs)]
