"""Postponing the expected start (推迟评标开始), so that a place that became vacant at check-in can be filled again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError

from domain.clock import local, print_time
from domain.errors import Conflict, InvalidInput
from domain.faults import Faults
from domain.rulebook.notice_texts import time_params
from models.audit import AuditEntry
from models.draws import Draw
from models.invitations import Invitation
from services.core.base import Actor, Deps, record, violation
from services.core.limits import check_repeats
from services.core.short_texts import check_no_link, check_text
from services.draws.attendance.gathering_times import MOVES
from services.draws.attendance.time_changes import TimeChanges
from services.draws.locks import Locked
from services.draws.party_notifications import PartyNotifications

_RULE = "draw.supplement.postpone_max"
_HELD = ("open", "accepted")


@dataclass(frozen=True)
class NewStart:
    """The new expected start; the expected end is postponed by as much."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class Postponement:
    """Runs under the lock of the caller that starts a supplementary draw."""

    deps: Deps
    changes: TimeChanges
    parties: PartyNotifications

    async def apply(self, actor: Actor, locked: Locked, new: NewStart) -> None:
        """Raises InvalidInput, RuleViolation, and Conflict when an expert of the panel has another panel by then."""
        draw, now = locked.draw, self.deps.now()
        reason = check_text(new.reason, "start_reason", "推迟的原因", 200)
        await self._check_reason_and_time(draw, new.at, reason, now)
        await check_repeats("draw", draw.id, MOVES, now)
        old, delay = draw.starts_at, new.at - draw.starts_at
        draw.starts_at, draw.ends_at = new.at, draw.ends_at + delay
        draw.unsealed_notice_at = None  # the names are sealed again until shortly before the new start
        await draw.save(update_fields=["starts_at", "ends_at", "unsealed_notice_at"])
        for invitation in await _lock_held_places(draw):
            await _occupy_until(invitation, draw.ends_at)
            await self.changes.propose_start(draw, invitation)
        what = f"由{print_time(old)}改为{print_time(new.at)}"
        await record(actor, now, "draw.start_moved", "draw", draw.id, reason=reason, what=what, old_at=old.isoformat())
        facts = {"starts": time_params(new.at)["gathering_short"], "old": print_time(old), "reason": reason}
        await self.parties.notify(draw, "postponed", facts, by=actor.account_id, occasion=f"{new.at.timestamp():.0f}")

    async def _check_reason_and_time(self, draw: Draw, at: datetime, reason: str, now: datetime) -> None:
        faults = Faults()
        if not reason:
            faults.add(InvalidInput("请填写推迟的原因。", field="start_reason"))
        faults.check(check_no_link, reason, "start_reason", "推迟的原因")
        with faults.part():
            await self._check_time(draw, at, now)
        faults.raise_any()

    async def _check_time(self, draw: Draw, at: datetime, now: datetime) -> None:
        book = self.deps.book(draw.pool)
        longest = book.draw.supplement.postpone_max
        if not longest:
            raise violation(book, _RULE, "本专家库不能推迟评标开始时间，请终止活动后重新申请。", field="starts_at")
        if at <= max(draw.starts_at, now):
            raise InvalidInput(
                f"推迟后的评标开始时间应晚于现在，也晚于原定的{print_time(draw.starts_at)}。", field="starts_at"
            )
        first = await _first_start(draw)
        latest = min(first + longest, local(first).replace(hour=23, minute=59, second=0, microsecond=0))
        if at > latest:
            most = f"评标开始最多比最初的{print_time(first)}推迟{_span_text(longest)}，且须在原定当天"
            message = f"{most}；{_postponement_left(latest, max(draw.starts_at, now))}，或终止活动后重新申请。"
            raise violation(book, _RULE, message, field="starts_at")


async def _first_start(draw: Draw) -> datetime:
    """The expected start before the first postponement."""
    moves = AuditEntry.filter(subject="draw", subject_id=draw.id, action="draw.start_moved")
    first = await moves.order_by("at", "id").first()
    return datetime.fromisoformat(first.details["old_at"]) if first else draw.starts_at


async def _lock_held_places(draw: Draw) -> list[Invitation]:
    return await Invitation.filter(draw_id=draw.id, state__in=_HELD).order_by("id").select_for_update()


async def _occupy_until(invitation: Invitation, ends_at: datetime) -> None:
    invitation.ends_at = ends_at
    try:
        await invitation.save(update_fields=["ends_at"])
    except IntegrityError as error:
        message = "有专家在推迟后的时段另有评标，请选择早一些的开始时间，或请该专家请假后再补抽。"
        raise Conflict(message, code="start_overlaps") from error


def _postponement_left(latest: datetime, held: datetime) -> str:
    return f"还可推迟到{print_time(latest)}，请改早一些" if latest > held else "已不能再推迟，请按现有专家评标"


def _span_text(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return f"{minutes // 60}小时" if minutes % 60 == 0 else f"{minutes}分钟"
