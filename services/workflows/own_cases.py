"""What a person can object to now by an act of its own (申诉, 复核, 异议, 修改), before he writes to the office."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.clock import print_date, print_time
from domain.notifications.lifecycles import FeedbackSubject
from services.applications import ApplicationServices
from services.core.base import Actor, Deps
from services.core.permissions import may
from services.exams import ExamServices
from services.remuneration import RemunerationServices
from services.sanctions import SanctionServices

CaseKind = Literal["sanction", "score", "application", "remuneration"]

_DECIDED = {
    ApplicationState.REFUSED: ("未通过", "查看原因和办法"),
    ApplicationState.SENT_BACK: ("被退回", "查看并修改"),
}
"""What became of an application, and what the person can do."""


@dataclass(frozen=True)
class OwnCase:
    """``act`` is what the person can do about it, on the page ``path``, a path below the service's address; ``until``:
    None where nothing ends it soon. ``id``: of the sanction, candidate, application or remuneration."""

    kind: CaseKind
    subject: FeedbackSubject
    id: UUID
    title: str
    act: str
    path: str
    until: datetime | None = None


@dataclass(frozen=True)
class OwnCases:
    deps: Deps
    sanctions: SanctionServices
    exams: ExamServices
    applications: ApplicationServices
    remuneration: RemunerationServices

    async def list_open(self, actor: Actor) -> tuple[OwnCase, ...]:
        """Those that are open now; none for who is neither applicant nor expert."""
        if actor.account_id is None or not may(actor, "sanction.own"):
            return ()
        cases = [*await self._sanctions(actor)]
        if may(actor, "exam.own"):
            cases += [*await self._scores(actor), *await self._applications(actor.account_id)]
        if may(actor, "remuneration.own"):
            cases += await self._remunerations(actor)
        return tuple(cases)

    async def _sanctions(self, actor: Actor) -> Iterator[OwnCase]:
        path = f"/h5/{actor.pool}/sanctions"
        return (
            OwnCase(
                "sanction",
                FeedbackSubject.SANCTION,
                sanction.id,
                f"{print_date(sanction.at)}的处理（{sanction.title}）",
                "提出申诉",
                path,
                sanction.appeal_until,
            )
            for sanction in await self.sanctions.queries.own(actor)
            if sanction.appeal_until is not None
        )

    async def _scores(self, actor: Actor) -> list[OwnCase]:
        cases = []
        for exam in await self.exams.own_exams.list(actor):
            results = await self.exams.scores.own(actor, exam.candidate_id)
            if results and not results[-1].passed and results[-1].appeal_until and not results[-1].appeal:
                title, until = f"“{exam.name}”的成绩", results[-1].appeal_until
                case = OwnCase("score", FeedbackSubject.RESULT, exam.candidate_id, title, "申请复核", exam.path, until)
                cases.append(case)
        return cases

    async def _applications(self, account_id: UUID) -> Iterator[OwnCase]:
        return (
            OwnCase(
                "application",
                FeedbackSubject.RESULT,
                progress.application_id,
                f"申请{progress.number}{_DECIDED[ApplicationState(progress.state)][0]}",
                _DECIDED[ApplicationState(progress.state)][1],
                progress.page,
            )
            for progress in await self.applications.to_dos.progress(account_id)
            if progress.state in _DECIDED
        )

    async def _remunerations(self, actor: Actor) -> Iterator[OwnCase]:
        path = f"/h5/{actor.pool}/remuneration"
        return (
            OwnCase(
                "remuneration",
                FeedbackSubject.FEE,
                remuneration.id,
                f"{print_time(remuneration.gathering_at)}评标的酬劳",
                "核对或提出异议",
                path,
                remuneration.answer_until,
            )
            for remuneration in await self.remuneration.answers.list_own(actor)
            if remuneration.may_dispute
        )
