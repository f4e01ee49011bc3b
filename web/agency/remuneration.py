"""The tab 专家酬劳支付情况 of an activity, and ``/agency/remuneration``: totals by month. Payments are made outside
this system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from domain.clock import local
from domain.errors import InvalidInput
from domain.remuneration.lifecycles import RemunerationState
from web.agency.base import AgencyPart
from web.agency.wizard import DrawPart, draw_id, path_of
from web.core.form_values import uuid_of, version_of
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Day
from web.files.produced import ProducedFile, produced_file, produced_sheet

_PAYABLE = (RemunerationState.CONFIRMED, RemunerationState.ASSUMED)
_STEP, _ROW = "remuneration", "这笔酬劳"
_MARKED: Mapping[str, str] = {"paid": "已登记支付，已通知专家。", "before": "这些酬劳此前已登记支付，没有重复登记。"}


@dataclass(frozen=True)
class _Versions:
    """The displayed versions of rows by id; each is a field of its own, ``prefix`` and the id."""

    prefix: str

    def read(self, sent: Mapping[str, str], name: str) -> dict[UUID, int]:
        rows = {box.removeprefix(self.prefix): text for box, text in sent.items() if box.startswith(self.prefix)}
        return {uuid_of(row, _ROW): version_of(version) for row, version in rows.items()}


@dataclass(frozen=True)
class _Payment:
    """``due``: all rows that can be paid; ``chosen``: those with a tick."""

    paid_on: Annotated[date | None, Day("支付日期")]
    way: str
    due: Annotated[Mapping[UUID, int], _Versions("due-")]
    chosen: Annotated[Mapping[UUID, int], _Versions("pay-")]


class RemunerationTab(DrawPart):
    step = _STEP

    @page("/agency/draws/{id}/remuneration", "agency/remuneration.html")
    async def tab(self, visit: Visit) -> Mapping[str, object]:
        detail, rules = await self.detail(visit), self.book(visit.actor).remuneration
        return {
            **self.draw_values(detail),
            "owed": await self.services.remuneration.proposals.get_draw_remuneration(visit.actor, detail.draw.id),
            "payable": _PAYABLE,
            "ways": [(way, way) for way in rules.pay_ways],
            "payer": rules.payer_note,
            "willing": any(condition.region_mode == "willing" for condition in detail.conditions),
            "today": f"{local(self.services.deps.now()):%Y-%m-%d}",
        }

    @tab.command(_Payment, "all", note=_MARKED)
    async def mark_all(self, visit: Visit, form: _Payment) -> Redirect:
        return await self._mark(visit, form, form.due)

    @tab.command(_Payment, "chosen", note=_MARKED)
    async def mark_chosen(self, visit: Visit, form: _Payment) -> Redirect:
        if not form.chosen:
            raise InvalidInput("请勾选已支付的专家。", code="missing")
        return await self._mark(visit, form, form.chosen)

    async def _mark(self, visit: Visit, form: _Payment, seen: Mapping[UUID, int]) -> Redirect:
        marked = await self.services.remuneration.payouts.mark_paid(
            visit.actor, draw_id(visit), form.paid_on, form.way, seen
        )
        return Redirect(note="paid" if marked else "before")

    @tab.command(name="back", note="已撤销支付登记，可以重新登记。")
    async def unmark(self, visit: Visit) -> None:
        await self.services.remuneration.payouts.unmark_paid(visit.actor, draw_id(visit), visit.row_id(_ROW))

    @produced_file("/agency/draws/{id}/remuneration.xlsx", "酬劳支付表", lambda visit: path_of(draw_id(visit), _STEP))
    async def sheet(self, visit: Visit) -> ProducedFile:
        detail = await self.detail(visit)
        body = await self.services.remuneration.sheets.write_draw_sheet(visit.actor, detail.draw.id)
        return produced_sheet(body, f"remuneration-{detail.draw.number}")


class RemunerationMonths(AgencyPart):
    here = "remuneration"

    @page("/agency/remuneration", "agency/remuneration_months.html")
    async def months(self, visit: Visit) -> Mapping[str, object]:
        months = await self.services.remuneration.payouts.months(visit.actor)
        return {"months": months, "owed": await self.services.office.staff_work.list_owed_draws(visit.actor)}

    @produced_file("/agency/remuneration/{month}.xlsx", "酬劳支付表", lambda _: "/agency/remuneration")
    async def sheet(self, visit: Visit) -> ProducedFile:
        month = visit.request.match_info["month"]
        body = await self.services.remuneration.sheets.write_month_sheet(visit.actor, month)
        return produced_sheet(body, f"remuneration-{month}")
