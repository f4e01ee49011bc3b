"""Staff of the pool (工作人员): verifiers, supervisors, venue staff, administrators."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts import OFFICES
from services.core.permissions import role_name
from web.core.pages import Choice, Listed, Visit, Wanted, list_page
from web.office.base import OfficePart


@dataclass(frozen=True)
class _Grant:
    mobile: str
    name: str
    role: str
    scope: str


class StaffPages(OfficePart):
    code = "staff"
    action = "person.manage"

    @list_page("/office/staff", "office/staff.html", keep=(), role=Choice(tuple(OFFICES)), ended=Choice(("1",)))
    async def staff(self, visit: Visit, wanted: Wanted) -> Listed:
        """``ended=1`` shows revoked ones."""
        role, ended, book = wanted["role"], wanted["ended"] == "1", self.book(visit.actor)
        listed = await self.services.accounts.staff.page(visit.actor, role=role, active=not ended, **wanted.window)
        values = {
            "ended": ended,
            "offices": {office: role_name(office) for office in OFFICES},
            "takes_reports": await self.services.reports.reporting.is_open(visit.actor.pool),
            "terminals": list(book.draw.terminals),
            "venues": [(venue.code or venue.name, venue.name) for venue in book.offered_venues],
        }
        return Listed(listed, values)

    @staff.command(_Grant, "grant", note="已添加，对方登录后即可使用。")
    async def grant(self, visit: Visit, form: _Grant) -> None:
        await self.services.accounts.staff.grant(
            visit.actor,
            mobile=form.mobile.strip(),
            name=form.name,
            role=form.role,
            scope=form.scope,
            key=visit.key,
        )

    @staff.command(name="revoke", note="已停用，立即生效。")
    async def revoke(self, visit: Visit) -> None:
        await self.services.accounts.staff.revoke(visit.actor, visit.row_id("这项授权"))
