"""The visible part of personal data before the result is unsealed."""

import pytest

from domain.masking import mask_id_number, mask_mobile, mask_name


@pytest.mark.parametrize(
    ("name", "masked"),
    [("测试员", "测**"), ("李四", "李*"), ("王", "王*"), ("买买提·艾力", "买*****"), (" 测试员 ", "测**"), ("", "")],
)
def test_a_name_keeps_its_first_character(name, masked):
    assert mask_name(name) == masked


def test_an_id_number_keeps_region_and_last_four():
    assert mask_id_number("411303199001016933") == "4113***6933"
    assert mask_id_number("130503670401001") == "1305***1001"


def test_a_mobile_keeps_three_and_four():
    assert mask_mobile("18912341990") == "189****1990"


@pytest.mark.parametrize("short", ["1", "12345678", "41130319900101"])
def test_what_is_too_short_to_mask_is_hidden_whole(short):
    assert set(mask_id_number(short)) == {"*"}
    assert set(mask_mobile(short)) == {"*"}


def test_masking_an_empty_value_returns_an_empty_string():
    assert (mask_id_number(""), mask_mobile("")) == ("", "")
