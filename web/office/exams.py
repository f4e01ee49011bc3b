"""Examinations: list, draft with its check list, publishing, moving, cancelling, ending; the live board."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.clock import print_until
from domain.errors import AppError, InvalidInput
from domain.exams.purposes import Purpose
from services.core.base import Actor
from services.exams import ExamData, ExamView
from web.core.form_values import EMPTY, FormValues, key_of, moment, print_moment, redirect, uuid_of
from web.office.base import OfficePart

WHAT = "这场考试"
TONES = {"draft": "warn", "published": "good"}
"""Tone of the tag that shows the state."""


class OfficeExamPages(OfficePart):
    code = "exams"
    action = "exam.manage"
    notes: ClassVar[Mapping[str, str]] = {
        "created": "草稿已保存。请按下面的检查结果补全，再发布。",
        "saved": "已保存。",
        "published": "已发布，正在通知考生。",
        "moved": "已改期，并通知考生。",
        "cancelled": "已取消，并通知考生；他们继续等待下一场考试。",
        "ended": "已停止进入。正在答题的人答完后，考试自动结束。",
        "deleted": "草稿已删除。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/exams", self.list)
        self.site.get("/office/exams/new", self.blank)
        self.site.post("/office/exams/new", self.create)
        self.site.get("/office/exams/{id}", self.detail)
        self.site.post("/office/exams/{id}", self.submit)
        self.site.get("/office/exams/{id}/board", self.board)
        self.site.get("/office/exams/{id}/board/{sitting}", self.board)

    async def list(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        found = await self.services.exams.queries.list(actor)
        entry = self.book(actor).entry
        return self.show(
            actor,
            "office/exams.html",
            request,
            found=found,
            tones=TONES,
            stage=entry.names.exam,
            held_elsewhere="exam" in entry.stages,
        )

    # ---- a new examination

    async def blank(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        purpose = Purpose.ENTRY if "exam" in self.book(actor).entry.stages else Purpose.CAMPAIGN
        return await self._page(actor, request, None, FormValues({"purpose": purpose.value}))

    async def create(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            exam_id = await self.services.exams.setup.create(actor, _data(fields), key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, None, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/exams/{exam_id}", note="created")

    # ---- one

    async def detail(self, request: http.Request) -> http.Response:
        actor, view = await self._asked(request)
        return await self._page(actor, request, view, FormValues(_values(view)))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save, publish, delete, move, cancel or end."""
        actor, view = await self._asked(request)
        fields = await self.fields(request, actor)
        try:
            note = await self._do(actor, view, fields)
        except AppError as error:
            return await self._page(actor, request, view, FormValues({**_values(view), **fields}, self.shown(error)))
        raise redirect("/office/exams" if note == "deleted" else f"/office/exams/{view.id}", note=note)

    async def _do(self, actor: Actor, view: ExamView, fields: Mapping[str, str]) -> str:
        setup, reason = self.services.exams.setup, fields.get("reason", "")
        match fields.get("command"):
            case "save":
                await setup.edit(actor, view.id, _data(fields))
                return "saved"
            case "publish":
                await setup.publish(actor, view.id)
                return "published"
            case "delete":
                await setup.delete(actor, view.id)
                return "deleted"
            case "move":
                await setup.reschedule(actor, view.id, *_window(fields, view), reason)
                return "moved"
            case "cancel":
                await setup.cancel(actor, view.id, reason)
                return "cancelled"
            case "end":
                await setup.end_admission(actor, view.id)
                return "ended"
        raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")

    async def _page(
        self, actor: Actor, request: http.Request, view: ExamView | None, form: FormValues = EMPTY
    ) -> http.Response:
        exams, draft = self.services.exams, view is None or view.state == "draft"
        campaigns = await self.services.applications.campaign_queries.choices(actor)
        return self.show(
            actor,
            "office/exam.html",
            request,
            error=form.error,
            f=form,
            view=view,
            draft=draft,
            tones=TONES,
            now=self.services.deps.now(),
            checks=await exams.setup.check_list(actor, view.id) if view and draft else (),
            purposes=[(one.value, one.label) for one in Purpose],
            campaigns=[(str(one.id), one.data.name) for one in campaigns],
            blueprints=[(str(one.id), one.name) for one in await exams.blueprint_queries.list(actor)] if draft else [],
            sittings=await exams.sitting_queries.list(actor, view.id) if view else (),
            stage=self.book(actor).entry.names.exam,
        )

    # ---- live

    async def board(self, request: http.Request) -> http.Response:
        """The whole examination, or one sitting; the page reloads it every few seconds."""
        actor, view = await self._asked(request)
        wanted = request.match_info.get("sitting")
        sitting_id = uuid_of(wanted, "这个场次") if wanted else None
        sittings = await self.services.exams.sitting_queries.list(actor, view.id)
        board = await self.services.exams.queries.board(actor, view.id, sitting_id)
        return self.show(
            actor,
            "office/exam_board.html",
            request,
            view=view,
            board=board,
            sitting=next((one for one in sittings if one.id == sitting_id), None),
            sittings=sittings if view.rules.booking else (),
            at=print_until(board.at, board.at),
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, ExamView]:
        actor = await self.actor(request)
        return actor, await self.services.exams.queries.get(actor, uuid_of(request.match_info["id"], WHAT))


def _data(fields: Mapping[str, str]) -> ExamData:
    """The form's values. Raises InvalidInput for a field."""
    purpose = fields.get("purpose", "")
    if purpose not in list(Purpose):
        raise InvalidInput("请选择考试用途。", code="missing", field="purpose")
    opens, closes = _window(fields, None)
    return ExamData(
        fields.get("name", ""),
        Purpose(purpose),
        opens,
        closes,
        _id(fields, "campaign_id", "这次征集"),
        _id(fields, "blueprint_id", "这个组卷方案"),
    )


def _window(fields: Mapping[str, str], kept: ExamView | None) -> tuple[datetime, datetime]:
    opens = moment(fields.get("opens_at", ""), "opens_at", "开始时间", kept.opens_at if kept else None)
    closes = moment(fields.get("closes_at", ""), "closes_at", "结束时间", kept.closes_at if kept else None)
    if opens is None:
        raise InvalidInput("请填写开始时间。", code="missing", field="opens_at")
    if closes is None:
        raise InvalidInput("请填写结束时间。", code="missing", field="closes_at")
    return opens, closes


def _id(fields: Mapping[str, str], name: str, what: str) -> UUID | None:
    return uuid_of(fields[name], what) if fields.get(name) else None


def _values(view: ExamView) -> dict[str, str]:
    return {
        "name": view.name,
        "purpose": view.purpose.value,
        "campaign_id": str(view.campaign_id or ""),
        "blueprint_id": str(view.blueprint_id or ""),
        "opens_at": print_moment(view.opens_at),
        "closes_at": print_moment(view.closes_at),
    }
