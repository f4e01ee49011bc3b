"""What is kept of a sentence that nobody understood: no number, no address, no id, no name, no password."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intent_files import SHIPPED_INTENTS
from domain.understanding.scrubbing import LONGEST, MASK, find_titled_name, is_clean, mask_personal, scrub

KEPT = [
    "明天下午两点我来不了",
    "我是专家怎么登录",
    "我是不是被抽中了",
    "我是高级工程师能报吗",
    "我是吉林市船营区的",
    "姓名写错了怎么改",
    "用户名是什么",
    "微信号怎么改",
    "身份证原件要带吗",
    "谢谢老师耐心解答",
    "十二月二十五日能请假吗",
    "要交350元吗",
]
"""Nothing in these is personal."""
SCRUBBED = [
    ("我的手机号１３８ ００１３-８０００换了", "我的手机号***换了"),
    ("电话一三八零零一三八零零零不用了", "电话***不用了"),
    ("打幺三八〇〇幺三八〇〇〇找我", "打***找我"),
    ("手机1️⃣3️⃣8️⃣0️⃣0️⃣停机了", "手机***停机了"),
    ("手机1\u200b3\u200b8\u200b0\u200b0停机了", "手机***停机了"),
    ("身份证43010219900101123X张三不能上传", "身份证******不能上传"),
    ("邮箱zhang.san@163.com收不到", "邮箱***收不到"),
    ("邮箱zhang＠163.com收不到", "邮箱***收不到"),
    ("网址https://example.com/a?b=1打不开", "网址***打不开"),
    ("网页www.example.com.cn打不开", "网页***打不开"),
    ("微信号是abc_def-9怎么绑定", "微信号是***怎么绑定"),
    ("加我VX:zhangsan怎么样", "加我VX:***怎么样"),
    ("湘A12345的车能停吗", "湘***的车能停吗"),
    ("订单91440101MA59ABCD0X查不到", "订单***查不到"),
    ("我叫张三怎么报名", "我叫***怎么报名"),
    ("我叫阿依古丽，怎么报名", "我叫***,怎么报名"),
    ("麦麦提·吾斯曼怎么报名", "***怎么报名"),
    ("我是李明，想请假", "我是***,想请假"),
    ("我是欧阳建国想请假", "我是***想请假"),
    ("我姓覃怎么打不出来", "我姓***怎么打不出来"),
    ("姓名：王小明 怎么查", "姓名:*** 怎么查"),
    ("姓名王小明怎么查", "姓名***怎么查"),
    ("户名是陈晓明怎么改", "户名是***怎么改"),
    ("本人张建国要请假", "本人***要请假"),
    ("身份证 李四 上传不了", "身份证 *** 上传不了"),
    ("王科长让我问一下", "***科长让我问一下"),
    ("请转告王小虎老师", "请转告***老师"),
    ("请问欧阳丽丽老师在吗", "请问***老师在吗"),
]
NEVER_KEPT = [
    *(
        "13800138000",
        "１３８００１３８０００",
        "430102 1990 0101 123X",
        "A1B2C3D4",
        "hunter2",
        "zhangsan",
        "",
        "😀😀",
        "？",
    ),
    *("密码忘了", "我的密码是abc", "新密码 是什么", "password是我生日", "验证码收不到", "登录口令是什么"),
    "嗯",
]
DIGITS = "0123456789０１２３４５６７８９〇零一二三四五六七八九十百千万两幺壹贰叁"
BETWEEN = ["", " ", "-", " - ", "\u3000", "\u200b", ".", "、"]
IN_A_ROW = re.compile(
    r"[\d〇零一二三四五六七八九十百千万两幺壹贰叁](?:[\s\-.、]*[\d〇零一二三四五六七八九十百千万两幺壹贰叁]){3}"
)
WORDS = st.sampled_from(
    ["怎么", "请问", "报名", "，", "我", " ", "抽取", "呢", "是", "A", "x", "@", ".", "姓名", "叫", "身份证"]
)
NUMBERS = st.lists(st.tuples(st.sampled_from(DIGITS), st.sampled_from(BETWEEN)), min_size=1, max_size=20).map(
    lambda parts: "".join(digit + between for digit, between in parts)
)
SURNAMES = st.sampled_from([*"王李张刘陈杨黄赵吴周徐孙朱胡郭何林罗郑梁宋唐许", "欧阳", "司马", "诸葛"])
GIVEN_NAMES = st.text("伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂建国志文晓红海波", min_size=1, max_size=2)


@pytest.mark.parametrize("sentence", KEPT)
def test_what_is_not_personal_stays(sentence: str) -> None:
    assert scrub(sentence) == sentence
    assert is_clean(sentence)


@pytest.mark.parametrize(("sentence", "scrubbed"), SCRUBBED)
def test_what_may_be_personal_is_removed(sentence: str, scrubbed: str) -> None:
    assert scrub(sentence) == scrubbed
    assert not is_clean(sentence)


@pytest.mark.parametrize("sentence", NEVER_KEPT)
def test_a_mere_code_and_a_password_are_never_kept(sentence: str) -> None:
    assert scrub(sentence) == ""


@given(st.lists(st.one_of(WORDS, NUMBERS), max_size=30).map("".join))
def test_no_four_digits_remain_however_they_are_written(sentence: str) -> None:
    assert not IN_A_ROW.search(scrub(sentence))


@given(st.text())
def test_whatever_is_sent_the_rest_is_short_and_clean(sentence: str) -> None:
    scrubbed = scrub(sentence)
    assert len(scrubbed) <= LONGEST
    assert not IN_A_ROW.search(scrubbed)
    assert not re.search(r"[A-Za-z0-9]@[A-Za-z0-9]", scrubbed)
    assert scrubbed.isprintable()


@given(
    st.sampled_from(
        [
            "我叫{}怎么报名",
            "我是{}，想请假",
            "姓名：{}",
            "姓名{}，能查吗",
            "本人{}要请假",
            "户名是{} 对吗",
            "请问{}老师在吗",
        ]
    ),
    SURNAMES,
    GIVEN_NAMES,
)
def test_no_name_remains_after_the_words_that_announce_one(frame: str, surname: str, given_name: str) -> None:
    scrubbed = scrub(frame.format(surname + given_name))
    assert surname + given_name not in scrubbed
    assert given_name not in scrubbed
    assert not scrubbed or MASK in scrubbed


def test_nearly_all_shipped_sentences_stay_as_they_are() -> None:
    """They hold no names of real persons: what is removed of them is removed for nothing."""
    sentences = [sentence for sentence, _ in SHIPPED_INTENTS.read_sentences().labelled() if len(sentence) <= LONGEST]
    numberless = [each for each in sentences if not re.search(r"\d[\s-]*\d[\s-]*\d[\s-]*\d", each) and "码" not in each]
    harmed = [sentence for sentence in numberless if MASK in scrub(sentence)]
    assert len(numberless) > 15_000
    assert len(harmed) < 60, harmed


def test_the_end_of_a_very_long_message_is_not_read() -> None:
    """So that no message takes long."""
    assert scrub(" " * 390 + "怎么报名") == "怎么报名"
    assert scrub(" " * 400 + "怎么报名") == ""


def test_a_sentence_is_cut_when_it_is_kept_and_not_when_it_is_compared() -> None:
    assert scrub("怎" * 80) == "怎" * LONGEST
    assert mask_personal("怎" * 80) == "怎" * 80


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("签到请找李主任", "李主任"),
        ("请联系张工", "张工"),
        ("由欧阳先生接待", "欧阳先生"),
        ("施工现场请戴安全帽", ""),
        ("请向现场工作人员出示证件", ""),
        ("任何人不得代签", ""),
        ("请携带身份证原件。", ""),
    ],
)
def test_a_name_with_its_title_is_found(text: str, named: str) -> None:
    assert find_titled_name(text) == named
