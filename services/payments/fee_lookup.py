"""Finds the fee of an expert number, so that another person may pay it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.payments.lifecycles import FeeState
from domain.typed_text import half_width
from models.payments import Fee
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import HOUR, check_recent
from services.payments.fees import rules_of
from services.payments.queries import FeeView, view_fee


@dataclass(frozen=True)
class FeeLookup:
    deps: Deps

    async def look_up(self, actor: Actor, number: str, *, viewer: UUID | None = None) -> FeeView:
        """The fee of an expert number, with the name masked. Counted and logged, except one's own.

        ``viewer`` identifies the person if there is only an openid and no account. Raises NotFound, TooMany,
        Unauthenticated.
        """
        rules = rules_of(self.deps, actor.pool)
        viewer_id = actor.account_id or viewer
        if viewer_id is None:
            raise Unauthenticated("请先登录，或在微信里打开本页。", code="login_needed")
        wanted_number, now = half_width(number).upper(), self.deps.now()
        fee = await _find_fee(actor.pool, wanted_number) if wanted_number else None
        if fee is None or fee.account_id != actor.account_id:
            async with transaction():
                await check_recent(
                    "fee.look_up",
                    viewer_id,
                    limit=rules.lookups_per_hour,
                    period=HOUR,
                    now=now,
                    message="查询专家编号的次数过多",
                )
                # a number without a fee may be anything typed: an ID number, a mobile
                number = wanted_number if fee is not None else ""
                await record(actor, now, "fee.look_up", "account", viewer_id, number=number, found=fee is not None)
        if fee is None:
            raise NotFound(
                f"没有找到这个专家编号的费用，请核对编号；有疑问请拨打{rules.hotline}。", code="number_unknown"
            )
        if fee.account_id != actor.account_id and not rules.pay_for_others:
            raise Forbidden("本专家库只能由本人缴费，请本人登录后办理。", code="own_only")
        return await view_fee(self.deps, fee.id, actor)


async def _find_fee(pool: str, number: str) -> Fee | None:
    """The due fee of an expert number that ends first; else the newest."""
    fees = Fee.filter(pool=pool, expert_number=number)
    return await fees.filter(state=FeeState.DUE).order_by("closes_at", "created_at").first() or (
        await fees.order_by("-created_at").first()
    )
