"""The time line of an expert (履职记录), for the expert and for the office, read by one statement.

What the office reads here of a panel is what the panel's own pages show it: nothing before its names are unsealed, nor
while its draw still calls, whatever the outcome of a call. A count tells no more than the entries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from domain.errors import InvalidInput
from domain.experts.timeline import TimelineEntry, TimelineKind
from services.core.base import Deps, Page, rows
from services.draws import BY_DECLARATION
from services.expert_file_views.fields import FileWords
from services.expert_file_views.timeline_words import TimelineReader, TimelineWords

PAGE_SIZE = 20
_PAGE_MAX = 10_000

_CALLING_IS_OVER = "d.state IN ('completed', 'short', 'supplement_pending', 'ended', 'terminated', 'released')"
_SHOWN = f"(NOT $4 OR d.starts_at <= $3 AND {_CALLING_IS_OVER})"
"""SQL: whether the panel of a draw ``d`` is open to the reader. ``$4``: it is the office."""
_ENTRIES = f"""
SELECT 'call' AS source, i.id, coalesce(i.answered_at, i.created_at) AS at,
    CASE WHEN i.state IN ('declined', 'silent', 'left', 'absent') AND i.answered_by IS DISTINCT FROM '{BY_DECLARATION}'
      THEN 'missed' ELSE 'panel' END AS kind, 0 AS place
  FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE i.expert_id = $1 AND {_SHOWN}
UNION ALL SELECT 'amount', r.id, r.proposed_at, 'money', 0
  FROM remuneration r JOIN draw d ON d.id = r.draw_id WHERE r.expert_id = $1 AND {_SHOWN}
UNION ALL SELECT 'payment', r.id, (r.paid_on + time '12:00') AT TIME ZONE 'Asia/Shanghai', 'money', 0
  FROM remuneration r JOIN draw d ON d.id = r.draw_id WHERE r.expert_id = $1 AND r.paid_on IS NOT NULL AND {_SHOWN}
UNION ALL SELECT 'certificate', c.id, c.issued_at, 'study', 0 FROM certificate c WHERE c.account_id = $2
UNION ALL SELECT 'certificate_end', c.id, c.ended_at, 'study', 0
  FROM certificate c WHERE c.account_id = $2 AND c.ended_at IS NOT NULL
UNION ALL SELECT 'course_call', n.id, n.called_at, 'study', 0 FROM course_enrolment n WHERE n.expert_id = $1
UNION ALL SELECT 'course_finish', n.id, n.finished_at, 'study', 0
  FROM course_enrolment n WHERE n.expert_id = $1 AND n.finished_at IS NOT NULL
UNION ALL SELECT 'course_miss', n.id, n.excluded_at, 'standing', 0
  FROM course_enrolment n WHERE n.expert_id = $1 AND n.excluded_at IS NOT NULL
UNION ALL SELECT 'exam_call', k.id, k.called_at, 'study', 0
  FROM exam_candidate k JOIN exam x ON x.id = k.exam_id WHERE k.account_id = $2 AND x.purpose <> 'mock'
UNION ALL SELECT 'exam_result', k.id, k.concluded_at, 'study', 0 FROM exam_candidate k JOIN exam x ON x.id = k.exam_id
   WHERE k.account_id = $2 AND x.purpose <> 'mock' AND k.state IN ('passed', 'failed') AND k.concluded_at IS NOT NULL
UNION ALL SELECT 'away', u.id, u.created_at, 'away', 0 FROM unavailability u WHERE u.expert_id = $1
UNION ALL SELECT 'correction', c.id, c.begun_at, 'file', 0
  FROM correction c WHERE c.expert_id = $1 AND c.kind <> 'field'
UNION ALL SELECT 'correction', c.id, c.begun_at, 'file', 0
  FROM correction c WHERE c.account_id = $2 AND c.expert_id IS NULL
UNION ALL SELECT 'sanction', s.id, s.decided_at, 'standing', 0 FROM sanction s
   WHERE s.expert_id = $1 AND s.kind <> 'removal' AND s.state IN ('imposed', 'lifted')
UNION ALL SELECT 'sanction_end', s.id, least(s.lifted_at, s.ends_at), 'standing', 0 FROM sanction s
   WHERE s.expert_id = $1 AND (s.state = 'lifted' OR s.state = 'imposed' AND s.ends_at <= $10)
UNION ALL SELECT 'sanction_appeal', s.id, s.appealed_at, 'standing', 0 FROM sanction s
   WHERE s.expert_id = $1 AND s.appealed_at IS NOT NULL
UNION ALL SELECT 'sanction_answer', s.id, s.answered_at, 'standing', 0 FROM sanction s
   WHERE s.expert_id = $1 AND s.answered_at IS NOT NULL
UNION ALL SELECT 'own', NULL, o.at, o.kind, o.place
  FROM unnest($5::timestamptz[], $6::text[]) WITH ORDINALITY AS o (at, kind, place)
"""
"""Entries of the expert ``$1`` with the account ``$2``; 'own' are those of the file, with corrected fields, and of
applications, which the caller has read. Panels are unsealed whose draws start before ``$3``; ``$10`` is the present
moment. A removal is an entry of the file."""
_PANEL = """SELECT i.state, i.answered_by, i.gathering_at, n.venue, d.kind = 'recall' AS recall, d.id AS draw_id,
    CASE WHEN d.starts_at <= $3 THEN d.number END AS number,
    (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
    (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at,
    (SELECT l.minutes FROM late_arrival l WHERE l.invitation_id = i.id AND l.ended_at IS NULL
      AND l.gathering_at = i.gathering_at) AS late_minutes,
    (SELECT l.channel = 'phone' FROM late_arrival l WHERE l.invitation_id = i.id AND l.ended_at IS NULL
      AND l.gathering_at = i.gathering_at) AS late_by_telephone,
    (SELECT ROW_TO_JSON(b) FROM (SELECT b.reason, b.source FROM absence b WHERE b.invitation_id = i.id
      ORDER BY b.registered_at DESC LIMIT 1) AS b) AS absence
  FROM invitation i JOIN call_notice n ON n.id = i.notice_id JOIN draw d ON d.id = i.draw_id WHERE i.id = p.id"""
_AMOUNT = """SELECT r.state, r.amount, r.paid_on, r.paid_way, i.gathering_at, n.venue
  FROM remuneration r JOIN invitation i ON i.id = r.invitation_id JOIN call_notice n ON n.id = i.notice_id
  WHERE r.id = p.id"""
_CERTIFICATE = (
    """SELECT c.id, c.number, c.title, c.state, c.valid_until, c.reason FROM certificate c WHERE c.id = p.id"""
)
_COURSE = """SELECT n.id, c.name, n.closes_at, n.state FROM course_enrolment n JOIN course c ON c.id = n.course_id
  WHERE n.id = p.id"""
_EXAM = "SELECT x.name, k.state FROM exam_candidate k JOIN exam x ON x.id = k.exam_id WHERE k.id = p.id"
_AWAY = """SELECT u.starts_at, u.ends_at, u.weekdays, u.from_minute, u.to_minute, u.reason, u.cancelled_at
  FROM unavailability u WHERE u.id = p.id"""
_CORRECTION = """SELECT c.kind, c.state, c.reason, c.note,
    (SELECT a.real_name FROM account a WHERE a.id = c.begun_by) AS author FROM correction c WHERE c.id = p.id"""
_SANCTION = """SELECT s.kind, s.reason, s.starts_at, s.ends_at, s.lifted_at, s.lift_reason, s.answer, s.state,
    (SELECT a.real_name FROM account a WHERE a.id = s.decided_by) AS imposer,
    (SELECT a.real_name FROM account a WHERE a.id = s.lifted_by) AS lifter,
    (SELECT a.real_name FROM account a WHERE a.id = s.answered_by) AS answerer
  FROM sanction s WHERE s.id = p.id"""
_FACTS = (
    (("correction",), _CORRECTION),
    (("call",), _PANEL),
    (("amount", "payment"), _AMOUNT),
    (("certificate", "certificate_end"), _CERTIFICATE),
    (("course_call", "course_finish", "course_miss"), _COURSE),
    (("exam_call", "exam_result"), _EXAM),
    (("away",), _AWAY),
    (("sanction", "sanction_end", "sanction_appeal", "sanction_answer"), _SANCTION),
)
_CASES = " ".join(
    f"WHEN p.source IN ({', '.join(map(repr, sources))}) THEN (SELECT row_to_json(f)::text FROM ({facts}) AS f)"
    for sources, facts in _FACTS
)
_PAGE = f"""
WITH entry AS ({_ENTRIES}), wanted AS (SELECT * FROM entry WHERE $7 IN ('', kind)),
p AS (SELECT * FROM wanted ORDER BY at DESC, source, place DESC, id LIMIT $8 OFFSET $9)
SELECT p.source, p.at, p.kind, p.place, (SELECT count(*)::int FROM wanted) AS total, CASE {_CASES} END AS facts
  FROM p ORDER BY p.at DESC, p.source, p.place DESC, p.id
"""
"""The particulars are looked up for the page's entries alone."""


@dataclass(frozen=True)
class TimelineChoice:
    """A page of the time line, from 1; ``kind`` empty: all kinds."""

    kind: str = ""
    page: int = 1

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE


WHOLE = TimelineChoice()
"""Its first page, of all kinds."""


def check_choice(kind: str, page: int) -> TimelineChoice:
    """Raises InvalidInput for a kind that there is not, or a page out of range."""
    if kind not in ("", *TimelineKind):
        raise InvalidInput("没有这类记录，请从列表中选择。", field="kind")
    if not 1 <= page <= _PAGE_MAX:
        raise InvalidInput("没有这一页，请返回第一页。", field="page")
    return TimelineChoice(kind, page)


async def read_timeline(
    deps: Deps, words: FileWords, reader: TimelineReader, choice: TimelineChoice
) -> Page[TimelineEntry]:
    """A page of it, newest first."""
    record, now = words.record, deps.now()
    speaker = TimelineWords(words, reader, now)
    own = speaker.own_entries()
    entry_rows = await rows(
        _PAGE,
        record.expert.id,
        record.expert.account_id,
        now + words.book.draw.result_visible_before,
        reader is TimelineReader.OFFICE,
        [entry.at for entry in own],
        [entry.kind.value for entry in own],
        choice.kind,
        PAGE_SIZE,
        choice.offset,
        now,
    )
    entries = tuple(
        own[row["place"] - 1]
        if row["source"] == "own"
        else speaker.entry(row["source"], row["at"], TimelineKind(row["kind"]), json.loads(row["facts"]))
        for row in entry_rows
    )
    return Page(entries, entry_rows[0]["total"] if entry_rows else 0)
