"""Cookies: their names, and what every one of ours has in common."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.application import Application

CLEARED = '"cache"'
"""Clear-Site-Data of a log-out: what the browser kept of our pages goes; it heeds this over https only."""


def host_bound(app: Application, name: str) -> str:
    """A cookie's name that keeps it out of reach of other hosts; browsers accept it over https only."""
    return f"__Host-{name}" if app.deployment.secure else name


def set_cookie(request: Request, response: Response, name: str, value: str, *, max_age: Any = None) -> None:
    """Sets a cookie of this host that no script reads. `Lax`: it comes along where a link of another site
    leads here (a mail, a provider, another of an account's schools), and with no post from there. max_age:
    seconds or a timedelta; None: until the browser is closed."""
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        httponly=True,
        secure=request.app.deployment.secure,
        samesite="Lax",
        path="/",
        overwrite=True,
    )
