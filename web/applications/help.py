"""``/h5/{pool}/help``: guide, questions and answers, open to everyone; feedback to the office when logged in."""

from __future__ import annotations

import aiohttp.web as http

from domain.errors import AppError
from services.core.base import Actor
from services.notifications import FEEDBACK_MAX
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site

_FORM = "feedback"
_THANKS = "已收到，谢谢。答复会通知您。"


class HelpPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/help", self.help)
        self._site.post("/h5/{pool}/help", self.write)

    async def help(self, request: http.Request) -> http.Response:
        pool = self._auth.check_pool(request.match_info["pool"])
        note = _THANKS if request.query.get("note") == "thanks" else ""
        return await self._page(pool, await self._auth.find_holder(request), note)

    async def _page(
        self, pool: str, actor: Actor | None, note: str = "", error: AppError | None = None, typed: str = ""
    ) -> http.Response:
        book = self._services.deps.book(pool)
        return self._site.render(
            "applications/help.html",
            status=error.status if error else 200,
            pool=pool,
            name=book.pool.name,
            rules=book.help,
            materials=len(await self._services.files.material_queries.list_shown(pool)),
            note=note,
            error=error.message if error else "",
            typed=typed,
            longest=FEEDBACK_MAX,
            applies=actor is not None and actor.role in ("applicant", "expert"),
            form=self._auth.form(actor, _FORM) if actor else "",
            written=await self._services.notifications.helpdesk_queries.list_own(actor) if actor else (),
        )

    async def write(self, request: http.Request) -> http.Response:
        actor = await self._auth.holder(request)
        text = (await self._auth.fields(request, actor, _FORM)).get("text", "")
        try:
            await self._services.notifications.helpdesk.write(actor, text)
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._page(actor.pool, actor, error=error, typed=text)
        raise http.HTTPSeeOther(f"/h5/{actor.pool}/help?note=thanks#feedback")
