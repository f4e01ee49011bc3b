"""A stranger's client against the running service: from the key to a verified draw, and the events that arrive."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from app.players.people import CAST
from app.players.verifier import Verifier
from app.preparations import bring_demo_people
from domain.clock import local
from tests.contracts import platform_client
from tests.contracts.platform_client import PlatformClient
from tests.drivers.in_process import SettlingStage, Stores, stage_in_process
from tests.factories.files import jpeg

KEY = "example-"


def test_the_client_knows_nothing_of_the_product() -> None:
    tree = ast.parse(Path(platform_client.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "aiohttp"}


@pytest_asyncio.fixture
async def stage(database: str, redis: str, tmp_path: Path) -> AsyncIterator[SettlingStage]:
    async with stage_in_process(Stores(database, redis), tmp_path, prepare=[bring_demo_people]) as running:
        yield running


async def test_from_the_key_to_a_verified_draw(stage: SettlingStage) -> None:
    http = stage.http_client.http
    service, sandbox = stage.http_client.service_url, stage.http_client.sandbox_url
    async with http.get(f"{sandbox}/platform/state") as response:
        shown = await response.json()
    async with http.get(f"{service}/integration") as response:
        guide = await response.text()
    base = re.findall(r"BASE=(\S+)", guide)[0]
    client = PlatformClient(http, base, shown["client_id"], shown["secret"])

    assert (await client.log_in())["scope"] == "draws projects results"
    assert (await client.get("/client"))[0] == 200
    choices = (await client.get("/choices"))[1]
    supervisor = (await client.get("/supervisors"))[1]["items"][0]["id"]
    region = (await client.get("/catalogues/region?parent=440100"))[1]["items"][0]["code"]
    status, project = await client.post("/projects", _project(choices, region), f"{KEY}project")
    assert (status, [lot["name"] for lot in project["lots"]]) == (201, ["一标段", "二标段"])
    again = await client.post("/projects", _project(choices, region), f"{KEY}project")
    assert (again[1]["id"], client.replayed[-1]) == (project["id"], True)

    start = local(await stage.now()) + timedelta(days=3)
    body = _draw(choices, project, supervisor, start.strftime("%Y-%m-%d"))
    status, refused = await client.post("/draws", body | {"name": "", "conditions": []}, f"{KEY}wrong")
    assert (status, [fault["field"] for fault in refused["errors"]]) == (422, ["name", "conditions"])
    status, draw = await client.post("/draws", body, f"{KEY}draw")
    assert (status, draw.get("errors")) == (201, None)
    path = f"/draws/{draw['id']}"
    assert (await client.upload(f"{path}/attachment?filename=a.jpg", jpeg(800, 600)))[0] == 204
    submission = {"terminal": choices["terminals"][0], "reason": "请核验"}
    assert (await client.post(f"{path}/submission", submission, f"{KEY}submit"))[0] == 201
    assert (await client.get(path))[1]["state"] == "submitted"
    for part in ("result", "attendance", "record"):
        assert (await client.get(f"{path}/{part}"))[0] == 422

    person = next(person for person in CAST if person.role == "verifier")
    verifier = Verifier.with_phone(stage.phone(person.mobile, "demo"))
    await verifier.open_application(body["name"])
    await verifier.approve("材料齐全")
    await stage.advance(2)

    async with http.get(f"{sandbox}/platform/state") as response:
        events = (await response.json())["events"]
    assert {event["genuine"] for event in events} == {True}
    arrived = [event["content"]["data"] for event in reversed(events)]
    assert [(event["number"], event["state"]) for event in arrived] == [
        (draw["number"], "submitted"),
        (draw["number"], "verified"),
    ]
    listed = (await client.get("/events"))[1]["items"]
    assert [event["id"] for event in listed] == [event["content"]["id"] for event in reversed(events)]
    assert (await client.get(f"/events?after={listed[0]['id']}"))[1]["items"] == listed[1:]


async def test_an_event_that_is_refused_arrives_again(stage: SettlingStage) -> None:
    http, sandbox = stage.http_client.http, stage.http_client.sandbox_url
    async with http.get(f"{sandbox}/platform/state") as response:
        shown = await response.json()
    forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    async with http.post(f"{sandbox}/platform/events", data=b"{}", headers=forged) as response:
        assert response.status == 401
    call = {"method": "GET", "path": "/client"}
    async with http.post(f"{sandbox}/platform/call", json=call) as response:
        answer: dict[str, Any] = await response.json()
    assert (answer["status"], shown["client_id"] in answer["body"]) == (200, True)


def _project(choices: dict[str, Any], region: str) -> dict[str, Any]:
    return {
        "name": "示例道路改造工程",
        "number": "E4401000001202611211",
        "category": choices["categories"][1],
        "region": region,
        "funding_source": choices["funding_sources"][0],
        "tender_method": choices["tender_methods"][0],
        "organisation_form": choices["organisation_forms"][0],
        "tenderee_category": choices["tenderee_categories"][0],
        "investment": 150000000,
        "tenderee_name": "示例水务建设有限公司",
        "tenderee_code": "91440101MA5000002T",
        "contact": "张三",
        "contact_phone": "18080808080",
        "agency_name": "示例招标代理有限公司",
        "agency_code": "91440101MA5000001P",
        "on_site": True,
        "lots": [{"name": "一标段", "number": "01"}, {"name": "二标段", "number": "02"}],
    }


def _draw(choices: dict[str, Any], project: dict[str, Any], supervisor: str, day: str) -> dict[str, Any]:
    venue = choices["venues"][0]
    return {
        "project_id": project["id"],
        "lots": [project["lots"][0]["id"]],
        "name": "示例道路改造工程(一标段)",
        "medium": "招标投标监管网",
        "opening_at": f"{day}T09:00:00+08:00",
        "opening_place": "第一开标室",
        "needed": 3,
        "starts_at": f"{day}T11:45:00+08:00",
        "ends_at": f"{day}T14:45:00+08:00",
        "on_site": True,
        "operator_name": "周代理",
        "operator_phone": "19900000001",
        "operator_id_number": "11010519491231002X",
        "supervisors": [supervisor],
        "units": [
            {
                "name": "某某工程有限公司",
                "reason": "投标人",
                "evidence": "投标文件或报名记录",
            }
        ],
        "notices": [
            {
                "venue": venue["name"],
                "address": venue["address"],
                "room": "3号评标室",
                "gathering_at": f"{day}T11:00:00+08:00",
                "contact": "陈场地",
                "contact_phone": "020-28866000",
                "remark": "请携带身份证原件。",
            }
        ],
        "conditions": [
            {"notice": 1, "region_mode": "permanent", "regions": ["440100"], "specialty": "A08", "planned": 3}
        ],
    }
