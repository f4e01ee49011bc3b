"""Events come from every change of a draw's state, are signed, repeated, and at last given up with an alarm."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import cast

from domain.clock import FixedClock
from domain.errors import Rejected, Transient
from domain.integrations import REPETITIONS, SECRET_OVERLAP
from models.integrations import IntegrationEvent
from services.core.base import execute, rows, transaction
from services.office.dashboard import OfficeDashboard
from tests.factories.assembly import composed
from tests.factories.integrations import make_platform
from tests.factories.offices import add_experts, make_draw, open_invitations, start_draw, verify
from tests.factories.people import make_account
from tests.services.integrations.conftest import Scene


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """As a receiver checks it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return wanted in headers["webhook-signature"].split()


async def _states(scene: Scene) -> list[tuple[str, str, str]]:
    events = await IntegrationEvent.all().order_by("happened_at")
    return [(event.kind, event.former_state, event.state) for event in events]


async def test_every_change_of_state_is_an_event_signed_and_posted_once(scene: Scene) -> None:
    draw = await make_draw(scene.office)
    await verify(scene.office, draw)
    assert await _states(scene) == [
        ("draw.state_changed", "editing", "submitted"),
        ("draw.state_changed", "submitted", "verified"),
    ]
    assert await scene.post_due() == 2
    url, body, headers = scene.receiver.posted[1]
    assert url == "https://platform.example/events"
    assert is_signed(scene.platform.signing, headers, body)
    event = json.loads(body)
    assert event["id"] == headers["webhook-id"]
    assert event["type"] == "draw.state_changed"
    assert (event["data"]["draw_id"], event["data"]["state"], event["data"]["label"]) == (
        str(draw),
        "verified",
        "未抽取",
    )
    await scene.let_wait_pass()
    assert await scene.post_due() == 0


async def test_a_change_that_is_undone_leaves_no_event(scene: Scene) -> None:
    draw = await make_draw(scene.office)
    with suppress(ZeroDivisionError):
        async with transaction():
            await execute("UPDATE draw SET state = 'submitted' WHERE id = $1", draw)
            raise ZeroDivisionError
    assert await _states(scene) == []


async def test_the_whole_course_of_a_draw_and_its_unsealing_without_a_name(scene: Scene) -> None:
    office = scene.office
    await add_experts(office, 3)
    draw = await start_draw(office, needed=2)
    for invitation in await open_invitations(draw):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw)
    await execute("UPDATE draw SET unsealed_notice_at = $1 WHERE id = $2", office.deps.now(), draw)
    states = [state for _, _, state in await _states(scene)]
    assert states == ["submitted", "verified", "committing", "drawing", "completed", "completed"]
    assert (await _states(scene))[-1][0] == "draw.unsealed"
    await scene.post_due()
    sent = b"".join(body for _, body, _ in scene.receiver.posted).decode()
    assert not any(expert.name in sent for expert in office.experts)


async def test_events_of_another_agent_s_draw_and_of_an_unaccepted_client_are_none(scene: Scene) -> None:
    other = await make_account(scene.office.deps)
    draw = await make_draw(scene.office)
    await execute("UPDATE draw SET agent_id = $1 WHERE id = $2", other.id, draw)
    await make_platform(
        scene.office, scene.services, name="未确认", accepted=False, webhook_url="https://other.example/"
    )
    await execute("UPDATE draw SET state = 'submitted' WHERE id = $1", draw)
    assert await _states(scene) == []
    await execute(
        "UPDATE draw SET agent_id = $1, state = 'verified' WHERE id = $2", scene.office.agency.account_id, draw
    )
    assert len(await _states(scene)) == 1


async def test_an_event_that_is_not_received_is_repeated_later_and_then_given_up_with_an_alarm(scene: Scene) -> None:
    draw = await make_draw(scene.office)
    await execute("UPDATE draw SET state = 'submitted' WHERE id = $1", draw)
    scene.receiver.answers = [500, 302, Transient("TimeoutError"), Rejected("forbidden_address")]
    scene.receiver.answers += [503] * (len(REPETITIONS) + 1 - len(scene.receiver.answers))
    dashboard = composed(OfficeDashboard, scene.office.deps)
    for tries in range(len(REPETITIONS) + 1):
        [event] = await IntegrationEvent.all()
        assert (event.attempts, event.next_at is not None) == (tries, True)
        assert "lost_events" not in [waiting.kind for waiting in await dashboard.list_waiting(scene.platform.admin)]
        assert await scene.post_due() == 1
        [row] = await rows("SELECT next_at - clock_timestamp() AS wait FROM integration_event")
        if tries < len(REPETITIONS):
            planned = timedelta(seconds=REPETITIONS[tries])
            assert planned * 0.7 < cast(timedelta, row["wait"]) < planned * 1.3
        await scene.let_wait_pass()
    [event] = await IntegrationEvent.all()
    assert (event.next_at, event.delivered_at, event.last_result) == (None, None, "503")
    ids = {headers["webhook-id"] for _, _, headers in scene.receiver.posted}
    assert ids == {str(event.id)}
    waiting = await dashboard.list_waiting(scene.platform.admin)
    assert [(line.kind, line.count) for line in waiting if line.kind == "lost_events"] == [("lost_events", 1)]
    await scene.services.clients.repeat_given_up(scene.platform.admin, scene.platform.client_id)
    assert await scene.post_due() == 1
    assert (await IntegrationEvent.get()).last_result == "204"
    assert "lost_events" not in [line.kind for line in await dashboard.list_waiting(scene.platform.admin)]


async def test_a_new_signing_secret_signs_beside_the_former_one_for_a_while(scene: Scene, clock: FixedClock) -> None:
    clients, admin, client = scene.services.clients, scene.platform.admin, scene.platform.client_id
    new = await clients.rotate_signing(admin, client)
    await clients.send_test(admin, client)
    await scene.post_due()
    _, body, headers = scene.receiver.posted[-1]
    assert is_signed(new.signing, headers, body)
    assert is_signed(scene.platform.signing, headers, body)
    clock.move(SECRET_OVERLAP + timedelta(seconds=1))
    await clients.send_test(admin, client)
    await scene.post_due()
    _, body, headers = scene.receiver.posted[-1]
    assert is_signed(new.signing, headers, body)
    assert not is_signed(scene.platform.signing, headers, body)
    assert int(headers["webhook-timestamp"]) == int(clock.now().timestamp())


async def test_one_job_carries_what_is_due_and_few_of_one_client(scene: Scene) -> None:
    for _ in range(6):
        await scene.services.clients.send_test(scene.platform.admin, scene.platform.client_id)
    assert await scene.services.events.defer_due() == 4
    assert await scene.services.events.defer_due() == 2, "claimed ones are left to their job for a while"
    assert await scene.services.events.defer_due() == 0
    jobs = await rows("SELECT args FROM procrastinate_jobs WHERE task_name = 'integrations.post'")
    assert [len(json.loads(job["args"])["event_ids"].split(",")) for job in jobs] == [4, 2]


async def test_an_ended_client_gets_nothing_and_alarms_nobody(scene: Scene) -> None:
    draw = await make_draw(scene.office)
    await execute("UPDATE draw SET state = 'submitted' WHERE id = $1", draw)
    await scene.services.clients.revoke(scene.platform.admin, scene.platform.client_id)
    await execute("UPDATE draw SET state = 'verified' WHERE id = $1", draw)
    await scene.let_wait_pass()
    assert await scene.post_due() == 0
    dashboard = composed(OfficeDashboard, scene.office.deps)
    assert "lost_events" not in [line.kind for line in await dashboard.list_waiting(scene.platform.admin)]


async def test_old_events_are_deleted(scene: Scene) -> None:
    await scene.services.clients.send_test(scene.platform.admin, scene.platform.client_id)
    await scene.services.events.delete_obsolete()
    assert await IntegrationEvent.all().count() == 1
    await execute("UPDATE integration_event SET happened_at = happened_at - interval '31 days'")
    await scene.services.events.delete_obsolete()
    assert await IntegrationEvent.all().count() == 0


async def test_events_are_listed_from_the_last_known_one(scene: Scene) -> None:
    draw = await make_draw(scene.office)
    await verify(scene.office, draw)
    client = replace(scene.office.agency, role="integrator", session_id=scene.platform.client_id)
    first, second = await scene.services.events.list_own(client, None)
    assert [first.state, second.state] == ["submitted", "verified"]
    assert await scene.services.events.list_own(client, first.id) == [second]
    assert await scene.services.events.list_own(client, second.id) == []
