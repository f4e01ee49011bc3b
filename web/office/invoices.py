"""Electronic invoices (发票): those to issue and upload, failed ones, mailing again, reversing (冲红)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import aiohttp.web as http

from domain.typed_text import half_width
from services.office import InvoiceFilter
from services.payments import PDF_BYTES, REVERSAL_NOTE_CHARS
from services.ports import ReverseReason
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, resource
from web.office.base import OfficePart

FILTERS = {
    "to_make": "待开票",
    "to_reverse": "待冲红",
    "failed": "有问题",
    "sent": "已发送",
    "reversed": "冲红",
    "all": "全部",
}
FAILURES = {
    "refunded": "已退款，无需开票",
    "reversed": "原发票已冲红，待对方确认开票信息",
    "file_lost": "文件读取失败，请重新上传",
    "unknown_there": "微信支付没有这张发票",
    "ISSUE_FAILED": "微信支付开票失败",
    "REVERSE_FAILED": "微信支付冲红失败",
}
REASONS: Mapping[ReverseReason, str] = {"service_ended": "服务中止（已退费）", "issue_error": "开票有误"}


_INVOICE = "这张发票"


@dataclass(frozen=True)
class _Reversal:
    """``red_number``: of the red invoice, where the office has issued it elsewhere."""

    reason: str
    note: str
    red_number: str


@dataclass(frozen=True)
class _Number:
    number: str


class InvoicePages(OfficePart):
    code = "invoices"
    action = "payment.manage"

    @list_page("/office/invoices", "office/invoices.html", keep=("only",), only=Choice(FILTERS, "to_make"), q=Word(50))
    async def invoices(self, visit: Visit, wanted: Wanted) -> Listed:
        only = cast(InvoiceFilter, wanted["only"])
        listed = await self.services.office.payment_views.invoices(visit.actor, only, wanted["q"], **wanted.window)
        labels = {"filters": FILTERS, "failures": FAILURES, "reasons": REASONS.items()}
        return Listed(listed, {"search": wanted["q"], "longest": REVERSAL_NOTE_CHARS, **labels})

    @invoices.command(name="resend", note="已安排重新发送。")
    async def resend(self, visit: Visit) -> None:
        await self.services.payments.invoices.resend(visit.actor, visit.row_id(_INVOICE))

    @invoices.command(
        _Reversal,
        "reverse",
        note={"reversing": "已申请冲红，结果会在这里显示，并通知对方。", "reversed": "已登记冲红，并通知对方。"},
    )
    async def reverse(self, visit: Visit, form: _Reversal) -> Redirect:
        reason = cast(ReverseReason, form.reason if form.reason in REASONS else "service_ended")
        number = half_width(form.red_number)
        await self.services.payments.invoices.reverse(
            visit.actor, visit.row_id(_INVOICE), reason, form.note, red_number=number
        )
        return Redirect(note="reversed" if number else "reversing")

    @invoices.command(
        _Number, path="/office/invoices/file", upload=PDF_BYTES, note="发票已上传，会自动发送到对方邮箱。"
    )
    async def attach(self, visit: Visit, form: _Number) -> None:
        """The tax platform's PDF of one invoice, with its number."""
        await self.services.payments.invoices.upload(visit.actor, visit.row_id(_INVOICE), visit.file, form.number)

    @resource("/office/invoices/{id}.pdf")
    async def file(self, visit: Visit) -> http.Response:
        """The invoice of a fee, as an attachment."""
        content = await self.services.payments.invoice_downloads.file(visit.actor, visit.id(_INVOICE))
        headers = {"Content-Disposition": 'attachment; filename="invoice.pdf"'}
        return http.Response(body=content, content_type="application/octet-stream", headers=headers)
