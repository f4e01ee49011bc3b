"""Starting, pausing, resuming and ending a draw.

Everything here runs under the draw's row lock (``locks.lock``), and may be repeated: ``advance`` does what is
missing according to the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from domain.draws import record
from domain.draws.lifecycles import DrawEvent, DrawState
from domain.errors import Conflict, RuleViolation
from models.draws import Absence, CallNotice, Condition, Draw, Round
from services.core.base import Actor, Deps, rows, system, transaction, violation
from services.core.base import record as audit
from services.core.due_rows import process_each
from services.core.limits import check_repeats
from services.draws.calls.call_rules import STATES_THAT_TAKE_ANSWERS, lead_time, vacant_places
from services.draws.calls.completion import DrawCompletion
from services.draws.calls.next_calls import NextCalls
from services.draws.digests import record_notified_count
from services.draws.locks import Locked, lock, lock_own_draw, move
from services.draws.party_notifications import PartyNotifications
from services.draws.record_log import append_to_log

log = structlog.get_logger(__name__)

_RETRY_AFTER = timedelta(minutes=10)
BY_AGENCY = "agency"
"""The published reason of a pause or a forced end; the agency's own words stay in the audit log."""


@dataclass(frozen=True)
class Calling:
    deps: Deps
    parties: PartyNotifications
    next_calls: NextCalls
    completion: DrawCompletion

    # ---- by the agency

    async def start(self, actor: Actor, draw_id: UUID) -> None:
        """Begin calling. Raises Conflict before the seed is fixed, RuleViolation when it is too early or too late."""
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            await self.begin(locked, by=actor.account_id)
            await audit(actor, self.deps.now(), "draw.started", "draw", draw_id)

    async def begin(self, locked: Locked, event: DrawEvent = DrawEvent.START, *, by: UUID | None = None) -> None:
        """The same in the caller's transaction; also for a supplementary draw along the same order."""
        draw, now = locked.draw, self.deps.now()
        if await Round.exists(draw_id=draw.id, seed="", aborted_at=None) or not all(
            c.round_number for c in locked.conditions
        ):
            raise Conflict("请先完成三方摇号，再启动抽取。", code="seed_missing")
        wanting = [c for c in locked.conditions if vacant_places(c)]
        if not wanting:
            raise Conflict("没有需要抽取的名额。", code="nothing_missing")
        if all(c.exhausted for c in wanting):
            raise Conflict("名单已经全部抽完，按原顺序没有可通知的专家，请扩大地区补抽。", code="order_exhausted")
        await self.check_time(draw, wanting)
        await move(draw, event)
        if draw.started_at is None:
            draw.started_at = now
            await draw.save(update_fields=["started_at"])
        await append_to_log(draw, now, *(record.Need(c.position, c.needed) for c in wanting))
        await Round.filter(draw_id=draw.id, start_by__isnull=False).update(start_by=None)
        await Absence.filter(draw_id=draw.id, handled_at=None).update(handled_at=now)
        if draw.digest_at is not None:
            await record_notified_count(draw, locked.accepted)
        await self.parties.notify(draw, "supplement" if draw.finished_at else "started", by=by)
        await self.deps.jobs.defer("draws.advance", draw_id=str(draw.id))

    async def start_due(self) -> None:
        """Begin calling where a seed was fixed longer ago than the rulebook's waiting time. It never reseeds."""
        due = await rows(
            "SELECT DISTINCT r.draw_id AS id FROM draw_round r JOIN draw d ON d.id = r.draw_id "
            "WHERE r.start_by <= $1 AND d.state = 'committing'",
            self.deps.now(),
        )
        await process_each("start", due, lambda row: self._start_automatically(row["id"]))

    async def _start_automatically(self, draw_id: UUID) -> None:
        """Tries again later when calling can't begin, as when the gathering is too near and may be moved."""
        async with transaction():
            locked = await lock(draw_id)
            waiting = Round.filter(draw_id=draw_id, start_by__lte=self.deps.now())
            if locked.state != DrawState.COMMITTING or not await waiting.exists():
                return
            try:
                async with transaction():
                    await self.begin(locked)
            except (Conflict, RuleViolation) as refusal:
                await waiting.update(start_by=self.deps.now() + _RETRY_AFTER)
                log.info("draw.start_postponed", draw=locked.draw.number, code=refusal.code)
                return
            await audit(system(locked.draw.pool), self.deps.now(), "draw.started", "draw", draw_id)

    async def check_time(self, draw: Draw, wanting: Sequence[Condition]) -> None:
        """Raises RuleViolation only when the gatherings of all conditions to be filled are too near.

        After the start no gathering can be moved any more, unless the panel waits for a postponed start.
        """
        book, now = self.deps.book(draw.pool), self.deps.now()
        if draw.started_at is None and now >= draw.starts_at:
            raise Conflict("预计评标开始时间已过，不能再抽取，请终止本活动，重新申请抽取。", code="start_passed")
        notices = await CallNotice.filter(id__in=[c.notice_id for c in wanting])
        if all(now >= call_notice.gathering_at - lead_time(draw) for call_notice in notices):
            raise violation(
                book, "draw.calling.stop_before_gathering", "距集合时间太近，已不能呼叫专家，请先修改集合时间。"
            )

    async def pause(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """Begin no new calls; open ones are waited for."""
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            await move(locked.draw, DrawEvent.PAUSE)
            now = self.deps.now()
            await append_to_log(locked.draw, now, record.Paused(BY_AGENCY))
            await self.parties.notify(locked.draw, "paused", by=actor.account_id)
            await audit(actor, now, "draw.paused", "draw", draw_id, reason=reason)

    async def resume(self, actor: Actor, draw_id: UUID) -> None:
        """Continue in the same order with the same seed."""
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            await move(locked.draw, DrawEvent.RESUME)
            now = self.deps.now()
            await append_to_log(locked.draw, now, record.Resumed())
            await self.parties.notify(locked.draw, "resumed", by=actor.account_id)
            await audit(actor, now, "draw.resumed", "draw", draw_id)
            await self.deps.jobs.defer("draws.advance", draw_id=str(draw_id))

    async def force_end(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """End calling for good; results of open calls still count, then the draw is full or short."""
        async with transaction():
            locked = await lock_own_draw(actor, draw_id)
            now = self.deps.now()
            await check_repeats("draw", draw_id, ("draw.force_ended",), now)
            await move(locked.draw, DrawEvent.FORCE_END)
            await append_to_log(locked.draw, now, record.ForceEnded(BY_AGENCY))
            await self.parties.notify(locked.draw, "stopped", by=actor.account_id)
            await audit(actor, now, "draw.force_ended", "draw", draw_id, reason=reason)
            await self.completion.complete_if_decided(locked, now)

    # ---- by the service

    async def advance(self, draw_id: UUID) -> None:
        """Fill vacant places with the next candidates; detect when the draw is full or short. Harmless to repeat."""
        async with transaction():
            locked = await lock(draw_id)
            now = self.deps.now()
            if locked.state == DrawState.DRAWING:
                for condition in locked.conditions:
                    await self.next_calls.fill_places(locked.draw, condition, now)
            if locked.state in STATES_THAT_TAKE_ANSWERS:
                await self.completion.complete_if_decided(locked, now)
