"""Mails about invoices: recorded before and after they are handed to the mail server.

A mail is sent at least once, and twice only where the outcome is unknown: when the connection or our process failed
between the server's acceptance and our recording it. Then the same mail is sent again under the same message id, which
mail programs show once. A sent mail is never repeated otherwise, and two processes never send one mail at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
"""A mail being sent is reserved for longer than the mail server's time-out."""
REFUSED = timedelta(days=1)

_CLAIM = """
INSERT INTO outbound_email AS e (id, invoice_id, message_id, kind, held_until, tries) VALUES ($1, $2, $3, $4, $6, 1)
ON CONFLICT (message_id) DO UPDATE SET held_until = $6, tries = e.tries + 1
WHERE e.sent_at IS NULL AND (e.held_until IS NULL OR e.held_until <= $5) RETURNING id
"""


@dataclass(frozen=True)
class OutboundEmails:
    deps: Deps
    mailer: Mailer

    async def send(
        self,
        invoice: Invoice,
        kind: EmailKind,
        to: str,
        subject: str,
        text: str,
        attachments: Sequence[MailAttachment] = (),
    ) -> bool:
        """True when it was sent, now or before; False while it is being sent, or was just refused.

        Kind and ``mailings`` of an invoice identify the mail. Raises GatewayError.
        """
        message_id = f"{kind}.{invoice.id.hex}.{invoice.mailings}"
        email_id = await self._claim_email(invoice.id, message_id, kind)
        if email_id is None:
            return await OutboundEmail.exists(message_id=message_id, sent_at__not_isnull=True)
        try:
            await self.mailer.send(invoice.pool, to, subject, text, attachments, message_id=message_id)
        except Transient:
            await OutboundEmail.filter(id=email_id).update(held_until=None)
            raise
        except Rejected:  # no such address: not tried at every run
            await OutboundEmail.filter(id=email_id).update(held_until=self.deps.now() + REFUSED)
            raise
        await OutboundEmail.filter(id=email_id).update(sent_at=self.deps.now())
        return True

    async def _claim_email(self, invoice_id: UUID, message_id: str, kind: EmailKind) -> UUID | None:
        """None: it was sent already, or is being sent."""
        now = self.deps.now()
        claimed_rows = await rows(_CLAIM, new_id(), invoice_id, message_id, kind, now, now + LEASE_TTL)
        return claimed_rows[0]["id"] if claimed_rows else None
