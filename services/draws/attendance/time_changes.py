"""Asking the experts of a panel whether they agree to a time that was moved (改期), and their answers.

A move only proposes: until an expert agrees, the time that he agreed to stays his, with all rights and duties. Who
can't come at the new time goes without a mark in his record, also after the deadline of leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.clock import print_time
from domain.draws.agreed_times import (
    Proposal,
    agreed_gathering,
    decisive_moment,
    missing_from,
    pending_proposal,
)
from domain.draws.lifecycles import InvitationEvent, InvitationState
from domain.errors import Conflict
from domain.rulebook.notice_texts import time_params
from models.attendance import has_entered
from models.draws import CallNotice, Draw
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor, Deps, record, transaction
from services.core.crypto import PHONE
from services.draws.calls.call_rules import address_and_room
from services.draws.calls.invitations import Channel, Invitations
from services.draws.calls.places import Cause
from services.draws.locks import lock_invitation
from services.notifications import BEGINS, Notices

ASKING = ("gathering_changed", "gathering_stays", "panel_waits", "time_reminder")
"""Kinds of notices that an answer makes pointless."""
_MOVES = ("gathering_changed", "gathering_stays", "panel_waits")
"""Those that tell of moved times; the others repeat them."""


@dataclass(frozen=True)
class TimeChanges:
    deps: Deps
    notices: Notices
    invitations: Invitations

    # ---- asking, under the lock of the caller

    async def propose_gathering(self, draw: Draw, call_notice: CallNotice) -> None:
        """Ask everyone who is called or has accepted for the notice's new gathering, but who has entered already."""
        holding = Invitation.filter(draw_id=draw.id, notice_id=call_notice.id, state__in=_HOLDING)
        for invitation in await holding.order_by("id").select_for_update():
            if not await has_entered(invitation.id):
                await self._propose_gathering(draw, invitation, call_notice)

    async def _propose_gathering(self, draw: Draw, invitation: Invitation, call_notice: CallNotice) -> None:
        at, agreed, before = call_notice.gathering_at, agreed_gathering(invitation), missing_from(invitation)
        invitation.proposed_gathering_at = None if at == agreed else at
        # the time that the panel occupies grows only: the database refuses it where another panel overlaps
        invitation.starts_at = min(invitation.starts_at, at)
        try:
            await self._save_proposal(invitation, "starts_at")
        except IntegrityError as error:
            raise Conflict(
                "有专家在提前后的时段另有评标，请选择晚一些的集合时间。", code="gathering_overlaps"
            ) from error
        if invitation.state == InvitationState.OPEN:
            await self.notices.reword(invitation_id=invitation.id, kind="draw_call", params=time_params(at))
        place = {"place": address_and_room(call_notice)}
        if at == agreed:
            facts = {**time_params(agreed), **place, "old_gathering": print_time(before)}
            await self._ask(draw, invitation, "gathering_stays", self.deps.now(), facts)
        else:
            facts = {**time_params(at), **place, "old_gathering": print_time(agreed)}
            await self._ask(draw, invitation, "gathering_changed", at, facts)

    async def propose_start(self, draw: Draw, invitation: Invitation) -> None:
        """Ask an expert of the panel whether he can wait for the postponed start."""
        if invitation.state != InvitationState.ACCEPTED:
            return
        invitation.proposed_start_at = draw.starts_at
        await self._save_proposal(invitation)
        call_notice = await CallNotice.get(id=invitation.notice_id)
        facts = {
            **time_params(agreed_gathering(invitation)),
            "starts": print_time(draw.starts_at),
            "starts_full": time_params(draw.starts_at)["gathering_full"],
            "contact_phone": self.deps.keys.read(call_notice.contact_phone_sealed, PHONE),
        }
        await self._ask(draw, invitation, "panel_waits", draw.starts_at, facts)

    async def _save_proposal(self, invitation: Invitation, *more: str) -> None:
        pending = invitation.proposed_gathering_at or invitation.proposed_start_at
        invitation.proposed_since = self.deps.now() if pending else None
        fields = ["proposed_gathering_at", "proposed_start_at", "proposed_since", *more]
        await invitation.save(update_fields=fields)

    async def _ask(
        self, draw: Draw, invitation: Invitation, kind: str, occasion: datetime, params: dict[str, str]
    ) -> None:
        """One question at a time: the page and the chat show all that is pending."""
        await self.notices.stop(invitation_id=invitation.id, kinds=ASKING)
        await self.notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{invitation.id}:{occasion.timestamp():.0f}:{self.deps.now().timestamp():.6f}",
            params={**params, BEGINS: decisive_moment(invitation, self.deps.now()).isoformat()},
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    # ---- answers

    async def is_asked_again(self, invitation_id: UUID) -> bool:
        """Whether its times moved more than once, so that an answer that names none may mean others than the newest."""
        return await Notice.filter(invitation_id=invitation_id, kind__in=_MOVES).count() > 1

    async def answer(
        self,
        invitation_id: UUID,
        expert_id: UUID,
        agrees: bool,
        proposal: str,
        *,
        by: Channel,
    ) -> bool:
        """The expert agrees to the moved times of this key, or gives up the place because of them; returns whether he
        is still on the panel.

        ``key`` is accepted for callers that repeat after a crash: a repetition finds the answer. Raises NotFound for
        another expert's invitation, Conflict when nothing is pending or the times have moved again.
        """
        async with transaction():
            invitation, locked = await lock_invitation(invitation_id, expert_id)
            if invitation.state == InvitationState.LEFT:
                return False
            if invitation.state != InvitationState.ACCEPTED or locked.draw.ended_at is not None:
                raise Conflict("您目前没有参加这场评标，无需答复改期。", code="not_accepted")
            now = self.deps.now()
            pending = pending_proposal(invitation, now, has_entered=await has_entered(invitation.id))
            if pending is None and agrees:
                return True
            if pending is None:
                message = "没有等待您答复的改期，请按您同意的时间到场；不能到场请请假。"
                raise Conflict(message, code="nothing_proposed")
            if pending.key != proposal:
                raise Conflict("时间又有改动，请查看最新的时间后再答复。", code="moved_again")
            actor = Actor(locked.draw.pool, "expert", expert_id=expert_id)
            await self.notices.stop(invitation_id=invitation.id, kinds=ASKING)
            facts = {"old": agreed_gathering(invitation).isoformat(), "channel": by, **_facts(pending)}
            await record(actor, now, _ACTIONS[agrees], "invitation", invitation.id, **facts)
            if agrees:
                await self._agree(invitation, pending, locked.draw.pool)
                return True
            reason = _reason(invitation, pending)
            await self.invitations.register_absence(
                locked, invitation, InvitationEvent.LEAVE, reason, Cause("expert"), via=by, source="moved"
            )
            await self.invitations.notify_leave_confirmed(invitation, locked.draw, by)
            return False

    async def _agree(self, invitation: Invitation, pending: Proposal, pool: str) -> None:
        invitation.gathering_at = pending.gathering_at or invitation.gathering_at
        invitation.proposed_gathering_at = invitation.proposed_start_at = None
        await self._save_proposal(invitation, "gathering_at")
        await self.invitations.plan_reminder(invitation, pool, self.deps.now())


_HOLDING = (InvitationState.OPEN, InvitationState.ACCEPTED)
_ACTIONS = {True: "invitation.time_agreed", False: "invitation.time_refused"}


def _facts(pending: Proposal) -> dict[str, str]:
    times = {"gathering": pending.gathering_at, "start": pending.start_at}
    return {name: at.isoformat() for name, at in times.items() if at is not None}


def _reason(invitation: Invitation, pending: Proposal) -> str:
    """Why he is out, for the register of absences."""
    old = print_time(agreed_gathering(invitation))
    moved = [f"集合由{old}改到{print_time(pending.gathering_at)}"] if pending.gathering_at else []
    moved += [f"评标推迟到{print_time(pending.start_at)}开始"] if pending.start_at else []
    return f"改期后不能参加（{'，'.join(moved)}）"
