"""Moodle XML: the part that fits the kinds of the bank. Files with a document type or custom entities are refused
unread.

A chapter is a category, a number an ``idnumber``; facts that Moodle can't express stand in tags (``难度:3``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from xml.etree import ElementTree as ET
from xml.parsers import expat
from xml.sax.saxutils import escape

from domain.exams.gift import TAGS
from domain.exams.items import LETTERS, TRUE_FALSE, ItemKind
from domain.exams.markup import BadMarkup, TextForm, read_markup
from domain.exams.questions import Question, QuestionFileError
from domain.typed_text import tidy_text

DEPTH_MAX = 20
ELEMENTS_PER_QUESTION = 400
_TEXT_NODES_MAX = 200_000
"""Characters of one element."""
_NO_XML = "这不是有效的Moodle XML文件，请从Moodle题库重新导出（格式选Moodle XML）。"
_DTD = "文件带有文档类型或实体声明，不能导入，请从Moodle题库重新导出。"
_TOO_DEEP = "文件的结构过于复杂，请从Moodle题库重新导出。"
_UNSUPPORTED = {
    "numerical": "数值题",
    "matching": "匹配题",
    "cloze": "填空题",
    "calculated": "计算题",
    "ddwtos": "拖放题",
    "ddimageortext": "拖放题",
    "gapselect": "选词填空题",
    "ordering": "排序题",
}
_FORMS: Mapping[str, TextForm] = {"plain_text": "plain", "markdown": "markdown", "moodle_auto_format": "moodle"}
"""By the attribute ``format`` of a text; all others are HTML."""


class _BadQuestion(Exception):
    """A question that can't be parsed; the text is the reason."""


def read(content: bytes, most: int) -> Iterator[Question]:
    """The questions of a file, bad ones with their ``problem``. Raises QuestionFileError."""
    root = _parse(content, most)
    if root.tag != "quiz":
        raise QuestionFileError(_NO_XML)
    number, chapter = 0, ""
    for element in root.iterfind("question"):
        if element.get("type") == "category":
            chapter = _chapter(element.findtext("category/text") or "")
            continue
        number += 1
        if number > most:
            raise QuestionFileError(f"一次最多导入{most}题，请拆分后分批导入。")
        yield _question(number, element, chapter)
    if not number:
        raise QuestionFileError("文件中没有题目，请检查后重新导出。")


def write(questions: Iterable[Question]) -> str:
    """A file that ``read`` reads back as the same questions."""
    parts, chapter = list[str](), ""
    for question in questions:
        if question.chapter != chapter:
            chapter = question.chapter
            path = f"$course$/top/{chapter.replace('/', '//')}"
            parts.append(f'<question type="category"><category>{_text(path)}</category></question>')
        parts.append(_print(question))
    return '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n' + "\n".join(parts) + "\n</quiz>\n"


# ---- reading


def _parse(content: bytes, most: int) -> ET.Element:
    """Parses with expat and our own handlers: entities are never expanded, and depth and number of elements are
    bounded."""
    parser, builder = expat.ParserCreate(), ET.TreeBuilder()
    depth = elements = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > DEPTH_MAX or elements > most * ELEMENTS_PER_QUESTION:
            raise QuestionFileError(_TOO_DEEP)
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_args: object) -> None:
        raise QuestionFileError(_DTD)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise QuestionFileError(_NO_XML) from error
    return builder.close()


def _chapter(path: str) -> str:
    """The last part of ``$course$/top/章节``; a slash in a name is doubled."""
    return re.split(r"(?<!/)/(?!/)", path.strip())[-1].replace("//", "/").strip()


def _question(number: int, element: ET.Element, chapter: str) -> Question:
    try:
        return _read_question(number, element, chapter)
    except (_BadQuestion, BadMarkup) as bad:
        return Question(number, problem=str(bad))


def _read_question(number: int, element: ET.Element, chapter: str) -> Question:
    kind, options, answer = _read_answers(element)
    if element.find(".//file") is not None:
        raise _BadQuestion("本题含图片或附件，不能批量导入，请在题库中单独新建")
    tags = _tags(element)
    order = tags.get("order", "")
    return Question(
        number,
        kind.label,
        _child_text(element, "questiontext"),
        options,
        answer,
        chapter,
        tags.get("difficulty", ""),
        tags.get("basis", ""),
        _child_text(element, "generalfeedback"),
        tags.get("case", ""),
        (element.findtext("idnumber") or "").strip(),
        order or _fixed_order(element, kind),
    )


def _read_answers(element: ET.Element) -> tuple[ItemKind, tuple[str, ...], str]:
    """Kind, options and answer."""
    type_ = element.get("type", "")
    answers = element.findall("answer")
    if type_ == "multichoice":
        return _choice(element, answers)
    if type_ == "truefalse":
        right = [(answer.findtext("text") or "").strip().lower() for answer in answers if _fraction(answer) > 0]
        if right not in (["true"], ["false"]):
            raise _BadQuestion("判断题要有一个正确答案（true或false）")
        return ItemKind.TRUE_FALSE, (), TRUE_FALSE[0 if right == ["true"] else 1]
    if type_ == "shortanswer":
        return ItemKind.SHORT, (), "\n".join(_element_text(answer) for answer in answers if _fraction(answer) > 0)
    if type_ == "essay":
        return ItemKind.SHORT, (), _child_text(element, "graderinfo")
    if type_ == "description":
        return ItemKind.CASE, (), ""
    raise _BadQuestion(f"不支持{_UNSUPPORTED.get(type_, '这种题型')}，只能导入单选、多选、判断、简答和说明文字")


def _choice(element: ET.Element, answers: list[ET.Element]) -> tuple[ItemKind, tuple[str, ...], str]:
    if len(answers) > len(LETTERS):
        raise _BadQuestion(f"最多{len(LETTERS)}个选项")
    single = (element.findtext("single") or "true").strip().lower() in ("true", "1")
    fractions = [_fraction(answer) for answer in answers]
    right = [at for at, fraction in enumerate(fractions) if (fraction == 100 if single else fraction > 0)]
    if single and any(0 < fraction < 100 for fraction in fractions):
        raise _BadQuestion("单选题的选项只能是100分或0分")
    letters = "".join(LETTERS[at] for at in right)
    return ItemKind.SINGLE if single else ItemKind.MULTIPLE, tuple(map(_element_text, answers)), letters


def _fraction(answer: ET.Element) -> float:
    try:
        fraction = float(answer.get("fraction", "0"))
    except ValueError as error:
        raise _BadQuestion("选项的分值（fraction）不是数字") from error
    if not -100 <= fraction <= 100:
        raise _BadQuestion("选项的分值（fraction）应在-100至100之间")
    return fraction


def _fixed_order(element: ET.Element, kind: ItemKind) -> str:
    """Moodle states for each question whether it shuffles; only "no" is taken, since "yes" is its default."""
    shuffles = (element.findtext("shuffleanswers") or "").strip().lower()
    return "固定" if kind.has_options and kind is not ItemKind.TRUE_FALSE and shuffles in ("false", "0") else ""


def _tags(element: ET.Element) -> dict[str, str]:
    names = {title: name for name, title in TAGS.items()}
    tags = dict[str, str]()
    for tag in element.iterfind("tags/tag"):
        label, _, value = (tag.findtext("text") or "").partition(":")
        if label.strip() in names:
            tags[names[label.strip()]] = value.strip()
    return tags


def _child_text(element: ET.Element, name: str) -> str:
    child = element.find(name)
    return "" if child is None else _element_text(child)


def _element_text(element: ET.Element) -> str:
    """The text of an element, which is HTML unless marked otherwise. Raises BadMarkup."""
    text = element.findtext("text") or ""
    if len(text) > _TEXT_NODES_MAX:
        raise _BadQuestion("文字过长，请删去多余的内容")
    return tidy_text(read_markup(text, _FORMS.get(element.get("format", ""), "html")), lines=True)


# ---- writing

_TYPES = {
    ItemKind.SINGLE.label: "multichoice",
    ItemKind.MULTIPLE.label: "multichoice",
    ItemKind.TRUE_FALSE.label: "truefalse",
    ItemKind.SHORT.label: "essay",
    ItemKind.CASE.label: "description",
}


def _print(question: Question) -> str:
    parts = [
        f'<question type="{_TYPES[question.kind]}">',
        f"<name>{_text((question.code or question.stem)[:60])}</name>",
        f'<questiontext format="plain_text">{_text(question.stem)}</questiontext>',
    ]
    if question.explanation:
        parts.append(f'<generalfeedback format="plain_text">{_text(question.explanation)}</generalfeedback>')
    if question.code:
        parts.append(f"<idnumber>{escape(question.code)}</idnumber>")
    tags = {title: value for name, title in TAGS.items() if (value := getattr(question, name))}
    if tags:
        printed_tags = "".join(f"<tag>{_text(f'{label}:{value}')}</tag>" for label, value in tags.items())
        parts.append(f"<tags>{printed_tags}</tags>")
    return "\n".join([*parts, *_answers(question), "</question>"])


def _answers(question: Question) -> Iterator[str]:
    if question.kind == ItemKind.TRUE_FALSE.label:
        right = question.answer == TRUE_FALSE[0]
        yield from (_answer(word, 100 if right == (word == "true") else 0) for word in ("true", "false"))
    elif question.kind == ItemKind.SHORT.label:
        yield f'<graderinfo format="plain_text">{_text(question.answer)}</graderinfo>'
    elif question.options:
        single = question.kind == ItemKind.SINGLE.label
        share = 100 / max(1, len(question.answer))
        yield f"<single>{'true' if single else 'false'}</single>"
        for letter, option in zip(LETTERS, question.options, strict=False):
            yield _answer(option, share if letter in question.answer else 0 if single else -100)


def _answer(text: str, fraction: float) -> str:
    percent = f"{fraction:.5f}".rstrip("0").rstrip(".")
    return f'<answer fraction="{percent}" format="plain_text">{_text(text)}</answer>'


def _text(text: str) -> str:
    return f"<text>{escape(text)}</text>"
