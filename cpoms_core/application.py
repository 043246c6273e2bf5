"""The parts of a running deployment, shared by the web process, the worker and the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from cpoms_core.access import permissions as core_permissions
from cpoms_core.audit.wording import EVENTS
from cpoms_core.database.engines import Engines, make_engines
from cpoms_core.deployment import Deployment
from cpoms_core.documents.places import place_of
from cpoms_core.documents.storage import Storage
from cpoms_core.hooks.relay import HookRelay
from cpoms_core.hooks.types import AuditWords, Permission, SettingSpec, Task
from cpoms_core.imports.records import MisSource
from cpoms_core.modules import Module
from cpoms_core.modules.registry import installed, with_hooks
from cpoms_core.outbox.registry import core_tasks
from cpoms_core.sealing import DeploymentKey
from cpoms_core.tenancy.scope import SchoolSession
from cpoms_core.tenancy.settings import CORE_SETTINGS


class Application:
    """Made once a process. `modules` are those installed, found by entry point unless given."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        modules: Mapping[str, Module] | None = None,
        engines: Engines | None = None,
    ) -> None:
        self.deployment = deployment
        self.modules = dict(installed() if modules is None else modules)
        self.hooks = HookRelay(with_hooks(self.modules))
        self.engines = engines or make_engines(deployment.database_url, pool_size=deployment.pool_size)
        self.key = DeploymentKey.from_file(deployment.folder / "keys" / "deployment.json")
        self.storage = Storage(place_of(deployment), self.key)

    def session(self, school_id: int | None, *, writes: bool) -> SchoolSession:
        """A session for one school (or for the tables that belong to none)."""
        engine = self.engines.writing if writes else self.engines.reading
        return SchoolSession(engine, school_id=school_id, app=self)

    @contextmanager
    def transaction(self, school_id: int | None, *, writes: bool = True) -> Iterator[SchoolSession]:
        """A session whose work is committed at the end, or rolled back where it raises."""
        with self.session(school_id, writes=writes) as db:
            yield db
            db.commit()

    @cached_property
    def permissions(self) -> dict[str, tuple[str, Permission]]:
        """Every permission by name, with the module that declared it (`core` for the core's)."""
        found = {permission.name: ("core", permission) for permission in core_permissions.CORE}
        for module, declared in self.hooks.boot("register_permissions"):
            for permission in declared:
                _refuse_foreign_name(module, permission.name, ":")
                found[permission.name] = (module, permission)
        return found

    @cached_property
    def settings(self) -> dict[str, SettingSpec]:
        """Every setting of a school by name."""
        found = {spec.name: spec for spec in CORE_SETTINGS}
        for module, declared in self.hooks.boot("register_settings"):
            for spec in declared:
                _refuse_foreign_name(module, spec.name, ".")
                found[spec.name] = spec
        return found

    @cached_property
    def tasks(self) -> dict[str, tuple[str, Task]]:
        """What the worker can run, by the outbox kind, with its module."""
        found: dict[str, tuple[str, Task]] = {task.name: ("core", task) for task in core_tasks()}
        for module, declared in self.hooks.boot("register_tasks"):
            for task in declared:
                _refuse_foreign_name(module, task.name, ".")
                found[task.name] = (module, task)
        return found

    @cached_property
    def audit_words(self) -> dict[str, AuditWords]:
        """How every audit event reads, the core's and the modules'."""
        found = dict(EVENTS)
        for module, declared in self.hooks.boot("audit_words"):
            for event, words in declared.items():
                if event in found:
                    raise ValueError(f"module {module!r} words the event {event!r}, which is another's")
                found[event] = words
        return found

    @cached_property
    def mis_sources(self) -> dict[str, tuple[str, MisSource]]:
        """Every MIS source by name, with its module."""
        return {
            source.name: (module, source)
            for module, sources in self.hooks.boot("register_mis_sources")
            for source in sources
        }


def _refuse_foreign_name(module: str, name: str, separator: str) -> None:
    if not name.startswith(f"{module}{separator}"):
        raise ValueError(f"module {module!r} declares {name!r}: it must start with {module}{separator}")
