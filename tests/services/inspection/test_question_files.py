"""Files of questions are read in a process of their own; returned are all items, or a reason."""

from __future__ import annotations

import pytest

from domain.exams import gift, moodle_xml
from domain.exams.question_files import QuestionForm, form_of
from domain.exams.questions import QuestionFileError
from services.inspection.checker import SHEET, FileChecker
from services.inspection.limited_process import ProcessLimits
from tests.domain.exams.questions import printed


@pytest.mark.parametrize(
    ("form", "content"),
    [("gift", gift.write(printed()).encode()), ("moodle_xml", moodle_xml.write(printed()).encode())],
)
async def test_questions_come_back_whole(form: QuestionForm, content: bytes) -> None:
    assert form_of(content) == form
    assert await FileChecker().read_questions("gd", content, form, 100) == printed()


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("moodle_xml", b'<!DOCTYPE q [<!ENTITY a "b">]><quiz>&a;</quiz>', "文档类型"),
        ("moodle_xml", b"<quiz>", "不是有效的Moodle XML"),
        ("gift", b"", "没有题目"),
        ("gift", b"\xff\xff\xff{T}", "编码无法识别"),
        ("gift", b"{T}\n\n" * 101, "最多导入100题"),
    ],
)
async def test_a_refusal_comes_back_as_a_sentence(form: QuestionForm, content: bytes, message: str) -> None:
    with pytest.raises(QuestionFileError, match=message):
        await FileChecker().read_questions("gd", content, form, 100)


async def test_a_file_that_breaks_the_process_is_too_complex() -> None:
    checker = FileChecker(sheets=ProcessLimits(memory=16 * 1024 * 1024))
    with pytest.raises(QuestionFileError, match="过于复杂或已损坏"):
        await checker.read_questions("gd", b"x{T}" + b" " * 1_000_000, "gift", 100)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"PK\x03\x04", "sheet"),
        (b"\xd0\xcf\x11\xe0", "sheet"),
        ("题型,题干\n单选题,{题}".encode("gb18030"), "sheet"),
        ("\ufeff题型,题干\n".encode(), "sheet"),
        (b"a,b,c", "sheet"),
        (b"", "sheet"),
        ("\ufeff  <?xml version='1.0'?><quiz/>".encode(), "moodle_xml"),
        (b"<!-- made by --><quiz/>", "moodle_xml"),
        ("// 注释\n\n题 {T}".encode(), "gift"),
        ("题 {T}".encode("gb18030"), "gift"),
    ],
)
def test_the_format_is_recognised_from_the_beginning(content: bytes, form: str) -> None:
    assert form_of(content) == form


async def test_a_file_that_takes_long_is_stopped_after_five_seconds_of_work() -> None:
    assert (SHEET.cpu, SHEET.seconds) == (5, 15.0)
    checker = FileChecker(sheets=ProcessLimits(seconds=0.01))
    with pytest.raises(QuestionFileError, match="过于复杂或已损坏"):
        await checker.read_questions("gd", b"x{T}", "gift", 100)
