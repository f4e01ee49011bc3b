"""An expert reminds the agency of an amount that has not arrived (催付), at most once in the rulebook's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_date
from domain.errors import Conflict, NotFound, TooMany
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationState
from domain.rulebook.book import Rulebook
from models.draws import Draw
from models.remuneration import Remuneration
from services.core.base import Actor, Deps, record, rows, violation
from services.core.idempotency import once
from services.core.limits import seconds_until
from services.core.permissions import check
from services.draws import lock, notify_agency
from services.notifications import Notices
from services.remuneration.records import REMINDABLE, lock_remuneration, pay_until, remind_from

_WHAT = {RemunerationState.PAID: "登记已支付，本人反映没有到账"}
_NOT_PAID = "还没有支付，本人提醒"


@dataclass(frozen=True)
class Reminded:
    """``next_at``: when the expert may remind again."""

    remuneration_id: UUID
    next_at: datetime


@dataclass(frozen=True)
class PaymentReminders:
    deps: Deps
    notices: Notices

    async def remind(self, actor: Actor, remuneration_id: UUID, *, key: str | None = None) -> Reminded:
        """Tell the agency, by the expert's code.

        Raises NotFound for another expert's, Conflict for an amount that is not confirmed, RuleViolation before the
        agency has to pay, TooMany after a recent reminder.
        """
        check(actor, "remuneration.own")
        now = self.deps.now()

        async def run() -> Reminded:
            # not locked yet: its draw is locked first, as everywhere in this package
            own = await Remuneration.get_or_none(id=remuneration_id, expert_id=actor.expert_id)
            if own is None:
                raise NotFound("找不到这笔酬劳，请返回列表后刷新。", code="unknown_remuneration")
            draw = (await lock(own.draw_id)).draw
            remuneration, book = await lock_remuneration(remuneration_id), self.deps.book(own.pool)
            _check_remindable(remuneration, draw, book, now)
            remuneration.reminded_at = now
            await remuneration.save(update_fields=["reminded_at"])
            await record(actor, now, "remuneration.payment_reminded", "remuneration", remuneration.id)
            await self._tell_agency(draw, remuneration, now)
            return Reminded(remuneration.id, now + book.remuneration.remind_every)

        return await once(
            owner=f"remind_payment:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=Reminded,
            run=run,
            request=str(remuneration_id),
        )

    async def _tell_agency(self, draw: Draw, remuneration: Remuneration, now: datetime) -> None:
        [row] = await rows("SELECT code FROM invitation WHERE id = $1", remuneration.invitation_id)
        await notify_agency(
            self.notices,
            draw,
            "agency_pay_reminder",
            f"{remuneration.id.hex}-{now.timestamp()}",
            code=row["code"],
            amount=yuan(remuneration.amount),
            what=_WHAT.get(RemunerationState(remuneration.state), _NOT_PAID),
        )


def _check_remindable(remuneration: Remuneration, draw: Draw, book: Rulebook, now: datetime) -> None:
    state = RemunerationState(remuneration.state)
    if state not in REMINDABLE:
        raise Conflict(f"这笔酬劳{state.label}，金额确认后抽取单位才支付，还不能催付。", code="not_payable")
    until = pay_until(book, draw.ended_at)
    if state != RemunerationState.PAID and until is not None and now < until:
        message = f"抽取单位应在{print_date(until)}前支付，到期仍没有到账的再催付。"
        raise violation(book, "remuneration.pay_within_days", message)
    next_at = remind_from(book, remuneration.reminded_at)
    if remuneration.reminded_at is not None and next_at is not None and now < next_at:
        raise TooMany(
            f"已于{print_date(remuneration.reminded_at)}提醒过付款单位，{print_date(next_at)}起可以再提醒。",
            retry_after=seconds_until(next_at, now),
            code="reminded",
        )
