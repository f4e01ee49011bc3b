"""Locks, moves and the log of a draw: what every use case of it begins and ends with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.lifecycles import DRAW, DiscardState, DrawEvent, DrawState
from domain.draws.record import Act, Ended, Head, Party, start, write_all
from domain.errors import Conflict, Forbidden, NotFound
from domain.rulebook.book import Rulebook
from models.accounts import Account, RoleGrant
from models.attendance import Attendance
from models.draws import (
    Absence,
    CallNotice,
    Condition,
    DiscardRequest,
    Draw,
    DrawApplication,
    DrawLot,
    LogEntry,
    Supervisor,
)
from models.organisations import AgentLink, Organisation
from services.core import permissions
from services.core.base import Actor, Deps
from services.notifications import Notices

_PARTIES: Mapping[str, Party] = {
    "agent": "agency",
    "organisation": "agency",
    "venue": "venue",
    "verifier": "verifier",
    "supervisor": "supervisor",
    "expert": "expert",
}


def party_of(role: str) -> Party:
    """How the published record names the actor."""
    return _PARTIES.get(role, "system")


@dataclass
class Locked:
    """A draw and its conditions, rows locked in this order: draw, then conditions by position."""

    draw: Draw
    conditions: list[Condition]

    @property
    def state(self) -> DrawState:
        return DrawState(self.draw.state)

    def condition(self, condition_id: UUID) -> Condition:
        return next(c for c in self.conditions if c.id == condition_id)

    def get_condition(self, condition_id: UUID) -> Condition:
        """The same for an id from outside. Raises NotFound."""
        if all(c.id != condition_id for c in self.conditions):
            raise NotFound("找不到这个抽取条件，请刷新后重试。")
        return self.condition(condition_id)

    @property
    def open(self) -> int:
        return sum(c.open for c in self.conditions)

    @property
    def accepted(self) -> int:
        return sum(c.accepted for c in self.conditions)


async def lock(draw_id: UUID) -> Locked:
    """Raises NotFound."""
    draw = await Draw.select_for_update().get_or_none(id=draw_id)
    if draw is None:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    return Locked(draw, await Condition.filter(draw_id=draw_id).order_by("position").select_for_update())


async def lock_for(actor: Actor, draw_id: UUID) -> Locked:
    """The same, for a member of the organisation that owns the draw."""
    found = await lock(draw_id)
    check_owner(actor, found.draw)
    return found


async def lock_editable(actor: Actor, draw_id: UUID) -> Locked:
    """The same while nothing was handed in, or after a refusal. Raises Conflict otherwise."""
    permissions.check(actor, "draw.edit")
    locked = await lock_for(actor, draw_id)
    if locked.state not in (DrawState.EDITING, DrawState.REFUSED):
        raise Conflict(f"活动{locked.state.label}，不能再修改。", code="not_editable")
    return locked


def check_owner(actor: Actor, draw: Draw) -> None:
    """An agent handles only own activities, the legal entity all of its agents'. Raises NotFound for anybody else."""
    if actor.pool != draw.pool or actor.organisation_id != draw.organisation_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role == "agent" and draw.agent_id != actor.account_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role not in ("agent", "organisation"):
        raise Forbidden("只有招标人或代理机构可以办理抽取。")


def venue_names(actor: Actor, book: Rulebook) -> list[str]:
    """How the venue of a desk is called in notices."""
    return [actor.scope, *(venue.name for venue in book.venues if venue.code == actor.scope)]


async def check_scope(actor: Actor, draw: Draw, book: Rulebook) -> None:
    """An office that was granted for one place handles only what comes there. Raises NotFound for anything else."""
    if not actor.scope:
        return
    if actor.role == "verifier" and not await DrawApplication.exists(draw_id=draw.id, terminal=actor.scope):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role == "venue" and not await CallNotice.exists(draw_id=draw.id, venue__in=venue_names(actor, book)):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")


async def acts_for_agency(draw: Draw, account_id: UUID) -> bool:
    """Whether a person is of the agency's side; then he can't be its supervising person too."""
    organisation = await Organisation.get(id=draw.organisation_id)
    if account_id in (draw.agent_id, organisation.legal_account_id):
        return True
    links = AgentLink.filter(organisation_id=organisation.id, account_id=account_id, accepted_at__isnull=False)
    return await links.filter(revoked_at=None).exists()


async def check_not_of_agency(actor: Actor, draw: Draw) -> None:
    """The person who decides on an agency's request is not of that agency, in whatever role. Raises Forbidden."""
    if actor.account_id is not None and await acts_for_agency(draw, actor.account_id):
        raise Forbidden("您代表本活动的招标人或代理机构办理业务，请由其他人员办理。", code="of_agency")


async def move(draw: Draw, event: DrawEvent) -> None:
    """Raises Conflict when the state doesn't allow it."""
    draw.state = DRAW.next(DrawState(draw.state), event)
    await draw.save(update_fields=["state"])


async def append(draw: Draw, now: datetime, *acts: Act) -> None:
    """Add entries to the draw's published log, each chained to the one before.

    Machines' clocks differ a little: an entry never lies before its predecessor, also of another process.
    """
    head = start(draw.pool, draw.number)
    if draw.log_length:
        head = Head(draw.log_length, bytes.fromhex(draw.log_head))
        now = max(now, (await LogEntry.get(draw_id=draw.id, seq=draw.log_length)).at)
    entries = write_all(head, now, acts)
    await LogEntry.bulk_create(
        [LogEntry(draw_id=draw.id, seq=e.seq, at=e.at, act=e.act, facts=e.facts, hash=e.hash.hex()) for e in entries],
        batch_size=1000,
    )
    draw.log_length, draw.log_head = entries[-1].seq, entries[-1].hash.hex()
    await draw.save(update_fields=["log_head", "log_length"])


def draw_params(draw: Draw) -> dict[str, str]:
    """What names a draw to those who run it: number, time, and the id that its pages have. Experts don't get these."""
    begins = local(draw.starts_at)
    return {
        "number": draw.number,
        "draw": str(draw.id),
        "when": print_time(draw.starts_at),
        "day": f"{begins.month}月{begins.day}日",
    }


async def notify_agency(notices: Notices, draw: Draw, kind: str, occasion: str, **params: str | int) -> None:
    """Push to the agent's phone, and to the legal entity's when that is another person. Totals only, never names."""
    organisation = await Organisation.get(id=draw.organisation_id)
    for account in sorted({a for a in (draw.agent_id, organisation.legal_account_id) if a is not None}):
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{draw.number}:{occasion}:{account.hex}",
            params={**draw_params(draw), **params},
            account_id=account,
        )


async def notify_verifiers(
    notices: Notices,
    draw: Draw,
    terminals: Collection[Any],
    kind: str,
    occasion: str,
    *,
    but: Collection[UUID | None] = (),
    **params: str,
) -> None:
    """Push to the verifiers of these terminals, or to all."""
    grants = RoleGrant.filter(
        role="verifier",
        revoked_at=None,
        account__pool=draw.pool,
        account__disabled_at=None,
        scope__in=["", *terminals],
    )
    for account_id in sorted({grant.account_id for grant in await grants} - set(but)):
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{draw.number}:{occasion}:{account_id.hex}",
            params={**draw_params(draw), **params},
            account_id=account_id,
        )


async def notify_supervisors(
    deps: Deps, notices: Notices, draw: Draw, kind: str, occasion: str, **params: str | int
) -> None:
    """Push to the phones of the supervising persons, whether or not they have an account. Never names of experts."""
    for supervisor in await Supervisor.filter(draw_id=draw.id).order_by("id"):
        account = await Account.get_or_none(pool=draw.pool, mobile_hash=supervisor.mobile_hash)
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{draw.number}:{occasion}:{supervisor.id.hex}",
            params={**draw_params(draw), **params},
            account_id=account.id if account else None,
            mobile=deps.keys.open_text(supervisor.phone_sealed, "mobile"),
        )


async def append_end(draw: Draw, now: datetime, event: DrawEvent = DrawEvent.END) -> None:
    """The activity is over; nothing follows in its log. Lots whose panel never met may be drawn again."""
    met = draw.state == DrawState.COMPLETED or await Attendance.exists(draw_id=draw.id, direction="in")
    await move(draw, event)
    draw.ended_at = now
    await draw.save(update_fields=["ended_at"])
    await DiscardRequest.filter(draw_id=draw.id, state=DiscardState.OPEN).update(
        state=DiscardState.VOID, decided_at=now
    )
    await Absence.filter(draw_id=draw.id, handled_at=None).update(handled_at=now)
    if event == DrawEvent.TERMINATE or not met:
        await DrawLot.filter(draw_id=draw.id).update(live=False)
    if draw.log_length:
        await append(draw, now, Ended())
