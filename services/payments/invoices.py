"""Receipts and electronic invoices (电子发票) of paid fees, by e-mail.

The receipt is mailed at once. The invoice comes from WeChat Pay where the merchant has it, else the office uploads the
tax platform's file; either way it is stored and mailed, and may be mailed again. A mail that is sent twice has one
message id, so that mail programs show it once.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from tortoise.queryset import QuerySet

from domain.entry_lifecycles import INVOICE, FeeState, InvoiceEvent, InvoiceState
from domain.errors import Conflict, GatewayError, InvalidInput, NotFound, Rejected, Unavailable
from domain.ids import new_id
from domain.money import yuan
from models.accounts import Account
from models.applications import Application
from models.payments import Fee, Invoice
from services.applications.state import read_values
from services.base import Actor, Deps, record, rows, transaction
from services.batches import each
from services.codes import Notifier
from services.idempotency import once
from services.limits import DAY, check_recent
from services.payments.fees import rules_of
from services.payments.reading import InvoiceView, mask_email, view_invoice
from services.payments.receipt import receipt_content
from services.permissions import check
from services.ports import InvoiceReport, InvoiceRequest, MailAttachment, Mailer, PaymentPlatform, Printer
from services.sealed_files import FileLost, SealedFiles, new_key

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PDF = "application/pdf"
PDF_BYTES = 5 * 1024 * 1024
TITLE_CHARS = 100
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,24}", re.ASCII)
_TAXPAYER = re.compile(r"[0-9A-Z]{15,20}", re.ASCII)
_SHORTEST, _LONGEST = timedelta(seconds=20), timedelta(hours=6)
_CORRECTIONS_PER_DAY = 5


class Invoices:
    def __init__(
        self,
        deps: Deps,
        notices: Notifier,
        platform: PaymentPlatform,
        store: SealedFiles,
        printer: Printer,
        mailer: Mailer,
    ) -> None:
        self._deps = deps
        self._notices = notices
        self._platform = platform
        self._store = store
        self._printer = printer
        self._mailer = mailer

    # ---- beginning

    async def begin(self, fee: Fee, application: Application, now: datetime) -> None:
        """Note that a paid fee wants a receipt and an invoice; inside the caller's transaction. Twice is harmless."""
        if await Invoice.filter(fee_id=fee.id).exclude(state=InvoiceState.REVERSED).exists():
            return
        rules, merchant = rules_of(self._deps, fee.pool), self._platform.merchant(fee.pool)
        email = (await read_values(self._deps, application.id)).get("email")
        account = await Account.get(id=fee.account_id)
        await Invoice.create(
            id=new_id(), pool=fee.pool, fee_id=fee.id, title=account.real_name[:TITLE_CHARS],
            email_sealed=self._deps.keys.seal(email, "email") if isinstance(email, str) and email else "",
            issued_by="wechat" if rules.invoice.issued_by == "wechat" and merchant and merchant.fapiao else "office",
            state=INVOICE.initial, check_at=now, created_at=now,
        )  # fmt: skip

    # ---- the owner

    async def receipt(self, actor: Actor, fee_id: UUID) -> bytes:
        """The payment receipt as PDF, for the owner or an administrator. Raises NotFound, Conflict, Unavailable."""
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool)
        if fee is None or (fee.account_id != actor.account_id and actor.role != "pool_admin"):
            raise _no_invoice()
        try:
            return await self._printer.print("receipt", await receipt_content(self._deps, fee))
        except GatewayError as error:
            raise Unavailable("凭证暂时无法生成，请稍后再试。") from error

    async def file(self, actor: Actor, fee_id: UUID) -> bytes:
        """The invoice as PDF, for the owner or an administrator. Raises NotFound while there is none, Unavailable."""
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool)
        if fee is None or (fee.account_id != actor.account_id and actor.role != "pool_admin"):
            raise _no_invoice()
        invoice = await Invoice.filter(fee_id=fee.id).exclude(key="").order_by("-created_at").first()
        if invoice is None:
            raise NotFound("电子发票还没有开具，开具后会发送到您的邮箱。", code="invoice_pending")
        try:
            return await self._store.get(invoice.key)
        except FileLost as error:
            log.error("invoice_file_lost", pool=invoice.pool, invoice=str(invoice.id))
            raise Unavailable("电子发票暂时无法读取，我们已记录，请稍后重试。", code="file_lost") from error

    async def correct(
        self, actor: Actor, fee_id: UUID, *, title: str, taxpayer_id: str, email: str, key: str | None = None
    ) -> InvoiceView:
        """Change what the invoice says while it is not made; later only the address, to which it is sent again.

        An empty ``email`` keeps the known one. Raises NotFound, InvalidInput, Conflict, TooMany.
        """
        name, number, address = _check_buyer(title, taxpayer_id, email)
        now = self._deps.now()

        async def run() -> InvoiceView:
            invoice = await self._locked_own(actor, fee_id)
            if (name, number) != (invoice.title, invoice.taxpayer_id):
                if invoice.state == InvoiceState.APPLIED:
                    raise Conflict("发票正在开具，请稍后再修改。", code="invoice_under_way")
                if invoice.state not in (InvoiceState.WANTED, InvoiceState.FAILED):
                    raise Conflict("发票已经开具，抬头不能再改。确需更换请拨打服务电话。", code="invoice_issued")
                invoice.title, invoice.taxpayer_id = name, number
            await check_recent(
                "invoice.correct", actor.account_id or fee_id, limit=_CORRECTIONS_PER_DAY, period=DAY, now=now,
                message="今天修改开票信息的次数过多",
            )  # fmt: skip
            if address and address != self._email(invoice):
                await self._readdress(invoice, address, now)
            if invoice.state == InvoiceState.FAILED and invoice.failure != "refunded":
                invoice.state, invoice.check_at = INVOICE.next(InvoiceState.FAILED, InvoiceEvent.RETRY), now
            await invoice.save()
            await record(actor, now, "invoice.correct", "account", actor.account_id, invoice=str(invoice.id))
            return view_invoice(self._deps, invoice)

        return await once(
            owner=f"invoice:{fee_id}", key=key, now=now, answer=InvoiceView, run=run,
            request=self._deps.keys.lookup_hash("invoice", f"{name}\0{number}\0{address}"),
        )  # fmt: skip

    async def _readdress(self, invoice: Invoice, address: str, now: datetime) -> None:
        invoice.email_sealed = self._deps.keys.seal(address, "email")
        invoice.receipt_sent_at, invoice.check_at, invoice.checks = None, now, 0

    async def _locked_own(self, actor: Actor, fee_id: UUID) -> Invoice:
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool, account_id=actor.account_id)
        found = Invoice.filter(fee_id=fee_id).exclude(state=InvoiceState.REVERSED)
        invoice = await found.select_for_update().first() if fee is not None else None
        if invoice is None:
            raise _no_invoice()
        return invoice

    def _email(self, invoice: Invoice) -> str:
        return self._deps.keys.open_text(invoice.email_sealed, "email") if invoice.email_sealed else ""

    # ---- the office

    async def upload(self, actor: Actor, invoice_id: UUID, content: bytes, number: str) -> None:
        """The tax platform's file of an invoice that the office makes. It is mailed by itself.

        Raises InvalidInput for no PDF, Conflict for one that is issued already.
        """
        check(actor, "payment.manage")
        if not content.startswith(b"%PDF-") or len(content) > PDF_BYTES:
            raise InvalidInput("请上传税务平台下载的PDF发票，不超过5MB。", code="invoice_pdf", field="file")
        invoice = await Invoice.get_or_none(id=invoice_id, pool=actor.pool)
        if invoice is None:
            raise _no_invoice()
        INVOICE.next(InvoiceState(invoice.state), InvoiceEvent.ISSUE)
        now = self._deps.now()
        key = new_key(invoice.pool, now)
        await self._store.put(key, content)
        await self._move(invoice_id, InvoiceEvent.ISSUE, key=key, number=number.strip()[:40], check_at=now, failure="")
        await record(actor, now, "invoice.upload", "invoice", invoice_id)

    async def resend(self, actor: Actor, invoice_id: UUID) -> None:
        """Mail receipt and invoice again. Raises NotFound; Conflict without an address."""
        check(actor, "payment.manage")
        now = self._deps.now()
        async with transaction():
            invoice = await Invoice.select_for_update().get_or_none(id=invoice_id, pool=actor.pool)
            if invoice is None:
                raise _no_invoice()
            if not invoice.email_sealed:
                raise Conflict("没有登记电子邮箱，请先请申请人补充。", code="no_email")
            if invoice.state == InvoiceState.FAILED and invoice.failure != "refunded":
                invoice.state = INVOICE.next(InvoiceState.FAILED, InvoiceEvent.RETRY)
            invoice.receipt_sent_at, invoice.sent_at, invoice.check_at, invoice.checks = None, None, now, 0
            await invoice.save()
            await record(actor, now, "invoice.resend", "invoice", invoice_id)

    async def reverse(self, actor: Actor, invoice_id: UUID, note: str) -> None:
        """Note that the tax platform's invoice was reversed (冲红), after a refund. Raises NotFound, Conflict."""
        check(actor, "payment.manage")
        if not await Invoice.exists(id=invoice_id, pool=actor.pool):
            raise _no_invoice()
        await self._move(invoice_id, InvoiceEvent.REVERSE, check_at=None)
        await record(actor, self._deps.now(), "invoice.reverse", "invoice", invoice_id, note=note[:100])

    # ---- carrying them out

    async def check_due(self) -> int:
        """Mail, ask for, fetch and mail; returns how many invoices were due."""
        due = await rows("SELECT id FROM invoice WHERE check_at <= $1 ORDER BY check_at LIMIT 50", self._deps.now())
        await each("invoice_check", due, lambda row: self.check_one(row["id"]))
        return len(due)

    async def check_one(self, invoice_id: UUID) -> None:
        """Every step that can be taken now; what fails is tried again later, in growing pauses."""
        invoice = await Invoice.get(id=invoice_id)
        fee = await Fee.get(id=invoice.fee_id)
        try:
            if invoice.receipt_sent_at is None and invoice.email_sealed:
                await self._mail_receipt(invoice, fee)
            await self._advance(invoice, fee)
        except Rejected as error:
            await self._refused(invoice, error)
        except (GatewayError, Unavailable) as error:
            await self._wait(invoice, type(error).__name__)
        except FileLost:
            log.exception("invoice_file_lost", pool=invoice.pool, invoice=str(invoice.id))
            await self._wait(invoice, "file_lost", DAY)

    async def _advance(self, invoice: Invoice, fee: Fee) -> None:
        steps: dict[InvoiceState, Callable[[Invoice, Fee], Awaitable[None]]] = {
            InvoiceState.WANTED: self._apply, InvoiceState.APPLIED: self._fetch, InvoiceState.ISSUED: self._mail,
            InvoiceState.SENT: self._mail,  # only when somebody asked, or gave another address
        }  # fmt: skip
        step = steps.get(InvoiceState(invoice.state), self._rest)
        await step(invoice, fee)

    async def _rest(self, invoice: Invoice, _fee: Fee) -> None:
        await _as_read(invoice).update(check_at=None)

    async def _apply(self, invoice: Invoice, fee: Fee) -> None:
        """Ask WeChat Pay for it, where it is theirs; the same number again is the same invoice."""
        if invoice.issued_by != "wechat" or fee.state != FeeState.PAID:
            await self._rest(invoice, fee)
            return
        rules = rules_of(self._deps, invoice.pool).invoice
        apply_id = invoice.apply_id or f"A{invoice.id.hex}"
        fapiao_id = invoice.fapiao_id or f"F{invoice.id.hex}"
        if not invoice.apply_id:
            await Invoice.filter(id=invoice.id).update(apply_id=apply_id, fapiao_id=fapiao_id)
        await self._platform.issue_invoice(
            invoice.pool,
            InvoiceRequest(
                apply_id, fapiao_id, invoice.title, invoice.taxpayer_id, self._email(invoice), fee.amount,
                rules.goods_name, rules.tax_code, rules.tax_rate,
            ),
        )  # fmt: skip
        await self._move(invoice.id, InvoiceEvent.APPLY, check_at=self._deps.now() + _SHORTEST, checks=0)

    async def _fetch(self, invoice: Invoice, _fee: Fee) -> None:
        report = await self._platform.query_invoice(invoice.pool, invoice.apply_id)
        if report is None or report.issued is None:
            await self._wait(invoice, "")
            return
        await self.apply_report(invoice.pool, report)

    async def apply_report(self, pool: str, report: InvoiceReport) -> str:
        """Take in what the platform says of an invoice; the file is fetched here, outside any transaction.

        Raises GatewayError when the file can't be had.
        """
        invoice = await Invoice.get_or_none(pool=pool, apply_id=report.apply_id) if report.apply_id else None
        if invoice is None:
            return "unknown_invoice"
        if report.issued is None or invoice.state not in (InvoiceState.APPLIED, InvoiceState.WANTED):
            return "repeat"
        if not report.issued:
            log.error("invoice_failed", pool=pool, invoice=str(invoice.id), failure=report.failure)
            await self._move(invoice.id, InvoiceEvent.FAIL, failure=report.failure[:100] or "failed", check_at=None)
            return "failed"
        fapiao_id = report.fapiao_id or invoice.fapiao_id
        content = await self._platform.invoice_file(pool, invoice.apply_id, fapiao_id)
        key = new_key(pool, self._deps.now())
        await self._store.put(key, content)
        await self._move(
            invoice.id, InvoiceEvent.ISSUE, key=key, number=report.number[:40], fapiao_id=fapiao_id[:64],
            check_at=self._deps.now(), checks=0, failure="",
        )  # fmt: skip
        return "issued"

    # ---- mail

    async def _mail_receipt(self, invoice: Invoice, fee: Fee) -> None:
        title = rules_of(self._deps, fee.pool).invoice.receipt_title
        content = await self._printer.print("receipt", await receipt_content(self._deps, fee))
        await self._send(invoice, fee, title, "receipt", content)
        now = self._deps.now()
        await Invoice.filter(id=invoice.id, email_sealed=invoice.email_sealed).update(receipt_sent_at=now)
        invoice.receipt_sent_at = now

    async def _mail(self, invoice: Invoice, fee: Fee) -> None:
        if not invoice.email_sealed:
            await self._rest(invoice, fee)
            return
        what = f"{rules_of(self._deps, fee.pool).title}电子发票"
        await self._send(invoice, fee, what, "invoice", await self._store.get(invoice.key))
        now = self._deps.now()
        async with transaction():
            fresh = await Invoice.select_for_update().get(id=invoice.id)
            if fresh.email_sealed != invoice.email_sealed:
                return  # another address was given meanwhile: the next look sends it there
            if not await self._move(invoice.id, InvoiceEvent.SEND, sent_at=now, check_at=None, checks=0, failure=""):
                return
            await self._notices.notify(
                pool=fee.pool, kind="invoice_sent", account_id=fee.account_id,
                dedupe_key=f"invoice_sent:{invoice.id}:{self._address_tag(invoice)}",
                params={
                    "title": rules_of(self._deps, fee.pool).title, "amount": yuan(fee.amount),
                    "email": mask_email(self._email(invoice)),
                },
            )  # fmt: skip

    async def _send(self, invoice: Invoice, fee: Fee, what: str, name: str, content: bytes) -> None:
        rules, book = rules_of(self._deps, fee.pool), self._deps.book(fee.pool)
        text = (
            f"您好：\n\n{book.pool.name}已收到{rules.title}{yuan(fee.amount)}元（专家编号{fee.expert_number}），"
            f"{what}见附件。\n\n如有疑问请拨打{rules.hotline}。本邮件由系统发出，请勿直接回复。\n"
        )
        await self._mailer.send(
            fee.pool, self._email(invoice), what, text,
            [MailAttachment(f"{name}-{fee.expert_number}.pdf", PDF, content)],
            message_id=f"{name}.{invoice.id.hex}.{self._address_tag(invoice)}",
        )  # fmt: skip

    def _address_tag(self, invoice: Invoice) -> str:
        """Another address is another mail."""
        return self._deps.keys.lookup_hash("email", self._email(invoice))[:12]

    # ---- moving

    async def _move(self, invoice_id: UUID, event: InvoiceEvent, **columns: object) -> bool:
        """Apply an event under a row lock; False when the state has no such move any more."""
        async with transaction():
            invoice = await Invoice.select_for_update().get(id=invoice_id)
            if not INVOICE.can(InvoiceState(invoice.state), event):
                if event in (InvoiceEvent.ISSUE, InvoiceEvent.REVERSE):
                    INVOICE.next(InvoiceState(invoice.state), event)
                return False
            invoice.state = INVOICE.next(InvoiceState(invoice.state), event)
            invoice.update_from_dict(columns)
            await invoice.save()
            return True

    async def _refused(self, invoice: Invoice, error: Rejected) -> None:
        """Repeating won't help soon: said to the office, tried again the next day."""
        log.error("invoice_refused", pool=invoice.pool, invoice=str(invoice.id), vendor_code=error.vendor_code)
        if invoice.state == InvoiceState.WANTED and invoice.issued_by == "wechat" and invoice.receipt_sent_at:
            await self._move(invoice.id, InvoiceEvent.FAIL, failure=error.vendor_code[:100], check_at=None)
            return
        await self._wait(invoice, error.vendor_code, DAY)

    async def _wait(self, invoice: Invoice, failure: str, pause: timedelta | None = None) -> None:
        pause = pause or min(_SHORTEST * 2 ** min(invoice.checks, 10), _LONGEST)
        await _as_read(invoice).update(
            checks=invoice.checks + 1, check_at=self._deps.now() + pause, failure=failure[:100]
        )


def _as_read(invoice: Invoice) -> QuerySet[Invoice]:
    """The row, unless somebody has uploaded, corrected or asked for something since it was read.

    Mailing and asking take their time, and what was asked for meanwhile must not be put to rest with them.
    """
    return Invoice.filter(
        id=invoice.id, state=invoice.state, email_sealed=invoice.email_sealed, check_at=invoice.check_at
    )


def _check_buyer(title: str, taxpayer_id: str, email: str) -> tuple[str, str, str]:
    """Raises InvalidInput beside the field."""
    name, number, address = " ".join(title.split()), taxpayer_id.strip().upper(), email.strip()
    if not 2 <= len(name) <= TITLE_CHARS:
        raise InvalidInput(f"发票抬头请填2到{TITLE_CHARS}个字。", code="invoice_title", field="title")
    if number and not _TAXPAYER.fullmatch(number):
        raise InvalidInput(
            "纳税人识别号为15至20位数字或大写字母，个人请留空。", code="taxpayer_id", field="taxpayer_id"
        )
    if address and not _EMAIL.fullmatch(address):
        raise InvalidInput("邮箱格式不正确，请写成 name@example.com 的样子。", code="email", field="email")
    return name, number, address


def _no_invoice() -> NotFound:
    return NotFound("找不到这笔费用的凭证，请刷新后重试。", code="invoice_unknown")
