"""Opening a round: the system commits to a secret, candidate lists are frozen, supervisors are asked to commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from domain.draws import random_draw, record
from domain.errors import Conflict
from models.draws import CallNotice, Condition, Draw, Round
from services.core.base import Deps, violation
from services.draws.call_order.freeze import freeze_lists
from services.draws.call_order.recusal_commitment import commit_recusals
from services.draws.call_order.round_notices import ask_supervisors
from services.draws.given_up_rounds import aborts_of
from services.draws.locks import Locked
from services.draws.lot_histories import check_lot_orders
from services.draws.record_log import append_to_log
from services.draws.supervisor_choice import check_supervisors, supervisor_facts
from services.notifications import Notices


@dataclass(frozen=True)
class RoundOpening:
    deps: Deps
    notices: Notices

    async def open(self, locked: Locked, positions: Sequence[int]) -> Round:
        """Open a round for the given conditions, in the caller's transaction."""
        draw, now = locked.draw, self.deps.now()
        book = self.deps.book(draw.pool)
        earlier = await Round.filter(draw_id=draw.id).order_by("number")
        self._check_aborts(draw, earlier)
        number = len(earlier) + 1
        conditions = [c for c in locked.conditions if c.position in positions]
        await check_supervisors(draw)
        secret = os.urandom(random_draw.SECRET_BYTES)
        commitment = random_draw.system_commitment(secret, draw.number, number)
        if not earlier:
            await check_lot_orders(draw, book, now)
        await append_to_log(
            draw,
            now,
            await self._opening_entry(draw, earlier, conditions),
            record.SystemCommitted(number, commitment),
            record.RecusalsCommitted(number, await commit_recusals(self.deps.keys, draw, number)),
        )
        # the limit just published: a later change of the rulebook must not move it for this draw
        draw.lead_seconds = int(book.draw.calling.stop_before_gathering.total_seconds())
        await draw.save(update_fields=["lead_seconds"])
        round_row = await Round.create(
            draw_id=draw.id,
            number=number,
            conditions=[str(p) for p in positions],
            secret_sealed=self.deps.keys.seal(secret, "round"),
            commitment=commitment.hex(),
            opened_at=now,
            reveal_until=now + book.draw.commitments.commit_timeout,
        )
        lists = await freeze_lists(self.deps, draw, round_row, conditions)
        await append_to_log(draw, now, record.ListsFrozen(number, lists))
        if round_row.reveal_until is not None:
            # the agency has the page open already
            await ask_supervisors(
                self.deps, self.notices, draw, "commitment_wanted", round_row.reveal_until, str(number)
            )
        return round_row

    async def _opening_entry(
        self, draw: Draw, earlier: Sequence[Round], conditions: Sequence[Condition]
    ) -> record.RoundOpened:
        seeded = any(round_row.seed for round_row in earlier)
        aborted = bool(earlier) and earlier[-1].aborted_at is not None
        notices = {n.id: n for n in await CallNotice.filter(draw_id=draw.id)}
        return record.RoundOpened(
            len(earlier) + 1,
            "aborted" if aborted else "widened" if seeded else "first",
            "exhausted" if seeded else "",
            self._limits(draw),
            tuple(self.deps.book(draw.pool).draw.commitments.roles),
            tuple(_facts(c, notices[c.notice_id]) for c in conditions),
            await supervisor_facts(draw),
        )

    def _limits(self, draw: Draw) -> record.LimitFacts:
        rules = self.deps.book(draw.pool).draw
        return record.LimitFacts(
            lead=int(rules.calling.stop_before_gathering.total_seconds()),
            start_within=int(rules.commitments.start_within.total_seconds()),
            aborts=rules.commitments.aborts_max,
            widenings=rules.supplement.widenings_max,
            lot_orders=rules.commitments.lot_orders_max,
        )

    def _check_aborts(self, draw: Draw, earlier: Sequence[Round]) -> None:
        """Each aborted round lets a party wait for a better freeze, or seed, so their number is limited."""
        book, aborts = self.deps.book(draw.pool), aborts_of(self.deps.book(draw.pool), earlier)
        if aborts.withheld >= record.WITHHELD_MAX:
            raise Conflict(
                "多次在一方公开随机数后终止，本活动不能再摇号。请终止本活动，重新申请抽取。", code="withheld_too_often"
            )
        if aborts.is_used_up:
            raise violation(
                book,
                "draw.commitments.aborts_max",
                f"已中止摇号{aborts.most}次，本活动不能再摇号。请终止本活动，重新申请抽取。",
            )


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
        "only" if condition.emergency else "",
    )
