"""Texts that a chat would turn into links are found in every spelling; street addresses are not."""

from __future__ import annotations

import re

import pytest

from domain.links_in_text import find_link, strip_links


@pytest.mark.parametrize(
    "text",
    [
        "请先填表 http://evil.example/a",
        "HTTPS://evil.example",
        "见www.evil.cn",
        "请看evil.com",
        "登记：evil.com.cn/x",
        "ｅｖｉｌ．ｃｏｍ",
        "evil。com",
        "ev\u200bil.com",
        "evil．com",
        "weixin://bizmsgmenu?msgmenucontent=参加&msgmenuid=1",
        '<a href="weixin://x">参加</a>',
        "＜a href=x＞",
        "#小程序://评标/AbC",
        "xn--fiq228c.xn--55qx5d",
        "评标通知.中国",
        "mailto:a@b.cn",
        "https：／／t.cn",
        "联系 zhao@163.com",
        "1.2.3.4:8080/x",
        "去 1.2.3.4",
        "t.cn/AbC",
        "javascript:alert(1)",
    ],
)
def test_a_link_is_found_and_made_harmless(text: str) -> None:
    assert find_link(text)
    shown = strip_links(text)
    assert not {"<", ">"} & set(shown)
    assert "://" not in shown
    assert not re.search(r"[a-z0-9]\.[a-z]", shown, re.IGNORECASE)


@pytest.mark.parametrize(
    "text",
    [
        "广州市天河区天润路333号",
        "A座3.5层B.2室",
        "No.3评标室",
        "3.5米限高，8:30前到达",
        "请带身份证。Wi-Fi见桌牌",
        "联系人：李四 020-12345678",
        "比例1/2",
        "集合时间：08:30",
        "第1.2.3条",
        "停车场B2。A口进",
        "C区（3-5层）",
        "",
    ],
)
def test_words_of_a_place_are_left_alone(text: str) -> None:
    assert find_link(text) == ""
    assert strip_links(text) == text
