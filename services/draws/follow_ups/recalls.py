"""Notifying the original experts of a recall (复评、通知原专家评标): each is phoned, then all results are confirmed at
once.

The result of a call is a note that may be changed. Only the final confirmation creates invitations, notifies the
experts and moves the draw, in one transaction: no expert is notified twice, and none is left out.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.clock import print_time
from domain.draws import record
from domain.draws.lifecycles import DrawEvent, DrawState
from domain.draws.record import SKIP_REASONS
from domain.errors import Conflict, InvalidInput, NotFound
from domain.parsing import mobile_number
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, Condition, Draw, RecalledExpert
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core import permissions
from services.core.base import Actor, Deps, rows, transaction
from services.core.base import record as audit
from services.core.crypto import PHONE
from services.draws.access import DrawAccess
from services.draws.call_order.eligibility import occupied_span
from services.draws.calls.call_rules import address_and_room
from services.draws.calls.invitations import Invitations
from services.draws.calls.next_calls import new_code
from services.draws.draw_notices import notify_agency
from services.draws.follow_ups.recall_queries import RecallQueries, check_recall
from services.draws.locks import Locked, lock_own_draw, move
from services.draws.party_notifications import PartyNotifications
from services.draws.recall_rules import check_same_day
from services.draws.record_log import append_to_log
from services.draws.virtual_calls import VirtualCalls
from services.notifications import Notices

_ROUND = 0
"""Round number of invitations that no round has ordered."""


@dataclass(frozen=True)
class Recalls:
    deps: Deps
    notices: Notices
    access: DrawAccess
    queries: RecallQueries
    invitations: Invitations
    calls: VirtualCalls
    parties: PartyNotifications

    # ---- results of the calls

    async def remember_phone(self, actor: Actor, draw_id: UUID, phone: str) -> None:
        """The phone of the agency's contact; kept for the draw. Raises InvalidInput."""
        async with transaction():
            draw = (await self._lock_open_recall(actor, draw_id)).draw
            draw.staff_phone_sealed = self.deps.keys.seal(mobile_number(phone), PHONE)
            await draw.save(update_fields=["staff_phone_sealed"])
            await audit(actor, self.deps.now(), "recall.phone_entered", "draw", draw_id)

    async def ring(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Connect the agency's contact with an expert by a virtual call.

        After the confirmation only with an expert whom no message reached. Raises as ``VirtualCalls.request_call``.
        """
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = (await lock_own_draw(actor, draw_id)).draw
            confirmed = row_id in await self.queries.find_unreached(draw)
            locked = None if confirmed else await self._lock_open_recall(actor, draw_id)
            row = await self._lock_row(draw_id, row_id)
            if locked is not None:
                await self._check_hindrances(locked, [row])
            own = confirmed and not draw.staff_phone_sealed
            phone = "" if own else self._staff_phone(draw, "请先填写您的通话号码，系统先呼叫这个号码。")
            await self.calls.request_call(actor, draw, row.expert_id, "recall", phone)
            row.called_at = self.deps.now()
            await row.save(update_fields=["called_at"])

    async def resend(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Send time, place and code again to an expert whom that message did not reach. Raises Conflict, NotFound."""
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = (await lock_own_draw(actor, draw_id)).draw
            check_recall(draw)
            row = (await self.queries.find_unreached(draw)).get(row_id)
            if row is None:
                raise Conflict("没有需要重新发送的确认短信，请刷新后查看。", code="nothing_to_send")
            most = self.deps.book(draw.pool).draw.recall.resends_max
            if row["resent"] >= most:
                raise Conflict(f"确认短信已重新发送{most}次，请改用其他方式告知专家。", code="sent_enough")
            invitation = await Invitation.get(id=row["invitation_id"])
            await self._notify_accepted(
                draw, invitation, await CallNotice.get(id=invitation.notice_id), f":{row['resent'] + 1}"
            )
            await audit(actor, self.deps.now(), "recall.resent", "draw", draw_id, row=str(row_id))

    def _staff_phone(self, draw: Draw, advice: str) -> str:
        if not draw.staff_phone_sealed:
            raise Conflict(advice, code="no_phone")
        return self.deps.keys.read(draw.staff_phone_sealed, PHONE)

    async def ask_to_call_back(self, actor: Actor, draw_id: UUID, row_id: UUID) -> None:
        """Ask an expert by message, without revealing his number, to call the agency's contact. Raises Conflict."""
        async with transaction():
            locked = await self._lock_open_recall(actor, draw_id)
            draw, now = locked.draw, self.deps.now()
            row = await self._lock_row(draw_id, row_id)
            await self._check_hindrances(locked, [row])
            phone = self._staff_phone(draw, "请先填写您的通话号码，专家按这个号码回电。")
            request_count = await Notice.filter(dedupe_key__startswith=f"recall_asked:{row.id}:").count()
            rules = self.deps.book(draw.pool).draw.recall
            if request_count >= rules.asks_max:
                raise Conflict(f"已请该专家回电{request_count}次，请登记为不参评或等待回电。", code="asked_enough")
            if request_count and row.called_at and now < row.called_at + rules.asked_again_after:
                minutes = math.ceil((row.called_at + rules.asked_again_after - now).total_seconds() / 60)
                raise Conflict(f"刚刚已请该专家回电，请{minutes}分钟后再试。", code="asked_just_now")
            call_notice = await CallNotice.get(id=locked.condition(row.condition_id).notice_id)
            await self.notices.notify(
                pool=draw.pool,
                kind="recall_asked",
                dedupe_key=f"recall_asked:{row.id}:{request_count + 1}",
                params={**time_params(call_notice.gathering_at), "contact_phone": phone},
                expert_id=row.expert_id,
            )
            row.called_at = now
            await row.save(update_fields=["called_at"])
            await audit(actor, now, "recall.asked", "draw", draw_id, row=str(row_id), times=request_count + 1)

    async def _lock_row(self, draw_id: UUID, row_id: UUID) -> RecalledExpert:
        row = await RecalledExpert.select_for_update().get_or_none(id=row_id, draw_id=draw_id)
        if row is None:
            raise NotFound("名单中没有这位专家，请刷新后重试。")
        return row

    async def record_result(
        self, actor: Actor, draw_id: UUID, row_id: UUID, takes_part: bool, gathering_at: datetime | None
    ) -> None:
        """Record the result for one expert; may be changed until the final confirmation.

        Raises InvalidInput for a gathering on another day, Conflict for an expert who may not sit on the panel.
        """
        async with transaction():
            locked = await self._lock_open_recall(actor, draw_id)
            row = await self._lock_row(draw_id, row_id)
            now = self.deps.now()
            row.takes_part, row.gathering_at = takes_part, gathering_at if takes_part else None
            if takes_part:
                self._check_gathering(locked.draw, row.gathering_at, now)
                await self._check_hindrances(locked, [row])
            row.called_at = row.called_at or now
            row.recorded_at, row.recorded_by_id = now, actor.account_id
            await row.save()
            await audit(actor, now, "recall.noted", "draw", draw_id, row=str(row_id), comes=takes_part)

    def _check_gathering(self, draw: Draw, at: datetime | None, now: datetime) -> None:
        if at is None:
            raise InvalidInput("请填写商定的集合时间。", field="gathering_at")
        check_same_day(draw, at)
        if not now < at <= draw.starts_at:
            begins = print_time(draw.starts_at)
            raise InvalidInput(f"集合时间应在现在之后、{begins}评标开始之前。", field="gathering_at")

    async def _check_hindrances(self, locked: Locked, coming: Sequence[RecalledExpert]) -> None:
        """An expert who has left the pool, is recused or has another panel can't take part. Raises Conflict with the
        name."""
        for row in coming:
            if why := (await self.queries.find_hindrances_of(locked.draw, [row]))[row.id]:
                name = (await Expert.get(id=row.expert_id)).name
                raise Conflict(f"{name}{why}，请登记为不参评。", code="hindered")

    # ---- the final confirmation

    async def confirm(self, actor: Actor, draw_id: UUID) -> DrawState:
        """Confirm all results for good: 抽取完成 when all experts come, else 专家不足. Raises Conflict."""
        async with transaction():
            locked = await self._lock_open_recall(actor, draw_id)
            draw, now = locked.draw, self.deps.now()
            panel = await RecalledExpert.filter(draw_id=draw_id).order_by("condition_id", "id").select_for_update()
            await self._check_all_agreed(locked, panel, now)
            await self._append_results(locked, panel, now)
            for row in panel:
                if row.takes_part:
                    await self._invite_expert(locked, row, now)
            draw.started_at = draw.finished_at = now
            await draw.save(update_fields=["started_at", "finished_at"])
            await self._complete_draw(locked, now)
            await audit(actor, now, "recall.confirmed", "draw", draw_id, agreed=locked.accepted, needed=draw.needed)
            return locked.state

    async def _check_all_agreed(self, locked: Locked, panel: Sequence[RecalledExpert], now: datetime) -> None:
        if waiting := sum(row.takes_part is None for row in panel):
            raise Conflict(f"还有{waiting}位专家未确认，请逐一通话并提交后再确认。", code="not_all_agreed")
        for row in panel:
            if row.takes_part and not now < (row.gathering_at or now) <= locked.draw.starts_at:
                name = (await Expert.get(id=row.expert_id)).name
                raise Conflict(f"与{name}商定的集合时间已过，请重新商定并提交。", code="gathering_past")
        await self._check_hindrances(locked, [row for row in panel if row.takes_part])

    async def _append_results(self, locked: Locked, panel: Sequence[RecalledExpert], now: datetime) -> None:
        earlier = {
            invitation.id: invitation
            for invitation in await Invitation.filter(id__in=[row.earlier_id for row in panel])
        }
        seats = [
            (locked.condition(row.condition_id).position, bytes.fromhex(earlier[row.earlier_id].leaf), row)
            for row in panel
        ]
        await append_to_log(
            locked.draw,
            now,
            record.Recalled(tuple(sorted(record.SeatFacts(no, leaf) for no, leaf, _ in seats))),
            *(
                record.Confirmed(no, leaf, "comes" if row.takes_part else "declines", row.gathering_at or "")
                for no, leaf, row in seats
            ),
        )

    async def _invite_expert(self, locked: Locked, row: RecalledExpert, now: datetime) -> None:
        """Create an accepted invitation; reminders, check-in, leave and urging follow as for any other."""
        draw, condition = locked.draw, locked.condition(row.condition_id)
        call_notice, earlier = await CallNotice.get(id=condition.notice_id), await Invitation.get(id=row.earlier_id)
        call_notice.gathering_at = row.gathering_at or call_notice.gathering_at
        try:
            async with transaction():
                invitation = await self._create_invitation(draw, condition, call_notice, earlier, now)
        except IntegrityError as error:
            name = (await Expert.get(id=row.expert_id)).name
            raise Conflict(f"{name}{SKIP_REASONS['overlap']}，请登记为不参评。", code="hindered") from error
        condition.accepted += 1
        await condition.save(update_fields=["accepted"])
        await self.invitations.plan_reminder(invitation, draw.pool, now)
        await self._notify_accepted(draw, invitation, call_notice)

    async def _notify_accepted(
        self, draw: Draw, invitation: Invitation, call_notice: CallNotice, occasion: str = ""
    ) -> None:
        """Send time, place and code."""
        await self.notices.notify(
            pool=draw.pool,
            kind="draw_accepted",
            dedupe_key=f"draw_accepted:{invitation.id}{occasion}",
            params={
                **time_params(invitation.gathering_at),
                "place": address_and_room(call_notice),
                "code": invitation.code,
            },
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    async def _create_invitation(
        self, draw: Draw, condition: Condition, call_notice: CallNotice, earlier: Invitation, now: datetime
    ) -> Invitation:
        starts_at, ends_at = occupied_span(draw, call_notice)
        return await Invitation.create(
            draw_id=draw.id,
            condition_id=condition.id,
            notice_id=call_notice.id,
            expert_id=earlier.expert_id,
            round_number=_ROUND,
            tier=earlier.tier,
            leaf=earlier.leaf,  # a recall freezes no list of its own
            code=await new_code(draw, self.deps.book(draw.pool).draw.code_length),
            menu_id=(await rows("SELECT nextval('menu_number') AS n"))[0]["n"],
            link=secrets.token_urlsafe(12),
            state="accepted",
            starts_at=starts_at,
            ends_at=ends_at,
            gathering_at=call_notice.gathering_at,
            created_at=now,
            answer_until=now,
            answered_at=now,
            answered_by="staff",
        )

    async def _complete_draw(self, locked: Locked, now: datetime) -> None:
        draw = locked.draw
        counts: dict[str, str | int] = {"needed": draw.needed, "agreed": locked.accepted}
        full = locked.accepted == draw.needed
        await append_to_log(draw, now, record.Completed() if full else record.Short("declined"))
        await move(draw, DrawEvent.ALL_COME if full else DrawEvent.NOT_ALL_COME)
        if full:
            unseal_at = print_time(self.access.unseals_at(draw))
            await notify_agency(self.notices, draw, "agency_full", str(draw.log_length), **counts, unseal_at=unseal_at)
            await self.parties.notify(draw, "full", {"needed": draw.needed})
        else:
            await self.parties.notify(draw, "recalled", counts)

    async def _lock_open_recall(self, actor: Actor, draw_id: UUID) -> Locked:
        """A verified recall that is not confirmed. Raises Conflict, NotFound."""
        permissions.check(actor, "draw.start")
        locked = await lock_own_draw(actor, draw_id)
        check_recall(locked.draw)
        if locked.state in (DrawState.EDITING, DrawState.SUBMITTED, DrawState.REFUSED):
            raise Conflict("核验通过后才能通知原专家。", code="not_verified")
        if locked.state != DrawState.VERIFIED:
            raise Conflict("已提交最终确认结果，不能再修改。", code="confirmed")
        if self.deps.now() >= locked.draw.starts_at:
            raise Conflict("预计评标开始时间已过，请终止本活动，重新发起复评。", code="too_late")
        return locked
