"""The choice of specialties, as the three manuals put it."""

from __future__ import annotations

import pytest

from domain.catalogues import full_name
from domain.forms.checking import check_specialties
from tests.factories.forms import book_of, catalogue_of


def problems(pool: str, *chosen: str, complete: bool = True) -> list[str]:
    """Codes are 首选; those with a ? behind them 备选."""
    rows = [
        {"code": code.rstrip("?"), "choice": "alternative" if code.endswith("?") else "preferred"} for code in chosen
    ]
    faults = check_specialties(book_of(pool).form.specialties, rows, catalogue_of(pool), complete=complete)
    return [f"{problem.field}: {problem.message}" for problem in faults]


# Hunan: 评标专业最多可选择6个，最少需选择1个 (L166)

SEVEN = ("A080101", "A080102", "A080103", "B010101", "C010101", "A040101", "A050101")


def test_hunan_takes_one_to_six_of_any_class() -> None:
    assert problems("hunan", SEVEN[0]) == []
    assert problems("hunan", *SEVEN[:6]) == []
    assert problems("hunan") == ["specialties: 评标专业至少选择1个，请补充选择。"]
    assert problems("hunan", *SEVEN) == ["specialties: 评标专业最多选择6个，现有7个，请删去多余的。"]


def test_a_draft_may_still_grow_but_never_beyond_the_limit() -> None:
    assert problems("hunan", complete=False) == []
    assert problems("hunan", *SEVEN, complete=False) == ["specialties: 评标专业最多选择6个，现有7个，请删去多余的。"]


def test_hunan_knows_no_alternatives() -> None:
    assert problems("hunan", "A080101?") == ["specialties[0]: 本专家库不区分首选和备选专业，请重新选择。"]


# Xinjiang: 一级类别不得超过1项，二级类别不得超过2项，三级类别共不得超过4项 (L119)


def test_xinjiang_takes_four_below_two_of_one() -> None:
    assert problems("xinjiang", "A080101", "A080102", "A080201?", "A080202?") == []


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            ("A080101", "A080102", "A080103", "A080201", "A080202?"),
            "specialties: 评标专业最多选择4个，现有5个，请删去多余的。",
        ),
        (
            ("A080101", "A040101"),
            "specialties: 一级类别最多选择1个，现有2个（设计；工程施工），请只保留1个一级类别下的专业。",
        ),
        (
            ("A080101", "A080201", "A080301?"),
            (
                "specialties: 二级类别最多选择2个，现有3个（工程施工 › 建筑工程；工程施工 › 市政工程；"
                "工程施工 › 公路工程），请只保留2个二级类别下的专业。"
            ),
        ),
        (("B010101",), "specialties[0]: “{name}”不在可选大类（工程类）内，请重新选择。"),
        (("A080101", "A080101?"), "specialties[1]: “工程施工 › 建筑工程 › 土石方工程”重复选择，请删去一个。"),
        (("A0801",), "specialties[0]: “工程施工 › 建筑工程”下还有细分专业，请选到最末一级。"),
        (("A08",), "specialties[0]: “工程施工”下还有细分专业，请选到最末一级。"),
        (("A",), "specialties[0]: “工程类”下还有细分专业，请选到最末一级。"),
        (("A999999",), "specialties[0]: 没有这个评标专业，请从专业目录中重新选择。"),
        (("建筑",), "specialties[0]: 没有这个评标专业，请从专业目录中重新选择。"),
        (("A080101?",), "specialties: 请至少指定一个首选专业。"),
    ],
)
def test_xinjiang_says_what_is_wrong_with_a_choice(chosen: tuple[str, ...], sentence: str) -> None:
    name = full_name("specialty", "B010101", catalogue_of("xinjiang"))
    assert problems("xinjiang", *chosen) == [sentence.format(name=name)]


def test_a_second_level_that_has_none_below_counts_as_a_third() -> None:
    assert problems("xinjiang", "A0516", "A0520") == []
    assert problems("xinjiang", "A0516", "A0520", "A050101?") == [
        (
            "specialties: 二级类别最多选择2个，现有3个（监理 › 建筑工程；监理 › 电子工程；监理 › 机电安装工程），"
            "请只保留2个二级类别下的专业。"
        )
    ]


# Jilin: 最多可以选择3个三级评标专业 (L146)


def test_jilin_takes_three_of_the_third_level() -> None:
    assert problems("jilin", "A080101", "B010101", "C010101") == []
    assert problems("jilin", "A080101", "A080102", "A080103", "A080104") == [
        "specialties: 评标专业最多选择3个，现有4个，请删去多余的。"
    ]
    assert problems("jilin", "A0516") == ["specialties[0]: “监理 › 电子工程”不是三级专业，请选择三级专业。"]
