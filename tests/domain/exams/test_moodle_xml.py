"""Moodle XML: what is written is read back the same; broken or hostile files are refused with a reason."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from domain.exams.moodle_xml import read, write
from domain.exams.questions import Question, QuestionFileError
from tests.domain.exams.questions import printed

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def read_question(inside: str, type_: str = "multichoice") -> Question:
    (question,) = read(f'{HEAD}<quiz><question type="{type_}">{inside}</question></quiz>'.encode(), 10)
    return question


def answers(*fractions: str) -> str:
    return "".join(
        f'<answer fraction="{fraction}"><text>选{at}</text></answer>' for at, fraction in enumerate(fractions)
    )


def test_what_is_written_is_read_back_the_same() -> None:
    questions = printed()
    assert list(read(write(questions).encode(), len(questions))) == questions


def test_what_is_written_is_xml_that_others_can_read() -> None:
    root = ET.fromstring(write(printed()))  # noqa: S314  # our own
    types = [element.get("type") for element in root if element.get("type") != "category"]
    assert types[:4] == ["multichoice", "multichoice", "multichoice", "multichoice"]
    assert set(types[4:]) == {"multichoice", "truefalse", "essay", "description"}


def test_a_file_as_moodle_writes_it() -> None:
    text = f"""{HEAD}
<quiz>
<!-- question: 0  -->
  <question type="category"><category><text>$course$/top/评标/评标委员会</text></category></question>
<!-- question: 12  -->
  <question type="multichoice">
    <name><text>人数</text></name>
    <questiontext format="html">
      <text><![CDATA[<p dir="ltr">评标委员会成员&nbsp;人数为<br>（  ）。</p>]]></text></questiontext>
    <generalfeedback format="html"><text>&lt;p&gt;第三十七条&lt;/p&gt;</text></generalfeedback>
    <defaultgrade>1.0</defaultgrade><penalty>0.33</penalty><hidden>0</hidden>
    <idnumber>T9</idnumber>
    <single>true</single><shuffleanswers>false</shuffleanswers>
    <answer fraction="100" format="html"><text><![CDATA[<p>五人以上&lt;单数&gt;</p>]]></text></answer>
    <answer fraction="0" format="html"><text>三人</text><feedback><text>不对</text></feedback></answer>
    <tags><tag><text>难度:2</text></tag><tag><text>别的</text></tag></tags>
  </question>
</quiz>"""
    (question,) = read(text.encode(), 10)
    assert question == Question(
        1,
        "单选题",
        "评标委员会成员 人数为\n（ ）。",
        ("五人以上<单数>", "三人"),
        "A",
        "评标委员会",
        "2",
        explanation="第三十七条",
        code="T9",
        order="固定",
    )


@pytest.mark.parametrize(
    ("inside", "type_", "kind", "answer"),
    [
        (f"<single>false</single>{answers('50', '-100', '50')}", "multichoice", "多选题", "AC"),
        (f"<single>false</single>{answers('100', '-50')}", "multichoice", "多选题", "A"),
        (f"<single>1</single>{answers('0', '100')}", "multichoice", "单选题", "B"),
        (answers("0", "100"), "multichoice", "单选题", "B"),
        (
            '<answer fraction="0"><text>true</text></answer><answer fraction="100"><text>false</text></answer>',
            "truefalse",
            "判断题",
            "错误",
        ),
        (answers("100", "100", "0"), "shortanswer", "简答题", "选0\n选1"),
        ("<graderinfo><text>要点</text></graderinfo>", "essay", "简答题", "要点"),
        ("", "description", "案例题", ""),
    ],
)
def test_kinds_follow_from_type_and_fractions(inside: str, type_: str, kind: str, answer: str) -> None:
    question = read_question(f"<questiontext><text>题</text></questiontext>{inside}", type_)
    assert (question.kind, question.answer, question.stem, question.problem) == (kind, answer, "题", "")


@pytest.mark.parametrize(
    ("inside", "type_", "problem"),
    [
        ("", "numerical", "不支持数值题"),
        ("", "matching", "不支持匹配题"),
        ("", "cloze", "不支持填空题"),
        ("", "unknown", "不支持这种题型"),
        ('<questiontext><text>a</text><file name="a.png">iVBO</file></questiontext>', "essay", "图片"),
        ("<questiontext><text>&lt;img src='@@PLUGINFILE@@/a.png'&gt;</text></questiontext>", "essay", "图片"),
        ("<questiontext><text>&lt;table&gt;&lt;/table&gt;</text></questiontext>", "essay", "表格"),
        (answers("much"), "multichoice", "不是数字"),
        (answers("1000"), "multichoice", "-100至100"),
        (answers("nan"), "multichoice", "-100至100"),
        (answers("50", "100"), "multichoice", "只能是100分或0分"),
        (answers(*["0"] * 8, "100"), "multichoice", "最多8个选项"),
        (answers("100", "0"), "truefalse", "判断题要有一个正确答案"),
        ("", "truefalse", "判断题要有一个正确答案"),
        (f"<questiontext><text>{'长' * 200_001}</text></questiontext>", "essay", "文字过长"),
    ],
)
def test_a_question_that_cannot_be_taken_says_why(inside: str, type_: str, problem: str) -> None:
    assert problem in read_question(inside, type_).problem


LAUGHS = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "不是有效的Moodle XML"),
        (b"not xml", "不是有效的Moodle XML"),
        (b"PK\x03\x04 a sheet", "不是有效的Moodle XML"),
        (b"<quiz><question>", "不是有效的Moodle XML"),
        (b"<quiz></quiz><quiz></quiz>", "不是有效的Moodle XML"),
        (b"<quiz>&nbsp;</quiz>", "不是有效的Moodle XML"),
        (b"<quiz>\x00</quiz>", "不是有效的Moodle XML"),
        (b'<?xml version="1.0" encoding="no-such"?><quiz/>', "不是有效的Moodle XML"),
        (b"<html></html>", "不是有效的Moodle XML"),
        (b"<quiz></quiz>", "没有题目"),
        (b'<quiz><question type="category"/></quiz>', "没有题目"),
        (b"<!DOCTYPE quiz><quiz/>", "文档类型"),
        (f'<!DOCTYPE quiz [<!ENTITY l0 "ha">{LAUGHS}]><quiz>&l9;</quiz>'.encode(), "文档类型"),
        (b'<!DOCTYPE quiz [<!ENTITY a SYSTEM "file:///etc/passwd">]><quiz>&a;</quiz>', "文档类型"),
        (b'<!DOCTYPE quiz SYSTEM "http://example.org/a.dtd"><quiz/>', "文档类型"),
        (b'<!DOCTYPE quiz [<!ENTITY % p SYSTEM "http://example.org/a">%p;]><quiz/>', "文档类型"),
        (b"<quiz>" + b"<a>" * 30 + b"</a>" * 30 + b"</quiz>", "过于复杂"),
        (b"<quiz>" + b"<a/>" * 5000 + b"</quiz>", "过于复杂"),
        (b"<quiz>" + b'<question type="essay"/>' * 11 + b"</quiz>", "最多导入10题"),
        ("<quiz>题</quiz>".encode("gb18030"), "不是有效的Moodle XML"),
    ],
)
def test_a_broken_or_hostile_file_is_refused_whole(content: bytes, message: str) -> None:
    with pytest.raises(QuestionFileError, match=message):
        list(read(content, 10))


def test_an_entity_bomb_is_refused_before_it_unfolds() -> None:
    bomb = f'<!DOCTYPE quiz [<!ENTITY l0 "{"ha" * 1000}">{LAUGHS}]><quiz>&l9;</quiz>'.encode()
    with pytest.raises(QuestionFileError, match="文档类型"):
        list(read(bomb, 10))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>一</p><p>二</p>", "一\n二"),
        ("甲&lt;乙 &amp; <b>丙</b>&nbsp;丁", "甲<乙 & 丙 丁"),
        ("<a title=\"a>b\" href='x>y'>链接</a>", "链接"),
        ("<p title=it's>一</p>", "一"),
        ("一<!-- 注 > 释 -->二", "一二"),
        ("<script>if (a<b) {'</p>'}</script>一<STYLE>p{}</style >二", "一二"),
        ("1 < 2，3<4", "1 < 2，3<4"),
        ("一<br/>二<BR>三", "一\n二\n三"),
    ],
)
def test_of_html_the_visible_text_is_taken(html: str, text: str) -> None:
    question = read_question(f"<questiontext><text><![CDATA[{html}]]></text></questiontext>", "essay")
    assert (question.stem, question.problem) == (text, "")


@pytest.mark.parametrize(
    ("attack", "problem"),
    [
        ("<a ", "没有结束"),
        ("</a ", "没有结束"),
        ("<!-", "没有结束"),
        ('<a "', "没有结束"),
        ("<a b='", "没有结束"),
        ("<b> </b>", ""),
        ("&#", ""),
        ("<script></scrip", ""),
        ("<?", "没有结束"),
        ("<sup>1</sup>", ""),
        ("<ol><li>", ""),
    ],
)
def test_html_that_never_ends_is_read_once(attack: str, problem: str) -> None:
    """Read anew at each tag, this would take longer than any test may."""
    html = attack * (190_000 // len(attack))
    answer = f'<answer fraction="100"><text><![CDATA[{html}]]></text></answer>'
    refusal = read_question(answer * 20, "shortanswer").problem
    assert problem in refusal if problem else not refusal
