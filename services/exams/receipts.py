"""The receipt of a paper that was handed in (交卷回执), and the page on which anybody compares it with our record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.errors import AppError, Conflict, NotFound
from domain.masking import mask_name
from models.accounts import Account
from models.exams import ExamAttempt
from services.core.base import Deps, rows
from services.core.signed_links import Links

_PURPOSE = "exam_receipt"
_RECEIPT_TTL = timedelta(days=3653)
_SEALED = """
SELECT t.id, t.number, t.digest, t.submitted_at, t.deadline, t.started_at, cardinality(t.versions) AS questions,
       c.account_id, (SELECT count(*) FROM exam_answer a
                       WHERE a.attempt_id = t.id AND (a.mask <> 0 OR a.text <> '')) AS answered
  FROM exam_attempt t JOIN exam_candidate c ON c.id = t.candidate_id WHERE t.id = ANY($1::uuid[])
"""


@dataclass(frozen=True)
class SubmissionReceipt:
    """What was handed in. ``digest``: SHA-256 of the answers as shown, which the candidate can compute as well.

    ``by_hand`` is false when the time ran out.
    """

    attempt_id: UUID
    number: int
    answered: int
    questions: int
    digest: str
    handed_in_at: datetime
    by_hand: bool
    check_url: Annotated[str, Field(description="A page that anybody can compare it with")]


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

    async def of_many(self, wanted: Iterable[tuple[UUID, UUID | None]]) -> list[SubmissionReceipt | AppError]:
        """For each attempt and the account that asks: the receipt, or why there is none, in their order."""
        asked = list(wanted)
        found = {row["id"]: row for row in await rows(_SEALED, [attempt_id for attempt_id, _ in asked])}
        return [self._receipt(found.get(attempt_id), account_id) for attempt_id, account_id in asked]

    def _receipt(self, row: Any, account_id: UUID | None) -> SubmissionReceipt | AppError:
        if row is None or row["account_id"] != account_id:
            return NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")
        if not row["digest"]:
            return Conflict("还没有交卷或正在收卷，请稍后再看。", code="not_sealed")
        return SubmissionReceipt(
            row["id"],
            row["number"],
            row["answered"],
            row["questions"],
            row["digest"],
            row["submitted_at"] or row["deadline"],
            row["submitted_at"] is not None,
            self._url(row["id"], row["started_at"]),
        )

    def _url(self, attempt_id: UUID, started_at: datetime) -> str:
        """The same for the same attempt, always."""
        token = self._links.sign(_PURPOSE, attempt_id, attempt_id, started_at + _RECEIPT_TTL)
        return f"{self._deps.public_url}/x/receipt/{token}"

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
