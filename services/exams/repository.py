"""Finds and locks examinations, sittings and candidates.

Rows are locked application first, then the sittings of the examination in the order of their ids, then candidates:
moving one person to another sitting may move people on the waiting list. Examinations and candidates are locked ``FOR
NO KEY UPDATE``: a paper changed twice in one transaction locks its referenced rows, and would wait.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.exams.lifecycles import CANDIDATE, CandidateEvent, CandidateState
from domain.rulebook.exams import ExamRules, load_rules
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from services.core.base import Actor, rows

Sittings = dict[UUID, ExamSitting]
NOT_SAT = ("ready", "void")
"""States of papers that don't count as a try."""
QUALIFIES = """NOT EXISTS (SELECT 1 FROM application p WHERE p.id = c.application_id AND p.state <> 'exam')
  AND NOT EXISTS (SELECT 1 FROM expert x WHERE x.id = c.expert_id AND x.left_at IS NOT NULL)"""
"""SQL condition: the application of candidate ``c`` still waits for an examination, or the expert is in the pool."""


async def get_exam(actor: Actor, exam_id: UUID, *, locked: bool = False) -> Exam:
    """Raises NotFound for an examination of another pool. The lock still permits papers to refer to it; a candidate who
    begins locks his own row."""
    query = Exam.select_for_update(no_key=True) if locked else Exam.all()
    exam = await query.get_or_none(id=exam_id, pool=actor.pool)
    if exam is None:
        raise NotFound("找不到这场考试，请返回列表后刷新。", code="exam_unknown")
    return exam


async def get_candidate(actor: Actor, candidate_id: UUID) -> tuple[ExamCandidate, Exam]:
    """A candidate of the actor's pool, for the office. Raises NotFound."""
    candidate = await ExamCandidate.get_or_none(id=candidate_id).select_related("exam")
    if candidate is None or candidate.exam.pool != actor.pool:
        raise _candidate_unknown()
    return candidate, candidate.exam


async def get_own_candidate(actor: Actor, candidate_id: UUID) -> tuple[ExamCandidate, Exam]:
    """The actor's own candidate. Raises NotFound for another person's."""
    candidate, exam = await get_candidate(actor, candidate_id)
    if actor.account_id is None or candidate.account_id != actor.account_id:
        raise _candidate_unknown()
    return candidate, exam


async def lock_sittings(exam_id: UUID) -> Sittings:
    """All sittings of an examination, locked."""
    sittings = await ExamSitting.filter(exam_id=exam_id).order_by("id").select_for_update()
    return {sitting.id: sitting for sitting in sittings}


async def lock_candidate(candidate_id: UUID) -> ExamCandidate:
    """Raises NotFound."""
    candidate = await ExamCandidate.select_for_update(no_key=True).get_or_none(id=candidate_id)
    if candidate is None:
        raise _candidate_unknown()
    return candidate


async def lock_own_candidate(actor: Actor, candidate_id: UUID) -> ExamCandidate:
    """The actor's own candidate, locked, with its examination, sitting and account. Raises NotFound for another
    person's."""
    query = ExamCandidate.select_for_update(of=("exam_candidate",), no_key=True).select_related(
        "exam", "sitting", "account"
    )
    candidate = await query.get_or_none(id=candidate_id)
    own = candidate is not None and candidate.exam.pool == actor.pool and candidate.account_id == actor.account_id
    if candidate is None or not own:
        raise _candidate_unknown()
    return candidate


def check_called(candidate: ExamCandidate, exam: Exam) -> None:
    """Raises Conflict for a candidate who is no longer called, or an examination that is not held."""
    if exam.state != "published":
        raise Conflict("这场考试没有开放或已经结束，请刷新后查看。", code="exam_not_open")
    if candidate.state != CandidateState.CALLED:
        label = CandidateState(candidate.state).label
        raise Conflict(f"考试资格现在是“{label}”，不能办理，请刷新后查看。", code="not_called")


def rules_of(exam: Exam) -> ExamRules:
    """The rules copied at publishing."""
    return load_rules(exam.rules)


async def move_candidate(candidate: ExamCandidate, event: CandidateEvent, now: datetime) -> None:
    """Apply an event to a locked row and save. Raises Conflict when the state doesn't allow it."""
    candidate.state = CANDIDATE.next(CandidateState(candidate.state), event)
    candidate.concluded_at = None if candidate.state == CandidateState.CALLED else now
    await candidate.save(update_fields=["state", "concluded_at"])


async def qualifies(candidate: ExamCandidate) -> bool:
    return bool(await rows(f"SELECT c.id FROM exam_candidate c WHERE c.id = $1 AND {QUALIFIES}", candidate.id))


async def void_open_attempts(candidate_id: UUID, reason: str) -> None:
    """Void papers that were not submitted, since the person is no longer a candidate."""
    await ExamAttempt.filter(candidate_id=candidate_id, state__in=["ready", "running"]).update(
        state="void", void_reason=reason[:200]
    )


def _candidate_unknown() -> NotFound:
    return NotFound("找不到这场考试，请在公众号回复“考试”查看最新安排。", code="candidate_unknown")
