"""Calling: the next candidate, the effect of an answer on a place, and when a draw is full, short or over.

Everything here runs under the draw's row lock, taken by the caller (``repository.lock``), and may be repeated:
``advance`` does what is missing according to the rows.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError

from domain.clock import print_time
from domain.draws import record
from domain.draws.lifecycles import INVITATION, DrawEvent, DrawState, InvitationEvent, InvitationState
from domain.errors import Conflict, RuleViolation
from domain.rulebook.notice_texts import time_params
from models.draws import Absence, CallNotice, CandidateList, Condition, Draw, Round
from models.invitations import Invitation
from services.core.base import Actor, Deps, execute, rows, system, transaction, violation
from services.core.base import record as audit
from services.core.due_rows import process_each
from services.draws.call_order.eligibility import Hindrance, claimed, find_hindrances, recusals
from services.draws.call_order.snapshots import keep_skip, snapshot_setting
from services.draws.digests import note_notified
from services.draws.party_notifications import PartyNotifications
from services.draws.repository import Locked, append, lock, lock_for, move, notify_agency
from services.notifications import Notices

log = structlog.get_logger(__name__)

_RETRY_AFTER = timedelta(minutes=10)
_RESUMED_AFTER = timedelta(seconds=60)
"""An expert who has just undone an answer is asked again in the same conversation: other channels wait for this
time."""
_LOOK_AHEAD = 50
"""Candidates whose hindrances are looked up by one query."""

_MOVE_PLACE = """
WITH place AS (UPDATE draw_condition SET open = $2, accepted = $3 WHERE id = $1)
UPDATE invitation SET state = $5, answered_by = $6, answered_at = $7, closed_at = $8, next_reminder_at = $9
WHERE id = $4
"""

_REOPEN_ABSENCES = """
UPDATE absence SET handled_at = NULL WHERE id IN (SELECT id FROM (
  SELECT a.id, row_number() OVER (PARTITION BY c.id ORDER BY a.registered_at DESC, a.id DESC) AS place,
    c.needed - c.accepted AS missing
  FROM absence a JOIN draw_condition c ON c.id = a.condition_id WHERE a.draw_id = $1) AS listed WHERE place <= missing)
"""
"""Reopens the newest absences of each condition, one for each place that the supplementary draw could not fill."""

BY_AGENCY = "agency"
"""The published reason of a pause or a forced end; the agency's own words stay in the audit log."""
_OF_THE_PLACE = ("draw_accepted", "gathering_changed", "leave_asked", "check_in_reminder", "urging")
"""Kinds of notices that are obsolete once an expert no longer has the place."""
LISTENING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)


@dataclass(frozen=True)
class Cause:
    """Who caused an outcome, and who had to confirm it, as in the published record."""

    by: record.Party
    confirmed_by: record.Party | Literal[""] = ""


class Calling:
    """Starting, pausing and ending a draw, and the calling itself."""

    def __init__(self, deps: Deps, notices: Notices) -> None:
        self._deps = deps
        self._notices = notices
        self._parties = PartyNotifications(deps, notices)

    # ---- by the agency

    async def start(self, actor: Actor, draw_id: UUID) -> None:
        """Begin calling. Raises Conflict before the seed is fixed, RuleViolation when it is too early or too late."""
        async with transaction():
            locked = await lock_for(actor, draw_id)
            await self.begin(locked, by=actor.account_id)
            await audit(actor, self._deps.now(), "draw.started", "draw", draw_id)

    async def begin(self, locked: Locked, event: DrawEvent = DrawEvent.START, *, by: UUID | None = None) -> None:
        """The same in the caller's transaction; also for a supplementary draw along the same order."""
        draw, now = locked.draw, self._deps.now()
        if await Round.exists(draw_id=draw.id, seed="", aborted_at=None) or not all(
            c.round_number for c in locked.conditions
        ):
            raise Conflict("请先完成三方摇号，再启动抽取。", code="seed_missing")
        wanting = [c for c in locked.conditions if _missing(c)]
        if not wanting:
            raise Conflict("没有需要抽取的名额。", code="nothing_missing")
        if all(c.exhausted for c in wanting):
            raise Conflict("名单已经全部抽完，按原顺序没有可通知的专家，请扩大地区补抽。", code="order_exhausted")
        await self.check_time(draw, wanting)
        await move(draw, event)
        if draw.started_at is None:
            draw.started_at = now
            await draw.save(update_fields=["started_at"])
        await append(draw, now, *(record.Need(c.position, c.needed) for c in wanting))
        await Round.filter(draw_id=draw.id, start_by__isnull=False).update(start_by=None)
        await Absence.filter(draw_id=draw.id, handled_at=None).update(handled_at=now)
        if draw.digest_at is not None:
            await note_notified(draw, locked.accepted)
        await self._parties.notify(draw, "supplement" if draw.finished_at else "started", by=by)
        await self._deps.jobs.defer("draws.advance", draw_id=str(draw.id))

    async def start_due(self) -> None:
        """Begin calling where a seed was fixed longer ago than the rulebook's waiting time. It never reseeds."""
        due = await rows(
            "SELECT DISTINCT r.draw_id AS id FROM draw_round r JOIN draw d ON d.id = r.draw_id "
            "WHERE r.start_by <= $1 AND d.state = 'committing'",
            self._deps.now(),
        )
        await process_each("start", due, lambda row: self._start_by_itself(row["id"]))

    async def _start_by_itself(self, draw_id: UUID) -> None:
        """Tries again later when calling can't begin, as when the gathering is too near and may be moved."""
        async with transaction():
            locked = await lock(draw_id)
            waiting = Round.filter(draw_id=draw_id, start_by__lte=self._deps.now())
            if locked.state != DrawState.COMMITTING or not await waiting.exists():
                return
            try:
                async with transaction():
                    await self.begin(locked)
            except (Conflict, RuleViolation) as refusal:
                await waiting.update(start_by=self._deps.now() + _RETRY_AFTER)
                log.info("draw.start_postponed", draw=locked.draw.number, code=refusal.code)
                return
            await audit(system(locked.draw.pool), self._deps.now(), "draw.started", "draw", draw_id)

    async def check_time(self, draw: Draw, wanting: Sequence[Condition]) -> None:
        """Raises RuleViolation only when the gatherings of all conditions to be filled are too near.

        After the start no gathering can be moved any more, unless the panel waits for a postponed start.
        """
        book, now = self._deps.book(draw.pool), self._deps.now()
        if draw.started_at is None and now >= draw.starts_at:
            raise Conflict("预计评标开始时间已过，不能再抽取，请终止本活动，重新申请抽取。", code="start_passed")
        notices = await CallNotice.filter(id__in=[c.notice_id for c in wanting])
        if all(now >= call_notice.gathering_at - lead(draw) for call_notice in notices):
            raise violation(
                book, "draw.calling.stop_before_gathering", "距集合时间太近，已不能呼叫专家，请先修改集合时间。"
            )

    async def pause(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """Begin no new calls; open ones are waited for."""
        async with transaction():
            locked = await lock_for(actor, draw_id)
            await move(locked.draw, DrawEvent.PAUSE)
            now = self._deps.now()
            await append(locked.draw, now, record.Paused(BY_AGENCY))
            await self._parties.notify(locked.draw, "paused", by=actor.account_id)
            await audit(actor, now, "draw.paused", "draw", draw_id, reason=reason)

    async def resume(self, actor: Actor, draw_id: UUID) -> None:
        """Continue in the same order with the same seed."""
        async with transaction():
            locked = await lock_for(actor, draw_id)
            await move(locked.draw, DrawEvent.RESUME)
            now = self._deps.now()
            await append(locked.draw, now, record.Resumed())
            await self._parties.notify(locked.draw, "resumed", by=actor.account_id)
            await audit(actor, now, "draw.resumed", "draw", draw_id)
            await self._deps.jobs.defer("draws.advance", draw_id=str(draw_id))

    async def force_end(self, actor: Actor, draw_id: UUID, reason: str) -> None:
        """End calling for good; results of open calls still count, then the draw is full or short."""
        async with transaction():
            locked = await lock_for(actor, draw_id)
            await move(locked.draw, DrawEvent.FORCE_END)
            now = self._deps.now()
            await append(locked.draw, now, record.ForceEnded(BY_AGENCY))
            await self._parties.notify(locked.draw, "stopped", by=actor.account_id)
            await audit(actor, now, "draw.force_ended", "draw", draw_id, reason=reason)
            await self._settle(locked, now)

    # ---- by the service

    async def advance(self, draw_id: UUID) -> None:
        """Fill vacant places with the next candidates; detect when the draw is full or short. Harmless to repeat."""
        async with transaction():
            locked = await lock(draw_id)
            now = self._deps.now()
            if locked.state == DrawState.DRAWING:
                for condition in locked.conditions:
                    await self._fill(locked.draw, condition, now)
            if locked.state in LISTENING:
                await self._settle(locked, now)

    async def _fill(self, draw: Draw, condition: Condition, now: datetime) -> None:
        calling = self._deps.book(draw.pool).draw.calling
        call_notice = await CallNotice.get(id=condition.notice_id)
        if now >= call_notice.gathering_at - lead(draw) or not calling.hours.contains(now):
            return
        if calling.next_after and await self._freed_since(condition, now - calling.next_after):
            return
        while not condition.exhausted and _missing(condition) and condition.open < calling.open_calls_max:
            if not await self._call_next(draw, condition, call_notice, now):
                await self._exhaust_tier(draw, condition, now)

    async def _freed_since(self, condition: Condition, moment: datetime) -> bool:
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
        book = self._deps.book(draw.pool)
        order = _Order(listed, self._deps.keys.open(listed.experts_sealed, "experts"))
        out = await recusals(draw, book.draw.employment_recusal_years)
        while ahead := order.slice(condition.cursor, _LOOK_AHEAD):
            hindrances = await find_hindrances([expert for _, expert in ahead], draw, call_notice, out, book)
            for leaf, expert in ahead:
                condition.cursor += 1
                hindrance = hindrances[expert]
                if hindrance is None and await self._call(draw, condition, call_notice, leaf, expert, now):
                    await condition.save(update_fields=["cursor", "open"])
                    return True
                if hindrance is None:  # called by another draw meanwhile
                    [hindrance] = (await find_hindrances([expert], draw, call_notice, out, book)).values()
                    hindrance = hindrance or Hindrance("overlap", "{}")
                setting = snapshot_setting(draw, call_notice, out, book)
                fact = await keep_skip(self._deps.keys, draw.id, leaf, hindrance, setting)
                await append(
                    draw, now, record.Skipped(condition.position, condition.tier, leaf, hindrance.reason, fact)
                )
            await condition.save(update_fields=["cursor"])
        return False

    async def _exhaust_tier(self, draw: Draw, condition: Condition, now: datetime) -> None:
        await append(draw, now, record.Exhausted(condition.position, condition.tier))
        if condition.tier == "main" and condition.alternative:
            condition.tier, condition.cursor = "alternative", 0
        else:
            condition.exhausted = True
        await condition.save(update_fields=["tier", "cursor", "exhausted"])

    async def _call(
        self, draw: Draw, condition: Condition, call_notice: CallNotice, leaf: bytes, expert_id: UUID, now: datetime
    ) -> bool:
        """Open an invitation; False when the database reports that the expert is taken meanwhile."""
        book = self._deps.book(draw.pool)
        starts_at, ends_at = claimed(draw, call_notice)
        try:
            async with transaction():
                invitation = await Invitation.create(
                    draw_id=draw.id,
                    condition_id=condition.id,
                    notice_id=call_notice.id,
                    expert_id=expert_id,
                    round_number=condition.round_number,
                    tier=condition.tier,
                    leaf=leaf.hex(),
                    code=await self.new_code(draw),
                    menu_id=(await rows("SELECT nextval('menu_number') AS n"))[0]["n"],
                    link=secrets.token_urlsafe(12),
                    supplementary=draw.finished_at is not None,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    gathering_at=call_notice.gathering_at,
                    created_at=now,
                    answer_until=now + book.draw.calling.answer_timeout,
                )
        except IntegrityError:
            return False
        condition.open += 1
        await append(draw, now, record.Called(condition.position, condition.tier, leaf))
        await self._notices.notify(
            pool=draw.pool,
            kind="draw_call",
            dedupe_key=f"draw_call:{invitation.id}",
            params={
                **time_params(call_notice.gathering_at),
                "place": place(call_notice),
                "answer_by": print_time(invitation.answer_until)[-5:],
            },
            expert_id=expert_id,
            invitation_id=invitation.id,
        )
        return True

    async def new_code(self, draw: Draw) -> str:
        """A code that is unique in this draw and not guessable from others."""
        length = self._deps.book(draw.pool).draw.code_length
        taken = {invitation.code for invitation in await Invitation.filter(draw_id=draw.id).only("code")}
        while (code := "".join(secrets.choice("0123456789") for _ in range(length))) in taken:
            pass
        return code

    async def close_place(
        self,
        locked: Locked,
        invitation: Invitation,
        event: InvitationEvent,
        now: datetime,
        *,
        by: str,
        cause: Cause | None = None,
    ) -> None:
        """Move an invitation together with its condition's counters, and record the outcome. Raises Conflict.

        An undone acceptance reopens the call: its place stays occupied, its ladder resumes after a while. ``by`` is the
        channel of an answer, or system. Without a ``cause`` the expert answered, or the call expired.
        """
        was = InvitationState(invitation.state)
        became = INVITATION.next(was, event)
        condition = locked.condition(invitation.condition_id)
        condition.open += (became == InvitationState.OPEN) - (was == InvitationState.OPEN)
        condition.accepted += (became == InvitationState.ACCEPTED) - (was == InvitationState.ACCEPTED)
        invitation.state = became
        invitation.answered_by = by
        invitation.answered_at = now
        if became != InvitationState.ACCEPTED:
            invitation.closed_at = None if became == InvitationState.OPEN else now
            invitation.next_reminder_at = None
        await execute(
            _MOVE_PLACE,
            condition.id,
            condition.open,
            condition.accepted,
            invitation.id,
            became.value,
            by,
            now,
            invitation.closed_at,
            invitation.next_reminder_at,
        )
        cause = cause or Cause("system" if by == "system" else "expert")
        leaf = bytes.fromhex(invitation.leaf)
        outcome = record.CallOutcome(condition.position, leaf, _outcome(became), cause.by, cause.confirmed_by)
        await append(locked.draw, now, outcome)
        await self._update_ladders(invitation, became)
        if became != InvitationState.OPEN and locked.state in LISTENING:
            await self._deps.jobs.defer("draws.advance", draw_id=str(locked.draw.id))

    async def _update_ladders(self, invitation: Invitation, became: InvitationState) -> None:
        """Stop notices that the new state makes pointless; an invitation that is open again is called on."""
        if became == InvitationState.OPEN:
            await self._notices.stop(invitation_id=invitation.id, kinds=_OF_THE_PLACE)
            await self._notices.resume(invitation_id=invitation.id, kind="draw_call", pause=_RESUMED_AFTER)
            return
        kinds = ["draw_call"] if became == InvitationState.ACCEPTED else ["draw_call", *_OF_THE_PLACE]
        await self._notices.stop(invitation_id=invitation.id, kinds=kinds)

    async def _settle(self, locked: Locked, now: datetime) -> None:
        """The draw is full when every place is filled; short when no expert is left to call and no call is open."""
        draw = locked.draw
        if locked.open:
            return
        missing = [c for c in locked.conditions if _missing(c)]
        if not missing:
            await append(draw, now, record.Completed())
            await move(draw, DrawEvent.FILL)
            unseal_at = draw.starts_at - self._deps.book(draw.pool).draw.result_visible_before
            await notify_agency(
                self._notices,
                draw,
                "agency_full",
                str(draw.log_length),
                needed=draw.needed,
                agreed=locked.accepted,
                unseal_at=print_time(unseal_at),
            )
            await self._parties.notify(draw, "full", {"needed": draw.needed})
        elif (reason := await self._why_short(locked, missing, now)) is not None:
            if reason == "force_ended":
                await self._notify_panel(locked, now)
            await append(draw, now, record.Short(reason))
            if locked.state == DrawState.PAUSED:
                await move(draw, DrawEvent.STOP)
            await move(draw, DrawEvent.SETTLE if locked.state == DrawState.ENDING else DrawEvent.RUN_SHORT)
            await execute(_REOPEN_ABSENCES, draw.id)
            counts: dict[str, str | int] = {"needed": draw.needed, "agreed": locked.accepted}
            await notify_agency(self._notices, draw, "agency_short", str(draw.log_length), **counts)
            await self._parties.notify(draw, "short", counts)
        else:
            return
        draw.finished_at = now
        await draw.save(update_fields=["finished_at"])

    async def _notify_panel(self, locked: Locked, now: datetime) -> None:
        """After a forced end the experts who accepted stay or are released, by the rulebook, and each is notified."""
        book, draw = self._deps.book(locked.draw.pool), locked.draw
        agreed = Invitation.filter(draw_id=draw.id, state=InvitationState.ACCEPTED)
        for invitation in await agreed.order_by("id").select_for_update():
            stays = book.draw.exits.after_forced_end == "stay"
            if not stays:
                event, cause = InvitationEvent.RELEASE, Cause("system")
                await self.close_place(locked, invitation, event, now, by="system", cause=cause)
            kind = "panel_stays" if stays else "draw_cancelled"
            await self._notices.notify(
                pool=draw.pool,
                kind=kind,
                dedupe_key=f"{kind}:{invitation.id}:{draw.log_length}",
                params={**time_params(invitation.gathering_at), "hotline": book.pool.hotline, "code": invitation.code},
                expert_id=invitation.expert_id,
                invitation_id=invitation.id,
            )

    async def _why_short(self, locked: Locked, missing: list[Condition], now: datetime) -> record.ShortReason | None:
        """Why no further call will be made; None while calls are possible."""
        if locked.state == DrawState.ENDING:
            return "force_ended"
        if all(c.exhausted for c in missing):
            return "exhausted"
        notices = {n.id: n for n in await CallNotice.filter(draw_id=locked.draw.id)}
        late = [now >= notices[c.notice_id].gathering_at - lead(locked.draw) for c in missing]
        if all(c.exhausted or over for c, over in zip(missing, late, strict=True)):
            return "too_late"
        return None


class _Order:
    """The candidates of a list in the order in which they are called."""

    def __init__(self, listed: CandidateList, experts: bytes) -> None:
        self._listed = listed
        self._experts = experts

    def slice(self, start: int, count: int) -> list[tuple[bytes, UUID]]:
        return list(self._candidates(range(start, min(start + count, self._listed.count))))

    def _candidates(self, places: range) -> Iterator[tuple[bytes, UUID]]:
        for place in places:
            index = int.from_bytes(self._listed.walk[place * 4 : place * 4 + 4], "big")
            expert = self._experts[index * 16 : index * 16 + 16]
            yield self._listed.leaves[index * 32 : index * 32 + 32], UUID(bytes=expert)


def place(call_notice: CallNotice) -> str:
    """Address and room, without the venue's name, which a call doesn't mention."""
    return f"{call_notice.address} {call_notice.room}".strip()


def lead(draw: Draw) -> timedelta:
    """No call begins later than this before gathering; from the draw's record, whatever the rulebook says now."""
    return timedelta(seconds=draw.lead_seconds)


def _missing(condition: Condition) -> int:
    return condition.needed - condition.open - condition.accepted


def _outcome(state: InvitationState) -> record.OutcomeKind:
    """The record's name of the move to ``state``; open means that an acceptance was undone."""
    if state == InvitationState.OPEN:
        return "undone"
    known: dict[str, record.OutcomeKind] = {kind: kind for kind in get_args(record.OutcomeKind)}
    return known[state.value]
