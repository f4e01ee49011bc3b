"""Fixing the order so that no party can choose it: commitments, frozen lists, reveals, the seed.

The acts of a round, each in the log: the system commits to a secret; the candidate lists are frozen and their roots
published; the agency's and the supervisor's devices commit to 128 random bits each; both reveal; the seed follows.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.clock import local, print_time
from domain.draws import random_draw, record
from domain.draws.lifecycles import DrawEvent, DrawState
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.draws import CallNotice, CandidateList, Condition, Draw, LogEntry, Round, Supervisor
from services.core.base import Actor, Deps, transaction, violation
from services.core.base import record as audit
from services.draws.call_order.freeze import freeze_lists
from services.draws.call_order.origins import follows
from services.draws.call_order.recusal_commitment import commit_recusals
from services.draws.party_notifications import PartyNotifications
from services.draws.repository import Locked, acts_for_agency, append, check_owner, draw_params, lock, lock_for, move
from services.draws.supervisor_choice import check_supervisors, supervisor_facts
from services.notifications import Notices

BY_AGENCY = "agency"
"""The published reason of an aborted round; the agency's own words stay in the audit log."""
BY_TIME = "time_over"


@dataclass(frozen=True)
class RoundView:
    """`commitment` is the system's. `committed` and `revealed`: roles that did so. `seed`: set once all revealed.

    `start_by`: when the system starts calling by itself; null before the seed and after the start.
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


class Rounds:
    """Opening, committing, revealing, aborting."""

    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices
        self._parties = PartyNotifications(deps, notices)

    async def open(self, actor: Actor, draw_id: UUID) -> RoundView:
        """Begin the first order of a verified draw: the system commits, then the lists are frozen.

        A draw has one seed for its life. Raises Conflict when it is fixed already, RuleViolation when it is too early.
        """
        async with transaction():
            locked = await lock_for(actor, draw_id)
            if locked.draw.kind == "recall":
                raise Conflict("复评通知的是原专家，不需要摇号，请逐一通知专家。", code="recall")
            await self._check_unordered(locked.draw)
            self._check_earliest(locked.draw)
            await move(locked.draw, DrawEvent.OPEN_ROUND)
            view = await self._begin(locked, [c.position for c in locked.conditions])
            await audit(actor, self._deps.now(), "draw.round_opened", "draw", draw_id, round=view.round_number)
            return view

    async def _check_unordered(self, draw: Draw) -> None:
        if await Round.filter(draw_id=draw.id).exclude(seed="").exists():
            raise Conflict(
                "本活动的抽取顺序已经确定，不能重新生成。缺额请用“启动补抽”按原顺序继续。", code="order_stands"
            )

    def _check_earliest(self, draw: Draw) -> None:
        book = self._deps.book(draw.pool)
        earliest = book.earliest_draw(draw.starts_at)
        if earliest is not None and self._deps.now() < earliest:
            raise violation(
                book,
                "draw.earliest_before_evaluation",
                f"还不能确定抽取顺序，最早可在{print_time(earliest)}开始三方摇号。",
            )

    async def widen(self, locked: Locked, positions: Sequence[int]) -> RoundView:
        """A further order, for conditions whose orders are exhausted and whose regions the caller has widened."""
        draw = locked.draw
        limit = self._deps.book(draw.pool).draw.supplement.widenings_max
        seeds = await Round.filter(draw_id=draw.id).exclude(seed="").count()
        if seeds > limit:
            raise violation(
                self._deps.book(draw.pool),
                "draw.supplement.widenings_max",
                f"本活动已扩大地区{limit}次，不能再扩大。请终止本活动，重新申请抽取。",
            )
        await move(draw, DrawEvent.WIDEN)
        return await self._begin(locked, positions)

    async def _begin(self, locked: Locked, positions: Sequence[int]) -> RoundView:
        """Open a round for the given conditions, in the caller's transaction."""
        draw, now = locked.draw, self._deps.now()
        book = self._deps.book(draw.pool)
        earlier = await Round.filter(draw_id=draw.id).order_by("number")
        self._check_given_up(draw, earlier)
        number = len(earlier) + 1
        conditions = [c for c in locked.conditions if c.position in positions]
        await check_supervisors(draw)
        secret = os.urandom(random_draw.SECRET_BYTES)
        commitment = random_draw.system_commitment(secret, draw.number, number)
        if draw.kind == "redraw" and not earlier:
            await append(draw, now, await follows(draw))
        await append(
            draw,
            now,
            await self._opened(draw, earlier, conditions),
            record.SystemCommitted(number, commitment),
            record.RecusalsCommitted(number, await commit_recusals(self._deps.keys, draw, number)),
        )
        draw.lead_seconds = int(book.draw.calling.stop_before_gathering.total_seconds())
        await draw.save(update_fields=["lead_seconds"])
        round_row = await Round.create(
            draw_id=draw.id,
            number=number,
            conditions=[str(p) for p in positions],
            secret_sealed=self._deps.keys.seal(secret, "round"),
            commitment=commitment.hex(),
            opened_at=now,
            reveal_until=now + book.draw.commitments.commit_timeout,
        )
        lists = await freeze_lists(self._deps, draw, round_row, conditions)
        await append(draw, now, record.ListsFrozen(number, lists))
        await self._ask_participants(draw, round_row)
        return _view(draw, round_row)

    async def _opened(
        self, draw: Draw, earlier: Sequence[Round], conditions: Sequence[Condition]
    ) -> record.RoundOpened:
        seeded = any(one.seed for one in earlier)
        aborted = bool(earlier) and earlier[-1].aborted_at is not None
        notices = {n.id: n for n in await CallNotice.filter(draw_id=draw.id)}
        return record.RoundOpened(
            len(earlier) + 1,
            "aborted" if aborted else "widened" if seeded else "first",
            "exhausted" if seeded else "",
            self._limits(draw),
            self._roles(draw),
            tuple(_facts(c, notices[c.notice_id]) for c in conditions),
            await supervisor_facts(draw),
        )

    def _limits(self, draw: Draw) -> record.LimitFacts:
        rules = self._deps.book(draw.pool).draw
        return record.LimitFacts(
            lead=int(rules.calling.stop_before_gathering.total_seconds()),
            start_within=int(rules.commitments.start_within.total_seconds()),
            aborts=rules.commitments.aborts_max,
            widenings=rules.supplement.widenings_max,
        )

    def _check_given_up(self, draw: Draw, earlier: Sequence[Round]) -> None:
        """Each aborted round lets a party wait for a better freeze, or seed, so their number is limited."""
        aborted = [one for one in earlier if one.aborted_at is not None]
        withheld = sum(bool(one.reveals) for one in aborted)
        if withheld >= record.WITHHELD_MAX:
            raise Conflict(
                "多次在一方公开随机数后终止，本活动不能再摇号。请终止本活动，重新申请抽取。", code="withheld_too_often"
            )
        book = self._deps.book(draw.pool)
        limit = book.draw.commitments.aborts_max
        if len(aborted) - withheld >= limit:
            raise violation(
                book,
                "draw.commitments.aborts_max",
                f"已中止摇号{limit}次，本活动不能再摇号。请终止本活动，重新申请抽取。",
            )

    async def _ask_participants(self, draw: Draw, round_row: Round) -> None:
        """Notify the supervisors that their device must commit; the agency has the page open already."""
        for supervisor in await Supervisor.filter(draw_id=draw.id):
            await self._notices.notify(
                pool=draw.pool,
                kind="commitment_wanted",
                dedupe_key=f"commitment_wanted:{supervisor.id.hex}:{round_row.number}",
                params={**draw_params(draw), "answer_by": _clock_time(round_row.reveal_until)},
                account_id=await _account_of(draw.pool, supervisor.mobile_hash),
                mobile=self._deps.keys.open_text(supervisor.phone_sealed, "mobile"),
            )

    async def commit(self, actor: Actor, draw_id: UUID, role: str, commitment: str) -> RoundView:
        """Commit as a participant's device. Raises Conflict when it already did, InvalidInput for an invalid SHA-256
        hex."""
        digest = _hex(commitment, random_draw.DIGEST_BYTES, "commitment")
        async with transaction():
            locked, round_row = await self._round(actor, draw_id, role)
            if role in round_row.commitments:
                if round_row.commitments[role] == digest.hex():
                    return _view(locked.draw, round_row)
                raise Conflict("本轮已提交过随机数，不能更改。", code="already_committed")
            now = self._deps.now()
            round_row.commitments = {**round_row.commitments, role: digest.hex()}
            if set(round_row.commitments) == set(self._roles(locked.draw)):
                round_row.reveal_until = now + self._deps.book(locked.draw.pool).draw.commitments.reveal_timeout
            await round_row.save(update_fields=["commitments", "reveal_until"])
            await append(locked.draw, now, record.ParticipantCommitted(round_row.number, role, digest))
            return _view(locked.draw, round_row)

    async def reveal(self, actor: Actor, draw_id: UUID, role: str, value: str) -> RoundView:
        """Reveal the committed value; the last reveal fixes the seed and the orders."""
        raw = _hex(value, random_draw.VALUE_BYTES, "value")
        async with transaction():
            locked, round_row = await self._round(actor, draw_id, role)
            if set(round_row.commitments) != set(self._roles(locked.draw)):
                raise Conflict("请等各方都提交随机数后再公开。", code="commitments_missing")
            if role in round_row.reveals:
                return _view(locked.draw, round_row)
            draw = locked.draw
            random_draw.check_reveal(
                role, raw, bytes.fromhex(round_row.commitments[role]), draw.number, round_row.number
            )
            now = self._deps.now()
            round_row.reveals = {**round_row.reveals, role: raw.hex()}
            await round_row.save(update_fields=["reveals"])
            await append(draw, now, record.ParticipantRevealed(round_row.number, role, raw))
            if set(round_row.reveals) == set(self._roles(draw)):
                await self._fix_seed(locked, round_row, now)
            return _view(draw, round_row)

    async def _fix_seed(self, locked: Locked, round_row: Round, now: datetime) -> None:
        draw = locked.draw
        secret = self._deps.keys.open(round_row.secret_sealed, "round")
        lists = await CandidateList.filter(round_id=round_row.id)
        roots = [(item.condition_position, item.tier, bytes.fromhex(item.root)) for item in lists]
        values = {role: bytes.fromhex(value) for role, value in round_row.reveals.items()}
        seed = random_draw.seed(draw.number, round_row.number, secret, roots, values)
        round_row.seed = seed.hex()
        round_row.start_by = now + self._deps.book(draw.pool).draw.commitments.start_within
        await round_row.save(update_fields=["seed", "start_by"])
        for item in lists:
            leaves = [item.leaves[i : i + 32] for i in range(0, len(item.leaves), 32)]
            walk = await asyncio.to_thread(random_draw.order_indices, seed, item.condition_position, item.tier, leaves)
            item.walk = b"".join(index.to_bytes(4, "big") for index in walk)
            await item.save(update_fields=["walk"])
        await append(draw, now, record.SeedFixed(round_row.number, secret, seed))
        for condition in locked.conditions:
            if str(condition.position) in round_row.conditions:
                condition.round_number, condition.tier = round_row.number, "main"
                condition.cursor, condition.exhausted = 0, False
                await condition.save(update_fields=["round_number", "tier", "cursor", "exhausted"])

    async def abort(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """Abort a round when a device doesn't respond in time; the record names the roles that did not."""
        async with transaction():
            locked = await lock_for(actor, draw_id)
            round_row = await self._current(locked.draw)
            now = self._deps.now()
            if round_row.reveals and round_row.reveal_until is not None and now < round_row.reveal_until:
                raise Conflict("已有一方公开随机数，请等到公开时限过后再终止本轮。", code="reveal_pending")
            await _abort(locked.draw, round_row, self._roles(locked.draw), now, BY_AGENCY)
            await _step_back(locked.draw)
            await self._parties.notify(locked.draw, "aborted", by=actor.account_id)
            await audit(actor, now, "draw.round_aborted", "draw", draw_id, round=round_row.number, reason=reason)

    async def view(self, actor: Actor, draw_id: UUID, role: str) -> RoundView | None:
        """The newest round as a participant sees it; None before the first."""
        draw = await Draw.get_or_none(id=draw_id)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        await self._check_participant(actor, draw, role)
        round_row = await Round.filter(draw_id=draw_id).order_by("-number").first()
        return _view(draw, round_row) if round_row else None

    def _roles(self, draw: Draw) -> tuple[str, ...]:
        return tuple(self._deps.book(draw.pool).draw.commitments.roles)

    async def _round(self, actor: Actor, draw_id: UUID, role: str) -> tuple[Locked, Round]:
        locked = await lock(draw_id)
        if role not in self._roles(locked.draw):
            raise InvalidInput("您不参与本次摇号，请刷新页面后核对。", field="role")
        await self._check_participant(actor, locked.draw, role)
        if locked.state != DrawState.COMMITTING:
            raise Conflict("现在不是提交随机数的时候，请刷新页面。", code="not_committing")
        return locked, await self._current(locked.draw)

    async def _check_participant(self, actor: Actor, draw: Draw, role: str) -> None:
        if role == "agency":
            check_owner(actor, draw)
            return
        if actor.pool != draw.pool or actor.account_id is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        if await acts_for_agency(draw, actor.account_id):
            raise Forbidden("招标人和代理机构的人员不能代替监督人。")
        for supervisor in await Supervisor.filter(draw_id=draw.id):
            if await _account_of(draw.pool, supervisor.mobile_hash) == actor.account_id:
                return
        raise Forbidden("您不是本次抽取的监督人。")

    async def _current(self, draw: Draw) -> Round:
        found = await Round.filter(draw_id=draw.id, aborted_at=None, seed="").order_by("-number").first()
        if found is None:
            raise Conflict("本轮已经结束，请刷新页面。", code="round_over")
        return found


async def leave_committing(draw: Draw, roles: Sequence[str], now: datetime) -> None:
    """The draw's time is over: abort the open round, or don't start with the seed that is fixed. Under its lock."""
    open_round = await Round.get_or_none(draw_id=draw.id, aborted_at=None, seed="")
    if open_round is not None:
        await _abort(draw, open_round, roles, now, BY_TIME)
    await _step_back(draw)


async def _abort(draw: Draw, round_row: Round, roles: Sequence[str], now: datetime, by: str) -> None:
    missing = set(roles) - set(round_row.reveals) if round_row.reveals else ()
    round_row.aborted_at = now
    await round_row.save(update_fields=["aborted_at"])
    await append(draw, now, record.RoundAborted(round_row.number, by, tuple(sorted(missing))))
    for condition in await Condition.filter(draw_id=draw.id, position__in=[int(p) for p in round_row.conditions]):
        if regions := await ordered_regions(draw, condition):
            condition.regions = sorted(regions)
            await condition.save(update_fields=["regions"])


async def ordered_regions(draw: Draw, condition: Condition) -> set[str]:
    """The regions for which the order of a condition was fixed; empty before. Further orders only widen them."""
    for entry in await LogEntry.filter(draw_id=draw.id, act=record.RoundOpened.name).order_by("-seq"):
        if entry.facts["round"] == condition.round_number:
            return next(set(one["regions"]) for one in entry.facts["conditions"] if one["no"] == condition.position)
    return set()


async def _step_back(draw: Draw) -> None:
    supplementary = draw.finished_at is not None
    await move(draw, DrawEvent.ABORT_SUPPLEMENT if supplementary else DrawEvent.ABORT_ROUND)


async def _account_of(pool: str, mobile_hash: str) -> UUID | None:
    account = await Account.get_or_none(pool=pool, mobile_hash=mobile_hash)
    return account.id if account else None


def _facts(condition: Condition, call_notice: CallNotice) -> record.ConditionFacts:
    """A condition as published: requirements, no names."""
    return record.ConditionFacts(
        condition.position,
        condition.planned,
        condition.region_mode,
        tuple(sorted(condition.regions)),
        condition.specialty,
        call_notice.position,
        call_notice.gathering_at,
        condition.alternative,
        condition.title_level,
        condition.qualification,
        condition.department,
    )


def _view(draw: Draw, round_row: Round) -> RoundView:
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
    )


def _clock_time(at: datetime | None) -> str:
    return f"{local(at):%H:%M}" if at else ""


def _hex(value: str, size: int, field: str) -> bytes:
    try:
        raw = bytes.fromhex(value)
    except ValueError as error:
        raise InvalidInput("随机数无法识别，请刷新页面后重新提交。", field=field) from error
    if len(raw) != size:
        raise InvalidInput("随机数长度不对，请刷新页面后重新提交。", field=field)
    return raw
