"""Fixing the order so that no party can choose it: commitments, frozen lists, reveals, the seed.

The acts of a round, each in the log: the system commits to a secret; the candidate lists are frozen and their roots
published; the agency's and the supervisor's devices commit to 128 random bits each; both reveal; the seed follows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.clock import local, print_time
from domain.draws import random_draw, record
from domain.draws.lifecycles import DrawEvent, DrawState
from domain.draws.round_stage import RoundAborts, RoundStage, find_stage, print_parties
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.draws import CandidateList, Draw, Round, Supervisor
from services.core.base import Actor, Deps, system, transaction, violation
from services.core.base import record as audit
from services.draws.call_order.round_abort import (
    BY_AGENCY,
    abort_round,
    restore_state_before_round,
)
from services.draws.call_order.round_opening import RoundOpening
from services.draws.given_up_rounds import aborts_of
from services.draws.locks import Locked, lock, lock_own_draw, move
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import append_to_log
from services.draws.scopes import acts_for_agency, check_owner
from services.draws.supervisor_choice import supervisor_account
from services.draws.views import DrawView


@dataclass(frozen=True)
class RoundView:
    """`commitment` is the system's. `committed` and `revealed`: roles that did so. `seed`: set once all revealed.

    `start_by`: when the system starts calling by itself; null before the seed and after the start. `is_late`: the time
    for the present act has passed. `in_vain`: the round can only be given up.
    """

    draw_number: str
    round_number: int
    commitment: str
    head: str
    committed: Annotated[tuple[str, ...], Field(examples=[["agency"]])]
    revealed: tuple[str, ...]
    seed: str
    reveal_until: datetime | None
    start_by: datetime | None
    is_late: bool
    in_vain: bool


@dataclass(frozen=True)
class Rounds:
    """Opening, committing, revealing, aborting."""

    deps: Deps
    opening: RoundOpening
    parties: PartyNotifications

    async def open(self, actor: Actor, draw_id: UUID) -> RoundView:
        """Begin the first order of a verified draw: the system commits, then the lists are frozen.

        A draw has one seed for its life. Raises Conflict when it is fixed already, RuleViolation when it is too early.
        """
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评通知的是原专家，不需要摇号，请逐一通知专家。", code="recall")
            await self._check_order_not_fixed(locked.draw)
            self._check_earliest(locked.draw)
            await move(locked.draw, DrawEvent.OPEN_ROUND)
            round_row = await self.opening.open(locked, [c.position for c in locked.conditions])
            await audit(actor, self.deps.now(), "draw.round_opened", "draw", draw_id, round=round_row.number)
            return self._view(locked.draw, round_row)

    async def _check_order_not_fixed(self, draw: Draw) -> None:
        if await Round.filter(draw_id=draw.id).exclude(seed="").exists():
            raise Conflict(
                "本活动的抽取顺序已经确定，不能重新生成。缺额请用“启动补抽”按原顺序继续。", code="order_stands"
            )

    def _check_earliest(self, draw: Draw) -> None:
        book = self.deps.book(draw.pool)
        earliest = book.earliest_draw(draw.starts_at)
        if earliest is not None and self.deps.now() < earliest:
            raise violation(
                book,
                "draw.earliest_before_evaluation",
                f"还不能确定抽取顺序，最早可在{print_time(earliest)}开始三方摇号。",
            )

    async def widen(self, locked: Locked, positions: Sequence[int]) -> RoundView:
        """A further order, for conditions whose orders are exhausted and whose regions the caller has widened."""
        draw = locked.draw
        limit = self.deps.book(draw.pool).draw.supplement.widenings_max
        seeds = await Round.filter(draw_id=draw.id).exclude(seed="").count()
        if seeds > limit:
            raise violation(
                self.deps.book(draw.pool),
                "draw.supplement.widenings_max",
                f"本活动已扩大地区{limit}次，不能再扩大。请终止本活动，重新申请抽取。",
            )
        await move(draw, DrawEvent.WIDEN)
        return self._view(draw, await self.opening.open(locked, positions))

    async def commit(self, actor: Actor, draw_id: UUID, role: str, commitment: str) -> RoundView:
        """Commit as a participant's device. Raises Conflict when it already did, InvalidInput for an invalid SHA-256
        hex."""
        digest = _parse_hex(commitment, random_draw.DIGEST_BYTES, "commitment")
        async with transaction():
            locked, round_row = await self._lock_round(actor, draw_id, role)
            if role in round_row.commitments:
                if round_row.commitments[role] == digest.hex():
                    return self._view(locked.draw, round_row)
                raise Conflict("本轮已提交过随机数，不能更改。", code="already_committed")
            now = self.deps.now()
            self._check_commit_in_time(round_row, now)
            round_row.commitments = {**round_row.commitments, role: digest.hex()}
            if set(round_row.commitments) == set(self._roles(locked.draw)):
                round_row.reveal_until = now + self.deps.book(locked.draw.pool).draw.commitments.reveal_timeout
            await round_row.save(update_fields=["commitments", "reveal_until"])
            await append_to_log(locked.draw, now, record.ParticipantCommitted(round_row.number, role, digest))
            await audit(actor, now, "draw.number_committed", "draw", draw_id, round=round_row.number)
            return self._view(locked.draw, round_row)

    def _check_commit_in_time(self, round_row: Round, now: datetime) -> None:
        until = round_row.reveal_until
        if until is not None and now >= until:
            raise Conflict(
                f"提交随机数的时限（{local(until):%H:%M}）已过，请代理机构终止本轮后重新摇号。", code="commit_late"
            )

    async def reveal(self, actor: Actor, draw_id: UUID, role: str, value: str) -> RoundView:
        """Reveal the committed value; the last reveal fixes the seed and the orders."""
        raw = _parse_hex(value, random_draw.VALUE_BYTES, "value")
        async with transaction():
            locked, round_row = await self._lock_round(actor, draw_id, role)
            if set(round_row.commitments) != set(self._roles(locked.draw)):
                # else the second device could choose its value by the first one's
                raise Conflict("请等各方都提交随机数后再公开。", code="commitments_missing")
            if role in round_row.reveals:
                return self._view(locked.draw, round_row)
            draw = locked.draw
            random_draw.check_reveal(
                role, raw, bytes.fromhex(round_row.commitments[role]), draw.number, round_row.number
            )
            now = self.deps.now()
            round_row.reveals = {**round_row.reveals, role: raw.hex()}
            await round_row.save(update_fields=["reveals"])
            await append_to_log(draw, now, record.ParticipantRevealed(round_row.number, role, raw))
            await audit(actor, now, "draw.number_revealed", "draw", draw_id, round=round_row.number)
            if set(round_row.reveals) == set(self._roles(draw)):
                await self._fix_seed(locked, round_row, now)
            return self._view(draw, round_row)

    async def _fix_seed(self, locked: Locked, round_row: Round, now: datetime) -> None:
        draw = locked.draw
        secret = self.deps.keys.open(round_row.secret_sealed, "round")
        lists = await CandidateList.filter(round_id=round_row.id)
        roots = [(item.condition_position, item.tier, bytes.fromhex(item.root)) for item in lists]
        values = {role: bytes.fromhex(value) for role, value in round_row.reveals.items()}
        seed = random_draw.seed(draw.number, round_row.number, secret, roots, values)
        round_row.seed = seed.hex()
        round_row.start_by = now + self.deps.book(draw.pool).draw.commitments.start_within
        await round_row.save(update_fields=["seed", "start_by"])
        for item in lists:
            leaves = [item.leaves[i : i + 32] for i in range(0, len(item.leaves), 32)]
            # a list may have 20,000 leaves, and other requests must be served meanwhile
            walk = await asyncio.to_thread(random_draw.order_indices, seed, item.condition_position, item.tier, leaves)
            item.walk = b"".join(index.to_bytes(4, "big") for index in walk)
            await item.save(update_fields=["walk"])
        await append_to_log(draw, now, record.SeedFixed(round_row.number, secret, seed))
        await audit(system(draw.pool), now, "draw.order_fixed", "draw", draw.id, round=round_row.number)
        for condition in locked.conditions:
            if str(condition.position) in round_row.conditions:
                condition.round_number, condition.tier = round_row.number, "main"
                condition.cursor, condition.exhausted = 0, False
                await condition.save(update_fields=["round_number", "tier", "cursor", "exhausted"])

    async def abort(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """Abort a round when a device doesn't respond in time; the record names the roles that did not."""
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            round_row = await self._get_open_round(locked.draw)
            now = self.deps.now()
            if round_row.reveals and round_row.reveal_until is not None and now < round_row.reveal_until:
                raise Conflict("已有一方公开随机数，请等到公开时限过后再终止本轮。", code="reveal_pending")
            facts = await self._abort_facts(locked.draw, round_row)
            await abort_round(locked.draw, round_row, self._roles(locked.draw), now, BY_AGENCY)
            await restore_state_before_round(locked.draw)
            await self.parties.notify(locked.draw, "aborted", facts, by=actor.account_id)
            await audit(actor, now, "draw.round_aborted", "draw", draw_id, round=round_row.number, reason=reason)

    def _view(self, draw: Draw, round_row: Round) -> RoundView:
        stage = self._find_stage(draw, round_row)
        return RoundView(
            draw.number,
            round_row.number,
            round_row.commitment,
            draw.log_head,
            tuple(sorted(round_row.commitments)),
            tuple(sorted(round_row.reveals)),
            round_row.seed,
            round_row.reveal_until,
            round_row.start_by,
            is_late=stage is not None and stage.is_late,
            in_vain=stage is not None and stage.in_vain,
        )

    def _find_stage(self, draw: Draw, round_row: Round) -> RoundStage | None:
        """None once the order is fixed, and before the round has a deadline."""
        until, now = round_row.reveal_until, self.deps.now()
        if round_row.seed or until is None:
            return None
        return find_stage(self._roles(draw), round_row.commitments, round_row.reveals, until, now)

    async def _abort_facts(self, draw: Draw, round_row: Round) -> dict[str, str | int]:
        """For whom the round waited in vain, and the number of this abort."""
        aborts = await self.aborts_of(draw)
        count, most = aborts.after(withheld=bool(round_row.reveals))
        stage = self._find_stage(draw, round_row)
        cause = f"{print_parties(stage.waits_for)}缺席" if stage and stage.is_late else "本轮摇号已终止"
        return {"cause": cause, "count": count, "most": most}

    async def aborts_of(self, draw: Draw | DrawView) -> RoundAborts:
        """Rounds of a draw that were given up. The caller has checked that the draw may be seen."""
        return aborts_of(self.deps.book(draw.pool), await Round.filter(draw_id=draw.id))

    async def view(self, actor: Actor, draw_id: UUID, role: str) -> RoundView | None:
        """The newest round as a participant sees it; None before the first."""
        draw = await Draw.get_or_none(id=draw_id)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        await self._check_participant(actor, draw, role)
        round_row = await Round.filter(draw_id=draw_id).order_by("-number").first()
        return self._view(draw, round_row) if round_row else None

    def _roles(self, draw: Draw) -> tuple[str, ...]:
        return tuple(self.deps.book(draw.pool).draw.commitments.roles)

    async def _lock_round(self, actor: Actor, draw_id: UUID, role: str) -> tuple[Locked, Round]:
        locked = await lock(draw_id)
        if role not in self._roles(locked.draw):
            raise InvalidInput("您不参与本次摇号，请刷新页面后核对。", field="role")
        await self._check_participant(actor, locked.draw, role)
        if locked.state != DrawState.COMMITTING:
            raise Conflict("现在不是提交随机数的时候，请刷新页面。", code="not_committing")
        return locked, await self._get_open_round(locked.draw)

    async def _check_participant(self, actor: Actor, draw: Draw, role: str) -> None:
        if role == "agency":
            check_owner(actor, draw)
            return
        if actor.pool != draw.pool or actor.account_id is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        if await acts_for_agency(draw, actor.account_id):
            raise Forbidden("招标人和代理机构的人员不能代替监督人。")
        for supervisor in await Supervisor.filter(draw_id=draw.id):
            if await supervisor_account(draw.pool, supervisor.mobile_hash) == actor.account_id:
                return
        raise Forbidden("您不是本次抽取的监督人。")

    async def _get_open_round(self, draw: Draw) -> Round:
        round_row = await Round.filter(draw_id=draw.id, aborted_at=None, seed="").order_by("-number").first()
        if round_row is None:
            raise Conflict("本轮已经结束，请刷新页面。", code="round_over")
        return round_row


def _parse_hex(value: str, size: int, field: str) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except ValueError as error:
        raise InvalidInput("随机数无法识别，请刷新页面后重新提交。", field=field) from error
    if len(raw) != size:
        raise InvalidInput("随机数长度不对，请刷新页面后重新提交。", field=field)
    return raw
