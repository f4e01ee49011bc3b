"""Stores answers of many candidates by one statement. An answer is acknowledged after its transaction has committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from uuid import UUID

from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.exams.answers import AnswerEvent
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.timing import PENDING_FOR
from services.core.base import Deps, execute, rows
from services.core.request_batcher import RequestBatcher
from services.exams.attempts.save_backlog import SaveBacklog

BATCH_MAX = 100
LANES = 2
DEVICE_EVENTS_MAX = 5000
"""Answers of one device to one paper: its numbers are gapless, so this is the highest one."""
SLOT_EVENTS_MAX = 3000
"""Answers to one question: a text that is typed for two hours is stored every three seconds at most."""
SLOT_BYTES_MAX = 4_000_000
TEXT_BYTES_MAX = 8_000_000
"""Bytes of all texts of one question, and of one paper: each change stores the whole text of its question."""
COUNTED_FROM = 200
"""Events of a single device below which no limit can be reached: 200 texts of ``TEXT_MAX`` characters are less than 4
MB."""
_SAVE = """
WITH requests AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::int[], $5::int[])
        WITH ORDINALITY AS t (attempt_id, account_id, device, first, last, at)
), sent AS (
    SELECT * FROM unnest($7::bigint[], $8::int[], $9::smallint[], $10::int[], $11::text[], $12::timestamptz[])
        AS e (at, seq, slot, mask, text, client_at)
), held AS (
    SELECT a.id, c.account_id, a.state, a.device, a.deadline, a.grace_until, a.versions, a.replaced_at
      FROM exam_attempt a JOIN exam_candidate c ON c.id = a.candidate_id
     WHERE a.id = ANY($1::uuid[]) ORDER BY a.id FOR SHARE OF a
), known AS (
    SELECT q.at, q.attempt_id, q.device, q.first, q.last, h.state, h.device AS active, h.deadline, h.grace_until,
           h.versions, h.replaced_at[q.device] AS replaced_at, coalesce((SELECT max(e.seq) FROM exam_answer_event e
                      WHERE e.attempt_id = q.attempt_id AND e.device = q.device), 0) AS had
      FROM requests q JOIN held h ON h.id = q.attempt_id AND h.account_id = q.account_id
), new AS (
    SELECT s.at, s.slot, count(*) AS events, coalesce(sum(octet_length(s.text)), 0) AS bytes,
           bool_or(s.text IS NOT NULL AND (SELECT cardinality(v.options) > 0 FROM exam_item_version v
                                            WHERE v.id = k.versions[s.slot + 1])) AS misplaced
      FROM sent s JOIN known k ON k.at = s.at AND s.seq > k.had GROUP BY s.at, s.slot
), used AS MATERIALIZED (
    SELECT k.at, e.slot, count(*) AS events, coalesce(sum(octet_length(e.text)), 0) AS bytes
      FROM known k CROSS JOIN LATERAL (
           SELECT slot, text FROM exam_answer_event WHERE attempt_id = k.attempt_id OFFSET 0) e
     WHERE (k.had >= $16::int OR k.active > 1) AND k.at IN (SELECT n.at FROM new n) GROUP BY k.at, e.slot
), judged AS (
    SELECT n.at, bool_or(n.misplaced) AS misplaced,
           bool_or(coalesce(u.events, 0) + n.events > $13::int
                   OR coalesce(u.bytes, 0) + n.bytes > $14::int)
           OR sum(n.bytes) + coalesce((SELECT sum(a.bytes) FROM used a WHERE a.at = n.at), 0) > $15::int AS beyond
      FROM new n LEFT JOIN used u ON u.at = n.at AND u.slot = n.slot GROUP BY n.at
), taken AS (
    SELECT k.* FROM known k LEFT JOIN judged j ON j.at = k.at
     WHERE k.state = 'running' AND k.grace_until >= $6 AND k.device BETWEEN 1 AND k.active AND k.first <= k.had + 1
       AND k.last <= $17::int AND j.misplaced IS NOT TRUE AND j.beyond IS NOT TRUE
), put AS (
    INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, text, client_at, received_at, timing)
    SELECT k.attempt_id, k.device, e.seq, e.slot, e.mask, e.text, e.client_at, $6,
           CASE WHEN e.slot >= cardinality(k.versions) THEN 2
                WHEN k.replaced_at IS NOT NULL
                     AND (e.client_at <= k.replaced_at AND $6 <= k.replaced_at + $18::interval) IS NOT TRUE THEN 2
                WHEN $6 <= k.deadline THEN 0 WHEN e.client_at <= k.deadline THEN 1 ELSE 2 END
      FROM sent e JOIN taken k ON k.at = e.at
    ON CONFLICT DO NOTHING
)
SELECT k.at, k.state, k.active, k.deadline, k.grace_until, coalesce(j.misplaced, FALSE) AS misplaced,
       coalesce(j.beyond, FALSE) OR k.last > $17::int AS beyond,
       CASE WHEN t.at IS NULL THEN k.had ELSE greatest(k.had, k.last) END AS ack
  FROM known k LEFT JOIN taken t ON t.at = k.at LEFT JOIN judged j ON j.at = k.at
"""
"""Rows are locked against sealing (FOR SHARE), so that acknowledged answers are sealed. The time is compared with the
attempt's own end, event by event. Requests that leave a gap are not stored: their ack says where to continue. An answer
to a question that the paper does not have counts for nothing, as does one of a replaced device that was not pending at
the take-over. What an attempt has stored is counted after a take-over, and from ``COUNTED_FROM`` events on, since fewer
of one device reach no limit."""
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
    def _batcher(self) -> RequestBatcher[SaveRequest, Saved | AppError]:
        return RequestBatcher(self._store_requests, lanes=LANES, most=BATCH_MAX)

    async def save(self, request: SaveRequest) -> Saved:
        """Raises InvalidInput for numbers with a gap or a text where the question has options, NotFound for another
        person's attempt, Conflict ``answers_full`` beyond the limits above; what was stored before stays.

        TooMany when more requests wait than can be stored soon, or several of this attempt.
        """
        _check_gapless(request)
        with self._waiting.reserve_place(request.attempt_id):
            saved = await self._batcher.ask(request)
        if isinstance(saved, AppError):
            raise saved
        if not request.answers or request.leaves or request.hidden_seconds:
            values = (saved.now, request.leaves, request.hidden_seconds, request.device)
            await execute(_SEEN, request.attempt_id, *values)
        return saved

    async def _store_requests(self, requests: Sequence[SaveRequest]) -> list[Saved | AppError]:
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
            *(SLOT_EVENTS_MAX, SLOT_BYTES_MAX, TEXT_BYTES_MAX, COUNTED_FROM, DEVICE_EVENTS_MAX, PENDING_FOR),
        )
        by_place = {row["at"]: _read_saved(row, now) for row in acks}
        return [by_place[at] if at in by_place else _unknown_attempt() for at in range(1, len(requests) + 1)]


def _unknown_attempt() -> NotFound:
    return NotFound("找不到这次作答，请回到考试页面重新进入。", code="attempt_unknown")


def _check_gapless(request: SaveRequest) -> None:
    numbers = [answer.event.seq for answer in request.answers]
    if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise InvalidInput("作答数据不连续，请刷新页面后继续，已存的作答不会丢失。", code="not_gapless", field="events")


def _read_saved(row: dict[str, object], now: datetime) -> Saved | AppError:
    if row["state"] == ExamAttemptState.RUNNING and row["misplaced"]:
        return InvalidInput("选择题不能填写文字，请刷新页面后继续。", code="text_misplaced", field="events")
    if row["state"] == ExamAttemptState.RUNNING and row["beyond"]:
        return Conflict(
            "这份试卷的修改次数或文字总量已达上限，新的修改暂不上传。已保存的作答有效，请继续答题，"
            "做完后点“交卷”：交卷时以页面上的作答为准。",
            code="answers_full",
        )
    deadline, grace_until = row["deadline"], row["grace_until"]
    # an attempt that was not begun has no times, so nothing can be saved
    ends = deadline if isinstance(deadline, datetime) else now
    until = grace_until if isinstance(grace_until, datetime) else now
    return Saved(now, int(str(row["ack"])), ExamAttemptState(str(row["state"])), int(str(row["active"])), ends, until)
