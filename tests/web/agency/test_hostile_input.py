"""Texts that would be scripts, and sheets broken in many ways: shown as text, refused in words, nothing half done."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from uuid import UUID

from markupsafe import escape
from openpyxl import Workbook, load_workbook

from models.accounts import Account
from models.draws import (
    CallNotice,
    Condition,
    Draw,
    DrawApplication,
    DrawLot,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
    SupervisorEntry,
)
from models.organisations import Organisation
from models.projects import Lot, Project
from services.core.base import record
from services.draws import render_template
from tests.factories.offices import ID_NUMBER, make_draw
from tests.web.agency.test_agents import MOBILE
from tests.web.agency.test_draws import begin, pages
from tests.web.agency.test_projects import PROJECT
from tests.web.conftest import World

EVIL = "<script>x</script>\"'&"
HEAD = "单位名称,统一社会信用代码,回避原因,回避依据\n"
LINE = "甲公司,,投标人,自行申报\n"


async def test_a_script_in_any_text_comes_back_as_text(world: World) -> None:
    draw = await Draw.get(id=await fill(world))
    agency = await world.log_in(world.office.agency)
    notice_id, condition_id = (await CallNotice.get(draw_id=draw.id)).id, (await Condition.get(draw_id=draw.id)).id
    paths = [
        address
        for address in pages(draw.id, draw.project_id, notice_id, condition_id)
        if not address.endswith(_NO_PAGE)
    ]
    evil = "%3Cscript%3Ex%3C/script%3E%22'%26"
    paths += [f"/agency/draws/{draw.id}/recusal?list=persons", f"/agency/draws/{draw.id}/recusal?q={evil}"]
    paths += [f"/agency/draws?q={evil}&project={evil}&state={evil}&kind={evil}&region={evil}", "/agency/draws"]
    paths += ["/agency", "/agency/agents", "/agency/pending", "/agency/projects", "/agency/projects/new"]
    paths += [
        f"/agency/projects?q={evil}",
        f"/agency/projects/{draw.project_id}?edit=1",
        f"/agency?note={evil}&month={evil}",
    ]
    shown = 0
    for path in paths:
        text = await (await agency.get(path)).response.text()
        assert agency.status == 200, path
        assert EVIL not in text, path
        assert "<script>x" not in text, path
        shown += str(escape(EVIL)) in text
    assert shown > len(paths) * 3 // 4, "the pages were asked for what was typed"


_NO_PAGE = ("/round", "/events", ".pdf", "/attendance")


async def fill(world: World) -> UUID:
    """A draw whose texts are all a script, as if no form refused one."""
    office = world.office
    draw_id = await make_draw(office)
    project = dict.fromkeys(("name", "number", "category", "funding_source", "tender_method", "agency_name"), EVIL)
    await Project.filter(id=office.project_id).update(
        **project, tenderee_name=EVIL, contact=EVIL, approval_number=EVIL, contact_phone_sealed=sealed(world)
    )
    lot = await Lot.create(project_id=office.project_id, name=EVIL, number=EVIL, position=1)
    await DrawLot.filter(draw_id=draw_id).update(lot_id=lot.id)
    texts = dict.fromkeys(("name", "medium", "opening_place", "operator_name", "remark"), EVIL)
    await Draw.filter(id=draw_id).update(**texts, operator_phone_sealed=sealed(world))
    await Supervisor.filter(draw_id=draw_id).update(name=EVIL, department=EVIL)
    await SupervisorEntry.all().update(name=EVIL, department=EVIL)
    await RecusalUnit.create(draw_id=draw_id, name=EVIL, credit_code=EVIL[:18], reason=EVIL, evidence=EVIL)
    await RecusalPerson.create(draw_id=draw_id, name=EVIL, unit_name=EVIL, reason=EVIL, evidence=EVIL)
    place = dict.fromkeys(("venue", "address", "room", "contact", "remark"), EVIL)
    await CallNotice.filter(draw_id=draw_id).update(**place, contact_phone_sealed=sealed(world))
    account_id, now = office.agency.account_id, world.clock.now()
    submission = {"kind": "normal", "state": "refused", "submitted_by_id": account_id, "submitted_at": now}
    words = dict.fromkeys(("reason", "terminal", "attachment", "opinion"), EVIL)
    await DrawApplication.create(draw_id=draw_id, **submission, **words, decided_at=now)
    await Account.filter(id=account_id).update(real_name=EVIL)
    await Organisation.all().update(name=EVIL)
    await record(office.agency, now, "draw.paused", "draw", draw_id, reason=EVIL)
    entities = world.services.organisations.legal_entities
    await entities.link_agent(office.agency, mobile=MOBILE, name="甲某")
    await Account.filter(real_name="甲某").update(real_name=EVIL)
    for kind in ("project", "basic", "notice", "condition"):
        subject = {"project": office.agency.organisation_id, "basic": office.project_id}.get(kind, draw_id)
        typed = dict.fromkeys((*texts, *place, "regions", "specialty", "region", "category"), EVIL)
        await world.services.accounts.form_drafts.keep(office.agency, f"{kind}:{subject}", typed)
    return draw_id


def sealed(world: World) -> str:
    return world.services.deps.keys.seal(EVIL, "phone")


def broken() -> Iterator[tuple[str, bytes, str]]:
    """Broken sheets: the fault, the sheet, and a word of the refusal."""
    yield "nothing in it", b"", "选择填好的模板"
    yield "only blanks", b"\n\n  \n", "文件是空的，请先下载模板填写"
    yield "only the heading", HEAD.encode(), "没有内容"
    yield "headings changed", b"name,code,reason,proof\nx,,y,z\n", "无法识别的列"
    yield "a heading twice", f"单位名称,{HEAD}甲,{LINE}".encode(), "重复的列"
    yield "a column missing", "单位名称,回避原因\n甲,投标人\n".encode(), "缺少必填列"
    yield "a column too many", f"{HEAD[:-1]},备注\n{LINE[:-1]},无\n".encode(), "无法识别的列"
    yield (
        "a sheet of persons",
        "姓名,身份证号,单位名称,回避原因,回避依据\n张三,,甲,投标人,自行申报\n".encode(),
        "无法识别的列",
    )
    yield "a reason of one's own", f"{HEAD}甲公司,,不喜欢,自行申报\n".encode(), "回避原因请从列表中选择"
    yield "evidence of one's own", f"{HEAD}甲公司,,投标人,听说\n".encode(), "回避依据请从列表中选择"
    yield "no reason", f"{HEAD}甲公司,,,自行申报\n".encode(), "第2行：回避原因请从列表中选择"
    yield "no name", f"{HEAD},,投标人,自行申报\n".encode(), "第2行：请填写单位名称"
    yield "a name too long", f"{HEAD}{'长' * 201},,投标人,自行申报\n".encode(), "第2行：单位名称最多200个字"
    yield (
        "a wrong credit code",
        f"{HEAD}甲公司,91440101MA5000001X,投标人,自行申报\n".encode(),
        "第2行：统一社会信用代码有误",
    )
    yield (
        "a cell that a spreadsheet rounded, and one without a value",
        f"{HEAD}甲公司,9.14401E+17,投标人,#N/A\n".encode(),
        "第2行：统一社会信用代码：B2是“9.14401E+17”，被表格软件改成了科学计数",
    )
    yield "a unit twice", f"{HEAD}{LINE}{LINE}".encode(), "第3行：回避单位“甲公司”已在名单中"
    yield (
        "the tenderee again",
        f"{HEAD}广州水务有限公司,,投标人,自行申报\n".encode(),
        "第2行：回避单位“广州水务有限公司”已在名单中",
    )
    yield "too many lines", (HEAD + "".join(f"公司{n},,投标人,自行申报\n" for n in range(501))).encode(), "500行"
    yield (
        "an open quotation mark",
        f'{HEAD}"甲公司,,投标人,自行申报\n'.encode(),
        "第2行附近的CSV格式有误（引号或换行不成对）",
    )
    yield "no text", b"\xff\xff\x00\x01\x02\x03", "文件编码无法识别"
    yield "a control character", f"{HEAD}甲\0公司,,投标人,自行申报\n".encode(), "第2行：单位名称中有无法识别的字符"
    yield "a script", f"{HEAD}{EVIL.replace(',', '')},,{EVIL},自行申报\n".encode(), "回避原因请从列表中选择"
    yield "an archive that is no sheet", archive(), "这不是有效的 .xlsx 文件"
    yield "an archive cut off", archive()[:60], "这不是有效的 .xlsx 文件"
    yield (
        "a template as it came",
        render_template("units", "xlsx", ("投标人",), ("听说",)),
        "第2行：回避依据请从列表中选择",
    )
    yield "a sheet as wide as they get", wide(), "表格过大（第1行IW列还有内容）"


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("readme.txt", "no sheet")
    return held.getvalue()


def wide() -> bytes:
    book, held = Workbook(), io.BytesIO()
    book.active.append([f"列{n}" for n in range(16_384)])
    book.save(held)
    return held.getvalue()


async def test_a_broken_sheet_of_recusals_is_refused_in_words_and_adds_nothing(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw = await begin(world, agency)
    path, wrong = f"/agency/draws/{draw.id}/recusal", []
    await agency.get(path)
    for what, sheet, words in broken():
        await agency.upload(f"{path}/units.xlsx", "导入", sheet)
        if agency.status != 422 or words not in agency.text or "<script>x" in await agency.response.text():
            wrong.append((what, agency.status))
    assert wrong == []
    assert await RecusalUnit.filter(draw_id=draw.id, fixed=False).count() == 0
    await agency.upload(f"{path}/units.xlsx", "导入", (HEAD + LINE).encode())
    assert "已导入" in agency.text, "a good one still goes in"


async def test_persons_come_in_by_the_template_of_their_page_all_or_none(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    path = f"/agency/draws/{(await begin(world, agency)).id}/recusal"
    await agency.get(f"{path}?list=persons")
    template = await (await agency.client.get(agency.page.links["模板"])).read()
    spaced = f"{ID_NUMBER[:6]} {ID_NUMBER[6:14]}\u3000{ID_NUMBER[14:]}"
    by_number, by_unit = ["张三", spaced, "", "投标人", "自行申报"], ["李四", "", "甲公司", "投标人", "自行申报"]
    await agency.upload(
        f"{path}/persons.xlsx", "导入", filled(template, by_number, ["王五", "", "", "投标人", "自行申报"])
    )
    assert (agency.status, "有1行不能导入" in agency.text, "第3行" in agency.text) == (422, True, True)
    assert not await RecusalPerson.exists()
    await agency.upload(f"{path}/persons.xlsx", "导入", filled(template, by_number, by_unit))
    assert ("已导入" in agency.text, "张三" in agency.text, "甲公司" in agency.text) == (True, True, True)
    units_by_name = {person.name: person.unit_name for person in await RecusalPerson.all()}
    assert units_by_name == {"张三": "", "李四": "甲公司"}
    assert not await RecusalPerson.filter(name="张三", id_number_hash="").exists()


def filled(template: bytes, *lines: list[str]) -> bytes:
    """The template with these lines in place of its sample."""
    book, held = load_workbook(io.BytesIO(template)), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.delete_rows(2, sheet.max_row)
    for line in lines:
        sheet.append(line)
    book.save(held)
    return held.getvalue()


async def test_a_refused_script_comes_back_as_text_too(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw_id = await make_draw(world.office)
    typed = dict.fromkeys(("name", "room", "remark", "venue", "mobile", "regions", "planned", "needed"), EVIL)
    for path, button in (
        ("projects/new", "保存"),
        (f"draws/new?project={world.office.project_id}", "保存，下一步"),
        (f"draws/{draw_id}/basic", "保存，下一步"),
        (f"draws/{draw_id}/notices/new", "保存"),
        (f"draws/{draw_id}/conditions/new", "保存"),
        ("agents", "添加"),
    ):
        await agency.get(f"/agency/{path}")
        await agency.press(button, **typed)
        text = await agency.response.text()
        assert (agency.status, "<script>x" in text, str(escape(EVIL)) in text) == (422, False, True), path


async def test_a_mark_that_would_turn_what_is_printed_behind_it_goes(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get("/agency/projects/new")
    for turning in "\u202e\u2067":
        await agency.press("保存", name=f"水厂{turning}扩建\x07")
        assert (agency.status, "“水厂扩建”后面的U+0007" in agency.text) == (422, True)


async def test_an_amount_that_is_no_plain_number_is_refused_beside_its_field(world: World) -> None:
    agency, taken = await world.log_in(world.office.agency), list[tuple[str, str]]()
    for amount in ("1e999999", "-1e999999", "1e3", "NaN", "Infinity", "-5", "1_000", "1" * 13, "1.1234567"):
        await agency.get("/agency/projects/new")
        await agency.press("保存", **{**PROJECT, "investment": amount})
        taken += [] if (agency.status, "单位万元，如1200" in agency.text) == (422, True) else [("project", amount)]
        await agency.get(f"/agency/projects/{world.office.project_id}")
        await agency.press("创建", name="二标段", investment=amount)
        taken += [] if (agency.status, "单位万元，如1200" in agency.text) == (422, True) else [("lot", amount)]
    assert taken == []
    await agency.press("创建", name="二标段", investment="999999999999")
    assert (agency.status, "不超过100万亿元" in agency.text) == (422, True)
    await agency.press("创建", name="二标段", investment=" 9999999999.123456 ")
    assert (agency.status, (await Lot.get(name="二标段")).investment) == (200, 9_999_999_999_123_456)


async def test_a_month_outside_the_calendar_shows_this_one(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    for month in ("0001-01", "9999-12", "1000-01", "2026-13", "x"):
        await agency.get(f"/agency?month={month}")
        assert (agency.status, "2026年11月的活动" in agency.text) == (200, True), month
    await agency.get("/agency?month=2024-02")
    assert "2024年2月的活动" in agency.text
