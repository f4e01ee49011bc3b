"""GIFT: exports are read back unchanged, Moodle's files are understood, broken files are reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.exams.gift import QUESTION_MAX, read, write
from domain.exams.questions import Question, QuestionFileError
from tests.domain.exams.questions import printed


def read_question(text: str) -> Question:
    (question,) = read(text, 10)
    return question


def test_what_is_written_is_read_back_the_same() -> None:
    questions = printed()
    assert list(read(write(questions), len(questions))) == questions


def test_a_file_as_moodle_writes_it() -> None:
    text = """\ufeff
// question: 0  name: Switch category to $course$/top/评标/评标委员会
$CATEGORY: $course$/top/评标/评标委员会

// question: 12  name: 人数 [id:T9] [tag:难度:4] [tag:其他]
::人数::[html]评标委员会成员人数为\\: {
\t=五人以上单数#对，见第三十七条
\t~三人以上单数#不对
\t####解析在此
}

::多选::下列应当回避的有{~%50%近亲属#对 ~%50%有利害关系~%-100%同乡}

::判断::可以少于五人{F#不可以#对}
::同一段
"""
    first, second, third = list(read(text.lstrip("\ufeff").replace("::同一段\n", ""), 10))
    assert first == Question(
        1,
        "单选题",
        "评标委员会成员人数为:",
        ("五人以上单数", "三人以上单数"),
        "A",
        "评标委员会",
        "4",
        explanation="解析在此",
        code="T9",
    )
    assert (second.kind, second.options, second.answer) == ("多选题", ("近亲属", "有利害关系", "同乡"), "AB")
    assert (third.kind, third.answer, third.chapter) == ("判断题", "错误", "评标委员会")


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("题 {T}", "判断题", "正确"),
        ("题 {true}", "判断题", "正确"),
        ("题 { FALSE }", "判断题", "错误"),
        ("题 {}", "简答题", ""),
        ("题 {=五人 =5人}", "简答题", "五人\n5人"),
        ("题 {~%100%甲~%-50%乙}", "多选题", "A"),
        ("题 {~甲=乙~丙}", "单选题", "B"),
        ("题 {~%0%甲=%100%乙}", "单选题", "B"),
        ("只有文字", "案例题", ""),
    ],
)
def test_kinds_follow_from_the_form_of_the_answers(text: str, kind: str, answer: str) -> None:
    question = read_question(text)
    assert (question.kind, question.answer, question.problem) == (kind, answer, "")


def test_a_gap_within_the_text_becomes_brackets() -> None:
    assert read_question("由{=招标人~投标人}依法组建。").stem == "由（　）依法组建。"


def test_windows_lines_and_no_empty_line_after_a_category() -> None:
    first, second = read("$CATEGORY: 甲\r\n一{T}\r\n\r\n$CATEGORY: 乙\r\n\r\n二{F}", 10)
    assert (first.chapter, second.chapter) == ("甲", "乙")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("题 {=甲 ~乙", "一对花括号"),
        ("题 =甲 ~乙}", "一对花括号"),
        ("题 }甲{", "一对花括号"),
        ("题 {=甲 {乙} ~丙}", "一对花括号"),
        ("题 {=甲}{=乙}", "一对花括号"),
        ("一 {=甲 ~乙}\n二 {=丙 ~丁}", "一对花括号"),
        ("::标题 题 {T}", "标题的::不成对"),
        ("题 {甲 乙}", "应以=（正确）或~（错误）开头"),
        ("题 {甲 =乙}", "应以=（正确）或~（错误）开头"),
        ("题 {#5:1}", "不支持数值题"),
        ("题 {=甲 -> 乙 =丙 -> 丁}", "不支持匹配题"),
        ("题 {~甲 ~乙}", "没有正确选项"),
        ("题 {~%-50%甲 ~%-50%乙}", "没有正确选项"),
        ("题 {=甲 =乙 ~丙}", "只能有一个="),
        ("题 {=甲 ~%50%乙 ~丙}", "只能有一个="),
        ("题 {=1" + "".join(f"~{at}" for at in range(8)) + "}", "最多8个选项"),
        ("题" * QUESTION_MAX + "{T}", "最多20000个字符"),
        ("题 \\{T}", "一对花括号"),
        ("题 {T\\}", "一对花括号"),
        ("题 {TRUE FALSE}", "应以=（正确）或~（错误）开头"),
    ],
)
def test_a_broken_question_says_why_and_the_next_is_read(text: str, problem: str) -> None:
    bad, good = read(f"{text}\n\n好题 {{T}}", 10)
    assert problem in bad.problem
    assert good == replace(read_question("好题 {T}"), number=2)


@pytest.mark.parametrize("text", ["", "\n \n", "// 只有注释", "$CATEGORY: 只有章节"])
def test_a_file_without_questions_is_refused(text: str) -> None:
    with pytest.raises(QuestionFileError, match="没有题目"):
        list(read(text, 10))


def test_a_file_of_too_many_questions_is_refused() -> None:
    with pytest.raises(QuestionFileError, match="最多导入2题"):
        list(read("一{T}\n\n二{T}\n\n三{T}", 2))


@pytest.mark.parametrize("attack", ["[tag:", "[tag:\\]", "[id:a", "[tag:a\\"])
def test_many_tags_without_an_end_are_read_once(attack: str) -> None:
    """Read anew at each tag, this would take longer than any test may."""
    question = read_question(f"// [id:T1] {attack * 400_000}\n题 {{T}}")
    assert (question.code, question.stem) == ("T1", "题")


def test_a_tag_may_hold_a_bracket_and_an_escaped_end() -> None:
    assert read_question("// [tag:依据:第[3\\]条] [id:T1]\n题 {T}").basis == "第[3]条"
