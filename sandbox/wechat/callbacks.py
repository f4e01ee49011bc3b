"""Callbacks: pushed to the account's server with retries; what it replies appears on the phone."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

import aiohttp

from sandbox import jsons
from sandbox.config import AccountConfig
from sandbox.jsons import Json
from sandbox.phones import Bubble, Chat, Phone
from sandbox.wechat import xml
from sandbox.wechat.envelopes import ReplyError, seal_message
from sandbox.wechat.replies import show_reply
from sandbox.world import World

BROKEN = "该公众号提供的服务出现故障，请稍后再试"
OUT_OF_ORDER_SECONDS = 1.0
LEDGER_BYTES = 500
"""Text shown for an unusable answer."""


@dataclass(slots=True)
class PushOutcome:
    """Result of a push. ``answered`` is False when no delivery got an answer in time."""

    deliveries: int = 0
    answered: bool = False
    note: str = ""
    bubbles: tuple[Bubble, ...] = ()

    def as_json(self) -> Json:
        return {
            "deliveries": self.deliveries,
            "answered": self.answered,
            "note": self.note,
            "reply": [bubble.as_json() for bubble in self.bubbles],
        }


class Callbacks:
    def __init__(self, world: World) -> None:
        self._world = world

    def push_soon(self, account: AccountConfig, phone: Phone, chat: Chat, fields: Json) -> None:
        """Push in the background, as the platform does with the results of sends."""
        self._world.spawn(self._push_quietly(account, phone, chat, fields))

    async def _push_quietly(self, account: AccountConfig, phone: Phone, chat: Chat, fields: Json) -> None:
        await self.push(account, phone, chat, fields)

    async def push(self, account: AccountConfig, phone: Phone, chat: Chat, fields: Json) -> PushOutcome:
        """Delivers until answered, at most the configured number of times, and shows the reply.

        ``fields`` begins with MsgType; the head (both names and CreateTime) is put before it unless it has its own.
        """
        faults = self._world.faults
        name = _name(fields)
        if faults.strikes("wechat", "lost"):
            self._world.ledger.add("wechat", "out", name, fields, None, phone=phone.id, note="lost by a fault switch")
            return PushOutcome(note="lost")
        head: Json = {"ToUserName": account.original_id, "FromUserName": chat.openid}
        message = xml.write({**head, "CreateTime": int(self._world.clock.now()), **fields})
        if late := faults.strikes("wechat", "out_of_order"):
            await asyncio.sleep(late.seconds or OUT_OF_ORDER_SECONDS)
        if faults.strikes("wechat", "twice"):
            self._world.spawn(self._send_copy(account, chat.openid, message))
        outcome = PushOutcome()
        answer = await self._deliver(account, chat.openid, message, outcome)
        outcome.answered = answer is not None
        try:
            outcome.bubbles = tuple(show_reply(self._world, account, (phone, chat), fields, answer))
        except ReplyError as error:
            outcome.note = str(error)
            if jsons.text(fields, "Event") not in SILENT_EVENTS:
                outcome.bubbles = (self._world.show(phone, chat, "system", "fault", BROKEN),)
        logged: object = [bubble.text for bubble in outcome.bubbles] or ("" if answer is None else "success")
        if outcome.note and answer is not None:
            logged = answer[:LEDGER_BYTES].decode(errors="replace")
        note = "; ".join(part for part in (f"{outcome.deliveries} deliveries", outcome.note) if part)
        self._world.ledger.add("wechat", "out", name, fields, logged, phone=phone.id, note=note)
        return outcome

    async def _deliver(self, account: AccountConfig, openid: str, message: str, outcome: PushOutcome) -> bytes | None:
        wire, loop = self._world.config.wire, asyncio.get_running_loop()
        while outcome.deliveries < wire.callback_deliveries:
            started = loop.time()
            outcome.deliveries += 1
            answer = await self._send(account, openid, message)
            if answer is not None:
                return answer
            if outcome.deliveries < wire.callback_deliveries:
                await asyncio.sleep(max(0.0, started + wire.callback_timeout - loop.time()))
        return None

    async def _send_copy(self, account: AccountConfig, openid: str, message: str) -> None:
        await self._send(account, openid, message)

    async def _send(self, account: AccountConfig, openid: str, message: str) -> bytes | None:
        """One delivery with its own nonce and cipher text; None when it must be repeated."""
        query, body = seal_message(account, openid, message, int(self._world.clock.now()))
        if self._world.faults.strikes("wechat", "wrong_signature"):
            query["msg_signature" if "msg_signature" in query else "signature"] = secrets.token_hex(20)
        timeout = aiohttp.ClientTimeout(total=self._world.config.wire.callback_timeout)
        headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0", "Pragma": "no-cache"}
        try:
            async with self._world.http.post(
                account.callback_url, params=query, data=body.encode(), headers=headers, timeout=timeout
            ) as response:
                raw = await response.read()
                if response.status >= 500:
                    return None
                return raw if response.status == 200 else f"HTTP {response.status}".encode()
        except (aiohttp.ClientError, TimeoutError):
            return None


SILENT_EVENTS = frozenset(
    {
        "unsubscribe",
        "VIEW",
        "view_miniprogram",
        "TEMPLATESENDJOBFINISH",
        "subscribe_msg_popup_event",
        "subscribe_msg_change_event",
        "subscribe_msg_sent_event",
        "LOCATION",
        "user_info_modified",
        "user_authorization_revoke",
        "user_authorization_cancellation",
    }
)
"""Events after which the phone shows nothing, whatever the server answers."""


def _name(fields: Json) -> str:
    return jsons.text(fields, "Event") or jsons.text(fields, "MsgType", "raw")
