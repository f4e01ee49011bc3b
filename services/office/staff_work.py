"""Open work of staff of an office, an agency or a venue: counts by role, and the page for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.accounts import RoleOption
from services.core.base import Actor, Deps, rows
from services.draws import (
    DRAWING,
    NUMBER_WANTED,
    TO_DO,
    DiscardQueries,
    DrawAccess,
    ReleaseQueries,
    WorkLists,
    in_states,
)
from services.office.dashboard import UNREPLIED, OfficeDashboard, replies_due
from services.remuneration import CAME
from services.reviews import ReviewQueue

_OWN = ("expert", "applicant")
_UNVERIFIED = """
SELECT count(*)::int AS n FROM draw_application a JOIN draw d ON d.id = a.draw_id
 WHERE d.pool = $1 AND ($2 = '' OR a.terminal = $2) AND a.state = 'submitted'
"""
_UNPROPOSED = f"""d.ended_at IS NOT NULL AND EXISTS (SELECT 1 FROM invitation i WHERE i.draw_id = d.id AND {CAME}
  AND NOT EXISTS (SELECT 1 FROM remuneration r WHERE r.invitation_id = i.id))"""
_IN_STATES = "(SELECT count(*)::int FROM remuneration r WHERE r.draw_id = d.id AND r.state IN ({states}))"
_DISPUTED, _PAYABLE = "'disputed'", "'confirmed', 'assumed'"
_OWING = "d.id IN (SELECT r.draw_id FROM remuneration r WHERE r.state IN ({states}))"
_TO_PROPOSE = f"""
SELECT d.id, d.number, d.name, {_UNPROPOSED} AS unproposed, {_IN_STATES.format(states=_DISPUTED)} AS disputed,
  0 AS payable
FROM draw d WHERE {{where}} AND ({_UNPROPOSED} OR {_OWING.format(states=_DISPUTED)}) ORDER BY d.ended_at, d.id
LIMIT 200
"""
"""Listed until every present expert has an amount, which may be 0 with a reason; limited in number."""
_TO_WATCH = f"""
SELECT d.id, d.number, d.name, false AS unproposed, count(*)::int AS disputed, 0 AS payable
FROM remuneration r JOIN draw d ON d.id = r.draw_id WHERE {{where}} AND {UNREPLIED.format(since="{since}")}
GROUP BY d.id ORDER BY min(r.answered_at), d.id
"""
_TO_PAY = f"""
SELECT d.id, d.number, d.name, false AS unproposed, 0 AS disputed, {_IN_STATES.format(states=_PAYABLE)} AS payable
FROM draw d WHERE {{where}} AND {_OWING.format(states=_PAYABLE)} ORDER BY d.ended_at, d.id
"""


@dataclass(frozen=True)
class Count:
    """``待审3件``."""

    name: str
    number: int
    unit: str = "个"


@dataclass(frozen=True)
class OwedDraw:
    """A draw whose remuneration waits for its venue (``unproposed``, ``disputed``) or agency (``payable``)."""

    id: UUID
    number: str
    name: str
    unproposed: bool
    disputed: int
    payable: int


@dataclass(frozen=True)
class Work:
    """The open work of one role. ``page`` is a path of ours, ``mini`` a page of the mini-program or empty.

    With ``mini``, the work is done there and ``page`` only shows it.
    """

    label: str
    counts: tuple[Count, ...]
    action: str
    page: str
    mini: str = ""
    role: str = ""


@dataclass(frozen=True)
class StaffWork:
    deps: Deps
    access: DrawAccess
    discards: DiscardQueries
    releases: ReleaseQueries
    worklists: WorkLists
    queue: ReviewQueue
    office: OfficeDashboard

    async def list_work(self, pool: str, account_id: UUID, options: Sequence[RoleOption]) -> tuple[Work, ...]:
        """One entry for each staff role; empty for applicants and experts."""
        staff_options = [option for option in options if option.role not in _OWN]
        return tuple(
            [replace(await self._work_of_role(pool, account_id, option), role=option.role) for option in staff_options]
        )

    async def _work_of_role(self, pool: str, account_id: UUID, option: RoleOption) -> Work:
        actor = Actor(pool, option.role, account_id, organisation_id=option.organisation_id, scope=option.scope)
        match option.role:
            case "reviewer":
                return Work(option.label, await self._count_reviews(actor), "去审核", "/review")
            case "pool_admin":
                open_tasks = sum(waiting.count for waiting in await self.office.list_waiting(actor))
                return Work(option.label, (Count("待办", open_tasks, "件"),), "打开管理台", "/office")
            case "verifier":
                return Work(
                    option.label,
                    await self._count_verifications(actor),
                    "去核验",
                    "/draws/applications",
                    "pages/verifier",
                )
            case "supervisor":
                return Work(option.label, await self._count_supervised(actor), "去监督", "/draws", "pages/supervisor")
            case "venue":
                return Work(option.label, await self._count_today(actor), "打开签到台", "/draws", "pages/venue")
            case _:
                return Work(option.label, await self._count_draws(actor), "办理抽取", "/agency", "pages/agency")

    async def _count_reviews(self, actor: Actor) -> tuple[Count, ...]:
        counts = await self.queue.counts(actor)
        return (
            Count("待审", sum(count.open for count in counts), "件"),
            Count("已超期", sum(count.overdue for count in counts), "件"),
        )

    async def _count_draws(self, actor: Actor) -> tuple[Count, ...]:
        by_state = await self._count_by_state(actor, [*TO_DO, *DRAWING])
        return (
            Count("待办理", sum(by_state.get(state, 0) for state in TO_DO)),
            Count("正在抽取", sum(by_state.get(state, 0) for state in DRAWING)),
            Count("退选待处理", len(await self.releases.tasks(actor))),
            Count("酬劳待支付", sum(draw.payable for draw in await self.list_owed_draws(actor)), "笔"),
        )

    async def list_owed_draws(self, actor: Actor) -> tuple[OwedDraw, ...]:
        """Draws whose remuneration this venue proposes or explains, or this agency pays, or for which this office sees
        an unanswered objection; oldest first."""
        where, values = self.access.visibility_condition(actor, few=True)
        if actor.role == "pool_admin":
            sql = _TO_WATCH.format(where=where, since=values.add(replies_due(self.deps, actor.pool)))
        else:
            sql = (_TO_PROPOSE if actor.role == "venue" else _TO_PAY).format(where=where)
        return tuple([OwedDraw(**row) for row in await rows(sql, *values)])

    async def _count_verifications(self, actor: Actor) -> tuple[Count, ...]:
        submitted = (await rows(_UNVERIFIED, actor.pool, actor.scope))[0]["n"]
        return Count("待核验", submitted), Count("现场回避待确认", len(await self.discards.list_waiting(actor)))

    async def _count_supervised(self, actor: Actor) -> tuple[Count, ...]:
        where, values = self.access.visibility_condition(actor, few=True)
        count = f"SELECT count(*)::int AS n FROM draw d WHERE {where} AND {NUMBER_WANTED}"
        wanted = (await rows(count, *values))[0]["n"]
        by_state = await self._count_by_state(actor, DRAWING)
        return (
            Count("等您提交随机数", wanted),
            Count("现场回避待确认", len(await self.discards.list_waiting(actor))),
            Count("正在抽取", sum(by_state.values())),
        )

    async def _count_today(self, actor: Actor) -> tuple[Count, ...]:
        owed_draws = await self.list_owed_draws(actor)
        return (
            Count("今日评标", (await self.worklists.read(actor, "today", limit=1)).total, "场"),
            Count("酬劳待提出", sum(draw.unproposed for draw in owed_draws), "场"),
            Count("酬劳异议待答复", sum(draw.disputed for draw in owed_draws), "笔"),
        )

    async def _count_by_state(self, actor: Actor, states: Sequence[str]) -> dict[str, int]:
        where, values = self.access.visibility_condition(actor, few=True)
        sql = f"SELECT d.state, count(*)::int AS n FROM draw d WHERE {where} AND {in_states(states)} GROUP BY d.state"
        count_rows = await rows(sql, *values)
        return {row["state"]: row["n"] for row in count_rows}
