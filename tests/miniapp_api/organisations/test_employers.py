"""A sheet of employers by the API: template, check, decision."""

from __future__ import annotations

import io
from typing import Any

import pytest
from aiohttp import FormData

from tests.factories.applications import make_codes
from tests.factories.people import make_account, make_grant
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def admin(world: World) -> Person:
    await make_codes(world.deps.book("demo"))
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


async def send(admin: Person, content: bytes, status: int = 201) -> Any:
    form = FormData()
    form.add_field("file", io.BytesIO(content), filename="单位.csv")
    answer = await admin.ask("POST", "/office/employer-imports", data=form)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def test_a_filled_in_template_is_checked_and_taken_in(admin: Person) -> None:
    template = await (await admin.ask("GET", "/office/employer-template.csv")).read()
    checked = await send(admin, template + "无,,\r\n".encode())
    assert (checked["state"], checked["counts"]["add"], checked["bad"]) == ("checked", 1, 1)
    assert checked["errors"] == [{"line": 3, "column": "单位名称", "reason": "请填写单位全称。"}]
    path = f"/office/employer-imports/{checked['id']}"
    refused = await admin.post(f"{path}/completion", {}, 409)
    assert (refused["code"], refused["params"]["errors"][0]["line"]) == ("sheet_errors", 3)
    for _ in range(2):
        done = await admin.post(f"{path}/completion", {"only_good": True})
        assert (done["state"], done["counts"]["add"]) == ("done", 1)
    assert (await admin.get(path))["done_at"] == done["done_at"]
    assert (await admin.get("/office/employers"))["total"] == 1
    assert (await send(admin, template))["counts"] == {"add": 0, "restore": 0, "complete": 0, "same": 1}


async def test_a_file_that_is_no_sheet_is_refused(admin: Person) -> None:
    refused = await send(admin, b"\xd0\xcf\x11\xe0", 422)
    assert (refused["code"], ".xlsx" in refused["detail"]) == ("sheet_unreadable", True)
