"""The platform's daily bill against our records (对账): days, differences, resolving them, reconciling again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.payments.fees import DIFFERENCE_NAMES
from web.core.pages import Visit, page
from web.core.site import page_number
from web.office.base import OfficePart

PAGE = 31
STATES = {"waiting": "待核对", "equal": "一致", "differs": "有差异", "empty": "无交易"}


@dataclass(frozen=True)
class _Day:
    day: str


@dataclass(frozen=True)
class _Resolution:
    note: str


class ReconciliationPages(OfficePart):
    code = "reconciliation"
    action = "payment.manage"

    @page("/office/reconciliation", "office/reconciliation.html")
    async def reconciliation(self, visit: Visit) -> Mapping[str, object]:
        page = page_number(visit.request)
        bills = await self.services.payments.reconciliation.list(visit.actor, offset=(page - 1) * PAGE, limit=PAGE + 1)
        return {"bills": bills[:PAGE], "page": page, "more": len(bills) > PAGE, "states": STATES}

    @reconciliation.command(_Day, note="已安排对账，约一分钟后刷新查看。")
    async def compare_again(self, visit: Visit, form: _Day) -> None:
        await self.services.payments.reconciliation.compare_again(visit.actor, form.day)

    @page("/office/reconciliation/{id}", "office/reconciliation_day.html")
    async def reconciliation_day(self, visit: Visit) -> Mapping[str, object]:
        bill = await self.services.office.payment_views.bill(visit.actor, visit.id("这天的账单"))
        differences = await self.services.payments.reconciliation.differences(visit.actor, bill.id)
        return {"bill": bill, "states": STATES, "kinds": DIFFERENCE_NAMES, "differences": differences}

    @reconciliation_day.command(_Resolution, note="已记录处理结果。")
    async def resolve(self, visit: Visit, form: _Resolution) -> None:
        """Record how a difference was resolved."""
        await self.services.payments.reconciliation.resolve(visit.actor, visit.row_id("这条差异"), form.note)
