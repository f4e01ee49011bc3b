"""Importing items from a file: checked and shown first, then imported completely, or only valid rows.

Sheets, GIFT and Moodle XML become the same rows, which are stored encrypted, since they contain keys. Existing items
are found by code, else by stem, and the person decides what to do with rows that differ from them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Literal, get_args
from uuid import UUID

from domain.errors import InvalidInput
from domain.exams.items import OPTIONS_MAX, ItemData, ItemKind, stem_hash
from domain.exams.question_files import form_of
from domain.exams.questions import TITLES, Question, QuestionFileError, read_question
from models.exams import ExamImport, ExamItem
from services.core.base import Actor, Deps
from services.exams.bank.item_keys import check_may_see
from services.exams.bank.item_matching import Bank, is_same_content
from services.exams.bank.item_rows import NewItem, lock_bank, pictures_of, write_items, write_version
from services.inspection.checker import FileChecker
from services.spreadsheets import formats
from services.spreadsheets.cells import RowError, find_faults
from services.spreadsheets.formats import Column, Format, Line
from services.spreadsheets.imports import ERRORS_SHOWN, ImportView, SheetImports, SheetKind, Words

Act = Literal["add", "version", "changed", "same", "retired"]
"""Effect of a row on the bank: a new item; a new version; a difference that waits for the decision; none, because it is
the same or retired."""
Way = Literal["skip", "version", "add"]
"""What to do with rows that differ from an item of the bank: nothing, a new version, a new item."""

ITEMS_MAX = 2000
BYTES_MAX = 5_000_000
_SEAL = "exam_import"
_TITLES: Mapping[str, str] = {**TITLES, "key": TITLES["answer"], "options": "选项"}
_HELP: Mapping[str, tuple[bool, str, str]] = {
    "code": (False, "可不填，由系统编号；填已有题号表示修改该题", ""),
    "kind": (True, "单选题、多选题、判断题、简答题、案例题", "单选题"),
    "stem": (
        True,
        "题目或案例的文字，不超过2000个字（案例5000个字）",
        "依法必须招标的项目，评标委员会成员人数为（ ）。",
    ),
    "option_0": (False, "单选题、多选题填2至8个选项；判断题、简答题、案例题留空", "三人以上单数"),
    "option_1": (False, "同上", "五人以上单数"),
    "option_2": (False, "同上", "七人以上单数"),
    "option_3": (False, "同上", "九人以上单数"),
    "answer": (False, "选项字母，如B或ABD；判断题填正确或错误；简答题填参考答案", "B"),
    "chapter": (True, "组卷时按章节抽题，不超过100个字", "评标委员会"),
    "difficulty": (False, "1（易）至5（难），不填为3", "2"),
    "basis": (False, "依据的法条", "《招标投标法》第三十七条"),
    "explanation": (False, "考试结束后给考生看的解析", "评标委员会成员人数为五人以上单数。"),
    "case": (False, "案例题和它的小题填相同的编号，字母或数字", ""),
    "order": (False, "固定或可打乱；不填由系统判断（以上都对、数字等不打乱）", ""),
}
COLUMNS = tuple(Column(name, title, *_HELP.get(name, (False, "同上", ""))) for name, title in TITLES.items())
_FORMS = {"sheet": "表格", "gift": "GIFT", "moodle_xml": "Moodle XML"}


@dataclass(frozen=True)
class ItemRow:
    """A valid item of the file. ``item_id`` is the corresponding item of the bank, as a UUID's text."""

    line: int
    kind: str
    stem: str
    options: Sequence[str]
    key: int
    answer: str
    chapter: str
    difficulty: int
    basis: str
    explanation: str
    fixed_order: bool
    code: str
    case: str
    act: Act = "add"
    item_id: str = ""

    @property
    def is_case(self) -> bool:
        return self.kind == ItemKind.CASE

    def data(self) -> ItemData:
        values = {field.name: getattr(self, field.name) for field in fields(ItemData)}
        return ItemData(**{**values, "kind": ItemKind(self.kind), "options": tuple(self.options)})


@dataclass(frozen=True)
class ChangedRow:
    """A row that differs from an item of the bank."""

    line: int
    stem: str
    item_id: UUID


@dataclass(frozen=True)
class ItemImport:
    deps: Deps
    checker: FileChecker

    @cached_property
    def _sheets(self) -> SheetImports[ItemRow]:
        return SheetImports(self.deps, self.checker, KIND)

    async def read(self, actor: Actor, content: bytes) -> ImportView:
        """Check a file, and store it for the decision; nothing is added yet. Raises InvalidInput for an invalid
        file."""
        await check_may_see(actor)
        form = form_of(content)
        questions, faults = await self._questions(actor, content)
        rows, errors = await asyncio.to_thread(read_rows, questions)
        bank = await Bank.load(actor.pool)
        compared = await asyncio.to_thread(_compare_with_bank, bank, rows, [*faults, *errors])
        return await self._sheets.store_sheet(actor, _FORMS[form], *compared)

    async def get(self, actor: Actor, import_id: UUID) -> ImportView:
        """Raises NotFound for an import of another pool, or an expired one."""
        await check_may_see(actor)
        return await self._sheets.get(actor, import_id)

    async def list_changed(self, actor: Actor, import_id: UUID) -> tuple[ChangedRow, ...]:
        """Rows on which the person has to decide, up to a readable number."""
        await check_may_see(actor)
        rows = [row for row in await self._sheets.rows(actor, import_id) if row.act == "changed"]
        return tuple(ChangedRow(row.line, row.stem[:80], UUID(row.item_id)) for row in rows[:ERRORS_SHOWN])

    async def apply(self, actor: Actor, import_id: UUID, way: str, *, only_good: bool = False) -> ImportView:
        """Import the file; a repetition returns the same. ``way`` is a Way.

        Compares with the bank's present state. Raises Conflict while a row is invalid, unless ``only_good``.
        """
        await check_may_see(actor)
        if way not in get_args(Way):
            raise InvalidInput("请选择如何处理题库中已有的题目。", code="no_choice", field="way")

        async def recheck_lines(rows: list[ItemRow]) -> tuple[list[ItemRow], list[RowError]]:
            await lock_bank(actor.pool)
            compared_rows, errors = await asyncio.to_thread(_compare_with_bank, await Bank.load(actor.pool), rows, [])
            return _decide_changed_rows(compared_rows, way), errors

        return await self._sheets.apply(
            actor, import_id, recheck_lines, lambda rows, now: write_rows(actor, rows, now), only_good=only_good
        )

    async def _questions(self, actor: Actor, content: bytes) -> tuple[Sequence[Question], Sequence[RowError]]:
        """The questions, and the cells of a sheet that can't be read, whose lines are left out."""
        form = form_of(content)
        if form == "sheet":
            lines = await self._sheets.open_file(actor, content)
            faults = [fault for line in lines for fault in find_faults(line, COLUMNS)]
            return [_question(line) for line in lines if not line.faults], faults
        if len(content) > BYTES_MAX:
            most = BYTES_MAX // 1_000_000
            raise InvalidInput(f"文件最大{most}MB，请拆分后再上传。", code="file_too_large", field="file")
        try:
            return await self.checker.read_questions(actor.pool, content, form, ITEMS_MAX), []
        except QuestionFileError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "题库", COLUMNS)


def read_rows(questions: Sequence[Question]) -> tuple[list[ItemRow], list[RowError]]:
    """Valid questions, and the problems of the others, in themselves and within the file."""
    rows, errors = list[ItemRow](), list[RowError]()
    for question in questions:
        data, problems = read_question(question)
        errors += [RowError(question.number, _TITLES[problem.field], f"{problem.reason}。") for problem in problems]
        if data is not None and not problems:
            rows.append(_row(question, data))
    return _check_file(rows, errors)


async def write_rows(actor: Actor, rows: Sequence[ItemRow], now: datetime) -> None:
    """Cases are inserted before their parts, which refer to them."""
    new_cases: dict[str, NewItem] = {}
    cases = {row.case: row for row in rows if row.is_case}
    for row in rows:
        if row.act == "add" and row.is_case:
            new_cases[row.case] = NewItem(row.data(), row.code)
    new_items = list(new_cases.values())
    bank = await Bank.load(actor.pool)
    questions = [row for row in rows if row.act == "add" and not row.is_case]
    for at, row in enumerate(questions):
        if not row.case:
            new_items.append(NewItem(row.data(), row.code))
            continue
        case = cases.get(row.case)
        case_id = (
            new_cases[row.case].id if row.case in new_cases else bank.case_id(row.case, case.item_id if case else "")
        )
        stem = case.stem if case else bank.stem(case_id)
        new_items.append(NewItem(row.data(), row.code, case_id, stem, bank.parts(case_id) + at + 1))
    await write_items(actor, new_items, now)
    for row in rows:
        if row.act == "version":
            await _revise_item(actor, row, bank, cases, now)


async def _revise_item(actor: Actor, row: ItemRow, bank: Bank, cases: Mapping[str, ItemRow], now: datetime) -> None:
    item = bank.item(UUID(row.item_id))
    locked = await ExamItem.select_for_update().get(id=item.row.id)
    case = cases.get(row.case) if not row.is_case else None
    stem = case.stem if case else bank.stem(locked.group_id) if locked.group_id else ""
    await write_version(actor, locked, row.data(), pictures_of(item.version), now, stem)


def _question(line: Line) -> Question:
    texts = {name: _strip_formula_guard(text) for name, text in zip(TITLES, line.cells, strict=True)}
    return Question(
        number=line.number,
        kind=texts["kind"],
        stem=texts["stem"],
        options=tuple(texts[f"option_{at}"] for at in range(OPTIONS_MAX)),
        answer=texts["answer"],
        chapter=texts["chapter"],
        difficulty=texts["difficulty"],
        basis=texts["basis"],
        explanation=texts["explanation"],
        case=texts["case"],
        code=texts["code"],
        order=texts["order"],
    )


def _strip_formula_guard(text: str) -> str:
    """Without the apostrophe that an export puts before a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@") else text


def _row(question: Question, data: ItemData) -> ItemRow:
    return ItemRow(
        question.number,
        data.kind.value,
        data.stem,
        list(data.options),
        data.key,
        data.answer,
        data.chapter,
        data.difficulty,
        data.basis,
        data.explanation,
        bool(data.fixed_order),
        question.code,
        question.case,
    )


def _check_file(rows: Sequence[ItemRow], errors: Sequence[RowError]) -> tuple[list[ItemRow], list[RowError]]:
    """Conflicts between rows of one file: duplicates, or a case number used twice."""
    good, bad = list[ItemRow](), list(errors)
    seen: dict[tuple[str, object], int] = {}
    stems = {row.case: row.stem for row in rows if row.is_case}
    for row in rows:
        question = (stem_hash(row.stem, stems.get(row.case, row.case)), tuple(sorted(row.options)))
        marks: list[tuple[str, str, object]] = [("stem", "stem", question)]
        marks += [("code", "code", row.code)] if row.code else []
        marks += [("case", "is_case", row.case)] if row.is_case else []
        clash = next(((field, seen[name, value]) for field, name, value in marks if (name, value) in seen), None)
        seen |= {(name, value): row.line for _, name, value in marks if (name, value) not in seen}
        if clash:
            bad.append(RowError(row.line, _TITLES[clash[0]], f"与第{clash[1]}行（题）重复。"))
        else:
            good.append(row)
    return good, bad


def _compare_with_bank(
    bank: Bank, rows: Sequence[ItemRow], errors: Sequence[RowError]
) -> tuple[list[ItemRow], list[RowError]]:
    """The effect of each row on the bank's present state; a part needs its case, a new case its parts."""
    good, bad = list[ItemRow](), list(errors)
    cases: dict[str, UUID | None] = {}
    for row in sorted(rows, key=lambda row: not row.is_case):
        problem = ""
        if row.case and not row.is_case and row.case not in cases:
            cases[row.case] = bank.find_case(row.case)
            problem = "" if cases[row.case] else "没有可用的同编号案例题，请补上或改正案例题那一行"
            if problem:
                del cases[row.case]
        compared = row if problem else _compare_row(bank, row, cases.get(row.case))
        if problem or isinstance(compared, str):
            bad.append(RowError(row.line, _TITLES["case" if problem else "code"], f"{problem or compared}。"))
            continue
        good.append(compared)
        if row.is_case:
            cases[row.case] = UUID(compared.item_id) if compared.item_id else None
    return _drop_empty_cases(good, bad)


def _drop_empty_cases(rows: Sequence[ItemRow], errors: Sequence[RowError]) -> tuple[list[ItemRow], list[RowError]]:
    """A case without any valid part is invalid."""
    filled_cases = {row.case for row in rows if not row.is_case}
    empty = {row.line for row in rows if row.is_case and row.act == "add" and row.case not in filled_cases}
    incomplete = [
        RowError(line, _TITLES["case"], "没有可用的小题，请添加案例编号相同的题目。") for line in sorted(empty)
    ]
    good = sorted((row for row in rows if row.line not in empty), key=lambda row: row.line)
    return good, [*errors, *incomplete]


def _compare_row(bank: Bank, row: ItemRow, case_id: UUID | None) -> ItemRow | str:
    """The row with its effect, or why it is invalid."""
    data = row.data()
    item = bank.find_by_code(row.code)
    if item is not None and item.data.kind is not data.kind:
        return f"题库中{row.code}是{item.data.kind.label}，请改正题号或题型"
    item = item or bank.find_by_question(data, case_id)
    if item is None:
        return replace(row, act="add", item_id="")
    act: Act = "same" if is_same_content(item.data, data) else "changed"
    return replace(row, act="retired" if item.row.retired_at else act, item_id=str(item.row.id))


def _decide_changed_rows(rows: Sequence[ItemRow], way: str) -> list[ItemRow]:
    """With ``add`` a differing case becomes a new one, together with its parts."""
    if way == "skip":
        return list(rows)
    moved = {row.case for row in rows if row.is_case and row.act == "changed" and way == "add"}
    return [
        replace(row, act="add", item_id="", code="")
        if (row.act == "changed" and way == "add") or (row.case and row.case in moved)
        else replace(row, act="version")
        if row.act == "changed"
        else row
        for row in rows
    ]


def _counts(rows: Sequence[ItemRow]) -> dict[str, int]:
    acts = [row.act for row in rows]
    return {act: acts.count(act) for act in get_args(Act)}


KIND = SheetKind(
    table=ExamImport,
    row=ItemRow,
    columns=COLUMNS,
    lines_max=ITEMS_MAX,
    bytes_max=BYTES_MAX,
    noun="exam.item",
    subject="exam_import",
    lock="exam_item_import",
    words=Words("导入", "未导入任何题目", "导入"),
    counts=_counts,
    sample=lambda row: row.stem[:40] if row.act == "add" else "",
    sealed=_SEAL,
)
