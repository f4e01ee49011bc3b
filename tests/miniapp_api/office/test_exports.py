"""Lists as XLSX by the API."""

from __future__ import annotations

import io

from openpyxl import load_workbook

from tests.factories.people import make_account, make_grant
from tests.miniapp_api.conftest import World


async def test_an_administrator_takes_the_lists_away(world: World) -> None:
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    admin = await world.log_in_account(account.id, "pool_admin")
    for what, query in (
        ("applications", "?state=notice&region=440100"),
        ("orders", "?since=2026-11-01T00:00:00%2B08:00"),
        ("refunds", ""),
        ("differences", ""),
    ):
        answer = await admin.ask("GET", f"/exports/{what}{query}")
        assert answer.status == 200, await answer.text()
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{what}-20261121-1200.xlsx"'
        assert load_workbook(io.BytesIO(await answer.read())).worksheets[0].max_row == 1
    await admin.get("/exports/orders?since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z", 422)
