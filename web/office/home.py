"""The first page: open work, applications by state, and all menu entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.office import Filter, WaitingCounts
from web.core.pages import Visit, page
from web.office.base import OfficePart


class Todo(NamedTuple):
    number: int
    name: str
    path: str


class OfficeHomePages(OfficePart):
    code = "home"

    @page("/office", "office/home.html")
    async def home(self, visit: Visit) -> Mapping[str, object]:
        actor = visit.actor
        return {
            "todos": _todos(await self.services.office.dashboard.count_waiting(actor)),
            "who": self.auth.role_label(actor),
            "states": await self.services.office.applications.counts(actor, Filter()),
            "out": self.auth.form(actor, "logout"),
            "requests": await self.services.organisations.agents.count_unanswered_links(actor),
        }


def _todos(waiting: WaitingCounts) -> list[Todo]:
    todos = [
        Todo(waiting.unassigned_reviews, "无人审核", "/office/reviewers"),
        Todo(waiting.overdue_reviews, "超期未审", "/office/applications?state=reviewing&sort=waiting"),
        Todo(waiting.employer_requests, "申请添加的单位", "/office/employers/requests"),
        Todo(waiting.objections, "待处理的异议", "/office/objections"),
        Todo(waiting.feedback, "待答复的意见", "/office/feedback"),
        Todo(waiting.disputes, "逾期未答复的酬劳异议", "/office/remuneration"),
        Todo(waiting.refunds, "异常的退款", "/office/orders?only=abnormal"),
        Todo(waiting.unmatched_payments, "无法入账的通知", "/office/unmatched-payments"),
        Todo(waiting.invoices, "待开的发票", "/office/invoices"),
        Todo(waiting.reversals, "待冲红的发票", "/office/invoices?only=to_reverse"),
        Todo(waiting.differences, "对账差异", "/office/reconciliation"),
    ]
    return [todo for todo in todos if todo.number]
