"""Where an IP address is, in words: the country that it was assigned to. Nothing leaves the machine."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_address

from iptocc import country_code

LOCAL = "local network"
UNKNOWN = "unknown place"
OUR_NAMES = {"GB": "United Kingdom"}
"""Where the list of names uses one that people here would not."""


@lru_cache(maxsize=4096)
def place_of(ip: str) -> str:
    """The country of an IP address, `local network` for one that is not routed on the internet, or `unknown
    place` for one that no country has, and for what is no address."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return UNKNOWN
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_private or address.is_loopback or address.is_link_local:
        return LOCAL
    code = country_code(str(address)) or ""
    return _names().get(code, UNKNOWN)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Country code -> its usual English name, from the list that comes with the time zones."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.partition("\t") for line in table.splitlines() if not line.startswith("#"))
    return {code: name for code, _, name in rows} | OUR_NAMES
