"""The conversation with an OpenID provider: OpenID Connect Core 1.0, authorization code with PKCE.

Nothing here knows a school or a user. A provider is asked for little, is given little time, and whatever it
says is bounded and checked. No transaction may be open meanwhile.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

SCOPE = "openid email profile"
ALGORITHMS = ["RS256", "PS256", "ES256"]
TIME_OUT = (3.05, 6)  # seconds to connect, seconds to wait for each part of the answer
LONGEST_ANSWER = 256 * 1024  # bytes
LEEWAY = 60  # seconds that the clocks may differ
DISCOVERY = "/.well-known/openid-configuration"


class ProviderTrouble(Exception):
    """The provider cannot be reached, or said something that cannot be trusted. The message is for the
    operator's log and the administrator; it holds nothing of a person."""


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us by. `name` is ours for it; `secret` never leaves the server; `back` is where
    it sends people."""

    name: str
    issuer: str
    client_id: str
    secret: str
    back: str


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is asked what."""

    authorization: str
    token: str
    keys: str


def discover(issuer: str) -> Endpoints:
    """Reads what the provider publishes of itself. Raises ProviderTrouble."""
    found = _read_json(issuer.rstrip("/") + DISCOVERY)
    if found.get("issuer") != issuer:
        raise ProviderTrouble("what the address publishes is of another issuer")
    addresses = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    scheme = issuer.partition("://")[0]
    if not all(isinstance(one, str) and one.startswith(f"{scheme}://") for one in addresses):
        raise ProviderTrouble("what the address publishes is incomplete, or leads away from https")
    return Endpoints(*(str(one) for one in addresses))


def authorization_address(client: Client, *, state: str, nonce: str, verifier: str) -> str:
    """Where to send the browser. Raises ProviderTrouble."""
    endpoints = discover(client.issuer)
    with _session(client) as session:
        address, _state = session.create_authorization_url(
            endpoints.authorization, state=state, nonce=nonce, code_verifier=verifier
        )
    return str(address)


def claims_of(client: Client, code: str, *, nonce: str, verifier: str) -> dict[str, Any]:
    """Whom the provider means by a code, as the checked claims of its ID token (OpenID Connect Core 3.1.3.7).
    Raises ProviderTrouble."""
    endpoints = discover(client.issuer)
    try:
        with _session(client) as session:
            tokens = session.fetch_token(
                endpoints.token, code=code, code_verifier=verifier, timeout=TIME_OUT, allow_redirects=False
            )
        token = jwt.decode(
            str(tokens.get("id_token", ""))[:LONGEST_ANSWER],
            KeySet.import_key_set(_read_json(endpoints.keys)),  # type: ignore[arg-type]
            algorithms=ALGORITHMS,
        )
        claims: dict[str, Any] = dict(token.claims)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY,
            iss={"essential": True, "value": client.issuer},
            aud={"essential": True, "value": client.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except (requests.RequestException, AuthlibBaseError, JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderTrouble(f"its answer could not be used ({type(error).__name__})") from error
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != client.client_id:
        raise ProviderTrouble("its answer was made for somebody else")
    return claims


def _session(client: Client) -> OAuth2Session:
    return OAuth2Session(
        client.client_id,
        client.secret,
        scope=SCOPE,
        redirect_uri=client.back,
        code_challenge_method="S256",
    )


def _read_json(address: str) -> dict[str, Any]:
    """A small JSON object from a provider, without following it elsewhere."""
    try:
        with requests.get(address, timeout=TIME_OUT, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise ProviderTrouble(f"it answered {answer.status_code}")
            body = answer.raw.read(LONGEST_ANSWER + 1, decode_content=True)
    except requests.RequestException as error:
        raise ProviderTrouble(f"it cannot be reached ({type(error).__name__})") from error
    if len(body) > LONGEST_ANSWER:
        raise ProviderTrouble("its answer is too long")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProviderTrouble("its answer is no JSON") from error
    if not isinstance(found, dict):
        raise ProviderTrouble("its answer is no JSON object")
    return found
