"""Makes papers (组卷): in advance by a due task for all candidates, or at once for one who starts without.

A paper is stored completely: versions of items, orders of options, marks. The text of a case has no slot: it is the
newest version of the case's item at ``made_at``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom
from uuid import UUID

from domain.errors import Conflict, Unavailable
from domain.exams.blueprint import Deck, Drawn, read_cells
from domain.exams.lifecycles import ATTEMPT
from models.exams import Exam, ExamAttempt, ExamCandidate
from services.core.base import Deps, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.exams.papers.live_items import count_use, load_live_items
from services.exams.repository import QUALIFIES

BATCH = 50
"""Papers per transaction: drawing them occupies the process for some tens of milliseconds."""
ROUNDS = 40
"""Batches of one examination before others get their turn."""
_WITHOUT = (
    "FROM exam e JOIN exam_candidate c ON c.exam_id = e.id WHERE e.state = 'published' AND e.closes_at > {now} "
    "AND c.state = 'called' AND NOT EXISTS (SELECT 1 FROM exam_attempt a WHERE a.candidate_id = c.id) "
    f"AND {QUALIFIES}"
)
"""First papers only; further ones are made when the next try begins."""
PAPERS_DUE = f"EXISTS (SELECT 1 {_WITHOUT.format(now='$1')} AND {not_paused('exam_papers', 'e.id')})"
_EXAMS = f"SELECT DISTINCT e.id {_WITHOUT.format(now='$1')} AND {not_paused('exam_papers', 'e.id')}"
_NEXT = f"""
SELECT c.id {_WITHOUT.format(now="$2")} AND e.id = $1 ORDER BY c.id LIMIT $3 FOR NO KEY UPDATE OF c SKIP LOCKED
"""
"""A candidate who is beginning holds the row, and gets the paper by ``make_paper``."""
_LAST = "SELECT coalesce(max(number), 0) AS n FROM exam_attempt WHERE candidate_id = $1"


@dataclass(frozen=True)
class Papers:
    """``chance`` decides among equals; tests pass a deterministic one."""

    deps: Deps
    chance: Random = field(default_factory=SystemRandom)

    async def make_due(self) -> int:
        """First papers for all published examinations; returns the number of examinations that needed some."""
        due = await rows(_EXAMS, self.deps.now())
        return await process_each("exam_papers", due, lambda row: self._make_many(row["id"]))

    async def _make_many(self, exam_id: UUID) -> None:
        for _ in range(ROUNDS):
            if await self.make_papers(exam_id, BATCH) < BATCH:
                return

    async def make_papers(self, exam_id: UUID, limit: int) -> int:
        """First papers for at most ``limit`` candidates without one. Raises Unavailable when the bank lacks items."""
        now = self.deps.now()
        async with transaction():
            exam = await Exam.get(id=exam_id)
            waiting = [row["id"] for row in await rows(_NEXT, exam_id, now, limit)]
            papers = await self._draw_papers(exam, len(waiting))
            attempts = [
                _attempt(exam, candidate, 1, paper, now) for candidate, paper in zip(waiting, papers, strict=True)
            ]
            await ExamAttempt.bulk_create(attempts, batch_size=500)
        return len(attempts)

    async def make_paper(self, candidate: ExamCandidate) -> ExamAttempt:
        """The next paper of one candidate, inside the caller's transaction with the candidate's row locked.

        A paper not begun yet is returned again. Raises Conflict while another is under way, Unavailable when the bank
        lacks items; the caller has checked that a try is left.
        """
        last = await ExamAttempt.filter(candidate_id=candidate.id).order_by("-number").first()
        if last is not None and last.state == ATTEMPT.initial:
            return last
        if last is not None and last.state in ("running", "sealed"):
            raise Conflict("上一次作答还没有结束或正在评分，请稍后再试。", code="attempt_open")
        exam = await Exam.get(id=candidate.exam_id)
        (paper,) = await self._draw_papers(exam, 1)
        number = (await rows(_LAST, candidate.id))[0]["n"] + 1
        attempt = _attempt(exam, candidate.id, number, paper, self.deps.now())
        await attempt.save(force_create=True)
        return attempt

    async def _draw_papers(self, exam: Exam, count: int) -> list[Drawn]:
        """``count`` papers, each from the items least used by the previous ones."""
        stock, used = await load_live_items(exam.pool)
        deck, papers, uses = Deck(read_cells(exam.cells), stock), [], Counter[UUID]()
        for _ in range(count):
            paper = _draw_paper(deck, used, self.chance)
            uses.update(paper.items)
            used.update({item: used[item] + 1 for item in paper.items})
            papers.append(paper)
        await count_use(uses)
        return papers


def _draw_paper(deck: Deck, used: dict[UUID, int], chance: Random) -> Drawn:
    try:
        return deck.draw(used, chance)
    except LookupError as lacking:
        raise Unavailable(f"题库中“{lacking}”的题目不足，暂时不能生成试卷，请联系管理机构。") from lacking


def _attempt(exam: Exam, candidate_id: UUID, number: int, paper: Drawn, now: datetime) -> ExamAttempt:
    return ExamAttempt(
        exam_id=exam.id,
        candidate_id=candidate_id,
        number=number,
        state=ATTEMPT.initial,
        versions=[slot.version_id for slot in paper.slots],
        orders=[slot.order for slot in paper.slots],
        marks=[slot.mark for slot in paper.slots],
        made_at=now,
    )
