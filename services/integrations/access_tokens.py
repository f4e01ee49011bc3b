"""Log-in of platforms by client credentials (OAuth 2.0, RFC 6749, 4.4), and what a token permits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.errors import Forbidden, Unauthenticated
from domain.integrations import is_within
from models.integrations import IntegrationClient
from services.accounts import MAY_ACT_FOR
from services.core.base import Actor, Deps, from_row, rows
from services.core.permissions import INTEGRATOR
from services.core.signed_links import Links
from services.integrations.clients import hash_secret

TOKEN_TTL = timedelta(minutes=30)
SECRET_LONGEST = 100
_PURPOSE = "integration"
_CLIENT = f"""
SELECT c AS client, s.id AS secret_id,
  coalesce((SELECT TRUE FROM account a WHERE a.id = c.agent_id AND a.disabled_at IS NULL), FALSE)
    AND {MAY_ACT_FOR.format(person="c.agent_id", organisation="c.organisation_id")} AS may_act
FROM integration_secret s JOIN integration_client c ON c.id = s.client_id
WHERE {{which}} AND c.id = $3 AND c.pool = $4 AND (s.ends_at IS NULL OR s.ends_at > $2)
"""


@dataclass(frozen=True)
class PlatformToken:
    token: str
    expires_in: int
    """Seconds."""
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Integrator:
    """A platform that was recognised by its token."""

    actor: Actor
    scopes: frozenset[str]


@dataclass(frozen=True)
class PlatformTokens:
    """A token is signed, not stored. Client, secret, address and responsible person are checked again at every use, so
    that whatever ends ends at once."""

    deps: Deps
    links: Links

    async def issue(self, pool: str, client_id: str, secret: str, address: str) -> PlatformToken:
        """Raises Unauthenticated for unknown credentials, Forbidden as ``authenticate``."""
        refusal = Unauthenticated("客户端编号或密钥不正确，或已失效。", code="invalid_client")
        try:
            client = UUID(client_id)
        except ValueError:
            raise refusal from None
        if not secret or len(secret) > SECRET_LONGEST:
            raise refusal
        row = await self._find("s.secret_hash = $1", hash_secret(self.deps, secret), client, pool)
        if row is None:
            raise refusal
        integrator = self._check(row, address)
        expires = self.deps.now() + TOKEN_TTL
        token = self.links.sign(_PURPOSE, client, row["secret_id"], expires)
        return PlatformToken(token, int(TOKEN_TTL.total_seconds()), tuple(sorted(integrator.scopes)))

    async def authenticate(self, pool: str, token: str, address: str) -> Integrator:
        """Raises Unauthenticated for a token that is forged, expired, or of an ended secret; Forbidden for another
        address, and while the organisation has not accepted the client or its person may not act for it."""
        refusal = Unauthenticated("访问令牌无效或已过期，请重新获取。", code="invalid_token")
        try:
            link = self.links.check(token, _PURPOSE)
        except Forbidden as error:
            raise refusal from error
        row = await self._find("s.id = $1", link.person_id, link.subject_id, pool)
        if row is None:
            raise refusal
        return self._check(row, address)

    async def _find(self, which: str, value: str | UUID, client: UUID, pool: str) -> Any:
        clients = await rows(_CLIENT.format(which=which), value, self.deps.now(), client, pool)
        return clients[0] if clients else None

    def _check(self, row: Any, address: str) -> Integrator:
        client = from_row(IntegrationClient, row["client"])
        if client.revoked_at is not None:
            raise Unauthenticated("对接系统已停用。", code="invalid_client")
        if not is_within(address, client.networks):
            raise Forbidden(
                f"本次请求来自{address}，不在登记的地址中，请联系专家库管理机构登记。", code="address_refused"
            )
        if client.accepted_at is None:
            raise Forbidden("对接单位还没有确认这个系统，请经办人登录后在“平台对接”中确认。", code="not_accepted")
        if not row["may_act"]:
            raise Forbidden("负责的经办人已不能代表该单位办理，请重新签发。", code="agent_ended")
        actor = Actor(
            client.pool,
            INTEGRATOR,
            account_id=client.agent_id,
            organisation_id=client.organisation_id,
            session_id=client.id,
            integrator=client.name,
        )
        return Integrator(actor, frozenset(client.scopes))
