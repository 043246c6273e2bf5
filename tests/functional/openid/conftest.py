"""A real OpenID provider on this machine, and a school that knows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import oidc_provider_mock
import pytest
import requests

from cpoms_core.application import Application
from cpoms_core.openid.services import ProviderFacts, save_provider
from cpoms_core.testing.schools import SchoolForTests


@pytest.fixture(scope="session")
def provider_address() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture()
def allowed(app: Application, provider_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The operator lets schools use that provider."""
    changed = dataclasses.replace(app.deployment, openid_issuers=(provider_address,))
    monkeypatch.setattr(app, "deployment", changed)
    return provider_address


@pytest.fixture()
def offer(school: SchoolForTests, allowed: str) -> Callable[..., str]:
    """Saves the provider for the school; returns where its log-in begins."""

    def save(*, issuer: str = allowed, counts_as_key: bool = False, enabled: bool = True) -> str:
        facts = ProviderFacts("Trust log-in", issuer, "school-client", "s3cret", counts_as_key, enabled)
        with school.app.transaction(school.id) as db:
            provider_id = save_provider(db, school.viewer("admin"), None, facts)
        return f"/openid/{provider_id}"

    return save


@pytest.fixture()
def person(provider_address: str) -> Callable[..., str]:
    """Makes somebody known to the provider; returns the name by which it knows them."""

    def make(subject: str, **claims: Any) -> str:
        answer = requests.put(f"{provider_address}/users/{subject}", json=claims, timeout=60)
        answer.raise_for_status()
        return subject

    return make
