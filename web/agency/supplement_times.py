"""Times for a supplementary draw: whether the gathering is too near for calls, and possible new times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.rulebook.book import Rulebook
from services.draws import CallNoticeView, ConditionView, DrawView, NewStart
from web.agency.wizard import text, when

_STEP = timedelta(minutes=5)


@dataclass(frozen=True)
class SupplementTimes:
    """`near`: new gathering times are needed; `late`: a new start, too. The times are the form's initial values."""

    near: bool
    late: bool
    gatherings: Mapping[UUID, datetime]
    starts_at: datetime


def suggest(
    draw: DrawView, notices: Sequence[CallNoticeView], missing: Sequence[ConditionView], book: Rulebook, now: datetime
) -> SupplementTimes:
    """The new gathering leaves the lead of calling and the time to answer; gatherings still keep their distance to the
    start."""
    lead = timedelta(seconds=draw.lead_seconds)
    of_missing = {one.notice_id for one in missing}
    near = {one.id for one in notices if one.id in of_missing and now >= one.gathering_at - lead}
    earliest = _round_up(now + lead + book.draw.calling.answer_timeout)
    gatherings = {one.id: max(one.gathering_at, earliest) if one.id in near else one.gathering_at for one in notices}
    waits = [draw.starts_at - one.gathering_at for one in notices if one.id in near]
    starts_at = max([draw.starts_at, *(earliest + wait for wait in waits)])
    return SupplementTimes(bool(near), bool(near) and earliest > draw.starts_at - _STEP, gatherings, starts_at)


def new_start(fields: Mapping[str, str]) -> NewStart | None:
    """The form's expected start; None if unchanged."""
    if fields.get("postpone") != "1":
        return None
    return NewStart(when(fields, "starts_at", "评标开始时间"), text(fields, "start_reason", "推迟的原因", 200))


def _round_up(at: datetime) -> datetime:
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at - over + _STEP if over else at
