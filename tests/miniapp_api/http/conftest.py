"""A small API over small services on a real server, to test HTTP without a noun of the domain."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pydantic import Field

from domain.errors import Conflict, RuleViolation, TooMany, Unauthenticated
from domain.ids import new_id
from miniapp_api.assembly import create_api
from miniapp_api.http.call import Call, Download
from miniapp_api.http.limits import LocalCounter
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, Output, PageOut, PageQuery, PoolPath
from services.core.base import Actor
from services.registry import Services


class ThingPath(PoolPath):
    thing_id: UUID


class ThingIn(Input):
    name: str = Field(min_length=1, max_length=10)
    at: Moment
    count: int = Field(1, ge=1, le=5)
    tags: tuple[str, ...] = Field((), max_length=3)


class ThingOut(Output):
    name: str
    at: Moment
    count: int


REFUSALS: dict[str, Exception] = {
    "冲突": Conflict("已有同名，请换一个名称。", code="name_taken", field="name"),
    "违规": RuleViolation("最多5个。", rule="things.max", source="手册 L1", field="count"),
    "频繁": TooMany("太频繁，请60秒后再试。", retry_after=60),
    "断线": ConnectionResetError("away"),
    "故障": KeyError("13812345678"),
}
"""Errors that the service raises, by the thing's name."""


def make_things() -> Api:
    api = Api("things", "东西")

    @api.post("/things", "新建", access="session", status=201)
    async def create(call: Call, body: ThingIn) -> ThingOut:
        """Make a thing."""
        things = cast("Things", call.services)
        things.made.append(body.name)
        if body.name in REFUSALS:
            raise REFUSALS[body.name]
        return ThingOut.from_source(body)

    @api.get("/things", "列表", access="session")
    async def list_page(call: Call, query: PageQuery) -> PageOut[ThingOut]:
        return PageOut[ThingOut](items=(), total=0, page=query.page, size=query.size)

    @api.get("/things/{thing_id}", "查看", action="draw.read")
    async def get_thing(call: Call, path: ThingPath) -> ThingOut:
        return ThingOut(name=str(path.thing_id), at=datetime(2026, 11, 21, 1, 30, tzinfo=UTC), count=1)

    @api.delete("/things/{thing_id}", "删除", action="draw.edit")
    async def remove(call: Call, path: ThingPath) -> None: ...

    @api.put("/things/picture", "上传", access="session", content_max=1024)
    async def picture(call: Call, content: bytes) -> ThingOut:
        return ThingOut(name="图", at=datetime(2026, 1, 1, tzinfo=UTC), count=len(content))

    @api.get("/things.csv", "模板", access="public", media_type="text/csv")
    async def template(call: Call) -> Download:
        return Download(b"a,b", "text/csv", "things.csv")

    @api.post("/door", "门", access="public", keyed="no", limits=(2, 60))
    async def door(call: Call) -> None: ...

    return api


@dataclass
class Things:
    """Stands in for ``services.registry.Services``: three tokens, one pool besides another."""

    made: list[str] = field(default_factory=list)
    deps: Any = field(default_factory=lambda: SimpleNamespace(rulebooks={"demo": None, "other": None}))
    session_id: UUID = field(default_factory=new_id)

    @property
    def accounts(self) -> Things:
        return self

    @property
    def sessions(self) -> Things:
        return self

    async def authenticate(self, token: str, *, initial_too: bool = False) -> Actor:
        match token:
            case "guest":
                return Actor("demo", "guest", session_id=self.session_id)
            case "agent":
                return Actor("demo", "agent", new_id(), organisation_id=new_id(), session_id=self.session_id)
            case "expert":
                return Actor("demo", "expert", new_id(), new_id(), session_id=self.session_id)
        raise Unauthenticated("登录已过期，请重新登录。", code="session_expired")


@pytest.fixture
def things() -> Things:
    return Things()


@pytest.fixture
async def client(
    aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]], things: Things
) -> TestClient[Any, Any]:
    app = web.Application()
    app.add_subapp("/api", create_api(cast("Services", things), [make_things()], LocalCounter()))
    return await aiohttp_client(app)
