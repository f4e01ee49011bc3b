"""Blueprints of papers (组卷方案): a line of text for each cell, and the bank's stock for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.errors import InvalidInput
from domain.exams.blueprint import BlueprintCell, check_cells
from domain.exams.items import ItemKind
from domain.faults import Faults
from services.exams import BlueprintView, check_blueprint_name
from web.core.form_values import FormValues
from web.core.pages import Redirect, Visit, page
from web.office.base import OfficePart

_SPLIT = re.compile(r"[,，\t]|\s{2,}")
_MARK = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_ANY = ("", "全部", "全部章节", "不限", "-")
_KINDS = {kind.label: kind for kind in ItemKind} | {kind.label.removesuffix("题"): kind for kind in ItemKind}
_PARTS = 5
_BLUEPRINT = "这个组卷方案"


@dataclass(frozen=True)
class _Blueprint:
    name: str
    cells: str

    def read(self) -> tuple[str, list[BlueprintCell]]:
        """Name and cells. Raises InvalidInput with the faults of both."""
        faults = Faults()
        name = faults.check(check_blueprint_name, self.name)
        with faults.part():
            cells = read_lines(self.cells)
            check_cells(cells)
        faults.raise_any()
        return name, cells


class ExamBlueprintPages(OfficePart):
    code = "exams"
    action = "exam.manage"

    @page("/office/exams/blueprints", "office/exam_blueprints.html")
    async def blueprints(self, visit: Visit) -> Mapping[str, object]:
        blueprints = await self.services.exams.blueprint_queries.list(visit.actor)
        return {"blueprints": blueprints, "stage": self.book(visit.actor).entry.names.exam}

    @page("/office/exams/blueprints/new", "office/exam_blueprint.html")
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        return await self._values(visit, None)

    @blank.command(_Blueprint, "save", note="已保存。")
    async def create(self, visit: Visit, form: _Blueprint) -> Redirect:
        view = await self.services.exams.blueprints.create(visit.actor, *form.read(), key=visit.key)
        return Redirect(f"/office/exams/blueprints/{view.id}")

    @page("/office/exams/blueprints/{id}", "office/exam_blueprint.html")
    async def blueprint(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.exams.blueprint_queries.get(visit.actor, visit.id(_BLUEPRINT))
        stored = {"name": view.name, "cells": print_lines(view.cells)}
        form = FormValues({**stored, **visit.fields}, visit.form.error)
        return {"f": form, **await self._values(visit, view)}

    @blueprint.command(_Blueprint, "save", note="已保存。")
    async def save(self, visit: Visit, form: _Blueprint) -> None:
        await self.services.exams.blueprints.edit(visit.actor, visit.id(_BLUEPRINT), *form.read())

    @blueprint.command(name="retire", note="已停用，新的考试不能再选它。")
    async def retire(self, visit: Visit) -> Redirect:
        await self.services.exams.blueprints.retire(visit.actor, visit.id(_BLUEPRINT))
        return Redirect("/office/exams/blueprints")

    async def _values(self, visit: Visit, view: BlueprintView | None) -> Mapping[str, object]:
        chapters = await self.services.exams.blueprint_queries.chapters(visit.actor)
        return {"view": view, "kinds": list(ItemKind), "chapters": chapters}


def read_lines(text: str) -> list[BlueprintCell]:
    """A cell for each non-empty line: chapter, kind, difficulty, count, mark. Raises InvalidInput."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [_read_cell(number, line) for number, line in enumerate(lines, 1)]


def print_lines(cells: Sequence[BlueprintCell]) -> str:
    """The inverse of ``read_lines``."""
    return "\n".join(
        f"{cell.chapter or '全部'}，{cell.kind.label}，{cell.difficulty or '不限'}，{cell.count}，{cell.mark / 10:g}"
        for cell in cells
    )


def _read_cell(number: int, line: str) -> BlueprintCell:
    parts = [part.strip() for part in _SPLIT.split(line.strip())]
    if len(parts) != _PARTS:
        raise _line_error(number, "应有五项：章节，题型，难度，题数，每题分值")
    chapter, kind, difficulty, count, mark = parts
    if kind not in _KINDS:
        raise _line_error(number, f"没有题型“{kind[:10]}”，应为{'、'.join(kind.label for kind in ItemKind)}")
    degree = 0 if difficulty in _ANY else _read_whole_number(number, difficulty, "难度")
    return BlueprintCell(
        "" if chapter in _ANY else chapter,
        _KINDS[kind],
        degree,
        _read_whole_number(number, count, "题数"),
        _read_tenths(number, mark),
    )


def _read_whole_number(number: int, text: str, label: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 5):
        raise _line_error(number, f"{label}应为整数")
    return int(text)


def _read_tenths(number: int, text: str) -> int:
    if not _MARK.fullmatch(text.removesuffix("分")):
        raise _line_error(number, "分值应为数字，如1.5")
    tenths = Decimal(text.removesuffix("分")) * 10
    if tenths != tenths.to_integral_value() or not 0 < tenths < 10**6:
        raise _line_error(number, "分值最多一位小数，如1.5")
    return int(tenths)


def _line_error(number: int, reason: str) -> InvalidInput:
    return InvalidInput(f"第{number}行：{reason}。", code="bad_cells", field="cells")
