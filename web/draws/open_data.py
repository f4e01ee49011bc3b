"""``/open-data``: data of finished draws for anyone, as JSON, with its description; no names of persons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_type_hints

import aiohttp.web as http
from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from domain.clock import local
from domain.errors import AppError, NotFound, TooMany
from services.registry import Services
from services.statistics import OpenCondition, OpenDraw, OpenMonth
from web.core.site import Site

_MONTHS = 12
_RATE = ("open_data", 60, 60)
"""Requests per address and minute."""
_MONTH = TypeAdapter(OpenMonth)
_FOR_ALL = {"Access-Control-Allow-Origin": "*"}


@dataclass(frozen=True)
class FieldLine:
    """A field of the data, as its page describes it."""

    name: str
    text: str
    example: str


class OpenDataPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._data = services.statistics.open_data
        self._deps = services.deps

    def add_routes(self) -> None:
        self._site.get("/open-data", self.pools)
        self._site.get("/open-data/{pool}", self.describe)
        self._site.get("/open-data/{pool}/draws/{month}.json", self.draws)

    async def pools(self, _request: http.Request) -> http.Response:
        return self._site.render("draws/open_data_pools.html", pools=[b.pool for b in self._deps.rulebooks.values()])

    async def describe(self, request: http.Request) -> http.Response:
        """What the data are, with links to those of the past months."""
        book = self._deps.rulebooks.get(request.match_info["pool"])
        if book is None:
            raise NotFound("没有这个专家库，请核对地址。", code="pool_unknown")
        return self._site.render(
            "draws/open_data.html",
            pool=book.pool,
            months=list(self._months()),
            draw_fields=field_lines(OpenDraw),
            condition_fields=field_lines(OpenCondition),
            public_url=self._deps.public_url,
        )

    async def draws(self, request: http.Request) -> http.Response:
        """Draws that ended in this month; ``?after=`` is the number from which the next page begins. Programs read it:
        a refusal is JSON, too (RFC 9457)."""
        named, after = request.match_info, request.query.get("after", "")
        try:
            await self._site.check_rate(request, *_RATE)
            month = await self._data.month(named["pool"], named["month"], after)
        except AppError as refusal:
            wait = {"Retry-After": str(refusal.retry_after)} if isinstance(refusal, TooMany) else {}
            return http.json_response(
                {"code": refusal.code, "status": refusal.status, "detail": refusal.message},
                status=refusal.status,
                content_type="application/problem+json",
                headers={**_FOR_ALL, **wait},
            )
        return http.Response(body=_MONTH.dump_json(month), content_type="application/json", headers=_FOR_ALL)

    def _months(self) -> Iterator[str]:
        at = local(self._deps.now()).replace(day=1)
        for _ in range(_MONTHS):
            yield f"{at:%Y-%m}"
            at = (at - timedelta(days=1)).replace(day=1)


def field_lines(shape: type) -> list[FieldLine]:
    """The described fields of a dataclass."""
    return [_line(name, hint.__metadata__[0]) for name, hint in get_type_hints(shape, include_extras=True).items()]


def _line(name: str, described: FieldInfo) -> FieldLine:
    examples: list[Any] = described.examples or [""]
    return FieldLine(name, described.description or "", str(examples[0]))
