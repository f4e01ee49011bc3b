"""A sheet of examination results: checked and shown first, then imported completely, or only its valid lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from domain.parsing import person_search
from domain.person_names import is_same_name, spell_name
from models.accounts import Account
from models.applications import Application, ExamSheet
from services.applications import lock
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.entry.conclusions import REASON_MAX, Conclusions, ExamResult
from services.inspection.checker import FileChecker
from services.reviews import is_own
from services.spreadsheets import formats
from services.spreadsheets.cells import (
    BadCell,
    Cells,
    RowError,
    UniqueValues,
    limited_code,
    limited_text,
    required_text,
)
from services.spreadsheets.formats import Column, Format, Line
from services.spreadsheets.imports import ImportView, SheetImports, SheetKind, Words, read_rows

LINES_MAX = 1000
"""All of them are one transaction, and each person who passes gets an expert record."""
BYTES_MAX = 5_000_000
COLUMNS = (
    Column("number", "申请编号", False, "申请编号和身份证号至少填一个", "SQ202611210000001"),
    Column("id_number", "身份证号", False, "18位，请把单元格设为文本格式；填了申请编号可不填", ""),
    Column("name", "姓名", False, "填写时与申请人核对，不一致不导入", "张三"),
    Column("result", "结果", True, "合格 或 不合格", "合格"),
    Column("reason", "成绩或原因", True, "本人会看到，最多200个字", "82分"),
)
_TITLES = {column.name: column.title for column in COLUMNS}
_RESULTS: Mapping[str, ExamResult] = {
    "合格": "passed",
    "通过": "passed",
    "不合格": "failed",
    "不通过": "failed",
    "未通过": "failed",
}


@dataclass(frozen=True)
class ExamResultRow:
    """A valid line: no personal data except the application's own number."""

    line: int
    application_id: str
    number: str
    result: ExamResult
    reason: str


@dataclass(frozen=True)
class _SheetRow:
    """The content of a line, before looking up persons."""

    line: int
    number: str
    id_number: str
    name: str
    result: ExamResult
    reason: str


@dataclass(frozen=True)
class ExamSheets:
    deps: Deps
    conclusions: Conclusions
    checker: FileChecker

    @cached_property
    def _sheets(self) -> SheetImports[ExamResultRow]:
        return SheetImports(self.deps, self.checker, KIND)

    async def read(self, actor: Actor, content: bytes, filename: str = "") -> ImportView:
        """Check a sheet, and store it for the decision; nothing is decided yet. Raises InvalidInput for an invalid
        one."""
        check(actor, "application.conclude")
        sheet_rows, errors = read_rows(await self._sheets.open_file(actor, content), COLUMNS, _row)
        rows, unknown = await self._match_applications(actor, sheet_rows)
        return await self._sheets.store_sheet(actor, filename, rows, [*errors, *unknown])

    async def get(self, actor: Actor, sheet_id: UUID) -> ImportView:
        """Raises NotFound for a sheet of another pool, or an expired one."""
        check(actor, "application.conclude")
        return await self._sheets.get(actor, sheet_id)

    async def apply(self, actor: Actor, sheet_id: UUID, *, only_good: bool = False) -> ImportView:
        """Import the results; a repetition returns the same.

        A candidate who no longer waits is left out and counts as an invalid line. Raises Conflict while there is one,
        unless ``only_good``.
        """
        check(actor, "application.conclude")

        async def write(rows: Sequence[ExamResultRow], now: datetime) -> None:
            for row in rows:
                application = await lock(UUID(row.application_id))
                await self.conclusions.apply_exam(actor, application, row.result, row.reason, now)

        return await self._sheets.apply(actor, sheet_id, self._lock_waiting, write, only_good=only_good)

    # ---- helpers

    async def _match_applications(
        self, actor: Actor, sheet_rows: Sequence[_SheetRow]
    ) -> tuple[list[ExamResultRow], list[RowError]]:
        """The application of each line, by its number or the ID number of a person who waits for the examination."""
        pool = actor.pool
        hashes = {
            sheet_row.id_number: self.deps.keys.lookup_hash("id_number", sheet_row.id_number)
            for sheet_row in sheet_rows
        }
        numbers = Application.filter(
            pool=pool, number__in=[sheet_row.number for sheet_row in sheet_rows if sheet_row.number]
        )
        people = await Account.filter(pool=pool, id_number_hash__in=[h for number, h in hashes.items() if number])
        own = {account.id: account.id_number_hash for account in people}
        waiting = await Application.filter(pool=pool, state="exam", account_id__in=list(own))
        by_number = {application.number: application for application in await numbers}
        by_person = {own[application.account_id]: application for application in waiting}
        good, bad, seen = list[ExamResultRow](), list[RowError](), dict[UUID, int]()
        for sheet_row in sheet_rows:
            application = (
                by_number.get(sheet_row.number) if sheet_row.number else by_person.get(hashes[sheet_row.id_number])
            )
            problem = await self._problem(sheet_row, application, hashes[sheet_row.id_number], seen)
            if application is not None and actor.account_id and await is_own(application.id, actor.account_id):
                problem = (_TITLES["number"], "不能登记自己的考试结果，请由其他管理员办理。")
            if application is None or problem:
                bad.append(RowError(sheet_row.line, *(problem or ("", ""))))
            else:
                seen[application.id] = sheet_row.line
                good.append(
                    ExamResultRow(
                        sheet_row.line, str(application.id), application.number, sheet_row.result, sheet_row.reason
                    )
                )
        return good, bad

    async def _problem(
        self, sheet_row: _SheetRow, application: Application | None, person: str, seen: Mapping[UUID, int]
    ) -> tuple[str, str] | None:
        """Column and reason; None: the line is valid."""
        at = _TITLES["number" if sheet_row.number else "id_number"]
        if application is None:
            return at, "没有等待考试的这份申请，请核对。"
        if application.state != "exam":
            return at, "这份申请不在等待考试，请核对。"
        if application.id in seen:
            return at, f"与第{seen[application.id]}行是同一份申请。"
        if sheet_row.name and not is_same_name(sheet_row.name, application.name):
            return _TITLES["name"], "与申请人的姓名不一致，请核对。"
        if sheet_row.number and sheet_row.id_number:
            account = await Account.get(id=application.account_id)
            if account.id_number_hash != person:
                return _TITLES["id_number"], "与申请编号不是同一个人，请核对。"
        return None

    async def _lock_waiting(self, rows: Sequence[ExamResultRow]) -> tuple[list[ExamResultRow], list[RowError]]:
        """Locked in the order of ids; without applications cancelled or decided meanwhile."""
        ids = sorted(UUID(row.application_id) for row in rows)
        applications = await Application.filter(id__in=ids).order_by("id").select_for_update()
        waiting = {str(application.id) for application in applications if application.state == "exam"}
        gone = [row for row in rows if row.application_id not in waiting]
        errors = [RowError(row.line, _TITLES["number"], f"{row.number}已不在等待考试。") for row in gone]
        return [row for row in rows if row.application_id in waiting], errors


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "考试结果", COLUMNS)


def _row(line: Line, cells: Cells, values: UniqueValues) -> _SheetRow:
    def result(text: str) -> ExamResult:
        if text not in _RESULTS:
            raise BadCell("应填合格或不合格")
        return _RESULTS[text]

    def unique(name: str, text: str) -> str:
        return values(name, text, line.number) if text else ""

    def read_id_number(text: str) -> str:
        return unique("id_number", person_search(text).id_number or limited_code(text.upper(), 18))

    id_number = cells.get("id_number", read_id_number, "")

    def number(text: str) -> str:
        if not text and not id_number:
            raise BadCell("申请编号和身份证号至少填一个")
        return unique("number", limited_code(text, 32))

    default: ExamResult = "failed"
    return _SheetRow(
        line.number,
        cells.get("number", number, ""),
        id_number,
        cells.get("name", lambda text: spell_name(limited_text(text, 50)), ""),
        cells.get("result", result, default),
        cells.get("reason", lambda text: limited_text(required_text(text), REASON_MAX), ""),
    )


def _counts(rows: Sequence[ExamResultRow]) -> dict[str, int]:
    results = [row.result for row in rows]
    return {"passed": results.count("passed"), "failed": results.count("failed")}


KIND = SheetKind(
    table=ExamSheet,
    row=ExamResultRow,
    columns=COLUMNS,
    lines_max=LINES_MAX,
    bytes_max=BYTES_MAX,
    noun="exam",
    subject="exam_sheet",
    lock="exam_sheets",
    words=Words("登记", "未登记任何结果", "上传"),
    counts=_counts,
    sample=lambda row: row.number if row.result == "passed" else "",
)
