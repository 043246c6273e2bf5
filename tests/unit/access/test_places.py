"""ACC-10, USR-03: the place of an IP address, found on this machine."""

from __future__ import annotations

import pytest

from cpoms_core.access.places import LOCAL, UNKNOWN, place_of


@pytest.mark.parametrize(
    ("ip", "place"),
    [
        ("8.8.8.8", "United States"),
        ("81.2.69.142", "United Kingdom"),
        ("2a00:1450:4009::1", "Ireland"),
        ("::ffff:8.8.8.8", "United States"),
        ("10.1.2.3", LOCAL),
        ("192.168.0.1", LOCAL),
        ("127.0.0.1", LOCAL),
        ("::1", LOCAL),
        ("fe80::1%eth0", LOCAL),
        ("fd00::1", LOCAL),
        ("224.0.0.1", UNKNOWN),
        ("", UNKNOWN),
        ("unknown", UNKNOWN),
        ("8.8.8.8, 10.0.0.1", UNKNOWN),
    ],
)
def test_an_address_is_in_a_country_or_local_or_nowhere(ip: str, place: str) -> None:
    assert place_of(ip) == place
