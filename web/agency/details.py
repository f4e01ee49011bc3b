"""Read-only tabs of a draw: its project, its panel, arrivals, and the log of operations."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput, RuleViolation
from domain.masking import mask_mobile
from services.core.base import Actor
from services.core.crypto import PHONE
from services.draws import OPERATIONS_MAX, AttendanceRow, Detail, urged_by_venue
from web.agency.projects import print_wan
from web.agency.supplements import KINDS, SOURCES
from web.agency.wizard import DrawPart, path_of, text
from web.core.form_values import redirect, uuid_of
from web.draws import APPLICATION_KINDS, public_path


class ProjectTab(DrawPart):
    step = "project"

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/project", self.project)

    async def project(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        project = await self.services.draws.project_queries.get(actor, detail.draw.project_id)
        code = project.data.region
        names = await self.services.catalogues.names(actor.pool, "region", [code])
        return self.draw_page(
            actor,
            "agency/draw_project.html",
            request,
            detail,
            project=project,
            region=names.get(code, code),
            wan=print_wan,
        )


class ResultTab(DrawPart):
    step = "result"

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/result", self.result)
        self.site.post("/agency/draws/{id}/result", self.share)

    async def result(self, request: http.Request) -> http.Response:
        """Codes while the result is sealed; the service logs each reading of names."""
        actor, detail = await self.asked(request)
        return self.draw_page(
            actor,
            "agency/result.html",
            request,
            detail,
            result=await self.services.draws.results.read(actor, detail.draw.id),
            mark=self.book(actor).draw.supplement.mark,
            public=public_path(detail.draw) if detail.draw.ended_at else "",
        )

    async def share(self, request: http.Request) -> http.Response:
        """A link to the record so far, which may be given to anyone; after the end the draw's number suffices."""
        actor, detail = await self.asked(request)
        await self.fields(request, actor)
        raise redirect(f"/record/{await self.services.draws.public_links.share(actor, detail.draw.id, 'record')}")


class AttendanceTab(DrawPart):
    step = "attendance"
    notes: ClassVar[Mapping[str, str]] = {
        "urged": "已发起语音催促，请稍后查看专家是否到场。",
        "rung": "系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。",
    }

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/attendance", self.attendance)
        self.site.post("/agency/draws/{id}/attendance", self.urge)

    async def attendance(self, request: http.Request) -> http.Response:
        actor, detail = await self.asked(request)
        return await self._page(actor, request, detail)

    async def _page(
        self,
        actor: Actor,
        request: http.Request,
        detail: Detail,
        error: AppError | None = None,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> http.Response:
        sealed, found = "", list[AttendanceRow]()
        try:
            found = await self.services.draws.attendance_queries.list_awaited(actor, detail.draw.id)
        except RuleViolation as refusal:  # not unsealed yet, which is no error of the reader
            sealed = "".join([refusal.message, *(f"{one}。" for one in self._urged_by(detail))])
        rules = self.book(actor).attendance
        return self.draw_page(
            actor,
            "agency/attendance.html",
            request,
            detail,
            error=error,
            rows=found,
            sealed=sealed,
            window=int(rules.urging_window.total_seconds() // 60),
            most=rules.urging_voice_max,
            phone=fields.get("phone", ""),
            own_phone=mask_mobile(await self.services.accounts.credentials.own_mobile(actor)),
        )

    def _urged_by(self, detail: Detail) -> list[str]:
        """For each gathering that has begun while arrivals are sealed: who urges there."""
        keys, now = self.services.deps.keys, self.services.deps.now()
        come = [one for one in detail.parts.notices if detail.draw.started_at and one.gathering_at <= now]
        found = [
            urged_by_venue(one.venue, one.address, one.contact, keys.read(one.contact_phone_sealed, PHONE))
            for one in come
        ]
        return list(dict.fromkeys(found))

    async def urge(self, request: http.Request) -> http.Response:
        """The expert with invitation ``id``: ``command`` urge by the system's voice, or ring by a virtual call."""
        actor, detail = await self.asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._urge(actor, detail.draw.id, fields)
        except AppError as error:
            return await self._page(actor, request, detail, self.shown(error), fields)
        raise redirect(path_of(detail.draw.id, "attendance"), note=note)

    async def _urge(self, actor: Actor, draw_id: UUID, fields: Mapping[str, str]) -> str:
        urging = self.services.draws.urging
        command, expert = fields.get("command"), uuid_of(fields.get("id", ""), "这位专家")
        if command == "ring":
            await urging.ring(actor, draw_id, expert, text(fields, "phone", "您的通话号码", 20))
            return "rung"
        if command != "urge":
            raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        await urging.urge(actor, draw_id, expert)
        return "urged"


class LogTab(DrawPart):
    step = "log"

    def add_routes(self) -> None:
        self.site.get("/agency/draws/{id}/log", self.log)

    async def log(self, request: http.Request) -> http.Response:
        """Log of operations, outcome of the applications, and absences."""
        actor, detail = await self.asked(request)
        draws = self.services.draws
        return self.draw_page(
            actor,
            "agency/log.html",
            request,
            detail,
            operations=await draws.queries.operations(actor, detail.draw.id),
            most=OPERATIONS_MAX,
            applications=await draws.verification_queries.of_draw(detail.draw.id),
            application_kinds=APPLICATION_KINDS,
            kinds=KINDS,
            sources=SOURCES,
            absences=await draws.absence_queries.of_draw(actor, detail.draw.id),
        )
