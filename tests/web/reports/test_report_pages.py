"""A reporter on the pages hands in, is asked, answers and reads the outcome; supervision does its part, others see
nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import FormData

from app.players.puzzles import solve
from models.accounts import Account
from models.reports import Report, ReportFile
from services.core.base import Actor
from tests.drivers.pages import PUBLIC_URL
from tests.factories.files import pdf, png
from tests.factories.people import make_account, make_grant
from tests.factories.reports import TEXT, dump, make_reader, none_in
from tests.web.conftest import Visitor, World

NEW, FOLLOW = "/h5/demo/reports/new", "/h5/demo/reports"
TYPED = {"occasion": "bribe", "text": TEXT, "draw": "CQSQ202611200001", "happened": "昨晚，电话", "named": "0"}


async def send(visitor: Visitor, button: str, content: bytes = b"", filename: str = "", **typed: str) -> Visitor:
    """Press a button of a form with a file, as a browser sends it; the script has solved the puzzle."""
    form, own = visitor.page.buttons[button]
    fields: dict[str, Any] = {name: value for name, value in form["fields"].items() if name not in ("file", "proof")}
    if "puzzle" in form:
        fields["proof"] = solve(form["puzzle"])
    sent = FormData({**fields, **own, **typed}, quote_fields=False)
    sent.add_field("file", content, filename=filename, content_type="application/octet-stream")
    headers = {"Origin": PUBLIC_URL, **visitor.headers}
    return await visitor._show(await visitor.client.post(form["action"].partition("#")[0], data=sent, headers=headers))


def code_on(visitor: Visitor) -> str:
    match = re.search(r'value="([2-9A-Z]{4}(?:-[2-9A-Z]{4}){4})"', visitor._source)
    assert match is not None, visitor.text
    return match[1]


@pytest.fixture
async def reader(world: World) -> Visitor:
    actor = await make_reader(world.services.deps)
    return await world.enter(await Account.get(id=actor.account_id))


async def test_a_report_is_handed_in_examined_answered_and_closed(world: World, reader: Visitor) -> None:
    reporter = await world.visitor().get(NEW)
    assert reporter.status == 200
    await send(reporter, "提交举报", png(), "证据.png", **TYPED)
    code = code_on(reporter)
    assert "编号 JB2611" in reporter.text
    assert "只显示这一次" in reporter.text

    await reader.get("/draws")
    await reader.click(next(link for link in reader.page.links if link.startswith("举报")))
    assert "匿名" in reader.text
    assert "待查看" in reader.text
    assert TEXT not in reader.text
    await reader.get(next(href for href in reader.page.links.values() if re.fullmatch(r"/reports/[0-9a-f-]{36}", href)))
    assert TEXT in reader.text
    assert "匿名，系统没有保存是谁" in reader.text
    at = reader.path
    await reader.click("文件.jpg")
    assert (reader.status, reader.response.content_type) == (200, "image/jpeg")
    await reader.get(at)
    await reader.press("开始核查")
    await reader.press("写给举报人", text="是哪个项目？")
    assert "是哪个项目？" in reader.text

    await reporter.click("去查询办理情况")
    await reporter.press("查询", code=code.lower().replace("-", " "))
    assert "正在核查" in reporter.text
    assert "是哪个项目？" in reporter.text
    assert TEXT not in reporter.text
    await send(reporter, "提交", pdf(), "录音说明.pdf", text="水厂的那个标")
    assert "已补充" in reporter.text
    assert "水厂的那个标" in reporter.text
    assert await ReportFile.all().count() == 2

    await reader.get(at)
    assert "水厂的那个标" in reader.text
    await reader.press("办结", outcome="已移送公安机关。")
    assert "已办结" in reader.text
    await reporter.get(FOLLOW)
    await reporter.press("查询", code=code)
    assert "已移送公安机关。" in reporter.text
    await reader.get(at)
    await reader.press("重新核查")
    assert "正在核查" in reader.text


async def test_faults_stand_at_their_fields_and_nothing_typed_is_lost(world: World, reader: Visitor) -> None:
    reporter = await world.visitor().get(NEW)
    await send(reporter, "提交举报", **{**TYPED, "occasion": "", "text": "太短", "named": "1", "name": "林冲"})
    assert reporter.status == 422
    for name in ("occasion", "text", "mobile"):
        assert f'id="e-{name}"' in reporter._source
    assert "太短" in reporter.text
    assert 'value="林冲"' in reporter._source
    await send(reporter, "提交举报", b"MZ a program", "a.pdf", **TYPED)
    assert 'id="e-file"' in reporter._source
    assert await Report.all().count() == 0


async def test_a_wrong_code_opens_nothing_and_an_addition_with_it_neither(world: World, reader: Visitor) -> None:
    reporter = await world.visitor().get(FOLLOW)
    await reporter.press("查询", code="ABCD-EFGH-JKLM-NPQR-STUV")
    assert reporter.status == 422
    assert "没有这个查询码" in reporter.text
    await reporter.press("查询", code="JB2611")
    assert "20位" in reporter.text
    assert "回答或补充" not in reporter.text


async def test_a_refused_addition_shows_the_report_and_what_was_typed(world: World, reader: Visitor) -> None:
    reporter = await world.visitor().get(NEW)
    await send(reporter, "提交举报", **TYPED)
    code = code_on(reporter)
    await reporter.get(FOLLOW)
    await reporter.press("查询", code=code)
    await send(reporter, "提交", b"MZ a program", "a.pdf", text="还有一件事")
    assert reporter.status == 422
    assert "还有一件事" in reporter.text
    assert 'id="e-file"' in reporter._source
    await send(reporter, "提交", text="还有一件事")
    assert "已补充" in reporter.text


async def test_the_pages_are_the_same_for_who_is_logged_in_and_keep_no_trace_of_him(
    world: World, reader: Visitor
) -> None:
    account = await make_account(world.services.deps, real_name="林冲")
    person = await world.enter(account)
    before = set((await dump()).split("\n"))
    await person.get(NEW)
    await send(person, "提交举报", **TYPED)
    code_on(person)
    new = [line for line in set((await dump()).split("\n")) - before if not line.startswith("session")]
    assert none_in("\n".join(new), str(account.id), account.mobile_hash, "林冲", "127.0.0.1", TEXT[:10]) == []


async def test_where_nobody_reads_reports_the_page_takes_none_and_says_whom_to_ring(world: World) -> None:
    reporter = await world.visitor().get(NEW)
    assert "12388" in reporter.text
    assert "提交举报" not in reporter.page.buttons
    await reporter.get("/h5/nowhere/reports/new")
    assert reporter.status == 404


async def test_no_other_role_finds_a_report_on_any_page_of_its_own(world: World, reader: Visitor) -> None:
    """Office, agency, verifier, venue, an activity's supervisor: refused alike, whether there is a report or not."""
    reporter = await world.visitor().get(NEW)
    await send(reporter, "提交举报", **TYPED)
    report, office = await Report.get(), world.office
    admin = await make_account(world.services.deps)
    people = {
        "pool_admin": Actor("demo", "pool_admin", admin.id),
        "verifier": office.verifier,
        "venue": office.venue,
        "organisation": office.agency,
    }
    for role, actor in people.items():
        account = await Account.get(id=actor.account_id)
        if role != "organisation":
            await make_grant(account, role)
        visitor = await world.enter(account)
        for address in ("", f"/{report.id}", "/contacts", f"/{report.id}/files/{report.id}"):
            await visitor.get(f"/reports{address}")
            assert visitor.status == 403, (role, address)
            assert report.number not in visitor.text
        other = await visitor.get("/reports/00000000-0000-0000-0000-000000000000")
        assert other.status == 403, "nobody learns by the answer whether there is one"
