"""Notifies experts who were asked and have not agreed that they needn't come, on the channel that asked them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from domain.draws.lifecycles import InvitationState
from domain.rulebook.texts import time_params
from models.audit import AuditEntry
from models.invitations import Invitation
from models.notices import Attempt
from services.core.base import Actor, Deps, record, transaction
from services.notifications import NO_VALID_KEY, UNCONFIRMED, Notices

LAPSED = (InvitationState.SILENT, InvitationState.CANCELLED)
"""Closed before its expert agreed, if he had not agreed before."""
_OPENED = "invitation.opened"


async def notify_lapsed(deps: Deps, notices: Notices, invitation: Invitation, pool: str) -> None:
    """By SMS to who was on the phone, else by WeChat if the invitation came there: he may have begun to answer.

    Else by SMS to an expert who opened the page of the link that he got by SMS.
    """
    if await _was_on_the_phone(invitation):
        await notify_unclear(deps, notices, invitation, pool)
    elif await Attempt.exists(notice__invitation_id=invitation.id, channel="wechat", state__in=["sent", "delivered"]):
        await notices.notify(
            pool=pool,
            kind="draw_lapsed",
            dedupe_key=f"draw_lapsed:{invitation.id}",
            params=time_params(invitation.gathering_at),
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )
    elif await _was_opened(invitation):
        await notify_unclear(deps, notices, invitation, pool)


async def note_opened(invitation_id: UUID, actor: Actor, now: datetime) -> None:
    """The page of an open invitation is being read; noted once."""
    async with transaction():
        invitation = await Invitation.select_for_update().get(id=invitation_id)
        if invitation.state == InvitationState.OPEN and not await _was_opened(invitation):
            await record(actor, now, _OPENED, "invitation", invitation_id)


async def _was_opened(invitation: Invitation) -> bool:
    return await AuditEntry.exists(subject="invitation", subject_id=invitation.id, action=_OPENED)


async def notify_unclear(deps: Deps, notices: Notices, invitation: Invitation, pool: str) -> None:
    """Notify once that he needn't come an expert whose keys did not count, or who read and did not answer."""
    await notices.notify(
        pool=pool,
        kind="draw_unclear",
        dedupe_key=f"draw_unclear:{invitation.id}",
        params={**time_params(invitation.gathering_at), "hotline": deps.book(pool).pool.hotline},
        expert_id=invitation.expert_id,
        invitation_id=invitation.id,
    )


async def _was_on_the_phone(invitation: Invitation) -> bool:
    calls = Attempt.filter(notice__invitation_id=invitation.id, notice__kind="draw_call", channel="voice")
    in_vain = Q(vendor_code__in=(NO_VALID_KEY, UNCONFIRMED)) | ~Q(keys="")
    return await calls.filter(in_vain).exists()
