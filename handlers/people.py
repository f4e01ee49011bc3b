"""Who is writing, as the conversations need to know it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from bot.turn import Turn
from domain.errors import Forbidden, Unauthenticated
from handlers import commands, texts
from services.accounts import Who
from services.core.base import Actor

_OWN = ("applicant", "expert")


@dataclass(frozen=True)
class Me:
    """An expert of this pool who writes from a bound WeChat."""

    actor: Actor
    expert_id: UUID


async def find_who(turn: Turn) -> Who | None:
    """None while the openid is not bound."""
    if not turn.user.bound:
        return None
    return await turn.services.accounts.bindings.who(turn.user.identity_id)


async def find_expert(turn: Turn) -> Me | None:
    """None for anybody but an expert."""
    who = await find_who(turn)
    if who is None or who.expert_id is None:
        return None
    return Me(Actor(turn.user.pool, "expert", who.account_id, who.expert_id), who.expert_id)


async def get_expert(turn: Turn) -> Me:
    """The expert, looked up at every message: a binding that was undone meanwhile ends the talk.

    Raises Unauthenticated for a WeChat that is not bound, Forbidden for a person who is no expert; both say what to do.
    """
    if not turn.user.bound:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}")
    who = await find_who(turn)
    if who is not None and who.expert_id is not None:
        return Me(Actor(turn.user.pool, "expert", who.account_id, who.expert_id), who.expert_id)
    if who is not None and is_applicant(who):
        raise Forbidden(f"{texts.NOT_AN_EXPERT_YET}\n{commands.tappable(commands.PROGRESS, commands.APPLY)}")
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    raise Forbidden(texts.NOT_AN_EXPERT.format(hotline=hotline))


def is_applicant(who: Who) -> bool:
    """Registered, and no expert yet."""
    return any(role.role == "applicant" for role in who.roles)


def has_office(who: Who) -> bool:
    """Acts for an agency, in an office or at a venue, whatever else."""
    return any(role.role not in _OWN for role in who.roles)


def is_staff_only(who: Who) -> bool:
    """Holds an office and nothing of one's own here: applying is no business of theirs."""
    return bool(who.roles) and all(role.role not in _OWN for role in who.roles)
