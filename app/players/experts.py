"""Experts of a draw, and how each of them answers; an expert gets a behaviour at the first call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.players.browser import WebBrowser
from app.players.http_client import Json
from app.players.phones import NotArrived, Phone, bubbles, link_in

Manner = Literal["leaves", "declines", "overlooks", "words", "presses", "link"]

WITH_WECHAT: Sequence[Manner] = ("declines", "leaves", "overlooks", "words")
"""Behaviours of experts with a bound WeChat account, in the order in which they are assigned; the last one repeats."""
WITHOUT: Sequence[Manner] = ("link", "presses")


@dataclass
class DrawnExpert:
    """``since``: number of bubbles, SMS and calls on the phone when the draw began. ``done``: has answered."""

    phone: Phone
    bound: bool
    manner: Manner | None = None
    done: bool = False
    since: tuple[int, int, int] = (0, 0, 0)

    async def mark(self) -> None:
        self.since = _message_counts(await self.phone.read(), self.phone.pool)

    async def was_called(self) -> bool:
        """Whether a call came on any channel since ``mark``."""
        return _message_counts(await self.phone.read(), self.phone.pool) > self.since

    async def answer(self) -> bool:
        """Answer if it is time for this behaviour; True when something was done."""
        state = await self.phone.read()
        match self.manner:
            case "declines":
                self.done = await self._decline_in_words(state)
            case "leaves":
                self.done = await self._accept_by_tap(state)
            case "words":
                self.done = await self._accept_in_words(state)
            case "link":
                self.done = await self._accept_by_link(state)
            case _:
                self.done = await self._press_keys(state)
        return self.done

    async def scan(self, address: str) -> None:
        """Scan the venue's QR code with WeChat, whose browser knows the expert, and check in. Raises NotArrived."""
        client = self.phone.http_client
        wechat = WebBrowser(client, f"{client.sandbox_url}/phone/{self.phone.mobile}/service")
        await wechat.open(address)
        page = await wechat.press("签到")
        if page.status != 200 or "签到成功" not in page.text:
            raise NotArrived(f"签到之后的“签到成功”（{page.status}：{page.text[:300]}）")

    def _has_invitation(self, state: Json) -> bool:
        """Whether the chat contains an invitation."""
        return any(bubble["side"] == "account" for bubble in bubbles(state, self.phone.pool)[self.since[0] :])

    async def _accept_by_tap(self, state: Json) -> bool:
        if not self._has_invitation(state):
            return False
        await self.phone.tap("参加")
        return True

    async def _accept_in_words(self, state: Json) -> bool:
        if not self._has_invitation(state):
            return False
        await self.phone.say("没问题，我可以参加")
        await self.phone.say("1")
        return True

    async def _decline_in_words(self, state: Json) -> bool:
        if not self._has_invitation(state):
            return False
        await self.phone.say("在外地出差，去不了")
        await self.phone.tap("确认不参加")
        return True

    async def _accept_by_link(self, state: Json) -> bool:
        links = [link for sms in state["sms"][self.since[1] :] if (link := link_in(sms["text"]))]
        if not links:
            return False
        await self.phone.answer_by_link(links[-1], "accept")
        return True

    async def _press_keys(self, state: Json) -> bool:
        """Ignores everything but a ringing phone."""
        call = next((call for call in state["calls"] if call["state"] == "ringing"), None)
        if call is None:
            return False
        await self.phone.pick_up(call, keys="11")
        return True


def _message_counts(state: Json, pool: str) -> tuple[int, int, int]:
    return len(bubbles(state, pool)), len(state["sms"]), len(state["calls"])


@dataclass
class DrawnExperts:
    """All experts who may be called."""

    experts: list[DrawnExpert]
    _left: dict[bool, list[Manner]] = field(default_factory=lambda: {True: list(WITH_WECHAT), False: list(WITHOUT)})

    async def mark(self) -> None:
        """Remember the phones' contents before calling begins: whatever arrives later is a call."""
        for expert in self.experts:
            if expert.manner is None:
                await expert.mark()

    async def look(self) -> bool:
        """Let every called expert check the phone; True when one of them acted."""
        acted = False
        for expert in self.experts:
            if expert.done or not (expert.manner or await expert.was_called()):
                continue
            if expert.manner is None:
                expert.manner = self._next_manner(expert)
            acted = await expert.answer() or acted
        return acted

    def _next_manner(self, expert: DrawnExpert) -> Manner:
        left = self._left[expert.bound]
        return left.pop(0) if len(left) > 1 else left[0]

    def with_manner(self, manner: Manner) -> DrawnExpert:
        """The expert with this behaviour. Raises LookupError when there is none."""
        for expert in self.experts:
            if expert.manner == manner:
                return expert
        raise LookupError(f"nobody {manner}")
