"""Mails of a fee: the receipt, its invoice, and the notice that the invoice was reversed."""

from __future__ import annotations

from dataclasses import dataclass

from domain.payments.lifecycles import InvoiceEvent
from domain.payments.money import yuan
from models.payments import Fee, Invoice
from services.core.base import Deps, transaction
from services.files import SealedFiles
from services.notifications import Notices
from services.payments.fees import rules_of, title_of
from services.payments.invoices.outbound_email import EmailKind, OutboundEmails
from services.payments.invoices.row_changes import stop_checking
from services.payments.invoices.transitions import can_apply, lock_invoice, set_next_state
from services.payments.queries import mask_email
from services.payments.receipt import receipt_content
from services.ports import DocumentRenderer, MailAttachment

PDF = "application/pdf"


class MailInHand(Exception):
    """Another process is sending the same mail, or it was just refused."""


@dataclass(frozen=True)
class InvoiceMailing:
    deps: Deps
    notices: Notices
    store: SealedFiles
    renderer: DocumentRenderer
    outbound_email: OutboundEmails

    async def mail_receipt(self, invoice: Invoice, fee: Fee) -> None:
        title = rules_of(self.deps, fee.pool).invoice.receipt_title
        content = await self.renderer.render_pdf("receipt", await receipt_content(self.deps, fee))
        await self._send_mail(invoice, fee, "receipt", title, f"{title}见附件。", content)
        unchanged_invoice = Invoice.filter(id=invoice.id, email_sealed=invoice.email_sealed, mailings=invoice.mailings)
        await unchanged_invoice.update(receipt_sent_at=self.deps.now())

    async def mail_invoice_again(self, invoice: Invoice, fee: Fee) -> None:
        """Only on request, or for another address."""
        await (self.mail_invoice if invoice.sent_at is None else stop_checking)(invoice, fee)

    async def mail_invoice(self, invoice: Invoice, fee: Fee) -> None:
        if not invoice.email_sealed:
            await stop_checking(invoice, fee)
            return
        subject = f"{title_of(self.deps, fee)}电子发票"
        content = await self.store.get(invoice.key)
        await self._send_mail(invoice, fee, "invoice", subject, f"{subject}见附件。", content)
        now = self.deps.now()
        async with transaction():
            locked_invoice = await lock_invoice(invoice.id)
            if (locked_invoice.email_sealed, locked_invoice.mailings) != (invoice.email_sealed, invoice.mailings):
                return  # to be mailed again meanwhile: the next run does it
            if not can_apply(locked_invoice, InvoiceEvent.SEND):
                return
            set_next_state(locked_invoice, InvoiceEvent.SEND, sent_at=now, check_at=None, checks=0, failure="")
            await locked_invoice.save()
            await self.notices.notify(
                pool=fee.pool,
                kind="invoice_sent",
                account_id=fee.account_id,
                dedupe_key=f"invoice_sent:{invoice.id}:{invoice.mailings}",
                params={
                    "title": title_of(self.deps, fee),
                    "amount": yuan(fee.amount),
                    "email": mask_email(self._email_address(invoice)),
                },
            )

    async def mail_reversal(self, invoice: Invoice, fee: Fee) -> None:
        if not invoice.email_sealed or invoice.reversal_sent_at is not None:
            await stop_checking(invoice, fee)
            return
        subject = f"{title_of(self.deps, fee)}电子发票冲红"
        red = f"，红字发票号码{invoice.red_number}" if invoice.red_number else ""
        text = f"电子发票{invoice.number}已冲红{red}。原发票不能再用于报销。"
        await self._send_mail(invoice, fee, "reversal", subject, text)
        await Invoice.filter(id=invoice.id).update(reversal_sent_at=self.deps.now(), check_at=None, failure="")

    async def _send_mail(
        self, invoice: Invoice, fee: Fee, kind: EmailKind, subject: str, text: str, content: bytes | None = None
    ) -> None:
        rules, book = rules_of(self.deps, fee.pool), self.deps.book(fee.pool)
        paid = f"{title_of(self.deps, fee)}{yuan(fee.amount)}元（专家编号{fee.expert_number}）"
        body = (
            f"您好：\n\n{book.pool.name}已收到{paid}。{text}\n\n"
            f"如有疑问请拨打{rules.hotline}。本邮件由系统发出，请勿直接回复。\n"
        )
        file = [MailAttachment(f"{kind}-{fee.expert_number}.pdf", PDF, content)] if content else []
        if not await self.outbound_email.send(invoice, kind, self._email_address(invoice), subject, body, file):
            raise MailInHand

    def _email_address(self, invoice: Invoice) -> str:
        return self.deps.keys.read(invoice.email_sealed, "email")
