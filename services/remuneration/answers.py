"""The expert's side: own remunerations, confirming, objecting; and the effect of not answering in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, NotFound
from domain.payments.money import yuan
from domain.remuneration.lifecycles import REMUNERATION, RemunerationEvent, RemunerationState
from models.draws import Draw
from models.remuneration import Remuneration
from services.core import permissions
from services.core.base import Actor, Deps, from_row, record, rows, system, transaction, violation
from services.core.due_rows import not_paused, process_each
from services.core.short_texts import check_no_link, check_text
from services.draws import lock
from services.notifications import Notices
from services.remuneration.records import LineView, line_views, lock_one, move, notify_proposer, notify_when_settled

Channel = Literal["chat", "h5", "mini"]
REASON_LONGEST = 200
_SHOWN = 50
_TO_HIMSELF = {
    RemunerationState.PROPOSED: "待您确认",
    RemunerationState.DISPUTED: "已提异议",
    RemunerationState.CONFIRMED: "已确认",
}
"""States in the expert's words."""
_OWN = """
SELECT r AS one, i.gathering_at, n.venue,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at
FROM remuneration r JOIN invitation i ON i.id = r.invitation_id JOIN call_notice n ON n.id = i.notice_id
WHERE r.expert_id = $1 AND ($2::uuid IS NULL OR r.id = $2) ORDER BY r.proposed_at DESC, r.id LIMIT $3
"""
_DUE = (
    "SELECT id, draw_id FROM remuneration WHERE state = 'proposed' AND answer_until <= $1 "
    f"AND {not_paused('remuneration', 'id')} ORDER BY answer_until LIMIT $2"
)


@dataclass(frozen=True)
class OwnRemuneration:
    """An expert's own remuneration. Time and venue identify the panel, never project or parties. ``version`` must be
    sent with an answer."""

    id: UUID
    state: RemunerationState
    state_label: Annotated[str, Field(examples=["待您确认"])]
    gathering_at: datetime
    venue: str
    entered_at: datetime | None
    left_at: datetime | None
    amount: Annotated[int, Field(description="Fen", examples=[120000])]
    lines: tuple[LineView, ...]
    version: int
    answer_until: datetime | None
    may_confirm: bool
    may_dispute: bool
    reason: str
    dispute: str
    reply: Annotated[str, Field(description="The venue's answer to the objection")]
    paid_on: date | None
    paid_way: str


@dataclass(frozen=True)
class ExpertAnswers:
    deps: Deps
    notices: Notices

    async def own(self, actor: Actor) -> list[OwnRemuneration]:
        """Newest first, at most fifty."""
        permissions.check(actor, "remuneration.own")
        return [self._view(row) for row in await rows(_OWN, actor.expert_id, None, _SHOWN)]

    async def get(self, actor: Actor, remuneration_id: UUID) -> OwnRemuneration:
        """Raises NotFound for another expert's."""
        permissions.check(actor, "remuneration.own")
        found = await rows(_OWN, actor.expert_id, remuneration_id, 1)
        if not found:
            raise _unknown()
        return self._view(found[0])

    async def confirm(
        self, actor: Actor, remuneration_id: UUID, version: int, *, by: Channel, key: str | None = None
    ) -> OwnRemuneration:
        """The expert agrees to the amount of ``version``, or withdraws his objection to it. A repetition is harmless.

        Raises Conflict when it was changed meanwhile, NotFound for another expert's.
        """
        async with transaction():
            draw, one = await self._lock_own(actor, remuneration_id)
            _check_version(one, version)
            if one.state not in (RemunerationState.CONFIRMED, RemunerationState.PAID):
                await self._answer(actor, one, RemunerationEvent.CONFIRM, by)
                await notify_when_settled(self.notices, draw)
        return await self.get(actor, remuneration_id)

    async def dispute(
        self,
        actor: Actor,
        remuneration_id: UUID,
        version: int,
        reason: str,
        *,
        by: Channel,
        key: str | None = None,
    ) -> OwnRemuneration:
        """The expert objects, and the proposer of the amount is notified. Raises as ``confirm``, and RuleViolation at
        the rulebook's limit of objections."""
        async with transaction():
            draw, one = await self._lock_own(actor, remuneration_id)
            text = check_no_link(
                check_text(reason, "reason", "异议说明", REASON_LONGEST, required=True), "reason", "异议说明"
            )
            _check_version(one, version)
            if one.state != RemunerationState.DISPUTED:
                self._check_count(one)
                one.dispute, one.disputes, one.reply = text, one.disputes + 1, ""
                await self._answer(actor, one, RemunerationEvent.DISPUTE, by)
                await notify_proposer(self.notices, draw, one)
        return await self.get(actor, remuneration_id)

    async def _lock_own(self, actor: Actor, remuneration_id: UUID) -> tuple[Draw, Remuneration]:
        permissions.check(actor, "remuneration.own")
        known = await Remuneration.get_or_none(id=remuneration_id, expert_id=actor.expert_id)
        if known is None:
            raise _unknown()
        draw = (await lock(known.draw_id)).draw
        return draw, await lock_one(remuneration_id)

    def _check_count(self, one: Remuneration) -> None:
        book = self.deps.book(one.pool)
        if one.disputes >= book.remuneration.disputes_max:
            raise violation(
                book,
                "remuneration.disputes_max",
                f"这笔酬劳您已提出{one.disputes}次异议，请直接联系评标场地，或拨打{book.pool.hotline}。",
            )

    async def _answer(self, actor: Actor, one: Remuneration, event: RemunerationEvent, by: Channel) -> None:
        now = self.deps.now()
        move(one, event)
        one.answered_at, one.answered_by = now, by
        await one.save()
        await record(actor, now, f"remuneration.{one.state}", "remuneration", one.id, by=by, version=one.version)

    # ---- no answer

    async def assume_due(self, limit: int = 100) -> int:
        """Remunerations not answered in time count as confirmed; returns how many."""
        due = await rows(_DUE, self.deps.now(), limit)
        return await process_each("remuneration", due, self._assume)

    async def _assume(self, row: Any) -> None:
        async with transaction():
            draw = (await lock(row["draw_id"])).draw
            one, now = await lock_one(row["id"]), self.deps.now()
            if one.state != RemunerationState.PROPOSED or one.answer_until is None or one.answer_until > now:
                return
            move(one, RemunerationEvent.ASSUME)
            one.answered_at, one.answered_by = now, "system"
            await one.save()
            await record(system(one.pool), now, "remuneration.assumed", "remuneration", one.id, version=one.version)
            await notify_when_settled(self.notices, draw)

    # ---- queries

    def _view(self, row: Any) -> OwnRemuneration:
        one = from_row(Remuneration, row["one"])
        state = RemunerationState(one.state)
        most = self.deps.book(one.pool).remuneration.disputes_max
        return OwnRemuneration(
            id=one.id,
            state=state,
            state_label=_TO_HIMSELF.get(state, state.label),
            gathering_at=row["gathering_at"],
            venue=row["venue"],
            entered_at=row["entered_at"],
            left_at=row["left_at"],
            amount=one.amount,
            lines=line_views(one.lines),
            version=one.version,
            answer_until=one.answer_until,
            may_confirm=REMUNERATION.can(state, RemunerationEvent.CONFIRM),
            may_dispute=REMUNERATION.can(state, RemunerationEvent.DISPUTE) and one.disputes < most,
            reason=one.reason,
            dispute=one.dispute,
            reply=one.reply,
            paid_on=one.paid_on,
            paid_way=one.paid_way,
        )


def _check_version(one: Remuneration, version: int) -> None:
    if one.version != version:
        raise Conflict(f"这笔酬劳已更新为{yuan(one.amount)}元，请重新核对后确认。", code="amount_changed")


def _unknown() -> NotFound:
    return NotFound("找不到这笔酬劳，请返回列表后刷新。", code="unknown_remuneration")
