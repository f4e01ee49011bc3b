"""Sittings of an examination that candidates book: added, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.core.base import Actor
from services.exams import SittingData, SittingView
from web.core.form_values import EMPTY, FormValues, key_of, moment, print_moment, redirect, uuid_of
from web.office.base import OfficePart


class ExamSittingPages(OfficePart):
    code = "exams"
    action = "exam.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "added": "场次已添加。",
        "saved": "场次已修改，并通知已预约的人。",
        "removed": "场次已取消，并通知已预约的人。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/exams/{id}/sittings", self.list)
        self.site.post("/office/exams/{id}/sittings", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        actor, exam_id = await self._asked(request)
        return await self._page(actor, request, exam_id)

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` add, save or remove; the latter two with a sitting's ``id``."""
        actor, exam_id = await self._asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, exam_id, fields)
        except AppError as error:
            form = FormValues(fields, self.shown(error), row=fields.get("id", ""))
            return await self._page(actor, request, exam_id, form)
        raise redirect(f"/office/exams/{exam_id}/sittings", note=note)

    async def _do(self, actor: Actor, exam_id: UUID, fields: Mapping[str, str]) -> str:
        sittings, command = self.services.exams.sittings, fields.get("command")
        if command == "add":
            await sittings.add(actor, exam_id, _data(fields), key=key_of(fields))
            return "added"
        if command == "save":
            await sittings.edit(actor, exam_id, uuid_of(fields.get("id", ""), "这个场次"), _data(fields))
            return "saved"
        if command == "remove":
            sitting_id = uuid_of(fields.get("id", ""), "这个场次")
            await sittings.remove(actor, exam_id, sitting_id, fields.get("reason", ""))
            return "removed"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _page(
        self, actor: Actor, request: http.Request, exam_id: UUID, form: FormValues = EMPTY
    ) -> http.Response:
        view = await self.services.exams.queries.get(actor, exam_id)
        found = await self.services.exams.sitting_queries.list(actor, exam_id)
        blank = form if form.error and not form.row else EMPTY
        return self.show(
            actor,
            "office/exam_sittings.html",
            request,
            error=form.error,
            view=view,
            blank=blank,
            rows=[(one, form if form.row == str(one.id) else FormValues(_values(one))) for one in found],
            now=self.services.deps.now(),
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, UUID]:
        return await self.actor(request), uuid_of(request.match_info["id"], "这场考试")


def _data(fields: Mapping[str, str]) -> SittingData:
    starts = moment(fields.get("starts_at", ""), "starts_at", "开始时间")
    ends = moment(fields.get("ends_at", ""), "ends_at", "结束时间")
    if starts is None:
        raise InvalidInput("请填写开始时间。", code="missing", field="starts_at")
    if ends is None:
        raise InvalidInput("请填写结束时间。", code="missing", field="ends_at")
    capacity = fields.get("capacity", "").strip()
    if capacity and not (capacity.isascii() and capacity.isdigit() and len(capacity) < 8):
        raise InvalidInput("名额应为整数，不限请留空。", code="bad_capacity", field="capacity")
    return SittingData(starts, ends, int(capacity) if capacity else None, fields.get("place", ""))


def _values(sitting: SittingView) -> dict[str, str]:
    return {
        "starts_at": print_moment(sitting.data.starts_at),
        "ends_at": print_moment(sitting.data.ends_at),
        "capacity": "" if sitting.data.capacity is None else str(sitting.data.capacity),
        "place": sitting.data.place,
    }
