"""``/h5/{pool}/notice``: persons about to enter the pool, public; objections under one's verified name."""

from __future__ import annotations

from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, NotFound
from services.core.base import Actor
from services.entry import TEXT_MAX, PublicEntry
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site, page_number

PAGE_SIZE = 50
_NOBODY = UUID(int=0)
_ON_PAGE = ON_PAGE | {403}


class PublicNoticePages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/notice", self.listing)
        self._site.get("/h5/{pool}/notice/objections", self.own)
        self._site.get("/h5/{pool}/notice/{application_id}", self.entry)
        self._site.post("/h5/{pool}/notice/{application_id}", self.object)

    async def listing(self, request: http.Request) -> http.Response:
        pool = self._pool(request)
        page, search = page_number(request), request.query.get("q", "").strip()[:50]
        notices = self._services.entry.public_notices
        found = await notices.page(pool, search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._site.render(
            "entry/public_notices.html",
            pool=pool,
            pool_name=self._services.deps.book(pool).pool.name,
            entries=found.items,
            total=found.total,
            page=page,
            last=max(1, -(-found.total // PAGE_SIZE)),
            search=search,
            how=notices.rules(pool).text,
        )

    async def entry(self, request: http.Request) -> http.Response:
        """One entry with the form for an objection, to a logged-in reader."""
        actor, entry = await self._who(request)
        return self._entry_page(actor, entry)

    def _entry_page(
        self, actor: Actor, entry: PublicEntry, error: AppError | None = None, text: str = ""
    ) -> http.Response:
        rules = self._services.entry.public_notices.rules(actor.pool)
        return self._site.render(
            "entry/public_notice.html",
            status=error.status if error else 200,
            pool=actor.pool,
            entry=entry,
            text=text,
            error=error.message if error else "",
            shortest=rules.objection_min,
            longest=TEXT_MAX,
            how=rules.text,
            form=self._site.form_token("objection", entry.id, actor.account_id or _NOBODY),
        )

    async def object(self, request: http.Request) -> http.Response:
        actor, entry = await self._who(request)
        fields = await self._site.read_form(request, "objection", entry.id, actor.account_id or _NOBODY)
        text = fields.get("text", "")
        try:
            # the form's own token is the idempotency key: pressing twice is one objection
            await self._services.entry.objections.raise_one(actor, entry.id, text, key=fields["form"][:120])
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._entry_page(actor, entry, error, text[: 2 * TEXT_MAX])
        raise http.HTTPSeeOther(f"/h5/{actor.pool}/notice/objections")

    async def own(self, request: http.Request) -> http.Response:
        actor = await self._auth.person(request)
        found = await self._services.entry.objection_queries.own(actor)
        return self._site.render("entry/objections.html", pool=actor.pool, objections=found)

    async def _who(self, request: http.Request) -> tuple[Actor, PublicEntry]:
        try:
            application_id = UUID(request.match_info["application_id"])
        except ValueError as error:
            raise NotFound("没有这条公示，请查看公示列表。") from error
        actor = await self._auth.person(request)
        return actor, await self._services.entry.public_notices.get(actor.pool, application_id)

    def _pool(self, request: http.Request) -> str:
        pool = request.match_info["pool"]
        if pool not in self._services.deps.rulebooks:
            raise NotFound("没有这个专家库，请使用最新一条通知中的链接。")
        return pool
