"""Locks, state changes and the log of a draw, for all its use cases."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.lifecycles import DRAW, DiscardState, DrawEvent, DrawState
from domain.draws.record import Act, Ended, Head, Party, RecordEntry, start, write_all
from domain.errors import Conflict, Forbidden, NotFound
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.accounts import Account, RoleGrant
from models.attendance import Attendance
from models.draws import (
    Absence,
    AvoidedDraw,
    CallNotice,
    Condition,
    DiscardRequest,
    Draw,
    DrawApplication,
    DrawLot,
    LogEntry,
    Supervisor,
)
from models.invitations import Invitation
from models.organisations import AgentLink, Organisation
from services.core import permissions
from services.core.base import Actor, Deps, execute, from_row, rows
from services.draws.views import ReadDraw
from services.notifications import BEGINS, NoticeRequest, Notices, Recipient

_PARTIES: Mapping[str, Party] = {
    "agent": "agency",
    "organisation": "agency",
    "venue": "venue",
    "verifier": "verifier",
    "supervisor": "supervisor",
    "expert": "expert",
}
_LAST = (
    "SELECT l.draw_id, l.at FROM unnest($1::uuid[], $2::int[]) AS head (draw_id, seq) "
    "JOIN draw_log l ON l.draw_id = head.draw_id AND l.seq = head.seq"
)
_FREE_REST = (
    "UPDATE invitation SET ends_at = greatest(starts_at + interval '1 second', $2) "
    "WHERE draw_id = $1 AND state = 'accepted' AND ends_at > greatest(starts_at + interval '1 second', $2)"
)
"""Releases the time of its experts that the panel of an ended draw no longer needs."""
_MOVE_HEADS = (
    "UPDATE draw d SET log_head = head.hash, log_length = head.length "
    "FROM unnest($1::uuid[], $2::text[], $3::int[]) AS head (id, hash, length) WHERE d.id = head.id"
)


def party_of(role: str) -> Party:
    """The published record's name of the actor."""
    return _PARTIES.get(role, "system")


@dataclass
class Locked:
    """A locked draw and its conditions; lock order: draw, then conditions by position."""

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


_LOCK = """
WITH d AS MATERIALIZED (SELECT t AS whole, t.id FROM draw t WHERE t.id = {which} FOR UPDATE),
c AS MATERIALIZED (SELECT t AS whole FROM draw_condition t WHERE t.draw_id = (SELECT id FROM d)
  ORDER BY t.position FOR UPDATE){more}
SELECT (SELECT whole FROM d) AS draw, ARRAY(SELECT whole FROM c) AS conditions,
  (SELECT l.at FROM draw_log l, d WHERE l.draw_id = d.id AND l.seq = (d.whole).log_length) AS logged_at{shown}
"""
"""Each part depends on the previous one, so rows are locked in this order, and locked rows are read in their present
version after waiting. Rows that are not locked here are read afterwards. The log's newest entry never changes, but one
written during the wait would not be seen."""
_LOCK_DRAW = _LOCK.format(which="$1", more="", shown="")
_LOCK_INVITATION = _LOCK.format(
    which="(SELECT draw_id FROM invitation WHERE id = $1 AND ($2::uuid IS NULL OR expert_id = $2))",
    more=""", i AS MATERIALIZED (SELECT t AS whole FROM invitation t
  WHERE t.id = $1 AND t.draw_id = (SELECT id FROM d) AND (SELECT count(*) FROM c) >= 0 FOR UPDATE)""",
    shown=", (SELECT whole FROM i) AS invitation",
)


async def lock(draw_id: UUID) -> Locked:
    """Raises NotFound."""
    [row] = await rows(_LOCK_DRAW, draw_id)
    if row["draw"] is None:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    return _locked(row)


async def lock_invitation(invitation_id: UUID, expert_id: UUID | None) -> tuple[Invitation, Locked]:
    """An invitation with its draw; if an expert is given, it must be his. Raises NotFound."""
    [row] = await rows(_LOCK_INVITATION, invitation_id, expert_id)
    if row["invitation"] is None:
        raise NotFound("找不到这个评标邀请，请查看最新一条通知。")
    return from_row(Invitation, row["invitation"]), _locked(row)


def _locked(row: Mapping[str, Any]) -> Locked:
    draw = from_row(Draw, row["draw"])
    draw.logged_at = row["logged_at"]
    return Locked(draw, [from_row(Condition, one) for one in row["conditions"]])


async def lock_for(actor: Actor, draw_id: UUID) -> Locked:
    """The same, for a member of the organisation that owns the draw."""
    found = await lock(draw_id)
    check_owner(actor, found.draw)
    return found


async def lock_editable(actor: Actor, draw_id: UUID) -> Locked:
    """The same before submission, or after a refusal. Raises Conflict otherwise."""
    permissions.check(actor, "draw.edit")
    locked = await lock_for(actor, draw_id)
    if locked.state not in (DrawState.EDITING, DrawState.REFUSED):
        raise Conflict(f"活动{locked.state.label}，不能再修改。", code="not_editable")
    return locked


def check_owner(actor: Actor, draw: ReadDraw) -> None:
    """An agent handles only own draws, the legal entity all of its agents'. Raises NotFound for anyone else."""
    if actor.pool != draw.pool or actor.organisation_id != draw.organisation_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role == "agent" and draw.agent_id != actor.account_id:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role not in ("agent", "organisation"):
        raise Forbidden("只有招标人或代理机构可以办理抽取。")


def venue_names(actor: Actor, book: Rulebook) -> list[str]:
    """The name of a venue in notices."""
    return [actor.scope, *(venue.name for venue in book.venues if venue.code == actor.scope)]


NOT_FOR_DRAFTS = ("verifier", "venue", "supervisor")
"""Roles that see a draw from its first submission on."""


def is_draft(draw: Draw) -> bool:
    """Whether it was never submitted."""
    return draw.state == DrawState.EDITING and not draw.terminal


async def check_scope(actor: Actor, draw: Draw, book: Rulebook) -> None:
    """Only its agency sees a draft, and staff granted for one place handle only draws there.

    Raises NotFound otherwise.
    """
    if is_draft(draw) and actor.role in NOT_FOR_DRAFTS:
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if not actor.scope:
        return
    if actor.role == "verifier" and not await DrawApplication.exists(draw_id=draw.id, terminal=actor.scope):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
    if actor.role == "venue" and not await CallNotice.exists(draw_id=draw.id, venue__in=venue_names(actor, book)):
        raise NotFound("找不到这个抽取活动，请返回列表后刷新。")


async def find_avoided(draw_id: UUID) -> tuple[UUID, ...]:
    """Earlier draws whose experts are recused in this one."""
    return tuple([one.earlier_id for one in await AvoidedDraw.filter(draw_id=draw_id).order_by("id")])


async def acts_for_agency(draw: Draw, account_id: UUID) -> bool:
    """Whether a person is on the agency's side, and so can't be its supervisor."""
    organisation = await Organisation.get(id=draw.organisation_id)
    if account_id in (draw.agent_id, organisation.legal_account_id):
        return True
    links = AgentLink.filter(organisation_id=organisation.id, account_id=account_id, accepted_at__isnull=False)
    return await links.filter(revoked_at=None).exists()


async def check_not_of_agency(actor: Actor, draw: Draw) -> None:
    """A person who decides on an agency's request must not be of that agency, in any role. Raises Forbidden."""
    if actor.account_id is not None and await acts_for_agency(draw, actor.account_id):
        raise Forbidden("您代表本活动的招标人或代理机构办理业务，请由其他人员办理。", code="of_agency")


async def move(draw: Draw, event: DrawEvent) -> None:
    """Raises Conflict when the state doesn't allow it."""
    draw.state = DRAW.next(DrawState(draw.state), event)
    await draw.save(update_fields=["state"])


_APPEND = """
WITH written AS (INSERT INTO draw_log (id, draw_id, seq, at, act, facts, hash)
  SELECT e.id, $1, e.seq, e.at, e.act, e.facts::jsonb, e.hash
  FROM unnest($4::uuid[], $5::int[], $6::timestamptz[], $7::text[], $8::text[], $9::text[])
    AS e (id, seq, at, act, facts, hash))
UPDATE draw SET log_head = $2, log_length = $3 WHERE id = $1
"""


async def append(draw: Draw, now: datetime, *acts: Act) -> None:
    """Add entries to the draw's published log, each chained to the one before.

    Machines' clocks differ slightly: an entry's time is never before its predecessor's, even across processes.
    """
    if draw.log_length:
        if draw.logged_at is None:
            [last] = await rows("SELECT at FROM draw_log WHERE draw_id = $1 AND seq = $2", draw.id, draw.log_length)
            draw.logged_at = last["at"]
        now = max(now, draw.logged_at)
    entries = write_all(_head(draw), now, acts)
    last_entry = entries[-1]
    draw.log_length, draw.log_head, draw.logged_at = last_entry.seq, last_entry.hash.hex(), last_entry.at
    await execute(
        _APPEND,
        draw.id,
        draw.log_head,
        draw.log_length,
        [new_id() for _ in entries],
        [entry.seq for entry in entries],
        [entry.at for entry in entries],
        [entry.act for entry in entries],
        [json.dumps(entry.facts, ensure_ascii=False) for entry in entries],
        [entry.hash.hex() for entry in entries],
    )


async def append_all(now: datetime, acts: Sequence[tuple[Draw, Sequence[Act]]]) -> None:
    """The same for several draws, in three statements."""
    draws = [draw for draw, _ in acts]
    last = await rows(_LAST, [draw.id for draw in draws], [draw.log_length for draw in draws])
    before = {row["draw_id"]: row["at"] for row in last}
    written: list[LogEntry] = []
    for draw, done in acts:
        entries = write_all(_head(draw), max(now, before.get(draw.id, now)), done)
        written += [_entry(draw, one) for one in entries]
        draw.log_length, draw.log_head, draw.logged_at = entries[-1].seq, entries[-1].hash.hex(), entries[-1].at
    await LogEntry.bulk_create(written, batch_size=1000)
    await execute(
        _MOVE_HEADS,
        [draw.id for draw in draws],
        [draw.log_head for draw in draws],
        [draw.log_length for draw in draws],
    )


def _head(draw: Draw) -> Head:
    return Head(draw.log_length, bytes.fromhex(draw.log_head)) if draw.log_length else start(draw.pool, draw.number)


def _entry(draw: Draw, one: RecordEntry) -> LogEntry:
    return LogEntry(draw_id=draw.id, seq=one.seq, at=one.at, act=one.act, facts=one.facts, hash=one.hash.hex())


def draw_params(draw: Draw) -> dict[str, str]:
    """Params that identify a draw for those who run it: number, time, and the id in its pages' addresses. Experts don't
    get these.

    ``begins`` lets ladders decide what can't wait for the end of quiet hours.
    """
    begins = local(draw.starts_at)
    return {
        "number": draw.number,
        "draw": str(draw.id),
        "when": print_time(draw.starts_at),
        "day": f"{begins.month}月{begins.day}日",
        BEGINS: begins.isoformat(),
    }


async def notify_agency(notices: Notices, draw: Draw, kind: str, occasion: str, **params: str | int) -> None:
    """Notify the agent, and the legal entity if that is another person. Totals only, never names."""
    await notices.notify_each(draw.pool, await agency_notices(draw, kind, occasion, **params))


async def agency_notices(draw: Draw, kind: str, occasion: str, **params: str | int) -> list[NoticeRequest]:
    """The same as notices, to be sent together with others."""
    [owner] = await rows("SELECT legal_account_id AS legal FROM organisation WHERE id = $1", draw.organisation_id)
    return [
        NoticeRequest(
            kind,
            Recipient(
                f"{kind}:{draw.number}:{occasion}:{account.hex}",
                {**draw_params(draw), "side": "agency", **params},
                account_id=account,
            ),
        )
        for account in sorted({a for a in (draw.agent_id, owner["legal"]) if a is not None})
    ]


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
    """Notify the verifiers of these terminals, or all."""
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
    """Notify the supervisors, with or without an account. Never names of experts."""
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
    """Record the end in the draw's log. Lots whose panel never met may be drawn again."""
    met = draw.state == DrawState.COMPLETED or await Attendance.exists(draw_id=draw.id, direction="in")
    await move(draw, event)
    draw.ended_at, draw.staff_phone_sealed = now, ""
    await draw.save(update_fields=["ended_at", "staff_phone_sealed"])
    await execute(_FREE_REST, draw.id, now)
    await DiscardRequest.filter(draw_id=draw.id, state=DiscardState.OPEN).update(
        state=DiscardState.VOID, decided_at=now
    )
    await Absence.filter(draw_id=draw.id, handled_at=None).update(handled_at=now)
    if event != DrawEvent.END or not met:
        await DrawLot.filter(draw_id=draw.id).update(live=False)
    if draw.log_length:
        await append(draw, now, Ended())
