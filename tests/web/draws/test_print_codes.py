"""The QR codes of printed results, arrivals and records open the public check, whatever became of the activity."""

from __future__ import annotations

import re
from html import unescape

from domain.draws.verify_draw import compare, read, verify
from gateways.document_renderer import TypstRenderer
from models.draws import Draw
from services.core.base import Actor
from services.draws.results.prints import DrawPrints
from tests.drivers.documents import code_on
from tests.drivers.pages import PUBLIC_URL, Visitor
from tests.web.conftest import World
from tests.web.draws.record_scenes import every_ending
from tests.web.draws.test_prints import printed_by
from web.draws.record import as_cells


async def codes_of(prints: DrawPrints, actor: Actor, draw: Draw) -> set[str]:
    """Of its result, its arrivals and its record."""
    documents = [await prints.result(actor, draw.id), await prints.attendance(actor, draw.id)]
    documents.append(await prints.record(actor, draw.id, as_cells))
    return {code_on(document.content) for document in documents}


async def check_links(shown: Visitor, kind: str) -> None:
    """Every address on a record's page opens."""
    source = await shown.response.text()
    paths = {unescape(path) for path in re.findall(r'href="([^"#]+)"', source)}
    assert f"{shown.path}/file" in paths
    for path in paths:
        answer = await shown.client.get(path)
        assert answer.status == 200, (kind, path)


async def test_every_printed_code_opens_the_check_of_its_record(world: World) -> None:
    draws = await every_ending(world)
    stranger, printer, records = world.visitor(), TypstRenderer(), {}
    prints = printed_by(world, printer)
    for kind, draw in draws.items():
        address = f"{PUBLIC_URL}/record/demo/{draw.number}"
        assert await codes_of(prints, world.office.agency, draw) == {address}, kind
        await stranger.get(address.removeprefix(PUBLIC_URL))
        assert (stranger.status, "活动已结束，记录完整" in stranger.text) == (200, True), kind
        await check_links(stranger, kind)
        answer = await stranger.client.get(f"{address.removeprefix(PUBLIC_URL)}/file")
        records[kind] = read(await answer.text())
        assert [finding for finding in verify(records[kind]) if finding.severity == "error"] == [], kind
    printer.close()
    for kind, earlier in (("recalled", ["supplemented"]), ("redrawn", ["supplemented", "recalled"])):
        assert compare(records[kind], [records[before] for before in earlier]) == []
        await stranger.get(f"/record/demo/{draws[kind].number}")
        assert stranger.text.count("--original") == 1
        assert "结果为“核对通过”即可" in stranger.text
        for before in earlier:
            await stranger.get(f"/record/demo/{draws[kind].number}")
            await stranger.click(draws[before].number)
            assert (stranger.status, stranger.path) == (200, f"/record/demo/{draws[before].number}")
        assert ("--original" in stranger.text) == (kind == "redrawn"), "a first draw has nothing before it"
