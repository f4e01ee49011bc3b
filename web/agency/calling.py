"""``…/run``: fixing the order by three parties, the draw's progress, and all actions on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import aiohttp.web as http

from domain.draws.lifecycles import OVER, DrawState
from domain.errors import AppError
from services.draws import DrawView, RegionChange, RoundView
from services.registry import Services
from web.accounts.login import AuthPages
from web.agency.supplement_times import SupplementForm, suggest
from web.agency.wizard import EDITABLE, DrawPart, draw_id
from web.core.form_values import print_moment
from web.core.pages import Visit, page
from web.core.site import Site
from web.core.typed_forms import Codes, RequiredMoment, ShortText
from web.draws import REGION_MODES, LiveProgress, board_facts, round_response

_AGENCY = "agency"
"""The agency's role in fixing the order."""
_MOVABLE = (
    DrawState.VERIFIED,
    DrawState.COMMITTING,
    DrawState.PAUSED,
    DrawState.SUPPLEMENT_PENDING,
    DrawState.SHORT,
    DrawState.COMPLETED,
)
"""States in which no new expert is called, so that gatherings may be moved."""
_MISSING = (DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)


_REGIONS_MAX = 100
"""Regions of one condition that are read."""


@dataclass(frozen=True)
class _Reason:
    reason: Annotated[str, ShortText("原因", 200, required=True)]


@dataclass(frozen=True)
class _Move:
    gathering_at: Annotated[datetime, RequiredMoment("集合时间")]


@dataclass(frozen=True)
class _Widening(SupplementForm):
    regions: Annotated[tuple[str, ...], Codes()]


class CallingPages(DrawPart):
    step = "run"

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services, auth)
        self._live = LiveProgress(site, services.draws.public_links, services.draws.live)

    def add_routes(self) -> None:
        super().add_routes()
        self.site.post("/agency/draws/{id}/round", self.take_part)

    @page("/agency/draws/{id}", "")
    async def current_step(self, visit: Visit) -> Mapping[str, object]:
        """Redirect to the step that fits the draw's state."""
        detail = await self.detail(visit)
        state, draw = DrawState(detail.draw.state), detail.draw
        if any(task.draw_id == draw.id for task in await self.services.draws.release_queries.tasks(visit.actor)):
            raise self.leave(visit, "release")
        if draw.kind == "recall" and state not in (*EDITABLE, DrawState.SUBMITTED):
            raise self.leave(visit, "notify")
        full = sum(condition.planned for condition in detail.conditions) == draw.needed
        if state == DrawState.EDITING and not full:
            raise self.leave(visit, "conditions" if detail.parts.notices else "recusal")
        raise self.leave(visit, "submit" if state in (*EDITABLE, DrawState.SUBMITTED) else "run")

    @page("/agency/draws/{id}/run", "agency/calling.html")
    async def run(self, visit: Visit) -> Mapping[str, object]:
        detail, draws, book = await self.detail(visit), self.services.draws, self.book(visit.actor)
        draw = detail.draw
        if draw.kind == "recall":
            raise self.leave(visit, "notify")
        progress, rolls = await draws.progress.totals_of(draw), await self._live.rolls(draw)
        missing = [condition for condition in detail.conditions if condition.needed > condition.accepted]
        now, state = self.services.deps.now(), DrawState(draw.state)
        begun, codes = now >= draw.starts_at, [code for condition in missing for code in condition.regions]
        return {
            **self.draw_values(detail),
            "progress": progress,
            "facts": board_facts(progress, rolls),
            "roll": rolls[-1] if rolls else None,
            "round": await draws.rounds.view(visit.actor, draw.id, _AGENCY) if state == DrawState.COMMITTING else None,
            "aborts": await draws.rounds.aborts_of(draw) if state == DrawState.VERIFIED else None,
            "movable": state in _MOVABLE and not begun,
            "unanswered": await draws.unanswered_moves.list_of(draw.id),
            "missing": missing if state in _MISSING else [],
            "new_times": suggest(draw, detail.parts.notices, missing, book, now),
            "postponable": bool(book.draw.supplement.postpone_max),
            "wider": book.draw.supplement.region_change,
            "names": await self.services.catalogues.names(visit.actor.pool, "region", codes),
            "modes": REGION_MODES,
            "top": book.pool.region,
            "unseals_at": draws.access.unseals_at(draw),
            "over": state in OVER,
            "begun": begun,
            "stays": book.draw.exits.after_forced_end == "stay",
            "running": draw.started_at is not None,
            "print_moment": print_moment,
        }

    # ---- actions

    @run.command(name="open", note="三方摇号已开始，本页自动提交代理机构的随机数。")
    async def open_round(self, visit: Visit) -> None:
        await self.services.draws.rounds.open(visit.actor, draw_id(visit))

    @run.command(_Reason, "abort", note="本轮已终止，可以重新开始。")
    async def abort_round(self, visit: Visit, form: _Reason) -> None:
        await self.services.draws.rounds.abort(visit.actor, draw_id(visit), form.reason)

    @run.command(name="start", note="抽取已启动，正在通知专家。")
    async def start(self, visit: Visit) -> None:
        await self.services.draws.calling.start(visit.actor, draw_id(visit))

    @run.command(_Reason, "pause", note="已暂停。已发出的通知会继续等待结果。")
    async def pause(self, visit: Visit, form: _Reason) -> None:
        await self.services.draws.calling.pause(visit.actor, draw_id(visit), form.reason)

    @run.command(name="resume", note="抽取继续进行。")
    async def resume(self, visit: Visit) -> None:
        await self.services.draws.calling.resume(visit.actor, draw_id(visit))

    @run.command(_Reason, "end", note="正在结束。已发出的通知会继续等待结果。")
    async def force_end(self, visit: Visit, form: _Reason) -> None:
        await self.services.draws.calling.force_end(visit.actor, draw_id(visit), form.reason)

    @run.command(_Move, "move", note="集合时间已更改，正在征求专家同意；专家同意之前，原定时间对其仍然有效。")
    async def move_gathering(self, visit: Visit, form: _Move) -> None:
        notice_id = visit.row_id("这条语音通知")
        await self.services.draws.gathering_times.change(visit.actor, draw_id(visit), notice_id, form.gathering_at)

    @run.command(SupplementForm, "supplement", note="补抽已启动。")
    async def supplement(self, visit: Visit, form: SupplementForm) -> None:
        """With the same conditions; with the times changed in the form."""
        await self._supplement(visit, form)

    @run.command(_Widening, "widen", note="地区已扩大，请三方重新摇号。")
    async def widen(self, visit: Visit, form: _Widening) -> None:
        """In wider regions."""
        change = RegionChange(visit.row_id("这个抽取条件"), form.regions[:_REGIONS_MAX])
        await self._supplement(visit, form, change)

    async def _supplement(self, visit: Visit, form: SupplementForm, *regions: RegionChange) -> None:
        gatherings = form.changed_gatherings((await self.detail(visit)).parts.notices)
        await self.services.draws.supplements.start(
            visit.actor, draw_id(visit), regions=regions, gathering=gatherings, start=form.postpone
        )

    # ---- fixing the order

    @page("/agency/draws/{id}/round", "")
    async def round(self, visit: Visit) -> http.Response:
        """The newest round, for the script of the page."""
        return round_response(await self.services.draws.rounds.view(visit.actor, draw_id(visit), _AGENCY))

    async def take_part(self, request: http.Request) -> http.Response:
        """The browser's ``commitment``, or its ``value``. Answers with JSON, also to a refusal."""
        visit = Visit(await self.actor(request), request)
        try:
            return round_response(await self._take_part(visit, await self.fields(request, visit.actor)))
        except AppError as error:
            return http.json_response({"detail": error.message}, status=error.status)

    async def _take_part(self, visit: Visit, sent: Mapping[str, str]) -> RoundView:
        rounds = self.services.draws.rounds
        if "value" in sent:
            return await rounds.reveal(visit.actor, draw_id(visit), _AGENCY, sent["value"])
        return await rounds.commit(visit.actor, draw_id(visit), _AGENCY, sent.get("commitment", ""))

    # ---- live

    @page("/agency/draws/{id}/events", "")
    async def events(self, visit: Visit) -> http.StreamResponse:
        async def check() -> DrawView:
            await self.actor(visit.request)
            return await self.services.draws.access.view(visit.actor, draw_id(visit))

        return await self._live.answer(visit.request, check, session=str(visit.actor.session_id))
