"""Result, arrivals and record of an activity as PDF, from the pages of venue and agency."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import cast

import pytest
from pypdf import PdfReader

from domain.errors import RuleViolation, Unavailable
from gateways.document_renderer import TypstRenderer
from models.draws import Draw
from models.invitations import Invitation
from services.draws.results.prints import DrawPrints
from tests.factories.files import PlainRenderer
from tests.web.conftest import World

NASTY = '#panic("x")*_$a$`@ref<b>\\[]{}//'


def printed_by(world: World, printer: object) -> DrawPrints:
    made = world.services.draws
    return DrawPrints(
        world.services.deps,
        cast("PlainRenderer", printer),
        made.queries,
        made.results,
        made.public_records,
    )


async def unsealed(world: World) -> Draw:
    draw_id, invitations = await world.panel(2)
    await Invitation.filter(id=invitations[0].id).update(supplementary=True)
    await Draw.filter(id=draw_id).update(name=NASTY)
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.starts_at - timedelta(minutes=30))
    return draw


async def test_a_panel_is_printed_from_unsealing_on_with_a_mark_before_who_came_later(world: World) -> None:
    draw_id, invitations = await world.panel(2)
    printer = PlainRenderer()
    prints = printed_by(world, printer)
    for early in (prints.result, prints.attendance):
        with pytest.raises(RuleViolation, match="后可打印"):
            await early(world.office.agency, draw_id)
    assert printer.made == []
    await Invitation.filter(id=invitations[0].id).update(supplementary=True)
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.starts_at - timedelta(minutes=30))
    document = await prints.result(world.office.agency, draw_id)
    content = printer.made[-1][1]
    assert document.filename == f"{draw.number}-result.pdf"
    assert content["qr"] == f"{world.services.deps.public_url}/record/demo/{draw.number}"
    codes = {line[1] for line in cast("list[list[str]]", content["lines"])}
    assert codes == {f"*{invitations[0].code}", invitations[1].code}
    printer.away = True
    with pytest.raises(Unavailable):
        await prints.attendance(world.office.agency, draw_id)


async def test_the_document_says_how_the_activity_stands(world: World) -> None:
    draw, printer = await unsealed(world), PlainRenderer()
    prints = printed_by(world, printer)
    await prints.result(world.office.agency, draw.id)
    assert ["状态", "抽取完成"] in cast("list[list[str]]", printer.made[-1][1]["facts"])
    await Draw.filter(id=draw.id).update(state="released", ended_at=world.clock.now())
    for made in (prints.result, prints.attendance):
        await made(world.office.agency, draw.id)
        content = printer.made[-1][1]
        assert ["状态", "已退选"] in cast("list[list[str]]", content["facts"])
        assert "本活动已退选，以下专家不再参评。" in cast("list[str]", content["notes"])
    await Draw.filter(id=draw.id).update(state="terminated")
    await prints.result(world.office.agency, draw.id)
    assert ["状态", "已终止"] in cast("list[list[str]]", printer.made[-1][1]["facts"])
    await Draw.filter(id=draw.id).update(state=draw.state, ended_at=None)


async def test_what_people_typed_stands_on_paper_as_they_typed_it(world: World) -> None:
    draw, printer = await unsealed(world), TypstRenderer()
    document = await printed_by(world, printer).result(world.office.agency, draw.id)
    printer.close()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(document.content)).pages)
    assert NASTY in text.replace("\u200b", "").replace("\n", "")
    assert draw.number in text


async def test_agency_and_venue_open_the_documents_from_their_pages(world: World) -> None:
    draw = await unsealed(world)
    visitor = await world.log_in(world.office.agency)
    for page in (f"/draws/{draw.id}/result", f"/agency/draws/{draw.id}/result"):
        for button in ("结果PDF", "出入场PDF", "记录PDF"):
            await visitor.get(page)
            address = visitor.page.links[button]
            answer = await visitor.client.get(address)
            assert (answer.status, answer.content_type) == (200, "application/pdf"), (page, button)
            assert (await answer.read()).startswith(b"%PDF-")


async def test_before_unsealing_only_the_record_is_offered_and_nothing_else_is_printed(world: World) -> None:
    draw_id, _ = await world.panel(1)
    visitor = await world.log_in(world.office.agency)
    await visitor.get(f"/draws/{draw_id}/result")
    assert ("结果PDF" in visitor.page.links, "记录PDF" in visitor.page.links) == (False, True)
    await visitor.get(f"/draws/{draw_id}/result.pdf")
    assert (visitor.status, "名单尚未解密" in visitor.text) == (422, True)
