"""Panels whose experts may be discarded, and what the tests look at afterwards."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

from domain.draws.verify_draw import verify
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import AgentLink
from services.core.base import Actor
from services.draws import DiscardForm
from tests.factories.offices import Office, add_experts, open_invitations, start_draw


async def panel(office: Office, needed: int = 1) -> tuple[UUID, list[Invitation]]:
    await add_experts(office, needed + 1)
    draw_id = await start_draw(office, needed=needed)
    invitations = await open_invitations(draw_id)
    for invitation in invitations:
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    return draw_id, invitations


async def invitation_state(invitation: Invitation) -> str:
    return (await Invitation.get(id=invitation.id)).state


async def count_notices(kind: str) -> int:
    return await Notice.filter(kind=kind).count()


async def findings(office: Office, draw_id: UUID) -> list[tuple[str, str]]:
    record = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    return [(finding.severity, finding.code) for finding in verify(record) if finding.code != "order_unchecked"]


def leave_form(invitation: Invitation) -> DiscardForm:
    return DiscardForm(invitation.code, "leave", "专家来电请假")


async def make_agent(office: Office, actor: Actor) -> None:
    now = office.deps.now()
    await AgentLink.create(
        organisation_id=office.agency.organisation_id,
        account_id=actor.account_id,
        valid_from=now,
        valid_until=now + timedelta(days=1),
        accepted_at=now,
        created_at=now,
    )
