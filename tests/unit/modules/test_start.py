"""What stops the start: hooks of mode boot (register_permissions, register_settings, register_routes,
register_tasks, register_mis_sources) and pages that are not declared as they must be."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pyramid.config import Configurator
from pyramid.response import Response

from cpoms_core import config as core_config
from cpoms_core.application import Application
from cpoms_core.config import configure
from cpoms_core.hooks import hookimpl
from cpoms_core.hooks.types import Permission, SettingSpec, TaskSpec
from cpoms_core.modules import Module
from cpoms_core.modules.routes import PUBLIC, ModuleRoutes, NotAudited, UnknownPermission, UnstampedView

WHY = NotAudited("a test of the start")


def _view(_request: Any) -> Response:
    return Response("here")


def _app(app: Application, **hooks: Any) -> Application:
    """The application with one more module, made of these hooks."""
    implementations = SimpleNamespace(**{name: hookimpl(function) for name, function in hooks.items()})
    module = Module("extra", "Extra", "", "cpoms_core.demo", "0.1.0", implementations)  # type: ignore[arg-type]
    return Application(app.deployment, modules={**app.modules, "extra": module}, engines=app.engines)


def _declaring(act: Any) -> Any:
    def register_routes(routes: ModuleRoutes) -> None:
        act(routes)

    return register_routes


def test_a_module_declares_its_pages(app: Application) -> None:
    def declare(routes: ModuleRoutes) -> None:
        routes.route("extra.page", "/extra/page")
        routes.view(_view, "extra.page", permission=PUBLIC, audit=WHY)

    configure(_app(app, register_routes=_declaring(declare)))


DECLARED_WRONG: dict[str, Any] = {
    "a route without the module's name": lambda routes: routes.route("page", "/extra/page"),
    "a route of another module": lambda routes: routes.route("cases.page", "/cases/page"),
    "a route of the core": lambda routes: routes.route("login", "/login"),
    "an address of the core": lambda routes: routes.route("extra.page", "/login"),
    "an address of another module": lambda routes: routes.route("extra.page", "/cases/page"),
    "an address that only begins like its own": lambda routes: routes.route("extra.page", "/extras/page"),
    "a view of another's route": lambda routes: routes.view(_view, "login", permission=PUBLIC, audit=WHY),
    "no permission": lambda routes: (
        routes.route("extra.page", "/extra/page"),
        routes.view(_view, "extra.page", permission="", audit=WHY),
    ),
    "no audit": lambda routes: (
        routes.route("extra.page", "/extra/page"),
        routes.view(_view, "extra.page", permission=PUBLIC, audit=""),
    ),
    "permission left out": lambda routes: routes.view(_view, "extra.page", audit=WHY),
    "audit left out": lambda routes: routes.view(_view, "extra.page", permission=PUBLIC),
}


@pytest.mark.parametrize("wrong", DECLARED_WRONG)
def test_a_page_that_is_declared_wrong_stops_the_start(app: Application, wrong: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        configure(_app(app, register_routes=_declaring(DECLARED_WRONG[wrong])))


def test_a_permission_that_nobody_declares_stops_the_start(app: Application) -> None:
    def declare(routes: ModuleRoutes) -> None:
        routes.route("extra.page", "/extra/page")
        routes.view(_view, "extra.page", permission="extra:mistyped", audit=WHY)

    with pytest.raises(UnknownPermission, match="extra:mistyped"):
        configure(_app(app, register_routes=_declaring(declare)))


def _past(declare: Any) -> Any:
    return lambda routes: declare(routes._config)


PAST_MODULE_ROUTES: dict[str, Any] = {
    "a view": lambda config: (
        config.add_route("extra.page", "/extra/page"),
        config.add_view(_view, route_name="extra.page"),
    ),
    "a view with a permission": lambda config: (
        config.add_route("extra.page", "/extra/page"),
        config.add_view(_view, route_name="extra.page", permission="admin", needs="admin"),
    ),
    "a view of no route": lambda config: config.add_view(_view, name="page"),
    "a static folder": lambda config: config.add_static_view("extra", "cpoms_core:static"),
    "a view that lies about nothing but the audit": lambda config: (
        config.add_route("extra.page", "/extra/page"),
        config.add_view(_view, route_name="extra.page", module="core", needs=PUBLIC),
    ),
}


@pytest.mark.parametrize("way", PAST_MODULE_ROUTES)
def test_a_view_past_module_routes_stops_the_start(app: Application, way: str) -> None:
    with pytest.raises(UnstampedView):
        configure(_app(app, register_routes=_declaring(_past(PAST_MODULE_ROUTES[way]))))


def test_a_view_of_the_core_past_module_routes_stops_the_start(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def include(config: Configurator) -> None:
        config.add_route("loose", "/loose")
        config.add_view(_view, route_name="loose")

    monkeypatch.setattr(core_config, "PARTS", (*core_config.PARTS, include))
    with pytest.raises(UnstampedView, match="loose"):
        configure(app)


def test_a_module_may_not_have_the_address_of_a_page_of_the_core(app: Application) -> None:
    module = Module("students", "S", "", "cpoms_core.demo", "0", SimpleNamespace())  # type: ignore[arg-type]
    made = Application(app.deployment, modules={"students": module}, engines=app.engines)
    with pytest.raises(ValueError, match="address of the route"):
        configure(made)


def _named(name: str, attribute: str) -> Any:
    return {
        "register_permissions": lambda: [Permission(name, "x", "x")],
        "register_settings": lambda: [SettingSpec(name, 1, "x", "x")],
        "register_tasks": lambda: [TaskSpec(name, lambda *_: None)],
    }[attribute]


@pytest.mark.parametrize(
    ("hook", "attribute", "good"),
    [
        ("register_permissions", "permissions", "extra:read"),
        ("register_settings", "settings", "extra.word"),
        ("register_tasks", "tasks", "extra.count"),
    ],
)
def test_names_are_the_modules_own(app: Application, hook: str, attribute: str, good: str) -> None:
    assert good in getattr(_app(app, **{hook: _named(good, hook)}), attribute)
    for bad in ("admin", "mail", "extra", "extraread", "cases:read", "cases.read", good.title(), f" {good}"):
        with pytest.raises(ValueError, match="must start with"):
            getattr(_app(app, **{hook: _named(bad, hook)}), attribute)


def test_mis_sources_come_with_their_module(app: Application) -> None:
    source = SimpleNamespace(name="paper", title="Paper", accepts=(".txt",), max_bytes=1)
    made = _app(app, register_mis_sources=lambda: [source])
    assert made.mis_sources["paper"] == ("extra", source)


@pytest.mark.parametrize(
    ("hook", "attribute"),
    [
        ("register_permissions", "permissions"),
        ("register_settings", "settings"),
        ("register_tasks", "tasks"),
        ("register_mis_sources", "mis_sources"),
    ],
)
def test_a_boot_hook_that_raises_stops_the_start(app: Application, hook: str, attribute: str) -> None:
    def broken() -> Any:
        raise RuntimeError("not ready")

    with pytest.raises(RuntimeError, match="not ready"):
        getattr(_app(app, **{hook: broken}), attribute)


def test_register_routes_that_raises_stops_the_start(app: Application) -> None:
    def broken(routes: ModuleRoutes) -> None:
        raise RuntimeError("not ready")

    with pytest.raises(RuntimeError, match="not ready"):
        configure(_app(app, register_routes=broken))


def test_routes_are_a_facade_and_not_a_configurator() -> None:
    """What a module is given can declare routes, views and static files, and nothing else."""
    public = {name for name in dir(ModuleRoutes) if not name.startswith("_")}
    assert public == {"route", "view", "static"}
