"""What a newcomer finds on the phones: some are bound, and one application waits for its review."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog.testing

from app.clock import move_clock
from app.introductions import introduce
from app.redis_connection import make_redis
from domain.clock import ShiftedClock
from tests.factories.settings import make_settings


@pytest.mark.parametrize("moved", [timedelta(), timedelta(days=1)])
async def test_a_service_that_does_not_answer_is_logged_and_nothing_more(redis: str, moved: timedelta) -> None:
    """Also where the service's clock was moved before its restart, as the sandbox's must then be."""
    settings = make_settings(env="sandbox", redis_url=redis, pools=["demo"], http={"port": 9})
    async with make_redis(redis) as client:
        await move_clock(client, ShiftedClock(), moved)
        with structlog.testing.capture_logs() as logs:
            await introduce(settings, "http://127.0.0.1:9")
    assert {line["event"] for line in logs} == {"not_introduced"}
    assert all(line["log_level"] == "warning" for line in logs)
