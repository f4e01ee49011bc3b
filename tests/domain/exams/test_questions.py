"""Items as officials type them: permitted contents of each cell, and that printing and reading are inverse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.exams.items import ItemData, ItemKind, mask_of
from domain.exams.questions import TITLES, Question, read_question
from tests.domain.exams.questions import ITEMS, printed

SINGLE = Question(2, "单选题", "题干", ("甲", "乙", "丙"), "B", "章节")
MULTIPLE = replace(SINGLE, kind="多选题", answer="AB")
JUDGED = replace(SINGLE, kind="判断题", options=(), answer="对")
SHORT = replace(SINGLE, kind="简答题", options=(), answer="要点")
CASE = replace(SINGLE, kind="案例题", options=(), answer="", case="C1")


def item(question: Question) -> ItemData:
    data, problems = read_question(question)
    assert problems == []
    assert data is not None
    return data


def test_what_is_printed_is_read_back_as_the_same_item() -> None:
    assert [read_question(question) for question in printed()] == [(data, []) for data, _, _ in ITEMS]


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("AB", "AB"),
        ("ba", "AB"),
        ("Ａ、Ｃ", "AC"),
        ("a, c", "AC"),
        ("A；B；C", "ABC"),
        ("A.B", "AB"),
        ("A和B", "AB"),
        ("A B\nC", "ABC"),
    ],
)
def test_letters_are_read_as_people_type_them(text: str, mask: str) -> None:
    assert item(replace(MULTIPLE, answer=text)).key == mask_of(mask)


@pytest.mark.parametrize("text", ["正确", "对", "√", "是", "T", "true", "A", "1", " 正 确 "])
def test_right_is_said_in_many_ways(text: str) -> None:
    assert item(replace(JUDGED, answer=text)).key == 1


@pytest.mark.parametrize("text", ["错误", "错", "×", "x", "否", "f", "B", "0", "Ｆ"])
def test_and_so_is_wrong(text: str) -> None:
    assert item(replace(JUDGED, answer=text)).key == 2


@pytest.mark.parametrize(
    ("text", "level"), [("", 3), ("1", 1), ("５", 5), ("易", 1), ("较难", 4), ("中", 3), ("难", 5)]
)
def test_difficulty_is_a_digit_or_a_word(text: str, level: int) -> None:
    assert item(replace(SINGLE, difficulty=text)).difficulty == level


@pytest.mark.parametrize(
    ("text", "kind"), [("单选", ItemKind.SINGLE), ("多项选择题", ItemKind.MULTIPLE), ("案例分析题", ItemKind.CASE)]
)
def test_kinds_have_other_names_too(text: str, kind: ItemKind) -> None:
    data, _ = read_question(replace(SINGLE, kind=text))
    assert data is not None
    assert data.kind is kind


def test_options_of_a_judgement_may_be_written_out() -> None:
    assert item(replace(JUDGED, options=("对", "错", "", ""))).options == ("正确", "错误")


@pytest.mark.parametrize(
    ("question", "field", "reason"),
    [
        (replace(SINGLE, kind=""), "kind", "不能为空"),
        (replace(SINGLE, kind="填空题"), "kind", "应填单选题、多选题、判断题、简答题、案例题"),
        (replace(SINGLE, stem=""), "stem", "不能为空"),
        (replace(SINGLE, chapter=""), "chapter", "不能为空"),
        (replace(SINGLE, options=()), "options", "应有2至8个选项"),
        (replace(SINGLE, options=("甲", "", "丙")), "option_1", "不能为空"),
        (replace(SINGLE, options=("甲", "甲", "丙")), "option_1", "与选项A相同"),
        (replace(SINGLE, options=tuple("甲乙丙丁戊己庚辛壬")), "options", "最多8个选项"),
        (replace(SINGLE, answer=""), "key", "不能为空"),
        (replace(SINGLE, answer="AB"), "key", "单选题只能有一个正确答案"),
        (replace(SINGLE, answer="D"), "key", "答案超出了选项，最后一个选项是C"),
        (replace(SINGLE, answer="I"), "key", "答案应填选项的字母，如B"),
        (replace(SINGLE, answer="乙"), "key", "答案应填选项的字母，如B"),
        (replace(MULTIPLE, answer="甲乙"), "key", "答案应填选项的字母，如ABD"),
        (replace(MULTIPLE, answer="ABA"), "key", "答案中有重复的字母"),
        (replace(JUDGED, answer="也许"), "key", "判断题的答案应填正确或错误"),
        (replace(JUDGED, options=("甲", "乙")), "option_0", "判断题的选项固定为正确、错误，请留空"),
        (replace(SHORT, options=("甲",)), "option_0", "简答题没有选项，请留空"),
        (replace(SHORT, answer=""), "answer", "简答题要填写参考答案，评分时对照"),
        (replace(CASE, case=""), "case", "案例题要有案例编号，其小题填相同的编号"),
        (replace(CASE, answer="A"), "answer", "案例题本身没有答案，请填在小题中"),
        (replace(SINGLE, difficulty="0"), "difficulty", "难度应为1至5的整数"),
        (replace(SINGLE, difficulty="很难"), "difficulty", "难度应填1至5，或易、较易、中、较难、难"),
        (replace(SINGLE, difficulty="2.5"), "difficulty", "难度应填1至5，或易、较易、中、较难、难"),
        (replace(SINGLE, order="随便"), "order", "应填固定或可打乱，或留空由系统判断"),
        (replace(SINGLE, code="题1"), "code", "只能用字母、数字、-和_，最多32个"),
        (replace(SINGLE, case="C" * 33), "case", "只能用字母、数字、-和_，最多32个"),
        (Question(2, problem="每道题应有且只有一对花括号"), "stem", "每道题应有且只有一对花括号"),
    ],
)
def test_each_mistake_is_listed_once_with_its_column(question: Question, field: str, reason: str) -> None:
    _, problems = read_question(question)
    assert [(problem.field, problem.reason) for problem in problems] == [(field, reason)]


def test_every_field_that_may_be_wrong_has_a_title() -> None:
    assert {"kind", "stem", "option_0", "option_7", "chapter", "difficulty", "basis", "explanation"} <= set(TITLES)
