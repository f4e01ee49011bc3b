"""Messages, users and a dialogue without Redis or HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bot.dialogue import Dialogue, DialogueOutcome
from bot.journal import seal, unseal
from bot.messages import Message, parse_message
from bot.replies import Text
from bot.router import Router
from bot.turn import Turn, WechatUser
from services.core.crypto import Keyring
from tests.factories.numbers import Numbers

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
KEYS = Keyring({"k1": bytes(range(32))}, "k1", b"l" * 32, b"s" * 32)
_ids = Numbers(24_000_000_000_000_000)


def body(openid: str = "oA", *, at: datetime = NOW, **fields: str | int) -> bytes:
    """XML of a message as WeChat writes it; ``MsgType`` defaults to text, other fields by their WeChat names."""
    own: dict[str, str | int] = {"MsgType": "text", **fields}
    if own["MsgType"] != "event":
        own.setdefault("MsgId", next(_ids))
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in own.items())
    head = f"<ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName>"
    return f"<xml>{head}<CreateTime>{int(at.timestamp())}</CreateTime>{inner}</xml>".encode()


def message(text: str | None = None, openid: str = "oA", *, at: datetime = NOW, **fields: str | int) -> Message:
    if text is not None:
        fields["Content"] = text
    return parse_message(body(openid, at=at, **fields), "demo", "wx1", at)


@dataclass
class Person:
    """Talks with a dialogue; the journal goes through encryption, as between two processes."""

    router: Router
    services: Any = None
    openid: str = "oA"
    at: datetime = NOW
    sealed: str | None = None
    last: DialogueOutcome | None = None
    taps: dict[str, int] = field(default_factory=dict)

    async def says(self, text: str | None = None, **fields: str | int) -> str:
        return await self.sends(message(text, self.openid, at=self.at, **fields))

    async def sends(self, sent: Message) -> str:
        journal = unseal(self.sealed, KEYS, sent) if self.sealed else None
        user = WechatUser("demo", "wx1", self.openid, UUID(int=1), None, following=True)
        outcome = await Dialogue(self.router).answer(Turn(user, self.services, sent, sent.received_at), journal)
        if not outcome.keep:
            self.sealed = seal(outcome.journal, KEYS) if outcome.journal else None
        self.last = outcome
        if outcome.journal and outcome.journal.pending:
            pending = outcome.journal.pending
            self.taps = dict(zip(pending.labels, pending.taps, strict=True))
        return outcome.reply.content if isinstance(outcome.reply, Text) else ""

    async def taps_on(self, label: str) -> str:
        return await self.says(label, bizmsgmenuid=self.taps[label])

    def waits(self, minutes: float) -> None:
        self.at += timedelta(minutes=minutes)

    @property
    def is_talking(self) -> bool:
        return self.sealed is not None


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def person(router: Router) -> Callable[..., Person]:
    def make(**values: Any) -> Person:
        return Person(router, **values)

    return make
