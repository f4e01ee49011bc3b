"""What an act against an expert must state, and who may decide on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from domain.clock import SHANGHAI, local
from domain.errors import Conflict, InvalidInput
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from domain.faults import Faults
from models.experts import Expert
from models.sanctions import Sanction
from services.core.base import Actor
from services.core.short_texts import check_text

REASON_MAX = 200
TEXT_MAX = 1000
"""Characters of an appeal."""
_LAST_YEAR = 2100
_TIMED = (SanctionKind.SUSPENSION, SanctionKind.WARNING)


@dataclass(frozen=True)
class SanctionForm:
    """A suspension or warning as typed. ``starts_on`` None: at once; ``ends_on``, the last day, None: until it is
    lifted. ``withdraws_calls``: invitations that wait for the expert's answer end with it."""

    kind: str
    reason: str
    starts_on: date | None = None
    ends_on: date | None = None
    withdraws_calls: bool = False


@dataclass(frozen=True)
class Terms:
    """A checked form. ``starts_at`` None: once it takes effect; the time is half-open."""

    kind: SanctionKind
    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    withdraws_calls: bool = False
    evidence: tuple[Mapping[str, str], ...] = ()


def read_terms(form: SanctionForm, now: datetime) -> Terms:
    """Raises InvalidInput with all faults."""
    faults, today = Faults(), local(now).date()
    if form.kind not in _TIMED:
        faults.add(InvalidInput("请选择暂停抽取或警告。", code="no_choice", field="kind"))
    reason = faults.check(check_reason, form.reason)
    starts, ends = form.starts_on, form.ends_on
    if starts is not None and starts < today:
        faults.add(InvalidInput("开始日期不能早于今天；立即生效的不用填。", code="past", field="starts_on"))
    elif ends is not None and ends < (starts or today):
        faults.add(InvalidInput("结束日期不能早于开始日期或今天。", code="ends_before", field="ends_on"))
    for name, day in (("starts_on", starts), ("ends_on", ends)):
        if day is not None and day.year > _LAST_YEAR:
            faults.add(InvalidInput("年份太远，请核对。", code="too_far", field=name))
    faults.raise_any()
    return Terms(
        SanctionKind(form.kind),
        str(reason),
        _midnight(starts) if starts is not None and starts > today else None,
        _midnight(ends + timedelta(days=1)) if ends is not None else None,
        form.withdraws_calls and form.kind == SanctionKind.SUSPENSION,
    )


def check_reason(reason: str, field: str = "reason", label: str = "原因") -> str:
    return check_text(" ".join(reason.split()), field, label, REASON_MAX, required=True)


def begin_of(starts_at: datetime | None, ends_at: datetime | None, now: datetime) -> datetime:
    """When something that takes effect now begins; nothing begins before it does. Raises Conflict when its time is
    over."""
    begin = max(starts_at or now, now)
    if ends_at is not None and ends_at <= begin:
        raise Conflict("处理期限已过，不能再生效，请撤回或不予确认后重新提出。", code="time_over")
    return begin


def check_not_own(actor: Actor, expert: Expert) -> None:
    """Nobody decides on an act against himself. Raises Conflict."""
    if actor.account_id is None or expert.account_id == actor.account_id:
        raise Conflict("不能办理对自己的处理，请由其他管理员办理。", code="own_sanction")


async def check_no_proposal(expert_id: UUID, kind: SanctionKind) -> None:
    """One proposal of a kind waits at a time. Under the expert's lock. Raises Conflict."""
    if await Sanction.exists(expert_id=expert_id, kind=kind, state=SanctionState.PROPOSED):
        raise Conflict(f"已有一项对该专家的{kind.label}待确认，请先确认、不予确认或撤回。", code="already_proposed")


async def check_no_suspension(expert_id: UUID, terms: Terms, begin: datetime) -> None:
    """Suspensions in force never overlap. Under the expert's lock. Raises Conflict that names the other one."""
    if terms.kind != SanctionKind.SUSPENSION:
        return
    others = Sanction.filter(expert_id=expert_id, kind=terms.kind, state=SanctionState.IMPOSED)
    for other in await others.order_by("starts_at"):
        if _overlap(other, begin, terms.ends_at):
            when = period_words(other.starts_at, other.ends_at)
            raise Conflict(f"该专家已暂停抽取（{when}），请另选时间，或先恢复再重新办理。", code="already_suspended")


def _overlap(other: Sanction, begin: datetime, end: datetime | None) -> bool:
    starts_before_end = end is None or (other.starts_at is not None and other.starts_at < end)
    return starts_before_end and (other.ends_at is None or other.ends_at > begin)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
