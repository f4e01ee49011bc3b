"""Files that pages make, in a browser and in WeChat, which can't save one."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from openpyxl import load_workbook

from models.audit import AuditEntry
from tests.factories.offices import make_draw, verify
from tests.factories.remuneration import ended_panel
from tests.web.conftest import WECHAT, Visitor, World
from tests.web.files.test_file_links import sent_by

MINI = {"User-Agent": f"{WECHAT['User-Agent']} miniProgram/wx0123456789abcdef"}


async def agency_in(world: World, browser: dict[str, str]) -> Visitor:
    visitor = await world.log_in(world.office.agency)
    visitor.headers |= browser
    return visitor


@pytest.mark.parametrize("browser", [WECHAT, MINI], ids=["wechat", "mini-program"])
async def test_in_wechat_a_file_can_be_opened_or_mailed(world: World, browser: dict[str, str]) -> None:
    draw_id, _ = await ended_panel(world.office, world.clock)
    visitor = await (await agency_in(world, browser)).get(f"/agency/draws/{draw_id}/remuneration")
    await visitor.click("下载支付表（Excel）")
    assert (visitor.status, "酬劳支付表" in visitor.text, visitor.page.links["返回"]) == (
        200,
        True,
        f"/agency/draws/{draw_id}/remuneration",
    )
    await visitor.press("发到邮箱", email="pay@example.com")
    assert "已发送，请查收邮件" in visitor.text
    [mail] = sent_by(world)
    assert (mail.to, mail.attachments[0].filename[-5:]) == ("pay@example.com", ".xlsx")
    opened = await visitor.client.get(visitor.page.links["打开文件"], headers=visitor.headers)
    assert (opened.status, opened.headers["Content-Disposition"][:10]) == (200, "attachment")
    [sheet, mailed] = [
        load_workbook(io.BytesIO(body)).active for body in (await opened.read(), mail.attachments[0].content)
    ]
    assert sheet is not None
    assert mailed is not None
    assert [*sheet.values] == [*mailed.values] != []


async def test_another_browser_gets_the_file_at_once(world: World) -> None:
    visitor = await world.log_in(world.office.agency)
    answer = await visitor.client.get("/agency/templates/draw.pdf")
    assert (answer.content_type, answer.headers["Content-Disposition"][:6]) == ("application/pdf", "inline")
    answer = await visitor.client.get("/agency/templates/units.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="recusal-units.xlsx"'


async def test_a_wrong_address_is_refused_beside_its_field_and_five_an_hour_are_sent(world: World) -> None:
    visitor = await (await agency_in(world, MINI)).get("/agency/templates/draw.pdf")
    await visitor.press("发到邮箱", email="nobody")
    assert (visitor.status, "电子邮箱格式有误" in visitor.text, sent_by(world)) == (422, True, [])
    for _ in range(5):
        await visitor.press("发到邮箱", email="office@example.com")
    await visitor.press("发到邮箱", email="office@example.com")
    assert (visitor.status, len(sent_by(world))) == (429, 5)
    assert await AuditEntry.filter(action="file.mail").count() == 5


async def test_what_is_sealed_is_neither_opened_nor_mailed(world: World) -> None:
    draw_id, _ = await world.panel()
    visitor = await (await agency_in(world, MINI)).get(f"/draws/{draw_id}/result.pdf")
    await visitor.press("发到邮箱", email="office@example.com")
    assert (visitor.status // 100, sent_by(world)) == (4, [])
    refused = await visitor.client.get(f"/draws/{draw_id}/result.pdf?open=1", headers=visitor.headers)
    assert refused.content_type != "application/pdf"


async def test_a_print_of_another_s_draw_is_not_mailed(world: World) -> None:
    draw_id = await make_draw(world.office)
    await verify(world.office, draw_id)
    world.clock.move(timedelta(minutes=1))
    stranger = world.visitor(**MINI)
    answer = await stranger.client.post(f"/draws/{draw_id}/record.pdf", data={"email": "x@example.com"})
    assert (answer.status != 200 or answer.url.path != f"/draws/{draw_id}/record.pdf", sent_by(world)) == (True, [])


def test_every_file_that_an_agency_or_a_draw_makes_is_declared_as_one(world: World) -> None:
    """A new one as a plain response would be a dead end in WeChat."""
    routes = [route for route in world.server.app.router.routes() if route.resource is not None]
    files = {
        path
        for route in routes
        if (path := route.resource.canonical).endswith((".pdf", ".xlsx")) and path.startswith(("/agency/", "/draws/"))
    }
    mailed = {route.resource.canonical for route in routes if route.method == "POST"}
    imports = {"/agency/draws/{id}/recusal/{kind}.xlsx"}
    assert len(files - imports) == 8
    assert files - mailed == set()
