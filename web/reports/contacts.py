"""``/h5/{pool}/contacts``: an expert says whether anybody contacted him about an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.core.base import Actor
from services.core.permissions import check
from services.reports import QUESTION
from web.accounts.person_pages import PersonPages
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE


@dataclass(frozen=True)
class _Answer:
    answer: str


class ContactQuestionPages(PersonPages):
    form_name = "contacts"
    on_page = ON_PAGE | {404}

    @page("/h5/{pool}/contacts", "reports/contacts.html")
    async def contacts(self, visit: Visit) -> Mapping[str, object]:
        actor: Actor = visit.actor
        check(actor, "expert.self.answer")
        return {"questions": await self.services.reports.contact_questions.list_own(actor), "question": QUESTION}

    @contacts.command(
        _Answer,
        note={
            "none": "谢谢，已记下。",
            "some": "谢谢，已记下。请写一写是怎么回事：点“我要反映”，可以匿名。",
        },
    )
    async def answer(self, visit: Visit, form: _Answer) -> Redirect:
        invitation_id = visit.row_id("这场评标")
        given = await self.services.reports.contact_questions.answer(visit.actor, invitation_id, form.answer)
        return Redirect(note=given)
