"""The agency's side: marking amounts paid outside this system, and totals by month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.clock import local
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults, check_given
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationEvent, RemunerationState
from domain.rulebook.book import Rulebook
from models.draws import Draw
from models.invitations import Invitation
from models.remuneration import Remuneration
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.limits import check_repeats
from services.draws import DrawAccess, lock
from services.notifications import Notices
from services.remuneration.records import day_of, lock_remuneration, move_remuneration

_MONTHS = """
SELECT to_char(d.ended_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, o.name AS organisation,
  count(DISTINCT d.id)::int AS draws, count(*)::int AS experts, sum(r.amount)::bigint AS total,
  coalesce(sum(r.amount) FILTER (WHERE r.state IN ('proposed', 'disputed')), 0)::bigint AS open,
  coalesce(sum(r.amount) FILTER (WHERE r.state IN ('confirmed', 'assumed')), 0)::bigint AS payable,
  coalesce(sum(r.amount) FILTER (WHERE r.state = 'paid'), 0)::bigint AS paid
FROM remuneration r JOIN draw d ON d.id = r.draw_id JOIN organisation o ON o.id = d.organisation_id
WHERE {where} GROUP BY 1, o.id, o.name ORDER BY 1 DESC, o.name, o.id LIMIT 200
"""


@dataclass(frozen=True)
class MonthTotal:
    """Totals of one organisation's draws that ended in one month (Asia/Shanghai). Sums in fen."""

    month: Annotated[str, Field(examples=["2026-11"])]
    organisation: str
    draws: int
    experts: int
    total: int
    open: Annotated[int, Field(description="Not yet confirmed")]
    payable: Annotated[int, Field(description="Confirmed and not yet paid")]
    paid: int


@dataclass(frozen=True)
class Payouts:
    deps: Deps
    notices: Notices
    access: DrawAccess

    async def mark_paid(
        self,
        actor: Actor,
        draw_id: UUID,
        paid_on: date | None,
        way: str,
        versions: Mapping[UUID, int],
    ) -> int:
        """Mark these amounts as paid, in the versions that the agency saw; returns how many were not marked before.

        Idempotent.

        Raises Conflict when one is not confirmed or its amount has changed, or for an empty selection; then none is
        marked.
        """
        permissions.check(actor, "remuneration.pay")
        async with transaction():
            await self.access.get(actor, draw_id)
            draw = (await lock(draw_id)).draw
            day = self._check_payment(self.deps.book(draw.pool), draw, paid_on, way)
            if not versions:
                raise Conflict("没有待支付的酬劳：专家确认后才能登记支付。", code="nothing_to_pay")
            payable = await self._lock_payable(draw_id, versions)
            for remuneration in payable:
                await self._mark_paid(actor, remuneration, day, way)
        return len(payable)

    async def _lock_payable(self, draw_id: UUID, versions: Mapping[UUID, int]) -> list[Remuneration]:
        remunerations = (
            await Remuneration.filter(draw_id=draw_id, id__in=list(versions)).select_for_update().order_by("id")
        )
        if len(remunerations) != len(versions):
            raise NotFound("找不到这笔酬劳，请刷新后重试。")
        if any(remuneration.version != versions[remuneration.id] for remuneration in remunerations):
            raise Conflict("金额已更新，请核对。", code="amount_changed")
        return [remuneration for remuneration in remunerations if remuneration.state != RemunerationState.PAID]

    def _check_payment(self, book: Rulebook, draw: Draw, paid_on: date | None, way: str) -> date:
        """The day of the payment. Raises InvalidInput."""
        faults = Faults()
        if way not in book.remuneration.pay_ways:
            faults.add(InvalidInput("请选择支付方式。", code="unknown_way", field="way"))
        day = faults.check(check_given, paid_on, "paid_on", "支付日期")
        if paid_on and not local(draw.starts_at).date() <= paid_on <= local(self.deps.now()).date():
            message = "支付日期应在评标当天到今天之间，请核对。"
            faults.add(InvalidInput(message, code="bad_day", field="paid_on"))
        faults.raise_any()
        return day

    async def _mark_paid(self, actor: Actor, remuneration: Remuneration, paid_on: date, way: str) -> None:
        move_remuneration(remuneration, RemunerationEvent.PAY)
        remuneration.paid_on, remuneration.paid_way, remuneration.paid_by_id = paid_on, way, actor.account_id
        await remuneration.save()
        now = self.deps.now()
        await record(
            actor,
            now,
            "remuneration.paid",
            "remuneration",
            remuneration.id,
            amount=remuneration.amount,
            on=f"{paid_on}",
            way=way,
        )
        invitation = await Invitation.get(id=remuneration.invitation_id)
        await self.notices.notify(
            pool=remuneration.pool,
            kind="remuneration_paid",
            dedupe_key=f"remuneration_paid:{remuneration.id}:{now.timestamp():.6f}",
            params={
                "day": day_of(invitation.gathering_at),
                "amount": yuan(remuneration.amount),
                "way": way,
                "hotline": self.deps.book(remuneration.pool).pool.hotline,
            },
            expert_id=remuneration.expert_id,
        )

    async def unmark_paid(self, actor: Actor, draw_id: UUID, remuneration_id: UUID) -> None:
        """Undo a mistaken mark, of which the expert was told; it waits for payment again.

        Raises Conflict for one that is not marked.
        """
        permissions.check(actor, "remuneration.pay")
        async with transaction():
            await self.access.get(actor, draw_id)
            await lock(draw_id)
            remuneration = await lock_remuneration(remuneration_id)
            if remuneration.draw_id != draw_id:
                raise NotFound("找不到这笔酬劳，请刷新后重试。")
            now = self.deps.now()
            await check_repeats("remuneration", remuneration.id, ("remuneration.unmarked_paid",), now)
            move_remuneration(remuneration, RemunerationEvent.UNMARK_PAID)
            remuneration.paid_on, remuneration.paid_way, remuneration.paid_by_id = None, "", None
            await remuneration.save()
            await record(actor, now, "remuneration.unmarked_paid", "remuneration", remuneration.id)
            invitation = await Invitation.get(id=remuneration.invitation_id)
            await self.notices.notify(
                pool=remuneration.pool,
                kind="remuneration_unpaid",
                dedupe_key=f"remuneration_unpaid:{remuneration.id}:{now.timestamp():.6f}",
                params={"day": day_of(invitation.gathering_at), "amount": yuan(remuneration.amount)},
                expert_id=remuneration.expert_id,
            )

    async def months(self, actor: Actor) -> list[MonthTotal]:
        """Totals by month, newest first, over the draws of an agent or legal entity."""
        permissions.check(actor, "remuneration.totals")
        where, values = self.access.visibility_condition(actor)
        return [MonthTotal(**row) for row in await rows(_MONTHS.format(where=where), *values)]
