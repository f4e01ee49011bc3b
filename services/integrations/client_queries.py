"""What the office and organisations see of clients of the integrators' API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.errors import NotFound
from domain.integrations import SCOPES
from domain.masking import mask_mobile, mask_name
from services.core.base import Actor, Deps, Page, rows
from services.core.pages import contains, read_page
from services.core.permissions import check
from services.core.sql_values import SqlValues
from services.integrations.event_rows import GIVEN_UP

State = Literal["waiting", "active", "revoked"]
STATES: Mapping[State, str] = {"waiting": "等待单位确认", "active": "使用中", "revoked": "已停用"}
EVENTS_SHOWN = 20
_OWN_MAX = 200
_STATE = (
    """CASE WHEN c.revoked_at IS NOT NULL THEN 'revoked' WHEN c.accepted_at IS NULL THEN 'waiting' ELSE 'active' END"""
)
_COLUMNS = f"""
c.id, c.name, c.scopes, c.networks, c.webhook_url, c.created_at, {_STATE} AS state, o.name AS organisation,
  o.credit_code, a.real_name, a.mobile_sealed,
  (SELECT coalesce(json_agg(json_build_object('ending', s.ending, 'ends_at', s.ends_at)
      ORDER BY s.created_at DESC, s.id DESC), '[]') FROM integration_secret s WHERE s.client_id = c.id) AS secrets,
  (SELECT count(*) FROM integration_event e WHERE e.client_id = c.id AND {GIVEN_UP}) AS given_up
"""
_JOINED = "c JOIN organisation o ON o.id = c.organisation_id JOIN account a ON a.id = c.agent_id"


@dataclass(frozen=True)
class SecretView:
    """``ending``: last characters; ``ends_at``: until when a former secret remains valid."""

    ending: str
    ends_at: datetime | None


@dataclass(frozen=True)
class ClientView:
    """A client of an organisation; its responsible person is masked. ``given_up``: number of events never received."""

    id: UUID
    name: str
    organisation: str
    credit_code: str
    agent: str
    state: State
    scopes: tuple[str, ...]
    networks: tuple[str, ...]
    webhook_url: str
    created_at: datetime
    secrets: tuple[SecretView, ...]
    given_up: int

    @property
    def scope_names(self) -> str:
        return "、".join(SCOPES[scope] for scope in self.scopes)


@dataclass(frozen=True)
class PostedEvent:
    """An event, and what became of it. ``result``: status of the last answer, or why there was none."""

    kind: str
    number: str
    happened_at: datetime
    attempts: int
    delivered_at: datetime | None
    next_at: datetime | None
    result: str


@dataclass(frozen=True)
class ClientQueries:
    deps: Deps

    async def page(self, actor: Actor, *, search: str, ended: bool, offset: int, limit: int) -> Page[ClientView]:
        """For the office: the pool's clients, newest first. ``search``: part of the name of client or organisation."""
        check(actor, "integration.manage")
        values = SqlValues(actor.pool)
        where = f"c.pool = $1 AND c.revoked_at IS {'NOT ' if ended else ''}NULL"
        source = "integration_client c"
        if search:
            word = values.add(contains(search))
            source += " JOIN organisation o ON o.id = c.organisation_id"
            where += f" AND (c.name ILIKE {word} OR o.name ILIKE {word})"
        listed, total = await read_page(
            _COLUMNS,
            _JOINED,
            f"{source} WHERE {where}",
            "c.created_at DESC, c.id DESC",
            values,
            offset=offset,
            limit=limit,
        )
        return Page(tuple(self._view(row) for row in listed), total)

    async def get(self, actor: Actor, client_id: UUID) -> ClientView:
        """For the office. Raises NotFound."""
        check(actor, "integration.manage")
        listed = await self._find("c.pool = $1 AND c.id = $2", actor.pool, client_id)
        if not listed:
            raise NotFound("找不到这个对接系统，请刷新列表。")
        return listed[0]

    async def list_own(self, actor: Actor) -> list[ClientView]:
        """For an organisation: the legal entity sees all of it, an agent those that work in his responsibility."""
        check(actor, "integration.own")
        agent = actor.account_id if actor.role == "agent" else None
        return await self._find(
            "c.organisation_id = $1 AND ($2::uuid IS NULL OR c.agent_id = $2)", actor.organisation_id, agent
        )

    async def events(self, actor: Actor, client_id: UUID) -> list[PostedEvent]:
        """The newest events of a client, for the office. Raises NotFound."""
        await self.get(actor, client_id)
        listed = await rows(
            "SELECT e.kind, coalesce(d.number, '') AS number, e.happened_at, e.attempts, e.delivered_at, e.next_at, "
            "e.last_result AS result FROM integration_event e LEFT JOIN draw d ON d.id = e.draw_id "
            f"WHERE e.client_id = $1 ORDER BY e.happened_at DESC, e.id LIMIT {EVENTS_SHOWN}",
            client_id,
        )
        return [PostedEvent(**row) for row in listed]

    async def _find(self, where: str, *values: object) -> list[ClientView]:
        listed = await rows(
            f"SELECT {_COLUMNS} FROM integration_client {_JOINED} WHERE {where} "
            f"ORDER BY c.created_at DESC, c.id DESC LIMIT {_OWN_MAX}",
            *values,
        )
        return [self._view(row) for row in listed]

    def _view(self, row: Any) -> ClientView:
        mobile = mask_mobile(self.deps.keys.read(row["mobile_sealed"], "mobile"))
        stored = row["secrets"] if isinstance(row["secrets"], list) else json.loads(row["secrets"])
        secrets = (SecretView(secret["ending"], _moment(secret["ends_at"])) for secret in stored)
        now = self.deps.now()
        return ClientView(
            id=row["id"],
            name=row["name"],
            organisation=row["organisation"],
            credit_code=row["credit_code"],
            agent=f"{mask_name(row['real_name'])} {mobile}".strip(),
            state=row["state"],
            scopes=tuple(row["scopes"]),
            networks=tuple(row["networks"]),
            webhook_url=row["webhook_url"],
            created_at=row["created_at"],
            secrets=tuple(secret for secret in secrets if secret.ends_at is None or secret.ends_at > now),
            given_up=row["given_up"],
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
