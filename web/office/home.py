"""The first page: open work with its age, what takes place today, applications by state, and all menu entries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from services.office import Filter, Kind, Waiting
from web.core.pages import Visit, page
from web.office.base import OfficePart

_TODOS: Mapping[Kind, tuple[str, str]] = {
    "unassigned_reviews": ("无人审核", "/office/reviewers"),
    "overdue_reviews": ("超期未审", "/office/applications?state=reviewing&sort=waiting"),
    "employer_requests": ("申请添加的单位", "/office/employers/requests"),
    "objections": ("待处理的异议", "/office/objections"),
    "reinstatements": ("待复核的重新受理", "/office/applications?only=to_confirm"),
    "sanction_proposals": ("待确认的处理", "/office/sanctions?state=proposed"),
    "sanction_sheets": ("待确认的批量处理", "/office/sanctions/sheets"),
    "sanction_appeals": ("待答复的申诉", "/office/sanctions?state=appealed"),
    "exam_appeals": ("待复核的成绩", "/office/exams/{subject}/appeals"),
    "exam_evidence": ("待认定的离线作答", "/office/exams/{subject}/evidence"),
    "overdue_feedback": ("超期未答复的投诉与反馈", "/office/feedback?state=overdue"),
    "feedback": ("待答复的投诉与反馈", "/office/feedback"),
    "misunderstood": ("多次没看懂的话", "/office/misunderstood?state=recurring"),
    "disputes": ("逾期未答复的酬劳异议", "/office/remuneration"),
    "refunds": ("异常的退款", "/office/orders?only=abnormal"),
    "unmatched_payments": ("无法入账的通知", "/office/unmatched-payments"),
    "invoices": ("待开的发票", "/office/invoices"),
    "reversals": ("待冲红的发票", "/office/invoices?only=to_reverse"),
    "corrections": ("待复核的更正", "/office/people"),
    "differences": ("对账差异", "/office/reconciliation"),
    "lost_events": ("对接系统没有收到的事件", "/office/integrations"),
}
"""Name and page of each kind of open work."""


class Todo(NamedTuple):
    """``since``: when the oldest began to wait."""

    number: int
    name: str
    path: str
    since: datetime


class OfficeHomePages(OfficePart):
    code = "home"

    @page("/office", "office/home.html")
    async def home(self, visit: Visit) -> Mapping[str, object]:
        actor, dashboard = visit.actor, self.services.office.dashboard
        return {
            "todos": [_todo(waiting) for waiting in await dashboard.list_waiting(actor)],
            "today": await dashboard.today(actor),
            "who": self.auth.role_label(actor),
            "takes_reports": await self.services.reports.reporting.is_open(actor.pool),
            "states": await self.services.office.applications.counts(actor, Filter()),
            "out": self.auth.form(actor, "logout"),
            "requests": await self.services.organisations.agents.count_unanswered_links(actor),
        }


def _todo(waiting: Waiting) -> Todo:
    name, path = _TODOS[waiting.kind]
    return Todo(waiting.count, name, path.format(subject=waiting.subject), waiting.since)
