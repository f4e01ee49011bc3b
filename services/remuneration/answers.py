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
from services.remuneration.records import (
    REMINDABLE,
    LineView,
    line_views,
    lock_remuneration,
    move_remuneration,
    notify_proposer,
    notify_when_settled,
    pay_until,
    remind_from,
    silence_confirms,
)

Channel = Literal["chat", "h5", "mini"]
REASON_LONGEST = 200
_SHOWN = 50
_TO_HIMSELF = {
    RemunerationState.PROPOSED: "待您确认",
    RemunerationState.DISPUTED: "待场地核对",
    RemunerationState.CONFIRMED: "已确认",
}
"""States in the expert's words."""
_UNANSWERED = "逾期未答复；金额与标准不同，须专家本人确认，或更正为标准金额"
"""Instead of an objection, for the venue: an amount that only the venue names is never confirmed by silence."""
_OWN = """
SELECT r AS remuneration, i.gathering_at, n.venue, d.ended_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at
FROM remuneration r JOIN invitation i ON i.id = r.invitation_id JOIN call_notice n ON n.id = i.notice_id
JOIN draw d ON d.id = r.draw_id
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
    silence_confirms: Annotated[bool, Field(description="No answer counts as a yes: the amount is the standard's")]
    may_confirm: bool
    may_dispute: bool
    reason: str
    dispute: str
    reply: Annotated[str, Field(description="The venue's answer to the objection")]
    paid_on: date | None
    paid_way: str
    pay_until: datetime | None
    """When the agency should have paid; None where nothing is prescribed."""
    reminded_at: datetime | None
    remind_from: datetime | None
    """When he may remind the agency again; None if he has not reminded it."""
    may_remind: bool


@dataclass(frozen=True)
class ExpertAnswers:
    deps: Deps
    notices: Notices

    async def list_own(self, actor: Actor) -> list[OwnRemuneration]:
        """Newest first, at most fifty."""
        permissions.check(actor, "remuneration.own")
        return [self._view_remuneration(row) for row in await rows(_OWN, actor.expert_id, None, _SHOWN)]

    async def get(self, actor: Actor, remuneration_id: UUID) -> OwnRemuneration:
        """Raises NotFound for another expert's."""
        permissions.check(actor, "remuneration.own")
        remuneration_rows = await rows(_OWN, actor.expert_id, remuneration_id, 1)
        if not remuneration_rows:
            raise _unknown_remuneration()
        return self._view_remuneration(remuneration_rows[0])

    async def confirm(self, actor: Actor, remuneration_id: UUID, version: int, *, by: Channel) -> OwnRemuneration:
        """The expert agrees to the amount of ``version``, or withdraws his objection to it. A repetition is harmless.

        Raises Conflict when it was changed meanwhile, NotFound for another expert's.
        """
        async with transaction():
            draw, remuneration = await self._lock_own(actor, remuneration_id)
            _check_version(remuneration, version)
            if remuneration.state not in (RemunerationState.CONFIRMED, RemunerationState.PAID):
                await self._store_answer(actor, remuneration, RemunerationEvent.CONFIRM, by)
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
    ) -> OwnRemuneration:
        """The expert objects, and the proposer of the amount is notified. Raises as ``confirm``, and RuleViolation at
        the rulebook's limit of objections."""
        async with transaction():
            draw, remuneration = await self._lock_own(actor, remuneration_id)
            text = check_no_link(
                check_text(reason, "reason", "异议说明", REASON_LONGEST, required=True), "reason", "异议说明"
            )
            _check_version(remuneration, version)
            if remuneration.state != RemunerationState.DISPUTED or _has_lapsed(remuneration):
                self._check_dispute_limit(remuneration)
                remuneration.dispute, remuneration.disputes, remuneration.reply = text, remuneration.disputes + 1, ""
                await self._store_answer(actor, remuneration, RemunerationEvent.DISPUTE, by)
                await notify_proposer(self.notices, draw, remuneration)
        return await self.get(actor, remuneration_id)

    async def _lock_own(self, actor: Actor, remuneration_id: UUID) -> tuple[Draw, Remuneration]:
        permissions.check(actor, "remuneration.own")
        # not locked yet: its draw is locked first, as everywhere in this package
        own_remuneration = await Remuneration.get_or_none(id=remuneration_id, expert_id=actor.expert_id)
        if own_remuneration is None:
            raise _unknown_remuneration()
        draw = (await lock(own_remuneration.draw_id)).draw
        return draw, await lock_remuneration(remuneration_id)

    def _check_dispute_limit(self, remuneration: Remuneration) -> None:
        book = self.deps.book(remuneration.pool)
        if remuneration.disputes >= book.remuneration.disputes_max:
            raise violation(
                book,
                "remuneration.disputes_max",
                f"这笔酬劳您已提出{remuneration.disputes}次异议，请直接联系评标场地，或拨打{book.pool.hotline}。",
            )

    async def _store_answer(
        self, actor: Actor, remuneration: Remuneration, event: RemunerationEvent, by: Channel
    ) -> None:
        now = self.deps.now()
        move_remuneration(remuneration, event)
        remuneration.answered_at, remuneration.answered_by = now, by
        await remuneration.save()
        await record(
            actor,
            now,
            f"remuneration.{remuneration.state}",
            "remuneration",
            remuneration.id,
            by=by,
            version=remuneration.version,
        )

    # ---- no answer

    async def assume_due(self, limit: int = 100) -> int:
        """Unanswered amounts of the standard count as confirmed, others go back to the venue; returns how many."""
        due = await rows(_DUE, self.deps.now(), limit)
        return await process_each("remuneration", due, self._settle_unanswered)

    async def _settle_unanswered(self, row: Any) -> None:
        async with transaction():
            draw = (await lock(row["draw_id"])).draw
            remuneration, now = await lock_remuneration(row["id"]), self.deps.now()
            if (
                remuneration.state != RemunerationState.PROPOSED
                or remuneration.answer_until is None
                or remuneration.answer_until > now
            ):
                return
            is_assumed = silence_confirms(remuneration.amount, remuneration.computed)
            move_remuneration(remuneration, RemunerationEvent.ASSUME if is_assumed else RemunerationEvent.LAPSE)
            remuneration.answered_at, remuneration.answered_by = now, "system"
            if not is_assumed:
                remuneration.dispute, remuneration.reply = _UNANSWERED, ""
            await remuneration.save()
            action = "remuneration.assumed" if is_assumed else "remuneration.lapsed"
            actor, version = system(remuneration.pool), remuneration.version
            await record(actor, now, action, "remuneration", remuneration.id, version=version)
            if is_assumed:
                await notify_when_settled(self.notices, draw)
            else:
                await notify_proposer(self.notices, draw, remuneration)

    # ---- queries

    def _view_remuneration(self, row: Any) -> OwnRemuneration:
        remuneration = from_row(Remuneration, row["remuneration"])
        state = RemunerationState(remuneration.state)
        book, now = self.deps.book(remuneration.pool), self.deps.now()
        disputes_max = book.remuneration.disputes_max
        until, again = pay_until(book, row["ended_at"]), remind_from(book, remuneration.reminded_at)
        is_due = state == RemunerationState.PAID or until is None or until <= now
        lapsed = _has_lapsed(remuneration)
        may_dispute = REMUNERATION.can(state, RemunerationEvent.DISPUTE) and remuneration.disputes < disputes_max
        return OwnRemuneration(
            id=remuneration.id,
            state=state,
            state_label=_TO_HIMSELF.get(state, state.label),
            gathering_at=row["gathering_at"],
            venue=row["venue"],
            entered_at=row["entered_at"],
            left_at=row["left_at"],
            amount=remuneration.amount,
            lines=line_views(remuneration.lines),
            version=remuneration.version,
            answer_until=remuneration.answer_until,
            silence_confirms=silence_confirms(remuneration.amount, remuneration.computed),
            may_confirm=REMUNERATION.can(state, RemunerationEvent.CONFIRM),
            may_dispute=may_dispute and (state != RemunerationState.DISPUTED or lapsed),
            reason=remuneration.reason,
            dispute="" if lapsed else remuneration.dispute,
            reply=remuneration.reply,
            paid_on=remuneration.paid_on,
            paid_way=remuneration.paid_way,
            pay_until=until,
            reminded_at=remuneration.reminded_at,
            remind_from=again,
            may_remind=state in REMINDABLE and is_due and (again is None or again <= now),
        )


def _has_lapsed(remuneration: Remuneration) -> bool:
    """Whether it waits for the venue because its expert did not answer, not because of an objection."""
    return remuneration.state == RemunerationState.DISPUTED and remuneration.answered_by == "system"


def _check_version(remuneration: Remuneration, version: int) -> None:
    if remuneration.version != version:
        raise Conflict(f"这笔酬劳已更新为{yuan(remuneration.amount)}元，请重新核对后确认。", code="amount_changed")


def _unknown_remuneration() -> NotFound:
    return NotFound("找不到这笔酬劳，请返回列表后刷新。", code="unknown_remuneration")
