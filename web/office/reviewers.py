"""Assignments of reviewers (审核分工): by step, region and branch of specialties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from services.catalogues import Node
from services.core.base import Actor
from services.reviews import AssignmentForm, OfficeAbsenceForm
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page
from web.core.typed_forms import Day, OptionalId, Trimmed
from web.office.base import OfficePart


@dataclass(frozen=True)
class _Absence:
    """A reviewer's absence; the names differ from those of the form for assignments on the same page."""

    account_id: Annotated[UUID | None, OptionalId("这位审核人员")]
    substitute_mobile: Annotated[str, Trimmed()]
    substitute_name: Annotated[str, Trimmed()]
    starts_on: Annotated[date | None, Day("开始日期")]
    ends_on: Annotated[date | None, Day("结束日期")]
    reason: Annotated[str, Trimmed()]


class ReviewerPages(OfficePart):
    code = "reviewers"
    action = "review.assign"

    @list_page("/office/reviewers", "office/reviewers.html", keep=(), step=Word(), ended=Choice(("1",)))
    async def reviewers(self, visit: Visit, wanted: Wanted) -> Listed:
        """``ended=1`` shows revoked assignments."""
        queries = self.services.reviews.assignment_queries
        steps = [(step.code, step.name) for step in self.book(visit.actor).review.steps]
        step, ended = wanted["step"] if wanted["step"] in dict(steps) else "", wanted["ended"] == "1"
        listed = await queries.page(visit.actor, step=step, active=not ended, **wanted.window)
        values = {
            "step": step,
            "ended": ended,
            "steps": steps,
            "places": await self.services.office.dashboard.places(visit.actor),
            "branches": await self._branches(visit.actor),
            "uncovered": await queries.open_places(visit.actor),
            "absences": (await self.services.reviews.absences.page(visit.actor, limit=100)).items,
            "reviewers_to_choose": await queries.list_reviewers(visit.actor),
        }
        return Listed(listed, values)

    @reviewers.command(AssignmentForm, "grant", note="已授权，对方登录后即可审核。")
    async def grant(self, visit: Visit, form: AssignmentForm) -> None:
        stripped = {name: text.strip() for name, text in asdict(form).items()}
        await self.services.reviews.assignments.grant(visit.actor, AssignmentForm(**stripped))

    @reviewers.command(name="revoke", note="已停用授权，立即生效。")
    async def revoke(self, visit: Visit) -> None:
        await self.services.reviews.assignments.revoke(visit.actor, visit.row_id("这项授权"))

    @reviewers.command(_Absence, "arrange", note="已安排代办，并通知了双方。")
    async def arrange(self, visit: Visit, form: _Absence) -> None:
        """A substitute for a reviewer's absence."""
        wanted = OfficeAbsenceForm(
            form.account_id, form.substitute_mobile, form.substitute_name, form.starts_on, form.ends_on, form.reason
        )
        await self.services.reviews.absences.arrange_for(visit.actor, wanted)

    @reviewers.command(name="end", note="代办已取消，立即恢复。")
    async def end(self, visit: Visit) -> None:
        await self.services.reviews.absences.end_for(visit.actor, visit.row_id("这项代办安排"))

    async def _branches(self, actor: Actor) -> Sequence[Node]:
        """Classes of specialties and their direct children, where a step is per specialty."""
        if not any(step.per_specialty for step in self.book(actor).review.steps):
            return []
        branches: list[Node] = []
        for top in await self.services.catalogues.children(actor.pool, "specialty"):
            branches += [top, *await self.services.catalogues.children(actor.pool, "specialty", top.code)]
        return branches
