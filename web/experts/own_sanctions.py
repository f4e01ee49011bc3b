"""``/h5/{pool}/sanctions``: what the office has imposed on a person (处理记录), and his appeal (申诉)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from services.core.base import Actor
from services.sanctions import TEXT_MAX
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE


@dataclass(frozen=True)
class _Appeal:
    text: str


class OwnSanctionPages(PersonPages):
    form_name = "sanctions"
    on_page = ON_PAGE | {403, 404}

    async def actor(self, request: http.Request) -> Actor:
        """Also who never registered: an imported expert whom the office has removed may appeal."""
        return await self.auth.holder(request)

    @page("/h5/{pool}/sanctions", "experts/sanctions.html")
    async def sanctions(self, visit: Visit) -> Mapping[str, object]:
        book = self.services.deps.book(visit.actor.pool)
        return {
            "sanctions": await self.services.sanctions.queries.own(visit.actor),
            "longest": TEXT_MAX,
            "hotline": book.pool.hotline,
            "in_pool": visit.actor.expert_id is not None,
        }

    @sanctions.command(_Appeal, note="申诉已提交，由未经手这项处理的工作人员答复，结果会通知您。")
    async def appeal(self, visit: Visit, form: _Appeal) -> None:
        await self.services.sanctions.appeals.appeal(visit.actor, visit.row_id("这项处理"), form.text, key=visit.key)
