"""The end of an outage is reported when all servers respond."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from app import recovery
from app.health import NotReady
from config.outage_reports import REPORTS, report_outage
from tests.factories.settings import make_settings


async def check_passes() -> None:
    """A server that responds."""


@pytest.mark.parametrize("error", [NotReady("no"), RedisError("no"), ConnectionRefusedError(), TimeoutError()])
async def test_one_server_that_is_away_is_enough(error: Exception) -> None:
    async def check_fails() -> None:
        raise error

    assert await recovery.all_pass([check_passes, check_passes])
    assert not await recovery.all_pass([check_passes, check_fails])


async def test_the_end_is_logged_once_the_servers_respond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "INTERVAL", 0)
    answers = iter([False, False, True])
    over = asyncio.Event()

    async def all_pass(_checks: object) -> bool:
        return next(answers)

    monkeypatch.setattr(recovery, "all_pass", all_pass)
    REPORTS.end_outages()  # of tests before this one: the process has one log
    end_all = REPORTS.end_outages

    def end_outages() -> None:
        end_all()
        over.set()

    monkeypatch.setattr(REPORTS, "end_outages", end_outages)
    with capture_logs() as lines:
        report_outage("pages", ConnectionError("gone"))
        watch = asyncio.create_task(recovery.watch_recovery(make_settings()))
        await over.wait()
        watch.cancel()
    assert [line["event"] for line in lines] == ["part_down", "part_back"]
