"""Candidates of an examination: the list, adding persons, and one candidate with allowances and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.errors import InvalidInput
from domain.exams.lifecycles import CandidateState
from domain.exams.purposes import Purpose
from services.exams import CandidateFilter, CandidateLine
from web.core.form_values import EMPTY, FormValues
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, page
from web.core.typed_forms import Moment, ReasonForm, Whole
from web.office.base import OfficePart

SHEET_MAX = 2_000_000
TONES = {"passed": "good", "failed": "bad", "left": ""}
_STATES = {"": "全部", **{state.value: state.label for state in CandidateState}}
_EXAM, _CANDIDATE = "这场考试", "这位考生"
_RECORDED = "已登记结果，并通知本人。"


@dataclass(frozen=True)
class _Numbers:
    numbers: str


@dataclass(frozen=True)
class _Outage:
    since: Annotated[datetime | None, Moment("开始时间")]
    until: Annotated[datetime | None, Moment("结束时间")]
    reason: str


@dataclass(frozen=True)
class _Allowance:
    minutes: Annotated[int, Whole("延长的分钟数应为整数。", empty=0)]
    tries: Annotated[int, Whole("增加的次数应为整数。", empty=0)]
    reason: str


class ExamCandidatePages(OfficePart):
    code = "exams"
    action = "exam.manage"

    # ---- all

    @list_page("/office/exams/{id}/candidates", "office/exam_candidates.html", state=Choice(_STATES), q=Word(32))
    async def candidates(self, visit: Visit, wanted: Wanted) -> Listed:
        """``added`` is what a command has added."""
        exams, exam_id = self.services.exams, visit.id(_EXAM)
        view = await exams.queries.get(visit.actor, exam_id)
        chosen = CandidateFilter(wanted["state"], None, wanted["q"])
        listed = await exams.candidate_queries.page(visit.actor, exam_id, chosen, page=wanted.page, size=wanted.size)
        values = {
            "view": view,
            "search": wanted["q"],
            "states": list(_STATES.items()),
            "tones": TONES,
            "named": view.purpose in (Purpose.SINGLE, Purpose.CAMPAIGN) and view.state in ("draft", "published"),
            "added": None,
        }
        return Listed(listed, values)

    @candidates.command(_Numbers, "add")
    async def add(self, visit: Visit, form: _Numbers) -> Mapping[str, object]:
        added = await self.services.exams.candidates.add(visit.actor, visit.id(_EXAM), form.numbers)
        return {"f": EMPTY, "added": added}

    @candidates.command(path="/office/exams/{id}/candidates/sheet", upload=SHEET_MAX)
    async def add_sheet(self, visit: Visit) -> Mapping[str, object]:
        added = await self.services.exams.candidates.add_sheet(visit.actor, visit.id(_EXAM), visit.chosen_file())
        return {"f": EMPTY, "added": added}

    @candidates.command(_Outage, "give_back", note="已为所选时间内正在答题的人各增加一次机会，并通知本人。")
    async def give_back_all(self, visit: Visit, form: _Outage) -> None:
        """A further try for all who were answering then."""
        candidates = await self.services.exams.candidates.grant_try_to_all(
            visit.actor, visit.id(_EXAM), form.since, form.until, form.reason, key=visit.key
        )
        if not candidates:
            raise InvalidInput("这段时间内没有人在答题，请核对时间。", code="nobody", field="since")

    # ---- one

    @page("/office/exams/{id}/candidates/{candidate}", "office/exam_candidate.html")
    async def candidate(self, visit: Visit) -> Mapping[str, object]:
        exams = self.services.exams
        candidate, _ = await exams.candidate_queries.get(visit.actor, visit.id(_CANDIDATE, "candidate"))
        allowing = visit.form.value("command") == "allow"
        return {
            "allowing": visit.form if allowing else FormValues(_allowance_of(candidate)),
            "view": await exams.queries.get(visit.actor, visit.id(_EXAM)),
            "candidate": candidate,
            "tones": TONES,
        }

    @candidate.command(_Allowance, "allow", note="已保存，从下一次开始作答起生效。")
    async def allow(self, visit: Visit, form: _Allowance) -> None:
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.candidates.grant_allowance(
            visit.actor, candidate_id, form.minutes, form.tries, form.reason
        )

    @candidate.command(ReasonForm, "devices", note="已允许，请本人在新设备上重新打开考试页面。")
    async def allow_devices(self, visit: Visit, form: ReasonForm) -> None:
        """Further take-overs, also of the paper under way."""
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.candidates.grant_devices(visit.actor, candidate_id, form.reason)

    @candidate.command(ReasonForm, "give_back", note="已增加一次考试机会，并通知本人。")
    async def give_back(self, visit: Visit, form: ReasonForm) -> None:
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.candidates.grant_try(visit.actor, candidate_id, form.reason, key=visit.key)

    @candidate.command(ReasonForm, "passed", note=_RECORDED)
    async def record_pass(self, visit: Visit, form: ReasonForm) -> None:
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.decisions.record_result(
            visit.actor, candidate_id, "passed", form.reason, key=visit.key
        )

    @candidate.command(ReasonForm, "failed", note=_RECORDED)
    async def record_failure(self, visit: Visit, form: ReasonForm) -> None:
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.decisions.record_result(
            visit.actor, candidate_id, "failed", form.reason, key=visit.key
        )

    @candidate.command(ReasonForm, "release", note="已结束其参加本场考试。")
    async def release(self, visit: Visit, form: ReasonForm) -> None:
        candidate_id = visit.id(_CANDIDATE, "candidate")
        await self.services.exams.decisions.release(visit.actor, candidate_id, form.reason, key=visit.key)

    @candidate.command(ReasonForm, "identify", note="已登记，本人可以开始考试。")
    async def identify(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.exams.faces.identify(visit.actor, visit.id(_CANDIDATE, "candidate"), form.reason)

    @candidate.command(name="drop", note="已移出。")
    async def drop(self, visit: Visit) -> Redirect:
        await self.services.exams.candidates.remove(visit.actor, visit.id(_CANDIDATE, "candidate"))
        return Redirect(f"/office/exams/{visit.id(_EXAM)}/candidates")


def _allowance_of(candidate: CandidateLine) -> dict[str, str]:
    return {
        "minutes": str(candidate.extra_minutes),
        "tries": str(candidate.extra_tries),
        "reason": candidate.reason,
    }
