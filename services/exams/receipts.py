"""The receipt of a paper that was handed in (交卷回执), and the page on which anybody compares it with our record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import NotFound
from domain.masking import mask_name
from models.accounts import Account
from models.exams import ExamAttempt
from services.core.base import Deps
from services.core.signed_links import Links

_PURPOSE = "exam_receipt"
_RECEIPT_TTL = timedelta(days=3653)


@dataclass(frozen=True)
class PublicReceipt:
    """What whoever holds a receipt may know: no answer, no result."""

    pool_name: str
    exam: str
    masked_name: str
    number: int
    digest: str
    handed_in_at: datetime
    by_hand: bool


class Receipts:
    def __init__(self, deps: Deps, links: Links) -> None:
        self._deps = deps
        self._links = links

    def url(self, attempt: ExamAttempt) -> str:
        """The same for the same attempt, always."""
        until = (attempt.started_at or attempt.made_at) + _RECEIPT_TTL
        return f"{self._deps.public_url}/x/receipt/{self._links.sign(_PURPOSE, attempt.id, attempt.id, until)}"

    async def verify(self, token: str) -> PublicReceipt:
        """Raises Forbidden for a token that is forged or expired, NotFound for a paper that is not handed in."""
        link = self._links.check(token, _PURPOSE)
        found = await ExamAttempt.get_or_none(id=link.subject_id).select_related("exam", "candidate")
        if found is None or not found.digest or found.deadline is None:
            raise NotFound("没有查到这份交卷回执，请核对后重试。", code="no_such_receipt")
        account = await Account.get(id=found.candidate.account_id)
        return PublicReceipt(
            self._deps.book(found.exam.pool).pool.name,
            found.exam.name,
            mask_name(account.real_name),
            found.number,
            found.digest,
            found.submitted_at or found.deadline,
            found.submitted_at is not None,
        )
