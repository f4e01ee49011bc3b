"""Posts events to addresses that strangers named, without reaching anything of ours (SSRF).

An address is checked when it is connected, after names were looked up, and the connection goes to the very address that
was checked. Only addresses of the public Internet are reached, and the networks that the installation lists.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from config.settings import WebhookSettings
from domain.errors import Rejected, Transient

TIMEOUT = 10.0
"""Seconds until the whole answer must have come."""
_ANSWER_MAX = 64 * 1024
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses as a NAT64 writes them."""

Address = IPv4Address | IPv6Address


class ForbiddenAddress(OSError):
    """An address that must not be reached."""


class Webhooks:
    """Connections to platforms; closed by ``close``."""

    def __init__(self, settings: WebhookSettings, resolver: AbstractResolver | None = None) -> None:
        self._allowed = [ip_network(network) for network in settings.allowed_networks]
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    def refuse(self, url: str) -> str:
        target = URL(url)
        literal = _literal(target.host or "")
        if literal is not None and not self._may_reach(literal):
            return "不能使用内网或保留地址。"
        inside = literal is not None and any(literal in network for network in self._allowed)
        if target.scheme != "https" and not inside:
            return "请使用https网址。"
        return ""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self.refuse(url):
            raise Rejected("forbidden_address")
        limits = aiohttp.ClientTimeout(total=TIMEOUT, connect=TIMEOUT / 2)
        try:
            async with self._connections().post(
                URL(url), data=body, headers=headers, timeout=limits, allow_redirects=False
            ) as response:
                await response.content.read(_ANSWER_MAX)
                return response.status
        except ForbiddenAddress as error:
            raise Rejected("forbidden_address") from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if isinstance(error.__cause__, ForbiddenAddress):
                raise Rejected("forbidden_address") from error
            raise Transient(type(error).__name__) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = CheckedResolver(self._resolver or DefaultResolver(), self._may_reach)
            connector = aiohttp.TCPConnector(limit=50, limit_per_host=4, resolver=resolver, use_dns_cache=False)
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return self._session

    def _may_reach(self, address: Address) -> bool:
        if any(address in network for network in self._allowed):
            return True
        return all(part.is_global and not part.is_multicast for part in _meant_addresses(address))


class CheckedResolver(AbstractResolver):
    """Looks names up and refuses a name with any address that must not be reached, so that no name of a stranger leads
    inside, now or after it is looked up again."""

    def __init__(self, inner: AbstractResolver, may_reach: Callable[[Address], bool]) -> None:
        self._inner = inner
        self._may_reach = may_reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        entries = await self._inner.resolve(host, port, family)
        for entry in entries:
            address = _literal(entry["host"])
            if address is None or not self._may_reach(address):
                raise ForbiddenAddress(host)
        return entries

    async def close(self) -> None:
        await self._inner.close()


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _meant_addresses(address: Address) -> Sequence[Address]:
    """The address, and the IPv4 addresses that it contains in one of IPv6's ways."""
    if isinstance(address, IPv4Address):
        return [address]
    contained = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        contained.append(IPv4Address(int(address) & 0xFFFFFFFF))
    inner = [part for part in contained if part is not None]
    return inner if address.ipv4_mapped else [address, *inner]
