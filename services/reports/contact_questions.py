"""The question after an evaluation: 这次评标前后，有人就评标联系过您吗？

Each expert who entered is asked once. A no is only counted; a yes leads to a report. Answers are sealed and name
nobody: supervision reads how many of a draw there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.clock import local
from domain.errors import InvalidInput, NotFound
from models.draws import Draw
from models.invitations import Invitation
from models.reports import ContactAnswer, ContactQuestion
from services.core.base import Actor, Deps, Page, rows, transaction
from services.core.crypto import REPORT
from services.core.due_rows import process_each
from services.core.permissions import check
from services.notifications import Notices, Recipient
from services.reports.hashes import asked_hash
from services.reports.readers import ReportReaders

Answer = Literal["none", "some"]
"""Of one length, so that the ciphertext doesn't tell which."""
QUESTION = "这次评标前后，有人就评标联系过您吗？"
QUESTIONS_DUE = "EXISTS (SELECT 1 FROM contact_question WHERE asked_at IS NULL AND due_at <= $1)"
_ENTERED = """
SELECT i.id, i.expert_id, i.gathering_at, d.number FROM invitation i JOIN draw d ON d.id = i.draw_id
 WHERE i.draw_id = $1 AND i.state = 'accepted'
   AND EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') ORDER BY i.id
"""
_OWN = """
SELECT i.id, i.gathering_at, q.id AS question_id FROM contact_question q
  JOIN invitation i ON i.draw_id = q.draw_id AND i.state = 'accepted' JOIN expert e ON e.id = i.expert_id
 WHERE e.account_id = $1 AND e.pool = $2 AND q.asked_at IS NOT NULL
   AND EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in')
 ORDER BY i.gathering_at DESC LIMIT 20
"""
_ASKED = """
SELECT q.id, q.asked_at, d.number, d.starts_at, (SELECT count(*) FROM invitation i WHERE i.draw_id = q.draw_id
   AND i.state = 'accepted' AND EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in'))
   AS experts
FROM contact_question q JOIN draw d ON d.id = q.draw_id WHERE q.pool = $1 AND q.asked_at IS NOT NULL
 ORDER BY q.asked_at DESC, q.id LIMIT $2 OFFSET $3
"""


@dataclass(frozen=True)
class OwnQuestion:
    """An evaluation about which the expert is asked."""

    invitation_id: UUID
    gathering_at: datetime
    answered: bool


@dataclass(frozen=True)
class AnswerCount:
    """The answers about one activity: how many of ``experts`` answered with no (``none``) and yes (``some``)."""

    number: str
    starts_at: datetime
    experts: int
    none: int
    some: int


@dataclass(frozen=True)
class ContactQuestions:
    deps: Deps
    notices: Notices
    readers: ReportReaders

    async def schedule(self, draw: Draw, now: datetime) -> None:
        """In the transaction of a draw's end: its experts are asked later, where the pool asks at all."""
        rules = self.deps.book(draw.pool).reports
        if rules.contact_question:
            due_at = now + rules.contact_question_after
            await ContactQuestion.create(draw_id=draw.id, pool=draw.pool, due_at=due_at)

    async def ask_due(self) -> int:
        """Ask the experts of draws that are due; returns the number of draws."""
        due = await ContactQuestion.filter(asked_at=None, due_at__lte=self.deps.now()).order_by("due_at").limit(100)
        await process_each("contact_questions", due, lambda question: self._ask(question.id))
        return len(due)

    async def _ask(self, question_id: UUID) -> None:
        async with transaction():
            question = await ContactQuestion.select_for_update().get(id=question_id)
            if question.asked_at is not None:
                return
            if not await self.readers.find(question.pool):
                await question.delete()  # nobody would read an answer
                return
            question.asked_at = self.deps.now()
            await question.save(update_fields=["asked_at"])
            recipients = [
                Recipient(
                    f"contact_question:{row['id']}",
                    {"day": f"{local(row['gathering_at']):%-m月%-d日}"},
                    expert_id=row["expert_id"],
                    invitation_id=row["id"],
                )
                for row in await rows(_ENTERED, question.draw_id)
            ]
            if recipients:
                await self.notices.notify_many(pool=question.pool, kind="contact_question", recipients=recipients)

    async def list_own(self, actor: Actor) -> Sequence[OwnQuestion]:
        """Evaluations about which the expert is or was asked, newest first."""
        check(actor, "expert.self.answer")
        evaluations = await rows(_OWN, actor.account_id, actor.pool)
        hashes = {row["id"]: asked_hash(self.deps.keys, row["id"]) for row in evaluations}
        answered = {row.asked_hash for row in await ContactAnswer.filter(asked_hash__in=list(hashes.values()))}
        return [OwnQuestion(row["id"], row["gathering_at"], hashes[row["id"]] in answered) for row in evaluations]

    async def answer(self, actor: Actor, invitation_id: UUID, answer: str) -> Answer:
        """Answer once; the first answer counts, and a repetition changes nothing. ``key`` is not needed.

        Raises InvalidInput, NotFound for an evaluation in which the expert was not, or about which nobody asked.
        """
        check(actor, "expert.self.answer")
        if answer not in ("none", "some"):
            raise InvalidInput("请选择“没有”或“有”。", code="no_choice", field="answer")
        async with transaction():
            own = {row["id"]: row["question_id"] for row in await rows(_OWN, actor.account_id, actor.pool)}
            if invitation_id not in own:
                raise NotFound("找不到这场评标，请返回后刷新。", code="question_unknown")
            await Invitation.select_for_update().get(id=invitation_id)
            own_hash = asked_hash(self.deps.keys, invitation_id)
            if not await ContactAnswer.exists(asked_hash=own_hash):
                await ContactAnswer.create(
                    question_id=own[invitation_id],
                    asked_hash=own_hash,
                    answer_sealed=self.deps.keys.seal(answer, REPORT),
                )
        return "some" if answer == "some" else "none"

    async def count(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[AnswerCount]:
        """Answers by activity, newest first, for supervision. Raises Forbidden."""
        await self.readers.check(actor)
        evaluations = await rows(_ASKED, actor.pool, min(limit, 100), offset)
        counts: dict[UUID, Counter[str]] = {row["id"]: Counter() for row in evaluations}
        for row in await ContactAnswer.filter(question_id__in=list(counts)):
            counts[row.question_id][self.deps.keys.open_text(row.answer_sealed, REPORT)] += 1
        total = await ContactQuestion.filter(pool=actor.pool, asked_at__isnull=False).count()
        return Page(
            tuple(
                AnswerCount(row["number"], row["starts_at"], row["experts"], given["none"], given["some"])
                for row in evaluations
                for given in [counts[row["id"]]]
            ),
            total,
        )
