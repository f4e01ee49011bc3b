"""``/h5/{pool}/feedback``: a person's threads with the office (投诉与意见反馈): written, written back to, closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp.web as http

from domain.notifications.lifecycles import FeedbackSubject
from services.core.base import Actor
from services.notifications import FEEDBACK_MAX
from web.accounts.person_pages import PersonPages
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE

_THREAD = "这件反馈"
_LIST = "/h5/{pool}/feedback"


@dataclass(frozen=True)
class _Message:
    text: str


@dataclass(frozen=True)
class _Feedback(_Message):
    subject: str


class OwnFeedbackPages(PersonPages):
    """Everybody who is logged in writes here, staff and agencies included."""

    form_name = "feedback"
    on_page = ON_PAGE | {404}

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.holder(request)

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        book = self.services.deps.book(actor.pool)
        return {
            **super().common(actor, request),
            "rules": book.help,
            "hotline": book.pool.hotline,
            "longest": FEEDBACK_MAX,
            "applies": actor.role in ("applicant", "expert"),
        }

    @page(_LIST, "notifications/own_feedback.html")
    async def feedback(self, visit: Visit) -> Mapping[str, object]:
        """``?subject=`` is chosen in advance. First stands what the person can do about the own cases."""
        return {
            "cases": await self.services.workflows.own_cases.list_open(visit.actor),
            "threads": await self.services.notifications.helpdesk_queries.list_own(visit.actor),
            "subjects": [(subject.value, subject.label) for subject in FeedbackSubject],
            "subject": visit.form.value("subject") or visit.query("subject"),
        }

    @feedback.command(_Feedback, note="已收到，谢谢。答复会通知您。")
    async def write(self, visit: Visit, form: _Feedback) -> Redirect:
        helpdesk = self.services.notifications.helpdesk
        receipt = await helpdesk.write(visit.actor, form.text, form.subject, key=visit.key)
        return Redirect(f"{_LIST.format(pool=visit.actor.pool)}/{receipt.thread_id}")

    @page("/h5/{pool}/feedback/{thread_id}", "notifications/own_thread.html")
    async def thread(self, visit: Visit) -> Mapping[str, object]:
        thread_id = visit.id(_THREAD, "thread_id")
        return {"thread": await self.services.notifications.helpdesk_queries.get_own(visit.actor, thread_id)}

    @thread.command(_Message, "write", note="已收到，答复会通知您。")
    async def write_back(self, visit: Visit, form: _Message) -> None:
        helpdesk, thread_id = self.services.notifications.helpdesk, visit.id(_THREAD, "thread_id")
        await helpdesk.write_back(visit.actor, thread_id, form.text, key=visit.key)

    @thread.command(None, "close", note="已办结。有新的问题请另写一件。")
    async def close(self, visit: Visit) -> None:
        await self.services.notifications.helpdesk.close(visit.actor, visit.id(_THREAD, "thread_id"))
