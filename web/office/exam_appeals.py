"""Appeals against results (成绩复核) of an examination."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from web.core.form_values import EMPTY, FormValues, redirect, uuid_of
from web.office.base import OfficePart


class ExamAppealPages(OfficePart):
    code = "exams"
    action = "exam.mark"
    notes: ClassVar[Mapping[str, str]] = {"answered": "已答复，并通知本人。"}

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/appeals", self.list)
        self.site.post("/office/exams/{id}/appeals", self.answer)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        exam_id = uuid_of(request.match_info["id"], "这场考试")
        return self.show(
            actor,
            "office/exam_appeals.html",
            request,
            error=form.error,
            f=form,
            view=await self.services.exams.queries.get(actor, exam_id),
            found=await self.services.exams.appeals.list(actor, exam_id),
        )

    async def answer(self, request: http.Request) -> http.Response:
        """``command`` upheld or rejected."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        appeal_id = uuid_of(fields.get("id", ""), "这份复核申请")
        answer = self.services.exams.appeals.answer
        try:
            match fields.get("command"):
                case "upheld":
                    await answer(actor, appeal_id, "upheld", fields.get("answer", ""))
                case "rejected":
                    await answer(actor, appeal_id, "rejected", fields.get("answer", ""))
                case _:
                    raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error), str(appeal_id)))
        raise redirect(request.path, note="answered")
