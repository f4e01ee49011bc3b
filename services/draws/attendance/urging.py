"""Urging experts who are missing after their gathering time (催促): by an automatic or by a virtual call.

Who has announced that he comes late (晚到) is neither silent nor called by the automatic voice before that time; people
may still telephone him.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.agreed_times import agreed_gathering, awaited_from, missing_from, urging_ends
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, NotFound
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import time_params
from models.attendance import AWAITED_FROM, STANDING_LATE_ARRIVAL, Urge, find_late_arrival, has_entered
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
from services.draws.virtual_calls import Caller, CallWindow, VirtualCalls
from services.notifications import Notices

_NOT_ENTERED = "NOT EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in')"
_LATE = f"""
SELECT d.id, d.pool, n.id AS notice_id, l.id AS announced_id, min({AWAITED_FROM}) AS missing_from, count(*) AS missing
FROM draw d JOIN call_notice n ON n.draw_id = d.id
JOIN invitation i ON i.notice_id = n.id AND i.state = 'accepted' LEFT JOIN {STANDING_LATE_ARRIVAL}
WHERE d.ended_at IS NULL AND {AWAITED_FROM} <= $1 AND {AWAITED_FROM} > $1 - interval '2 hours' AND {_NOT_ENTERED}
  AND NOT EXISTS (SELECT 1 FROM notice x WHERE x.pool = d.pool AND x.kind = 'agency_late'
    AND starts_with(x.dedupe_key, 'agency_late:' || d.number || ':' || coalesce(l.id, n.id)))
GROUP BY d.id, n.id, l.id
"""
"""The silent ones of a notice together; each who has announced a late arrival once that time, too, is over."""
_STILL_EXPECTED = f"""
SELECT count(*) AS experts FROM invitation i JOIN {STANDING_LATE_ARRIVAL}
WHERE i.notice_id = $1 AND i.state = 'accepted' AND {AWAITED_FROM} > $2 AND {_NOT_ENTERED}
"""


@dataclass(frozen=True)
class Urging:
    deps: Deps
    notices: Notices
    access: DrawAccess
    calls: VirtualCalls

    async def urge(self, actor: Actor, draw_id: UUID, invitation_id: UUID) -> int:
        """Call a missing expert; returns the number of such calls.

        Only from the agreed gathering on, within the window, with a pause, and as often as the rulebook permits.
        """
        async with transaction():
            draw, invitation, arrives_at = await self._lock_missing_expert(actor, draw_id, invitation_id)
            now, count = self.deps.now(), await self._check_voice_urges(draw, invitation, arrives_at)
            await Urge.create(invitation_id=invitation_id, channel="voice", at=now, by_id=actor.account_id)
            call_notice = await CallNotice.get(id=invitation.notice_id)
            await self.notices.notify(
                pool=draw.pool,
                kind="urging",
                dedupe_key=f"urging:{invitation_id}:{count + 1}",
                params={
                    **time_params(agreed_gathering(invitation)),
                    "place": address_and_room(call_notice),
                    "contact_phone": self.deps.keys.read(call_notice.contact_phone_sealed, PHONE),
                },
                expert_id=invitation.expert_id,
                invitation_id=invitation_id,
            )
            await record(actor, now, "attendance.urged", "invitation", invitation_id, count=count + 1)
            return count + 1

    async def ring(self, actor: Actor, draw_id: UUID, invitation_id: UUID, caller: Caller) -> None:
        """Connect the caller with a missing expert by a virtual call, in the window of urging and after unsealing.

        Raises as ``VirtualCalls.caller_mobile`` and ``request_call``.
        """
        async with transaction():
            draw, invitation, arrives_at = await self._lock_missing_expert(actor, draw_id, invitation_id)
            book = self.deps.book(draw.pool)
            most = book.attendance.urging_virtual_max
            rung = await self._rung(invitation)
            if most is not None and len(rung) >= most:
                raise violation(book, "attendance.urging_virtual_max", f"虚拟号催促最多{most}次，请改用其他方式联系。")
            call_notice = await CallNotice.get(id=invitation.notice_id)
            staff = await self.calls.caller_mobile(actor, caller, call_notice)
            ends = urging_ends(invitation, book.attendance, arrives_at)
            window = CallWindow(self.access.unseals_at(draw), missing_from(invitation), ends)
            await self.calls.request_call(actor, draw, invitation.expert_id, "urging", staff, window)
            at = self.deps.now()
            await Urge.create(invitation_id=invitation_id, channel="virtual", at=at, by_id=actor.account_id)

    async def _lock_missing_expert(
        self, actor: Actor, draw_id: UUID, invitation_id: UUID
    ) -> tuple[Draw, Invitation, datetime | None]:
        """An expert who may be called now, locked, and when he comes if he has announced that he is late.

        Raises NotFound, RuleViolation outside the window, Conflict.
        """
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
        arrival = await find_late_arrival(invitation.id, agreed_gathering(invitation))
        arrives_at = arrival.arrives_at if arrival else None
        begins = missing_from(invitation)
        if not begins <= self.deps.now() <= urging_ends(invitation, book.attendance, arrives_at):
            minutes = int(book.attendance.urging_window.total_seconds() // 60)
            message = (
                f"只能在专家同意的集合时间{print_time(begins)}起{minutes}分钟内催促，专家说明晚到的从说明的时间算起。"
            )
            raise violation(book, "attendance.urging_window", message)
        if await has_entered(invitation.id):
            raise Conflict("该专家已进场，无需催促。", code="entered")
        await self._check_pause(book, invitation)
        return draw, invitation, arrives_at

    async def _rung(self, invitation: Invitation) -> list[datetime]:
        """When virtual calls made the expert's phone ring, newest first."""
        calls = (await self.calls.log_of(invitation.draw_id, "urging")).get(invitation.expert_id, ())
        return [call.at for call in calls if call.has_rung]

    async def _check_pause(self, book: Rulebook, invitation: Invitation) -> None:
        """Raises RuleViolation while the expert may still answer the urging before."""
        voice = await Urge.filter(invitation_id=invitation.id, channel="voice").order_by("-at").first()
        urgings = [*await self._rung(invitation), *([voice.at] if voice else [])]
        if urgings and self.deps.now() < (again := max(urgings) + book.attendance.urging_pause):
            minutes = int(book.attendance.urging_pause.total_seconds() // 60)
            message = f"刚刚催促过这位专家，两次催促至少间隔{minutes}分钟，请{print_time(again)}后再催促。"
            raise violation(book, "attendance.urging_pause", message)

    async def _check_voice_urges(self, draw: Draw, invitation: Invitation, arrives_at: datetime | None) -> int:
        """Number of automatic calls. Raises RuleViolation at the limit, Conflict before an announced arrival."""
        book = self.deps.book(draw.pool)
        if arrives_at is not None and self.deps.now() < awaited_from(invitation, arrives_at):
            message = f"该专家已说明约{local(arrives_at):%H:%M}到，之前不用语音催促。等不了的，可以登记缺席后补抽。"
            raise Conflict(message, code="announced")
        count = await Urge.filter(invitation_id=invitation.id, channel="voice").count()
        if count >= book.attendance.urging_voice_max:
            raise violation(
                book,
                "attendance.urging_voice_max",
                f"语音催促最多{book.attendance.urging_voice_max}次，请改用电话联系。",
            )
        return count

    async def notify_late(self) -> int:
        """Notify each agency once, after its gathering time, how many are missing, and once more of each who has not
        come by the time that he had announced; returns how many notices are due."""
        now = self.deps.now()
        due = await rows(_LATE, now)
        return await process_each("late", due, self._notify_late)

    async def _notify_late(self, row: Any) -> None:
        late_after = self.deps.book(row["pool"]).attendance.late_after
        if self.deps.now() < row["missing_from"] + late_after + timedelta(minutes=1):
            return
        async with transaction():
            draw = (await lock(row["id"])).draw
            if draw.ended_at is not None:
                return
            how = await self._urging_advice(draw, row["notice_id"])
            if row["announced_id"] is not None:
                how = f"{how}（其说明晚到的时间也已过）"
            elif expected := await self._count_still_expected(row["notice_id"]):
                how = f"{how}，另有{expected}人说明晚到"
            params: dict[str, str | int] = {"missing": row["missing"], "how": how}
            occasion = str(row["announced_id"] or row["notice_id"])
            await notify_agency(self.notices, draw, "agency_late", occasion, **params)

    async def _count_still_expected(self, notice_id: UUID) -> int:
        """Experts whose announced arrival is ahead."""
        [row] = await rows(_STILL_EXPECTED, notice_id, self.deps.now())
        return int(row["experts"])

    async def _urging_advice(self, draw: Draw, notice_id: UUID) -> str:
        if self.deps.now() >= self.access.unseals_at(draw):
            return "可以催促"
        call_notice = await CallNotice.get(id=notice_id)
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return venue_urging_text(call_notice.venue, call_notice.address, call_notice.contact, phone)
