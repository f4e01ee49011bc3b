"""A whole sheet of examination results: checked and shown first, then taken in whole, or as far as it is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from models.accounts import Account
from models.applications import Application, ExamSheet
from services.applications import lock
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.entry.conclusions import REASON_MAX, Conclusions, ExamResult
from services.inspection.checker import FileChecker
from services.reviews import is_own
from services.spreadsheets import formats
from services.spreadsheets.cells import BadCell, Cells, Once, RowError, needed, places_of, short
from services.spreadsheets.formats import Column, Format, Line, SheetError, format_within

LINES_MAX = 1000
"""All of them are one transaction, and each person who passes gets a file."""
BYTES_MAX = 5_000_000
ERRORS_SHOWN = 200
SAMPLE = 5
SHEET_TTL = timedelta(days=1)
"""How long a checked sheet waits for the decision."""
COLUMNS = (
    Column("number", "申请编号", False, "申请编号和身份证号至少填一个", "SQ202611210000001"),
    Column("id_number", "身份证号", False, "18位，请把单元格设为文本格式；填了申请编号可不填", ""),
    Column("name", "姓名", False, "填写时与申请人核对，不一致不导入", "张三"),
    Column("result", "结果", True, "合格 或 不合格", "合格"),
    Column("reason", "成绩或原因", True, "本人会看到，最多200个字", "82分"),
)
_PLACES = places_of(COLUMNS)
_TITLES = {column.name: column.title for column in COLUMNS}
_RESULTS: Mapping[str, ExamResult] = {
    "合格": "passed",
    "通过": "passed",
    "不合格": "failed",
    "不通过": "failed",
    "未通过": "failed",
}


@dataclass(frozen=True)
class Row:
    """A line that can be used: no personal data beside the application's own number."""

    line: int
    application_id: str
    number: str
    result: ExamResult
    reason: str


@dataclass(frozen=True)
class ExamSheetView:
    """A sheet and what came of it. ``counts``: passed and failed, as it would be or, once done, as it was.

    ``bad`` counts the lines that can't be used, ``errors`` says why, as far as people read.
    """

    id: UUID
    state: Literal["checked", "done"]
    counts: Mapping[str, int]
    sample: tuple[str, ...]
    bad: int
    errors: tuple[RowError, ...]
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class _Said:
    """What a line says, before anybody is looked up."""

    line: int
    number: str
    id_number: str
    name: str
    result: ExamResult
    reason: str


class ExamSheets:
    def __init__(self, deps: Deps, conclusions: Conclusions, checker: FileChecker) -> None:
        self._deps = deps
        self._conclusions = conclusions
        self._checker = checker

    async def read(self, actor: Actor, content: bytes, filename: str = "") -> ExamSheetView:
        """Check a sheet, and keep it for the decision; nothing is decided yet. Raises InvalidInput for what is none."""
        check(actor, "application.conclude")
        if len(content) > BYTES_MAX:
            most = BYTES_MAX // 1_000_000
            raise InvalidInput(f"文件最大{most}MB，请拆分后再上传。", code="file_too_large", field="file")
        try:
            lines = await self._checker.read_sheet(content, format_within(content), COLUMNS, LINES_MAX)
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error
        said, errors = _read(lines)
        rows, unknown = await self._find(actor, said)
        errors = sorted([*errors, *unknown], key=lambda one: one.line)
        now = self._deps.now()
        async with transaction():
            await ExamSheet.filter(pool=actor.pool, created_at__lt=now - SHEET_TTL, state="checked").delete()
            kept = await ExamSheet.create(
                pool=actor.pool,
                account_id=actor.account_id,
                filename=filename[-200:],
                created_at=now,
                lines=[asdict(row) for row in rows],
                errors=[asdict(one) for one in errors],
            )
            await record(actor, now, "exam.sheet", "exam_sheet", kept.id, good=len(rows), bad=len(errors))
        return _view(kept)

    async def get(self, actor: Actor, sheet_id: UUID) -> ExamSheetView:
        """Raises NotFound for another pool's, and one that waited too long."""
        check(actor, "application.conclude")
        return _view(await self._get(actor, sheet_id))

    async def carry_out(self, actor: Actor, sheet_id: UUID, *, only_good: bool = False) -> ExamSheetView:
        """Take the results in; again, the answer is the same.

        Whoever waits no longer is left out, and counts as a line that can't be used. Raises Conflict while there is
        one, unless ``only_good``.
        """
        check(actor, "application.conclude")
        now = self._deps.now()
        async with transaction():
            await advisory_lock(f"exam_sheets:{actor.pool}")
            sheet = await self._get(actor, sheet_id, locked=True)
            if sheet.state == "done":
                return _view(sheet)
            rows, gone = await self._still_waiting([Row(**line) for line in sheet.lines])
            errors = sorted([*_errors(sheet), *gone], key=lambda one: one.line)
            if errors and not only_good:
                raise _refusal(errors)
            if not rows:
                raise Conflict("没有可以登记的行，请修改后重新上传。", code="sheet_empty")
            for row in rows:
                application = await lock(UUID(row.application_id))
                await self._conclusions.apply_exam(actor, application, row.result, row.reason, now)
            sheet.errors, sheet.lines = [asdict(one) for one in errors], []
            sheet.result, sheet.state, sheet.done_at = _counts(rows), "done", now
            await sheet.save()
            await record(actor, now, "exam.import", "exam_sheet", sheet.id, **_counts(rows))
        return _view(sheet)

    # ---- parts of the above

    async def _get(self, actor: Actor, sheet_id: UUID, *, locked: bool = False) -> ExamSheet:
        query = ExamSheet.select_for_update() if locked else ExamSheet.all()
        found = await query.get_or_none(id=sheet_id, pool=actor.pool)
        if found is None or (found.state == "checked" and found.created_at < self._deps.now() - SHEET_TTL):
            raise NotFound("这次上传已过期，请重新上传文件。", code="import_unknown")
        return found

    async def _find(self, actor: Actor, said: Sequence[_Said]) -> tuple[list[Row], list[RowError]]:
        """Whose application each line means, by its number or the ID number of whoever waits for the examination."""
        pool = actor.pool
        hashes = {one.id_number: self._deps.keys.lookup_hash("id_number", one.id_number) for one in said}
        numbers = Application.filter(pool=pool, number__in=[one.number for one in said if one.number])
        people = await Account.filter(pool=pool, id_number_hash__in=[h for number, h in hashes.items() if number])
        own = {account.id: account.id_number_hash for account in people}
        waiting = await Application.filter(pool=pool, state="exam", account_id__in=list(own))
        by_number = {one.number: one for one in await numbers}
        by_person = {own[one.account_id]: one for one in waiting}
        good, bad, seen = list[Row](), list[RowError](), dict[UUID, int]()
        for one in said:
            found = by_number.get(one.number) if one.number else by_person.get(hashes[one.id_number])
            problem = await self._problem(one, found, hashes[one.id_number], seen)
            if found is not None and actor.account_id and await is_own(found.id, actor.account_id):
                problem = (_TITLES["number"], "不能登记自己的考试结果，请由其他管理员办理。")
            if found is None or problem:
                bad.append(RowError(one.line, *(problem or ("", ""))))
            else:
                seen[found.id] = one.line
                good.append(Row(one.line, str(found.id), found.number, one.result, one.reason))
        return good, bad

    async def _problem(
        self, said: _Said, found: Application | None, person: str, seen: Mapping[UUID, int]
    ) -> tuple[str, str] | None:
        """Column and reason; None: the line can be used."""
        at = _TITLES["number" if said.number else "id_number"]
        if found is None:
            return at, "没有等待考试的这份申请，请核对。"
        if found.state != "exam":
            return at, "这份申请不在等待考试，请核对。"
        if found.id in seen:
            return at, f"与第{seen[found.id]}行是同一份申请。"
        if said.name and said.name != found.name:
            return _TITLES["name"], "与申请人的姓名不一致，请核对。"
        if said.number and said.id_number:
            account = await Account.get(id=found.account_id)
            if account.id_number_hash != person:
                return _TITLES["id_number"], "与申请编号不是同一个人，请核对。"
        return None

    async def _still_waiting(self, rows: Sequence[Row]) -> tuple[list[Row], list[RowError]]:
        """Locked in the order of their ids; who gave up or was decided meanwhile is not."""
        ids = sorted(UUID(row.application_id) for row in rows)
        found = await Application.filter(id__in=ids).order_by("id").select_for_update()
        waiting = {str(one.id) for one in found if one.state == "exam"}
        gone = [row for row in rows if row.application_id not in waiting]
        errors = [RowError(row.line, _TITLES["number"], f"{row.number}已不在等待考试。") for row in gone]
        return [row for row in rows if row.application_id in waiting], errors


def render_template(form: Format) -> bytes:
    """A sheet with the heading and one sample line."""
    return formats.render_template(form, "考试结果", COLUMNS)


def _read(lines: Iterable[Line]) -> tuple[list[_Said], list[RowError]]:
    """The lines that can be read and what is wrong with the others."""
    once, said, errors = Once(), list[_Said](), list[RowError]()
    for line in lines:
        cells = Cells(line, _PLACES)
        row = _row(line, cells, once)
        if cells.errors:
            errors += cells.errors
        else:
            said.append(row)
    return said, errors


def _row(line: Line, cells: Cells, once: Once) -> _Said:
    def result(text: str) -> ExamResult:
        if text not in _RESULTS:
            raise BadCell("应填合格或不合格")
        return _RESULTS[text]

    def unique(name: str, text: str) -> str:
        return once(name, text, line.number) if text else ""

    id_number = cells.get("id_number", lambda text: unique("id_number", short(text.upper(), 18)), "")

    def number(text: str) -> str:
        if not text and not id_number:
            raise BadCell("申请编号和身份证号至少填一个")
        return unique("number", short(text, 32))

    default: ExamResult = "failed"
    return _Said(
        line.number,
        cells.get("number", number, ""),
        id_number,
        cells.get("name", lambda text: short(text, 50), ""),
        cells.get("result", result, default),
        cells.get("reason", lambda text: short(needed(text), REASON_MAX), ""),
    )


def _refusal(errors: Sequence[RowError]) -> Conflict:
    lines = len({one.line for one in errors})
    return Conflict(
        f"有{lines}行不能登记，未登记任何结果。请修改后重新上传，或只登记无误的行。",
        code="sheet_errors",
        params={"errors": [asdict(one) for one in errors[:ERRORS_SHOWN]]},
    )


def _counts(rows: Iterable[Row]) -> dict[str, int]:
    results = [row.result for row in rows]
    return {"passed": results.count("passed"), "failed": results.count("failed")}


def _errors(sheet: ExamSheet) -> list[RowError]:
    return [RowError(**one) for one in sheet.errors]


def _view(sheet: ExamSheet) -> ExamSheetView:
    errors, rows = _errors(sheet), [Row(**line) for line in sheet.lines]
    done = sheet.state == "done"
    return ExamSheetView(
        sheet.id,
        "done" if done else "checked",
        dict(sheet.result) if done else _counts(rows),
        tuple(row.number for row in rows if row.result == "passed")[:SAMPLE],
        len({one.line for one in errors}),
        tuple(errors[:ERRORS_SHOWN]),
        sheet.created_at,
        sheet.done_at,
    )
