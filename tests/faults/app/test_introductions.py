"""What a newcomer finds on the phones: some are bound, and one application waits for its review."""

from __future__ import annotations

import pytest
import structlog.testing

from app.demo.data import POOL
from app.demo.stage import stage
from app.introductions import HANDS_IN, introduce
from app.players.mini_program import MiniProgram
from app.players.people import APPLICANTS, EXPERTS, REVIEWERS, STAFF
from app.players.reviewers import Reviewer
from app.preparations import bring_demo_people
from services.core.base import rows
from tests.plugins.data_folders import data_folder

pytestmark = pytest.mark.slow


async def test_a_newcomer_finds_people_bound_and_an_application_to_review_and_a_restart_adds_nothing() -> None:
    with data_folder("introductions") as folder:
        async with stage(folder, prepare=[bring_demo_people], durable=False) as running:
            sandbox = running.http_client.sandbox_url
            with structlog.testing.capture_logs() as logs:
                await introduce(running.settings, sandbox)
            assert logs == []
            reviewer = MiniProgram(running.http_client, running.phone(REVIEWERS[0].mobile, POOL), "reviewer")
            await reviewer.open()
            queue = await Reviewer(reviewer).queue()
            assert queue
            assert all(line.startswith(HANDS_IN.name) for line in queue)
            counted = (
                "SELECT (SELECT count(*) FROM application) AS handed_in, (SELECT count(*) FROM attachment) AS files"
            )
            [before] = await rows(counted)
            assert before["handed_in"] == 1
            await introduce(running.settings, sandbox)
            assert [dict(row) for row in await rows(counted)] == [dict(before)]
            for person in APPLICANTS[1:]:
                assert (await running.phone(person.mobile, POOL).read())["sms"] == []
            assert HANDS_IN not in (*EXPERTS, *STAFF)
