"""Help: messages that people write to the office, and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.clock import print_full
from domain.errors import Conflict, InvalidInput, NotFound, RuleViolation
from models.helpdesk import Feedback
from services.core.base import Actor, Deps, record, transaction
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.limits import check_recent
from services.core.permissions import check
from services.notifications.helpdesk_queries import FeedbackView, HelpDeskQueries, account_of
from services.notifications.notices import Notices

FEEDBACK_MAX = 500
ANSWER_MAX = 300
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class HelpDesk:
    deps: Deps
    notices: Notices
    queries: HelpDeskQueries

    def check_open(self, pool: str) -> None:
        """Raises RuleViolation where the pool takes no feedback."""
        rules = self.deps.book(pool).help
        if not rules.feedback:
            raise RuleViolation(
                f"本专家库暂未开通意见反馈，请拨打{rules.hotlines[0]}。",
                rule="help.feedback",
                source=self.deps.book(pool).source("help.feedback"),
            )

    async def write(self, actor: Actor, text: str, *, key: str | None = None) -> FeedbackView:
        """Send feedback. Raises InvalidInput for an empty or too long text, TooMany beyond the day's limit."""
        rules = self.deps.book(actor.pool).help
        account_id = account_of(actor)
        self.check_open(actor.pool)
        message = text.strip()
        if not 5 <= len(message) <= FEEDBACK_MAX:
            raise InvalidInput(f"请用5至{FEEDBACK_MAX}个字说明您的意见或问题。", code="feedback_length", field="text")
        now = self.deps.now()

        async def run() -> FeedbackView:
            await check_recent(
                "feedback.write",
                account_id,
                limit=rules.feedback_per_day,
                period=_DAY,
                now=now,
                message=f"一天最多提交{rules.feedback_per_day}条意见",
            )
            row = await Feedback.create(
                pool=actor.pool, account_id=account_id, text_sealed=self.deps.keys.seal(message, TEXT), created_at=now
            )
            await record(actor, now, "feedback.write", "account", account_id, feedback=str(row.id))
            return self.queries.view_of(row)

        return await once(
            owner=f"feedback:{account_id}", key=key, deps=self.deps, answer=FeedbackView, run=run, request=message
        )

    async def answer(self, actor: Actor, feedback_id: UUID, text: str) -> FeedbackView:
        """Answer once; the person is notified. Raises Conflict when it was answered already."""
        check(actor, "feedback.answer")
        answer = text.strip()
        if not 2 <= len(answer) <= ANSWER_MAX:
            raise InvalidInput(f"请填写2至{ANSWER_MAX}个字的答复。", code="answer_length", field="text")
        now = self.deps.now()
        async with transaction():
            row = await Feedback.select_for_update().get_or_none(id=feedback_id, pool=actor.pool)
            if row is None:
                raise NotFound("没有这条意见，请刷新后重试。")
            if row.state != "open":
                raise Conflict("这条意见已经答复过，请刷新查看。", code="feedback_answered")
            row.state, row.answer, row.answered_at, row.answered_by = "answered", answer, now, actor.account_id
            await row.save(update_fields=["state", "answer", "answered_at", "answered_by"])
            await record(actor, now, "feedback.answer", "feedback", row.id)
            await self.notices.notify(
                pool=row.pool,
                kind="feedback_answered",
                dedupe_key=f"feedback:{row.id}",
                params={"at": print_full(row.created_at), "reason": answer},
                account_id=row.account_id,
            )
            return self.queries.view_of(row)
