"""Number of statements of the requests that a platform sends often; the first looks up client, secret and person."""

from __future__ import annotations

from tests.drivers.statements import count_statements
from tests.factories.offices import make_draw
from tests.platform_api.conftest import World


async def test_reads(world: World) -> None:
    draw = await make_draw(world.office)
    expected = {"/client": 1, f"/draws/{draw}": 6, "/draws": 2, "/events": 2, "/projects": 2}
    counted = {}
    for path in expected:
        await world.get(path)
        with count_statements() as statements:
            await world.get(path)
        counted[path] = len(statements.queries)
    assert counted == expected
