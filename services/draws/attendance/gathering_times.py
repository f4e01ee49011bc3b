"""When the experts gather: changed after the start of a draw, and who is notified of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.draws.lifecycles import DrawState, InvitationState
from domain.draws.record import GatheringMoved
from domain.errors import Conflict, InvalidInput, NotFound
from domain.rulebook.notice_texts import time_params
from models.attendance import has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction
from services.draws.calls.call_rules import address_and_room
from services.draws.calls.invitations import Invitations
from services.draws.locks import Locked, lock_own_draw
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import append_to_log
from services.notifications import Notices


@dataclass(frozen=True)
class GatheringTimes:
    deps: Deps
    notices: Notices
    invitations: Invitations
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
            await self.move(locked, notice_id, at, by=actor.account_id)
            await record(actor, self.deps.now(), "draw.gathering_changed", "draw", draw_id)

    async def move(self, locked: Locked, notice_id: UUID, at: datetime, *, by: UUID | None = None) -> None:
        """Move a notice's gathering time and notify everyone who was notified of the old one; ``by`` is the person who
        moved it."""
        draw, now = locked.draw, self.deps.now()
        call_notice = await CallNotice.get_or_none(id=notice_id, draw_id=draw.id)
        if call_notice is None:
            raise NotFound("找不到这条语音通知，请刷新后重试。")
        if not now < at <= draw.starts_at:
            raise InvalidInput("集合时间应在现在之后、预计评标开始之前。", field="gathering_at")
        if at == call_notice.gathering_at:
            return
        old = call_notice.gathering_at
        call_notice.gathering_at = at
        await call_notice.save(update_fields=["gathering_at"])
        if draw.log_length and any(c.notice_id == call_notice.id for c in locked.conditions):
            await append_to_log(draw, now, GatheringMoved(call_notice.position, old, at))
        first = min([n.gathering_at for n in await CallNotice.filter(draw_id=draw.id)])
        draw.gathering_first = first
        await draw.save(update_fields=["gathering_first"])
        await self._notify_moved(draw, call_notice, old)
        if draw.started_at is not None:
            occasion = f"{call_notice.id.hex}:{at.timestamp():.0f}"
            await self.parties.notify(draw, "moved", time_params(at), by=by, occasion=occasion)

    async def _notify_moved(self, draw: Draw, call_notice: CallNotice, old: datetime) -> None:
        invited = Invitation.filter(
            draw_id=draw.id, notice_id=call_notice.id, state__in=[InvitationState.OPEN, InvitationState.ACCEPTED]
        )
        for invitation in await invited.order_by("id").select_for_update():
            invitation.gathering_at = call_notice.gathering_at
            # the time that the panel occupies grows only: the database refuses it where another panel overlaps
            invitation.starts_at = min(invitation.starts_at, call_notice.gathering_at)
            try:
                await invitation.save(update_fields=["gathering_at", "starts_at"])
            except IntegrityError as error:
                raise Conflict(
                    "有专家在提前后的时段另有评标，请选择晚一些的集合时间。", code="gathering_overlaps"
                ) from error
            if await has_entered(invitation.id):
                continue  # he has arrived: only a new start concerns him, see Postponement
            times = time_params(call_notice.gathering_at)
            if invitation.state == InvitationState.ACCEPTED:
                await self.invitations.plan_reminder(invitation, draw.pool, self.deps.now())
            else:
                await self.notices.reword(invitation_id=invitation.id, kind="draw_call", params=times)
            params = {
                **times,
                "old_gathering": time_params(old)["gathering"],
                "place": address_and_room(call_notice),
            }
            await self.notices.notify(
                pool=draw.pool,
                kind="gathering_changed",
                dedupe_key=f"gathering_changed:{invitation.id}:{call_notice.gathering_at.timestamp():.0f}",
                params=params,
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )
