"""Inspects files in separate processes, so that a crafted file can only harm that process."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict
from typing import cast

from domain.errors import InvalidInput
from domain.exams.question_files import QuestionForm
from domain.exams.questions import Question, QuestionFileError
from domain.file_types import FileType, MaterialType
from services.inspection.child_process import Head
from services.inspection.file_types import Found
from services.inspection.limited_process import LimitedProcess, ProcessBroken, ProcessLimits
from services.spreadsheets.formats import Column, Format, Line, SheetError

FILES_AT_ONCE, FILES_OF_POOL = 3, 2
"""A place stays free for other pools, however many files one of them sends."""
SHEETS_AT_ONCE = 2
"""Of different pools; each pool has a queue of its own."""
SHEET = ProcessLimits(cpu=5, seconds=15.0)
"""Limits for a sheet or questions from a page: the largest genuine ones take about two seconds of processor time."""
IMPORT = ProcessLimits(memory=3 * 1024**3, cpu=900, seconds=1200.0)
"""Limits for a whole pool's experts, imported by the command line."""

PAGE_IMPORT = ProcessLimits(memory=1024**3, cpu=120, seconds=300.0)
"""Limits for a sheet of experts from the office's page, which a worker reads."""


class FileChecker:
    """Three files, of one pool two, two sheets of different pools and one long sheet at once; others wait in the queue
    of their pool.

    ``sheets``, ``long_sheets``: limits for one sheet.
    """

    def __init__(
        self,
        limits: ProcessLimits = ProcessLimits(),  # noqa: B008  # frozen
        sheets: ProcessLimits = SHEET,
        long_sheets: ProcessLimits = PAGE_IMPORT,
    ) -> None:
        self._files = LimitedProcess(
            "services.inspection.file_process", limits, at_once=FILES_AT_ONCE, of_queue=FILES_OF_POOL
        )
        self._sheets = LimitedProcess("services.inspection.sheet_process", sheets, at_once=SHEETS_AT_ONCE)
        self._long_sheets = LimitedProcess("services.inspection.sheet_process", long_sheets, at_once=1)
        self._questions = LimitedProcess("services.inspection.question_process", sheets, at_once=SHEETS_AT_ONCE)

    async def check(self, pool: str, content: bytes, allowed: Collection[FileType]) -> Found:
        """Raises InvalidInput with the problem and what to do; a file that crashes the process counts as broken."""
        head, (thumbnail, preview, jpeg) = await self._inspect(
            pool, {"way": "attachment", "allowed": list(allowed)}, content
        )
        return Found(cast(FileType, head["kind"]), thumbnail, preview, jpeg)

    async def check_material(self, pool: str, content: bytes, allowed: Collection[MaterialType]) -> MaterialType:
        """The same for the office's material, including office documents; returns the type."""
        head, _ = await self._inspect(pool, {"way": "material", "allowed": list(allowed)}, content)
        return cast(MaterialType, head["kind"])

    async def draw(self, pool: str, content: bytes, kind: FileType, side: int) -> bytes:
        """An image as a small JPEG, as ``render_picture``. Raises InvalidInput."""
        _, (picture,) = await self._inspect(pool, {"way": "picture", "kind": kind, "side": side}, content)
        return picture

    async def draw_pages(self, pool: str, content: bytes, side: int, pages_max: int) -> Sequence[bytes]:
        """Each page of a PDF as JPEG, as ``render_pages``. Raises InvalidInput."""
        _, pages = await self._inspect(pool, {"way": "pages", "side": side, "most": pages_max}, content)
        return pages

    async def read_sheet(
        self, pool: str, content: bytes, form: Format, columns: Sequence[Column], rows_max: int
    ) -> Sequence[Line]:
        """The lines of a sheet, as ``spreadsheets.parsing.read_lines``. Raises SheetError."""
        async with aclosing(self._stream(self._sheets, pool, content, form, columns, rows_max)) as batches:
            return [line async for batch in batches for line in batch]

    def stream_sheet(
        self, pool: str, content: bytes, form: Format, columns: Sequence[Column], rows_max: int
    ) -> AsyncGenerator[Sequence[Line], None]:
        """A long sheet as a stream. Raises SheetError, also while iterating."""
        return self._stream(self._long_sheets, pool, content, form, columns, rows_max)

    async def _stream(
        self,
        sheets: LimitedProcess,
        pool: str,
        content: bytes,
        form: Format,
        columns: Sequence[Column],
        rows_max: int,
    ) -> AsyncGenerator[Sequence[Line], None]:
        request = {"form": form, "columns": [asdict(column) for column in columns], "rows_max": rows_max}
        try:
            # closed at once when the reader stops early, which ends the process
            async with aclosing(sheets.parts(request, content, pool)) as parts:
                async for part in parts:
                    batch = json.loads(part)
                    if "message" in batch:
                        raise SheetError(batch["message"])
                    yield [
                        Line(number, tuple(cells), {int(at): fault for at, fault in faults.items()})
                        for number, cells, faults in batch
                    ]
        except ProcessBroken as error:
            raise SheetError("文件过于复杂或已损坏，请新建表格，只粘贴名单的文字后再导入。") from error

    async def read_questions(self, pool: str, content: bytes, form: QuestionForm, rows_max: int) -> Sequence[Question]:
        """Questions in GIFT or Moodle XML, as ``domain.exams.question_files``. Raises QuestionFileError."""
        answer = await self._questions.ask({"form": form, "rows_max": rows_max}, content, pool)
        if answer is None:
            raise QuestionFileError("文件过于复杂或已损坏，请重新导出后再上传。")
        head, blobs = answer
        if "message" in head:
            raise QuestionFileError(head["message"])
        return [Question(**{**question, "options": tuple(question["options"])}) for question in json.loads(blobs[0])]

    async def _inspect(self, pool: str, request: Mapping[str, object], content: bytes) -> tuple[Head, list[bytes]]:
        answer = await self._files.ask(request, content, pool)
        if answer is None:
            raise InvalidInput("文件无法读取，请重新导出或拍照后再上传。", code="file_broken")
        if "message" in answer[0]:
            raise InvalidInput(answer[0]["message"], code=answer[0]["code"])
        return answer
