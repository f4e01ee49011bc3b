"""Which spellings are the same unit, and which are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.draws.recusal_keys import normalise_unit_name, unit_keys

SAME = [
    ("广东建工集团有限公司", "广东建工（集团）有限公司"),
    ("广东建工集团有限公司", "广东建工(集团)有限责任公司"),
    ("广东建工集团有限公司", " 广东建工 集团\u3000有限公司。"),
    ("中国(广州)工程有限公司", "中国〔广州〕工程有限公司"),
    ("ABC设计股份有限公司", "ａｂｃ设计股份公司"),
    ("某某会计师事务所", "某某会计师事务所（特殊普通合伙）"),
    ("某某律师事务所", "某某律师事务所(普通合伙)"),
    ("广州市第一人民医院", "广州市第一人民医院 "),
    ("某某工程有限公司", "某某工程有限公司广州分公司"),
    ("某某工程有限公司深圳分公司", "某某工程有限责任公司（广州）第二分公司"),
    ("某某会计师事务所", "某某会计师事务所（特殊普通合伙）广东分所"),
    ("某市政设计研究院", "某市政设计研究院湛江分院"),
]
DIFFERENT = [
    ("某某工程有限公司", "某某工程股份有限公司"),
    ("某某工程有限公司", "某某工程集团有限公司"),
    ("某某工程有限公司", "广州某某工程有限公司"),
    ("中铁一局集团有限公司", "中铁二局集团有限公司"),
    ("广东省第一建筑公司", "广东省第二建筑公司"),
    ("中山大学", "中山大学附属第一医院"),
    ("无", "无"),
    ("自由职业", "自由职业"),
    ("", ""),
]


@pytest.mark.parametrize(("spelling", "other"), SAME)
def test_spellings_of_one_unit_share_a_key(spelling, other):
    assert set(unit_keys(spelling)) & set(unit_keys(other))


@pytest.mark.parametrize(("unit", "other"), DIFFERENT)
def test_different_units_and_no_unit_share_none(unit, other):
    assert not set(unit_keys(unit)) & set(unit_keys(other))


def test_the_credit_code_identifies_a_renamed_employer():
    before, after = (
        unit_keys(name, code) for name, code in (("甲公司", "91110000600037341L"), ("乙公司", "9111 0000 60003 7341l"))
    )
    assert set(before) & set(after) == {"code:91110000600037341L"}


def test_one_list_may_know_the_code_and_the_other_only_the_name():
    assert set(unit_keys("甲公司", "91110000600037341L")) & set(unit_keys("甲公司"))


def test_keys_come_sorted_and_without_repeats():
    assert unit_keys("甲乙公司广州分公司", "x1") == ("code:X1", "name:甲乙公司", "name:甲乙公司广州分公司")


@given(st.text(max_size=40))
def test_normalising_twice_is_normalising_once(name):
    once = normalise_unit_name(name)
    assert normalise_unit_name(once) == once
