"""Every act locks the account before the file of its owner, as corrections and merges do."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncpg
import pytest

from models.accounts import Account
from models.experts import Expert
from services.core.base import Deps
from services.experts import TimesOffForm
from services.experts.availability import Availability
from tests.drivers.waiting import eventually
from tests.factories.assembly import composed
from tests.services.expert_files.test_changes import Desk, deps, desk, import_line, set_email

__all__ = ["deps", "desk"]
pytestmark = pytest.mark.usefixtures("db")
SERVICES = Path(__file__).parents[3] / "services"
ACCOUNT_IS_LOCKED = {
    "services/accounts/credentials.py": "the account is locked by its caller",
    "services/accounts/expert_matching.py": "inside the log-in's transaction, with the account locked",
    "services/corrections/merges.py": "both accounts are locked before",
    "services/corrections/persons.py": "the account is locked before",
    "services/expert_files/reading.py": "the place that locks the account before",
    "services/operations/privacy.py": "the account is locked before",
}


async def pause(desk: Desk, deps: Deps, number: int) -> Mapping[str, object]:
    await composed(Availability, deps).add_form(desk.owner, TimesOffForm("pause", f"第{number}次"))
    return {}


async def unlink(desk: Desk) -> None:
    """Take the account off the file, and give it the file's mobile, so that an import would link both."""
    await Expert.filter(id=desk.expert.id).update(account_id=None)
    await Account.filter(id=desk.owner.account_id).update(mobile_hash=desk.expert.mobile_hash, privacy_version="1")


@pytest.mark.parametrize("act", [import_line, set_email, pause])
async def test_an_act_on_a_file_waits_for_the_account_without_holding_the_file(
    desk: Desk, db: str, act: Callable[[Desk, Deps, int], Awaitable[Mapping[str, object]]]
) -> None:
    await assert_account_comes_first(desk, db, act(desk, desk.deps, 1))


async def test_an_import_waits_for_an_account_that_it_would_link(desk: Desk, db: str) -> None:
    await unlink(desk)
    await assert_account_comes_first(desk, db, import_line(desk, desk.deps, 1))
    assert (await Expert.get(id=desk.expert.id)).account_id == desk.owner.account_id


async def assert_account_comes_first(desk: Desk, db: str, act: Awaitable[object]) -> None:
    """Another process holds the account and then wants the file, as a correction: no deadlock."""
    other = await asyncpg.connect(db)
    try:
        async with other.transaction():
            await other.execute("SELECT 1 FROM account WHERE id = $1 FOR UPDATE", desk.owner.account_id)
            task = asyncio.ensure_future(act)
            await eventually(lambda: other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            await other.execute("SELECT 1 FROM expert WHERE id = $1 FOR UPDATE NOWAIT", desk.expert.id)
    finally:
        await other.close()
    await task


def test_no_other_module_locks_a_file_by_itself() -> None:
    """``lock_file`` and ``lock_files`` lock the account before."""
    locking = {
        str(path.relative_to(SERVICES.parent))
        for path in SERVICES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "select_for_update"
        and ast.unparse(node.func).startswith("Expert.")
    }
    assert locking == ACCOUNT_IS_LOCKED.keys()
