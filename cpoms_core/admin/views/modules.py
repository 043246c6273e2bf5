"""Modules: what is installed, what each adds, and its switch (MOD-01)."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.request import Request

from cpoms_core.admin.module_facts import module_facts
from cpoms_core.modules.services import switch


def modules(request: Request) -> dict[str, Any]:
    """Every installed module with its switch."""
    facts = module_facts(request.app, request.registry, request.modules_on)
    return {
        "title": "Modules",
        "modules": [
            {"facts": one, "href": request.route_path("admin-module", module=one.name)} for one in facts
        ],
    }


def turn(request: Request) -> Any:
    """Turns a module's switch."""
    asked = request.POST.get("enabled")
    if asked not in ("yes", "no"):
        raise HTTPBadRequest
    switch(request.db, request.viewer, request.matchdict["module"], asked == "yes")
    said = "module-on" if asked == "yes" else "module-off"
    return HTTPSeeOther(request.route_path("admin-modules", _query={"said": said}))
