"""The child of ``checker`` that reads sheets, and questions in the formats of other systems."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from domain.exams.question_files import QUESTION_FORMS, read_questions
from domain.exams.questions import QuestionFileError
from services.inspection.limited_process import Head, answer
from services.spreadsheets.formats import Column, SheetError
from services.spreadsheets.parsing import read_lines


def work(asked: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    return _questions(asked, content) if asked["form"] in QUESTION_FORMS else _sheet(asked, content)


def _questions(asked: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    try:
        found = [asdict(one) for one in read_questions(content, asked["form"], asked["rows_max"])]
    except QuestionFileError as error:
        return {"message": str(error)}, ()
    return {}, (json.dumps(found, ensure_ascii=False).encode(errors="replace"),)


def _sheet(asked: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    columns = [Column(**column) for column in asked["columns"]]
    try:
        lines = [[line.number, *line.cells] for line in read_lines(content, asked["form"], columns, asked["rows_max"])]
    except SheetError as error:
        return {"message": str(error)}, ()
    return {}, (json.dumps(lines, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"),)


if __name__ == "__main__":
    sys.exit(answer(work))
