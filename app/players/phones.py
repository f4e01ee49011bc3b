"""A simulated phone as its owner uses it: chat, SMS, calls, and pages opened from links."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urljoin

from app.players.http_client import HttpClient, Json

T = TypeVar("T")

_FORM = re.compile(r'name="form" value="([^"]+)"')
_LINK = re.compile(r"https?://[!-~]+")
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
_TIMEOUT = 30.0
"""Seconds to wait for something to arrive."""


class NotArrived(Exception):
    """An expected message, call or element didn't appear."""


@dataclass(frozen=True)
class Phone:
    """``mobile`` names the phone in the sandbox."""

    http_client: HttpClient
    mobile: str
    pool: str

    async def read(self) -> Json:
        return await self.http_client.control(f"/phones/{self.mobile}")

    async def wait_for(self, find: Callable[[Json], T | None], what: str, timeout: float = _TIMEOUT) -> T:
        """Wait until ``find`` finds something on the phone, and return it. Raises NotArrived."""
        value = await self.http_client.watch(self.mobile, find, timeout)
        if value is not None:
            return value
        raise NotArrived(f"{what}没有到达手机 {self.mobile[:3]}****{self.mobile[-4:]}")

    # ---- the chat

    async def _act_in_chat(self, act: str, **body: object) -> str:
        """An action in the chat; returns the account's immediate reply."""
        done = await self.http_client.control(f"/phones/{self.mobile}/{act}", body)
        return "\n".join(bubble["text"] for bubble in done.get("reply", []))

    async def follow(self, scene: str = "") -> str:
        return await self._act_in_chat("follow", scene=scene)

    async def unfollow(self) -> str:
        return await self._act_in_chat("unfollow")

    async def say(self, text: str) -> str:
        return await self._act_in_chat("text", content=text)

    async def tap(self, label: str) -> str:
        return await self._act_in_chat("tap", label=label)

    async def scan(self, content: str) -> str:
        return await self._act_in_chat("scan", content=content)

    async def send_location(self, latitude: float, longitude: float) -> str:
        return await self._act_in_chat("location", latitude=latitude, longitude=longitude)

    async def bind(self) -> str:
        """Bind this WeChat account to the phone's own number: consent, mobile, the code from the SMS."""
        await self.say("绑定")
        await self.tap("同意")
        before = len((await self.read())["sms"])
        await self.say(self.mobile)
        return await self.say(await self.sms_code(after=before))

    # ---- SMS and pages

    async def sms_code(self, after: int = 0) -> str:
        """The code in the newest SMS with one, among those after the first ``after``; experts have six digits, too."""

        def find(state: Json) -> str | None:
            texts = [sms["text"] for sms in state["sms"][after:] if "验证码" in sms["text"]]
            return next((code.group() for text in reversed(texts) if (code := _CODE.search(text))), None)

        return await self.wait_for(find, "验证码短信")

    async def answer_by_link(self, link: str, choice: str) -> str:
        """Open the page behind a link and answer; a refusal is confirmed on a second page. Returns the last page."""
        form = await self._form_of(link if choice == "accept" else f"{link}?do={choice}")
        return await self._post(f"{link}/answer", {"form": form, "choice": choice})

    async def open_page(self, url: str) -> str:
        async with self.http_client.http.get(url) as got:
            return await got.text()

    async def _form_of(self, url: str) -> str:
        page = await self.open_page(url)
        match = _FORM.search(page)
        if match is None:
            raise NotArrived(f"页面 {url} 上没有表单")
        return match.group(1)

    async def _post(self, url: str, fields: dict[str, str]) -> str:
        async with self.http_client.http.post(url, data=fields, allow_redirects=False) as got:
            if got.status == 303:
                return await self.open_page(urljoin(url, got.headers["Location"]))
            return await got.text()

    # ---- calls

    async def ringing(self, timeout: float = _TIMEOUT) -> Json:
        """The call that is ringing."""

        def find(state: Json) -> Json | None:
            return next((call for call in state["calls"] if call["state"] == "ringing"), None)

        return await self.wait_for(find, "来电", timeout)

    async def pick_up(self, call: Json, keys: str = "") -> None:
        """Answer, press keys one after another, hang up."""
        at = f"/phones/{self.mobile}/calls/{call['id']}"
        await self.http_client.control(f"{at}/answer", {})
        if keys:
            await self.http_client.control(f"{at}/keys", {"keys": keys})
        await self.http_client.control(f"{at}/hangup", {})


def link_in(text: str) -> str | None:
    """The address in an SMS."""
    match = _LINK.search(text)
    return match.group() if match else None


def bubbles(state: Json, pool: str) -> list[Json]:
    """Messages in the chat with the pool's account, oldest first."""
    return list(state["chats"].get(pool, {}).get("bubbles", []))
