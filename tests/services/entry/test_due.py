"""The tick knows when a public notice is over, and runs what has no due row every now and then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from domain.clock import FixedClock
from models.reviews import Objection
from services.core.audit_chain import AuditChain
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.entry.stages import PUBLIC_NOTICE_OVER, EntryStages
from services.operations import Scheduler
from services.operations.scheduler import PERIODIC
from services.payments import Fees
from tests.factories.people import make_account
from tests.factories.reviews import make_application
from tests.services.conftest import NoticeBook


async def test_a_public_notice_is_due_when_it_is_over_without_open_objections(
    db: str, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    unused = cast(Any, NothingElse())
    entry = EntryStages(deps, book, Fees(deps, book))
    due_tasks = [
        DueTask("public_notice_end", PUBLIC_NOTICE_OVER, entry.end_public_notices),
        DueTask("review_waiting", "", entry.end_public_notices),
    ]
    deadlines = Scheduler(deps, unused, unused, unused, unused, unused, unused, AuditChain(deps), further=due_tasks)
    assert deadlines.periodic == (*PERIODIC, "review_waiting")
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


class NothingElse:
    """Stands in for services whose deadlines this test doesn't reach."""

    def __getattr__(self, name: str) -> object:
        return _nothing


async def _nothing(**_: object) -> None:
    raise AssertionError("nothing of this kind is due here")
