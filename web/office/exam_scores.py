"""Results of an examination: papers with flags, releasing results, voiding; the page of markers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, get_args

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.exams import Show
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart

WHAT, PAPER = "这场考试", "这份答卷"
SHOWS = (("", "全部"), ("flagged", "有提示"), ("waiting", "未公布"), ("passed", "合格"), ("failed", "不合格"))


class ExamScorePages(OfficePart):
    code = "exams"
    action = "exam.mark"
    notes: ClassVar[Mapping[str, str]] = {
        "released": "已公布，正在通知考生。",
        "cleared": "已核实，可与其他成绩一起公布。",
        "voided": "已作废并通知本人，这次不占考试次数。",
        "marked": "已保存，请评下一题。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/scores", self.list)
        self.site.post("/office/exams/{id}/scores", self.release)
        self.site.get("/office/exams/{id}/scores/{attempt}", self.detail)
        self.site.post("/office/exams/{id}/scores/{attempt}", self.submit)
        self.site.get("/office/exams/{id}/marking", self.marking)
        self.site.post("/office/exams/{id}/marking", self.mark)

    # ---- all

    async def list(self, request: http.Request) -> http.Response:
        """``?show=&page=``."""
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, error: AppError | None = None) -> http.Response:
        exams, exam_id = self.services.exams, uuid_of(request.match_info["id"], WHAT)
        asked = request.query.get("show", "")
        show: Show = next((one for one in get_args(Show) if one == asked), "")
        page = page_number(request)
        found = await exams.scores.page(actor, exam_id, show, page=page, size=PAGE_SIZE)
        return self.show(
            actor,
            "office/exam_scores.html",
            request,
            error=error,
            view=await exams.queries.get(actor, exam_id),
            counts=await exams.scores.counts(actor, exam_id),
            found=found.items,
            total=found.total,
            filed=sum(one.state == "open" for one in await exams.evidence_review.list(actor, exam_id)),
            page=page,
            last=last_page(found.total),
            shown=show,
            shows=SHOWS,
        )

    async def release(self, request: http.Request) -> http.Response:
        """``command`` clean: only papers without flags, or all."""
        actor = await self.actor(request)
        exam_id = uuid_of(request.match_info["id"], WHAT)
        fields = await self.fields(request, actor)
        try:
            if fields.get("command") not in ("clean", "all"):
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await self.services.exams.results.release(actor, exam_id, flagged=fields["command"] == "all")
        except AppError as error:
            return await self._list(actor, request, self.shown(error))
        raise redirect(f"/office/exams/{exam_id}/scores", note="released")

    # ---- one paper

    async def detail(self, request: http.Request) -> http.Response:
        return await self._paper(await self.actor(request), request)

    async def _paper(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        exams, exam_id = self.services.exams, uuid_of(request.match_info["id"], WHAT)
        attempt_id = uuid_of(request.match_info["attempt"], PAPER)
        return self.show(
            actor,
            "office/exam_score.html",
            request,
            error=form.error,
            f=form,
            view=await exams.queries.get(actor, exam_id),
            one=await exams.scores.get(actor, exam_id, attempt_id),
            late=await exams.evidence_review.late_answers(actor, exam_id, attempt_id),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` clear or void."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        attempt_id, command = uuid_of(request.match_info["attempt"], PAPER), fields.get("command", "")
        commands = {"clear": self.services.exams.results.clear_flags, "void": self.services.exams.results.void}
        try:
            if command not in commands:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
            await commands[command](actor, attempt_id, fields.get("reason", ""))
        except AppError as error:
            return await self._paper(actor, request, FormValues(fields, self.shown(error), command))
        raise redirect(request.path, note={"clear": "cleared", "void": "voided"}[command])

    # ---- short answers

    async def marking(self, request: http.Request) -> http.Response:
        return await self._marking(await self.actor(request), request)

    async def _marking(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        exams, exam_id = self.services.exams, uuid_of(request.match_info["id"], WHAT)
        return self.show(
            actor,
            "office/exam_marking.html",
            request,
            error=form.error,
            f=form,
            view=await exams.queries.get(actor, exam_id),
            queue=await exams.short_answers.queue(actor, exam_id),
        )

    async def mark(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        slot = fields.get("slot", "")
        try:
            await self.services.exams.short_answers.mark(
                actor,
                uuid_of(fields.get("attempt", ""), PAPER),
                int(slot) if slot.isdecimal() and len(slot) < 5 else -1,
                fields.get("marks", ""),
                fields.get("note", ""),
            )
        except AppError as error:
            return await self._marking(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(request.path, note="marked")
