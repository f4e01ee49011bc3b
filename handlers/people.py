"""Look up the person behind an openid, for the conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bot.turn import Turn
from domain.errors import Forbidden, Unauthenticated
from domain.understanding.intents import Speaker
from handlers import commands, texts
from services.accounts import Who
from services.core.base import Actor
from services.draws import InvitationView
from services.understanding import speaker_of

_OWN = ("applicant", "expert")


@dataclass(frozen=True)
class Me:
    """An expert of this pool who writes from a bound WeChat."""

    actor: Actor
    expert_id: UUID


async def find_who(turn: Turn) -> Who | None:
    """None while the openid is not bound. Raises Forbidden for a closed account."""
    account_id = turn.user.account_id
    if account_id is None:
        return None
    _check_open(turn)
    cached_who = turn.cached_lookups.get("who")
    if not isinstance(cached_who, Who):
        cached_who = await turn.services.accounts.bindings.get_person_of_account(account_id, turn.user.identity_id)
        turn.cached_lookups["who"] = cached_who
    return cached_who


def find_expert(turn: Turn) -> Me | None:
    """None for anyone but an expert. Raises Forbidden for a closed account."""
    _check_open(turn)
    person = turn.user.person
    if person is None or person.expert_id is None:
        return None
    return Me(Actor(turn.user.pool, "expert", turn.user.account_id, person.expert_id), person.expert_id)


def _check_open(turn: Turn) -> None:
    if turn.user.person is not None and turn.user.person.disabled:
        hotline = turn.services.deps.book(turn.user.pool).pool.hotline
        raise Forbidden(texts.ACCOUNT_DISABLED.format(hotline=hotline), code="account_disabled")


async def get_expert(turn: Turn) -> Me:
    """The expert, looked up at every message, so that an unbinding ends the talk.

    Raises Unauthenticated for a WeChat account that is not bound, Forbidden for a person who is no expert; both texts
    say what to do.
    """
    if not turn.user.bound:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    if (me := find_expert(turn)) is not None:
        return me
    who = await find_who(turn)
    if who is not None and await _has_left(turn, who):
        page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/sanctions"
        way = texts.PAGE.format(link=page, label=texts.SANCTIONS_PAGE)
        raise Forbidden(f"{texts.LEFT_THE_POOL}\n{way}\n{commands.tap_lines(commands.PROGRESS, commands.APPLY)}")
    if who is not None and is_applicant(who):
        raise Forbidden(f"{texts.NOT_AN_EXPERT_YET}\n{commands.tap_lines(commands.PROGRESS, commands.APPLY)}")
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    raise Forbidden(texts.NOT_AN_EXPERT.format(hotline=hotline))


async def _has_left(turn: Turn, who: Who) -> bool:
    return who.account_id is not None and await turn.services.experts.profiles.has_left(who.account_id)


async def open_invitations(turn: Turn, me: Me) -> list[InvitationView]:
    """Invitations that wait for an answer, oldest first."""
    return await turn.services.draws.invitation_queries.list_open(me.expert_id) if is_called(turn) else []


async def panels_ahead(turn: Turn, me: Me) -> list[InvitationView]:
    """Accepted panels that are not over, the next first."""
    return await turn.services.draws.invitation_queries.list_panels(me.expert_id) if is_called(turn) else []


async def note_shown(turn: Turn, me: Me, shown: Sequence[InvitationView]) -> None:
    """The person reads of these invitations in the chat: notices that go on until they are opened end."""
    await turn.services.draws.openings.record(me.expert_id, [view.id for view in shown])


def is_called(turn: Turn) -> bool:
    """False for a person who certainly has neither an open invitation nor a panel that is not over."""
    return turn.user.person is None or turn.user.person.called


def is_applicant(who: Who) -> bool:
    """Registered, and no expert yet."""
    return any(role.role == "applicant" for role in who.roles)


def may_work(turn: Turn) -> bool:
    """False for a person who certainly holds no staff role."""
    return turn.user.person is None or turn.user.person.works


def has_office(who: Who) -> bool:
    """Works for an agency, an office or a venue, whatever other roles the person has."""
    return any(role.role not in _OWN for role in who.roles)


def is_staff_only(who: Who) -> bool:
    """Holds staff roles and is neither expert nor applicant: replies about applying don't concern the person."""
    return bool(who.roles) and all(role.role not in _OWN for role in who.roles)


async def speakers(turn: Turn) -> frozenset[Speaker]:
    """As whom the person may write. Raises Forbidden for a closed account."""
    if not turn.user.bound:
        return frozenset({Speaker.GUEST})
    expert = find_expert(turn)
    if expert is not None and not may_work(turn):
        return frozenset({Speaker.EXPERT})
    who = await find_who(turn)
    roles = [role.role for role in who.roles] if who is not None else []
    held = {speaker_of(role) for role in roles if role not in _OWN}
    if expert is not None:
        held.add(Speaker.EXPERT)
    elif not held or "applicant" in roles:
        held |= {Speaker.APPLICANT, Speaker.GUEST}
    return frozenset(held)
