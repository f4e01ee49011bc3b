"""The venue's side: present experts, computed amounts, proposals, and answers to objections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.clock import print_time
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.faults import Faults
from domain.payments.money import yuan
from domain.remuneration.fees import FeeLine, Trip, compute_fee, lines_of_amount, total
from domain.remuneration.lifecycles import RemunerationEvent, RemunerationState
from domain.rulebook.book import Rulebook
from models.draws import Draw
from models.remuneration import Remuneration
from services.core import permissions
from services.core.base import Actor, Deps, from_row, record, rows, transaction, violation
from services.core.limits import check_repeats
from services.core.short_texts import check_no_link, check_text
from services.draws import DrawAccess, lock
from services.notifications import Notices
from services.remuneration.records import (
    CAME,
    LineView,
    day_of,
    line_views,
    lines_as_json,
    move_remuneration,
    reply_until,
    silence_confirms,
)

WORDS_LONGEST = 200
_SILENCE = {True: "逾期视为确认", False: "与标准不同，未经您确认不支付"}
_CITY = 4
"""Digits of a region's code that identify its city."""
_CAME = f"""
SELECT i.id, i.code, i.state, i.gathering_at, i.expert_id, e.name, e.account_id, e.permanent_region, p.region,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at,
  (SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at,
  (SELECT r FROM remuneration r WHERE r.invitation_id = i.id) AS existing
FROM invitation i JOIN expert e ON e.id = i.expert_id JOIN draw d ON d.id = i.draw_id
JOIN project p ON p.id = d.project_id
WHERE i.draw_id = $1 AND ($2::uuid IS NULL OR i.id = $2) AND {CAME} ORDER BY i.code
"""


@dataclass(frozen=True)
class RemunerationRow:
    """One present expert. ``computed`` by the table, None without one; fields after ``id`` are empty until proposed."""

    invitation_id: UUID
    code: Annotated[str, Field(examples=["204816"])]
    name: Annotated[str, Field(description="Empty until unsealing, also of a panel that was called off before")]
    entered_at: datetime | None
    left_at: datetime | None
    exit_registered: Annotated[bool, Field(description="false: the activity's end was taken instead")]
    exit_late: Annotated[bool, Field(description="The exit was registered after the activity's end, which was taken")]
    sat: Annotated[bool, Field(description="false: came and did not take part (误工)")]
    minutes: Annotated[int, Field(description="Of the evaluation, from gathering or entry to the exit")]
    computed: Annotated[int | None, Field(description="Fen; null: the pool has set no standard")]
    computed_lines: tuple[LineView, ...]
    id: UUID | None = None
    state: RemunerationState | None = None
    amount: Annotated[int | None, Field(description="Fen")] = None
    lines: tuple[LineView, ...] = ()
    reason: str = ""
    version: int = 0
    answer_until: datetime | None = None
    silence_confirms: Annotated[bool, Field(description="No answer counts as a yes: the amount is the standard's")] = (
        False
    )
    reply_until: Annotated[datetime | None, Field(description="Of the venue, while it owes an answer")] = None
    dispute: str = ""
    reply: str = ""
    paid_on: date | None = None
    paid_way: str = ""
    reminded_at: Annotated[datetime | None, Field(description="When the expert last said that it has not arrived")] = (
        None
    )


@dataclass(frozen=True)
class DrawRemuneration:
    """All remunerations of a draw. ``standard`` empty: the pool has set none. Sums in fen, over proposals so far."""

    draw_id: UUID
    ended: Annotated[bool, Field(description="Proposals are made once the activity has ended")]
    standard: Annotated[str, Field(examples=["粤发改规〔2020〕1号"])]
    unseals_at: Annotated[datetime | None, Field(description="When names are shown; null: they are")]
    rows: tuple[RemunerationRow, ...]
    total: int
    payable: Annotated[int, Field(description="Confirmed and not yet paid")]
    paid: int


@dataclass(frozen=True)
class Proposals:
    deps: Deps
    notices: Notices
    access: DrawAccess

    async def get_draw_remuneration(self, actor: Actor, draw_id: UUID) -> DrawRemuneration:
        """Present experts and amounts. Each reading of names, from unsealing on, is logged. Raises NotFound."""
        permissions.check(actor, "remuneration.read")
        async with transaction():
            draw = await self.access.get(actor, draw_id)
            present_experts = await self._find_present(draw) if draw.ended_at else []
            if present_experts and self.access.is_unsealed(draw):
                await record(actor, self.deps.now(), "remuneration.read", "draw", draw_id)
        table = self.deps.book(draw.pool).remuneration.table
        remuneration_rows = tuple(self._view_row(draw, row) for row in present_experts)
        return DrawRemuneration(
            draw_id=draw.id,
            ended=draw.ended_at is not None,
            standard=table.standard if table else "",
            unseals_at=None if self.access.is_unsealed(draw) else self.access.unseals_at(draw),
            rows=remuneration_rows,
            total=sum(row.amount or 0 for row in remuneration_rows),
            payable=_sum_of_states(remuneration_rows, RemunerationState.CONFIRMED, RemunerationState.ASSUMED),
            paid=_sum_of_states(remuneration_rows, RemunerationState.PAID),
        )

    # ---- proposing

    async def propose(
        self,
        actor: Actor,
        draw_id: UUID,
        invitation_id: UUID,
        amount: int | None = None,
        words: str = "",
    ) -> RemunerationRow:
        """Propose one expert's amount, change it, or answer an objection; the expert is asked (again).

        ``amount`` in fen, None: as computed. ``words`` say why it differs, or answer the objection. The same amount
        twice is harmless. Raises Conflict before the end and once it is paid, NotFound for who did not come.
        """
        permissions.check(actor, "remuneration.propose")
        async with transaction():
            draw = await self._lock_ended(actor, draw_id)
            present_experts = await self._find_present(draw, invitation_id)
            if not present_experts:
                raise NotFound("到场名单中没有这位专家，请刷新后重试。")
            await self._propose_amount(actor, draw, present_experts[0], amount, words)
            # read again: the remuneration is a column of this row
            [row] = await self._find_present(draw, invitation_id)
        return self._view_row(draw, row)

    async def propose_all(self, actor: Actor, draw_id: UUID) -> int:
        """Propose the computed amount to everyone without one; returns how many."""
        permissions.check(actor, "remuneration.propose")
        async with transaction():
            draw = await self._lock_ended(actor, draw_id)
            if self.deps.book(draw.pool).remuneration.table is None:
                raise Conflict("本地区未设置酬劳标准，请逐人填写金额和说明。", code="no_standard")
            open_rows = [row for row in await self._find_present(draw) if row["existing"] is None]
            open_rows = [row for row in open_rows if row["account_id"] is None or row["account_id"] != actor.account_id]
            for row in open_rows:
                await self._propose_amount(actor, draw, row, None, "")
        return len(open_rows)

    async def _lock_ended(self, actor: Actor, draw_id: UUID) -> Draw:
        await self.access.get(actor, draw_id)
        draw = (await lock(draw_id)).draw
        if draw.ended_at is None:
            raise Conflict("活动结束后才能提出酬劳。请先登记全部专家离场，或结束活动。", code="not_ended")
        return draw

    async def _propose_amount(self, actor: Actor, draw: Draw, row: Any, amount: int | None, words: str) -> None:
        if row["account_id"] is not None and row["account_id"] == actor.account_id:
            raise Forbidden("不能提出本人的酬劳，请由其他工作人员办理。", code="own_remuneration")
        earlier = from_row(Remuneration, row["existing"]) if row["existing"] else None
        computed = self._compute(draw, row)
        faults, standard = Faults(), None if computed is None else total(computed)
        amount = faults.check(self._check_amount, self.deps.book(draw.pool), standard if amount is None else amount)
        if earlier and earlier.state != RemunerationState.DISPUTED and earlier.amount == amount:
            return
        words = faults.check(_check_words, words, needed=earlier is not None or standard is None or amount != standard)
        faults.raise_any()
        lines = lines_of_amount(computed, amount, words)
        now = self.deps.now()
        if earlier:
            await check_repeats("remuneration", earlier.id, ("remuneration.revised", "remuneration.kept"), now)
        remuneration = self._new_remuneration(draw, row) if earlier is None else earlier
        event = _revise(remuneration, amount, words) if earlier else "proposed"
        if event != "kept":
            remuneration.lines, remuneration.reason = lines_as_json(lines), words if lines != computed else ""
            remuneration.computed = standard
        remuneration.amount = amount
        remuneration.proposed_by_id, remuneration.proposed_at = actor.account_id, now
        remuneration.answer_until = now + self.deps.book(draw.pool).remuneration.answer_within
        remuneration.answered_at, remuneration.answered_by = None, ""
        await remuneration.save(force_create=earlier is None)
        await record(
            actor, now, f"remuneration.{event}", "remuneration", remuneration.id, amount=amount, draw=draw.number
        )
        await self._notify_expert(draw, row, remuneration, event, words)

    def _new_remuneration(self, draw: Draw, row: Any) -> Remuneration:
        return Remuneration(
            pool=draw.pool, draw_id=draw.id, invitation_id=row["id"], expert_id=row["expert_id"], version=1
        )

    def _check_amount(self, book: Rulebook, amount: int | None) -> int:
        if amount is None:
            raise InvalidInput("本地区未设置酬劳标准，请填写金额和说明。", code="missing", field="amount")
        amount_max = book.remuneration.amount_max
        if not 0 <= amount <= amount_max:
            raise violation(
                book, "remuneration.amount_max", f"金额应为0到{yuan(amount_max)}元，请核对后重新填写。", field="amount"
            )
        return amount

    async def _notify_expert(self, draw: Draw, row: Any, remuneration: Remuneration, event: str, words: str) -> None:
        table = self.deps.book(draw.pool).remuneration.table
        standard_text = f"按{table.standard}计算。" if table else ""
        explanation = {"kept": f"场地答复：{words}", "revised": f"金额已更正：{words}"}.get(event)
        await self.notices.notify(
            pool=draw.pool,
            kind="remuneration_proposed",
            dedupe_key=f"remuneration_proposed:{remuneration.id}:{remuneration.version}",
            params={
                "day": day_of(row["gathering_at"]),
                "amount": yuan(remuneration.amount),
                "answer_by": print_time(remuneration.answer_until) if remuneration.answer_until else "",
                "silence": _SILENCE[silence_confirms(remuneration.amount, remuneration.computed)],
                "reason": explanation or (f"说明：{words}" if words else standard_text),
            },
            expert_id=remuneration.expert_id,
        )

    # ---- queries

    async def _find_present(self, draw: Draw, invitation_id: UUID | None = None) -> list[Any]:
        return await rows(_CAME, draw.id, invitation_id)

    def _compute(self, draw: Draw, row: Any) -> tuple[FeeLine, ...] | None:
        table = self.deps.book(draw.pool).remuneration.table
        return compute_fee(table, trip_of(draw, row)) if table else None

    def _view_row(self, draw: Draw, row: Any) -> RemunerationRow:
        trip, computed = trip_of(draw, row), self._compute(draw, row)
        remuneration = from_row(Remuneration, row["existing"]) if row["existing"] else None
        bare = RemunerationRow(
            invitation_id=row["id"],
            code=row["code"],
            name=row["name"] if self.access.is_unsealed(draw) else "",
            entered_at=row["entered_at"],
            left_at=row["left_at"],
            exit_registered=row["left_at"] is not None,
            exit_late=bool(row["left_at"] and draw.ended_at and row["left_at"] > draw.ended_at),
            sat=bool(trip.length),
            minutes=int(trip.length.total_seconds() // 60),
            computed=None if computed is None else total(computed),
            computed_lines=line_views(lines_as_json(computed or ())),
        )
        return (
            bare
            if remuneration is None
            else _with_remuneration(bare, remuneration, reply_until(self.deps.book(draw.pool), remuneration))
        )


def trip_of(draw: Draw, row: Any) -> Trip:
    """From the later of gathering and entry to the exit, at most to the draw's end; without a registered exit, to that
    end, and never beyond the expected one. Compares the city of the expert's residence with the project's. No draw is
    ended by time before its expected end, so an earlier end was entered by a person."""
    elsewhere = row["permanent_region"][:_CITY] != row["region"][:_CITY]
    if row["entered_at"] is None or row["state"] != InvitationState.ACCEPTED or draw.ended_at is None:
        return Trip(False, from_elsewhere=elsewhere)
    began = max(row["entered_at"], row["gathering_at"])
    ended = min(row["left_at"] or draw.ends_at, draw.ended_at)
    return Trip(True, began, ended, elsewhere) if ended > began else Trip(False, from_elsewhere=elsewhere)


def _revise(remuneration: Remuneration, amount: int, words: str) -> str:
    """Move an existing one for a new proposal; returns the name of the action."""
    is_disputed = remuneration.state == RemunerationState.DISPUTED
    keeps_amount = is_disputed and remuneration.amount == amount
    move_remuneration(remuneration, RemunerationEvent.KEEP if keeps_amount else RemunerationEvent.REVISE)
    remuneration.reply = words if is_disputed else ""
    remuneration.version += 1
    return "kept" if keeps_amount else "revised"


def _check_words(words: str, *, needed: bool) -> str:
    text = check_text(words, "words", "说明", WORDS_LONGEST, required=needed)
    return check_no_link(text, "words", "说明") if text else ""


def _sum_of_states(remuneration_rows: Sequence[RemunerationRow], *states: RemunerationState) -> int:
    return sum(row.amount or 0 for row in remuneration_rows if row.state in states)


def _with_remuneration(bare: RemunerationRow, remuneration: Remuneration, until: datetime | None) -> RemunerationRow:
    facts = {name: getattr(bare, name) for name in RemunerationRow.__dataclass_fields__}
    facts |= {name: getattr(remuneration, name) for name in _OF_RECORD}
    facts |= {
        "state": RemunerationState(remuneration.state),
        "lines": line_views(remuneration.lines),
        "reply_until": until,
        "silence_confirms": silence_confirms(remuneration.amount, remuneration.computed),
    }
    return RemunerationRow(**facts)


_OF_RECORD = (
    "id",
    "amount",
    "reason",
    "version",
    "answer_until",
    "dispute",
    "reply",
    "paid_on",
    "paid_way",
    "reminded_at",
)
