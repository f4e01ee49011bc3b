"""Items of the bank: what each kind is made of, which options keep their order, and which stems are the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.exams.items import (
    TRUE_FALSE,
    ItemData,
    ItemKind,
    find_problems,
    letters_of,
    mask_of,
    must_keep_order,
    question_key,
    stem_hash,
    tidy_item,
)

SINGLE = ItemData(
    ItemKind.SINGLE,
    "评标委员会成员人数应当为（ ）。",
    ("三人以上单数", "五人以上单数", "七人以上单数", "不限"),
    mask_of("B"),
    chapter="评标委员会",
    basis="《招标投标法》第三十七条",
)
MULTIPLE = replace(SINGLE, kind=ItemKind.MULTIPLE, options=("甲", "乙", "丙", "丁", "戊"), key=mask_of("ACE"))
JUDGED = replace(SINGLE, kind=ItemKind.TRUE_FALSE, options=(), key=1)
SHORT = replace(SINGLE, kind=ItemKind.SHORT, options=(), key=0, answer="五人以上单数。")
CASE = replace(SINGLE, kind=ItemKind.CASE, options=(), key=0, stem="某项目公开招标。")


def problems(data: ItemData) -> list[tuple[str, str]]:
    return [(problem.field, problem.reason) for problem in find_problems(tidy_item(data))]


@pytest.mark.parametrize("data", [SINGLE, MULTIPLE, JUDGED, SHORT, CASE], ids=lambda data: data.kind.value)
def test_an_item_of_each_kind_can_be_taken(data: ItemData) -> None:
    assert problems(data) == []


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        (replace(SINGLE, stem="  。 "), "stem", "不能为空"),
        (replace(SINGLE, stem="长" * 2001), "stem", "最多2000个字"),
        (replace(CASE, stem="长" * 5001), "stem", "最多5000个字"),
        (replace(SINGLE, stem="评标\x07委员会"), "stem", "含有无法识别的字符（“评标”后面的U+0007），请删除后重新填写"),
        (replace(SINGLE, chapter=" "), "chapter", "不能为空"),
        (replace(SINGLE, chapter="章" * 101), "chapter", "最多100个字"),
        (replace(SINGLE, basis="条" * 301), "basis", "最多300个字"),
        (replace(SINGLE, explanation="解" * 2001), "explanation", "最多2000个字"),
        (replace(SINGLE, difficulty=0), "difficulty", "难度应为1至5的整数"),
        (replace(SINGLE, difficulty=6), "difficulty", "难度应为1至5的整数"),
        (replace(SINGLE, options=("甲",), key=1), "options", "应有2至8个选项"),
        (replace(SINGLE, options=tuple("甲乙丙丁戊己庚辛壬"), key=1), "options", "应有2至8个选项"),
        (replace(SINGLE, options=("甲", " ", "丙")), "option_1", "不能为空"),
        (replace(SINGLE, options=("甲", "乙" * 301)), "option_1", "最多300个字"),
        (replace(SINGLE, options=("ＡＢ", "乙", "ab")), "option_2", "与选项A相同"),
        (replace(SINGLE, key=0), "key", "没有正确答案，请指定"),
        (replace(SINGLE, key=mask_of("AB")), "key", "单选题只能有一个正确答案"),
        (replace(SINGLE, key=mask_of("E")), "key", "答案超出了选项，最后一个选项是D"),
        (replace(MULTIPLE, key=0), "key", "没有正确答案，请指定"),
        (replace(JUDGED, key=3), "key", "判断题只能有一个正确答案"),
        (replace(JUDGED, key=4), "key", "答案超出了选项，最后一个选项是B"),
        (replace(SHORT, answer=""), "answer", "简答题要填写参考答案，评分时对照"),
    ],
)
def test_each_problem_of_an_item_names_its_field(data: ItemData, field: str, reason: str) -> None:
    assert (field, reason) in problems(data)


def test_options_may_differ_in_their_signs_only() -> None:
    assert problems(replace(SINGLE, options=("≥5", "≤5", "5%", "5"))) == []


def test_a_multiple_choice_may_have_one_right_option_or_all() -> None:
    assert problems(replace(MULTIPLE, key=mask_of("A"))) == []
    assert problems(replace(MULTIPLE, key=mask_of("ABCDE"))) == []


def test_tidying_takes_away_what_a_kind_does_not_have() -> None:
    judged = tidy_item(replace(JUDGED, options=("对", "错", "不知道"), answer="对"))
    assert (judged.options, judged.answer, judged.fixed_order) == (TRUE_FALSE, "", True)
    short = tidy_item(replace(SHORT, options=("甲", "乙"), key=3, fixed_order=True))
    assert (short.options, short.key, short.fixed_order) == ((), 0, False)
    assert tidy_item(replace(CASE, explanation="解析")).explanation == ""


@pytest.mark.parametrize(
    "options",
    [
        ("甲", "乙", "以上都对"),
        ("甲", "乙", "以上均不正确"),
        ("甲", "乙", "以上说法都不对"),
        ("甲", "乙", "丙", "上述情形均可"),
        ("甲", "乙", "前两项都是"),
        ("甲", "乙", "都不对"),
        ("甲", "乙", "A和B"),
        ("甲", "乙", "丙", "A、B、C都对"),
        ("甲", "乙", "AB"),
        ("3人", "5人", "7人"),
        ("三日", "五日", "十五日"),
        ("二分之一", "三分之一", "三分之二"),
        ("10%", "2%", "5‰"),
        ("3个工作日", "5个工作日", "20日"),
        ("5人以上单数", "7人以上单数"),
        ("不少于3人", "不少于5人"),
        ("0.5", "1.0", "1.5"),
    ],
)
def test_options_that_speak_of_others_or_count_keep_their_order(options: tuple[str, ...]) -> None:
    assert must_keep_order(options)
    assert tidy_item(replace(SINGLE, options=options, key=1)).fixed_order is True


@pytest.mark.parametrize(
    "options",
    [
        ("招标人代表", "技术专家", "经济专家"),
        ("以上级部门的批复为准", "以合同为准"),
        ("A级", "B级", "一级建造师"),
        ("三名以上具有相应专业职称的专家", "五人"),
        ("应当都写明", "可以不写明"),
        (),
    ],
)
def test_other_options_are_shuffled(options: tuple[str, ...]) -> None:
    assert not must_keep_order(options)


def test_who_writes_the_item_may_decide_the_order() -> None:
    assert tidy_item(replace(SINGLE, fixed_order=True)).fixed_order is True
    assert tidy_item(replace(SINGLE, options=("3", "5"), fixed_order=False)).fixed_order is False


def test_stems_that_differ_in_spaces_punctuation_and_width_are_the_same() -> None:
    assert stem_hash("评标委员会 成员为（  ）。") == stem_hash("评标委员会成员为( )")
    assert stem_hash("ＡＢＣ１２") == stem_hash("abc12")
    assert stem_hash("比例为5%") != stem_hash("比例为5‰")
    assert stem_hash("下列说法正确的是", "案例一") != stem_hash("下列说法正确的是", "案例二")


def test_the_same_question_has_the_same_options_in_any_order() -> None:
    other = replace(SINGLE, stem="评标委员会成员人数应当为", options=SINGLE.options[::-1], key=mask_of("C"))
    assert question_key(SINGLE) == question_key(other)
    assert question_key(SINGLE) != question_key(replace(SINGLE, options=("甲", "乙")))


def test_letters_and_masks_are_each_others_inverse() -> None:
    assert [letters_of(mask_of(text)) for text in ("A", "BD", "ACEH", "")] == ["A", "BD", "ACEH", ""]
    assert mask_of("CA") == 5
    with pytest.raises(ValueError, match="substring"):
        mask_of("AZ")
