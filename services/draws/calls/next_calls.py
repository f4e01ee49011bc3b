"""Who is called next: walks the order of a condition, skips hindered candidates, and opens invitations."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.clock import print_time
from domain.draws import record
from domain.rulebook.notice_texts import remark_params, time_params
from models.draws import CallNotice, CandidateList, Condition, Draw
from models.invitations import Invitation
from services.core.base import Deps, rows, transaction
from services.draws.call_order.eligibility import Hindrance, find_hindrances, occupied_span, recusals
from services.draws.call_order.snapshots import snapshot_setting, store_skip
from services.draws.calls.call_rules import address_and_room, lead_time, vacant_places
from services.draws.record_log import append_to_log
from services.notifications import Notices

_LOOK_AHEAD = 50
"""Candidates whose hindrances are looked up by one query."""


@dataclass(frozen=True)
class NextCalls:
    deps: Deps
    notices: Notices

    async def fill_places(self, draw: Draw, condition: Condition, now: datetime) -> None:
        """Call candidates for the vacant places of a condition, as many at a time as the rulebook permits."""
        calling = self.deps.book(draw.pool).draw.calling
        call_notice = await CallNotice.get(id=condition.notice_id)
        if now >= call_notice.gathering_at - lead_time(draw) or not calling.hours.contains(now):
            return
        if calling.next_after and await self._was_freed_since(condition, now - calling.next_after):
            return
        while not condition.exhausted and vacant_places(condition) and condition.open < calling.open_calls_max:
            if not await self._call_next(draw, condition, call_notice, now):
                await self._exhaust_tier(draw, condition, now)

    async def _was_freed_since(self, condition: Condition, moment: datetime) -> bool:
        """Whether a place became vacant after ``moment``; the auditor's next run continues when the pause is over."""
        return await Invitation.filter(condition_id=condition.id, closed_at__gt=moment).exists()

    async def _call_next(self, draw: Draw, condition: Condition, call_notice: CallNotice, now: datetime) -> bool:
        """Walk the order up to the next call; False when this tier is exhausted."""
        listed = await CandidateList.get_or_none(
            round__draw_id=draw.id,
            round__number=condition.round_number,
            condition_position=condition.position,
            tier=condition.tier,
        )
        if listed is None:
            return False
        book = self.deps.book(draw.pool)
        order = _Order(listed, self.deps.keys.open(listed.experts_sealed, "experts"))
        sources = await recusals(draw, book.draw.employment_recusal_years)
        while ahead := order.slice(condition.cursor, _LOOK_AHEAD):
            hindrances = await find_hindrances([expert for _, expert in ahead], draw, call_notice, sources, book, now)
            for leaf, expert in ahead:
                condition.cursor += 1
                hindrance = hindrances[expert]
                if hindrance is None and await self._call_expert(draw, condition, call_notice, leaf, expert, now):
                    await condition.save(update_fields=["cursor", "open"])
                    return True
                if hindrance is None:  # called by another draw meanwhile
                    [hindrance] = (await find_hindrances([expert], draw, call_notice, sources, book, now)).values()
                    hindrance = hindrance or Hindrance("overlap", "{}")
                setting = snapshot_setting(draw, call_notice, sources, book, now)
                fact = await store_skip(self.deps.keys, draw.id, leaf, hindrance, setting)
                await append_to_log(
                    draw, now, record.Skipped(condition.position, condition.tier, leaf, hindrance.reason, fact)
                )
            await condition.save(update_fields=["cursor"])
        return False

    async def _exhaust_tier(self, draw: Draw, condition: Condition, now: datetime) -> None:
        await append_to_log(draw, now, record.Exhausted(condition.position, condition.tier))
        if condition.tier == "main" and condition.alternative:
            condition.tier, condition.cursor = "alternative", 0
        else:
            condition.exhausted = True
        await condition.save(update_fields=["tier", "cursor", "exhausted"])

    async def _call_expert(
        self, draw: Draw, condition: Condition, call_notice: CallNotice, leaf: bytes, expert_id: UUID, now: datetime
    ) -> bool:
        """Open an invitation; False when the database reports that the expert is taken meanwhile."""
        try:
            async with transaction():  # a savepoint: the constraint's refusal must not end the caller's transaction
                invitation = await self._create_invitation(draw, condition, call_notice, leaf, expert_id, now)
        except IntegrityError:
            return False
        condition.open += 1
        await append_to_log(draw, now, record.Called(condition.position, condition.tier, leaf))
        await self.notices.notify(
            pool=draw.pool,
            kind="draw_call",
            dedupe_key=f"draw_call:{invitation.id}",
            params={
                **time_params(call_notice.gathering_at),
                "place": address_and_room(call_notice),
                **remark_params(call_notice.remark),
                "answer_by": print_time(invitation.answer_until)[-5:],
            },
            expert_id=expert_id,
            invitation_id=invitation.id,
        )
        return True

    async def _create_invitation(
        self, draw: Draw, condition: Condition, call_notice: CallNotice, leaf: bytes, expert_id: UUID, now: datetime
    ) -> Invitation:
        rules = self.deps.book(draw.pool).draw
        starts_at, ends_at = occupied_span(draw, call_notice)
        return await Invitation.create(
            draw_id=draw.id,
            condition_id=condition.id,
            notice_id=call_notice.id,
            expert_id=expert_id,
            round_number=condition.round_number,
            tier=condition.tier,
            leaf=leaf.hex(),
            code=await new_code(draw, rules.code_length),
            menu_id=(await rows("SELECT nextval('menu_number') AS n"))[0]["n"],
            link=secrets.token_urlsafe(12),
            supplementary=draw.finished_at is not None,
            starts_at=starts_at,
            ends_at=ends_at,
            gathering_at=call_notice.gathering_at,
            created_at=now,
            answer_until=now + rules.calling.answer_timeout,
        )


@dataclass(frozen=True)
class _Order:
    """The candidates of a list in the order in which they are called."""

    listed: CandidateList
    experts: bytes

    def slice(self, start: int, count: int) -> list[tuple[bytes, UUID]]:
        return list(self._candidates(range(start, min(start + count, self.listed.count))))

    def _candidates(self, places: range) -> Iterator[tuple[bytes, UUID]]:
        for position in places:
            index = int.from_bytes(self.listed.walk[position * 4 : position * 4 + 4], "big")
            expert = self.experts[index * 16 : index * 16 + 16]
            yield self.listed.leaves[index * 32 : index * 32 + 32], UUID(bytes=expert)


async def new_code(draw: Draw, length: int) -> str:
    """A code that is unique in this draw and not guessable from others."""
    taken = {invitation.code for invitation in await Invitation.filter(draw_id=draw.id).only("code")}
    while (code := "".join(secrets.choice("0123456789") for _ in range(length))) in taken:
        pass
    return code
