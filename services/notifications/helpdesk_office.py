"""Threads with the office (投诉, 意见反馈), its side: answering, handing to a colleague; and their end by time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.clock import print_full
from domain.errors import Conflict, InvalidInput
from domain.notifications.lifecycles import FeedbackEvent, FeedbackState, FeedbackSubject
from models.accounts import Account
from models.helpdesk import Feedback, FeedbackMessage
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.limits import check_repeats
from services.core.permissions import check
from services.core.short_texts import check_text
from services.notifications.helpdesk import close_thread, move_thread
from services.notifications.helpdesk_queries import FeedbackThread, HelpDeskQueries, account_of, unknown_thread
from services.notifications.notices import Notices

ANSWER_MAX = 300
_KIND = "feedback_close"
CLOSING = "EXISTS (SELECT 1 FROM feedback WHERE state = 'answered' AND closes_at <= $1)"
_DUE = (
    "SELECT id FROM feedback WHERE state = 'answered' AND closes_at <= $1 "
    f"AND {not_paused(_KIND, 'id')} ORDER BY closes_at LIMIT $2"
)


@dataclass(frozen=True)
class HelpDeskOffice:
    deps: Deps
    notices: Notices
    queries: HelpDeskQueries

    async def answer(self, actor: Actor, thread_id: UUID, text: str, seen: int) -> None:
        """Answer, and tell the person. ``seen``: how many messages the writer of the answer has read. The same answer
        sent again is harmless.

        Raises NotFound, InvalidInput, Forbidden for who is named in the complaint, Conflict for the own thread, a
        closed one, and one with a message that was not seen.
        """
        check(actor, "feedback.answer")
        answer, office_id = _check_answer(text), account_of(actor)
        now = self.deps.now()
        async with transaction():
            thread = await self._lock(actor, thread_id)
            view = await self.queries.get(actor, thread_id)
            newest = await FeedbackMessage.filter(feedback_id=thread.id).order_by("-at", "-id").first()
            if newest is not None and newest.office_id == office_id and newest.text == answer:
                return
            self._check_answerable(actor, thread, view, seen)
            move_thread(thread, FeedbackEvent.ANSWER)
            thread.due_at, thread.holder_id = None, office_id
            thread.closes_at = now + self.deps.book(thread.pool).help.feedback_closes_after
            await thread.save(update_fields=["state", "due_at", "closes_at", "holder_id"])
            message = await FeedbackMessage.create(feedback_id=thread.id, at=now, office_id=office_id, text=answer)
            await record(actor, now, "feedback.answer", "feedback", thread.id)
            await self.notices.notify(
                pool=thread.pool,
                kind="feedback_answered",
                dedupe_key=f"feedback:{message.id}",
                params={
                    "at": print_full(thread.created_at),
                    "number": str(thread.number),
                    "reason": answer,
                    "thread": str(thread.id),
                },
                account_id=thread.account_id,
            )

    async def hand(self, actor: Actor, thread_id: UUID, to: UUID | None) -> None:
        """Say who has the thread: a colleague, who is told, or the actor. All administrators may answer it all the
        same, so that nothing waits for one person. A repetition is harmless.

        Raises NotFound, InvalidInput for anybody who may not answer it, Conflict for a closed one.
        """
        check(actor, "feedback.answer")
        now = self.deps.now()
        async with transaction():
            thread = await self._lock(actor, thread_id)
            view = await self.queries.get(actor, thread_id)
            if thread.state == FeedbackState.CLOSED:
                raise Conflict("这件反馈已办结，不用转交。", code="feedback_closed")
            if to is None or to not in {colleague.account_id for colleague in view.colleagues}:
                raise InvalidInput("请选择由哪位管理员办理。", code="no_choice", field="to")
            if thread.holder_id == to:
                return
            await check_repeats("feedback", thread.id, ("feedback.hand",), now)
            thread.holder_id = to
            await thread.save(update_fields=["holder_id"])
            await record(actor, now, "feedback.hand", "feedback", thread.id, to=str(to))
            if to != actor.account_id:
                await self._tell_colleague(actor, thread, to)

    async def close_silent(self, limit: int = 100) -> int:
        """Close the answered threads whose person has written nothing more in time; returns how many."""
        due = await rows(_DUE, self.deps.now(), limit)
        return await process_each(_KIND, [row["id"] for row in due], self._close_silent)

    async def _close_silent(self, thread_id: UUID) -> None:
        async with transaction():
            thread, now = await Feedback.select_for_update().get(id=thread_id), self.deps.now()
            if thread.closes_at is not None and thread.closes_at <= now:
                await close_thread(system(thread.pool), thread, FeedbackEvent.LAPSE, "time", now)

    async def _lock(self, actor: Actor, thread_id: UUID) -> Feedback:
        thread = await Feedback.select_for_update().get_or_none(id=thread_id, pool=actor.pool)
        if thread is None:
            raise unknown_thread()
        return thread

    def _check_answerable(self, actor: Actor, thread: Feedback, view: FeedbackThread, seen: int) -> None:
        if thread.account_id == actor.account_id:
            raise Conflict("不能答复自己写的反馈，请由其他管理员答复。", code="own_feedback")
        if len(view.messages) != seen:
            raise Conflict("这件反馈刚有新的内容，请看过后再答复。", code="feedback_changed")

    async def _tell_colleague(self, actor: Actor, thread: Feedback, to: UUID) -> None:
        giver = await Account.get(id=account_of(actor))
        what = "反馈" if thread.subject == FeedbackSubject.ADVICE else "投诉"
        await self.notices.notify(
            pool=thread.pool,
            kind="feedback_handed",
            dedupe_key=f"feedback_handed:{thread.id}:{to}:{self.deps.now().isoformat()}",
            params={
                "number": str(thread.number),
                "what": f"{giver.real_name}请您答复一件{what}",
                "thread": str(thread.id),
            },
            account_id=to,
        )


def _check_answer(text: str) -> str:
    answer = "\n".join(check_text(line, "text", "答复", ANSWER_MAX) for line in text.strip().splitlines())
    if not 2 <= len(answer) <= ANSWER_MAX:
        raise InvalidInput(f"请填写2至{ANSWER_MAX}个字的答复。", code="answer_length", field="text")
    return answer
