"""Recusal lists, single entries and sheets."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from aiohttp import FormData
from openpyxl import load_workbook

from models.draws import RecusalPerson, RecusalUnit
from tests.factories.offices import Office, make_draw
from tests.miniapp_api.conftest import Person


async def upload(agency: Person, path: str, filename: str, content: bytes, status: int) -> Any:
    form = FormData()
    form.add_field("file", content, filename=filename)
    response = await agency.ask("POST", path, data=form)
    assert response.status == status, await response.text()
    return await response.json()


async def template(agency: Person, name: str) -> bytes:
    response = await agency.ask("GET", f"/recusal-templates/{name}")
    assert response.status == 200
    return await response.read()


async def test_recusal_units_and_persons_are_added_listed_and_removed(office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    unit = {"name": "某某咨询有限公司", "credit_code": "", "reason": "投标人", "evidence": "自行申报"}
    added = await agency.post(f"/draws/{draw}/recusal-units", unit, 201)
    page = await agency.get(f"/draws/{draw}/recusal-units?search=咨询")
    assert (page["total"], page["items"][0]["id"]) == (1, added["id"])
    everything = await agency.get(f"/draws/{draw}/recusal-units?size=1&page=2")
    assert (everything["total"], len(everything["items"])) == (3, 1)
    fixed = (await agency.get(f"/draws/{draw}/recusal-units"))["items"][0]
    assert (await agency.delete(f"/draws/{draw}/recusal-units/{fixed['id']}", 409))["code"] == "fixed_recusal"
    await agency.delete(f"/draws/{draw}/recusal-units/{added['id']}")
    person = {"name": "张三", "id_number": "11010519491231002X", "reason": "投标人", "evidence": "自行申报"}
    someone = await agency.post(f"/draws/{draw}/recusal-persons", person, 201)
    persons = await agency.get(f"/draws/{draw}/recusal-persons?search=张")
    assert persons["total"] == 1
    assert "11010519491231002X" not in json.dumps(persons)
    await agency.delete(f"/draws/{draw}/recusal-persons/{someone['id']}")
    odd = await agency.post(f"/draws/{draw}/recusal-units", unit | {"reason": "不喜欢"}, 422)
    assert odd["field"] == "reason"


@pytest.mark.parametrize("kind", ["units", "persons"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_template_that_was_filled_in_is_imported(office: Office, agency: Person, kind: str, form: str) -> None:
    draw = str(await make_draw(office))
    content = await template(agency, f"{kind}.{form}")
    answer = await upload(agency, f"/draws/{draw}/recusal-{kind}/import", f"list.{form}", content, 200)
    assert answer == {"added": 1}
    model = RecusalUnit if kind == "units" else RecusalPerson
    assert await model.filter(draw_id=draw, reason="项目业主", name__in=["广州示范咨询有限公司", "张三"]).count() == 1


async def test_one_bad_line_keeps_the_whole_sheet_out_and_is_named(office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    book = load_workbook(io.BytesIO(await template(agency, "units.xlsx")))
    sheet = book.worksheets[0]
    sheet.append(["第二家公司", "错误代码", "投标人", "自行申报"])
    sheet.append(["第三家公司", "", "编造的原因", "自行申报"])
    sheet.append(["长" * 201, "", "投标人", "自行申报"])
    out = io.BytesIO()
    book.save(out)
    said = await upload(agency, f"/draws/{draw}/recusal-units/import", "list.xlsx", out.getvalue(), 422)
    assert said["code"] == "sheet_errors"
    assert [one["line"] for one in said["params"]["errors"]] == [3, 4, 5]
    assert await RecusalUnit.filter(draw_id=draw).count() == 2


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("list.xls", b"x"),
        ("list.csv", b""),
        ("list.csv", "单位,代码\n".encode()),
        ("list.xlsx", b"no zip"),
        ("list.csv", "单位名称,统一社会信用代码,回避原因,回避依据\n".encode()),
        ("list.csv", b"\x00\x01\x02"),
    ],
)
async def test_a_sheet_that_cannot_be_read_says_what_to_do(
    office: Office, agency: Person, filename: str, content: bytes
) -> None:
    draw = str(await make_draw(office))
    said = await upload(agency, f"/draws/{draw}/recusal-units/import", filename, content, 422)
    assert said["code"] == "sheet_unreadable"
    assert "请" in said["detail"]
