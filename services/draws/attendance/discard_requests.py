"""What registrations of leave, absence and recusal share: the form, the stored request, the notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.draws.agreed_times import agreed_gathering
from domain.draws.lifecycles import DISCARD, DiscardEvent, DiscardState
from domain.draws.record import GatheringMoved
from domain.rulebook.notice_texts import time_params
from models.draws import CallNotice, DiscardRequest, Draw, LogEntry
from models.invitations import Invitation
from services.core.base import Actor, Deps, record
from services.core.crypto import PHONE
from services.draws.draw_notices import notify_agency, notify_supervisors
from services.notifications import Notices

DiscardKind = Literal["leave", "absence", "recusal"]
_WHAT = {"leave": "人工请假，待本人确认", "absence": "缺席", "recusal": "现场回避，待确认"}


@dataclass(frozen=True)
class DiscardForm:
    """``who``: six-digit code; for venue staff after unsealing also a mobile number. ``cause`` classes a recusal."""

    who: str
    kind: DiscardKind
    reason: str
    cause: str = ""


@dataclass(frozen=True)
class RegisteredAbsence:
    """``counts`` is false while the expert (leave), verifier or supervisor (recusal) must confirm, until ``until``."""

    code: str
    kind: DiscardKind
    counts: bool
    until: datetime | None
    message: Annotated[str, Field(description="What to show", examples=["已登记，并已通知专家本人。"])]


@dataclass(frozen=True)
class DiscardRequests:
    deps: Deps
    notices: Notices

    async def create(
        self, actor: Actor, draw: Draw, invitation: Invitation, form: DiscardForm, until: datetime
    ) -> DiscardRequest:
        now = self.deps.now()
        request = await DiscardRequest.create(
            draw_id=draw.id,
            invitation_id=invitation.id,
            kind=form.kind,
            cause=form.cause,
            reason=form.reason.strip(),
            asked_by_id=actor.account_id,
            asked_role=actor.role,
            asked_at=now,
            answer_until=until,
        )
        await record(actor, now, f"discard.asked_{form.kind}", "draw", draw.id, code=invitation.code, cause=form.cause)
        return request

    async def notify_expert(
        self, kind: str, invitation: Invitation, draw: Draw, occasion: str, params: dict[str, str]
    ) -> None:
        await self.notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{invitation.id}:{occasion}",
            params=params,
            expert_id=invitation.expert_id,
            invitation_id=invitation.id,
        )

    async def contact_params(self, invitation: Invitation) -> dict[str, str]:
        call_notice = await CallNotice.get(id=invitation.notice_id)
        phone = self.deps.keys.read(call_notice.contact_phone_sealed, PHONE)
        return {**time_params(agreed_gathering(invitation)), "contact_phone": phone}

    async def notify_supervisors(self, draw: Draw, kind: DiscardKind, occasion: str) -> None:
        await notify_supervisors(
            self.deps, self.notices, draw, "supervisor_discard", f"{kind}:{occasion}", what=_WHAT[kind]
        )

    async def notify_expert_stays(self, draw: Draw, request: DiscardRequest, reason: str) -> None:
        await notify_agency(self.notices, draw, "agency_kept", str(request.id), reason=reason)


def decide_request(
    request: DiscardRequest, event: DiscardEvent, role: str, now: datetime, by: UUID | None = None
) -> None:
    request.state = DISCARD.next(DiscardState(request.state), event)
    request.decided_role, request.decided_at, request.decided_by_id = role, now, by


async def latest_gathering(draw: Draw, invitation: Invitation) -> datetime:
    """The latest gathering that was planned since the expert was called, or that he agreed to: nobody is absent before
    it, which a stranger can check by the record."""
    call_notice = await CallNotice.get(id=invitation.notice_id)
    moves = LogEntry.filter(draw_id=draw.id, act=GatheringMoved.name, at__gte=invitation.created_at)
    planned = [
        datetime.fromisoformat(move.facts[which])
        for move in await moves
        if move.facts["notice"] == call_notice.position
        for which in ("old", "new")
    ]
    return max([agreed_gathering(invitation), *planned])
