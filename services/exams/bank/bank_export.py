"""Exports the bank, or a part of it: as sheet, GIFT or Moodle XML. Each can be imported again.

Files contain keys, so each export is logged. Pictures are not exported.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from domain.errors import InvalidInput
from domain.exams import gift, moodle_xml
from domain.exams.items import OPTIONS_MAX, ItemKind
from domain.exams.questions import TITLES, Question, print_question
from models.exams import ExamItem
from services.core.base import Actor, Deps, record, transaction
from services.exams.bank.bank_queries import BankQueries, ItemFilter
from services.exams.bank.item_keys import check_may_see
from services.exams.bank.item_rows import StoredItem, read_items
from services.spreadsheets.export import ExportColumn, Value, write_sheet

ExportForm = Literal["xlsx", "gift", "moodle_xml"]
_BATCH = 500
_WIDTHS = {"stem": 60, "explanation": 40, "basis": 30, "answer": 16, "chapter": 20}


@dataclass(frozen=True)
class BankExport:
    deps: Deps
    queries: BankQueries

    async def make(self, actor: Actor, wanted: ItemFilter, form: str) -> bytes:
        """Matching items, and the case of each matching part. Raises InvalidInput without matches."""
        await check_may_see(actor)
        if form not in get_args(ExportForm):
            raise InvalidInput("没有这种格式，请从页面上选择。", code="no_choice")
        questions = await self._questions(actor, wanted)
        if not questions:
            raise InvalidInput("没有符合条件的题目，请放宽条件后再导出。", code="nothing_found")
        async with transaction():
            await record(
                actor, self.deps.now(), "exam.items.export", "exam_item", None, count=len(questions), form=form
            )
        if form == "xlsx":
            return await _render_sheet(questions)
        text = gift.write(questions) if form == "gift" else moodle_xml.write(questions)
        return text.encode()

    async def _questions(self, actor: Actor, wanted: ItemFilter) -> list[Question]:
        ids = set(await self.queries.ids(actor, wanted))
        bank = await ExamItem.filter(pool=actor.pool)
        cases = {item.group_id for item in bank if item.id in ids}
        items = [item for item in bank if item.id in ids | cases]
        codes = {item.id: item.code for item in bank if item.kind == ItemKind.CASE}
        stored_items = await read_items(items)
        stored_items.sort(
            key=lambda item: (
                item.data.chapter,
                codes.get(item.row.group_id or item.row.id, item.row.code),
                _place(item),
            )
        )
        return [
            print_question(at, item.data, code=item.row.code, case=codes.get(item.row.group_id or item.row.id, ""))
            for at, item in enumerate(stored_items, 1)
        ]


def _place(item: StoredItem) -> tuple[bool, int, str]:
    """A case before its parts."""
    return item.row.group_id is not None, item.row.position, item.row.code


async def _render_sheet(questions: Sequence[Question]) -> bytes:
    async def batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
        for at in range(0, len(questions), _BATCH):
            yield [_cells(question) for question in questions[at : at + _BATCH]]

    columns = [ExportColumn(title, _WIDTHS.get(name, 14)) for name, title in TITLES.items()]
    return await write_sheet("题库", columns, batches())


def _cells(question: Question) -> list[Value]:
    options = [*question.options, *[""] * (OPTIONS_MAX - len(question.options))]
    return [
        question.code,
        question.kind,
        question.stem,
        *options,
        *(getattr(question, name) for name in list(TITLES)[3 + OPTIONS_MAX :]),
    ]
