"""People's phones behind fake vendors of SMS, calls and WeChat messages: what arrived, and what the vendors report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.ports import CallDetail, CallReport, MenuItem, SmsReport, TemplateMessage


@dataclass(frozen=True)
class PhoneCall:
    id: str
    mobile: str
    template: str
    out_id: str


@dataclass(frozen=True)
class Text:
    id: str
    mobile: str
    template: str
    out_id: str


@dataclass(frozen=True)
class Message:
    id: str
    openid: str
    kind: str


@dataclass
class FakeVoice:
    calls: list[PhoneCall] = field(default_factory=list)
    details: dict[str, CallDetail] = field(default_factory=dict)
    """What the vendor answers when asked, by call id."""

    async def call(
        self,
        pool: str,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        out_id: str,
        bye: str = "",
    ) -> str:
        self.calls.append(PhoneCall(f"call-{len(self.calls) + 1}", mobile, template, out_id))
        return self.calls[-1].id

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        return self.details.get(call_id)

    def answer(self, call: PhoneCall, keys: str, at: datetime) -> CallReport:
        """The called person listens to the end and presses these keys; returns what the vendor then reports."""
        self.details[call.id] = CallDetail(call.id, call.mobile, True, "200000", keys)
        return CallReport(call.id, call.out_id, True, "200000", keys, at)


@dataclass
class FakeSms:
    texts: list[Text] = field(default_factory=list)

    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        self.texts.append(Text(f"sms-{len(self.texts) + 1}", mobile, template, out_id))
        return self.texts[-1].id

    async def report(self, mobile: str, sent_at: datetime, biz_id: str, *, out_id: str) -> SmsReport | None:
        return next((delivered(text) for text in self.texts if text.out_id == out_id), None)


@dataclass
class PoolNumbers:
    """Numbers of pools; all take calls."""

    by_pool: Mapping[str, str] = field(default_factory=lambda: {"demo": "057156210001"})

    def number_of(self, pool: str) -> str:
        return self.by_pool.get(pool, "")

    def takes_calls(self, pool: str) -> bool:
        return pool in self.by_pool

    def pools_of(self, number: str) -> Sequence[str]:
        return [pool for pool, own in self.by_pool.items() if own == number]


def delivered(text: Text) -> SmsReport:
    return SmsReport(text.id, text.out_id, True, "DELIVERED")


@dataclass
class FakeOfficial:
    """The official account; no expert has written to it, so no window is open."""

    messages: list[Message] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)

    async def spend(self, pool: str, openid: str) -> bool:
        return False

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        """As WeChat, sends a message of one id once."""
        if message.client_msg_id not in self._ids:
            self._ids[message.client_msg_id] = f"msg-{len(self.messages) + 1}"
            self.messages.append(Message(self._ids[message.client_msg_id], message.openid, message.kind))
        return self._ids[message.client_msg_id]

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        raise AssertionError("no window is open")

    async def send_menu(self, pool: str, openid: str, head: str, items: Sequence[MenuItem], tail: str) -> None:
        raise AssertionError("no window is open")


@dataclass
class Phones:
    voice: FakeVoice = field(default_factory=FakeVoice)
    sms: FakeSms = field(default_factory=FakeSms)
    official: Any = field(default_factory=FakeOfficial)
    _seen: dict[str, int] = field(default_factory=dict)

    def new_calls(self) -> list[PhoneCall]:
        """Calls that ring since they were last asked for; the same for messages and texts."""
        return self._take_new("calls", self.voice.calls)

    def new_texts(self) -> list[Text]:
        return self._take_new("texts", self.sms.texts)

    def new_messages(self) -> list[Message]:
        return self._take_new("messages", self.official.messages)

    def _take_new(self, kind: str, all_so_far: list[Any]) -> list[Any]:
        fresh = all_so_far[self._seen.get(kind, 0) :]
        self._seen[kind] = len(all_so_far)
        return fresh
