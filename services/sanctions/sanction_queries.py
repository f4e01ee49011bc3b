"""What the office has imposed on experts, as the expert and the office read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import InvalidInput
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from models.accounts import Account
from models.experts import Expert
from models.sanctions import Sanction
from services.core.base import Actor, Deps, Page
from services.core.crypto import TEXT
from services.core.pages import read_page
from services.core.permissions import check
from services.core.sql_values import SqlValues

PROPOSALS = "s.state = 'proposed'"
APPEALS = "s.appealed_at IS NOT NULL AND s.answered_at IS NULL"
Chosen = Literal["proposed", "appealed", "in_force", "all"]
_CHOSEN: Mapping[str, str] = {
    "proposed": PROPOSALS,
    "appealed": APPEALS,
    "in_force": "s.state = 'imposed' AND s.kind <> 'removal' AND (s.ends_at IS NULL OR s.ends_at > $2)",
    "all": "TRUE",
}
PAGE_MAX = 100


@dataclass(frozen=True)
class OwnSanction:
    """For the expert. ``appeal_until`` None: no appeal is possible now; ``reply`` empty: it waits for one."""

    id: UUID
    title: str
    period: str
    reason: str
    at: datetime
    state: str
    in_force: bool
    lifted_at: datetime | None
    lift_reason: str
    appeal_until: datetime | None
    appeal: str
    appealed_at: datetime | None
    reply: str
    granted: bool


@dataclass(frozen=True)
class SanctionView:
    """For the office. Names of those who proposed, decided, lifted, answered; empty: the system, or nobody yet.

    ``mine``: the reader proposed it. ``may_confirm``, ``may_answer``: as far as his part in it permits.
    """

    id: UUID
    kind: str
    title: str
    state: str
    state_label: str
    period: str
    reason: str
    withdraws_calls: bool
    evidence: str
    """Name of the file; empty: there is none."""
    proposed_at: datetime
    proposed_by: str
    decided_at: datetime | None
    decided_by: str
    refusal: str
    lifted_at: datetime | None
    lifted_by: str
    lift_reason: str
    appeal: str
    appealed_at: datetime | None
    reply: str
    answered_at: datetime | None
    answered_by: str
    mine: bool
    may_confirm: bool
    may_lift: bool
    may_answer: bool


@dataclass(frozen=True)
class SanctionLine:
    """An entry of the office's list."""

    expert_id: UUID
    name: str
    number: str
    sanction: SanctionView


@dataclass(frozen=True)
class SanctionQueries:
    deps: Deps

    async def own(self, actor: Actor) -> tuple[OwnSanction, ...]:
        """What was imposed on the actor, newest first, also before he left the pool."""
        check(actor, "sanction.own")
        experts = await Expert.filter(account_id=actor.account_id, pool=actor.pool).values_list("id", flat=True)
        imposed = Sanction.filter(expert_id__in=list(experts), state__in=[SanctionState.IMPOSED, SanctionState.LIFTED])
        return tuple(self.own_view(sanction) for sanction in await imposed.order_by("-decided_at", "id"))

    async def of_expert(self, actor: Actor, expert_id: UUID) -> tuple[SanctionView, ...]:
        """All acts against an expert, newest first, for the office."""
        check(actor, "expert.read")
        sanctions = await Sanction.filter(expert_id=expert_id, pool=actor.pool).order_by("-proposed_at", "id")
        names = await _names(sanctions)
        return tuple(self._view(actor, sanction, names) for sanction in sanctions)

    async def page(self, actor: Actor, chosen: Chosen, *, offset: int = 0, limit: int = 20) -> Page[SanctionLine]:
        """Newest first. Raises InvalidInput for an unknown choice."""
        check(actor, "expert.read")
        if chosen not in _CHOSEN or not 1 <= limit <= PAGE_MAX or offset < 0:
            raise InvalidInput("没有这个列表，请重新选择。", field="state")
        values = SqlValues(actor.pool, self.deps.now())
        where = f"s.pool = $1 AND $2::timestamptz IS NOT NULL AND {_CHOSEN[chosen]}"
        listed, total = await read_page(
            "s.id, s.expert_id, e.name, e.number",
            "s JOIN expert e ON e.id = s.expert_id",
            f"sanction s WHERE {where}",
            "s.proposed_at DESC, s.id",
            values,
            offset=offset,
            limit=limit,
        )
        sanctions = {each.id: each for each in await Sanction.filter(id__in=[row["id"] for row in listed])}
        names = await _names(sanctions.values())
        lines = (
            SanctionLine(row["expert_id"], row["name"], row["number"], self._view(actor, sanctions[row["id"]], names))
            for row in listed
        )
        return Page(tuple(lines), total)

    def own_view(self, sanction: Sanction) -> OwnSanction:
        now, until = self.deps.now(), self.appeal_until(sanction)
        open_to_appeal = sanction.state == SanctionState.IMPOSED and sanction.appealed_at is None
        return OwnSanction(
            id=sanction.id,
            title=SanctionKind(sanction.kind).label,
            period=_period(sanction),
            reason=sanction.reason,
            at=sanction.decided_at or sanction.proposed_at,
            state=_state_words(sanction, now),
            in_force=_is_in_force(sanction, now),
            lifted_at=sanction.lifted_at,
            lift_reason=sanction.lift_reason,
            appeal_until=until if open_to_appeal and until is not None and until > now else None,
            appeal=self._appeal(sanction),
            appealed_at=sanction.appealed_at,
            reply=sanction.answer,
            granted=sanction.answered_at is not None and sanction.state == SanctionState.LIFTED,
        )

    def appeal_until(self, sanction: Sanction) -> datetime | None:
        """None for one that has not taken effect."""
        if sanction.decided_at is None:
            return None
        return sanction.decided_at + self.deps.book(sanction.pool).sanctions.appeal_within

    def _appeal(self, sanction: Sanction) -> str:
        return self.deps.keys.read(sanction.appeal_sealed, TEXT)

    def _view(self, actor: Actor, sanction: Sanction, names: Mapping[UUID, str]) -> SanctionView:
        state, now = SanctionState(sanction.state), self.deps.now()
        parts = (sanction.proposed_by, sanction.decided_by)

        def name(account_id: UUID | None) -> str:
            return names.get(account_id, "") if account_id else ""

        return SanctionView(
            id=sanction.id,
            kind=sanction.kind,
            title=SanctionKind(sanction.kind).label,
            state=state.value,
            state_label=_state_words(sanction, now),
            period=_period(sanction),
            reason=sanction.reason,
            withdraws_calls=sanction.withdraws_calls,
            evidence=sanction.files[0]["filename"] if sanction.files else "",
            proposed_at=sanction.proposed_at,
            proposed_by=name(sanction.proposed_by),
            decided_at=sanction.decided_at,
            decided_by=name(sanction.decided_by),
            refusal=sanction.refusal,
            lifted_at=sanction.lifted_at,
            lifted_by=name(sanction.lifted_by),
            lift_reason=sanction.lift_reason,
            appeal=self._appeal(sanction),
            appealed_at=sanction.appealed_at,
            reply=sanction.answer,
            answered_at=sanction.answered_at,
            answered_by=name(sanction.answered_by),
            mine=sanction.proposed_by == actor.account_id,
            may_confirm=state == SanctionState.PROPOSED and sanction.proposed_by != actor.account_id,
            may_lift=_is_in_force(sanction, now) and sanction.kind != SanctionKind.REMOVAL,
            may_answer=bool(sanction.appealed_at and not sanction.answered_at) and actor.account_id not in parts,
        )


def _is_in_force(sanction: Sanction, now: datetime) -> bool:
    """Imposed, and its time is not over; it may lie ahead."""
    return sanction.state == SanctionState.IMPOSED and (sanction.ends_at is None or sanction.ends_at > now)


def _state_words(sanction: Sanction, now: datetime) -> str:
    state = SanctionState(sanction.state)
    if state != SanctionState.IMPOSED:
        return state.label
    if sanction.ends_at is not None and sanction.ends_at <= now:
        return "已到期"
    return "未开始" if sanction.starts_at is not None and sanction.starts_at > now else state.label


def _period(sanction: Sanction) -> str:
    return "" if sanction.kind == SanctionKind.REMOVAL else period_words(sanction.starts_at, sanction.ends_at)


async def _names(sanctions: Iterable[Sanction]) -> dict[UUID, str]:
    """Names of those who had a part in them, by account."""
    ids = {
        account_id
        for sanction in sanctions
        for account_id in (sanction.proposed_by, sanction.decided_by, sanction.lifted_by, sanction.answered_by)
        if account_id
    }
    accounts = await Account.filter(id__in=list(ids)) if ids else []
    return {account.id: account.real_name for account in accounts}
