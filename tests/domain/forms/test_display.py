"""Values of a form in words: codes with their names, rows as a table."""

from __future__ import annotations

import pytest

from domain.forms.display import columns_of, show_rows, show_value
from tests.factories.forms import EMPLOYER, book_of, catalogue_of


def displayed(pool: str, code: str, value: object) -> str:
    return show_value(book_of(pool).form.fields[code], value, catalogue_of(pool), choices=pool == "xinjiang")


@pytest.mark.parametrize(
    ("pool", "code", "value", "text"),
    [
        ("hunan", "region", "430104", "长沙市岳麓区"),
        ("xinjiang", "region", "650200", "克拉玛依市"),
        ("xinjiang", "region", "659001", "石河子市"),
        ("hunan", "region", "430000", "湖南省"),
        ("hunan", "region", "999999", "999999"),
        ("hunan", "title_level", "2001", "高级工程师"),
        ("hunan", "employer", EMPLOYER, "湖南省建筑设计院集团股份有限公司"),
        ("hunan", "specialties", [{"code": "A080101", "choice": "preferred"}], "工程施工 › 建筑工程 › 土石方工程"),
        (
            "xinjiang",
            "specialties",
            [{"code": "A0516", "choice": "preferred"}, {"code": "A080101", "choice": "alternative"}],
            "监理 › 电子工程（首选）\n工程施工 › 建筑工程 › 土石方工程（备选）",
        ),
        (
            "demo",
            "work_history",
            [
                {"unit": "甲设计院", "position": "工程师", "since": "2003-07", "until": "2008-06"},
                {"unit": "乙设计院", "since": "2008-07"},
            ],
            "甲设计院，工程师，2003-07 至 2008-06\n乙设计院，2008-07 至今",
        ),
        ("xinjiang", "remote_evaluation", False, "否"),
        ("xinjiang", "remote_evaluation", True, "是"),
        ("xinjiang", "years_in_field", 0, "0"),
        ("xinjiang", "email", None, ""),
        (
            "xinjiang",
            "recusal_units",
            [{"name": "甲公司", "code": "", "note": "配偶任职"}],
            "甲公司，配偶任职",
        ),
    ],
)
def test_a_value_in_words(pool: str, code: str, value: object, text: str) -> None:
    assert displayed(pool, code, value) == text


def test_records_are_a_table_without_the_files() -> None:
    field = book_of("xinjiang").form.fields["qualifications"]
    assert [part.label for part in columns_of(field).values()] == ["证书名称", "注册号"]
    rows = show_rows(field, [{"code": "Q0301", "number": "S1"}, {"code": "Q0302"}], catalogue_of("xinjiang"))
    assert rows == [["一级注册结构工程师", "S1"], ["二级注册结构工程师", ""]]
