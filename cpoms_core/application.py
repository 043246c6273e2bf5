"""The parts of a running deployment, shared by the web process, the worker and the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from cpoms_core.access import permissions as core_permissions
from cpoms_core.access.viewer import utc_now
from cpoms_core.audit.wording import EVENTS
from cpoms_core.database.engines import Engines, make_engines
from cpoms_core.deployment import Deployment
from cpoms_core.documents.places import place_of
from cpoms_core.documents.storage import Storage
from cpoms_core.hooks.relay import HookRelay
from cpoms_core.hooks.timing import Limits
from cpoms_core.hooks.types import AuditWords, MailSpec, Permission, SettingSpec, Task
from cpoms_core.imports.captions import check_captioned
from cpoms_core.imports.records import MisSource
from cpoms_core.migrations.state import TablesOfModules
from cpoms_core.modules import Module
from cpoms_core.modules.failing import write_down
from cpoms_core.modules.registry import installed, with_hooks
from cpoms_core.outbox.registry import core_tasks
from cpoms_core.outbox.wording import letter_of_module
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
        limits = Limits(
            deployment.hook_seconds, deployment.hook_seconds_saving, deployment.hook_seconds_change
        )
        self.hooks = HookRelay(with_hooks(self.modules), limits)
        self.engines = engines or make_engines(deployment.database_url, pool_size=deployment.pool_size)
        self._tables = TablesOfModules(self.engines.reading, self.modules)
        self.key = DeploymentKey.from_file(deployment.folder / "keys" / "deployment.json")
        self.storage = Storage(place_of(deployment), self.key)

    def session(self, school_id: int | None, *, writes: bool) -> SchoolSession:
        """A session for one school (or for the tables that belong to none)."""
        engine = self.engines.writing if writes else self.engines.reading
        return SchoolSession(engine, school_id=school_id, app=self)

    @contextmanager
    def transaction(self, school_id: int | None, *, writes: bool = True) -> Iterator[SchoolSession]:
        """A session whose work is committed at the end, or rolled back where it raises. What modules failed
        at meanwhile is written down after it, in either case (MOD-04)."""
        db = self.session(school_id, writes=writes)
        try:
            with db:
                yield db
                db.commit()
        finally:
            if db.hook_failures and school_id is not None:
                write_down(self, school_id, db.hook_failures, utc_now())

    @property
    def behind(self) -> frozenset[str]:
        """The names of installed modules whose tables are not up to date: they are off everywhere
        (MOD-04)."""
        return self._tables.behind

    @property
    def usable(self) -> Collection[str]:
        """The names of the installed modules that a school can have on."""
        return self.modules.keys() - self.behind if self.behind else self.modules.keys()

    @cached_property
    def permissions(self) -> dict[str, tuple[str, Permission]]:
        """Every permission by name, with the module that declared it (`core` for the core's)."""
        found = {permission.name: ("core", permission) for permission in core_permissions.CORE}
        for module, declared in self.hooks.boot("register_permissions"):
            for permission in declared:
                _refuse_foreign_name(module, permission.name, ":")
                self._refuse_no_choice(permission)
                found[permission.name] = (module, permission)
        return found

    def _refuse_no_choice(self, permission: Permission) -> None:
        """Raises ValueError for a permission that says it counts without a key where a setting says so, and
        names none that is a yes or a no."""
        when = permission.when_restricted
        if isinstance(when, str) and not (
            when in self.settings and isinstance(self.settings[when].default, bool)
        ):
            raise ValueError(
                f"the permission {permission.name!r} names {when!r}, which is no yes-or-no setting"
            )

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

    def check(self) -> None:
        """Reads what the worker would only find out when it is owed, so that a slip stops the start. Raises
        ValueError."""
        _ = self.tasks, self.mails, self.mis_sources

    @cached_property
    def mails(self) -> dict[str, tuple[str, MailSpec]]:
        """The modules' mails by name, with the module. Raises ValueError for one that could not be sent."""
        found: dict[str, tuple[str, MailSpec]] = {}
        for module, declared in self.hooks.boot("register_mails"):
            for mail in declared:
                _refuse_foreign_name(module, mail.name, ".")
                if mail.name in found:
                    raise ValueError(f"module {module!r} declares the mail {mail.name!r} twice")
                letter_of_module(mail)
                found[mail.name] = (module, mail)
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
        """Every MIS source by name, with its module. Raises ValueError for fields by unusable names."""
        found: dict[str, tuple[str, MisSource]] = {}
        for module, sources in self.hooks.boot("register_mis_sources"):
            for source in sources:
                check_captioned(source)
                found[source.name] = (module, source)
        return found


def _refuse_foreign_name(module: str, name: str, separator: str) -> None:
    if not name.startswith(f"{module}{separator}"):
        raise ValueError(f"module {module!r} declares {name!r}: it must start with {module}{separator}")
