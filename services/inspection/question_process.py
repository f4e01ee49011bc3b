"""The child of ``checker`` that parses questions in formats of other systems."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from domain.exams.question_files import read_questions
from domain.exams.questions import QuestionFileError
from services.inspection.child_process import Head, answer


def work(request: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    try:
        questions = [asdict(question) for question in read_questions(content, request["form"], request["rows_max"])]
    except QuestionFileError as error:
        return {"message": str(error)}, ()
    return {}, (json.dumps(questions, ensure_ascii=False).encode(errors="replace"),)


if __name__ == "__main__":
    sys.exit(answer(work))
