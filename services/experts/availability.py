"""Times in which an expert is not to be drawn (不接受抽取的时间): set, listed, gone on with and ended by the expert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import print_date, print_time
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.experts.holidays import Holiday, find_holiday, holidays_ahead
from domain.experts.times_off import DAY, TimesOff
from domain.faults import Faults
from domain.spans import Span
from models.experts import Expert, Unavailability
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.expert_files import lock_file
from services.experts.away import concerns, times_of
from services.experts.membership_status import not_in_pool
from services.experts.times_off_forms import TimesOffForm, months_ahead, read_form
from services.notifications import Notices

LONGEST = timedelta(days=366)
FURTHEST = timedelta(days=2 * 366)
PERIODS_MAX = 100
"""Our own limits against typing errors and floods; no manual sets any."""
_CURRENT = """
SELECT u.* FROM unavailability u
 WHERE u.expert_id = $1 AND u.cancelled_at IS NULL AND (u.ends_at IS NULL OR u.ends_at > $2) ORDER BY u.starts_at, u.id
"""
_PANELS = f"""
SELECT i.gathering_at, n.venue FROM unavailability u JOIN invitation i ON i.expert_id = u.expert_id
  JOIN call_notice n ON n.id = i.notice_id
 WHERE u.id = $1 AND i.state = 'accepted' AND i.ends_at > $2 AND {concerns("u", "i.starts_at", "i.ends_at")}
 ORDER BY i.gathering_at
"""
_TO_ASK = f"""
FROM unavailability u JOIN expert e ON e.id = u.expert_id AND e.left_at IS NULL
WHERE u.remind_at <= $1 AND u.cancelled_at IS NULL AND {not_paused("pause_reminder", "u.id")}
"""
REMINDERS_DUE = f"EXISTS (SELECT 1 {_TO_ASK})"
_NEXT = f"SELECT u.id {_TO_ASK} ORDER BY u.remind_at LIMIT 500"


@dataclass(frozen=True)
class Period:
    """``ends_at`` None: until the expert says otherwise. ``text``: as it is read back. ``weekly``: only hours of some
    weekdays; ``panels``: panels accepted before, which stay, each in words."""

    id: UUID
    starts_at: datetime
    ends_at: datetime | None
    reason: str
    text: str
    weekly: bool = False
    panels: tuple[str, ...] = ()

    @property
    def is_pause(self) -> bool:
        return self.ends_at is None and not self.weekly


@dataclass(frozen=True)
class Option:
    """One of several, by the key that the form names."""

    key: str
    text: str


@dataclass(frozen=True)
class OwnTimes:
    """What is set, soonest first, and the holidays and months that can be named. ``pause_asked_days``: how many days
    after each other a person is asked whether a pause goes on."""

    periods: tuple[Period, ...]
    pause_asked_days: int
    holidays: tuple[Option, ...]
    months: tuple[Option, ...]


@dataclass(frozen=True)
class Availability:
    deps: Deps
    notices: Notices

    # ---- setting

    async def add(self, actor: Actor, times: TimesOff, *, key: str | None = None) -> Period:
        """The expert is not drawn then. Panels accepted before stay, and are named.

        Raises InvalidInput for a time that is past, reversed or too long, Conflict where it is covered already,
        Forbidden for an expert who is not formal.
        """
        check(actor, "expert.self.availability")
        now = self.deps.now()
        times = _check(times, now)

        async def run() -> Period:
            expert = await lock_file((await self._get_own_expert(actor)).id)
            if expert is None or expert.left_at is not None:
                raise not_in_pool()
            if expert.membership_status != "formal":
                raise Forbidden("入库成为正式专家后才能设置不接受抽取的时间。", code="not_formal")
            _check_room(await self._current(expert.id, now), times, now)
            row = await Unavailability.create(
                expert_id=expert.id,
                starts_at=times.starts_at,
                ends_at=times.ends_at,
                reason=times.reason,
                weekdays=list(times.weekdays),
                from_minute=times.from_minute,
                to_minute=times.to_minute,
                holiday=times.holiday,
                remind_at=now + self._asked_every(expert.pool, times) if times.ends_at is None else None,
                created_at=now,
            )
            await record(actor, now, "expert.unavailable", "expert", expert.id, period=str(row.id))
            return period_of(row.id, times, now, await _panels_in(row.id, now))

        return await once(
            owner=f"unavailable:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=Period,
            run=run,
            request=repr(times),
        )

    async def add_form(self, actor: Actor, form: TimesOffForm, *, key: str | None = None) -> Period:
        """As ``add``; the refusals name the field of the form."""
        check(actor, "expert.self.availability")
        return await self.add(actor, read_form(form, self.deps.book(actor.pool), self.deps.now()), key=key)

    def _asked_every(self, pool: str, times: TimesOff) -> timedelta:
        rules = self.deps.book(pool).availability
        return rules.weekly_reminder if times.weekdays else rules.pause_reminder

    # ---- reading

    async def list_unavailability(self, actor: Actor) -> list[Period]:
        """Times that are not over yet, soonest first."""
        check(actor, "expert.self.availability")
        now = self.deps.now()
        current = await self._current((await self._get_own_expert(actor)).id, now)
        return [period_of(period_id, times, now) for period_id, times in current]

    async def read(self, actor: Actor) -> OwnTimes:
        """For a page. Raises Forbidden for a person who is not in the pool."""
        periods = tuple(await self.list_unavailability(actor))
        return OwnTimes(
            periods=periods,
            pause_asked_days=self.deps.book(actor.pool).availability.pause_reminder.days,
            holidays=tuple(Option(holiday.key, str(holiday)) for holiday in self.holidays(actor.pool)),
            months=tuple(Option(*month) for month in months_ahead(self.deps.now())),
        )

    def holidays(self, pool: str) -> tuple[Holiday, ...]:
        """Holidays of this and the next year that are not over, soonest first."""
        return holidays_ahead(self.deps.book(pool), self.deps.now())

    async def panels_within(self, actor: Actor, period_id: UUID) -> tuple[str, ...]:
        """Accepted panels in one of the own times, each in words. Raises NotFound."""
        check(actor, "expert.self.availability")
        expert = await self._get_own_expert(actor)
        if not await Unavailability.exists(id=period_id, expert_id=expert.id):
            raise NotFound("找不到这个时间段，请刷新后重试。")
        return await _panels_in(period_id, self.deps.now())

    # ---- ending, going on

    async def cancel_unavailability(self, actor: Actor, period_id: UUID, *, key: str | None = None) -> Period:
        """Remove a time, or end a pause: draws may call the expert again. A repetition is harmless."""
        check(actor, "expert.self.availability")
        now = self.deps.now()

        async def run() -> Period:
            expert = await self._get_own_expert(actor)
            row = await self._lock_own(expert, period_id)
            if row.cancelled_at is None:
                row.cancelled_at = now
                await row.save(update_fields=["cancelled_at"])
                await record(actor, now, "expert.available", "expert", expert.id, period=str(row.id))
            return period_of(row.id, times_of(vars_of(row)), now)

        return await once(
            owner=f"available:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=Period,
            run=run,
            request=str(period_id),
        )

    async def go_on(self, actor: Actor, period_id: UUID, *, key: str | None = None) -> datetime:
        """A pause goes on; returns when the expert is asked again. Raises Conflict for one that has ended."""
        check(actor, "expert.self.availability")
        now = self.deps.now()

        async def run() -> datetime:
            row = await self._lock_own(await self._get_own_expert(actor), period_id)
            if row.cancelled_at is not None or row.ends_at is not None:
                raise Conflict("这段时间已经结束，现在可以抽取您。需要的请重新设置。", code="pause_over")
            row.remind_at = now + self._asked_every(actor.pool, times_of(vars_of(row)))
            await row.save(update_fields=["remind_at"])
            await record(actor, now, "expert.pause_goes_on", "expert", row.expert_id, period=str(row.id))
            return row.remind_at

        return await once(
            owner=f"pause:{actor.expert_id}",
            key=key,
            deps=self.deps,
            answer=datetime,
            run=run,
            request=str(period_id),
        )

    # ---- by the clock

    async def ask_due(self) -> int:
        """Ask experts whether what has no end goes on; without an answer it does. Returns how many were due."""
        now = self.deps.now()
        return await process_each("pause_reminder", await rows(_NEXT, now), lambda row: self._ask(row["id"], now))

    async def _ask(self, period_id: UUID, now: datetime) -> None:
        async with transaction():
            row = await Unavailability.select_for_update().get(id=period_id)
            if row.remind_at is None or row.remind_at > now or row.cancelled_at is not None:
                return
            expert = await Expert.get(id=row.expert_id)
            times = times_of(vars_of(row))
            row.remind_at = now + self._asked_every(expert.pool, times)
            await row.save(update_fields=["remind_at"])
            await self.notices.notify(
                pool=expert.pool,
                kind="pause_reminder",
                expert_id=expert.id,
                dedupe_key=f"pause_reminder:{row.id}:{now:%Y%m%d}",
                params={
                    "since": print_date(row.starts_at),
                    "reason": row.reason or "未填写",
                    "what": times.text(now) if times.weekdays else "暂停接受抽取",
                    "again": print_date(row.remind_at),
                },
            )

    async def follow_holidays(self) -> int:
        """Move holidays to the days that the notice of the State Council has fixed since; returns how many."""
        now = self.deps.now()
        ahead = await rows(
            "SELECT u.id, u.holiday, u.starts_at, u.ends_at, e.pool FROM unavailability u "
            "JOIN expert e ON e.id = u.expert_id "
            "WHERE u.holiday <> '' AND u.cancelled_at IS NULL AND u.ends_at > $1",
            now,
        )
        moved = [row for row in ahead if self._new_days(row["pool"], row)]
        return await process_each("holidays", moved, lambda row: self._follow_holiday(row["id"], row["pool"], now))

    def _new_days(self, pool: str, row: Mapping[str, Any]) -> Span | None:
        """The days of the row's holiday; None where the row has them already, or the holiday is no longer listed."""
        if pool not in self.deps.rulebooks:
            return None
        holiday = find_holiday(self.deps.book(pool), row["holiday"])
        return holiday.span if holiday and holiday.span != Span(row["starts_at"], row["ends_at"]) else None

    async def _follow_holiday(self, period_id: UUID, pool: str, now: datetime) -> None:
        async with transaction():
            row = await Unavailability.select_for_update().get(id=period_id)
            days = self._new_days(pool, vars_of(row))
            if row.cancelled_at is not None or days is None:
                return
            row.starts_at, row.ends_at = days.starts_at, days.ends_at
            await row.save(update_fields=["starts_at", "ends_at"])
            await record(system(pool), now, "expert.holiday_moved", "expert", row.expert_id, period=str(row.id))

    # ---- helpers

    async def _get_own_expert(self, actor: Actor) -> Expert:
        expert = (
            await Expert.get_or_none(id=actor.expert_id, pool=actor.pool, left_at=None) if actor.expert_id else None
        )
        if expert is None:
            raise not_in_pool()
        return expert

    async def _lock_own(self, expert: Expert, period_id: UUID) -> Unavailability:
        row = await Unavailability.select_for_update().get_or_none(id=period_id, expert_id=expert.id)
        if row is None:
            raise NotFound("找不到这个时间段，请刷新后重试。")
        return row

    async def _current(self, expert_id: UUID, now: datetime) -> list[tuple[UUID, TimesOff]]:
        return [(row["id"], times_of(row)) for row in await rows(_CURRENT, expert_id, now)]


async def _panels_in(period_id: UUID, now: datetime) -> tuple[str, ...]:
    accepted = await rows(_PANELS, period_id, now)
    return tuple(f"{print_time(panel['gathering_at'])}集合，{panel['venue']}" for panel in accepted)


def vars_of(row: Unavailability) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


def period_of(period_id: UUID, times: TimesOff, now: datetime, panels: tuple[str, ...] = ()) -> Period:
    return Period(
        period_id, times.starts_at, times.ends_at, times.reason, times.text(now), bool(times.weekdays), panels
    )


def _check_room(existing: Sequence[tuple[UUID, TimesOff]], times: TimesOff, now: datetime) -> None:
    """Raises Conflict for a time that one of the existing covers, TooMany when there are too many."""
    for _, set_before in existing:
        if set_before.is_pause and times.is_pause:
            raise Conflict("您已暂停接受抽取，无需再次设置。", code="already_unavailable")
        if set_before.covers(times):
            raise Conflict(f"这段时间已设置过：{set_before.text(now)}，无需重复设置。", code="already_unavailable")
    if len(existing) >= PERIODS_MAX:
        raise TooMany("设置的时间段过多，请先取消不需要的时间段。", retry_after=86400, code="too_many_periods")


def _check(times: TimesOff, now: datetime) -> TimesOff:
    """With its reason as it is stored. Raises InvalidInput."""
    faults = Faults()
    reason = faults.check(check_text, times.reason, "reason", "原因", 100)
    faults.check(_check_hours, times)
    if times.ends_at is not None:
        faults.check(_check_span, times.starts_at, times.ends_at, now)
    faults.raise_any()
    return replace(times, reason=reason)


def _check_hours(times: TimesOff) -> None:
    if not times.weekdays:
        return
    if not set(times.weekdays) <= set(range(1, 8)):
        raise InvalidInput("请选择星期几。", code="no_weekday", field="weekdays")
    begin, end = times.from_minute, times.to_minute
    if begin is None or end is None or not 0 <= begin < end <= DAY:
        raise InvalidInput("结束时间应晚于开始时间，请重新填写。", code="period_order", field="to_time")


def _check_span(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise InvalidInput("结束时间应晚于开始时间，请重新填写。", code="period_order", field="ends_at")
    if ends_at <= now:
        raise InvalidInput("这段时间已经过去，请填写今天以后的时间。", code="period_past", field="ends_at")
    if ends_at - starts_at > LONGEST:
        raise InvalidInput("一次最多设置一年，请缩短时间段。", code="period_long", field="ends_at")
    if starts_at > now + FURTHEST:
        raise InvalidInput("开始时间过远，请填写两年以内的时间。", code="period_far", field="starts_at")
