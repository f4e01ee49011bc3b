"""One message of one user, as handlers and conversations see it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
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
class BoundPerson:
    """What exists for a bound person, found together with the account, which saves look-ups of what doesn't exist.

    ``called``: an invitation is open, or accepted and not over. ``works``: the person may hold an office or act for an
    agency. ``sits``, ``studies``: is or was called to an examination, or takes part in a course. ``disabled``: the
    account is closed.
    """

    expert_id: UUID | None
    disabled: bool
    called: bool
    works: bool
    sits: bool
    studies: bool


@dataclass(frozen=True)
class WechatUser:
    """Who wrote. ``account_id`` is set when the openid is bound to a person.

    ``identity_id`` is the row of ``wechat_identity``; NOBODY only for an event of a user of whom nothing is stored (an
    unsubscribe, a delivery report): such events create no row. ``person`` is None for a user who is not bound.
    """

    pool: str
    appid: str
    openid: str
    identity_id: UUID
    account_id: UUID | None
    following: bool
    person: BoundPerson | None = None

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
    cached_lookups: dict[str, object] = field(default_factory=dict, kw_only=True)
    """Results of this message's look-ups, by name, so that each is made once."""

    async def read(self, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Look up something. Not journaled: in a talk it runs again at every message and may answer differently."""
        return await fn(*args, **kwargs)
