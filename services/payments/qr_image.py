"""The image with the payment QR code that the chat shows beside the link (缴费)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog

from domain.clock import print_time
from domain.errors import AppError, GatewayError
from services.core.base import Actor, Deps
from services.payments.orders import Orders
from services.payments.queries import view_fee
from services.ports import ChatWindows, DocumentRenderer, OfficialAccountSender

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PaymentQrImages:
    """Creates and sends the image; the text with the link was sent before, so a failure loses nothing."""

    deps: Deps
    orders: Orders
    renderer: DocumentRenderer
    official: OfficialAccountSender
    windows: ChatWindows

    async def send_soon(self, pool: str, account_id: UUID, openid: str, fee_id: UUID) -> None:
        """Defer creating and sending to a job, since both take longer than WeChat waits for a reply."""
        await self.deps.jobs.defer(
            "payments.qr_image", pool=pool, account_id=str(account_id), openid=openid, fee_id=str(fee_id)
        )

    async def send(self, pool: str, account_id: UUID, openid: str, fee_id: UUID) -> bool:
        """Send it through the window opened by the message; False on failure, which is logged."""
        try:
            image = await self.draw(Actor(pool, "applicant", account_id), fee_id)
            media_id = await self.official.upload_image(pool, image)
            if not await self.windows.spend(pool, openid):
                return False
            await self.official.send_image(pool, openid, media_id)
        except (AppError, GatewayError) as error:
            log.info("payment_qr_image_not_sent", pool=pool, reason=type(error).__name__)
            return False
        return True

    async def draw(self, actor: Actor, fee_id: UUID) -> bytes:
        """The image (PNG) for a fee that can be paid now. Raises the errors of ``Orders.order``, and GatewayError."""
        ordered = await self.orders.order(actor, fee_id, "native")
        view = await view_fee(self.deps, fee_id, actor)
        return await self.renderer.preview(
            "pay_code",
            {
                "pool": self.deps.book(actor.pool).pool.name,
                "title": view.title,
                "amount": f"¥{view.amount_yuan}",
                "name": view.name,
                "number": view.expert_number,
                "until": print_time(ordered.expires_at),
                "qr": ordered.code_url,
            },
        )
