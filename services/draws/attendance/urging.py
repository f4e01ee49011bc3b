"""Urging experts who are missing after their gathering time (催促): by an automatic or by a virtual call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, NotFound
from domain.rulebook.notice_texts import time_params
from models.attendance import Urge, has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.crypto import PHONE
from services.core.due_rows import process_each
from services.draws.access import DrawAccess
from services.draws.calls.call_rules import address_and_room
from services.draws.draw_notices import notify_agency
from services.draws.locks import lock
from services.draws.party_notifications import venue_urging_text
from services.draws.virtual_calls import VirtualCalls
from services.notifications import Notices


@dataclass(frozen=True)
class Urging:
    deps: Deps
    notices: Notices
    access: DrawAccess
    calls: VirtualCalls

    async def urge(self, actor: Actor, draw_id: UUID, invitation_id: UUID) -> int:
        """Call a missing expert; returns the number of such calls.

        Only from the gathering time on, within the window, and at most as often as the rulebook permits.
        """
        async with transaction():
            draw, invitation = await self._lock_missing_expert(actor, draw_id, invitation_id)
            now, count = self.deps.now(), await self._check_voice_urges(draw, invitation)
            await Urge.create(invitation_id=invitation_id, channel="voice", at=now, by_id=actor.account_id)
            call_notice = await CallNotice.get(id=invitation.notice_id)
            await self.notices.notify(
                pool=draw.pool,
                kind="urging",
                dedupe_key=f"urging:{invitation_id}:{count + 1}",
                params={
                    **time_params(invitation.gathering_at),
                    "place": address_and_room(call_notice),
                    "contact_phone": self.deps.keys.read(call_notice.contact_phone_sealed, PHONE),
                },
                expert_id=invitation.expert_id,
                invitation_id=invitation_id,
            )
            await record(actor, now, "attendance.urged", "invitation", invitation_id, count=count + 1)
            return count + 1

    async def ring(self, actor: Actor, draw_id: UUID, invitation_id: UUID, phone: str) -> None:
        """Connect ``phone`` with a missing expert by a virtual call, in the window of urging.

        Raises as ``VirtualCalls.request_call``.
        """
        async with transaction():
            draw, invitation = await self._lock_missing_expert(actor, draw_id, invitation_id)
            book = self.deps.book(draw.pool)
            most = book.attendance.urging_virtual_max
            rung = (await self.calls.log_of(draw_id, "urging")).get(invitation.expert_id, ())
            if most is not None and sum(call.has_rung for call in rung) >= most:
                raise violation(book, "attendance.urging_virtual_max", f"虚拟号催促最多{most}次，请改用其他方式联系。")
            await self.calls.request_call(actor, draw, invitation.expert_id, "urging", phone)
            at = self.deps.now()
            await Urge.create(invitation_id=invitation_id, channel="virtual", at=at, by_id=actor.account_id)

    async def _lock_missing_expert(self, actor: Actor, draw_id: UUID, invitation_id: UUID) -> tuple[Draw, Invitation]:
        """An expert who may be urged now, locked. Raises NotFound, RuleViolation outside the window, Conflict."""
        permissions.check(actor, "attendance.urge")
        await self.access.get(actor, draw_id)
        draw = (await lock(draw_id)).draw
        invitation = await Invitation.select_for_update().get_or_none(
            id=invitation_id, draw_id=draw_id, state=InvitationState.ACCEPTED
        )
        if invitation is None:
            raise NotFound("名单中没有这位专家，请刷新后重试。")
        if draw.ended_at is not None:
            raise Conflict("活动已结束，不能再催促专家。", code="activity_over")
        book = self.deps.book(draw.pool)
        window = book.attendance.urging_window
        if not invitation.gathering_at <= self.deps.now() <= invitation.gathering_at + window:
            minutes = int(window.total_seconds() // 60)
            raise violation(book, "attendance.urging_window", f"只能在集合时间起{minutes}分钟内催促。")
        if await has_entered(invitation.id):
            raise Conflict("该专家已进场，无需催促。", code="entered")
        return draw, invitation

    async def _check_voice_urges(self, draw: Draw, invitation: Invitation) -> int:
        """Number of automatic calls. Raises RuleViolation at the limit."""
        book = self.deps.book(draw.pool)
        count = await Urge.filter(invitation_id=invitation.id, channel="voice").count()
        if count >= book.attendance.urging_voice_max:
            raise violation(
                book,
                "attendance.urging_voice_max",
                f"语音催促最多{book.attendance.urging_voice_max}次，请改用电话联系。",
            )
        return count

    async def notify_late(self) -> int:
        """Notify each agency once, after its gathering time, how many are missing; returns the number of draws
        processed."""
        now = self.deps.now()
        due = await rows(
            "SELECT d.id, d.pool, n.id AS notice_id, n.gathering_at, count(*) AS missing FROM draw d "
            "JOIN call_notice n ON n.draw_id = d.id JOIN invitation i ON i.notice_id = n.id AND i.state = 'accepted' "
            "WHERE d.ended_at IS NULL AND n.gathering_at <= $1 AND n.gathering_at > $1 - interval '2 hours' "
            "AND NOT EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') "
            "AND NOT EXISTS (SELECT 1 FROM notice x WHERE x.pool = d.pool AND x.kind = 'agency_late' "
            "AND starts_with(x.dedupe_key, 'agency_late:' || d.number || ':' || n.id)) GROUP BY d.id, n.id",
            now,
        )
        return await process_each("late", due, self._notify_late)

    async def _notify_late(self, row: Any) -> None:
        late_after = self.deps.book(row["pool"]).attendance.late_after
        if self.deps.now() < row["gathering_at"] + late_after + timedelta(minutes=1):
            return
        async with transaction():
            draw = (await lock(row["id"])).draw
            if draw.ended_at is not None:
                return
            how = await self._urging_advice(draw, row["notice_id"])
            params: dict[str, str | int] = {"missing": row["missing"], "how": how}
            await notify_agency(self.notices, draw, "agency_late", str(row["notice_id"]), **params)

    async def _urging_advice(self, draw: Draw, notice_id: UUID) -> str:
        if self.deps.now() >= self.access.unseals_at(draw):
            return "可以催促"
        call_notice = await CallNotice.get(id=notice_id)
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return venue_urging_text(call_notice.venue, call_notice.address, call_notice.contact, phone)
