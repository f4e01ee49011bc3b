"""Where a request comes from, for counting: a network, a browser, a WeChat, a log-in."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from models.accounts import KnownBrowser, Session, WechatIdentity
from services.core.base import Actor
from services.core.crypto import Keyring

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


@dataclass(frozen=True)
class Source:
    """Who asks for a code or types one.

    ``address`` is the client's; ``browser_id`` that of a browser in which a person has logged in before;
    ``identity_id`` his WeChat; ``account_id`` who is logged in.
    """

    address: str = ""
    browser_id: UUID | None = None
    identity_id: UUID | None = None
    account_id: UUID | None = None

    @property
    def vouched(self) -> bool:
        """WeChat, a log-in or an earlier one speaks for it, so that it need not solve a puzzle."""
        return any((self.browser_id, self.identity_id, self.account_id))

    async def caller_key(self, keys: Keyring, account_id: UUID | None) -> CallerKey:
        """As whom it counts towards the person of ``account_id``; None: no person's yet."""
        familiar = account_id is not None and await self._is_familiar(account_id)
        if self.identity_id is not None:
            return CallerKey(f"wechat:{self.identity_id}", familiar)
        if self.account_id is not None:
            return CallerKey(f"account:{self.account_id}", familiar)
        if familiar:
            return CallerKey(f"browser:{self.browser_id}", familiar)
        return CallerKey(f"network:{keys.lookup_hash('network', network_of(self.address))}", familiar)

    async def _is_familiar(self, account_id: UUID) -> bool:
        if self.account_id == account_id:
            return True
        if self.identity_id and await WechatIdentity.exists(id=self.identity_id, account_id=account_id):
            return True
        return bool(self.browser_id and await KnownBrowser.exists(browser_id=self.browser_id, account_id=account_id))


@dataclass(frozen=True)
class CallerKey:
    """The key under which a caller is counted. ``familiar``: from where the person in question has come before."""

    name: str
    familiar: bool


async def source_of(actor: Actor, identity_id: UUID | None = None, address: str = "") -> Source:
    """Of a person in chat, who is an ``identity_id``, or of a log-in of the mini-program, which has one mostly."""
    if identity_id is None and actor.session_id is not None:
        session = await Session.get_or_none(id=actor.session_id)
        identity_id = session.identity_id if session else None
    return Source(address, identity_id=identity_id, account_id=actor.account_id)
