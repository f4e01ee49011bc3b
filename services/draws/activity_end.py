"""The end of an activity: given up before its panel meets (终止活动), or over (结束活动), by hand or by time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import DRAW, DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.draws.record import TERMINATION_REASONS, Terminated, TerminationReason
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.rulebook.notice_texts import time_params
from models.attendance import AWAITED_FROM, STANDING_LATE_ARRIVAL, Attendance
from models.draws import DrawApplication
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.due_rows import process_each
from services.core.permissions import AGENCY
from services.draws.call_order.round_abort import leave_committing
from services.draws.calls.lapse_notifications import notify_lapsed
from services.draws.calls.places import Cause, Places
from services.draws.draw_notices import notify_agency, notify_supervisors
from services.draws.endings import append_end
from services.draws.locks import Locked, lock
from services.draws.party_notifications import Event, PartyNotifications
from services.draws.record_log import append_to_log, party_of
from services.draws.scopes import check_not_of_agency, check_owner, check_scope
from services.draws.views import ReadDraw
from services.notifications import BEGINS, Notices
from services.reports import ContactQuestions

_UNVERIFIED = (DrawState.EDITING, DrawState.SUBMITTED, DrawState.REFUSED)
_ENDS = (
    DrawState.COMPLETED,
    DrawState.SHORT,
    DrawState.SUPPLEMENT_PENDING,
    DrawState.VERIFIED,
    DrawState.COMMITTING,
)
"""States in which a draw is ended by time; a calling draw settles before."""
NOBODY_ENTERED = (
    "专家已到场的，请先由场地登记签到；未到场的，请登记缺席后补抽；不再评标的，请终止活动（抽取已开始的由核验人员终止）。"
    "都没有办理的，到预计评标结束时间后系统自动结束，记录中没有人进场。"
)
"""The ways that remain where nobody has entered."""
EVALUATING = "已有专家进场评标，不能终止。请办理结束活动；正在呼叫专家的，先由代理机构强制结束抽取，再结束活动。"
"""Why, and what to do instead."""
_MET = (DrawState.COMPLETED, DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)
_NOT_HERE = f"""
SELECT count(*)::int AS experts, max({AWAITED_FROM}) AS awaited_from FROM invitation i
 LEFT JOIN {STANDING_LATE_ARRIVAL} WHERE i.draw_id = $1 AND i.state = 'accepted' AND {AWAITED_FROM} > $2
   AND NOT EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in')
"""
"""Experts of a panel who are on the way, or may still be urged."""


@dataclass(frozen=True)
class ActivityEnd:
    deps: Deps
    notices: Notices
    places: Places
    parties: PartyNotifications
    questions: ContactQuestions

    async def terminate(self, actor: Actor, draw_id: UUID, reason: str, words: str) -> None:
        """Terminate a draw: calls end, experts who accepted are notified, the lots may be drawn again.

        ``reason`` is a code of ``TERMINATION_REASONS``, published; ``words`` stay in the audit log. Once calling has
        begun only the verifier may: otherwise an agency that learns its panel could redraw. Not so for a recall, which
        draws no expert. From the expected start on, nobody may once an expert has entered: who evaluated is paid for
        it, and recused in a redraw. Raises InvalidInput, Conflict.
        """
        permissions.check(actor, "draw.terminate")
        faults = Faults()
        if reason not in TERMINATION_REASONS:
            faults.add(InvalidInput("请选择终止原因。", field="cause"))
        if not words.strip():
            faults.add(InvalidInput("请填写终止说明。", field="words"))
        faults.raise_any()
        async with transaction():
            locked = await self._lock_draw(actor, draw_id)
            DRAW.next(locked.state, DrawEvent.TERMINATE)
            if actor.role in AGENCY and locked.draw.started_at is not None and locked.draw.kind != "recall":
                raise Conflict("抽取已开始，不能自行终止，请联系核验人员终止。", code="drawing_begun")
            if self.deps.now() >= locked.draw.starts_at and await self.has_met(locked.draw):
                raise Conflict(EVALUATING, code="evaluating")
            await self._terminate_locked(locked, actor, cast("TerminationReason", reason))
            await record(
                actor, self.deps.now(), "draw.terminated", "draw", draw_id, code=reason, reason=words.strip()[:200]
            )

    async def _terminate_locked(self, locked: Locked, actor: Actor, reason: TerminationReason) -> None:
        draw, now, by = locked.draw, self.deps.now(), party_of(actor.role)
        if locked.state == DrawState.COMMITTING:
            await leave_committing(draw, self.deps.book(draw.pool).draw.commitments.roles, now)
        if locked.state not in _UNVERIFIED:
            # before the cancellations: the verifier of the record allows them only after this entry
            await append_to_log(draw, now, Terminated(by, reason))
        await self._cancel_invitations(locked, Cause(by), now)
        await DrawApplication.filter(draw_id=draw.id, state="submitted").update(state="withdrawn", withdrawn_at=now)
        await append_end(draw, now, DrawEvent.TERMINATE)
        label = TERMINATION_REASONS[reason]
        await notify_supervisors(self.deps, self.notices, draw, "draw_terminated", "once", reason=label)
        await notify_agency(self.notices, draw, "draw_terminated", "agency", reason=label)
        if draw.terminal:
            event: Event = "terminated" if draw.started_at else "dropped"
            await self.parties.notify(draw, event, by=actor.account_id, occasion="once")

    async def _cancel_invitations(self, locked: Locked, cause: Cause, now: datetime) -> None:
        """Notify the experts who accepted, and those who were asked, at once."""
        draw = locked.draw
        holding = Invitation.filter(draw_id=draw.id, state__in=[InvitationState.OPEN, InvitationState.ACCEPTED])
        for invitation in await holding.order_by("id").select_for_update():
            agreed = invitation.state == InvitationState.ACCEPTED
            await self.places.apply(locked, invitation, InvitationEvent.CANCEL, now, by="system", cause=cause)
            if not agreed:
                await notify_lapsed(self.deps, self.notices, [invitation], draw.pool)
            else:
                await self.notices.notify(
                    pool=draw.pool,
                    kind="draw_cancelled",
                    dedupe_key=f"draw_cancelled:{invitation.id}",
                    params={
                        **time_params(invitation.gathering_at),
                        "hotline": self.deps.book(draw.pool).pool.hotline,
                        BEGINS: invitation.gathering_at.isoformat(),
                    },
                    expert_id=invitation.expert_id,
                    invitation_id=invitation.id,
                )

    def can_end(self, draw: ReadDraw) -> bool:
        """Possible from the expected start on, with a panel, also while a further order is being fixed to complete
        it."""
        return draw.state in _MET or (draw.state == DrawState.COMMITTING and draw.finished_at is not None)

    async def has_met(self, draw: ReadDraw) -> bool:
        """Whether an expert has entered: an evaluation without anyone did not take place, whoever says so."""
        return await Attendance.exists(draw_id=draw.id, direction="in")

    async def end(self, actor: Actor, draw_id: UUID, words: str) -> None:
        """The panel has met, complete or not: nothing follows.

        Raises Conflict before the expected start, when no expert has entered: then nothing was evaluated, and while one
        may still be on the way: nobody could enter any more.
        """
        permissions.check(actor, "draw.end")
        if not words.strip():
            raise InvalidInput("请填写结束说明。", field="words")
        async with transaction():
            locked = await self._lock_draw(actor, draw_id)
            now = self.deps.now()
            if not self.can_end(locked.draw):
                raise Conflict(f"活动{locked.state.label}，不能结束；不再评标的请终止活动。", code="not_met")
            if now < locked.draw.starts_at:
                at = print_time(locked.draw.starts_at)
                raise Conflict(f"评标{at}开始后才能结束；不再评标的请终止活动。", code="not_begun")
            if not await self.has_met(locked.draw):
                raise Conflict(f"没有专家签到进场，不能按已评标结束。{NOBODY_ENTERED}", code="nobody_entered")
            if on_the_way := await self.describe_on_the_way(locked.draw):
                raise Conflict(on_the_way, code="on_the_way")
            if locked.state == DrawState.COMMITTING:
                await leave_committing(locked.draw, self.deps.book(locked.draw.pool).draw.commitments.roles, now)
            await append_end(locked.draw, now)
            await self.parties.notify_ended(locked.draw, by=actor.account_id)
            await self.questions.schedule(locked.draw, now)
            await record(actor, now, "draw.ended", "draw", draw_id, reason=words.strip()[:200])

    async def describe_on_the_way(self, draw: ReadDraw) -> str:
        """Why the activity can't be ended yet: experts may still come, until a time that the text names. Empty if none
        may."""
        window = self.deps.book(draw.pool).attendance.urging_window
        [missing] = await rows(_NOT_HERE, draw.id, self.deps.now() - window)
        if not missing["experts"]:
            return ""
        until = print_time(missing["awaited_from"] + window)
        return f"还有{missing['experts']}位专家没有到场，可能仍在途中。请等到{until}后再结束；确定不来的，先登记缺席。"

    async def _lock_draw(self, actor: Actor, draw_id: UUID) -> Locked:
        locked = await lock(draw_id)
        if actor.role in AGENCY:
            check_owner(actor, locked.draw)
        elif actor.pool != locked.draw.pool:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        else:
            await check_scope(actor, locked.draw, self.deps.book(locked.draw.pool))
            await check_not_of_agency(actor, locked.draw)
        return locked

    async def end_due(self) -> int:
        """End draws whose expected end has passed; returns the number processed."""
        due = await rows(
            "SELECT id FROM draw WHERE ends_at <= $1 AND state = ANY($2::text[])",
            self.deps.now(),
            list(_ENDS),
        )
        return await process_each("end", due, lambda row: self._end_if_due(row["id"]))

    async def _end_if_due(self, draw_id: UUID) -> None:
        async with transaction():
            draw = (await lock(draw_id)).draw
            book = self.deps.book(draw.pool)
            delay = book.draw.exits.on_site_after if draw.on_site else timedelta()
            if draw.state not in _ENDS or self.deps.now() < draw.ends_at + delay:
                return
            if draw.state == DrawState.COMMITTING:
                roles = book.draw.commitments.roles
                await leave_committing(draw, roles, self.deps.now())
            await append_end(draw, self.deps.now())
            await self.parties.notify_ended(draw)
            await self.questions.schedule(draw, self.deps.now())
