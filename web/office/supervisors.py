"""The register of supervisors (监督人名册), from which agencies must choose."""

from __future__ import annotations

from dataclasses import dataclass

from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page
from web.office.base import OfficePart


@dataclass(frozen=True)
class _Supervisor:
    mobile: str
    name: str
    department: str


class SupervisorPages(OfficePart):
    code = "supervisors"
    action = "supervisor.manage"

    @list_page("/office/supervisors", "office/supervisors.html", keep=(), q=Word(50), ended=Choice(("1",)))
    async def supervisors(self, visit: Visit, wanted: Wanted) -> Listed:
        """``ended=1`` shows ended entries."""
        search, ended = wanted["q"], wanted["ended"] == "1"
        listed = await self.services.draws.supervisor_queries.page(
            visit.actor, search=search, active=not ended, **wanted.window
        )
        return Listed(listed, {"word": search, "ended": ended})

    @supervisors.command(_Supervisor, "add", note="已添加，代理机构现在可以选择。")
    async def add(self, visit: Visit, form: _Supervisor) -> None:
        await self.services.draws.supervisors.add(
            visit.actor, mobile=form.mobile.strip(), name=form.name, department=form.department, key=visit.key
        )

    @supervisors.command(name="end", note="已停用；尚未确定抽取顺序的活动须另选监督人。")
    async def end(self, visit: Visit) -> None:
        await self.services.draws.supervisors.end(visit.actor, visit.row_id("这位监督人"))
