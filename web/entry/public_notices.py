"""``/h5/{pool}/notice``: persons about to enter the pool, public, each with a page of its own; objections under one's
verified name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound
from services.entry import TEXT_MAX, PublicEntry
from web.accounts.login import COOKIE
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
        self.site.get("/h5/{pool}/notice/{application_id}", self.entry)

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
            home=_home(request),
        )

    async def entry(self, request: http.Request) -> http.Response:
        """One entry, open to everyone."""
        pool = self._pool(request)
        return self.site.render(
            "entry/public_notice.html",
            pool=pool,
            entry=await self._find_entry(request, pool),
            how=self.services.entry.public_notices.rules(pool).text,
            logged_in=COOKIE in request.cookies,
        )

    @page("/h5/{pool}/notice/objections", "entry/objections.html")
    async def own(self, visit: Visit) -> Mapping[str, object]:
        return {"objections": await self.services.entry.objection_queries.list_own(visit.actor)}

    @page("/h5/{pool}/notice/{application_id}/objection", "entry/objection.html")
    async def objection(self, visit: Visit) -> Mapping[str, object]:
        """The form for an objection to one entry."""
        rules = self.services.entry.public_notices.rules(visit.actor.pool)
        return {
            "entry": await self._find_entry(visit.request, visit.actor.pool),
            "text": visit.form.value("text")[: 2 * TEXT_MAX],
            "shortest": rules.objection_min,
            "longest": TEXT_MAX,
        }

    @objection.command(_Objection)
    async def object(self, visit: Visit, form: _Objection) -> Redirect:
        entry = await self._find_entry(visit.request, visit.actor.pool)
        await self.services.entry.objections.raise_objection(visit.actor, entry.id, form.text, key=visit.key)
        return Redirect(f"/h5/{visit.actor.pool}/notice/objections")

    async def _find_entry(self, request: http.Request, pool: str) -> PublicEntry:
        try:
            application_id = UUID(request.match_info["application_id"])
        except ValueError as error:
            raise NotFound("没有这条公示，请查看公示列表。") from error
        return await self.services.entry.public_notices.get(pool, application_id)

    def _pool(self, request: http.Request) -> str:
        pool = request.match_info["pool"]
        if pool not in self.services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        return pool


def _home(request: http.Request) -> str:
    """The first page of a visitor: the own one with a log-in, else the pool's."""
    return "/" if COOKIE in request.cookies else f"/h5/{request.match_info['pool']}"
