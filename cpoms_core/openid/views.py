"""Going to an OpenID provider and coming back; and its administration (ACC-14)."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from pyramid.httpexceptions import HTTPFound, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from cpoms_core.access import login, throttle
from cpoms_core.access.models import OpenIdProvider
from cpoms_core.access.viewer import utc_now
from cpoms_core.access.views import local_path, start_session, visitor
from cpoms_core.audit.services import raw_entry
from cpoms_core.errors import NothingThere, Refused
from cpoms_core.openid import client, services
from cpoms_core.openid.client import Client, ProviderTrouble
from cpoms_core.openid.forms import ProviderForm
from cpoms_core.openid.services import ProviderFacts
from cpoms_core.openid.state import GOOD_FOR, Going
from cpoms_core.web.cookies import host_bound, set_cookie
from cpoms_core.web.forms import as_id

log = structlog.get_logger()

NOT_NOW = "{name} could not be reached just now. Try again in a minute, or log in with your password."
NOT_FINISHED = "The log-in at {name} was not finished. Start again, or log in with your password."
NOBODY = (
    "{name} says who you are, but nobody of this school has that address. Ask your school's administrator "
    "which address your account has."
)


def go(request: Request) -> Any:
    """Sends the browser to the provider, with a sealed note of where it goes."""
    provider_id = _asked_provider(request)
    asked = _client(request, provider_id)
    target = local_path(request.GET.get("next", "/"))
    going = Going.begin(provider_id, target, utc_now())
    try:
        address = client.authorization_address(
            asked, state=going.state, nonce=going.nonce, verifier=going.verifier
        )
    except ProviderTrouble as trouble:
        return _sorry(request, asked, NOT_NOW, str(trouble))
    response = HTTPFound(address)
    note = going.sealed(request.app.key, request.school_id)
    set_cookie(request, response, _cookie(request), note, max_age=GOOD_FOR)
    return response


def back(request: Request) -> Any:
    """The browser comes back: what the provider says is checked, and a session begins."""
    cookie, state = request.cookies.get(_cookie(request), ""), request.GET.get("state", "")
    going = Going.open(request.app.key, request.school_id, cookie, state, utc_now())
    if going is None:
        return _over(request, HTTPFound(request.route_path("login", _query={"said": "provider-unfinished"})))
    asked = _client(request, uuid.UUID(going.provider))
    code = request.GET.get("code", "")
    if not code:
        return _over(request, _sorry(request, asked, NOT_FINISHED, "refused there"))
    tries = login.provider_tries(visitor(request))
    try:
        login.take(request.app, tries, utc_now())
        claims = client.claims_of(asked, code[:4000], nonce=going.nonce, verifier=going.verifier)
        throttle.forgive(request.app, tries)
    except ProviderTrouble as trouble:
        return _over(request, _sorry(request, asked, NOT_FINISHED, str(trouble)))
    except login.LoginRefused as refusal:
        return _over(request, _sorry(request, asked, str(refusal), "too many tries"))
    vouched = services.vouched_user(request.db, uuid.UUID(going.provider), claims)
    if vouched is None:
        request.tm.doom()
        return _over(request, _sorry(request, asked, NOBODY, "nobody of the school"))
    target = going.target if vouched.as_key else request.route_path("elevate", _query={"next": going.target})
    return _over(
        request,
        start_session(
            request,
            vouched.user,
            "elevated" if vouched.as_key else "restricted",
            target,
            provider=vouched.provider.name,
        ),
    )


def _asked_provider(request: Request) -> uuid.UUID:
    provider_id = as_id(request.matchdict["provider_id"])
    if provider_id is None:
        raise NothingThere
    return provider_id


def _client(request: Request, provider_id: uuid.UUID) -> Client:
    """Read in a short transaction of its own: none is open while a provider is asked."""
    with request.app.session(request.school_id, writes=False) as db:
        return services.client_of(db, provider_id, _back_address(request))


def _back_address(request: Request) -> str:
    address = request.app.deployment.school_address(request.asking.school.slug)
    return f"{address}{request.route_path('openid-back')}"


def _sorry(request: Request, asked: Client, message: str, reason: str) -> Any:
    """The log-in did not come about: said on a page, and written down."""
    log.warning("no log-in by a provider", issuer=asked.issuer, reason=reason)
    who = visitor(request)
    details = {"browser": who.browser[:300], "provider": asked.name, "reason": reason}
    request.afterwards.entries.append(
        raw_entry(request.school_id, None, "login.provider-failed", [], details, at=utc_now(), ip=who.ip)
    )
    request.override_renderer = "cpoms_core:templates/openid/sorry.pt"
    return {"title": "You are not logged in yet", "message": message.format(name=asked.name)}


def _over(request: Request, answer: Any) -> Any:
    """The note was for one log-in, whatever came of it."""

    def forget(_request: Request, response: Response) -> None:
        response.delete_cookie(_cookie(request), path="/")

    request.add_response_callback(forget)
    return answer


def _cookie(request: Request) -> str:
    return host_bound(request.app, "provider")


# --- administration --------------------------------------------------------------------------------------


def providers(request: Request) -> dict[str, Any]:
    """The school's providers, and the address that they must know."""
    return {
        "title": "Log-in by a provider",
        "providers": services.providers(request.db),
        "back": _back_address(request),
    }


def provider(request: Request) -> Any:
    """Adds or changes a provider. It is asked for what it publishes before it is saved as enabled."""
    provider_id = as_id(request.matchdict.get("provider_id", ""))
    with request.app.session(request.school_id, writes=False) as db:
        stored = None
        if "provider_id" in request.matchdict:
            stored = next((one for one in services.providers(db) if one.id == provider_id), None)
            if stored is None:
                raise NothingThere
    form = ProviderForm(request.POST, obj=stored)
    if request.method == "POST":
        if form.validate() and _save(request, form, stored):
            return HTTPSeeOther(request.route_path("admin-providers", _query={"said": "saved"}))
        request.response.status_int = 422
    return {
        "title": stored.name if stored else "New provider",
        "form": form,
        "new": stored is None,
        "back": _back_address(request),
    }


def _save(request: Request, form: ProviderForm, stored: OpenIdProvider | None) -> bool:
    data = form.data
    facts = ProviderFacts(
        data["name"],
        data["issuer"],
        data["client_id"],
        data["secret"] or "",
        data["counts_as_key"],
        data["enabled"],
    )
    try:
        services.check_issuer(request.app.deployment.openid_issuers, facts.issuer)
        if facts.enabled:
            client.discover(facts.issuer)
        services.save_provider(request.db, request.viewer, stored.id if stored else None, facts)
    except ProviderTrouble as trouble:
        form.issuer.errors = [
            *form.issuer.errors,
            f"The provider was asked at this address, and {trouble}. Check the address, or save it without "
            "offering it yet.",
        ]
        return False
    except Refused as refusal:
        request.tm.doom()
        field = form[refusal.field or "issuer"]
        field.errors = [*field.errors, refusal.message]
        return False
    return True
