"""Declarations of intents, and sentences that say the same."""

from __future__ import annotations

import tomllib

import pytest

from domain.understanding.intents import BadIntents, Intent, Speaker, plain, read_intents

LEAVE = Intent(
    "leave", "请假", frozenset({Speaker.EXPERT}), needs=(plain("请假"), plain("来不了")), excludes=(plain("取消"),)
)


def test_a_declaration_is_read() -> None:
    files = {
        "a.toml": tomllib.loads(
            '[photo]\ntitle = "照片要求"\nwho = ["applicant", "guest"]\nanswer = "看{hotline}"\n'
            'page = ["打开", "/h5/{pool}/apply"]\ntaps = ["进度"]'
        ),
        "b.toml": tomllib.loads(
            '[leave]\ntitle = "请假"\nlabels = ["去 请假"]\nwho = ["anyone"]\nneeds = ["请假！"]\nexcludes = ["Ａ"]'
        ),
    }
    intents = read_intents(files)
    assert intents["photo"] == Intent(
        "photo",
        "照片要求",
        frozenset({Speaker.APPLICANT, Speaker.GUEST}),
        answer="看{hotline}",
        page=("打开", "/h5/{pool}/apply"),
        taps=("进度",),
        labels=("照片要求",),
    )
    leave = intents["leave"]
    assert (leave.labels, leave.needs, leave.excludes) == (("请假", "去请假"), ("请假",), ("a",))


def test_an_intent_is_meant_by_its_speakers_only() -> None:
    assert LEAVE.may_be_of([Speaker.APPLICANT, Speaker.EXPERT])
    assert not LEAVE.may_be_of([Speaker.AGENCY, Speaker.GUEST])
    assert Intent("human", "人工", frozenset({Speaker.ANYONE})).may_be_of([])


@pytest.mark.parametrize(
    ("sentence", "names_it"),
    [("我要 请，假", True), ("那天来不了", True), ("那天有空", False), ("请假取消", False), ("", False)],
)
def test_an_act_is_named_by_its_own_words(sentence: str, *, names_it: bool) -> None:
    assert LEAVE.is_act
    assert LEAVE.names_its_act(sentence) is names_it


def test_what_is_no_act_needs_no_words() -> None:
    place = Intent("place", "地点", frozenset({Speaker.EXPERT}))
    assert not place.is_act
    assert place.names_its_act("随便")


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ('[a]\ntitle = "标题"\nwho = ["judge"]', "'judge' is not a valid Speaker"),
        ('[a]\nwho = ["expert"]', "some.toml: a: KeyError('title')"),
        ('[a]\ntitle = "标题"\nwho = ["expert"]\nleads = "b"', "leads in a"),
        ('[a]\ntitle = "标题"\nwho = ["expert"]\nword = "进度"\nanswer = "看"', "a has both a word and an answer"),
        ('[a]\ntitle = "标题"\nwho = ["expert"]\ntaps = ["进度"]', "a has page or taps without an answer"),
        ('[a]\ntitle = "标题"\nwho = ["expert"]\nexcludes = ["不"]', "a excludes words, but needs none"),
        ('[a]\ntitle = "标题"\nwho = ["expert"]\npage = ["看"]', "some.toml: a: ValueError"),
        (
            '[a]\ntitle = "标题"\nwho = ["expert"]\n[b]\ntitle = "看"\nlabels = ["标题"]\nwho = ["anyone"]',
            "some.toml: the label 标题 of b is one of a too",
        ),
    ],
)
def test_a_fault_is_named(table: str, fault: str) -> None:
    with pytest.raises(BadIntents) as caught:
        read_intents({"some.toml": tomllib.loads(table)})
    assert fault in str(caught.value)


def test_an_intent_stands_once() -> None:
    table = tomllib.loads('[a]\ntitle = "标题"\nwho = ["expert"]')
    with pytest.raises(BadIntents) as caught:
        read_intents({"a.toml": table, "b.toml": table})
    assert caught.value.faults == ["b.toml: the intent a stands twice"]


def test_sentences_that_differ_by_punctuation_width_or_case_are_one() -> None:
    assert plain(" ＡＢc，去不了！") == plain("abC去 不了。") == "abc去不了"
    assert plain("！！") != plain("。") != ""
