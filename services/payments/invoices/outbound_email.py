"""Mails about invoices: written down before they are handed over, and after.

A mail goes out at least once, and twice only where the outcome is unknown: when the connection, or we, went down
between the server's taking it and our writing that down. Then the same mail goes out again under the same message id,
which mail programs show once. What has gone out stays gone out, and two processes never hand over one mail at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.errors import Rejected, Transient
from domain.ids import new_id
from models.payments import Invoice, OutboundEmail
from services.core.base import Deps, rows
from services.ports import MailAttachment, Mailer

EmailKind = Literal["receipt", "invoice", "reversal"]

LEASE_TTL = timedelta(minutes=3)
"""A mail in hand is left alone for longer than the mail server is waited for."""
REFUSED = timedelta(days=1)

_CLAIM = """
INSERT INTO outbound_email AS e (id, invoice_id, message_id, kind, held_until, tries) VALUES ($1, $2, $3, $4, $6, 1)
ON CONFLICT (message_id) DO UPDATE SET held_until = $6, tries = e.tries + 1
WHERE e.sent_at IS NULL AND (e.held_until IS NULL OR e.held_until <= $5) RETURNING id
"""


class OutboundEmails:
    def __init__(self, deps: Deps, mailer: Mailer) -> None:
        self._deps = deps
        self._mailer = mailer

    async def send(
        self,
        invoice: Invoice,
        kind: EmailKind,
        to: str,
        subject: str,
        text: str,
        attachments: Sequence[MailAttachment] = (),
    ) -> bool:
        """True when it has gone out, now or before; False while it is in hand, or was just refused.

        The same kind for the same ``mailings`` of an invoice is the same mail. Raises GatewayError.
        """
        message_id = f"{kind}.{invoice.id.hex}.{invoice.mailings}"
        email_id = await self._claim(invoice.id, message_id, kind)
        if email_id is None:
            return await OutboundEmail.exists(message_id=message_id, sent_at__not_isnull=True)
        try:
            await self._mailer.send(invoice.pool, to, subject, text, attachments, message_id=message_id)
        except Transient:
            await OutboundEmail.filter(id=email_id).update(held_until=None)
            raise
        except Rejected:  # no such address: not tried with every look at the invoice
            await OutboundEmail.filter(id=email_id).update(held_until=self._deps.now() + REFUSED)
            raise
        await OutboundEmail.filter(id=email_id).update(sent_at=self._deps.now())
        return True

    async def _claim(self, invoice_id: UUID, message_id: str, kind: EmailKind) -> UUID | None:
        """None: it has gone out already, or is in hand."""
        now = self._deps.now()
        found = await rows(_CLAIM, new_id(), invoice_id, message_id, kind, now, now + LEASE_TTL)
        return found[0]["id"] if found else None
