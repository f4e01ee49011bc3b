"""Help: guide and frequent questions from the rulebook, and messages that people write to the office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.clock import print_full
from domain.errors import Conflict, InvalidInput, NotFound, RuleViolation, Unauthenticated
from domain.masking import mask_mobile, mask_name
from domain.rulebook.people import HelpQuestion
from models.accounts import Account
from models.helpdesk import Feedback
from services.core.base import Actor, Deps, Page, record, transaction
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.limits import check_recent
from services.core.permissions import check
from services.notifications.notices import Notices

FEEDBACK_MAX = 500
ANSWER_MAX = 300
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class FeedbackView:
    """What the person wrote and, once there is one, the answer. ``who`` is masked and empty for the person itself."""

    id: UUID
    text: str
    state: Literal["open", "answered"]
    answer: str
    created_at: datetime
    answered_at: datetime | None
    who: Annotated[str, Field(description="Masked; empty for the person itself")] = ""


class HelpDesk:
    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices

    def search(self, pool: str, text: str, *, limit: int = 3) -> tuple[HelpQuestion, ...]:
        """The questions that ``text`` asks, best first; empty when none of their words stands in it."""
        said = text.casefold()
        scored = [
            (sum(len(word) for word in question.words if word.casefold() in said), index, question)
            for index, question in enumerate(self._deps.book(pool).help.faq)
        ]
        found = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1]))
        return tuple(question for _, _, question in found[:limit])

    async def write(self, actor: Actor, text: str, *, key: str | None = None) -> FeedbackView:
        """Hand in an opinion. Raises InvalidInput for none or a too long one, TooMany beyond the day's number."""
        rules = self._deps.book(actor.pool).help
        account_id = _account_id(actor)
        if not rules.feedback:
            raise RuleViolation(
                f"本专家库暂未开通意见反馈，请拨打{rules.hotlines[0]}。",
                rule="help.feedback",
                source=self._deps.book(actor.pool).source("help.feedback"),
            )
        said = text.strip()
        if not 5 <= len(said) <= FEEDBACK_MAX:
            raise InvalidInput(f"请用5至{FEEDBACK_MAX}个字说明您的意见或问题。", code="feedback_length", field="text")
        now = self._deps.now()

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
                pool=actor.pool, account_id=account_id, text_sealed=self._deps.keys.seal(said, TEXT), created_at=now
            )
            await record(actor, now, "feedback.write", "account", account_id, feedback=str(row.id))
            return self._view(row)

        return await once(
            owner=f"feedback:{account_id}", key=key, deps=self._deps, answer=FeedbackView, run=run, request=said
        )

    async def mine(self, actor: Actor) -> tuple[FeedbackView, ...]:
        """What this person wrote, newest first, at most fifty."""
        found = (
            await Feedback.filter(pool=actor.pool, account_id=_account_id(actor))
            .order_by("-created_at", "-id")
            .limit(50)
        )
        return tuple(self._view(row) for row in found)

    async def list_all(
        self, actor: Actor, *, state: str | None = None, offset: int = 0, limit: int = 20
    ) -> Page[FeedbackView]:
        """Everybody's, oldest open ones first; and how many there are."""
        check(actor, "feedback.answer")
        query = Feedback.filter(pool=actor.pool, **({"state": state} if state else {}))
        found = await query.order_by("-state", "created_at").offset(offset).limit(limit).prefetch_related("account")
        return Page(tuple(self._view(row, self._who(row.account)) for row in found), await query.count())

    async def answer(self, actor: Actor, feedback_id: UUID, text: str) -> FeedbackView:
        """Answer once; the person is notified. Raises Conflict when it was answered already."""
        check(actor, "feedback.answer")
        said = text.strip()
        if not 2 <= len(said) <= ANSWER_MAX:
            raise InvalidInput(f"请填写2至{ANSWER_MAX}个字的答复。", code="answer_length", field="text")
        now = self._deps.now()
        async with transaction():
            row = await Feedback.select_for_update().get_or_none(id=feedback_id, pool=actor.pool)
            if row is None:
                raise NotFound("没有这条意见，请刷新后重试。")
            if row.state != "open":
                raise Conflict("这条意见已经答复过，请刷新查看。", code="feedback_answered")
            row.state, row.answer, row.answered_at, row.answered_by = "answered", said, now, actor.account_id
            await row.save(update_fields=["state", "answer", "answered_at", "answered_by"])
            await record(actor, now, "feedback.answer", "feedback", row.id)
            await self._notices.notify(
                pool=row.pool,
                kind="feedback_answered",
                dedupe_key=f"feedback:{row.id}",
                params={"at": print_full(row.created_at), "reason": said},
                account_id=row.account_id,
            )
            return self._view(row)

    def _view(self, row: Feedback, who: str = "") -> FeedbackView:
        state: Literal["open", "answered"] = "answered" if row.state == "answered" else "open"
        text = self._deps.keys.read(row.text_sealed, TEXT)
        return FeedbackView(row.id, text, state, row.answer, row.created_at, row.answered_at, who)

    def _who(self, account: Account) -> str:
        mobile = self._deps.keys.read(account.mobile_sealed, "mobile")
        return f"{mask_name(account.real_name)} {mask_mobile(mobile)}".strip()


def _account_id(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated("请先登录并绑定手机号。")
    return actor.account_id
