"""Paying with a phone: a code that another phone shows, a page inside WeChat, the mini-program."""

from __future__ import annotations

from dataclasses import dataclass

from app.players.http_client import Json
from app.players.phones import Phone, bubbles


@dataclass(frozen=True)
class Payer:
    """A person with a wallet in WeChat, known to the pool or not."""

    phone: Phone

    async def balance(self) -> int:
        """Balance in fen."""
        return int((await self.phone.http_client.control(f"/phones/{self.phone.mobile}/wallet"))["balance"])

    async def scan(self, code_url: str) -> Json:
        """Scan a payment code; returns what the cashier shows."""
        return await self.phone.http_client.control("/pay/scan", {"phone": self.phone.mobile, "code_url": code_url})

    async def call_cashier(self, parameters: Json) -> Json:
        """Call the cashier as a page does with WeixinJSBridge, or the mini-program with ``wx.requestPayment``."""
        return await self.phone.http_client.control("/pay/jsapi", {"phone": self.phone.mobile, **parameters})

    async def mini_appid(self) -> str:
        """The mini-program's app id, which ``wx.requestPayment`` adds itself."""
        return str((await self.phone.http_client.control(f"/phones/{self.phone.mobile}/login_code", {}))["appid"])

    async def confirm(self, cashier: Json) -> Json:
        """Pay; returns when the first notification was tried."""
        body = {"phone": self.phone.mobile, "cashier": cashier["cashier"]}
        return await self.phone.http_client.control("/pay/confirm", body)


async def code_in_chat(phone: Phone) -> str:
    """Text of the QR code in the newest picture of the chat, waiting for one. Raises Missing."""

    def find(state: Json) -> str | None:
        pictures = [
            bubble["image"] for bubble in bubbles(state, phone.pool) if bubble["side"] == "account" and bubble["image"]
        ]
        return pictures[-1] if pictures else None

    media = await phone.wait_for(find, "缴费二维码")
    return str((await phone.http_client.control(f"/media/{media}/code"))["text"])


@dataclass(frozen=True)
class ReceivedEmail:
    """A mail; ``files`` name → content."""

    subject: str
    text: str
    files: dict[str, bytes]


async def received_emails(phone: Phone, address: str) -> list[ReceivedEmail]:
    """Mail to an address, oldest first."""
    emails = []
    for email in (await phone.http_client.control(f"/mail?to={address}"))["emails"]:
        files = {}
        for file in email["attachments"]:
            url = f"{phone.http_client.sandbox_url}/control/mail/{email['id']}/attachments/{file['index']}"
            async with phone.http_client.http.get(url) as got:
                files[file["name"]] = await got.read()
        emails.append(ReceivedEmail(email["subject"], email["text"], files))
    return emails
