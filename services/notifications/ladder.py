"""Plans a notice's next attempts: applies the rulebook's ladder to earlier attempts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.notifications.lifecycles import ContactAttemptState
from domain.rulebook.sections import Ladder, LadderStep
from domain.rulebook.types import Hours

BEGINS = "begins"
"""Param of a notice: the moment, in ISO 8601, at which its subject begins; for ladders with ``urgent_before``."""
_RUNNING = (ContactAttemptState.PENDING, ContactAttemptState.SENT, ContactAttemptState.UNKNOWN)
_REACHED = (ContactAttemptState.DELIVERED, ContactAttemptState.ANSWERED)


@dataclass(frozen=True)
class EarlierAttempt:
    """An attempt as input of the ladder."""

    step: int
    state: ContactAttemptState
    due_at: datetime
    repeatable: bool = True
    """False for a call of which it is unknown whether it rang: the ladder goes on, but without dialling again."""
    held: bool = False
    """Waits until our side is right at the vendor: it will be made, but the ladder goes on as after a failure."""


@dataclass(frozen=True)
class PlannedAttempt:
    """A planned attempt: step, channel, earliest moment, and how long its outcome is awaited."""

    step: int
    channel: str
    due_at: datetime
    wait: timedelta


@dataclass(frozen=True)
class LadderPlan:
    """The plan. ``state`` is the notice's (active, done, failed); ``next_at`` when to plan again."""

    state: str
    attempts: tuple[PlannedAttempt, ...]
    next_at: datetime | None


def begin_of(params: Mapping[str, object]) -> datetime | None:
    """When the subject of a notice begins, as far as its params say."""
    return datetime.fromisoformat(str(params[BEGINS])) if BEGINS in params else None


def urgent_ladder(ladder: Ladder, params: Mapping[str, object], now: datetime) -> Ladder:
    """The ladder without quiet hours for which the subject of a notice with these ``params`` can't wait."""
    begins = begin_of(params)
    if ladder.urgent_before is None or begins is None:
        return ladder
    latest = begins - ladder.urgent_before
    moments = (now, now + ladder.longest)
    remaining = {channel: hours for channel, hours in ladder.hours.items() if _can_wait(hours, moments, latest)}
    return ladder.model_copy(update={"hours": remaining})


def _can_wait(hours: Hours, moments: Sequence[datetime], latest: datetime) -> bool:
    """Whether attempts outside the hours, at the ladder's beginning or end, have an opening in time."""
    return all(hours.contains(at) or hours.next_open(at) <= latest for at in moments)


def plan(
    ladder: Ladder,
    started_at: datetime,
    tried: Sequence[EarlierAttempt],
    now: datetime,
    begins: datetime | None = None,
) -> LadderPlan:
    """The next steps of a ladder that began at ``started_at``. One that waits for the person to open the notice makes
    no further attempt once its subject ``begins``."""
    started_at = _start_moment(ladder, started_at)
    by_step = [[t for t in tried if t.step == index] for index in range(len(ladder.steps))]
    outcome = "done" if any(t.state in _REACHED for t in tried) else "failed"
    if _has_ended(ladder, tried):
        return LadderPlan(outcome, (), None)
    if tried and is_too_late(ladder, begins, now):
        return LadderPlan("active" if any(t.state in _RUNNING for t in tried) else outcome, (), None)
    planned: list[PlannedAttempt] = []
    waiting: list[datetime] = []
    open_steps = False
    earlier_failed = True
    for index, (step, attempts) in enumerate(zip(ladder.steps, by_step, strict=True)):
        if attempts:
            if retry := _plan_retry(ladder, index, step, attempts, now):
                planned.append(retry)
            open_steps = open_steps or retry is not None or any(t.state in _RUNNING for t in attempts)
            earlier_failed = earlier_failed and retry is None and _has_step_failed(step, attempts)
            continue
        due = started_at + step.after
        if due <= now or (earlier_failed and index > 0):
            planned.append(_plan_attempt(ladder, index, step, now))
        else:
            waiting.append(due)
        earlier_failed = False
    if planned or open_steps or waiting:
        if ladder.until == "opened" and begins is not None:
            waiting.append(begins)
        return LadderPlan("active", tuple(planned), min(waiting, default=None))
    return LadderPlan(outcome, (), None)


def is_too_late(ladder: Ladder, begins: datetime | None, now: datetime) -> bool:
    """Whether the matter of a notice that waits to be opened is over."""
    return ladder.until == "opened" and begins is not None and now >= begins


def is_follow_up(ladder: Ladder, step: int) -> bool:
    """Whether a step comes after the ladder's first messages."""
    return step < len(ladder.steps) and bool(ladder.steps[step].after)


def _has_ended(ladder: Ladder, tried: Sequence[EarlierAttempt]) -> bool:
    """A call that was picked up is the person's own act; any other delivery may lie unseen in a folded chat."""
    reached = [t for t in tried if t.state in _REACHED]
    if ladder.until == "opened":
        return any(ladder.steps[t.step].channel == "voice" for t in reached if t.step < len(ladder.steps))
    return ladder.until == "delivered" and bool(reached)


def _start_moment(ladder: Ladder, at: datetime) -> datetime:
    """In the quiet hours of all first steps the whole ladder waits, so that later steps don't coincide."""
    first = [ladder.hours.get(step.channel) for step in ladder.steps if not step.after]
    opens = [hours.next_open(at) if hours else at for hours in first]
    return min(opens, default=at)


def _plan_attempt(ladder: Ladder, index: int, step: LadderStep, at: datetime) -> PlannedAttempt:
    hours = ladder.hours.get(step.channel)
    return PlannedAttempt(index, step.channel, hours.next_open(at) if hours else at, step.wait)


def _has_step_failed(step: LadderStep, attempts: Sequence[EarlierAttempt]) -> bool:
    if any(t.held for t in attempts):
        return True
    exhausted = len(attempts) >= step.attempts or not all(t.repeatable for t in attempts)
    return exhausted and all(t.state == ContactAttemptState.FAILED for t in attempts)


def _plan_retry(
    ladder: Ladder, index: int, step: LadderStep, attempts: Sequence[EarlierAttempt], now: datetime
) -> PlannedAttempt | None:
    if len(attempts) >= step.attempts or any(
        t.state != ContactAttemptState.FAILED or not t.repeatable for t in attempts
    ):
        return None
    return _plan_attempt(ladder, index, step, max(now, max(t.due_at for t in attempts) + step.retry_gap))
