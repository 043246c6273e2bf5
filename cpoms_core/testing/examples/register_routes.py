"""Pages under the module's own address; each view names its permission and its audit."""

from typing import Any

from pyramid.request import Request
from sqlalchemy import select

from cpoms_core.access import policy
from cpoms_core.hooks import hookimpl
from cpoms_core.incidents.models import Incident
from cpoms_core.modules.routes import ModuleRoutes

PAGE = "cpoms_core.testing.examples:templates/list.pt"


@hookimpl
def register_routes(routes: ModuleRoutes) -> None:
    routes.route("example.list", "/example/list")
    routes.view(_listed, "example.list", permission="example:read", audit="example.listed", template=PAGE)
    for about in ("student", "incident", "action"):
        name = f"example.of_{about}"
        routes.route(name, f"/example/{about}s/{{{about}_id}}")
        routes.view(_listed, name, permission="example:read", audit="example.listed", template=PAGE)


def _listed(request: Request) -> dict[str, Any]:
    """Asks the policy for what is shown, as every page does."""
    seen = policy.visible_incidents(request.viewer)
    newest = select(Incident).where(seen).order_by(Incident.number.desc())
    found = list(request.db.scalars(newest.limit(request.viewer.school.setting("example.most"))))
    request.shows([incident.id for incident in found])
    return {"title": "Examples", "numbers": [incident.number for incident in found]}
