"""Items as rows of the sheet that officials fill in, into which GIFT and Moodle XML are converted as well.

``read_question`` converts a row into an item and reports its problems; ``print_question`` is its inverse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.exams.items import (
    LETTERS,
    OPTIONS_MAX,
    TRUE_FALSE,
    ItemData,
    ItemKind,
    ItemProblem,
    find_problems,
    letters_of,
    mask_of,
    must_keep_order,
    tidy_item,
)
from domain.typed_text import half_width, tidy_text

DIFFICULTY_DEFAULT = 3
FIXED, SHUFFLED = "固定", "可打乱"
CODE_MAX = 32

TITLES: Mapping[str, str] = {
    "code": "题号",
    "kind": "题型",
    "stem": "题干",
    **{f"option_{at}": f"选项{letter}" for at, letter in enumerate(LETTERS)},
    "answer": "答案",
    "chapter": "章节",
    "difficulty": "难度",
    "basis": "依据",
    "explanation": "解析",
    "case": "案例编号",
    "order": "选项顺序",
}
"""Columns of the sheet in order, by the field names that problems use."""

KINDS: Mapping[str, ItemKind] = {
    **{kind.label: kind for kind in ItemKind},
    "单选": ItemKind.SINGLE,
    "单项选择题": ItemKind.SINGLE,
    "单项选择": ItemKind.SINGLE,
    "多选": ItemKind.MULTIPLE,
    "多项选择题": ItemKind.MULTIPLE,
    "多项选择": ItemKind.MULTIPLE,
    "判断": ItemKind.TRUE_FALSE,
    "是非题": ItemKind.TRUE_FALSE,
    "简答": ItemKind.SHORT,
    "问答题": ItemKind.SHORT,
    "案例": ItemKind.CASE,
    "案例分析题": ItemKind.CASE,
}
_RIGHT = frozenset({"正确", "对", "是", "√", "✓", "T", "TRUE", "A", "1"})
_WRONG = frozenset({"错误", "错", "否", "×", "X", "✗", "F", "FALSE", "B", "0"})
_DIFFICULTIES: Mapping[str, int] = {"": DIFFICULTY_DEFAULT, "易": 1, "较易": 2, "中": 3, "较难": 4, "难": 5}
_BETWEEN_LETTERS = re.compile(r"[\s,，、;；.。/|和]+")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Question:
    """One question of a file. ``number``: line of the sheet, or which question of the file it is.

    ``problem`` says why it can't be parsed at all; then the rest is empty.
    """

    number: int
    kind: str = ""
    stem: str = ""
    options: tuple[str, ...] = ()
    answer: str = ""
    chapter: str = ""
    difficulty: str = ""
    basis: str = ""
    explanation: str = ""
    case: str = ""
    code: str = ""
    order: str = ""
    problem: str = ""


class QuestionFileError(Exception):
    """The whole file is unusable. The text is a Chinese sentence that says what to do."""


def read_question(question: Question) -> tuple[ItemData | None, list[ItemProblem]]:
    """The tidy item and its problems; None if its kind is unknown, or the file is malformed there."""
    if question.problem:
        return None, [ItemProblem("stem", question.problem)]
    question = _tidy_facts(question)
    kind = KINDS.get(question.kind)
    if kind is None:
        return None, [
            ItemProblem(
                "kind", f"应填{'、'.join(item_kind.label for item_kind in ItemKind)}" if question.kind else "不能为空"
            )
        ]
    problems: list[ItemProblem] = []
    options = _options(question, kind, problems)
    fixed = _fixed_order(question.order, problems)
    data = tidy_item(
        ItemData(
            kind=kind,
            stem=question.stem,
            options=options,
            key=_key(question.answer, kind, problems),
            answer=question.answer if kind is ItemKind.SHORT else "",
            chapter=question.chapter,
            difficulty=_difficulty(question.difficulty, problems),
            basis=question.basis,
            explanation=question.explanation,
            fixed_order=fixed,
        )
    )
    _check_code("code", question.code, problems)
    _check_code("case", question.case, problems)
    if kind is ItemKind.CASE and not question.case:
        problems.append(ItemProblem("case", "案例题要有案例编号，其小题填相同的编号"))
    named = {problem.field for problem in problems}
    return data, [*problems, *(problem for problem in find_problems(data) if problem.field not in named)]


def print_question(number: int, data: ItemData, *, code: str = "", case: str = "") -> Question:
    """A row for ``read_question``, which gives the same item again."""
    answer = data.answer if data.kind is ItemKind.SHORT else letters_of(data.key)
    if data.kind is ItemKind.TRUE_FALSE:
        answer = TRUE_FALSE[0 if data.key & 1 else 1]
    return Question(
        number=number,
        kind=data.kind.label,
        stem=data.stem,
        options=data.options if data.kind in (ItemKind.SINGLE, ItemKind.MULTIPLE) else (),
        answer=answer,
        chapter=data.chapter,
        difficulty=str(data.difficulty),
        basis=data.basis,
        explanation=data.explanation,
        case=case,
        code=code,
        order=_order(data),
    )


def fold_word(text: str) -> str:
    """Without blanks, half width, upper case: for comparing words."""
    return "".join(half_width(text).split()).upper()


def _tidy_facts(question: Question) -> Question:
    """Codes and words in half width; texts are tidied with the item."""
    return replace(
        question,
        kind=half_width(question.kind),
        code=half_width(question.code),
        case=half_width(question.case),
        order=half_width(question.order),
    )


def _options(question: Question, kind: ItemKind, problems: list[ItemProblem]) -> tuple[str, ...]:
    """Options up to the last one filled in; reports text in places where the kind has no option."""
    options = [tidy_text(option, lines=True) for option in question.options]
    while options and not options[-1]:
        options.pop()
    if kind is ItemKind.TRUE_FALSE and [fold_word(option) for option in options] not in ([], *_TRUE_FALSE_SPELLINGS):
        problems.append(ItemProblem("option_0", "判断题的选项固定为正确、错误，请留空"))
    if kind in (ItemKind.SHORT, ItemKind.CASE) and options:
        problems.append(ItemProblem("option_0", f"{kind.label}没有选项，请留空"))
    if len(options) > OPTIONS_MAX:
        problems.append(ItemProblem("options", f"最多{OPTIONS_MAX}个选项"))
    return tuple(options)


def _key(text: str, kind: ItemKind, problems: list[ItemProblem]) -> int:
    word = fold_word(text)
    if not kind.has_options:
        if kind is ItemKind.CASE and word:
            problems.append(ItemProblem("answer", "案例题本身没有答案，请填在小题中"))
        return 0
    if not word:
        problems.append(ItemProblem("key", "不能为空"))
        return 0
    if kind is ItemKind.TRUE_FALSE:
        if word not in _RIGHT | _WRONG:
            problems.append(ItemProblem("key", "判断题的答案应填正确或错误"))
        return 1 if word in _RIGHT else 2
    try:
        letters = _BETWEEN_LETTERS.sub("", word)
        if len(set(letters)) != len(letters):
            problems.append(ItemProblem("key", "答案中有重复的字母"))
        return mask_of(letters)
    except ValueError:
        problems.append(ItemProblem("key", f"答案应填选项的字母，如{'ABD' if kind is ItemKind.MULTIPLE else 'B'}"))
        return 0


def _difficulty(text: str, problems: list[ItemProblem]) -> int:
    word = fold_word(text)
    if word in _DIFFICULTIES:
        return _DIFFICULTIES[word]
    if len(word) == 1 and word.isascii() and word.isdigit():
        return int(word)
    problems.append(ItemProblem("difficulty", "难度应填1至5，或易、较易、中、较难、难"))
    return DIFFICULTY_DEFAULT


def _fixed_order(text: str, problems: list[ItemProblem]) -> bool | None:
    if text not in ("", FIXED, SHUFFLED):
        problems.append(ItemProblem("order", f"应填{FIXED}或{SHUFFLED}，或留空由系统判断"))
    return {FIXED: True, SHUFFLED: False}.get(text)


def _order(data: ItemData) -> str:
    """The value for the column of fixed order; empty where reading the item again decides the same."""
    if data.kind not in (ItemKind.SINGLE, ItemKind.MULTIPLE) or data.fixed_order == must_keep_order(data.options):
        return ""
    return FIXED if data.fixed_order else SHUFFLED


def _check_code(field: str, text: str, problems: list[ItemProblem]) -> None:
    if text and (len(text) > CODE_MAX or not _CODE.fullmatch(text)):
        problems.append(ItemProblem(field, f"只能用字母、数字、-和_，最多{CODE_MAX}个"))


_TRUE_FALSE_SPELLINGS = (["正确", "错误"], ["对", "错"], ["√", "×"], ["是", "否"])
