"""Receipts and electronic invoices (电子发票) as PDF, for the owner of a fee or an administrator."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from domain.errors import GatewayError, NotFound, Unavailable
from domain.payments.lifecycles import InvoiceState
from models.payments import Fee, Invoice
from services.core.base import Actor, Deps
from services.files import FileLost, SealedFiles
from services.payments.receipt import receipt_content
from services.ports import DocumentRenderer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class InvoiceDownloads:
    deps: Deps
    store: SealedFiles
    renderer: DocumentRenderer

    async def receipt(self, actor: Actor, fee_id: UUID) -> bytes:
        """The payment receipt as PDF, for the owner or an administrator. Raises NotFound, Conflict, Unavailable."""
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool)
        if fee is None or (fee.account_id != actor.account_id and actor.role != "pool_admin"):
            raise unknown_invoice()
        try:
            return await self.renderer.render_pdf("receipt", await receipt_content(self.deps, fee))
        except GatewayError as error:
            raise Unavailable("凭证暂时无法生成，请稍后再试。") from error

    async def file(self, actor: Actor, fee_id: UUID) -> bytes:
        """The invoice as PDF, for the owner or an administrator. Raises NotFound before it is issued, Unavailable."""
        fee = await Fee.get_or_none(id=fee_id, pool=actor.pool)
        if fee is None or (fee.account_id != actor.account_id and actor.role != "pool_admin"):
            raise unknown_invoice()
        invoice = await Invoice.filter(fee_id=fee.id).order_by("-created_at", "-id").first()
        if invoice is not None and invoice.state == InvoiceState.REVERSED:
            raise NotFound("电子发票已冲红，不能再下载。", code="invoice_reversed")
        if invoice is None or not invoice.key:
            raise NotFound("电子发票还没有开具，开具后会发送到您的邮箱。", code="invoice_pending")
        try:
            return await self.store.get(invoice.key)
        except FileLost as error:
            log.error("invoice_file_lost", pool=invoice.pool, invoice=str(invoice.id))
            raise Unavailable("电子发票暂时无法读取，我们已记录，请稍后重试。", code="file_lost") from error


def unknown_invoice() -> NotFound:
    return NotFound("找不到这笔费用的凭证，请刷新后重试。", code="invoice_unknown")
