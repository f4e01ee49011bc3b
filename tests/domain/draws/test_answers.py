"""A table of written answers and their permitted readings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.draws.answers import Doubt, No, Unsure, Yes, understand

YES = """
1|１|①|1。|1 |“1”|1、参加|1参加|参加1|回复1|我选1|参加|参 加|参加。|参加！|我参加|我要参加
通知收到，参加|我会参加|本人参加|好的参加
好的，参加|好的，我参加|可以|可以的|可以参加|可以！|能|能来|能到|能去|能参加|我能参加|能够参加|会去的|会准时到
准时参加|按时到场|一定到|一定参加|没问题|没有问题|没问题的|没啥问题|没什么问题|没问题，准时到|同意|同意参加|愿意
愿意参加|接受|确认|确认参加|确定参加|行|行的|行，我去|去|我去|我来|出席|必到|收到，参加|收到，没问题|嗯，可以
嗯嗯参加|您好，我参加|你好，可以参加，谢谢|老师您好，可以参加|谢谢邀请，我会参加|非常荣幸，参加|那就参加
当然可以|肯定去|YES|Yes|y|是的，参加|对，参加|好嘞，去|👌参加|[OK]参加|参加，参加|可以可以|准时到达
"""

NO = """
2|２|②|2。|2、不参加|回复2|我选2|2，在外地|不参加|不 参 加|不参加。|不参加了|我不参加|本人不参加|好的，不参加
不去|不去了|不来了|我不去了|去不了|来不了|到不了|我去不了|参加不了|赶不到|赶不上了|赶不回来|回不来|走不开
抽不开身|不能参加|我不能来|不能去|不可以|不行|不行啊|没空|没有空|没时间|没有时间|最近没时间|在外地|我在外地
人在外地|在国外|在外地出差|出差|出差了|出差中|正在出差，去不了|生病了|住院了|发烧了，来不了|有事|家里有事
单位有事，不能参加|有会，去不了|明天上午开会，去不了|时间冲突|行程冲突|与其他评标冲突|不方便|不方便参加|不便参加
无法参加|没法去|没办法参加|拒绝|谢绝|婉拒|放弃|不想去|不打算参加|不愿意|不同意|不接受|不|不了|不了，谢谢|否|NO
no|N|不好意思，去不了|抱歉，在外地|对不起，参加不了|谢谢，我不参加|不去不去|不行不行|不在本地|我不在家|请假
不好意思不能参加，谢谢|您好，我在外地，去不了|抱歉老师，没空|不考虑参加|不会来|不再参加
"""

QUESTION = """
参加吗|可以吗|可以么|能不能晚点|晚点到行吗|可不可以不去|可以不去吗|不去可以吗|能不去吗|是不是必须去|行不行
可否请假|能否改期|是否可以不参加|几点开始|在哪里|地点在哪|什么项目|啥项目|什么时候|多少钱|请问几点到|有没有车位
怎么去|需要带什么|1?|2？|参加？|不参加？|参加不参加|去不去|去不去呢|谁说我不去|难道我不去|怎么会不参加
能参加不？|咨询一下|可以视频参加吗|想问下要多久|不去会怎么样
"""

MIXED = """
不是不参加|我不是不去|不是不想去|不能不去|不会不来|不得不参加|不可不去|没说不去|没有说不参加|没有不方便
不参加不行|非去不可|不去才怪|拒绝不了|无法拒绝|没法不去|不会请假|没出差|没有出差|不在外地|没生病|没有冲突|没事
没有事，可以参加|在外地，可以赶回来参加|病好了|出差结束了|出差回来了|取消出差|1或2|1 2|1/2|1和2|选2不选1
参加，不参加|不参加，参加|本来不能去，现在可以参加|在外地，不过能来|很想参加，但在外地|可以参加，但是明天有事
我没有请假|不请假
"""

CONDITION = """
晚点到|晚一点到可以参加|可能晚到|会迟到一会|可能去不了|应该没问题|应该可以|应该去不了|尽量参加|争取到|看情况
看情况吧|到时候看情况|如果不下雨就去|要是改到下午就参加|不确定|不一定|不一定能去|说不定|不知道能去|再说|考虑一下
稍后回复|等会回复你|等一下|可以吧|参加吧|去吧|没空吧|算了吧|下午才能到|只能参加半天|远程可以|暂时去不了|先不参加
除非有车|估计来不了|恐怕不行|没问题的话就去|换人吧|改天|不去的话告诉你|差不多可以|能去就去|能来一定来|要是参加|原则上参加|基本可以
"""

ACKNOWLEDGED = "好|好的|好滴|收到|收到，谢谢|嗯|嗯嗯|知道了|明白|谢谢|您好|是的|OK|[OK]|👌|👍|老师好的，收到"

UNKNOWN = """
12|11|22|21|3|0|1.5|12号|1号可以|1点到|2点到|2号可以|2个人参加|1个人来|明天可以|下午可以|还行|都可以|也可以|去了
来了|参加了|可以了|天气真好|abc|hello|不是|%|1+1|一|二|王老师参加|2来|好的2|不2|能2|人在广州|在开车|正在忙|张三|京A12345|不缺席
不介意参加|13800138000|取消|帮助|[图片]|😂|http://example.com
"""


def table(text: str) -> list[str]:
    return [item for line in text.strip().splitlines() for item in line.split("|") if item.strip()]


@pytest.mark.parametrize("text", table(YES))
def test_a_clear_yes(text):
    assert understand(text) == Yes()


@pytest.mark.parametrize("text", table(NO))
def test_a_clear_no_with_or_without_its_reason(text):
    assert understand(text) == No()


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (text, doubt)
        for doubt, texts in [
            (Doubt.QUESTION, QUESTION),
            (Doubt.MIXED, MIXED),
            (Doubt.CONDITION, CONDITION),
            (Doubt.ACKNOWLEDGED, ACKNOWLEDGED),
            (Doubt.UNKNOWN, UNKNOWN),
        ]
        for text in table(texts)
    ],
)
def test_what_is_not_clear_is_asked_back_and_says_why(text, doubt):
    assert understand(text) == Unsure(doubt)


@pytest.mark.parametrize("text", ["", "  ", "\n\u3000"])
def test_nothing_is_no_answer(text):
    assert understand(text) == Unsure(Doubt.EMPTY)


def test_a_long_story_is_asked_back():
    assert understand("参加" * 61) == Unsure(Doubt.UNKNOWN)


@given(
    st.sampled_from(table(YES)),
    st.sampled_from(["吗", "？", "，如果不下雨", "，不参加", "，可能晚点到", "但要请假", "才怪", "，2"]),
)
def test_a_yes_with_anything_that_asks_hedges_or_refuses_is_no_yes(text, turn):
    assert understand(text + turn) != Yes()


@given(st.sampled_from(table(NO)), st.sampled_from(["吗", "？", "的话", "才怪", "，不过可以参加", "，1", "，可能"]))
def test_a_no_with_anything_that_asks_hedges_or_agrees_is_no_no(text, turn):
    assert isinstance(understand(text + turn), Unsure)


@given(st.text(alphabet="我不没是非能可以参加去来到了有事吗？，。1 2好的行", max_size=12))
def test_a_yes_never_holds_a_negation_or_a_question(text):
    assert understand(text) != Yes() or not set(re.sub("没(有|)问题", "", text)) & set("不没非吗？2事了")


def test_the_table_is_big():
    texts = [text for part in (YES, NO, QUESTION, MIXED, CONDITION, UNKNOWN) for text in table(part)]
    assert len(set(texts)) > 250
