"""The authenticator's own files (ACC-10): its page, its manifest and its service worker. They are the same
for everybody and hold nothing of anybody; what a phone keeps, it keeps itself."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyramid.httpexceptions import HTTPFound
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.web.page import STATIC, asset_address

NAME = "Log-in approvals"
FOLDER = STATIC / "js" / "authenticator"
SHELL = Path(__file__).parent.parent / "templates" / "authenticator" / "app.pt"
MODULES = ("accounts.js", "adding.js", "codes.js", "device.js", "payload.js", "scan.js", "screens.js")
SCRIPTS = ("app.js", *MODULES)
"""The app's modules. `worker.js` is not among them, nor `step.js`, which belongs to the log-in page."""
VERSIONED = ("css/theme.css", "css/authenticator.css", "js/authenticator/app.js")
"""What the page names with a version; everything else is named by those, without one."""
PLAIN = (
    *(f"js/authenticator/{name}" for name in MODULES),
    "vendor/inter/inter-latin-wght-normal.woff2",
    "authenticator/icon.svg",
)
CAMERA = "camera=(self), microphone=(), geolocation=(), display-capture=()"


def to_the_app(request: Request) -> Response:
    """The address without the slash at its end; browsers carry the fragment over."""
    return HTTPFound(request.route_path("authenticator"))


def app(request: Request) -> dict[str, Any]:
    """The app's one page. Alone of all pages it may use the camera: to read a QR code."""
    request.response.headers["Permissions-Policy"] = CAMERA
    request.response.headers["Cache-Control"] = "no-cache"
    return {"title": NAME, "host": request.app.deployment.domain}


def manifest(request: Request) -> Response:
    """What a phone needs to install the app (W3C Web Application Manifest)."""
    start = request.route_path("authenticator")
    icons = [
        {
            "src": asset_address(f"authenticator/icon-{size}.png"),
            "sizes": f"{size}x{size}",
            "type": "image/png",
        }
        for size in (192, 512)
    ]
    return Response(
        json_body={
            "id": start,
            "name": NAME,
            "short_name": "Approvals",
            "description": "Codes and approvals for logging in to your school’s safeguarding records",
            "start_url": start,
            "scope": start,
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": "#1b5e82",
            "icons": [
                *icons,
                {**icons[1], "src": asset_address("authenticator/icon-maskable.png"), "purpose": "maskable"},
            ],
        },
        content_type="application/manifest+json",
        cache_control="no-cache",
    )


def worker(request: Request) -> Response:
    """The service worker, with the list of what it keeps. It changes when any of that does, which is how
    browsers learn that there is a new release."""
    return Response(
        _worker(request.route_path("authenticator")),
        content_type="text/javascript",
        charset="utf-8",
        cache_control="no-cache",
    )


@lru_cache(maxsize=4)
def _worker(start: str) -> str:
    files = [start, *(asset_address(path) for path in VERSIONED), *(f"/static/{path}" for path in PLAIN)]
    contents = [SHELL, FOLDER / "worker.js", *(STATIC / path for path in (*VERSIONED, *PLAIN))]
    version = hashlib.sha256(b"\0".join(path.read_bytes() for path in contents)).hexdigest()[:16]
    head = f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(files)};\n"
    return head + (FOLDER / "worker.js").read_text(encoding="utf-8")
