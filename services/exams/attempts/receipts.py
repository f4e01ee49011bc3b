"""The receipt of a submitted paper (交卷回执), and its public comparison with our record."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field

from domain.errors import AppError, Conflict, NotFound
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.verify_receipt import FORMAT, statement
from domain.masking import mask_name
from models.accounts import Account
from models.exams import ExamAttempt
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.core.signed_links import Links
from services.exams.attempts.sealed_answers import read_given_answers

_PURPOSE = "exam_receipt"
_RECEIPT_TTL = timedelta(days=3653)
"""Ten years."""
_KEY_INFO = b"pbt-exam-receipt-v1 key"
_SEALED = """
SELECT t.id, t.number, t.state, t.void_reason, t.digest, t.submitted_at, t.deadline, t.started_at, c.account_id,
       cardinality(t.versions) AS questions, (SELECT count(*) FROM exam_answer a
                       WHERE a.attempt_id = t.id AND (a.mask <> 0 OR a.text <> '')) AS answered
  FROM exam_attempt t JOIN exam_candidate c ON c.id = t.candidate_id WHERE t.id = ANY($1::uuid[])
"""


@dataclass(frozen=True)
class SubmissionReceipt:
    """A submission. ``digest``: SHA-256 of the displayed answers, which the candidate can compute as well.

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
    """What the holder of a receipt may know: no answers, no result."""

    pool_name: str
    exam: str
    masked_name: str
    number: int
    digest: str
    handed_in_at: datetime
    by_hand: bool


@dataclass(frozen=True)
class Receipts:
    deps: Deps
    links: Links

    @cached_property
    def _private_key(self) -> Ed25519PrivateKey:
        seed = HKDF(hashes.SHA256(), 32, None, _KEY_INFO).derive(self.deps.keys.signing)
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """The key that verifies signed receipts, in base64url. It changes with the service's signing key."""
        return _base64(self._private_key.public_key().public_bytes_raw())

    async def file(self, actor: Actor, attempt_id: UUID) -> dict[str, object]:
        """The receipt of one's own paper, with its answers, as a file that anyone can verify offline.

        Raises Conflict while it is under way, NotFound.
        """
        check(actor, "exam.own")
        (receipt,) = await self.find_receipts([(attempt_id, actor.account_id)])
        if isinstance(receipt, AppError):
            raise receipt
        public = await self._public_receipt(attempt_id)
        given_answers = (await read_given_answers([attempt_id]))[attempt_id].answers
        stated: dict[str, object] = {
            "format": FORMAT,
            "pool": public.pool_name,
            "exam": public.exam,
            "person": public.masked_name,
            "attempt": str(attempt_id),
            "number": receipt.number,
            "at": receipt.handed_in_at.isoformat(),
            "by_hand": receipt.by_hand,
            "answered": receipt.answered,
            "questions": receipt.questions,
            "digest": receipt.digest,
            "key": self.public_key,
        }
        answers = [[slot, answer.mask, answer.text] for slot, answer in sorted(given_answers.items()) if answer.given]
        return stated | {"signature": _base64(self._private_key.sign(statement(stated))), "answers": answers}

    async def find_receipts(self, wanted: Iterable[tuple[UUID, UUID | None]]) -> list[SubmissionReceipt | AppError]:
        """For each attempt and requesting account: the receipt, or why there is none, in order."""
        requests = list(wanted)
        rows_by_attempt = {row["id"]: row for row in await rows(_SEALED, [attempt_id for attempt_id, _ in requests])}
        return [self._receipt(rows_by_attempt.get(attempt_id), account_id) for attempt_id, account_id in requests]

    def _receipt(self, row: Any, account_id: UUID | None) -> SubmissionReceipt | AppError:
        if row is None or row["account_id"] != account_id:
            return NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")
        if row["state"] == ExamAttemptState.VOID and not row["digest"]:
            why = f"（{row['void_reason']}）" if row["void_reason"] else ""
            return Conflict(f"这次作答已作废{why}，不用交卷。请返回考试页面查看下一步。", code="attempt_void")
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
        """The address of an attempt's receipt, the same at every request."""
        token = self.links.sign(_PURPOSE, attempt_id, attempt_id, started_at + _RECEIPT_TTL)
        return f"{self.deps.public_url}/x/receipt/{token}"

    async def verify(self, token: str) -> PublicReceipt:
        """Raises Forbidden for a token that is forged or expired, NotFound for a paper that is not submitted."""
        return await self._public_receipt(self.links.check(token, _PURPOSE).subject_id)

    async def _public_receipt(self, attempt_id: UUID) -> PublicReceipt:
        attempt = await ExamAttempt.get_or_none(id=attempt_id).select_related("exam", "candidate")
        if attempt is None or not attempt.digest or attempt.deadline is None:
            raise NotFound("没有查到这份交卷回执，请核对后重试。", code="no_such_receipt")
        account = await Account.get(id=attempt.candidate.account_id)
        return PublicReceipt(
            self.deps.book(attempt.exam.pool).pool.name,
            attempt.exam.name,
            mask_name(account.real_name),
            attempt.number,
            attempt.digest,
            attempt.submitted_at or attempt.deadline,
            attempt.submitted_at is not None,
        )


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
