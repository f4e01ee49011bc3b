"""The pool's experts for the office: ending terms, and removal from the pool (退库)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import Field

from domain.clock import local, print_time
from domain.draws.lifecycles import InvitationEvent, InvitationState
from domain.errors import Conflict, InvalidInput, NotFound
from domain.identity import age_on, born_after
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor, Deps, Page, record
from services.core.idempotency import once
from services.core.pages import read_page
from services.core.permissions import check
from services.core.short_texts import check_text
from services.core.sql_values import SqlValues
from services.draws import Locked, Places, lock
from services.experts import remove_expert
from services.notifications import Notices

Only = Literal["in_pool", "ending", "over", "left"]
"""In the pool; term or age expires soon; has expired, so that the expert is not drawn; has left."""
REASON_MAX = 200
PAGE_MAX = 100

_COLUMNS = "e.id, e.number, e.name, e.membership_status, e.active, e.term_until, e.born_on, e.left_at, e.left_reason"
_FILTERS: Mapping[Only, str] = {
    "in_pool": "e.left_at IS NULL",
    "left": "e.left_at IS NOT NULL",
    "ending": "e.left_at IS NULL AND (e.term_until > $2 AND e.term_until <= $3 OR e.born_on > $4 AND e.born_on <= $5)",
    "over": "e.left_at IS NULL AND (e.term_until <= $2 "
    "OR $3::date IS NOT NULL AND (e.born_on IS NULL OR e.born_on <= $3))",
}
_BY_NAME = "e.name_sort, e.id"
_ORDERS: Mapping[Only, str] = {
    "in_pool": _BY_NAME,
    "left": _BY_NAME,
    "ending": f"e.term_until, {_BY_NAME}",
    "over": f"e.term_until, {_BY_NAME}",
}


@dataclass(frozen=True)
class ExpertLine:
    """``age`` in completed years; None before the ID number was read. ``term_over``, ``over_age``: not drawn now."""

    id: UUID
    number: Annotated[str, Field(examples=["ZJ0100001"])]
    name: str
    membership_status: Literal["formal", "temporary"]
    active: bool
    term_until: datetime | None
    age: int | None
    term_over: bool
    over_age: bool
    left_at: datetime | None
    left_reason: str


@dataclass(frozen=True)
class RemovedExpert:
    """`calls`: number of open invitations that were cancelled."""

    expert_id: UUID
    left_at: datetime
    calls: int


@dataclass(frozen=True)
class ExpertAdministration:
    deps: Deps
    notices: Notices
    places: Places

    async def page(
        self, actor: Actor, only: Only = "in_pool", search: str = "", *, page: int = 1, size: int = 20
    ) -> Page[ExpertLine]:
        """By expiry, else by name. ``search`` is a number or the beginning of a name."""
        check(actor, "expert.read")
        if only not in get_args(Only):
            raise InvalidInput("没有这种筛选，请从列表中选择。", field="only")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        word = check_text(search, "search", "搜索词", 50).replace("\\", "").replace("%", "").replace("_", "")
        rules, now = self.deps.book(actor.pool).entry, self.deps.now()
        soon, limit = now + rules.ending_notice, rules.age_max
        oldest = [born_after(local(at).date(), limit) if limit is not None else None for at in (now, soon)]
        facts: Mapping[Only, Sequence[object]] = {"ending": (now, soon, *oldest), "over": (now, oldest[0])}
        values = SqlValues(actor.pool, *facts.get(only, ()))
        source = f"expert e WHERE e.pool = $1 AND {_FILTERS[only]}"
        if word:
            source += _named_or_numbered(values.add(word))
        expert_rows, total = await read_page(
            _COLUMNS, "e", source, _ORDERS[only], values, offset=(page - 1) * size, limit=size
        )
        return Page(tuple(_expert_line(row, now, oldest[0]) for row in expert_rows), total)

    async def remove_from_pool(
        self, actor: Actor, expert_id: UUID, reason: str, *, key: str | None = None
    ) -> RemovedExpert:
        """End an expert's record: he is no longer drawn or called, open calls are cancelled, and he is notified.

        Raises NotFound, Conflict for an expert who has left, or who has accepted panels that must be resolved first.
        """
        check(actor, "expert.manage")
        words = check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)
        now = self.deps.now()

        async def run() -> RemovedExpert:
            return await self._remove_from_pool(actor, expert_id, words, now)

        return await once(
            owner=f"expert.leave:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=RemovedExpert,
            run=run,
            request=f"{expert_id} {words}",
        )

    async def _remove_from_pool(self, actor: Actor, expert_id: UUID, reason: str, now: datetime) -> RemovedExpert:
        draws = await self._lock_draws(expert_id)
        expert = await Expert.select_for_update().get_or_none(id=expert_id, pool=actor.pool)
        if expert is None:
            raise NotFound("找不到这位专家，请返回列表后刷新。", code="expert_unknown")
        if expert.left_at is not None:
            raise Conflict(f"该专家已于{print_time(expert.left_at)}退库，无需重复办理。", code="already_left")
        await self._check_no_panel(expert.id, now)
        calls = await Invitation.filter(expert_id=expert.id, state=InvitationState.OPEN).select_for_update()
        for call in calls:
            if call.draw_id not in draws:  # opened between the two locks
                raise Conflict("系统正在通知该专家参加评标，请稍后再试。", code="being_called")
            await self.places.apply(draws[call.draw_id], call, InvitationEvent.CANCEL, now, by="office")
        await remove_expert(self.deps, actor, expert, reason, now)
        await record(actor, now, "expert.leave", "expert", expert.id, reason=reason, calls=len(calls))
        await self.notices.notify(
            pool=expert.pool,
            kind="expert_left",
            expert_id=expert.id,
            dedupe_key=f"expert_left:{expert.id}:{now.isoformat()}",
            params={"reason": reason, "hotline": self.deps.book(expert.pool).pool.hotline},
        )
        return RemovedExpert(expert.id, now, len(calls))

    async def _lock_draws(self, expert_id: UUID) -> Mapping[UUID, Locked]:
        """Draws before experts, as calling does."""
        calls = Invitation.filter(expert_id=expert_id, state=InvitationState.OPEN)
        return {call.draw_id: await lock(call.draw_id) for call in await calls.order_by("draw_id")}

    async def _check_no_panel(self, expert_id: UUID, now: datetime) -> None:
        panels_ahead = Invitation.filter(expert_id=expert_id, state=InvitationState.ACCEPTED, ends_at__gt=now)
        panel = await panels_ahead.order_by("gathering_at").first()
        if panel is not None:
            when = print_time(panel.gathering_at)
            raise Conflict(
                f"该专家已确认参加{when}集合的评标，请在评标结束或本人请假后再办理退库。", code="panels_ahead"
            )


def _named_or_numbered(word: str) -> str:
    """SQL: the number equals the value of the placeholder ``word``, or the name begins with it. A range, since LIKE
    with a parameter uses no index."""
    name = 'e.name COLLATE "C"'
    return f" AND (e.number = {word} OR {name} >= {word} AND {name} < {word} || chr(1114111))"


def _expert_line(row: Mapping[str, Any], now: datetime, oldest: date | None) -> ExpertLine:
    born, term = row["born_on"], row["term_until"]
    return ExpertLine(
        row["id"],
        row["number"],
        row["name"],
        row["membership_status"],
        row["active"],
        term,
        age_on(born, local(now).date()) if born else None,
        term is not None and term <= now,
        oldest is not None and (born is None or born <= oldest),
        row["left_at"],
        row["left_reason"],
    )
