"""Where a request comes from, for counting: a network, a browser, a WeChat, a log-in."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

_V6 = 64
"""Bits of an IPv6 address that a household is given; the rest it chooses itself, anew as often as it likes."""


def network_of(address: str) -> str:
    """An IPv4 address as it is, the /64 of an IPv6 one; what is no address counts under its own name."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, _V6), strict=False))
