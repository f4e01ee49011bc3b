"""Candidates of an examination: the list, adding persons, and one candidate with allowances and decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.exams.lifecycles import CandidateState
from domain.exams.purposes import Purpose
from services.core.base import Actor
from services.exams import Added, CandidateFilter, CandidateLine
from web.core.form_values import EMPTY, NOBODY, PAGE_SIZE, FormValues, key_of, last_page, moment, redirect, uuid_of
from web.core.site import page_number
from web.office.base import FORM, OfficePart

SHEET_MAX = 2_000_000
TONES = {"passed": "good", "failed": "bad", "left": ""}


class ExamCandidatePages(OfficePart):
    code = "exams"
    action = "exam.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "identified": "已登记，本人可以开始考试。",
        "allowed": "已保存，从下一次开始作答起生效。",
        "given": "已增加一次考试机会，并通知本人。",
        "given_all": "已为所选时间内正在答题的人各增加一次机会，并通知本人。",
        "recorded": "已登记结果，申请按结果继续办理。",
        "released": "已结束其参加本场考试。",
        "dropped": "已移出。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/candidates", self.list)
        self.site.post("/office/exams/{id}/candidates", self.act_on_all)
        self.site.post("/office/exams/{id}/candidates/sheet", self.add_sheet)
        self.site.get("/office/exams/{id}/candidates/{candidate}", self.detail)
        self.site.post("/office/exams/{id}/candidates/{candidate}", self.submit)

    # ---- all

    async def list(self, request: http.Request) -> http.Response:
        """``?state=&q=&page=``."""
        actor, exam_id = await self._asked(request)
        return await self._list(actor, request, exam_id)

    async def _list(
        self,
        actor: Actor,
        request: http.Request,
        exam_id: UUID,
        form: FormValues = EMPTY,
        added: Added | None = None,
    ) -> http.Response:
        view = await self.services.exams.queries.get(actor, exam_id)
        state, search = request.query.get("state", ""), request.query.get("q", "").strip()[:32]
        wanted, page = (
            CandidateFilter(state if state in list(CandidateState) else "", None, search),
            page_number(request),
        )
        found = await self.services.exams.candidate_queries.page(actor, exam_id, wanted, page=page, size=PAGE_SIZE)
        return self.show(
            actor,
            "office/exam_candidates.html",
            request,
            error=form.error,
            f=form,
            view=view,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            state=wanted.state,
            search=search,
            query=urlencode({name: value for name, value in (("state", wanted.state), ("q", search)) if value}),
            states=[("", "全部"), *((one.value, one.label) for one in CandidateState)],
            tones=TONES,
            named=view.purpose in (Purpose.SINGLE, Purpose.CAMPAIGN) and view.state in ("draft", "published"),
            added=added,
        )

    async def act_on_all(self, request: http.Request) -> http.Response:
        """``command`` add, or give_back (time) to all who were answering from ``since`` to ``until``."""
        actor, exam_id = await self._asked(request)
        fields = await self.fields(request, actor)
        added = None
        try:
            if fields.get("command") == "add":
                added = await self.services.exams.candidates.add(actor, exam_id, fields.get("numbers", ""))
            elif fields.get("command") == "give_back":
                await self._give_back_all(actor, exam_id, fields)
            else:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._list(actor, request, exam_id, FormValues(fields, self.shown(error)))
        if added is not None:
            return await self._list(actor, request, exam_id, added=added)
        raise redirect(f"/office/exams/{exam_id}/candidates", note="given_all")

    async def _give_back_all(self, actor: Actor, exam_id: UUID, fields: Mapping[str, str]) -> None:
        since = moment(fields.get("since", ""), "since", "开始时间")
        until = moment(fields.get("until", ""), "until", "结束时间")
        if since is None:
            raise InvalidInput("请填写开始时间。", code="missing", field="since")
        if until is None:
            raise InvalidInput("请填写结束时间。", code="missing", field="until")
        done = await self.services.exams.candidates.give_back_all(
            actor, exam_id, since, until, fields.get("reason", ""), key=key_of(fields)
        )
        if not done:
            raise InvalidInput("这段时间内没有人在答题，请核对时间。", code="nobody", field="since")

    async def add_sheet(self, request: http.Request) -> http.Response:
        actor, exam_id = await self._asked(request)
        fields, content = await self.site.read_upload(
            request, FORM, actor.session_id or NOBODY, actor.account_id or NOBODY, longest=SHEET_MAX
        )
        try:
            if not content:
                raise InvalidInput("请选择文件。", code="file_empty", field="file")
            added = await self.services.exams.candidates.add_sheet(actor, exam_id, content)
        except AppError as error:
            return await self._list(actor, request, exam_id, FormValues(fields, self.shown(error)))
        return await self._list(actor, request, exam_id, added=added)

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor, exam_id = await self._asked(request)
        return await self._page(actor, request, exam_id, await self._line(actor, request))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` allow, give_back, identify, passed, failed, release or drop."""
        actor, exam_id = await self._asked(request)
        line = await self._line(actor, request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, line.id, fields)
        except AppError as error:
            return await self._page(
                actor, request, exam_id, line, FormValues(fields, self.shown(error), fields.get("command", ""))
            )
        path = f"/office/exams/{exam_id}/candidates"
        raise redirect(path if note == "dropped" else f"{path}/{line.id}", note=note)

    async def _do(self, actor: Actor, candidate_id: UUID, fields: Mapping[str, str]) -> str:
        exams, reason, key = self.services.exams, fields.get("reason", ""), key_of(fields)
        match command := fields.get("command"):
            case "allow":
                minutes, tries = _number(fields, "minutes", "延长的分钟数"), _number(fields, "tries", "增加的次数")
                await exams.candidates.allow(actor, candidate_id, minutes, tries, reason)
                return "allowed"
            case "give_back":
                await exams.candidates.give_back(actor, candidate_id, reason, key=key)
                return "given"
            case "passed" | "failed":
                await exams.decisions.record_result(actor, candidate_id, command, reason, key=key)
                return "recorded"
            case "release":
                await exams.decisions.release(actor, candidate_id, reason, key=key)
                return "released"
            case "identify":
                await exams.faces.identify(actor, candidate_id, reason)
                return "identified"
            case "drop":
                await exams.candidates.remove(actor, candidate_id)
                return "dropped"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _page(
        self, actor: Actor, request: http.Request, exam_id: UUID, line: CandidateLine, form: FormValues = EMPTY
    ) -> http.Response:
        view = await self.services.exams.queries.get(actor, exam_id)
        kept = FormValues({"minutes": str(line.extra_minutes), "tries": str(line.extra_tries), "reason": line.reason})
        return self.show(
            actor,
            "office/exam_candidate.html",
            request,
            error=form.error,
            f=form,
            allowing=form if form.row == "allow" else kept,
            view=view,
            one=line,
            tones=TONES,
        )

    async def _line(self, actor: Actor, request: http.Request) -> CandidateLine:
        line, _ = await self.services.exams.candidate_queries.get(
            actor, uuid_of(request.match_info["candidate"], "这位考生")
        )
        return line

    async def _asked(self, request: http.Request) -> tuple[Actor, UUID]:
        return await self.actor(request), uuid_of(request.match_info["id"], "这场考试")


def _number(fields: Mapping[str, str], name: str, label: str) -> int:
    text = fields.get(name, "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise InvalidInput(f"{label}应为整数。", code="not_a_number", field=name)
    return int(text)
