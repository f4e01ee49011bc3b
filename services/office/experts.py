"""What the office does with an expert of the pool: removal (退库)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_time
from domain.draws.lifecycles import InvitationEvent, InvitationState
from domain.errors import Conflict, NotFound
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.draws import Locked, Places, lock
from services.experts import remove_expert
from services.notifications import Notices

REASON_MAX = 200


@dataclass(frozen=True)
class RemovedExpert:
    """`calls`: number of open invitations that were cancelled."""

    expert_id: UUID
    left_at: datetime
    calls: int


@dataclass(frozen=True)
class ExpertAdministration:
    deps: Deps
    notices: Notices
    places: Places

    async def remove_from_pool(
        self, actor: Actor, expert_id: UUID, reason: str, *, key: str | None = None
    ) -> RemovedExpert:
        """End an expert's record: he is no longer drawn or called, open calls are cancelled, and he is notified.

        Raises NotFound, Conflict for an expert who has left, or who has accepted panels that must be resolved first.
        """
        check(actor, "expert.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()

        async def run() -> RemovedExpert:
            return await self._remove_from_pool(actor, expert_id, words, now)

        return await once(
            owner=f"expert.leave:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=RemovedExpert,
            run=run,
            request=f"{expert_id} {words}",
        )

    async def _remove_from_pool(self, actor: Actor, expert_id: UUID, reason: str, now: datetime) -> RemovedExpert:
        draws = await self._lock_draws(expert_id)
        expert = await Expert.select_for_update().get_or_none(id=expert_id, pool=actor.pool)
        if expert is None:
            raise NotFound("找不到这位专家，请返回列表后刷新。", code="expert_unknown")
        if expert.left_at is not None:
            raise Conflict(f"该专家已于{print_time(expert.left_at)}退库，无需重复办理。", code="already_left")
        await self._check_no_panel(expert.id, now)
        calls = await Invitation.filter(expert_id=expert.id, state=InvitationState.OPEN).select_for_update()
        for call in calls:
            if call.draw_id not in draws:  # opened between the two locks
                raise Conflict("系统正在通知该专家参加评标，请稍后再试。", code="being_called")
            await self.places.apply(draws[call.draw_id], call, InvitationEvent.CANCEL, now, by="office")
        await remove_expert(self.deps, actor, expert, reason, now)
        await record(actor, now, "expert.leave", "expert", expert.id, reason=reason, calls=len(calls))
        await self.notices.notify(
            pool=expert.pool,
            kind="expert_left",
            expert_id=expert.id,
            dedupe_key=f"expert_left:{expert.id}:{now.isoformat()}",
            params={"reason": reason, "hotline": self.deps.book(expert.pool).pool.hotline},
        )
        return RemovedExpert(expert.id, now, len(calls))

    async def _lock_draws(self, expert_id: UUID) -> Mapping[UUID, Locked]:
        """Draws before experts, as calling does."""
        calls = Invitation.filter(expert_id=expert_id, state=InvitationState.OPEN)
        return {call.draw_id: await lock(call.draw_id) for call in await calls.order_by("draw_id")}

    async def _check_no_panel(self, expert_id: UUID, now: datetime) -> None:
        panels_ahead = Invitation.filter(expert_id=expert_id, state=InvitationState.ACCEPTED, ends_at__gt=now)
        panel = await panels_ahead.order_by("gathering_at").first()
        if panel is not None:
            when = print_time(panel.gathering_at)
            raise Conflict(
                f"该专家已确认参加{when}集合的评标，请在评标结束或本人请假后再办理退库。", code="panels_ahead"
            )
