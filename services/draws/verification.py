"""The trading centre's verification of an application before a draw may run (核验)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.draws.lifecycles import DRAW, VERIFICATION, DrawEvent, DrawState, VerificationEvent, VerificationState
from domain.errors import Conflict, InvalidInput, NotFound
from models.draws import Draw, DrawApplication
from models.projects import Project
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.draws.draw_notices import notify_agency
from services.draws.locks import lock, move
from services.draws.lot_histories import check_history
from services.draws.lot_holding import claim_lots
from services.draws.party_notifications import Event, PartyNotifications
from services.draws.release_rules import KIND, check_release_in_time
from services.draws.scopes import check_not_of_agency
from services.notifications import Notices

UNVERIFIED = "EXISTS (SELECT 1 FROM draw WHERE state = 'submitted' AND starts_at <= $1)"
_OVERDUE = "预计评标开始时间已过，未能核验，请修改时间后重新提交"


@dataclass(frozen=True)
class Verification:
    deps: Deps
    notices: Notices
    parties: PartyNotifications

    async def approve(self, actor: Actor, application_id: UUID, opinion: str = "") -> None:
        await self._decide_application(actor, application_id, VerificationEvent.APPROVE, opinion.strip())

    async def refuse(self, actor: Actor, application_id: UUID, opinion: str) -> None:
        """Raises InvalidInput without an opinion, which the agency needs for the correction."""
        if not opinion.strip():
            raise InvalidInput("请填写退回原因。", field="opinion")
        await self._decide_application(actor, application_id, VerificationEvent.REFUSE, opinion.strip())

    async def _decide_application(
        self, actor: Actor, application_id: UUID, event: VerificationEvent, opinion: str
    ) -> None:
        permissions.check(actor, "draw.verify")
        async with transaction():
            # read without a lock to find its draw, which is locked before its applications
            known = await DrawApplication.get_or_none(id=application_id)
            if known is None:
                raise NotFound("找不到这份申请，请返回列表后刷新。")
            draw = (await lock(known.draw_id)).draw
            application = await DrawApplication.select_for_update().get(id=application_id)
            self._check_reach(actor, draw, application)
            await check_not_of_agency(actor, draw)
            now = self.deps.now()
            if application.kind == KIND:
                await self._decide_release(actor, draw, application, event, opinion)
                return
            if event == VerificationEvent.APPROVE and now >= draw.starts_at:
                raise Conflict("预计评标开始时间已过，不能通过；请退回，由代理机构修改时间。", code="start_passed")
            application.state = VERIFICATION.next(VerificationState(application.state), event)
            application.opinion, application.decided_at = opinion, now
            application.decided_by_id = actor.account_id
            await application.save()
            approved = event == VerificationEvent.APPROVE
            if approved:
                # of two followers approved at once, each would overlook the other: a recall holds no lot
                await Project.select_for_update().get(id=draw.project_id)
                await check_history(draw)
            if approved and draw.kind == "redraw":
                await claim_lots(draw)
            await move(draw, DrawEvent.VERIFY if approved else DrawEvent.REFUSE)
            await record(actor, now, "draw.verified" if approved else "draw.refused", "draw", draw.id, opinion=opinion)
            if approved:
                await notify_agency(self.notices, draw, "agency_verified", str(application.id))
            else:
                await notify_agency(self.notices, draw, "agency_refused", str(application.id), reason=opinion)

    async def _decide_release(
        self, actor: Actor, draw: Draw, application: DrawApplication, event: VerificationEvent, opinion: str
    ) -> None:
        """The draw's state stays until the agency begins the release."""
        now, approved = self.deps.now(), event == VerificationEvent.APPROVE
        if approved:
            DRAW.next(DrawState(draw.state), DrawEvent.RELEASE)
            check_release_in_time(draw, self.deps)
        application.state = VERIFICATION.next(VerificationState(application.state), event)
        application.opinion, application.decided_at, application.decided_by_id = opinion, now, actor.account_id
        await application.save(update_fields=["state", "opinion", "decided_at", "decided_by_id"])
        what: Event = "release_approved" if approved else "release_refused"
        await record(actor, now, what.replace("_", "."), "draw", draw.id, opinion=opinion)
        await self.parties.notify(draw, what, by=actor.account_id, occasion=str(application.id))
        if approved:
            await self.parties.notify(draw, "release_verified", by=actor.account_id, occasion=str(application.id))

    async def refuse_overdue(self) -> int:
        """Send back applications not verified before the expected start: the agency may correct the times, or
        terminate."""
        due = await rows("SELECT id FROM draw WHERE state = 'submitted' AND starts_at <= $1", self.deps.now())
        return await process_each("unverified", due, lambda row: self._refuse_overdue(row["id"]))

    async def _refuse_overdue(self, draw_id: UUID) -> None:
        async with transaction():
            draw, now = (await lock(draw_id)).draw, self.deps.now()
            if draw.state != DrawState.SUBMITTED or now < draw.starts_at:
                return
            application = await DrawApplication.select_for_update().get(draw_id=draw_id, state="submitted")
            application.state = VERIFICATION.next(VerificationState(application.state), VerificationEvent.REFUSE)
            application.opinion, application.decided_at = _OVERDUE, now
            await application.save()
            await move(draw, DrawEvent.REFUSE)
            await record(system(draw.pool), now, "draw.refused", "draw", draw_id, opinion=_OVERDUE)
            await notify_agency(self.notices, draw, "agency_refused", str(application.id), reason=_OVERDUE)

    def _check_reach(self, actor: Actor, draw: Draw, application: DrawApplication) -> None:
        if draw.pool != actor.pool or (actor.scope and actor.scope != application.terminal):
            raise NotFound("找不到这份申请，请返回列表后刷新。")
        if actor.account_id == application.submitted_by_id:
            raise Conflict("不能核验自己提交的申请，请由其他人员办理。", code="own_application")
