"""Asking for the password again before what would be worst in wrong hands: a screen that somebody left must
be enough for none of it (ASVS V7.5.1, V7.5.3)."""

from __future__ import annotations

import datetime as dt

from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.keys.owner import KeyOwner, place_of

PROOF_COUNTS = dt.timedelta(minutes=10)
"""How long a password or key that was given counts for such a deed."""


def way_to_proof(request: Request) -> Response | None:
    """The way to the password and back to this page, where neither it nor a key was given just now; None
    where one was. Who got a page in time has as long again to fill it in."""
    owner: KeyOwner = request.key_owner
    counts = PROOF_COUNTS if request.method == "GET" else 2 * PROOF_COUNTS
    if owner.proved_at >= owner.now() - counts:
        return None
    return place_of(request).ask_again(request, request.path)
