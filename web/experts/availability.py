"""``/h5/{pool}/periods``: times in which the expert is not drawn (日程), added and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from web.accounts.person_pages import PersonPages
from web.core.pages import Redirect, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import RequiredMoment


@dataclass(frozen=True)
class _Period:
    starts_at: Annotated[datetime, RequiredMoment("开始时间")]
    ends_at: Annotated[datetime, RequiredMoment("结束时间")]
    reason: str


class AvailabilityPages(PersonPages):
    form_name = "periods"
    on_page = ON_PAGE | {403, 404}

    @page("/h5/{pool}/periods", "experts/availability.html")
    async def periods(self, visit: Visit) -> Mapping[str, object]:
        return {"periods": await self.services.experts.availability.list_unavailability(visit.actor)}

    @periods.command(
        _Period,
        "save",
        note={
            "saved": "已保存，这段时间不会抽取您。",
            "panels": "已保存。这段时间内已同意的评标不受影响，不能参加的请到“我的评标”请假。",
        },
    )
    async def add(self, visit: Visit, form: _Period) -> Redirect:
        added = await self.services.experts.availability.add_unavailability(
            visit.actor, form.starts_at, form.ends_at, form.reason, key=visit.key
        )
        return Redirect(note="panels" if added.panels else "saved")

    @periods.command(name="cancel", note="已取消，恢复接受抽取。")
    async def cancel(self, visit: Visit) -> None:
        await self.services.experts.availability.cancel_unavailability(visit.actor, visit.row_id("这个时间段"))
