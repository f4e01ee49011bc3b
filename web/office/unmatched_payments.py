"""Payment notifications that match no order (无法入账的通知), and how they were handled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from services.payments import RESOLUTION_CHARS, UnmatchedFilter
from web.core.pages import Choice, Listed, Visit, Wanted, list_page
from web.office.base import OfficePart

FILTERS = {"all": "全部", "open": "未处理", "closed": "已处理"}
OUTCOMES = {
    "mismatch": "金额、币种或商户号不符，未入账",
    "unknown_order": "本系统没有这笔订单",
    "other_transaction": "同一订单出现另一笔支付",
    "refunded_there": "在商户平台直接退款",
    "unknown_refund": "本系统没有这笔退款",
    "closed_but_done": "已关闭的退款又到账",
}
TO_DO = {
    "mismatch": "请在商户平台核对这笔支付，必要时在商户平台退回。",
    "unknown_order": "请在商户平台核对来源；不是本库的款项请在商户平台退回。",
    "other_transaction": "请在商户平台核对，多收的款项请在商户平台退回。",
    "refunded_there": "请核对退款原因，并决定该申请如何办理。",
    "unknown_refund": "请在商户平台核对是谁发起的退款。",
    "closed_but_done": "请在商户平台核对是否重复退款。",
}


@dataclass(frozen=True)
class Resolution:
    note: str


class UnmatchedPaymentPages(OfficePart):
    code = "orders"
    action = "payment.manage"

    @list_page("/office/unmatched-payments", "office/unmatched_payments.html", only=Choice(FILTERS, "all"))
    async def unmatched_payments(self, visit: Visit, wanted: Wanted) -> Listed:
        only = cast(UnmatchedFilter, wanted["only"])
        listed = await self.services.payments.unmatched_payments.list(visit.actor, only, **wanted.window)
        texts = {"filters": FILTERS, "outcomes": OUTCOMES, "to_do": TO_DO, "longest": RESOLUTION_CHARS}
        return Listed(listed, texts)

    @unmatched_payments.command(Resolution, note="已记录处理结果。")
    async def close(self, visit: Visit, form: Resolution) -> None:
        """Record how one was handled."""
        await self.services.payments.unmatched_payments.close(visit.actor, visit.row_id("这条通知"), form.note)
