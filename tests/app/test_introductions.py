"""What a newcomer finds on the phones: some are bound, and one application waits for its review."""

from __future__ import annotations

import structlog.testing

from app.introductions import introduce
from tests.factories.settings import make_settings
from tests.plugins.servers import TestServers


async def test_a_service_that_does_not_answer_is_logged_and_nothing_more(servers: TestServers) -> None:
    redis_url = servers.redis_url
    settings = make_settings(env="sandbox", redis_url=redis_url, pools=["demo"], http={"port": 9})
    with structlog.testing.capture_logs() as said:
        await introduce(settings, "http://127.0.0.1:9")
    assert {line["event"] for line in said} == {"not_introduced"}
    assert all(line["log_level"] == "warning" for line in said)
