"""An agency with a platform that receives events."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from services.core.base import Deps, execute, rows
from services.integrations import IntegrationServices
from tests.factories.assembly import composed
from tests.factories.integrations import RECEIVER, Platform, make_platform
from tests.factories.offices import Office, make_office
from tests.factories.webhooks import FakeWebhooks


@dataclass
class Scene:
    office: Office
    services: IntegrationServices
    platform: Platform
    receiver: FakeWebhooks

    async def post_due(self) -> int:
        """Post what is due, as a worker does; returns the number of posts."""
        before = len(self.receiver.posted)
        due = await rows("SELECT id FROM integration_event WHERE next_at <= clock_timestamp() ORDER BY happened_at, id")
        for row in due:
            await self.services.events.post(row["id"])
        return len(self.receiver.posted) - before

    async def let_wait_pass(self) -> None:
        """What waits for its repetition is due."""
        await execute("UPDATE integration_event SET next_at = clock_timestamp() WHERE next_at IS NOT NULL")


@pytest.fixture
async def scene(db: str, deps: Deps) -> Scene:
    office, receiver = await make_office(deps), FakeWebhooks()
    services = composed(IntegrationServices, deps, webhooks=receiver)
    platform = await make_platform(office, services, webhook_url=RECEIVER)
    return Scene(office, services, platform, receiver)
