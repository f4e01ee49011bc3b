from __future__ import annotations

import pytest

from domain.errors import Rejected
from gateways.wechat.template_fields import fit


def value(name: str, text: str) -> str:
    return fit({name: text})[name]["value"]


def test_free_text_is_cut_to_twenty_characters() -> None:
    assert value("thing1", "评" * 20) == "评" * 20
    assert value("thing1", "评" * 21) == "评" * 19 + "…"
    assert value("place", "评" * 21) == "评" * 19 + "…"


def test_line_breaks_become_spaces() -> None:
    assert value("thing1", " 第一行\r\n第二行 ") == "第一行 第二行"


def test_phrases_and_names_are_cut_without_a_mark() -> None:
    assert value("phrase1", "已经通过审核") == "已经通过审"
    assert value("name1", "阿卜杜热西提·买买提依明江") == "阿卜杜热西提·买买提"
    assert value("name1", "A" * 25) == "A" * 20


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("time1", "2026年11月21日 09:30"),
        ("time2", "09:30"),
        ("date3", "2026-11-21"),
        ("time4", "2026年11月21日 09:30~2026年11月21日 11:30"),
        ("number5", "12.5"),
        ("character_string6", "CQSQ202611210001"),
        ("amount7", "¥300.00元"),
        ("phone_number8", "020-12345678"),
        ("car_number9", "粤A12345"),
    ],
)
def test_values_of_a_shape_pass_as_they_are(name: str, text: str) -> None:
    assert value(name, text) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("time1", "明天上午"),
        ("number2", "十二"),
        ("number3", "1" * 33),
        ("character_string4", "编号一"),
        ("character_string5", "x" * 33),
        ("phone_number6", "1" * 18),
        ("thing7", "  "),
    ],
)
def test_values_that_a_cut_would_falsify_are_refused_without_being_named(name: str, text: str) -> None:
    with pytest.raises(Rejected) as caught:
        fit({name: text})
    assert caught.value.vendor_code == "47003"
    assert name in caught.value.reason
    assert not text.strip() or text not in caught.value.reason


def test_a_message_without_fields_is_refused() -> None:
    with pytest.raises(Rejected):
        fit({})
