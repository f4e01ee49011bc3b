"""The tick knows when a public notice is over, and runs what has no due row every now and then."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import FixedClock
from models.reviews import Objection
from services.core.base import Deps
from services.operations import Scheduler
from services.operations.scheduler import PERIODIC
from tests.factories.assembly import composed
from tests.factories.people import make_account
from tests.factories.reviews import make_application


async def test_a_public_notice_is_due_when_it_is_over_without_open_objections(
    db: str, deps: Deps, clock: FixedClock
) -> None:
    deadlines = composed(Scheduler, deps)
    assert {*PERIODIC, "review_waiting"} <= set(deadlines.periodic)
    until = deps.now() + timedelta(minutes=3)
    application = await make_application(
        deps, state="notice", notice_from=deps.now(), notice_until=until, approved_at=deps.now(), expert_number="ZJ1"
    )
    assert "public_notice_end" not in await deadlines.tick()
    clock.move(timedelta(minutes=3))
    objection = await Objection.create(
        pool="demo",
        application_id=application.id,
        account_id=(await make_account(deps)).id,
        created_at=deps.now(),
    )
    assert "public_notice_end" not in await deadlines.tick()
    objection.state = "dismissed"
    await objection.save()
    assert "public_notice_end" in await deadlines.tick()
    await deadlines.process("public_notice_end")
    assert "public_notice_end" not in await deadlines.tick()
