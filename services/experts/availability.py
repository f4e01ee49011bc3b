"""Times in which an expert is not available for draws (不接受抽取的时间): added, listed and cancelled by the expert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import print_time
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.faults import Faults
from models.experts import Expert, Unavailability
from models.invitations import Invitation
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.experts.membership_status import not_in_pool

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=2 * 366)
PERIODS_MAX = 100
"""Our own limits against typing errors and floods; no manual sets any."""


@dataclass(frozen=True)
class Period:
    """Half-open. `panels`: panels already accepted inside it, which stay."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str
    panels: int = 0


@dataclass(frozen=True)
class Availability:
    deps: Deps

    async def add_unavailability(
        self, actor: Actor, starts_at: datetime, ends_at: datetime, reason: str = "", *, key: str | None = None
    ) -> Period:
        """Add a time in which the expert isn't drawn. Accepted panels stay; returns how many lie inside.

        Raises InvalidInput for a time that is past, reversed or too long, Conflict where it is covered already,
        Forbidden for an expert who is not formal.
        """
        check(actor, "expert.self.availability")
        now = self.deps.now()
        faults = Faults()
        faults.check(_check_period, starts_at, ends_at, now)
        text = faults.check(check_text, reason, "reason", "原因", 100)
        faults.raise_any()

        async def run() -> Period:
            expert = await Expert.select_for_update().get(id=(await self._get_own_expert(actor)).id)
            if expert.membership_status != "formal":
                raise Forbidden("入库成为正式专家后才能设置不接受抽取的时间。", code="not_formal")
            _check_room(await self._periods(expert.id, now), starts_at, ends_at)
            row = await Unavailability.create(
                expert_id=expert.id, starts_at=starts_at, ends_at=ends_at, reason=text, created_at=now
            )
            await record(actor, now, "expert.unavailable", "expert", expert.id, period=str(row.id))
            panels = await Invitation.filter(
                expert_id=expert.id, state="accepted", starts_at__lt=ends_at, ends_at__gt=starts_at
            ).count()
            return Period(row.id, starts_at, ends_at, text, panels)

        return await once(
            owner=f"unavailable:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=Period,
            run=run,
            request=f"{starts_at} {ends_at} {text}",
        )

    async def list_unavailability(self, actor: Actor) -> list[Period]:
        """Times that are not over yet, soonest first."""
        check(actor, "expert.self.availability")
        return await self._periods((await self._get_own_expert(actor)).id, self.deps.now())

    async def cancel_unavailability(self, actor: Actor, period_id: UUID, *, key: str | None = None) -> Period:
        """Remove a time. A repetition is harmless."""
        check(actor, "expert.self.availability")
        now = self.deps.now()

        async def run() -> Period:
            expert = await self._get_own_expert(actor)
            row = await Unavailability.select_for_update().get_or_none(id=period_id, expert_id=expert.id)
            if row is None:
                raise NotFound("找不到这个时间段，请刷新后重试。")
            if row.cancelled_at is None:
                row.cancelled_at = now
                await row.save(update_fields=["cancelled_at"])
                await record(actor, now, "expert.available", "expert", expert.id, period=str(row.id))
            return Period(row.id, row.starts_at, row.ends_at, row.reason)

        return await once(
            owner=f"available:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=Period,
            run=run,
            request=str(period_id),
        )

    async def _get_own_expert(self, actor: Actor) -> Expert:
        expert = (
            await Expert.get_or_none(id=actor.expert_id, pool=actor.pool, left_at=None) if actor.expert_id else None
        )
        if expert is None:
            raise not_in_pool()
        return expert

    async def _periods(self, expert_id: UUID, now: datetime) -> list[Period]:
        periods = await Unavailability.filter(expert_id=expert_id, cancelled_at=None, ends_at__gt=now).order_by(
            "starts_at"
        )
        return [Period(row.id, row.starts_at, row.ends_at, row.reason) for row in periods]


def _check_room(existing: Sequence[Period], starts_at: datetime, ends_at: datetime) -> None:
    """Raises Conflict for a time that one of the existing covers, TooMany when there are too many."""
    for period in existing:
        if period.starts_at <= starts_at and ends_at <= period.ends_at:
            raise Conflict(
                f"这段时间已设置过：{print_time(period.starts_at)}至{print_time(period.ends_at)}，无需重复设置。",
                code="already_unavailable",
            )
    if len(existing) >= PERIODS_MAX:
        raise TooMany("设置的时间段过多，请先取消不需要的时间段。", retry_after=86400, code="too_many_periods")


def _check_period(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise InvalidInput("结束时间应晚于开始时间，请重新填写。", code="period_order", field="ends_at")
    if ends_at <= now:
        raise InvalidInput("这段时间已经过去，请填写今天以后的时间。", code="period_past", field="ends_at")
    if ends_at - starts_at > LONGEST:
        raise InvalidInput("一次最多设置一年，请缩短时间段。", code="period_long", field="ends_at")
    if starts_at > now + FURTHEST:
        raise InvalidInput("开始时间过远，请填写两年以内的时间。", code="period_far", field="starts_at")
