"""Items of the bank (试题): their kinds, and the requirements of each.

Options stand in canonical order, and a key is a mask of them: bit n is option n. Each version of an item is one
``ItemData``; errors are reported per field, in Chinese, for a form and for the line of a sheet alike.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from domain.lifecycle import Labelled
from domain.typed_text import half_width, name_illegal, tidy_text

OPTIONS_MIN, OPTIONS_MAX = 2, 8
LETTERS = "ABCDEFGH"
TRUE_FALSE = ("正确", "错误")
DIFFICULTY_MIN, DIFFICULTY_MAX = 1, 5
STEM_MAX, CASE_MAX, OPTION_MAX = 2000, 5000, 300
TEXT_MAX = 2000
"""Characters of an explanation, and of a model answer."""
CHAPTER_MAX, BASIS_MAX = 100, 300


class ItemKind(Labelled):
    """Kind of an item (题型)."""

    SINGLE = "single", "单选题"
    MULTIPLE = "multiple", "多选题"
    TRUE_FALSE = "true_false", "判断题"
    SHORT = "short", "简答题"
    """Marked by people."""
    CASE = "case", "案例题"
    """A text with items of its own; it asks nothing itself and has no mark."""

    @property
    def has_options(self) -> bool:
        return self in _CHOICES

    @property
    def fills_slots(self) -> bool:
        """Whether it can fill a slot of a paper."""
        return self is not ItemKind.CASE


_CHOICES = (ItemKind.SINGLE, ItemKind.MULTIPLE, ItemKind.TRUE_FALSE)


@dataclass(frozen=True)
class ItemData:
    """The content of one version of an item. ``fixed_order``: options are not shuffled; None: ``tidy`` decides."""

    kind: ItemKind
    stem: str
    options: tuple[str, ...] = ()
    key: int = 0
    """Mask of the right options; 0 for short and case."""
    answer: str = ""
    """The model answer of a short answer, for markers."""
    chapter: str = ""
    difficulty: int = 3
    basis: str = ""
    explanation: str = ""
    fixed_order: bool | None = None


@dataclass(frozen=True)
class ItemProblem:
    """``field`` is one of ItemData's, or ``option_0``…; ``reason`` a sentence without its full stop."""

    field: str
    reason: str


def letters_of(mask: int) -> str:
    """``AC`` for 5."""
    return "".join(letter for bit, letter in enumerate(LETTERS) if mask >> bit & 1)


def mask_of(letters: str) -> int:
    """5 for ``AC``. Raises ValueError for a character that is no option's letter."""
    return sum(1 << LETTERS.index(letter) for letter in set(letters))


def stem_hash(stem: str, case: str = "") -> str:
    """SHA-256 of the stem without spaces and punctuation, including the text of its case, since parts of cases repeat
    questions."""
    hashed = f"{_bare_text(case)}\0{_bare_text(stem)}" if case else _bare_text(stem)
    return hashlib.sha256(hashed.encode()).hexdigest()


def question_key(item: ItemData) -> tuple[str, ...]:
    """Equal for items that ask the same question with the same options, regardless of order and punctuation."""
    return (_bare_text(item.stem), *sorted(map(_bare_text, item.options)))


def must_keep_order(options: Sequence[str]) -> bool:
    """Whether the options make sense in this order only: one refers to others, or all are numbers."""
    counts = bool(options) and all(_NUMBER.match(option) for option in options)
    return counts or any(_OF_OTHERS.search(option) for option in options)


def tidy_item(data: ItemData) -> ItemData:
    """With tidy texts, the fixed options of a true or false item, and with ``fixed_order`` decided."""
    options = TRUE_FALSE if data.kind is ItemKind.TRUE_FALSE else tuple(map(_tidy, data.options))
    fixed = data.fixed_order if data.fixed_order is not None else must_keep_order(options)
    has_explanation = data.kind is not ItemKind.CASE
    return replace(
        data,
        stem=_tidy(data.stem),
        options=options if data.kind.has_options else (),
        key=data.key if data.kind.has_options else 0,
        answer=_tidy(data.answer) if data.kind is ItemKind.SHORT else "",
        chapter=_tidy(data.chapter),
        basis=_tidy(data.basis),
        explanation=_tidy(data.explanation) if has_explanation else "",
        fixed_order=data.kind is ItemKind.TRUE_FALSE or (fixed and data.kind.has_options),
    )


def _tidy(text: str) -> str:
    return tidy_text(text, lines=True)


def find_problems(data: ItemData) -> list[ItemProblem]:
    """Problems of a tidy item; empty when it is valid."""
    return [*_texts(data), *_options(data), *_key(data)]


def _texts(data: ItemData) -> Iterator[ItemProblem]:
    longest = CASE_MAX if data.kind is ItemKind.CASE else STEM_MAX
    yield from _text("stem", data.stem, longest, needed=True)
    yield from _text("chapter", data.chapter, CHAPTER_MAX, needed=True)
    yield from _text("basis", data.basis, BASIS_MAX)
    yield from _text("explanation", data.explanation, TEXT_MAX)
    if data.kind is ItemKind.SHORT:
        yield from _text("answer", data.answer, TEXT_MAX, needed=True, empty="简答题要填写参考答案，评分时对照")
    if not DIFFICULTY_MIN <= data.difficulty <= DIFFICULTY_MAX:
        yield ItemProblem("difficulty", f"难度应为{DIFFICULTY_MIN}至{DIFFICULTY_MAX}的整数")


def _text(
    field: str, text: str, longest: int, *, needed: bool = False, empty: str = "不能为空"
) -> Iterator[ItemProblem]:
    if needed and not _bare_text(text):
        yield ItemProblem(field, empty)
    elif len(text) > longest:
        yield ItemProblem(field, f"最多{longest}个字")
    elif illegal := name_illegal(text, lines=True):
        yield ItemProblem(field, f"含有无法识别的字符（{illegal}），请删除后重新填写")


def _options(data: ItemData) -> Iterator[ItemProblem]:
    if data.kind not in (ItemKind.SINGLE, ItemKind.MULTIPLE):
        return
    if not OPTIONS_MIN <= len(data.options) <= OPTIONS_MAX:
        yield ItemProblem("options", f"应有{OPTIONS_MIN}至{OPTIONS_MAX}个选项")
    seen: dict[str, str] = {}
    for letter, option in zip(LETTERS, data.options, strict=False):
        field = f"option_{LETTERS.index(letter)}"
        problems = list(_text(field, option, OPTION_MAX, needed=True))
        yield from problems
        first = seen.setdefault(half_width(option).casefold(), letter)
        if first != letter and not problems:
            yield ItemProblem(field, f"与选项{first}相同")


def _key(data: ItemData) -> Iterator[ItemProblem]:
    if not data.kind.has_options:
        return
    right = data.key.bit_count()
    if not right:
        yield ItemProblem("key", "没有正确答案，请指定")
    elif data.options and (data.key < 0 or data.key >> len(data.options)):
        yield ItemProblem("key", f"答案超出了选项，最后一个选项是{LETTERS[: len(data.options)][-1]}")
    elif right > 1 and data.kind is not ItemKind.MULTIPLE:
        yield ItemProblem("key", f"{data.kind.label}只能有一个正确答案")


def _bare_text(text: str) -> str:
    """Letters, digits and meaningful signs, with width and case unified."""
    plain = half_width(text).casefold()
    return "".join(
        character for character in plain if character in "%‰" or unicodedata.category(character)[0] not in "PZC"
    )


_OF_OTHERS = re.compile(
    r"^(以上|上述|前述|前[两二三四五]|所有选项|[两二三四五]者)[^，。；]{0,6}(都|均|皆|全|不)"
    r"|^(都|均|全都?|皆)(不?(对|是|正确|错误?|可以?|能))$"
    r"|^[(（]?[A-H][)）]?(\s*+([、,，和与及或]\s*+)?[(（]?[A-H][)）]?)+($|都|均|全|皆|项)"
)
"""An option that refers to others: 以上都对, 以上均不正确, 前三项都是, A和B."""
_NUMBER = re.compile(
    r"^[(（]?(不?(少于|多于|超过|低于|高于|得)|至少|最多)?\s*第?[\d.%‰零〇一二两三四五六七八九十百千万亿]++(分之[一二三四五六七八九十百]+)?"
    r"\s*+(以上|以下)?\s*+(个|人|名|家|位|日|天|年|月|周|小时|分钟?|时|元|万元|亿元|倍|次|项|条|款|份|%|％)*+\s*+(工作日|自然日|内|以上|以下|以内|单数)*$"
)
"""A number with or without its unit; options that are all such stay in order."""
