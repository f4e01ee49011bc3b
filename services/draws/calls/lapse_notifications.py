"""Notifies experts whose invitation lapsed unanswered that they needn't come, on the channel that asked them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.draws.lifecycles import InvitationState
from domain.rulebook.notice_texts import CALLS, time_params
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, rows, transaction
from services.notifications import NO_VALID_KEY, UNCONFIRMED, Notices, Recipient

LAPSED = (InvitationState.SILENT, InvitationState.CANCELLED)
"""States of an invitation that was closed without acceptance."""
_OPENED = "invitation.opened"
_NOTED = "SELECT 1 FROM audit_entry WHERE subject = 'invitation' AND subject_id = $1 AND action = $2 LIMIT 1"
_CONTACTS = f"""
SELECT i.id,
    EXISTS (SELECT 1 FROM notice n JOIN attempt a ON a.notice_id = n.id WHERE n.invitation_id = i.id
        AND n.kind IN {CALLS} AND a.channel = 'voice'
        AND (a.vendor_code IN ('{NO_VALID_KEY}', '{UNCONFIRMED}') OR a.keys <> '')) AS on_the_phone,
    EXISTS (SELECT 1 FROM notice n JOIN attempt a ON a.notice_id = n.id WHERE n.invitation_id = i.id
        AND a.channel = 'wechat' AND a.state IN ('sent', 'delivered')) AS by_wechat,
    EXISTS (SELECT 1 FROM audit_entry e WHERE e.subject = 'invitation' AND e.subject_id = i.id
        AND e.action = '{_OPENED}') AS opened
FROM invitation i WHERE i.id = ANY($1::uuid[])
"""


async def notify_lapsed(deps: Deps, notices: Notices, invitations: Sequence[Invitation], pool: str) -> None:
    """By SMS to an expert who was on the phone, else by WeChat if the invitation was delivered there.

    Else by SMS to an expert who opened the page from its SMS link.
    """
    contacts_by_id = {row["id"]: row for row in await rows(_CONTACTS, [invitation.id for invitation in invitations])}
    kinds = {invitation.id: _notice_kind(contacts_by_id[invitation.id]) for invitation in invitations}
    for kind in sorted({kind for kind in kinds.values() if kind}):
        recipients = [
            _recipient(deps, kind, pool, invitation) for invitation in invitations if kinds[invitation.id] == kind
        ]
        await notices.notify_many(pool=pool, kind=kind, recipients=recipients, bulk=False)


def _notice_kind(contacts: Any) -> str:
    """The kind of notice that fits how an expert was asked; empty: the expert knows nothing of the invitation."""
    if contacts["on_the_phone"]:
        return "draw_unclear"
    if contacts["by_wechat"]:
        return "draw_lapsed"
    return "draw_unclear" if contacts["opened"] else ""


def _recipient(deps: Deps, kind: str, pool: str, invitation: Invitation) -> Recipient:
    params = time_params(invitation.gathering_at)
    if kind == "draw_unclear":
        params |= {"hotline": deps.book(pool).pool.hotline}
    return Recipient(f"{kind}:{invitation.id}", params, expert_id=invitation.expert_id, invitation_id=invitation.id)


async def note_opened(invitation_id: UUID, actor: Actor, now: datetime) -> None:
    """Record once that the page of an open invitation is being read."""
    if await rows(_NOTED, invitation_id, _OPENED):
        return
    async with transaction():
        invitation = await Invitation.select_for_update().get(id=invitation_id)
        if invitation.state == InvitationState.OPEN and not await _was_opened(invitation):
            await record(actor, now, _OPENED, "invitation", invitation_id)


async def _was_opened(invitation: Invitation) -> bool:
    return bool(await rows(_NOTED, invitation.id, _OPENED))


async def notify_unclear(deps: Deps, notices: Notices, invitation: Invitation, pool: str) -> None:
    """Notify once, that he needn't come, an expert whose keys did not count, or who read the invitation without
    answering."""
    recipients = [_recipient(deps, "draw_unclear", pool, invitation)]
    await notices.notify_many(pool=pool, kind="draw_unclear", recipients=recipients, bulk=False)
