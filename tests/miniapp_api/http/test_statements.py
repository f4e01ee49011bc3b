"""How many statements the most used requests send: a number that does not depend on the machine."""

from __future__ import annotations

from services.core.base import rows, transaction
from tests.drivers.statements import count_statements
from tests.miniapp_api.conftest import World


async def test_statements_and_transactions_are_counted(world: World) -> None:
    with count_statements() as counted:
        async with transaction():
            await rows("SELECT 1")
            await rows("SELECT 1 WHERE $1", True)
    assert (counted.queries, len(counted.control)) == (["SELECT 1", "SELECT 1 WHERE $1"], 2)
    assert counted.repeated() == {}
