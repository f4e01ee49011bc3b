"""Electronic invoices (发票): those to issue and upload, failed ones, mailing again, reversing (冲红)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, cast, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.office import InvoiceFilter
from services.payments import PDF_BYTES, REVERSAL_NOTE_CHARS
from services.ports import ReverseReason
from web.core.form_values import EMPTY, NOBODY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import FORM, OfficePart

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


class InvoicePages(OfficePart):
    code = "invoices"
    action = "payment.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "uploaded": "发票已上传，会自动发送到对方邮箱。",
        "resent": "已安排重新发送。",
        "reversing": "已申请冲红，结果会在这里显示，并通知对方。",
        "reversed": "已登记冲红，并通知对方。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/invoices", self.list)
        self.site.post("/office/invoices", self.submit)
        self.site.post("/office/invoices/file", self.attach)
        self.site.get("/office/invoices/file", self.reopen)
        self.site.get("/office/invoices/{id}.pdf", self.file)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def reopen(self, _request: http.Request) -> http.Response:
        """The address of a form, opened with GET."""
        raise redirect("/office/invoices")

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        only, search = request.query.get("only", "to_make"), request.query.get("q", "").strip()[:50]
        only, page = only if only in get_args(InvoiceFilter) else "to_make", page_number(request)
        found = await self.services.office.payment_views.invoices(
            actor, cast(InvoiceFilter, only), search, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/invoices.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            only=only,
            search=search,
            filters=FILTERS,
            failures=FAILURES,
            reasons=REASONS.items(),
            longest=REVERSAL_NOTE_CHARS,
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` resend or reverse, with an ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, fields)
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/invoices", note=note, only=request.query.get("only", ""))

    async def _do(self, actor: Actor, fields: Mapping[str, str]) -> str:
        invoice_id = uuid_of(fields.get("id", ""), "这张发票")
        if fields.get("command") == "resend":
            await self.services.payments.invoices.resend(actor, invoice_id)
            return "resent"
        if fields.get("command") == "reverse":
            reason = cast(ReverseReason, fields.get("reason") if fields.get("reason") in REASONS else "service_ended")
            number = fields.get("red_number", "").strip()
            await self.services.payments.invoices.reverse(
                actor, invoice_id, reason, fields.get("note", ""), red_number=number
            )
            return "reversed" if number else "reversing"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def attach(self, request: http.Request) -> http.Response:
        """The tax platform's PDF of one invoice, with its number."""
        actor = await self.actor(request)
        fields, content = await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=PDF_BYTES
        )
        try:
            if not fields.get("number", "").strip():
                raise InvalidInput("请填写发票号码。", code="missing", field="number")
            invoice_id = uuid_of(fields.get("id", ""), "这张发票")
            await self.services.payments.invoices.upload(actor, invoice_id, content, fields["number"])
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect("/office/invoices", note="uploaded")

    async def file(self, request: http.Request) -> http.Response:
        """The invoice of a fee, as an attachment."""
        actor = await self.actor(request)
        content = await self.services.payments.invoice_downloads.file(
            actor, uuid_of(request.match_info["id"], "这张发票")
        )
        return http.Response(
            body=content,
            content_type="application/octet-stream",
            headers={"Content-Disposition": 'attachment; filename="invoice.pdf"'},
        )
