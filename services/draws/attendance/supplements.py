"""Supplementary draws (补抽): the places of absent experts are filled again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.draws.lifecycles import DrawEvent, DrawState
from domain.errors import Conflict, InvalidInput, NotFound
from models.draws import Condition, Draw
from models.experts import CatalogueEntry
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction, violation
from services.draws.attendance.gathering_times import GatheringTimes
from services.draws.attendance.postponement import NewStart, Postponement
from services.draws.call_order.round_abort import ordered_regions
from services.draws.call_order.rounds import Rounds, RoundView
from services.draws.calls.calling import Calling
from services.draws.locks import Locked, lock_own_draw


@dataclass(frozen=True)
class RegionChange:
    """New regions of one condition for a supplementary draw."""

    condition_id: UUID
    regions: tuple[str, ...]


@dataclass(frozen=True)
class Supplements:
    deps: Deps
    calling: Calling
    rounds: Rounds
    gathering_times: GatheringTimes
    postponement: Postponement

    async def start(
        self,
        actor: Actor,
        draw_id: UUID,
        *,
        regions: Sequence[RegionChange] = (),
        gathering: dict[UUID, datetime] | None = None,
        start: NewStart | None = None,
    ) -> RoundView | None:
        """Fill the missing places: on along the same order, or in wider regions once that is at its end.

        ``gathering`` gives new gathering times by notice; ``start`` a later expected start, for a panel that is already
        at the door. Several absences are filled together. The answer is the new round when one must be committed to
        first, else None and calling has begun.
        """
        permissions.check(actor, "draw.start")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评没有抽取顺序，不能补抽。请结束或终止本活动，再从原活动重新抽取。", code="recall")
            if locked.state not in (DrawState.SUPPLEMENT_PENDING, DrawState.SHORT):
                message = f"活动{locked.state.label}，当前没有等待补抽的名额。"
                raise Conflict(message, code="nothing_to_supplement")
            now = self.deps.now()
            if start is not None:
                await self.postponement.apply(actor, locked, start)
            for notice_id, at in (gathering or {}).items():
                await self.gathering_times.move(actor, locked, notice_id, at)
            what = await _describe_widening(locked, regions)
            await record(actor, now, "draw.supplemented", "draw", draw_id, changed=len(regions), what=what)
            if regions:
                return await self._widen_regions(locked, regions)
            await self.calling.begin(locked, DrawEvent.START_SUPPLEMENT, by=actor.account_id)
            return None

    async def _widen_regions(self, locked: Locked, changes: Sequence[RegionChange]) -> RoundView:
        book = self.deps.book(locked.draw.pool)
        if not book.draw.supplement.region_change:
            raise violation(book, "draw.supplement.region_change", "补抽不能更换抽取地区。")
        for change in changes:
            condition = next((c for c in locked.conditions if c.id == change.condition_id), None)
            if condition is None:
                raise NotFound("找不到这个抽取条件，请刷新后重试。")
            await self._check_regions(locked.draw, condition, change.regions)
            condition.regions = list(change.regions)
            await condition.save(update_fields=["regions"])
        ids = {change.condition_id for change in changes}
        changed = [c for c in locked.conditions if c.id in ids]
        await self.calling.check_time(locked.draw, changed)
        return await self.rounds.widen(locked, [c.position for c in changed])

    async def _check_regions(self, draw: Draw, condition: Condition, regions: Sequence[str]) -> None:
        """Only regions wider than all earlier ones, and only once the order is exhausted: otherwise an agency could
        redraw until the result suits it."""
        book = self.deps.book(draw.pool)
        if not regions:
            raise InvalidInput("请选择抽取地区。", field="regions")
        before = await ordered_regions(draw, condition)
        if len(set(regions) - before) > 1 and not book.draw.several_regions:
            raise violation(book, "draw.several_regions", "一次只能增加一个地区。", field="regions")
        known = CatalogueEntry.filter(pool__in=["", draw.pool], kind="region", code__in=list(regions))
        if unknown := sorted(set(regions) - set(await known.values_list("code", flat=True))):
            raise InvalidInput(f"目录中没有“{unknown[0]}”，请重新选择。", field="regions")
        if condition.needed == condition.accepted:
            raise Conflict(f"条件{condition.position}没有缺额，不能扩大地区。", code="condition_full")
        if not condition.exhausted:
            raise Conflict(
                f"条件{condition.position}的名单还没有抽完，请先按原顺序启动补抽；抽完仍缺人时再扩大地区。",
                code="order_not_exhausted",
            )
        if not set(regions) > before:
            raise Conflict(
                f"条件{condition.position}只能在原有地区之外增加地区，请保留原有地区，再选择要增加的地区。",
                code="region_not_wider",
            )


async def _describe_widening(locked: Locked, changes: Sequence[RegionChange]) -> str:
    """The added regions by condition, for the log of operations; empty for a supplement in the same regions."""
    codes = {code for change in changes for code in change.regions}
    entries = CatalogueEntry.filter(pool__in=["", locked.draw.pool], kind="region", code__in=list(codes))
    names = dict(await entries.values_list("code", "name")) if codes else {}
    before = {condition.id: (condition.position, set(condition.regions)) for condition in locked.conditions}
    described = []
    for change in changes:
        position, regions = before.get(change.condition_id, (0, set()))
        added = [names.get(code, code) for code in change.regions if code not in regions]
        described.append(f"扩大地区，条件{position}增加{'、'.join(added)}")
    return "；".join(described)
