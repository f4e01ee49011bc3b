"""Markup of questions keeps its meaning as plain text, or the question is refused; nothing is dropped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.exams.gift import read as read_gift
from domain.exams.gift import write as write_gift
from domain.exams.items import ItemKind
from domain.exams.markup import BadMarkup, TextForm, read_markup
from domain.exams.moodle_xml import read as read_moodle
from domain.exams.questions import Question


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("10<sup>6</sup>元", "10⁶元"),
        ("10<sup><span>-6</span></sup>", "10⁻⁶"),
        ("H<sub>2</sub>O", "H₂O"),
        ('m<span style="vertical-align: super;">2</span>', "m²"),
        ("<p>顺序：</p><ol><li>开标</li><li>评标</li></ol>", "顺序：\n1. 开标\n2. 评标"),
        ('<ol start="3"><li>甲<li>乙</ol>', "3. 甲\n4. 乙"),
        ('<ol type="A"><li>甲</li><li value="4">乙</li></ol>', "A. 甲\nD. 乙"),
        ('<ol type="i"><li>甲</li><li>乙</li></ol>', "i. 甲\nii. 乙"),
        ("<ul><li>甲</li><li>乙</li></ul>", "甲\n乙"),
        ("<ol><li>甲<ul><li>子</li></ul></li><li>乙</li></ol>", "1. 甲\n子\n2. 乙"),
        ("甲&lt;乙&nbsp;&amp;&#20013;&ge;3", "甲<乙 &中≥3"),
        ("<q>回避</q>", "“回避”"),
        ("<pre>甲\n乙</pre>", "甲\n乙"),
        ("<b>甲</b><i>乙</i><u>丙</u>", "甲乙丙"),
        ("由（　）组成", "由（　）组成"),
        ("1 < 2，3<4", "1 < 2，3<4"),
        ("价格为$100", "价格为$100"),
    ],
)
def test_html_becomes_text_of_the_same_meaning(html: str, text: str) -> None:
    assert read_markup(html, "html") == text


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("10<sup>注</sup>", "有上标“注”"),
        ("a<sub>标</sub>", "有下标“标”"),
        ("10<sup>6", "“<sup>”不成对"),
        ("<sup><span>6</sup></span>", "不成对"),
        ("若a<b且b>c", "不成对"),
        ("甲</b>乙", "不成对"),
        ("一<a 二", "没有结束"),
        ("一<!-- 二", "没有结束"),
        ("<table><tr><td>1</td></tr></table>", "表格"),
        ("<img src='a.png'>", "图片"),
        ("<video></video>", "音视频"),
        ("<s>五</s>三人", "删除线"),
        ("<span style='text-decoration: line-through'>五</span>", "删除线"),
        ("<p style='display:none'>答案</p>", "看不见"),
        ("<p style='vertical-align: super'>1</p>", "上标或下标"),
        ("<ruby>评<rt>ping</rt></ruby>", "注音"),
        ("<math><mi>x</mi></math>", "公式"),
        ("$$10^6$$", "公式"),
        ("\\(x^2\\)", "公式"),
        ("<input type=text>", "输入框"),
        ("<foo>甲</foo>", "无法识别的标记“<foo>”"),
        ("下列<u>应当</u>划线部分", "提到“划线”"),
        ("加粗的词<strong>应当</strong>", "提到“加粗”"),
        ("<ol reversed><li>甲</li></ol>", "倒着编号"),
        ('<ol type="i" start="30"><li>甲</li></ol>', "编号过大"),
    ],
)
def test_what_text_cannot_say_is_refused(html: str, reason: str) -> None:
    with pytest.raises(BadMarkup, match=reason):
        read_markup(html, "html")


@pytest.mark.parametrize(
    ("text", "form", "shown"),
    [
        ("<b>甲</b>&amp;", "plain", "<b>甲</b>&amp;"),
        ("甲<br>乙\n丙", "moodle", "甲\n乙\n丙"),
        ("甲\n乙", "moodle", "甲\n乙"),
        ("若a<3且b>2", "moodle", "若a<3且b>2"),
        ("m<sup>2</sup>", "moodle", "m²"),
        ("&ge;3", "moodle", "≥3"),
        ("甲乙", "markdown", "甲乙"),
    ],
)
def test_other_forms(text: str, form: TextForm, shown: str) -> None:
    assert read_markup(text, form) == shown


@pytest.mark.parametrize("text", ["**甲**", "10^6^", "| 甲 | 乙 |", "1. 甲\n2. 乙", "[甲](http://x)", "`x`", "&ge;"])
def test_markdown_with_marks_is_refused(text: str) -> None:
    with pytest.raises(BadMarkup, match="Markdown"):
        read_markup(text, "markdown")


@pytest.mark.parametrize(
    ("text", "stem", "options"),
    [
        ("[html]<p>10<sup>6</sup>元是{=一百万<sup>2</sup> ~一千万}</p>", "10⁶元是", ("一百万²", "一千万")),
        ("[html]由<b>{=招标人 ~投标人}</b>组建", "由（　）组建", ("招标人", "投标人")),
        ("::题::[plain]用<b>{=&lt; ~[html]&lt;}", "用<b>", ("&lt;", "<")),
        ('[html]<p style\\="color\\:red">甲\\\\乙</p>{=1 ~2}', "甲\\乙", ("1", "2")),
        ("m<sup>2</sup>{=1 ~2}", "m²", ("1", "2")),
        ("路径C\\D{=1 ~2}", "路径C\\D", ("1", "2")),
    ],
)
def test_gift_reads_the_marks_of_its_texts(text: str, stem: str, options: tuple[str, ...]) -> None:
    (question,) = read_gift(text, 1)
    assert (question.problem, question.stem, question.options) == ("", stem, options)


@pytest.mark.parametrize(
    "text", ["[html]<img src\\='a'>{=1 ~2}", "题{=10<sup>注</sup> ~2}", "[markdown]**甲**{T}", "题{T####\\(x\\)}"]
)
def test_gift_refuses_what_text_cannot_say(text: str) -> None:
    (question,) = read_gift(text, 1)
    assert question.problem


@pytest.mark.parametrize(
    ("form", "text", "stem"),
    [("markdown", "甲", "甲"), ("moodle_auto_format", "甲\n乙", "甲\n乙"), ("plain_text", "&lt;b>", "<b>")],
)
def test_moodle_names_the_form_of_a_text(form: str, text: str, stem: str) -> None:
    inside = f'<questiontext format="{form}"><text>{text}</text></questiontext>'
    (question,) = read_moodle(f'<quiz><question type="essay">{inside}</question></quiz>'.encode(), 1)
    assert (question.problem, question.stem) == ("", stem)


@given(st.text("a<b>/&lt;$[](html)plain\\%=~#{}:\n１。", min_size=1, max_size=30).map(str.strip).filter(bool))
def test_any_plain_text_comes_back_from_gift(stem: str) -> None:
    question = Question(1, ItemKind.SHORT.label, "\n".join(stem.split("\n")), answer="要点" + stem)
    (again,) = read_gift(write_gift([question]), 1)
    assert (again.problem, again.stem, again.answer) == ("", question.stem, question.answer)
