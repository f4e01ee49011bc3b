"""Use cases of the integrators' API, as edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask, in_turns
from services.integrations.access_tokens import PlatformTokens
from services.integrations.client_queries import ClientQueries
from services.integrations.clients import IntegrationClients
from services.integrations.event_rows import DUE
from services.integrations.events import Events


@dataclass(frozen=True)
class IntegrationServices:
    clients: IntegrationClients
    client_queries: ClientQueries
    tokens: PlatformTokens
    events: Events

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("integration_events", DUE, in_turns(self.events.defer_due)),
            DueTask("integration_sweep", "", self.events.delete_obsolete),
        )
