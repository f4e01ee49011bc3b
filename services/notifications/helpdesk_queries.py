"""Queries of help and feedback: the rulebook's questions that match a text, and feedback with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Unauthenticated
from domain.masking import mask_mobile, mask_name
from domain.rulebook.people import HelpQuestion
from models.accounts import Account
from models.helpdesk import Feedback
from services.core.base import Actor, Deps, Page
from services.core.crypto import TEXT
from services.core.permissions import check


@dataclass(frozen=True)
class FeedbackView:
    """The person's feedback and, once given, the answer. ``who`` is masked and empty for the person itself."""

    id: UUID
    text: str
    state: Literal["open", "answered"]
    answer: str
    created_at: datetime
    answered_at: datetime | None
    who: Annotated[str, Field(description="Masked; empty for the person itself")] = ""


@dataclass(frozen=True)
class HelpDeskQueries:
    deps: Deps

    def search(self, pool: str, text: str, *, limit: int = 3) -> tuple[HelpQuestion, ...]:
        """The questions that match ``text``, best first; empty when it contains none of their words."""
        folded = text.casefold()
        scored = [
            (sum(len(word) for word in question.words if word.casefold() in folded), index, question)
            for index, question in enumerate(self.deps.book(pool).help.faq)
        ]
        matches = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1]))
        return tuple(question for _, _, question in matches[:limit])

    async def list_own(self, actor: Actor) -> tuple[FeedbackView, ...]:
        """This person's feedback, newest first, at most fifty."""
        feedback = (
            await Feedback.filter(pool=actor.pool, account_id=account_of(actor))
            .order_by("-created_at", "-id")
            .limit(50)
        )
        return tuple(self.view_of(row) for row in feedback)

    async def list_all(
        self, actor: Actor, *, state: str | None = None, offset: int = 0, limit: int = 20
    ) -> Page[FeedbackView]:
        """All feedback, oldest open ones first; and the total."""
        check(actor, "feedback.answer")
        query = Feedback.filter(pool=actor.pool, **({"state": state} if state else {}))
        feedback = await query.order_by("-state", "created_at").offset(offset).limit(limit).prefetch_related("account")
        return Page(tuple(self.view_of(row, self._masked_person(row.account)) for row in feedback), await query.count())

    def view_of(self, row: Feedback, who: str = "") -> FeedbackView:
        state: Literal["open", "answered"] = "answered" if row.state == "answered" else "open"
        text = self.deps.keys.read(row.text_sealed, TEXT)
        return FeedbackView(row.id, text, state, row.answer, row.created_at, row.answered_at, who)

    def _masked_person(self, account: Account) -> str:
        mobile = self.deps.keys.read(account.mobile_sealed, "mobile")
        return f"{mask_name(account.real_name)} {mask_mobile(mobile)}".strip()


def account_of(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated("请先登录并绑定手机号。")
    return actor.account_id
