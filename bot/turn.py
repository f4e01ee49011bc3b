"""One message of one user, as handlers and conversations see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from uuid import UUID

from bot.messages import Message

if TYPE_CHECKING:
    from services.registry import Services

P = ParamSpec("P")
R = TypeVar("R")

NOBODY = UUID(int=0)


@dataclass(frozen=True)
class WechatUser:
    """Who wrote. ``account_id`` is set when the openid is bound to a person.

    ``identity_id`` is the row of ``wechat_identity``; NOBODY only for an event of a person of whom nothing is stored
    (an unsubscribe, a receipt): such events create no row.
    """

    pool: str
    appid: str
    openid: str
    identity_id: UUID
    account_id: UUID | None
    following: bool

    @property
    def bound(self) -> bool:
        return self.account_id is not None


@dataclass
class Turn:
    """``message`` is what began it (for a talk: the trigger), ``now`` the time of the message being answered."""

    user: WechatUser
    services: Services
    message: Message
    now: datetime

    async def read(self, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Look something up. Not journaled: in a talk it runs again at every message and may answer differently."""
        return await fn(*args, **kwargs)
