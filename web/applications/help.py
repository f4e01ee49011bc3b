"""``/h5/{pool}/help``: guide, questions and answers, open to everyone; feedback to the office when logged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from services.core.base import Actor
from services.notifications import FEEDBACK_MAX
from web.accounts.person_pages import PersonPages
from web.core.pages import Redirect, Visit, page


@dataclass(frozen=True)
class _Feedback:
    text: str


class HelpPages(PersonPages):
    form_name = "feedback"

    async def actor(self, request: http.Request) -> Actor:
        """A guest reads; to write, one logs in first."""
        if request.method == "POST":
            return await self.auth.holder(request)
        pool = self.auth.check_pool(request.match_info["pool"])
        return await self.auth.find_holder(request) or Actor(pool, "guest")

    @page("/h5/{pool}/help", "applications/help.html")
    async def guide(self, visit: Visit) -> Mapping[str, object]:
        actor, book = visit.actor, self.services.deps.book(visit.actor.pool)
        is_guest = actor.account_id is None
        return {
            "name": book.pool.name,
            "rules": book.help,
            "regions": await self.services.applications.to_dos.advice(actor.pool),
            "materials": len(await self.services.files.material_queries.list_shown(actor.pool)),
            "typed": visit.form.value("text"),
            "longest": FEEDBACK_MAX,
            "applies": actor.role in ("applicant", "expert"),
            "form": "" if is_guest else self.auth.form(actor, self.form_name),
            "written": () if is_guest else await self.services.notifications.helpdesk_queries.list_own(actor),
        }

    @guide.command(_Feedback, note="已收到，谢谢。答复会通知您。")
    async def write(self, visit: Visit, form: _Feedback) -> Redirect:
        await self.services.notifications.helpdesk.write(visit.actor, form.text)
        return Redirect(f"/h5/{visit.actor.pool}/help#feedback")
