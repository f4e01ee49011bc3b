"""The organisations' identity platform, and the register of names and ID numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType, Protocol

VerifiedPools = NewType("VerifiedPools", frozenset[str])
"""Pools in which the register of persons is queried."""


@dataclass(frozen=True)
class LoginStart:
    """A log-in under way at the identity platform. The last three stay on our side, bound to the visitor's session."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class IdentityClaims:
    """Claims of the identity platform (统一身份认证). Empty text: unknown.

    ``level`` is its assurance level of the person, 1 (weakest) to 4; ``user_type`` person, legal or agent.
    """

    subject: str
    name: str
    mobile: str
    id_number: str
    level: int
    user_type: str
    organisation_name: str
    credit_code: str


class IdentityPlatform(Protocol):
    """The OIDC provider of organisations (统一身份认证)."""

    async def start(self, redirect_uri: str) -> LoginStart: ...

    async def finish(self, code: str, redirect_uri: str, started: LoginStart) -> IdentityClaims:
        """Exchange the code that came back with ``started.state`` (which the caller has compared)."""
        ...


IdentityMatch = Literal["match", "differs", "no_record"]
"""``no_record``: the register doesn't know the number, or doesn't accept such a name."""


class IdentityVerifier(Protocol):
    """The authority's register of persons, accessed through a vendor."""

    async def compare(self, name: str, id_number: str) -> IdentityMatch:
        """Whether the name is that of the number's owner. Querying again changes nothing, but costs again."""
        ...
