"""``…/run``: fixing the order by three parties, the draw's progress, and all actions on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.draws.lifecycles import OVER, DrawState
from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.draws import Detail, DrawView, RegionChange
from services.registry import Services
from web.accounts.login import AuthPages
from web.agency.supplement_times import new_start, suggest
from web.agency.wizard import EDITABLE, DrawPart, path_of, text, when
from web.core.form_values import EMPTY, FormValues, print_moment, redirect, uuid_of
from web.core.site import Site
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


class CallingPages(DrawPart):
    step = "run"
    notes: ClassVar[Mapping[str, str]] = {
        "opened": "三方摇号已开始，本页自动提交代理机构的随机数。",
        "aborted": "本轮已终止，可以重新开始。",
        "started": "抽取已启动，正在通知专家。",
        "paused": "已暂停。已发出的通知会继续等待结果。",
        "resumed": "抽取继续进行。",
        "ended": "正在结束。已发出的通知会继续等待结果。",
        "moved": "集合时间已更改，已同意的专家会收到新时间。",
        "supplement": "补抽已启动。",
        "widened": "地区已扩大，请三方重新摇号。",
    }

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services, auth)
        self._live = LiveProgress(site, services.draws.public_links, services.draws.live)

    def add_routes(self) -> None:
        base = "/agency/draws/{id}"
        self.site.get(base, self.onward)
        self.site.get(f"{base}/run", self.run)
        self.site.post(f"{base}/run", self.submit)
        self.site.get(f"{base}/round", self.round)
        self.site.post(f"{base}/round", self.take_part)
        self.site.get(f"{base}/events", self.events)

    async def onward(self, request: http.Request) -> http.Response:
        """Redirect to the step that fits the draw's state."""
        actor, detail = await self.asked(request)
        state, draw = DrawState(detail.draw.state), detail.draw
        if any(one.draw_id == draw.id for one in await self.services.draws.release_queries.tasks(actor)):
            raise redirect(path_of(draw.id, "release"))
        if draw.kind == "recall" and state not in (*EDITABLE, DrawState.SUBMITTED):
            raise redirect(path_of(draw.id, "notify"))
        full = sum(one.planned for one in detail.conditions) == draw.needed
        if state == DrawState.EDITING and not full:
            raise redirect(path_of(draw.id, "conditions" if detail.parts.notices else "recusal"))
        raise redirect(path_of(draw.id, "submit" if state in (*EDITABLE, DrawState.SUBMITTED) else "run"))

    async def run(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        if detail.draw.kind == "recall":
            raise redirect(path_of(detail.draw.id, "notify"))
        return await self._page(actor, request, detail)

    async def _page(
        self, actor: Actor, request: http.Request, detail: Detail, form: FormValues = EMPTY
    ) -> http.Response:
        draws, draw = self.services.draws, detail.draw
        progress, rolls = await draws.progress.of(draw), await self._live.rolls(draw)
        missing = [one for one in detail.conditions if one.needed > one.accepted]
        state, begun = DrawState(draw.state), self.services.deps.now() >= draw.starts_at
        codes = [code for one in missing for code in one.regions]
        return self.draw_page(
            actor,
            "agency/calling.html",
            request,
            detail,
            error=form.error,
            f=form,
            progress=progress,
            facts=board_facts(progress, rolls),
            roll=rolls[-1] if rolls else None,
            round=await draws.rounds.view(actor, draw.id, _AGENCY) if state == DrawState.COMMITTING else None,
            movable=state in _MOVABLE and not begun,
            missing=missing if state in _MISSING else [],
            new_times=suggest(draw, detail.parts.notices, missing, self.book(actor), self.services.deps.now()),
            postponable=bool(self.book(actor).draw.supplement.postpone_max),
            wider=self.book(actor).draw.supplement.region_change,
            names=await self.services.catalogues.names(actor.pool, "region", codes),
            modes=REGION_MODES,
            top=self.book(actor).pool.region,
            unseals_at=draws.access.unseals_at(draw),
            over=state in OVER,
            begun=begun,
            stays=self.book(actor).draw.exits.after_forced_end == "stay",
            running=draw.started_at is not None,
            print_moment=print_moment,
        )

    # ---- actions

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` open, abort, start, pause, resume, end, move, supplement or widen."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, detail, fields)
        except AppError as error:
            detail = await self.services.draws.queries.detail(actor, detail.draw.id)
            return await self._page(actor, request, detail, FormValues(fields, self.shown(error), fields.get("id", "")))
        raise redirect(path_of(detail.draw.id, "run"), note=note)

    async def _do(self, actor: Actor, detail: Detail, fields: Mapping[str, str]) -> str:
        draws, draw, command = self.services.draws, detail.draw, fields.get("command")
        if command == "open":
            await draws.rounds.open(actor, draw.id)
            return "opened"
        if command == "abort":
            await draws.rounds.abort(actor, draw.id, _reason(fields))
            return "aborted"
        if command == "move":
            at = when(fields, "gathering_at", "集合时间")
            notice_id = uuid_of(fields.get("id", ""), "这条语音通知")
            await draws.gathering_times.change(actor, draw.id, notice_id, at)
            return "moved"
        if command == "supplement":
            return await self._supplement(actor, detail, fields)
        if command == "widen":
            change = RegionChange(uuid_of(fields.get("id", ""), "这个抽取条件"), _regions(fields))
            await self._supplement(actor, detail, fields, change)
            return "widened"
        return await self._call(actor, draw.id, fields)

    async def _call(self, actor: Actor, draw_id: UUID, fields: Mapping[str, str]) -> str:
        calling = self.services.draws.calling
        match fields.get("command"):
            case "start":
                await calling.start(actor, draw_id)
                return "started"
            case "pause":
                await calling.pause(actor, draw_id, _reason(fields))
                return "paused"
            case "resume":
                await calling.resume(actor, draw_id)
                return "resumed"
            case "end":
                await calling.force_end(actor, draw_id, _reason(fields))
                return "ended"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _supplement(self, actor: Actor, detail: Detail, fields: Mapping[str, str], *regions: RegionChange) -> str:
        """With the same conditions, or in wider regions; with the times changed in the form."""
        moved = {
            one.id: when(fields, f"at-{one.id}", "集合时间", one.gathering_at)
            for one in detail.parts.notices
            if fields.get("update") == "1" and f"at-{one.id}" in fields
        }
        await self.services.draws.supplements.start(
            actor, detail.draw.id, regions=regions, gathering=moved, start=new_start(fields)
        )
        return "supplement"

    # ---- fixing the order

    async def round(self, request: http.Request) -> http.Response:
        """The newest round, for the script of the page."""
        actor, detail = await self.asked(request)
        return round_response(await self.services.draws.rounds.view(actor, detail.draw.id, _AGENCY))

    async def take_part(self, request: http.Request) -> http.Response:
        """The browser's ``commitment``, or its ``value``."""
        actor, detail = await self.asked(request)
        rounds, draw_id = self.services.draws.rounds, detail.draw.id
        try:
            fields = await self.fields(request, actor)
            if "value" in fields:
                return round_response(await rounds.reveal(actor, draw_id, _AGENCY, fields["value"]))
            return round_response(await rounds.commit(actor, draw_id, _AGENCY, fields.get("commitment", "")))
        except AppError as error:
            return http.json_response({"detail": error.message}, status=error.status)

    # ---- live

    async def events(self, request: http.Request) -> http.StreamResponse:
        actor, detail = await self.asked(request)

        async def check() -> DrawView:
            await self.actor(request)
            return await self.services.draws.access.view(actor, detail.draw.id)

        return await self._live.answer(request, check, session=str(actor.session_id))


def _reason(fields: Mapping[str, str]) -> str:
    said = text(fields, "reason", "原因", 200)
    if not said:
        raise InvalidInput("请填写原因。", code="missing", field="reason")
    return said


def _regions(fields: Mapping[str, str]) -> tuple[str, ...]:
    codes = fields.get("regions", "").split(",")
    return tuple(dict.fromkeys(code.strip() for code in codes[:100] if code.strip()))
