"""``/h5/{pool}/periods``: times in which the expert is not drawn (日程): set, ended, and gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from services.experts import Period, TimesOffForm
from web.accounts.person_pages import PersonPages
from web.core.form_values import uuid_of
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Day, Moment

NOTES: Mapping[str, str] = {
    "saved": "已保存，这些时间不会抽取您。",
    "panels": "已保存。其中已同意的评标不受影响，列在下面。",
}
WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class _Weekdays:
    """Ticked boxes ``day-1`` to ``day-7``."""

    def read(self, sent: Mapping[str, str], name: str) -> tuple[int, ...]:
        return tuple(day for day in range(1, 8) if sent.get(f"day-{day}"))


@dataclass(frozen=True)
class _Span:
    starts_at: Annotated[datetime | None, Moment("开始时间")]
    ends_at: Annotated[datetime | None, Moment("结束时间")]
    reason: str


@dataclass(frozen=True)
class _Pause:
    pause_reason: str


@dataclass(frozen=True)
class _Weekly:
    weekdays: Annotated[tuple[int, ...], _Weekdays()]
    hours: str
    from_time: str
    to_time: str
    until: Annotated[date | None, Day("截止日期")]


@dataclass(frozen=True)
class _Holiday:
    holiday: str


@dataclass(frozen=True)
class _Month:
    month: str


class AvailabilityPages(PersonPages):
    form_name = "periods"
    on_page = ON_PAGE | {403, 404}

    @page("/h5/{pool}/periods", "experts/availability.html")
    async def periods(self, visit: Visit) -> Mapping[str, object]:
        times = await self.services.experts.availability.read(visit.actor)
        return {
            "periods": times.periods,
            "holidays": [(option.key, option.text) for option in times.holidays],
            "months": [(option.key, option.text) for option in times.months],
            "days": list(enumerate(WEEKDAYS, 1)),
            "every": times.pause_asked_days,
            "kept": await self._panels_within(visit),
        }

    async def _panels_within(self, visit: Visit) -> tuple[str, ...]:
        """Panels that stay although they lie in the time that was just set."""
        wanted = visit.query("set")
        if not wanted:
            return ()
        return await self.services.experts.availability.panels_within(visit.actor, uuid_of(wanted, "这个时间段"))

    @periods.command(_Span, "save", note=NOTES)
    async def add(self, visit: Visit, form: _Span) -> Redirect:
        return await self._add(visit, TimesOffForm("span", form.reason, form.starts_at, form.ends_at))

    @periods.command(_Pause, "pause", note={**NOTES, "paused": "已暂停接受抽取，恢复前不会抽到您。"})
    async def pause(self, visit: Visit, form: _Pause) -> Redirect:
        return await self._add(visit, TimesOffForm("pause", form.pause_reason), note="paused")

    @periods.command(_Weekly, "weekly", note=NOTES)
    async def add_weekly(self, visit: Visit, form: _Weekly) -> Redirect:
        return await self._add(visit, TimesOffForm("weekly", **vars(form)))

    @periods.command(_Holiday, "holiday", note=NOTES)
    async def add_holiday(self, visit: Visit, form: _Holiday) -> Redirect:
        return await self._add(visit, TimesOffForm("holiday", holiday=form.holiday))

    @periods.command(_Month, "month", note=NOTES)
    async def add_month(self, visit: Visit, form: _Month) -> Redirect:
        return await self._add(visit, TimesOffForm("month", month=form.month))

    async def _add(self, visit: Visit, form: TimesOffForm, note: str = "saved") -> Redirect:
        added: Period = await self.services.experts.availability.add_form(visit.actor, form, key=visit.key)
        if added.panels:
            return Redirect(f"/h5/{visit.actor.pool}/periods?set={added.id}", note="panels")
        return Redirect(note=note)

    @periods.command(name="cancel", note="已取消，恢复接受抽取。")
    async def cancel(self, visit: Visit) -> None:
        await self.services.experts.availability.cancel_unavailability(visit.actor, visit.row_id("这个时间段"))

    @periods.command(name="go_on", note="好的，继续暂停。")
    async def go_on(self, visit: Visit) -> None:
        await self.services.experts.availability.go_on(visit.actor, visit.row_id("这个时间段"))
