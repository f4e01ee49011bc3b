"""Answers of an examination that arrived too late, or only as a file (离线作答)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from web.core.form_values import EMPTY, FormValues, redirect, uuid_of
from web.office.base import OfficePart

EXAM, FILE = "这场考试", "这份离线作答"
STATES = {"open": "待处理", "accepted": "已采纳", "rejected": "未采纳"}


class ExamEvidencePages(OfficePart):
    code = "exams"
    action = "exam.mark"
    notes: ClassVar[Mapping[str, str]] = {"decided": "已处理，并通知本人。"}

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/evidence", self.list)
        self.site.get("/office/exams/{id}/evidence/{evidence}", self.detail)
        self.site.post("/office/exams/{id}/evidence/{evidence}", self.decide)

    async def list(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        exam_id = uuid_of(request.match_info["id"], EXAM)
        return self.show(
            actor,
            "office/exam_evidence_list.html",
            request,
            view=await self.services.exams.queries.get(actor, exam_id),
            found=await self.services.exams.evidence_review.list(actor, exam_id),
            states=STATES,
        )

    async def detail(self, request: http.Request) -> http.Response:
        return await self._detail(await self.actor(request), request)

    async def _detail(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        exam_id = uuid_of(request.match_info["id"], EXAM)
        evidence_id = uuid_of(request.match_info["evidence"], FILE)
        return self.show(
            actor,
            "office/exam_evidence.html",
            request,
            error=form.error,
            f=form,
            view=await self.services.exams.queries.get(actor, exam_id),
            one=await self.services.exams.evidence_review.get(actor, exam_id, evidence_id),
            states=STATES,
        )

    async def decide(self, request: http.Request) -> http.Response:
        """``command`` accepted or rejected."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        evidence_id = uuid_of(request.match_info["evidence"], FILE)
        decide = self.services.exams.evidence_review.decide
        try:
            match fields.get("command"):
                case "accepted":
                    await decide(actor, evidence_id, "accepted", fields.get("answer", ""))
                case "rejected":
                    await decide(actor, evidence_id, "rejected", fields.get("answer", ""))
                case _:
                    raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._detail(actor, request, FormValues(fields, self.shown(error)))
        raise redirect(request.path, note="decided")
