"""Processes invoices step by step: mail the receipt, request, fetch, mail, reverse.

The platform's notifications of an invoice contain too little, so each causes a query, and ``_take_in`` is the only
place where its reports are applied. Our number is stored in the row before any request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog
from tortoise.queryset import QuerySet

from domain.errors import GatewayError, Rejected, Transient, Unavailable
from domain.ids import new_id
from domain.payments.lifecycles import FeeState, InvoiceEvent, InvoiceState
from domain.payments.money import yuan
from models.payments import Fee, Invoice
from services.core.base import Deps, execute, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.limits import DAY
from services.files import FileLost, SealedFiles, new_key
from services.notifications import Notices
from services.payments.fees import rules_of, title_of
from services.payments.invoices.outbound_email import LEASE_TTL, EmailKind, OutboundEmails
from services.payments.invoices.transitions import (
    REFUNDED,
    begin_reversal,
    can,
    finish_reversal,
    is_asked_for,
    lock_invoice,
    may_turn_up,
    step,
)
from services.payments.queries import mask_email
from services.payments.receipt import counted_order, receipt_content
from services.ports import (
    DocumentRenderer,
    InvoiceReport,
    InvoiceRequest,
    MailAttachment,
    PaymentPlatform,
    Reversal,
    ReverseReason,
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PDF = "application/pdf"
_SHORTEST, _LONGEST = timedelta(seconds=20), timedelta(hours=6)
_REVERSAL_RETRY_AFTER = timedelta(minutes=5)
"""The platform's minimum time between two requests to reverse one invoice."""
_CHECK_BY = "UPDATE invoice SET check_at = least(coalesce(check_at, $2), $2) WHERE id = $1 AND receipt_sent_at IS NULL"
_KNOWN_BY = 8
"""Number of queries after which an invoice unknown to the platform is considered lost."""
Step = Callable[[Invoice, Fee], Awaitable[None]]


class _InHand(Exception):
    """Another process is sending the same mail, or it was just refused."""


class InvoiceProcessor:
    def __init__(
        self,
        deps: Deps,
        notices: Notices,
        platform: PaymentPlatform,
        store: SealedFiles,
        renderer: DocumentRenderer,
        outbound_email: OutboundEmails,
    ) -> None:
        self._deps = deps
        self._notices = notices
        self._platform = platform
        self._store = store
        self._renderer = renderer
        self._outbound_email = outbound_email
        self._steps: dict[InvoiceState, Step] = {
            InvoiceState.WANTED: self._apply,
            InvoiceState.APPLIED: self._ask,
            InvoiceState.ISSUED: self._mail,
            InvoiceState.SENT: self._mail_again,
            InvoiceState.REVERSING: self._reverse,
            InvoiceState.STUCK: self._reverse_again,
            InvoiceState.REVERSED: self._mail_reversal,
        }

    async def check_due(self) -> int:
        """Take the next step of every due invoice; returns how many there were."""
        due = await rows(
            f"SELECT id FROM invoice WHERE check_at <= $1 AND {not_paused('invoice_check', 'id')} "
            "ORDER BY check_at LIMIT 50",
            self._deps.now(),
        )
        await process_each("invoice_check", due, lambda row: self.check_one(row["id"]))
        return len(due)

    async def check_one(self, invoice_id: UUID) -> None:
        """The receipt, and the next step; each may fail without the other, and is tried again in growing pauses."""
        invoice = await Invoice.get(id=invoice_id)
        fee = await Fee.get(id=invoice.fee_id)
        late = None
        if invoice.receipt_sent_at is None and invoice.email_sealed and invoice.state != InvoiceState.REVERSED:
            late = await self._guarded(invoice, fee, self._mail_receipt)
            invoice = await Invoice.get(id=invoice_id)
            if late is None and invoice.receipt_sent_at is None:
                late = timedelta()  # the address was changed meanwhile
        await self._guarded(invoice, fee, self._steps.get(InvoiceState(invoice.state), self._rest))
        if late is not None:
            await execute(_CHECK_BY, invoice_id, self._deps.now() + late)

    async def _guarded(self, invoice: Invoice, fee: Fee, work: Step) -> timedelta | None:
        """None: done; else the pause until the next try, which is stored in the row."""
        try:
            await work(invoice, fee)
        except Rejected as error:
            log.error("invoice_refused", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            return await self._wait(invoice, error.vendor_code, DAY)
        except _InHand:
            return await self._wait(invoice, "", LEASE_TTL)
        except (GatewayError, Unavailable) as error:
            return await self._wait(invoice, type(error).__name__)
        except FileLost:
            log.exception("invoice_file_lost", pool=invoice.pool, invoice=str(invoice.id))
            return await self._wait(invoice, "file_lost", DAY)
        return None

    async def refresh(self, pool: str, apply_id: str) -> str:
        """The platform notified of an application's invoices: query them. Raises GatewayError on failure."""
        found = await Invoice.filter(pool=pool, apply_id=apply_id, issued_by="wechat").exclude(fapiao_id="")
        for invoice in found:
            report = await self._platform.query_invoice(pool, apply_id, invoice.fapiao_id)
            if report is not None:
                await self._take_in(invoice, report)
        return "asked" if found else "unknown_invoice"

    # ---- issuing

    async def _apply(self, invoice: Invoice, fee: Fee) -> None:
        """Request it from WeChat Pay, where that issues invoices; the same numbers identify the same invoice."""
        claimed = await self._claim(invoice.id) if invoice.issued_by == "wechat" else None
        if claimed is None:
            await self._rest(invoice, fee)
            return
        rules = rules_of(self._deps, invoice.pool).invoice
        request = InvoiceRequest(
            claimed.apply_id,
            claimed.fapiao_id,
            claimed.title,
            claimed.taxpayer_id,
            self._email(claimed),
            fee.amount,
            rules.goods_name,
            rules.tax_code,
            rules.tax_rate,
        )
        try:
            await self._platform.issue_invoice(invoice.pool, request)
        except Rejected as error:
            log.error("invoice_refused", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            await self._move(invoice.id, InvoiceEvent.FAIL, failure=error.vendor_code[:100], check_at=None)
            return
        await self._move(invoice.id, InvoiceEvent.APPLY, check_at=self._deps.now() + _SHORTEST, checks=0, failure="")

    async def _claim(self, invoice_id: UUID) -> Invoice | None:
        """The row with the numbers for its request; None: it is no longer wanted."""
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            order = await counted_order(invoice.fee_id)
            if invoice.state != InvoiceState.WANTED or order is None or order.transaction_id is None:
                return None
            if not await Fee.exists(id=invoice.fee_id, state=FeeState.PAID):
                return None
            invoice.apply_id = order.transaction_id
            invoice.fapiao_id = invoice.fapiao_id or new_id().hex
            await invoice.save(update_fields=["apply_id", "fapiao_id"])
            return invoice

    async def _ask(self, invoice: Invoice, fee: Fee) -> None:
        report = await self._platform.query_invoice(invoice.pool, invoice.apply_id, invoice.fapiao_id)
        if report is None and invoice.checks >= _KNOWN_BY:
            failure = REFUNDED if fee.state == FeeState.REFUNDED else "unknown_there"
            await self._move(invoice.id, InvoiceEvent.FAIL, failure=failure, check_at=None)
        elif report is None or not await self._take_in(invoice, report):
            await self._wait(invoice, "")

    async def _take_in(self, invoice: Invoice, report: InvoiceReport) -> bool:
        """Apply the platform's report on an invoice; True when its state changed. Its file is fetched outside a
        transaction."""
        if report.status == "issued" and may_turn_up(invoice):
            content = await self._platform.invoice_file(invoice.pool, invoice.apply_id, invoice.fapiao_id)
            key = new_key(invoice.pool, self._deps.now())
            await self._store.put(key, content)
            return await self._issued(invoice.id, key, report)
        if report.status == "failed" and is_asked_for(invoice):
            log.error("invoice_failed", pool=invoice.pool, invoice=str(invoice.id))
            return await self._move(invoice.id, InvoiceEvent.FAIL, failure="ISSUE_FAILED", check_at=None)
        if report.status == "reversed":
            return await self._reversed(invoice.id, report)
        return False

    async def _issued(self, invoice_id: UUID, key: str, report: InvoiceReport) -> bool:
        """It is issued. If the fee was refunded meanwhile it is reversed at once."""
        now = self._deps.now()
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            if not may_turn_up(invoice):
                return False
            step(
                invoice,
                InvoiceEvent.ISSUE,
                key=key,
                number=report.number[:40],
                code=report.code[:20],
                check_at=now,
                checks=0,
                failure="",
            )
            if await Fee.exists(id=invoice.fee_id, state=FeeState.REFUNDED):
                begin_reversal(invoice, "service_ended", now)
            await invoice.save()
            return True

    # ---- reversing

    async def _reverse(self, invoice: Invoice, _fee: Fee) -> None:
        """Query first, then request, then only wait: a request is repeated when the platform shows no trace of it."""
        report = await self._platform.query_invoice(invoice.pool, invoice.apply_id, invoice.fapiao_id)
        now, asked = self._deps.now(), invoice.reverse_asked_at
        if report is None:
            await self._wait(invoice, "unknown_there")
        elif report.status == "reversed":
            await self._reversed(invoice.id, report)
        elif report.status == "reverse_failed" and asked is not None:
            log.error("invoice_not_reversed", pool=invoice.pool, invoice=str(invoice.id))
            await self._move(invoice.id, InvoiceEvent.FAIL_REVERSAL, failure="REVERSE_FAILED", check_at=now + DAY)
        elif report.status in ("issued", "reverse_failed") and (asked is None or now - asked >= _REVERSAL_RETRY_AFTER):
            await self._ask_to_reverse(invoice, report)
        else:
            await self._wait(invoice, "")

    async def _ask_to_reverse(self, invoice: Invoice, report: InvoiceReport) -> None:
        if not await _as_read(invoice).update(reverse_asked_at=self._deps.now()):
            return
        reason: ReverseReason = "issue_error" if invoice.reverse_reason == "issue_error" else "service_ended"
        reversal = Reversal(
            invoice.apply_id, invoice.fapiao_id, report.code or invoice.code, report.number or invoice.number, reason
        )
        try:
            await self._platform.reverse_invoice(invoice.pool, reversal)
        except Transient:  # not accepted, so an earlier failure still shown doesn't belong to this request
            await _as_read(invoice).update(reverse_asked_at=None)
            raise
        except Rejected as error:
            log.error("invoice_not_reversed", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
            await self._move(
                invoice.id, InvoiceEvent.FAIL_REVERSAL, failure=error.vendor_code[:100], check_at=self._deps.now() + DAY
            )
            return
        await self._wait(invoice, "")

    async def _reverse_again(self, invoice: Invoice, _fee: Fee) -> None:
        """Yesterday's obstacle may be gone: the tax platform was unavailable, or the buyer has confirmed."""
        await self._move(
            invoice.id,
            InvoiceEvent.REQUEST_REVERSAL,
            reverse_asked_at=None,
            check_at=self._deps.now(),
            checks=0,
            failure="",
        )

    async def _reversed(self, invoice_id: UUID, report: InvoiceReport) -> bool:
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            if not can(invoice, InvoiceEvent.REVERSE):
                return False
            invoice.number = invoice.number or report.number[:40]
            await finish_reversal(
                self._deps, self._notices, system(invoice.pool), invoice, report.red_number, self._deps.now()
            )
            return True

    # ---- mail

    async def _mail_receipt(self, invoice: Invoice, fee: Fee) -> None:
        title = rules_of(self._deps, fee.pool).invoice.receipt_title
        content = await self._renderer.render_pdf("receipt", await receipt_content(self._deps, fee))
        await self._send(invoice, fee, "receipt", title, f"{title}见附件。", content)
        same = Invoice.filter(id=invoice.id, email_sealed=invoice.email_sealed, mailings=invoice.mailings)
        await same.update(receipt_sent_at=self._deps.now())

    async def _mail_again(self, invoice: Invoice, fee: Fee) -> None:
        """Only on request, or for another address."""
        await (self._mail if invoice.sent_at is None else self._rest)(invoice, fee)

    async def _mail(self, invoice: Invoice, fee: Fee) -> None:
        if not invoice.email_sealed:
            await self._rest(invoice, fee)
            return
        what = f"{title_of(self._deps, fee)}电子发票"
        content = await self._store.get(invoice.key)
        await self._send(invoice, fee, "invoice", what, f"{what}见附件。", content)
        now = self._deps.now()
        async with transaction():
            fresh = await lock_invoice(invoice.id)
            if (fresh.email_sealed, fresh.mailings) != (invoice.email_sealed, invoice.mailings):
                return  # to be mailed again meanwhile: the next run does it
            if not can(fresh, InvoiceEvent.SEND):
                return
            step(fresh, InvoiceEvent.SEND, sent_at=now, check_at=None, checks=0, failure="")
            await fresh.save()
            await self._notices.notify(
                pool=fee.pool,
                kind="invoice_sent",
                account_id=fee.account_id,
                dedupe_key=f"invoice_sent:{invoice.id}:{invoice.mailings}",
                params={
                    "title": title_of(self._deps, fee),
                    "amount": yuan(fee.amount),
                    "email": mask_email(self._email(invoice)),
                },
            )

    async def _mail_reversal(self, invoice: Invoice, fee: Fee) -> None:
        if not invoice.email_sealed or invoice.reversal_sent_at is not None:
            await self._rest(invoice, fee)
            return
        what = f"{title_of(self._deps, fee)}电子发票冲红"
        red = f"，红字发票号码{invoice.red_number}" if invoice.red_number else ""
        text = f"电子发票{invoice.number}已冲红{red}。原发票不能再用于报销。"
        await self._send(invoice, fee, "reversal", what, text)
        await Invoice.filter(id=invoice.id).update(reversal_sent_at=self._deps.now(), check_at=None, failure="")

    async def _send(
        self, invoice: Invoice, fee: Fee, kind: EmailKind, subject: str, text: str, content: bytes | None = None
    ) -> None:
        rules, book = rules_of(self._deps, fee.pool), self._deps.book(fee.pool)
        paid = f"{title_of(self._deps, fee)}{yuan(fee.amount)}元（专家编号{fee.expert_number}）"
        body = (
            f"您好：\n\n{book.pool.name}已收到{paid}。{text}\n\n"
            f"如有疑问请拨打{rules.hotline}。本邮件由系统发出，请勿直接回复。\n"
        )
        file = [MailAttachment(f"{kind}-{fee.expert_number}.pdf", PDF, content)] if content else []
        if not await self._outbound_email.send(invoice, kind, self._email(invoice), subject, body, file):
            raise _InHand

    def _email(self, invoice: Invoice) -> str:
        return self._deps.keys.read(invoice.email_sealed, "email")

    # ---- state changes and pauses

    async def _move(self, invoice_id: UUID, event: InvoiceEvent, **columns: object) -> bool:
        """Apply an event under a row lock; False when the state no longer permits it."""
        async with transaction():
            invoice = await lock_invoice(invoice_id)
            if not can(invoice, event):
                return False
            step(invoice, event, **columns)
            await invoice.save()
            return True

    async def _rest(self, invoice: Invoice, _fee: Fee) -> None:
        await _as_read(invoice).update(check_at=None)

    async def _wait(self, invoice: Invoice, failure: str, pause: timedelta | None = None) -> timedelta:
        pause = pause or min(_SHORTEST * 2 ** min(invoice.checks, 10), _LONGEST)
        await _as_read(invoice).update(
            checks=invoice.checks + 1, check_at=self._deps.now() + pause, failure=failure[:100]
        )
        return pause


def _as_read(invoice: Invoice) -> QuerySet[Invoice]:
    """The row, unless it was uploaded, corrected or requested since it was read.

    Mailing and querying take time, and changes made meanwhile must not be overwritten.
    """
    return Invoice.filter(
        id=invoice.id,
        state=invoice.state,
        email_sealed=invoice.email_sealed,
        mailings=invoice.mailings,
        check_at=invoice.check_at,
    )
