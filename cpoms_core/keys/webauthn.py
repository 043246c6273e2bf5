"""What a security key is asked, and whether its answer holds (ACC-06): Web Authentication, by python-fido2.
Nothing here knows the database. The callers use up the challenge and compare the counter (`questions`,
`using`), because the library does neither."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from cryptography.exceptions import InvalidSignature
from fido2.cose import ES256, RS256, EdDSA
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialParameters,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from cpoms_core.errors import Refused
from cpoms_core.keys.owner import KeyOwner

ALGORITHMS = (ES256, EdDSA, RS256)
"""What a key may sign with: the first is every U2F key's, the last that of Windows' own."""
WAIT = 60_000  # milliseconds that the browser waits for the key
LONGEST_ANSWER = 32_000  # characters
LONGEST_ID = 1023  # bytes, by the standard
UNREADABLE = (
    "What the key answered could not be read, so nothing was changed. Try again; if it goes on, try another "
    "browser or another key."
)
NOT_RIGHT = "What the key answered is not right, so it was not accepted. Try again with your own key."
NOT_TOUCHED = "The key was not touched. Try again, and touch it when it blinks."
WRONG_ADDRESS = (
    "The key was used at another address than {origin}. If a link brought you here, it may be a trick: close "
    "the page, and type your school’s address yourself."
)
NOT_THIS_KIND = (
    "This kind of key cannot be used here. Try another one, or add an authenticator that shows codes."
)
PREFERRED = UserVerificationRequirement.PREFERRED
"""The key comes after the password: a PIN or a fingerprint is asked for where the key can, and not missed
where it cannot."""

Parsed = TypeVar("Parsed", RegistrationResponse, AuthenticationResponse)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Answered:
    """What a key proved: the credential, where the counter stands, and whether it knew its user."""

    credential: AttestedCredentialData
    counter: int
    verified_user: bool


def _server(owner: KeyOwner) -> Fido2Server:
    server = Fido2Server(
        PublicKeyCredentialRpEntity(id=owner.rp_id, name=owner.label),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda origin: origin == owner.origin,
    )
    server.timeout = WAIT  # type: ignore[assignment]
    server.allowed_algorithms = [
        PublicKeyCredentialParameters(type=PublicKeyCredentialType.PUBLIC_KEY, alg=kind.ALGORITHM)
        for kind in ALGORITHMS
    ]
    return server


def question_to_register(owner: KeyOwner, challenge: bytes, held: Sequence[bytes]) -> dict[str, Any]:
    """The options of `navigator.credentials.create` as JSON. `held`: the credentials that the account has at
    this address, which are not to be added twice. A key keeps nothing of its own for us (no resident key):
    those for the USB port have few places for that."""
    options, _state = _server(owner).register_begin(
        PublicKeyCredentialUserEntity(
            id=owner.account_id.bytes, name=owner.email, display_name=f"{owner.email}, {owner.label}"
        ),
        [AttestedCredentialData(one) for one in held],
        ResidentKeyRequirement.DISCOURAGED,
        PREFERRED,
        challenge=challenge,
    )
    return _as_json(options)


def question_to_use(owner: KeyOwner, challenge: bytes, held: Sequence[bytes]) -> dict[str, Any]:
    """The options of `navigator.credentials.get` as JSON, for any of the credentials `held`."""
    credentials = [AttestedCredentialData(one) for one in held]
    options, _state = _server(owner).authenticate_begin(credentials, PREFERRED, challenge=challenge)
    return _as_json(options)


def read_registration(answer: str) -> RegistrationResponse:
    """What a new key answered. Raises Refused where it is no such answer."""
    return _read(RegistrationResponse, answer, ("clientDataJSON", "attestationObject"))


def read_use(answer: str) -> AuthenticationResponse:
    """What a key answered that is in use. Raises Refused where it is no such answer."""
    return _read(AuthenticationResponse, answer, ("clientDataJSON", "authenticatorData", "signature"))


def check_registration(owner: KeyOwner, challenge: bytes, registration: RegistrationResponse) -> Answered:
    """The new credential. What kind of key it is, is neither asked nor proved (attestation). Raises
    Refused."""
    data = registration.response.attestation_object.auth_data
    _check_question(owner, challenge, registration.response.client_data, data)
    _sure(lambda: _server(owner).register_complete(_state(challenge), registration), NOT_RIGHT)
    credential = data.credential_data
    if credential is None or not 0 < len(credential.credential_id) <= LONGEST_ID:
        raise Refused(NOT_RIGHT)
    if registration.raw_id != credential.credential_id:
        raise Refused(NOT_RIGHT)
    if not isinstance(credential.public_key, ALGORITHMS):
        raise Refused(NOT_THIS_KIND)
    _sure(lambda: _try_out(credential), NOT_THIS_KIND)
    return Answered(credential, data.counter, data.is_user_verified())


def check_use(owner: KeyOwner, challenge: bytes, held: bytes, use: AuthenticationResponse) -> Answered:
    """Whether the credential `held` signed this answer to our challenge, here and touched. Raises Refused."""
    data = use.response.authenticator_data
    _check_question(owner, challenge, use.response.client_data, data)
    credential = AttestedCredentialData(held)
    _sure(lambda: _server(owner).authenticate_complete(_state(challenge), [credential], use), NOT_RIGHT)
    return Answered(credential, data.counter, data.is_user_verified())


def _check_question(
    owner: KeyOwner, challenge: bytes, client: CollectedClientData, data: AuthenticatorData
) -> None:
    """What the library checks too, said in words that help a person. Raises Refused."""
    if client.origin != owner.origin or client.cross_origin:
        raise Refused(WRONG_ADDRESS.format(origin=owner.origin))
    if not hmac.compare_digest(client.challenge, challenge):
        raise Refused(NOT_RIGHT)
    if not data.is_user_present():
        raise Refused(NOT_TOUCHED)


def _state(challenge: bytes) -> dict[str, Any]:
    return Fido2Server._make_internal_state(challenge, PREFERRED)


def _read(kind: type[Parsed], answer: str, parts: Collection[str]) -> Parsed:
    """Takes texts only: of a number the library makes that many bytes."""
    if not answer or len(answer) > LONGEST_ANSWER:
        raise Refused(UNREADABLE)

    def read() -> Parsed:
        found = json.loads(answer)
        response = {part: str(found["response"][part]) for part in parts}
        return kind.from_dict({"rawId": str(found["rawId"]), "response": response})

    return _sure(read, UNREADABLE)


def _sure(work: Callable[[], Result], message: str) -> Result:
    """Runs what reads or judges bytes that anyone may have made. The library tells of bad ones by whatever
    its parsers stumble over (KeyError, struct.error, RecursionError, AssertionError, ...), so that every
    error of it means one thing. Raises Refused."""
    try:
        return work()
    except Exception as error:
        raise Refused(message) from error


def _try_out(credential: AttestedCredentialData) -> None:
    """Raises where the public key is none that a signature could ever be checked with."""
    try:
        credential.public_key.verify(b"", b"")
    except InvalidSignature:
        return


def _as_json(options: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(options), default=dict))["publicKey"]
    return plain
