"""Feedback to the office (意见反馈), and its answers."""

from __future__ import annotations

from dataclasses import dataclass

from services.notifications import ANSWER_MAX
from web.core.pages import Choice, Listed, Visit, Wanted, list_page
from web.office.base import OfficePart

STATES = {"open": "待答复", "answered": "已答复"}


@dataclass(frozen=True)
class _Answer:
    text: str


class FeedbackPages(OfficePart):
    code = "feedback"
    action = "feedback.answer"

    @list_page("/office/feedback", "office/feedback.html", state=Choice(STATES, "open"))
    async def feedback(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.notifications.helpdesk_queries.list_all(
            visit.actor, state=wanted["state"], **wanted.window
        )
        return Listed(listed, {"states": STATES, "longest": ANSWER_MAX})

    @feedback.command(_Answer, note="已答复，并通知了对方。")
    async def answer(self, visit: Visit, form: _Answer) -> None:
        await self.services.notifications.helpdesk.answer(visit.actor, visit.row_id("这条意见"), form.text)
