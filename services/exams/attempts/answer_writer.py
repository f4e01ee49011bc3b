"""Stores answers of many candidates by one statement. An answer is acknowledged after its transaction has committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from domain.errors import InvalidInput, NotFound
from domain.exams.answers import AnswerEvent
from domain.exams.lifecycles import ExamAttemptState
from services.core.base import Deps, execute, rows
from services.core.request_batcher import RequestBatcher
from services.exams.attempts.save_backlog import SaveBacklog

BATCH_MAX = 100
LANES = 2
_SAVE = """
WITH requests AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::int[], $5::int[])
        WITH ORDINALITY AS t (attempt_id, account_id, device, first, last, at)
), held AS (
    SELECT a.id, c.account_id, a.state, a.device, a.deadline, a.grace_until, cardinality(a.orders) AS slots
      FROM exam_attempt a JOIN exam_candidate c ON c.id = a.candidate_id
     WHERE a.id = ANY($1::uuid[]) ORDER BY a.id FOR SHARE OF a
), known AS (
    SELECT q.at, q.attempt_id, q.device, q.first, q.last, h.state, h.device AS active, h.deadline, h.grace_until,
           h.slots, coalesce((SELECT max(e.seq) FROM exam_answer_event e
                      WHERE e.attempt_id = q.attempt_id AND e.device = q.device), 0) AS had
      FROM requests q JOIN held h ON h.id = q.attempt_id AND h.account_id = q.account_id
), taken AS (
    SELECT * FROM known
     WHERE state = 'running' AND grace_until >= $6 AND device BETWEEN 1 AND active AND first <= had + 1
), put AS (
    INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, text, client_at, received_at, timing)
    SELECT k.attempt_id, k.device, e.seq, e.slot, e.mask, e.text, e.client_at, $6,
           CASE WHEN e.slot >= k.slots THEN 2 WHEN $6 <= k.deadline THEN 0
                WHEN e.client_at <= k.deadline THEN 1 ELSE 2 END
      FROM unnest($7::bigint[], $8::int[], $9::smallint[], $10::int[], $11::text[], $12::timestamptz[])
           AS e (at, seq, slot, mask, text, client_at) JOIN taken k ON k.at = e.at
    ON CONFLICT DO NOTHING
)
SELECT k.at, k.state, k.active, k.deadline, k.grace_until,
       CASE WHEN t.at IS NULL THEN k.had ELSE greatest(k.had, k.last) END AS ack
  FROM known k LEFT JOIN taken t ON t.at = k.at
"""
"""Rows are locked against sealing (FOR SHARE), so that acknowledged answers are sealed. The time is compared with the
attempt's own end, event by event. Requests that leave a gap are not stored: their ack says where to continue. An answer
to a question that the paper does not have counts for nothing."""
_SEEN = """
UPDATE exam_attempt
   SET seen_at = $2, leaves = greatest(leaves, $3::int), hidden_seconds = greatest(hidden_seconds, $4::int)
 WHERE id = $1 AND state = 'running' AND device = $5
   AND (seen_at IS NULL OR seen_at < $2::timestamptz - interval '20 seconds'
        OR leaves < $3::int OR hidden_seconds < $4::int)
"""


@dataclass(frozen=True)
class MadeAnswer:
    """An event with its time by the device's clock, corrected to ours."""

    event: AnswerEvent
    made_at: datetime | None


@dataclass(frozen=True)
class SaveRequest:
    """Events that a device has not had acknowledged yet, numbered without a gap; empty: a heartbeat.

    ``leaves`` and ``hidden_seconds`` count since the start of the attempt on this device.
    """

    attempt_id: UUID
    account_id: UUID
    device: int
    answers: tuple[MadeAnswer, ...] = ()
    leaves: int = 0
    hidden_seconds: int = 0


@dataclass(frozen=True)
class Saved:
    """``ack``: the highest number of this device up to which everything is stored. ``device`` is the active one."""

    now: datetime
    ack: int
    state: ExamAttemptState
    device: int
    deadline: datetime
    grace_until: datetime


@dataclass(frozen=True)
class AnswerWriter:
    deps: Deps
    _waiting: SaveBacklog = field(
        init=False, default_factory=lambda: SaveBacklog("正在保存的人较多，系统会自动重试，请继续答题。")
    )

    @cached_property
    def _batcher(self) -> RequestBatcher[SaveRequest, Saved | None]:
        return RequestBatcher(self._store_requests, lanes=LANES, most=BATCH_MAX)

    async def save(self, request: SaveRequest) -> Saved:
        """Raises InvalidInput for numbers with a gap, NotFound for another person's attempt.

        TooMany when more requests wait than can be stored soon, or several of this attempt.
        """
        _check_gapless(request)
        with self._waiting.reserve_place(request.attempt_id):
            saved = await self._batcher.ask(request)
        if saved is None:
            raise NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")
        if not request.answers or request.leaves or request.hidden_seconds:
            values = (saved.now, request.leaves, request.hidden_seconds, request.device)
            await execute(_SEEN, request.attempt_id, *values)
        return saved

    async def _store_requests(self, requests: Sequence[SaveRequest]) -> list[Saved | None]:
        now = self.deps.now()
        placed_answers = [(at, answer) for at, request in enumerate(requests, 1) for answer in request.answers]
        acks = await rows(
            _SAVE,
            [request.attempt_id for request in requests],
            [request.account_id for request in requests],
            [request.device for request in requests],
            [request.answers[0].event.seq if request.answers else 0 for request in requests],
            [request.answers[-1].event.seq if request.answers else 0 for request in requests],
            now,
            [at for at, _ in placed_answers],
            [answer.event.seq for _, answer in placed_answers],
            [answer.event.slot for _, answer in placed_answers],
            [answer.event.answer.mask for _, answer in placed_answers],
            [answer.event.answer.text or None for _, answer in placed_answers],
            [answer.made_at for _, answer in placed_answers],
        )
        by_place = {row["at"]: _read_saved(row, now) for row in acks}
        return [by_place.get(at) for at in range(1, len(requests) + 1)]


def _check_gapless(request: SaveRequest) -> None:
    numbers = [answer.event.seq for answer in request.answers]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise InvalidInput("作答数据不连续，请刷新页面后继续，已存的作答不会丢失。", code="not_gapless", field="events")


def _read_saved(row: dict[str, object], now: datetime) -> Saved:
    deadline, grace_until = row["deadline"], row["grace_until"]
    # an attempt that was not begun has no times, so nothing can be saved
    ends = deadline if isinstance(deadline, datetime) else now
    until = grace_until if isinstance(grace_until, datetime) else now
    return Saved(now, int(str(row["ack"])), ExamAttemptState(str(row["state"])), int(str(row["active"])), ends, until)
