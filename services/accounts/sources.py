"""The source of a request, for counting: a network, a browser, a WeChat account, a session."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from uuid import UUID

from models.accounts import KnownBrowser, Session, WechatIdentity
from services.core.base import Actor
from services.core.crypto import Keyring

_V6 = 64
"""Prefix bits of an IPv6 address that identify a household; it can change the others at will."""


def network_of(address: str) -> str:
    """The network of an address: an IPv4 address itself, the /64 of an IPv6 one; an invalid address counts as its own
    network."""
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
    """The source of a code's request or of a typed code.

    ``address`` is the client's; ``browser_id`` identifies a browser in which a person has logged in before;
    ``identity_id`` the WeChat account; ``account_id`` the logged-in person.
    """

    address: str = ""
    browser_id: UUID | None = None
    identity_id: UUID | None = None
    account_id: UUID | None = None

    @property
    def is_identified(self) -> bool:
        """Identified by WeChat, a session or an earlier log-in, so that no puzzle is required."""
        return any((self.browser_id, self.identity_id, self.account_id))

    async def caller_key(self, keys: Keyring, account_id: UUID | None) -> CallerKey:
        """The party under which this source counts towards ``account_id``; None: the account doesn't exist yet."""
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
    """The key under which a source is counted. ``familiar``: the person in question has used this source before."""

    name: str
    familiar: bool


async def source_of(actor: Actor, identity_id: UUID | None = None, address: str = "") -> Source:
    """The source of a person in the chat (``identity_id``), or of a mini-program session, which usually has one."""
    if identity_id is None and actor.session_id is not None:
        session = await Session.get_or_none(id=actor.session_id)
        identity_id = session.identity_id if session else None
    return Source(address, identity_id=identity_id, account_id=actor.account_id)
