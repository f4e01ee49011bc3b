"""Posts events to platforms, signed, until they are received or given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from domain.clock import local
from domain.draws.lifecycles import DrawState, state_label
from domain.errors import Rejected, Transient
from domain.integrations import REPETITIONS, sign_event
from models.integrations import IntegrationClient
from services.core.base import Actor, Deps, execute, from_row, rows, transaction
from services.integrations.clients import signing_secrets
from services.integrations.event_rows import CLAIM, DELIVERED, EVENT_TTL, FAILED, LEASE, OBSOLETE
from services.ports.webhooks import WebhookSender

log = structlog.get_logger(__name__)

PAGE_MAX = 100
_COLUMNS = """
e.id, e.kind, e.state, e.former_state, e.happened_at, e.attempts, e.delivered_at, e.next_at, e.last_result, e.draw_id,
d.number, d.kind AS draw_kind, d.started_at IS NOT NULL AS started, d.project_id
"""
_FROM = "integration_event e LEFT JOIN draw d ON d.id = e.draw_id"


@dataclass(frozen=True)
class Event:
    """An event as it is posted and listed. ``label``: the state's Chinese name; a test event has no draw."""

    id: UUID
    kind: str
    happened_at: datetime
    draw_id: UUID | None
    number: str
    project_id: UUID | None
    state: str
    former_state: str
    label: str


@dataclass(frozen=True)
class Events:
    deps: Deps
    webhooks: WebhookSender

    async def defer_due(self) -> int:
        """Defer one job for the events that are due now; returns their number."""
        async with transaction():
            claimed = await rows(CLAIM, LEASE)
            if claimed:
                ids = ",".join(str(row["id"]) for row in claimed)
                await self.deps.jobs.defer("integrations.post", event_ids=ids)
        return len(claimed)

    async def post_together(self, event_ids: Sequence[UUID]) -> None:
        """Post events at once, so that a receiver that doesn't answer delays no other one."""
        async with asyncio.TaskGroup() as group:
            for event_id in event_ids:
                group.create_task(self.post(event_id))

    async def post(self, event_id: UUID) -> None:
        """Post an event once and store the outcome. Does nothing for one that is no longer wanted."""
        wanted = await rows(
            f"SELECT {_COLUMNS}, c AS client FROM {_FROM} JOIN integration_client c ON c.id = e.client_id "
            "WHERE e.id = $1 AND e.next_at IS NOT NULL AND c.revoked_at IS NULL AND c.webhook_url <> ''",
            event_id,
        )
        if not wanted:
            return
        client = from_row(IntegrationClient, wanted[0]["client"])
        body = json.dumps(_json(_event(wanted[0])), ensure_ascii=False).encode()
        try:
            status = await self.webhooks.post(client.webhook_url, body, self._headers(client, event_id, body))
            result, received = str(status), 200 <= status < 300
        except Transient as error:
            result, received = error.reason[:60], False
        except Rejected as error:
            result, received = error.vendor_code[:60], False
        if received:
            await execute(DELIVERED, event_id, result)
            return
        failed = await rows(FAILED, event_id, result, list(REPETITIONS))
        if failed and failed[0]["given_up"]:
            log.error("event_given_up", event_id=str(event_id), client_id=str(client.id), result=result)

    def _headers(self, client: IntegrationClient, event_id: UUID, body: bytes) -> Mapping[str, str]:
        """Those of Standard Webhooks; a signature for each secret that is valid."""
        now = self.deps.now()
        timestamp = int(now.timestamp())
        signatures = (
            sign_event(secret, str(event_id), timestamp, body) for secret in signing_secrets(self.deps, client, now)
        )
        return {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Pingbiaotong-Events/1",
            "webhook-id": str(event_id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }

    async def list_own(self, actor: Actor, after: UUID | None, limit: int = PAGE_MAX) -> list[Event]:
        """A client's own events of the last 30 days, oldest first, those behind ``after``: for who can't receive."""
        listed = await rows(
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE e.client_id = $1 AND ($2::uuid IS NULL OR (e.happened_at, e.id) > "
            "(SELECT p.happened_at, p.id FROM integration_event p WHERE p.id = $2 AND p.client_id = $1)) "
            "ORDER BY e.happened_at, e.id LIMIT $3",
            actor.session_id,
            after,
            limit,
        )
        return [_event(row) for row in listed]

    async def delete_obsolete(self) -> None:
        await execute(OBSOLETE, EVENT_TTL)


def _event(row: Mapping[str, Any]) -> Event:
    named = row["draw_id"] is not None and row["state"]
    label = state_label(DrawState(row["state"]), row["draw_kind"], started=row["started"]) if named else ""
    return Event(
        row["id"],
        row["kind"],
        row["happened_at"],
        row["draw_id"],
        row["number"] or "",
        row["project_id"],
        row["state"],
        row["former_state"],
        label,
    )


def _json(event: Event) -> dict[str, object]:
    """The body of a posted event."""
    moment = local(event.happened_at).isoformat(timespec="seconds")
    data = {
        "draw_id": str(event.draw_id),
        "number": event.number,
        "project_id": str(event.project_id),
        "state": event.state,
        "former_state": event.former_state,
        "label": event.label,
    }
    return {"id": str(event.id), "type": event.kind, "timestamp": moment, "data": data if event.draw_id else {}}
