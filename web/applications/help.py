"""``/h5/{pool}/help``: guide, questions and answers with a search (``?q=``), telephone numbers; open to everyone."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from services.core.base import Actor
from services.understanding import Suggestion, speaker_of
from web.accounts.offers import find_offers
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
        search, logged_in = visit.query("q", 40), actor.account_id is not None
        questions = book.help.find_questions(search)
        return {
            "name": book.pool.name,
            "rules": book.help,
            "search": search,
            "questions": questions,
            "offers": find_offers(book, search, logged_in=logged_in),
            "suggestions": self._suggest(actor, search, {question.answer for question in questions}) if search else (),
            "hotline": book.pool.hotline,
            "regions": await self.services.applications.to_dos.advice(actor.pool),
            "materials": len(await self.services.files.material_queries.list_shown(actor.pool)),
            "applies": actor.role in ("applicant", "expert"),
            "logged_in": logged_in,
        }

    def _suggest(self, actor: Actor, search: str, answered: set[str]) -> list[Suggestion]:
        """What the chat would answer, without what the questions say already."""
        suggestions = self.services.understanding.meanings.suggest(actor.pool, [speaker_of(actor.role)], search)
        return [suggestion for suggestion in suggestions if suggestion.text not in answered]
