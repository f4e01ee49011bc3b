"""Times for a supplementary draw: whether the gathering is too near for calls, and possible new times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from domain.faults import Faults
from domain.rulebook.book import Rulebook
from services.draws import CallNoticeView, ConditionView, DrawView, NewStart
from web.core.form_values import is_typed, keep_stored, uuid_of
from web.core.typed_forms import RequiredMoment, ShortText, read_typed

_AT = "at-"
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
    of_missing = {condition.notice_id for condition in missing}
    near = {notice.id for notice in notices if notice.id in of_missing and now >= notice.gathering_at - lead}
    earliest = _round_up(now + lead + book.draw.calling.answer_timeout)
    gatherings = {
        notice.id: max(notice.gathering_at, earliest) if notice.id in near else notice.gathering_at
        for notice in notices
    }
    waits = [draw.starts_at - notice.gathering_at for notice in notices if notice.id in near]
    starts_at = max([draw.starts_at, *(earliest + wait for wait in waits)])
    return SupplementTimes(bool(near), bool(near) and earliest > draw.starts_at - _STEP, gatherings, starts_at)


@dataclass(frozen=True)
class _Gatherings:
    """The gathering times by notice, each a field of its own: all if the box ``update`` is ticked, else those that were
    typed over."""

    def read(self, sent: Mapping[str, str], name: str) -> dict[UUID, datetime]:
        times, faults = RequiredMoment("集合时间"), Faults()
        fields = {
            field: uuid_of(field.removeprefix(_AT), "这条语音通知")
            for field in sent
            if field.startswith(_AT) and (sent.get("update") == "1" or is_typed(sent, field))
        }
        gatherings = {notice_id: faults.check(times.read, sent, field) for field, notice_id in fields.items()}
        faults.raise_any()
        return gatherings


@dataclass(frozen=True)
class _PostponedStart:
    starts_at: Annotated[datetime, RequiredMoment("评标开始时间")]
    start_reason: Annotated[str, ShortText("推迟的原因", 200, required=True)]


@dataclass(frozen=True)
class _Postponed:
    """The new start, if the box of this name is ticked, or its time or reason was typed."""

    def read(self, sent: Mapping[str, str], name: str) -> NewStart | None:
        if sent.get(name) != "1" and not (is_typed(sent, "starts_at") or is_typed(sent, "start_reason")):
            return None
        start = read_typed(_PostponedStart, sent)
        return NewStart(start.starts_at, start.start_reason)


@dataclass(frozen=True)
class SupplementForm:
    """The times of a supplementary draw."""

    gatherings: Annotated[Mapping[UUID, datetime], _Gatherings()]
    postpone: Annotated[NewStart | None, _Postponed()]

    def changed_gatherings(self, notices: Sequence[CallNoticeView]) -> dict[UUID, datetime]:
        """Times by notice; an input that still shows the stored time has no seconds."""
        stored = {notice.id: notice.gathering_at for notice in notices}
        return {notice_id: keep_stored(at, stored.get(notice_id)) or at for notice_id, at in self.gatherings.items()}


def _round_up(at: datetime) -> datetime:
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at - over + _STEP if over else at
