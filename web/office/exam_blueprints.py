"""Blueprints of papers (组卷方案): a line of text for each cell, and the bank's stock for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import ClassVar
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.exams.blueprint import BlueprintCell
from domain.exams.items import ItemKind
from services.core.base import Actor
from services.exams import BlueprintView
from web.core.form_values import EMPTY, FormValues, key_of, redirect, uuid_of
from web.office.base import OfficePart

_SPLIT = re.compile(r"[,，\t]|\s{2,}")
_ANY = ("", "全部", "全部章节", "不限", "-")
_KINDS = {kind.label: kind for kind in ItemKind} | {kind.label.removesuffix("题"): kind for kind in ItemKind}
_PARTS = 5


class ExamBlueprintPages(OfficePart):
    code = "exams"
    action = "exam.manage"
    notes: ClassVar[Mapping[str, str]] = {"saved": "已保存。", "retired": "已停用，新的考试不能再选它。"}

    def add_routes(self) -> None:
        self.site.get("/office/exams/blueprints", self.list)
        self.site.get("/office/exams/blueprints/new", self.blank)
        self.site.post("/office/exams/blueprints/new", self.create)
        self.site.get("/office/exams/blueprints/{id}", self.detail)
        self.site.post("/office/exams/blueprints/{id}", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        found = await self.services.exams.blueprint_queries.list(actor)
        return self.show(
            actor, "office/exam_blueprints.html", request, found=found, stage=self.book(actor).entry.names.exam
        )

    async def blank(self, request: http.Request) -> http.Response:
        return await self._page(await self.actor(request), request, None)

    async def create(self, request: http.Request) -> http.Response:
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            cells = read_lines(fields.get("cells", ""))
            made = await self.services.exams.blueprints.create(actor, fields.get("name", ""), cells, key=key_of(fields))
        except AppError as error:
            return await self._page(actor, request, None, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/exams/blueprints/{made.id}", note="saved")

    async def detail(self, request: http.Request) -> http.Response:
        actor, blueprint_id = await self._asked(request)
        view = await self.services.exams.blueprint_queries.get(actor, blueprint_id)
        return await self._page(actor, request, view, FormValues({"name": view.name, "cells": print_lines(view.cells)}))

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` save or retire."""
        actor, blueprint_id = await self._asked(request)
        blueprints = self.services.exams.blueprints
        fields = await self.fields(request, actor)
        if fields.get("command") == "retire":
            await blueprints.retire(actor, blueprint_id)
            raise redirect("/office/exams/blueprints", note="retired")
        try:
            await blueprints.edit(actor, blueprint_id, fields.get("name", ""), read_lines(fields.get("cells", "")))
        except AppError as error:
            view = await self.services.exams.blueprint_queries.get(actor, blueprint_id)
            return await self._page(actor, request, view, FormValues(fields, self.shown(error)))
        raise redirect(f"/office/exams/blueprints/{blueprint_id}", note="saved")

    async def _page(
        self, actor: Actor, request: http.Request, view: BlueprintView | None, form: FormValues = EMPTY
    ) -> http.Response:
        return self.show(
            actor,
            "office/exam_blueprint.html",
            request,
            error=form.error,
            f=form,
            view=view,
            kinds=list(ItemKind),
            chapters=await self.services.exams.blueprint_queries.chapters(actor),
        )

    async def _asked(self, request: http.Request) -> tuple[Actor, UUID]:
        return await self.actor(request), uuid_of(request.match_info["id"], "这个组卷方案")


def read_lines(text: str) -> list[BlueprintCell]:
    """A cell for each non-empty line: chapter, kind, difficulty, count, mark. Raises InvalidInput."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [_cell(number, line) for number, line in enumerate(lines, 1)]


def print_lines(cells: Sequence[BlueprintCell]) -> str:
    """The inverse of ``read_lines``."""
    return "\n".join(
        f"{one.chapter or '全部'}，{one.kind.label}，{one.difficulty or '不限'}，{one.count}，{one.mark / 10:g}"
        for one in cells
    )


def _cell(number: int, line: str) -> BlueprintCell:
    parts = [part.strip() for part in _SPLIT.split(line.strip())]
    if len(parts) != _PARTS:
        raise _wrong(number, "应有五项：章节，题型，难度，题数，每题分值")
    chapter, kind, difficulty, count, mark = parts
    if kind not in _KINDS:
        raise _wrong(number, f"没有题型“{kind[:10]}”，应为{'、'.join(one.label for one in ItemKind)}")
    degree = 0 if difficulty in _ANY else _whole(number, difficulty, "难度")
    return BlueprintCell(
        "" if chapter in _ANY else chapter, _KINDS[kind], degree, _whole(number, count, "题数"), _tenths(number, mark)
    )


def _whole(number: int, text: str, label: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise _wrong(number, f"{label}应为整数")
    return int(text)


def _tenths(number: int, text: str) -> int:
    try:
        tenths = Decimal(text.removesuffix("分")) * 10
    except InvalidOperation as error:
        raise _wrong(number, "分值应为数字，如1.5") from error
    if not tenths.is_finite() or tenths != tenths.to_integral_value() or not 0 < tenths < 10**6:
        raise _wrong(number, "分值最多一位小数，如1.5")
    return int(tenths)


def _wrong(number: int, reason: str) -> InvalidInput:
    return InvalidInput(f"第{number}行：{reason}。", code="bad_cells", field="cells")
