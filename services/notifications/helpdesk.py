"""Threads with the office (投诉, 意见反馈), the person's side: writing, writing back, closing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import InvalidInput, RuleViolation
from domain.faults import Faults
from domain.notifications.lifecycles import FEEDBACK, FeedbackEvent, FeedbackState, FeedbackSubject
from models.helpdesk import Feedback, FeedbackMessage
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.limits import check_recent
from services.core.short_texts import check_text
from services.notifications.helpdesk_queries import account_of, unknown_thread

FEEDBACK_MAX = 500
_SHORTEST = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class FeedbackReceipt:
    """What was written. ``number`` names the thread; the office answers within ``days`` working days, at the latest at
    ``due_at``."""

    thread_id: UUID
    number: int
    days: int
    due_at: datetime


@dataclass(frozen=True)
class HelpDesk:
    deps: Deps

    def check_open(self, pool: str) -> None:
        """Raises RuleViolation where the pool takes no feedback."""
        rules = self.deps.book(pool).help
        if not rules.feedback:
            raise RuleViolation(
                f"本专家库暂未开通意见反馈，请拨打{rules.hotlines[0]}。",
                rule="help.feedback",
                source=self.deps.book(pool).source("help.feedback"),
            )

    async def write(
        self, actor: Actor, text: str, subject: str = FeedbackSubject.ADVICE, *, key: str | None = None
    ) -> FeedbackReceipt:
        """Begin a thread. Raises InvalidInput, with all faults, for an unknown subject and for an empty or too long
        text, TooMany beyond the day's limit."""
        account_id = account_of(actor)
        self.check_open(actor.pool)
        faults = Faults()
        about = faults.check(_check_subject, subject)
        message = faults.check(check_message, text)
        faults.raise_any()
        now = self.deps.now()

        async def run() -> FeedbackReceipt:
            await self._check_number(actor, account_id, now)
            [serial] = await rows("SELECT nextval('feedback_number') AS n")
            thread = await Feedback.create(
                pool=actor.pool,
                number=serial["n"],
                account_id=account_id,
                subject=about,
                created_at=now,
                due_at=self._due_at(actor.pool, now),
            )
            await self._add(actor, thread, message, now)
            return self._receipt(thread, now)

        return await once(
            owner=f"feedback:{account_id}",
            key=key,
            deps=self.deps,
            answer=FeedbackReceipt,
            run=run,
            request=f"{about} {message}",
        )

    async def write_back(self, actor: Actor, thread_id: UUID, text: str, *, key: str | None = None) -> FeedbackReceipt:
        """Add to an own thread, which then waits for an answer. Raises as ``write``, NotFound for another person's,
        Conflict for a closed one."""
        account_id = account_of(actor)
        message, now = check_message(text), self.deps.now()

        async def run() -> FeedbackReceipt:
            thread = await self._lock_own(actor, thread_id)
            await self._check_number(actor, account_id, now)
            move_thread(thread, FeedbackEvent.WRITE)
            # a second message doesn't put off the answer to the first
            thread.due_at, thread.closes_at = thread.due_at or self._due_at(actor.pool, now), None
            await thread.save(update_fields=["state", "due_at", "closes_at"])
            await self._add(actor, thread, message, now)
            return self._receipt(thread, now)

        return await once(
            owner=f"feedback:{account_id}",
            key=key,
            deps=self.deps,
            answer=FeedbackReceipt,
            run=run,
            request=f"{thread_id} {message}",
        )

    async def close(self, actor: Actor, thread_id: UUID) -> int:
        """The person has no more to say; returns the thread's number. A repetition is harmless.

        Raises NotFound for another person's.
        """
        now = self.deps.now()
        async with transaction():
            thread = await self._lock_own(actor, thread_id)
            if thread.state != FeedbackState.CLOSED:
                await close_thread(actor, thread, FeedbackEvent.CLOSE, "person", now)
        return int(thread.number)

    async def _lock_own(self, actor: Actor, thread_id: UUID) -> Feedback:
        own = Feedback.filter(id=thread_id, pool=actor.pool, account_id=account_of(actor)).select_for_update()
        thread = await own.first()
        if thread is None:
            raise unknown_thread()
        return thread

    async def _check_number(self, actor: Actor, account_id: UUID, now: datetime) -> None:
        most = self.deps.book(actor.pool).help.feedback_per_day
        await check_recent(
            "feedback.write", account_id, limit=most, period=_DAY, now=now, message=f"一天最多提交{most}条意见"
        )

    async def _add(self, actor: Actor, thread: Feedback, message: str, now: datetime) -> None:
        await FeedbackMessage.create(feedback_id=thread.id, at=now, text_sealed=self.deps.keys.seal(message, TEXT))
        await record(actor, now, "feedback.write", "account", thread.account_id, feedback=str(thread.id))

    def _due_at(self, pool: str, now: datetime) -> datetime:
        book = self.deps.book(pool)
        return book.calendar.working_days_after(now, book.help.feedback_answer_days)

    def _receipt(self, thread: Feedback, now: datetime) -> FeedbackReceipt:
        days = self.deps.book(thread.pool).help.feedback_answer_days
        return FeedbackReceipt(thread.id, thread.number, days, thread.due_at or now)


def move_thread(thread: Feedback, event: FeedbackEvent) -> None:
    """Raises Conflict when the state doesn't permit it."""
    thread.state = FEEDBACK.next(FeedbackState(thread.state), event)


async def close_thread(actor: Actor, thread: Feedback, event: FeedbackEvent, by: str, now: datetime) -> None:
    """``by``: person or time."""
    move_thread(thread, event)
    thread.due_at = thread.closes_at = None
    thread.closed_at, thread.closed_by = now, by
    await thread.save(update_fields=["state", "due_at", "closes_at", "closed_at", "closed_by"])
    await record(actor, now, "feedback.close", "feedback", thread.id, by=by)


def check_message(text: str) -> str:
    """Line breaks stay; each line is checked like any short text. Raises InvalidInput."""
    message = text.strip().replace("\r\n", "\n")
    if not _SHORTEST <= len(message) <= FEEDBACK_MAX:
        raise InvalidInput(
            f"请用{_SHORTEST}至{FEEDBACK_MAX}个字说明您的意见或问题。", code="feedback_length", field="text"
        )
    return "\n".join(check_text(line, "text", "内容", FEEDBACK_MAX) for line in message.splitlines())


def _check_subject(subject: str) -> FeedbackSubject:
    if subject not in set(FeedbackSubject):
        raise InvalidInput("请选择反映哪方面的事。", code="no_choice", field="subject")
    return FeedbackSubject(subject)
