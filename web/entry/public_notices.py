"""``/h5/{pool}/notice``: persons about to enter the pool, public; objections under one's verified name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.entry import TEXT_MAX, PublicEntry
from web.accounts.person_pages import PersonPages
from web.core.form_values import last_page
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE, page_number

PAGE_SIZE = 50


@dataclass(frozen=True)
class _Objection:
    text: str


class PublicNoticePages(PersonPages):
    form_name = "objection"
    on_page = ON_PAGE | {403}

    def add_routes(self) -> None:
        self.site.get("/h5/{pool}/notice", self.listing)
        super().add_routes()

    async def listing(self, request: http.Request) -> http.Response:
        """Open to everyone."""
        pool = self._pool(request)
        page, search = page_number(request), request.query.get("q", "").strip()[:50]
        notices = self.services.entry.public_notices
        entries = await notices.page(pool, search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self.site.render(
            "entry/public_notices.html",
            pool=pool,
            pool_name=self.services.deps.book(pool).pool.name,
            entries=entries.items,
            total=entries.total,
            page=page,
            last=last_page(entries.total, PAGE_SIZE),
            search=search,
            how=notices.rules(pool).text,
        )

    @page("/h5/{pool}/notice/objections", "entry/objections.html")
    async def own(self, visit: Visit) -> Mapping[str, object]:
        return {"objections": await self.services.entry.objection_queries.list_own(visit.actor)}

    @page("/h5/{pool}/notice/{application_id}", "entry/public_notice.html")
    async def entry(self, visit: Visit) -> Mapping[str, object]:
        """One entry with the form for an objection, to a logged-in reader."""
        rules = self.services.entry.public_notices.rules(visit.actor.pool)
        return {
            "entry": await self._entry(visit),
            "text": visit.form.value("text")[: 2 * TEXT_MAX],
            "shortest": rules.objection_min,
            "longest": TEXT_MAX,
            "how": rules.text,
        }

    @entry.command(_Objection)
    async def object(self, visit: Visit, form: _Objection) -> Redirect:
        entry = await self._entry(visit)
        await self.services.entry.objections.raise_objection(visit.actor, entry.id, form.text, key=visit.key)
        return Redirect(f"/h5/{visit.actor.pool}/notice/objections")

    async def _entry(self, visit: Visit) -> PublicEntry:
        try:
            application_id = UUID(visit.request.match_info["application_id"])
        except ValueError as error:
            raise NotFound("没有这条公示，请查看公示列表。") from error
        return await self.services.entry.public_notices.get(visit.actor.pool, application_id)

    def _pool(self, request: http.Request) -> str:
        pool = request.match_info["pool"]
        if pool not in self.services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        return pool
