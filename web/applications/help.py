"""``/h5/{pool}/help``: guide, questions and answers with a search (``?q=``), telephone numbers; open to everyone."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from services.core.base import Actor
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page


class HelpPages(PersonPages):
    form_name = "help"

    async def actor(self, request: http.Request) -> Actor:
        pool = self.auth.check_pool(request.match_info["pool"])
        return await self.auth.find_holder(request) or Actor(pool, "guest")

    @page("/h5/{pool}/help", "applications/help.html")
    async def guide(self, visit: Visit) -> Mapping[str, object]:
        actor, book = visit.actor, self.services.deps.book(visit.actor.pool)
        search = visit.query("q", 40)
        return {
            "name": book.pool.name,
            "rules": book.help,
            "search": search,
            "questions": book.help.find_questions(search),
            "hotline": book.pool.hotline,
            "regions": await self.services.applications.to_dos.advice(actor.pool),
            "materials": len(await self.services.files.material_queries.list_shown(actor.pool)),
            "applies": actor.role in ("applicant", "expert"),
            "logged_in": actor.account_id is not None,
        }
