"""A merge takes what it moves before the accounts, as acts do that lock a row and then tell its owner."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from models.corrections import Correction
from services.core.base import Actor, Deps
from services.corrections import CorrectionServices, Upload
from tests.drivers.waiting import eventually
from tests.factories.assembly import composed
from tests.factories.files import pdf
from tests.factories.payments import make_fee
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_applicant, make_application, make_catalogues


@pytest.mark.parametrize("table", ["application", "fee"])
async def test_a_merge_waits_for_a_moved_row_without_holding_the_accounts(db: str, deps: Deps, table: str) -> None:
    await make_catalogues()
    ends, clerk = await make_account(deps), await make_account(deps)
    stays = await make_applicant(deps, "欧阳锋")
    expert = await make_expert(deps, account=stays, id_number_hash=stays.id_number_hash)
    application = await make_application(deps, ends, state="refused", ended_at=deps.now())
    await make_fee(deps, application)
    merges = composed(CorrectionServices, deps).merges
    actor, upload = Actor("demo", "pool_admin", clerk.id), Upload(pdf(), "本人申请.pdf")
    other = await asyncpg.connect(db)
    try:
        async with other.transaction():
            await other.execute(f"SELECT 1 FROM {table} FOR UPDATE")
            task = asyncio.ensure_future(merges.begin(actor, expert.id, ends.id, "同一个人", upload))
            await eventually(lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            await other.execute("SELECT 1 FROM account FOR KEY SHARE NOWAIT")
    finally:
        await other.close()
    await task
    assert await Correction.filter(kind="merge").count() == 1
