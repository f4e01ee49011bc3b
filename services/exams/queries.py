"""Examinations for the office: the list, one of them, and the live board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import print_span
from domain.exams.blueprint import read_cells, total_of
from domain.exams.lifecycles import ExamAttemptState, ExamState
from domain.exams.marking import FLAG_LABELS
from domain.exams.purposes import Purpose, rules_for
from domain.masking import mask_name
from domain.rulebook.exams import ExamRules, load_rules
from models.exams import Exam
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.exams.repository import get_exam

OFFLINE = timedelta(seconds=60)
"""Time without a heartbeat after which the board shows a device as offline."""
SHOWN = 100
"""Number of persons with problems on the board."""
_COUNTS = "SELECT exam_id, state, count(*) AS n FROM exam_candidate WHERE exam_id = ANY($1::uuid[]) GROUP BY 1, 2"
_ATTEMPTS = """
SELECT c.id AS candidate_id, c.account_id, k.real_name, coalesce(p.number, x.number, '') AS number,
       c.sitting_id IS NOT NULL AS booked, a.state, a.seen_at, a.leaves, a.flags, a.deadline,
       (SELECT v.received_at FROM exam_answer_event v WHERE v.attempt_id = a.id
        ORDER BY v.device DESC, v.seq DESC LIMIT 1) AS saved_at
FROM exam_candidate c JOIN account k ON k.id = c.account_id
LEFT JOIN application p ON p.id = c.application_id LEFT JOIN expert x ON x.id = c.expert_id
LEFT JOIN LATERAL (SELECT * FROM exam_attempt t WHERE t.candidate_id = c.id AND t.state <> 'void'
                   ORDER BY t.number DESC LIMIT 1) a ON TRUE
WHERE c.exam_id = $1 AND c.state <> 'left' AND ($2::uuid IS NULL OR c.sitting_id = $2)
ORDER BY a.seen_at NULLS FIRST, c.id
"""
_HANDED_IN = (ExamAttemptState.SEALED, ExamAttemptState.GRADED, ExamAttemptState.RELEASED)


@dataclass(frozen=True)
class ExamView:
    """``counts``: candidates by state. ``rules``: copied at publishing; for a draft the pool's present ones.

    ``items`` and ``total`` (tenths) of a draft are 0.
    """

    id: UUID
    name: str
    purpose: Purpose
    state: ExamState
    campaign_id: UUID | None
    blueprint_id: UUID | None
    opens_at: datetime
    closes_at: datetime
    span: str
    rules: ExamRules
    items: int
    total: int
    counts: Mapping[str, int]
    published_at: datetime | None

    @property
    def candidates(self) -> int:
        return sum(n for state, n in self.counts.items() if state != "left")


@dataclass(frozen=True)
class Seat:
    """A candidate on the board who may need help. ``trouble`` is the reason as text."""

    candidate_id: UUID
    name: str
    number: str
    trouble: tuple[str, ...]
    offline: bool
    seen_at: datetime | None


@dataclass(frozen=True)
class Board:
    """Live figures, and people who may need help, longest silent first."""

    called: int
    booked: int
    running: int
    saved: int
    offline: int
    handed_in: int
    trouble: int
    seats: tuple[Seat, ...]
    at: datetime


@dataclass(frozen=True)
class ExamQueries:
    deps: Deps

    async def list(self, actor: Actor) -> tuple[ExamView, ...]:
        """All examinations of the pool, latest first."""
        check(actor, "exam.manage")
        exams = await Exam.filter(pool=actor.pool).order_by("-opens_at", "-id")
        counts = await _counts([exam.id for exam in exams])
        return tuple(self._view(exam, counts.get(exam.id, {})) for exam in exams)

    async def get(self, actor: Actor, exam_id: UUID) -> ExamView:
        """Raises NotFound."""
        check(actor, "exam.manage")
        exam = await get_exam(actor, exam_id)
        return self._view(exam, (await _counts([exam.id])).get(exam.id, {}))

    async def board(self, actor: Actor, exam_id: UUID, sitting_id: UUID | None = None) -> Board:
        """For one sitting, or the whole examination. Raises NotFound."""
        check(actor, "exam.manage")
        exam = await get_exam(actor, exam_id)
        now, flagged = self.deps.now(), load_rules(exam.rules).leave_flag if exam.rules else 0
        candidate_rows = await rows(_ATTEMPTS, exam_id, sitting_id)
        running = [row for row in candidate_rows if row["state"] == ExamAttemptState.RUNNING]
        silent = {row["candidate_id"] for row in running if _age(row["seen_at"], now) > OFFLINE}
        seats = [
            _seat(row, flagged, row["candidate_id"] in silent) for row in candidate_rows if row["state"] is not None
        ]
        shown = [seat for seat in seats if seat.trouble or seat.offline]
        return Board(
            called=len(candidate_rows),
            booked=sum(row["booked"] for row in candidate_rows),
            running=len(running),
            saved=sum(1 for row in running if _age(row["saved_at"], now) <= OFFLINE),
            offline=len(silent),
            handed_in=sum(1 for row in candidate_rows if row["state"] in _HANDED_IN),
            trouble=sum(1 for seat in seats if seat.trouble),
            seats=tuple(shown[:SHOWN]),
            at=now,
        )

    def _view(self, exam: Exam, counts: Mapping[str, int]) -> ExamView:
        cells, purpose = read_cells(exam.cells), Purpose(exam.purpose)
        rules = load_rules(exam.rules) if exam.rules else rules_for(purpose, self.deps.book(exam.pool).exam)
        return ExamView(
            id=exam.id,
            name=exam.name,
            purpose=purpose,
            state=ExamState(exam.state),
            campaign_id=exam.campaign_id,
            blueprint_id=exam.blueprint_id,
            opens_at=exam.opens_at,
            closes_at=exam.closes_at,
            span=print_span(exam.opens_at, exam.closes_at, self.deps.now()),
            rules=rules,
            items=sum(cell.count for cell in cells),
            total=total_of(cells),
            counts=counts,
            published_at=exam.published_at,
        )


async def _counts(ids: list[UUID]) -> dict[UUID, dict[str, int]]:
    counts_by_exam: dict[UUID, dict[str, int]] = {}
    for row in await rows(_COUNTS, ids):
        counts_by_exam.setdefault(row["exam_id"], {})[row["state"]] = row["n"]
    return counts_by_exam


def _age(at: datetime | None, now: datetime) -> timedelta:
    return now - at if at is not None else timedelta.max


def _seat(row: Mapping[str, object], flagged: int, silent: bool) -> Seat:
    flags = [str(flag) for flag in row["flags"] or ()]  # type: ignore[attr-defined]
    words = [FLAG_LABELS.get(flag, flag) for flag in flags]
    leaves = int(str(row["leaves"] or 0))
    if flagged and leaves >= flagged and "leaves" not in flags:
        words.append(FLAG_LABELS["leaves"])
    return Seat(
        row["candidate_id"],  # type: ignore[arg-type]
        mask_name(str(row["real_name"])),
        str(row["number"]),
        tuple(words),
        silent,
        row["seen_at"],  # type: ignore[arg-type]
    )
