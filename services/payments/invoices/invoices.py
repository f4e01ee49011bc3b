"""Receipts and electronic invoices (电子发票) of paid fees: what owners and the office do about them.

The receipt is mailed at once. The invoice comes from WeChat Pay where the merchant has it, else the office uploads the
tax platform's file; either way it is stored and mailed, and may be mailed again. An issued invoice can only be reversed
(冲红): by the platform if it issued it, else at the tax platform by the office. Automatic steps are in ``processor``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, InvalidInput
from domain.faults import Faults
from domain.ids import new_id
from domain.payments.lifecycles import INVOICE, InvoiceEvent, InvoiceState
from domain.typed_text import half_width, tidy_text
from models.accounts import Account
from models.applications import Application
from models.payments import Fee, Invoice
from services.applications import read_values
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.limits import DAY, check_recent
from services.core.permissions import check
from services.files import SealedFiles, new_key
from services.notifications import Notices
from services.payments.fees import rules_of
from services.payments.invoices.downloads import unknown_invoice
from services.payments.invoices.transitions import (
    REFUNDED,
    begin_reversal,
    finish_reversal,
    is_being_issued,
    set_next_state,
)
from services.payments.queries import InvoiceView, view_invoice
from services.ports import PaymentPlatform, ReverseReason

PDF_BYTES = 5 * 1024 * 1024
TITLE_CHARS = 100
REVERSAL_NOTE_CHARS = 100
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}", re.ASCII)
_TAXPAYER = re.compile(r"[0-9A-Z]{15,20}", re.ASCII)
_RED_NUMBER = re.compile(r"[0-9]{8,20}", re.ASCII)
_CORRECTIONS_PER_DAY = 5


@dataclass(frozen=True)
class Invoices:
    deps: Deps
    notices: Notices
    platform: PaymentPlatform
    store: SealedFiles

    # ---- beginning

    async def begin(self, fee: Fee, now: datetime) -> None:
        """Create receipt and invoice of a paid fee; inside the caller's transaction. A repetition is harmless."""
        if await Invoice.filter(fee_id=fee.id).exclude(state=InvoiceState.REVERSED).exists():
            return
        rules, merchant = rules_of(self.deps, fee.pool), self.platform.merchant(fee.pool)
        email = await self._applicant_email(fee)
        account = await Account.get(id=fee.account_id)
        await Invoice.create(
            id=new_id(),
            pool=fee.pool,
            fee_id=fee.id,
            title=account.real_name[:TITLE_CHARS],
            email_sealed=self.deps.keys.seal(email, "email") if isinstance(email, str) and email else "",
            issued_by="wechat" if rules.invoice.issued_by == "wechat" and merchant and merchant.fapiao else "office",
            state=INVOICE.initial,
            check_at=now,
            created_at=now,
        )

    async def _applicant_email(self, fee: Fee) -> object:
        """From the application; for the fee of a course from the newest application."""
        newest_application = Application.filter(account_id=fee.account_id).order_by("-created_at").first()
        application_id = fee.application_id or getattr(await newest_application, "id", None)
        return (await read_values(self.deps, application_id)).get("email") if application_id else None

    # ---- the owner

    async def correct(
        self, actor: Actor, fee_id: UUID, *, title: str, taxpayer_id: str, email: str, key: str | None = None
    ) -> InvoiceView:
        """Change the invoice's data before it is issued; later only the address, to which it is sent again.

        An empty ``email`` keeps the known one. Raises NotFound, InvalidInput, Conflict, TooMany.
        """
        name, number, address = _check_buyer(title, taxpayer_id, email)
        now = self.deps.now()

        async def run() -> InvoiceView:
            fee, invoice = await self._lock_own_invoice(actor, fee_id)
            _set_buyer(invoice, name, number)
            await check_recent(
                "invoice.correct",
                actor.account_id or fee_id,
                limit=_CORRECTIONS_PER_DAY,
                period=DAY,
                now=now,
                message="今天修改开票信息的次数过多",
            )
            if address and address != self._email_address(invoice):
                invoice.email_sealed = self.deps.keys.seal(address, "email")
                _schedule_mails(invoice, now)
            _retry_failed(invoice, now)
            await invoice.save()
            await record(actor, now, "invoice.correct", "account", actor.account_id, invoice=str(invoice.id))
            return view_invoice(self.deps, invoice, fee)

        return await once(
            owner=f"invoice:{fee_id}",
            key=key,
            deps=self.deps,
            answer=InvoiceView,
            run=run,
            request=self.deps.keys.lookup_hash("invoice", f"{name}\0{number}\0{address}"),
        )

    async def _lock_own_invoice(self, actor: Actor, fee_id: UUID) -> tuple[Fee, Invoice]:
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool, account_id=actor.account_id)
        invoices = Invoice.filter(fee_id=fee_id).exclude(state=InvoiceState.REVERSED)
        invoice = await invoices.select_for_update().first() if fee is not None else None
        if fee is None or invoice is None:
            raise unknown_invoice()
        return fee, invoice

    def _email_address(self, invoice: Invoice) -> str:
        return self.deps.keys.read(invoice.email_sealed, "email")

    # ---- the office

    async def upload(self, actor: Actor, invoice_id: UUID, content: bytes, number: str) -> None:
        """The tax platform's file of an invoice issued by the office. It is mailed automatically.

        Raises InvalidInput for a missing number and an invalid PDF, Conflict for an invoice that is issued already, or
        may be.
        """
        check(actor, "payment.manage")
        faults = Faults()
        if not number.strip():
            faults.add(InvalidInput("请填写发票号码。", code="missing", field="number"))
        if not content.startswith(b"%PDF-") or len(content) > PDF_BYTES:
            faults.add(InvalidInput("请上传税务平台下载的PDF发票，不超过5MB。", code="invoice_pdf", field="file"))
        faults.raise_any()
        invoice = await Invoice.get_or_none(id=invoice_id, pool=actor.pool)
        if invoice is None:
            raise unknown_invoice()
        _check_may_issue(invoice)
        now = self.deps.now()
        key = new_key(invoice.pool, now)
        await self.store.put(key, content)
        async with transaction():
            invoice = await self._lock_pool_invoice(actor, invoice_id)
            _check_may_issue(invoice)
            set_next_state(
                invoice,
                InvoiceEvent.ISSUE,
                key=key,
                number=number.strip()[:40],
                issued_by="office",
                check_at=now,
                failure="",
            )
            await invoice.save()
            await record(actor, now, "invoice.upload", "invoice", invoice_id)

    async def resend(self, actor: Actor, invoice_id: UUID) -> None:
        """Mail receipt and invoice again; a failed invoice is requested again. Raises NotFound; Conflict without an
        address, or while there is nothing to mail."""
        check(actor, "payment.manage")
        now = self.deps.now()
        async with transaction():
            invoice = await self._lock_pool_invoice(actor, invoice_id)
            if not invoice.email_sealed:
                raise Conflict("没有登记电子邮箱，请先请申请人补充。", code="no_email")
            if invoice.state in (InvoiceState.REVERSING, InvoiceState.STUCK, InvoiceState.REVERSED):
                raise Conflict("发票正在冲红或已冲红，不能再发送。", code="invoice_reversed")
            _retry_failed(invoice, now)
            _schedule_mails(invoice, now)
            await invoice.save()
            await record(actor, now, "invoice.resend", "invoice", invoice_id)

    async def reverse(
        self, actor: Actor, invoice_id: UUID, reason: ReverseReason, note: str, *, red_number: str = ""
    ) -> None:
        """Have an invoice of WeChat's reversed by the platform, again if necessary; or record the ``red_number`` under
        which the office reversed one at the tax platform.

        Raises NotFound, InvalidInput, and Conflict for one that isn't issued, or is being reversed.
        """
        check(actor, "payment.manage")
        text, number, faults = " ".join(note.split()), red_number.strip(), Faults()
        if not 2 <= len(text) <= REVERSAL_NOTE_CHARS:
            message = f"请用2到{REVERSAL_NOTE_CHARS}个字说明冲红原因。"
            faults.add(InvalidInput(message, code="reverse_note", field="note"))
        now = self.deps.now()
        async with transaction():
            invoice = await self._lock_pool_invoice(actor, invoice_id)
            if invoice.issued_by == "wechat" and not number:
                faults.raise_any()
                begin_reversal(invoice, reason, now, by=actor.account_id, note=text)
                await invoice.save()
                await record(actor, now, "invoice.undo", "invoice", invoice_id, reason=reason, note=text)
                return
            if invoice.state != InvoiceState.REVERSING:
                INVOICE.next(InvoiceState(invoice.state), InvoiceEvent.REQUEST_REVERSAL)
            if not _RED_NUMBER.fullmatch(number):
                faults.add(InvalidInput("请填写红字发票号码，8至20位数字。", code="red_number", field="red_number"))
            faults.raise_any()
            invoice.reverse_reason, invoice.reverse_note, invoice.reverse_by = reason, text, actor.account_id
            await finish_reversal(self.deps, self.notices, actor, invoice, number, now)

    async def _lock_pool_invoice(self, actor: Actor, invoice_id: UUID) -> Invoice:
        invoice = await Invoice.select_for_update().get_or_none(id=invoice_id, pool=actor.pool)
        if invoice is None:
            raise unknown_invoice()
        return invoice


def _set_buyer(invoice: Invoice, name: str, number: str) -> None:
    """Raises Conflict for other data than before once the invoice is issued, or being issued."""
    if (name, number) == (invoice.title, invoice.taxpayer_id):
        return
    if is_being_issued(invoice):
        raise Conflict("发票正在开具，请稍后再修改。", code="invoice_under_way")
    if invoice.state not in (InvoiceState.WANTED, InvoiceState.FAILED):
        raise Conflict("发票已经开具，抬头不能再改。确需更换请拨打服务电话。", code="invoice_issued")
    invoice.title, invoice.taxpayer_id = name, number


def _schedule_mails(invoice: Invoice, now: datetime) -> None:
    """Mail everything available again, as new mails."""
    invoice.receipt_sent_at, invoice.sent_at, invoice.check_at, invoice.checks = None, None, now, 0
    invoice.mailings += 1


def _retry_failed(invoice: Invoice, now: datetime) -> None:
    """Request a failed one again, under another number of ours; not after a refund of the fee."""
    if invoice.state == InvoiceState.FAILED and invoice.failure != REFUNDED:
        set_next_state(invoice, InvoiceEvent.RETRY, fapiao_id="", failure="", check_at=now, checks=0)


def _check_may_issue(invoice: Invoice) -> None:
    """Raises Conflict while the platform may be issuing the same invoice, and for a refunded fee."""
    INVOICE.next(InvoiceState(invoice.state), InvoiceEvent.ISSUE)
    if is_being_issued(invoice):
        raise Conflict("微信支付正在开具这张发票，请等待结果。", code="invoice_under_way")
    if invoice.failure == REFUNDED:
        raise Conflict("这笔费用已退回，无需开票。", code="fee_refunded")


def _check_buyer(title: str, taxpayer_id: str, email: str) -> tuple[str, str, str]:
    """Raises InvalidInput with all faults."""
    name, number, address = " ".join(tidy_text(title).split()), half_width(taxpayer_id).upper(), half_width(email)
    faults = Faults()
    if not 2 <= len(name) <= TITLE_CHARS:
        faults.add(InvalidInput(f"发票抬头请填2到{TITLE_CHARS}个字。", code="invoice_title", field="title"))
    if number and not _TAXPAYER.fullmatch(number):
        message = "纳税人识别号为15至20位数字或大写字母，个人请留空。"
        faults.add(InvalidInput(message, code="taxpayer_id", field="taxpayer_id"))
    if address and not _EMAIL.fullmatch(address):
        message = "邮箱格式不正确，请写成 name@example.com 的样子。"
        faults.add(InvalidInput(message, code="email", field="email"))
    faults.raise_any()
    return name, number, address
