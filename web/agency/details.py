"""Read-only tabs of a draw: its project, its panel, arrivals, and the log of operations."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import RuleViolation
from domain.masking import mask_mobile
from services.core.crypto import PHONE
from services.draws import OPERATIONS_MAX, AttendanceRow, Detail, venue_urging_text
from web.agency.projects import print_wan
from web.agency.supplements import KINDS, SOURCES
from web.agency.wizard import DrawPart, draw_id
from web.core.pages import Redirect, Visit, page
from web.draws import APPLICATION_KINDS, RingForm, public_path

_EXPERT = "这位专家"


class ProjectTab(DrawPart):
    step = "project"

    @page("/agency/draws/{id}/project", "agency/draw_project.html")
    async def project(self, visit: Visit) -> Mapping[str, object]:
        detail = await self.detail(visit)
        project = await self.services.draws.project_queries.get(visit.actor, detail.draw.project_id)
        code = project.data.region
        names = await self.services.catalogues.names(visit.actor.pool, "region", [code])
        values = {"project": project, "region": names.get(code, code), "wan": print_wan}
        return {**self.draw_values(detail), **values}


class ResultTab(DrawPart):
    step = "result"

    @page("/agency/draws/{id}/result", "agency/result.html")
    async def result(self, visit: Visit) -> Mapping[str, object]:
        """Codes while the result is sealed; the service logs each reading of names."""
        detail = await self.detail(visit)
        return {
            **self.draw_values(detail),
            "result": await self.services.draws.results.read(visit.actor, detail.draw.id),
            "mark": self.book(visit.actor).draw.supplement.mark,
            "public": public_path(detail.draw) if detail.draw.ended_at else "",
        }

    @result.command()
    async def share(self, visit: Visit) -> Redirect:
        """A link to the record so far, which may be given to anyone; after the end the draw's number suffices."""
        link = await self.services.draws.public_links.share(visit.actor, draw_id(visit), "record")
        return Redirect(f"/record/{link}", "")


class AttendanceTab(DrawPart):
    step = "attendance"

    @page("/agency/draws/{id}/attendance", "agency/attendance.html")
    async def attendance(self, visit: Visit) -> Mapping[str, object]:
        detail = await self.detail(visit)
        sealed, rows = "", list[AttendanceRow]()
        try:
            rows = await self.services.draws.attendance_queries.list_awaited(visit.actor, detail.draw.id)
        except RuleViolation as refusal:  # not unsealed yet, which is no error of the reader
            sealed = "".join([refusal.message, *(f"{person}。" for person in self._venue_urgers(detail))])
        names = {} if sealed else await self.services.draws.attendance_queries.read_names(visit.actor, detail.draw.id)
        rules = self.book(visit.actor).attendance
        return {
            **self.draw_values(detail),
            "rows": rows,
            "names": names,
            "sealed": sealed,
            "announced": await self.services.draws.attendance_queries.list_announced(visit.actor, detail.draw.id),
            "over": detail.draw.ended_at is not None,
            "window": int(rules.urging_window.total_seconds() // 60),
            "most": rules.urging_voice_max,
            "phone": visit.form.value("phone"),
            "own_phone": mask_mobile(await self.services.accounts.credentials.own_mobile(visit.actor)),
        }

    def _venue_urgers(self, detail: Detail) -> list[str]:
        """For each gathering that has begun while arrivals are sealed: who urges there."""
        keys, now = self.services.deps.keys, self.services.deps.now()
        begun = [notice for notice in detail.parts.notices if detail.draw.started_at and notice.gathering_at <= now]
        people = [
            venue_urging_text(
                notice.venue, notice.address, notice.contact, keys.read(notice.contact_phone_sealed, PHONE)
            )
            for notice in begun
        ]
        return list(dict.fromkeys(people))

    @attendance.command(name="urge", note="已发起语音催促，请稍后查看专家是否到场。")
    async def urge(self, visit: Visit) -> None:
        """By the system's voice."""
        await self.services.draws.urging.urge(visit.actor, draw_id(visit), visit.row_id(_EXPERT))

    @attendance.command(RingForm, "ring", note="系统正在呼叫您的电话，接听后再呼叫专家。双方都看不到对方号码。")
    async def ring(self, visit: Visit, form: RingForm) -> None:
        """By a virtual call."""
        await self.services.draws.urging.ring(visit.actor, draw_id(visit), visit.row_id(_EXPERT), form.caller)


class LogTab(DrawPart):
    step = "log"

    @page("/agency/draws/{id}/log", "agency/log.html")
    async def log(self, visit: Visit) -> Mapping[str, object]:
        """Log of operations, outcome of the applications, and absences."""
        detail, draws = await self.detail(visit), self.services.draws
        return {
            **self.draw_values(detail),
            "operations": await draws.queries.operations(visit.actor, detail.draw.id),
            "most": OPERATIONS_MAX,
            "applications": await draws.verification_queries.applications_of_draw(detail.draw.id),
            "application_kinds": APPLICATION_KINDS,
            "kinds": KINDS,
            "sources": SOURCES,
            "absences": await draws.absence_queries.absences_of_draw(visit.actor, detail.draw.id),
        }
