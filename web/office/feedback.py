"""What people write to the office (投诉, 意见反馈): threads by state and subject, answers, and who has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from domain.notifications.lifecycles import FeedbackState, FeedbackSubject
from services.notifications import ANSWER_MAX
from web.core.pages import Choice, Listed, Visit, Wanted, list_page, page
from web.core.typed_forms import OptionalId, Version
from web.office.base import OfficePart

STATES = {"open": "待答复", "overdue": "超期未答复", "answered": "已答复", "closed": "已办结"}
SUBJECTS = {"": "全部", **{subject.value: subject.label for subject in FeedbackSubject}}
_THREAD = "这件反馈"


@dataclass(frozen=True)
class _Answer:
    """``seen``: the number of messages that were shown."""

    text: str
    seen: Annotated[int, Version()]


@dataclass(frozen=True)
class _Hand:
    to: Annotated[UUID | None, OptionalId("管理员")]


class FeedbackPages(OfficePart):
    code = "feedback"
    action = "feedback.answer"

    @list_page("/office/feedback", "office/feedback.html", state=Choice(STATES, "open"), subject=Choice(SUBJECTS))
    async def feedback(self, visit: Visit, wanted: Wanted) -> Listed:
        listed = await self.services.notifications.helpdesk_queries.list_all(
            visit.actor, wanted["state"], wanted["subject"], **wanted.window
        )
        return Listed(listed, {"states": STATES, "subjects": SUBJECTS})

    @page("/office/feedback/{thread_id}", "office/feedback_thread.html")
    async def thread(self, visit: Visit) -> Mapping[str, object]:
        thread_id = visit.id(_THREAD, "thread_id")
        thread = await self.services.notifications.helpdesk_queries.get(visit.actor, thread_id)
        return {
            "thread": thread,
            "closed": thread.line.state == FeedbackState.CLOSED,
            "longest": ANSWER_MAX,
        }

    @thread.command(_Answer, "answer", note="已答复，并通知了对方。")
    async def answer(self, visit: Visit, form: _Answer) -> None:
        helpdesk, thread_id = self.services.notifications.helpdesk_office, visit.id(_THREAD, "thread_id")
        await helpdesk.answer(visit.actor, thread_id, form.text, form.seen)

    @thread.command(_Hand, "hand", note="已记下由谁办理。")
    async def hand(self, visit: Visit, form: _Hand) -> None:
        helpdesk, thread_id = self.services.notifications.helpdesk_office, visit.id(_THREAD, "thread_id")
        await helpdesk.hand(visit.actor, thread_id, form.to)
