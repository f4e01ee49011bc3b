"""Detects the format of a file of questions, and reads formats of other systems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from domain.exams import gift, moodle_xml
from domain.exams.questions import TITLES, Question, QuestionFileError

QuestionForm = Literal["gift", "moodle_xml"]


def form_of(content: bytes) -> QuestionForm | Literal["sheet"]:
    """Decides by the first bytes; an unknown beginning is taken for a sheet, whose reader reports what is missing."""
    head = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    if head.startswith((b"<?xml", b"<quiz", b"<!DOCTYPE", b"<!--")):
        return "moodle_xml"
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "sheet"
    first = _decode(head.partition(b"\n")[0])
    return "sheet" if TITLES["kind"] in first or b"{" not in content else "gift"


def read_questions(content: bytes, form: QuestionForm, most: int) -> Iterator[Question]:
    """Raises QuestionFileError, also while iterating."""
    if form == "moodle_xml":
        return moodle_xml.read(content, most)
    text = _decode(content)
    if "\ufffd" in text:
        raise QuestionFileError("文件编码无法识别，请另存为UTF-8文本后再导入。")
    return gift.read(text, most)


def _decode(content: bytes) -> str:
    """UTF-8, else GB 18030; undecodable bytes become replacement characters."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030", errors="replace")
