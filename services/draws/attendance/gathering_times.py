"""When the experts shall gather: the planned time, moved after the start of a draw."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState
from domain.draws.record import GatheringMoved
from domain.errors import Conflict, InvalidInput, NotFound
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, Draw
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import check_repeats
from services.draws.attendance.time_changes import TimeChanges
from services.draws.locks import Locked, lock_own_draw
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import append_to_log

MOVES = ("draw.gathering_changed", "draw.start_moved")
"""Acts that ask the whole panel whether it agrees to another time."""


@dataclass(frozen=True)
class GatheringTimes:
    deps: Deps
    changes: TimeChanges
    parties: PartyNotifications

    async def change(self, actor: Actor, draw_id: UUID, notice_id: UUID, at: datetime) -> None:
        """After the start only the gathering time may change, and only while no new expert is being called."""
        permissions.check(actor, "draw.pause")
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评的集合时间以与专家商定并提交的为准，不能在这里修改。", code="recall")
            if locked.state not in (
                DrawState.VERIFIED,
                DrawState.COMMITTING,
                DrawState.PAUSED,
                DrawState.SUPPLEMENT_PENDING,
                DrawState.SHORT,
                DrawState.COMPLETED,
            ):
                raise Conflict("请先暂停抽取，再修改集合时间。", code="not_paused")
            await self.move(actor, locked, notice_id, at)

    async def move(self, actor: Actor, locked: Locked, notice_id: UUID, at: datetime) -> None:
        """Move a notice's gathering time and ask everyone who was notified of the old one whether he agrees. Raises
        TooMany when the times of the draw were moved too often, since each move writes to all."""
        draw, now = locked.draw, self.deps.now()
        call_notice = await CallNotice.get_or_none(id=notice_id, draw_id=draw.id)
        if call_notice is None:
            raise NotFound("找不到这条语音通知，请刷新后重试。")
        if not now < at <= draw.starts_at:
            raise InvalidInput("集合时间应在现在之后、预计评标开始之前。", field="gathering_at")
        if at == call_notice.gathering_at:
            return
        _check_day(draw, call_notice.gathering_at, at)
        await check_repeats("draw", draw.id, MOVES, now)
        old = call_notice.gathering_at
        what = f"通知{call_notice.position}由{print_time(old)}改为{print_time(at)}"
        await record(actor, now, "draw.gathering_changed", "draw", draw.id, what=what)
        call_notice.gathering_at = at
        await call_notice.save(update_fields=["gathering_at"])
        if draw.log_length and any(c.notice_id == call_notice.id for c in locked.conditions):
            await append_to_log(draw, now, GatheringMoved(call_notice.position, old, at))
        first = min([n.gathering_at for n in await CallNotice.filter(draw_id=draw.id)])
        draw.gathering_first = first
        await draw.save(update_fields=["gathering_first"])
        await self.changes.propose_gathering(draw, call_notice)
        if draw.started_at is not None:
            occasion = f"{call_notice.id.hex}:{now.timestamp():.6f}"
            await self.parties.notify(draw, "moved", time_params(at), by=actor.account_id, occasion=occasion)


def _check_day(draw: Draw, old: datetime, at: datetime) -> None:
    """A slip of the day would ask the whole panel at once. Raises InvalidInput."""
    if local(at).date() not in (local(draw.starts_at).date(), local(old).date()):
        message = f"集合时间应在评标当天（{print_time(draw.starts_at)}开始），请核对日期。"
        raise InvalidInput(message, field="gathering_at")
