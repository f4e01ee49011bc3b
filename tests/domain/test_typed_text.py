"""Typed text is taken alike wherever it is typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.exams import gift, moodle_xml
from domain.exams.items import ItemKind
from domain.exams.questions import Question, read_question
from domain.parsing import bank_account, credit_code, email_address, fold, id_number, mobile_number
from domain.typed_text import half_width, name_illegal, tidy_text
from services.core.short_texts import check_text
from services.spreadsheets.cells import BadCell, limited_code, limited_text
from services.spreadsheets.formats import Column
from services.spreadsheets.parsing import read_lines

ROOT = Path(__file__).parents[2]
PRODUCT = (
    "bot",
    "config",
    "domain",
    "gateways",
    "handlers",
    "jobs",
    "miniapp_api",
    "models",
    "platform_api",
    "services",
    "web",
)
OWN_READING = re.compile(r"unicodedata\.|\.isprintable\(|\\u200b|\\u3000|\\xa0")
"""How a module would tidy or refuse characters by itself."""
OWN = {
    "domain/typed_text.py": "the function itself",
    "domain/person_names.py": "names, on top of it",
    "domain/exams/items.py": "whether anything but punctuation was typed",
    "domain/links_in_text.py": "what a phone reads as a link, in any text that is sent",
    "domain/understanding/intents.py": "sentences as the model was trained on them",
    "domain/understanding/scrubbing.py": "personal data in sentences, hidden between unseen characters",
    "domain/rulebook/people.py": "passwords, taken as sent",
    "miniapp_api/http/dispatch.py": "names of files in a header",
    "services/catalogue_codes.py": "which values may be codes; nothing is typed",
    "services/files/names.py": "names of files as other systems take them",
    "services/inspection/link_targets.py": "links in documents",
    "services/operations/invariants.py": "what PostgreSQL trims",
    "web/accounts/targets.py": "addresses",
}
"""Modules that look at characters by themselves, and why."""


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        (" 张三 ", "张三"),
        ("\u3000张三\u3000", "张三"),
        ("\xa0建筑\xa0工程\xa0", "建筑 工程"),
        ("建筑\u2003工程", "建筑 工程"),
        ("A\u202fB", "A B"),
        ("建筑\u2800工程", "建筑 工程"),
        ("建筑\t工程", "建筑 工程"),
        ("评标委员会由（\u3000\u3000）组成", "评标委员会由（\u3000\u3000）组成"),
        ("帮助\u200b", "帮助"),
        ("\ufeff帮助", "帮助"),
        ("帮\u200d助", "帮助"),
        ("帮\xad助", "帮助"),
        ("\u202e水厂\u202c扩建", "水厂扩建"),
        ("\u2067水厂\u2069", "水厂"),
        ("水厂\u200e（一期）\u200f", "水厂（一期）"),
        ("\u3164", ""),
        ("\u115f\u1160", ""),
        ("一\r\n二", "一 二"),
        ("一\x0b二", "一 二"),
        ("一\u2028二", "一 二"),
        ("Cafe\u0301", "Café"),
        ("\ue863先生", "䶮先生"),
        ("\ue81e", "龴"),
        ("𠮷野家", "𠮷野家"),
        ("\U00031350", "\U00031350"),
        ("①②③ ㎡ ％", "①②③ ㎡ ％"),
        ("通过✅", "通过✅"),
    ],
)
def test_what_nobody_sees_goes_and_the_rest_stays(typed: str, tidy: str) -> None:
    assert (tidy_text(typed), name_illegal(tidy_text(typed))) == (tidy, "")


def test_line_breaks_of_all_systems_are_one_where_lines_are_wanted() -> None:
    assert tidy_text(" 一\r\n二\r三\x0b四\u2028五\x85六\n", lines=True) == "一\n二\n三\n四\n五\n六"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("水厂\x07扩建", "“水厂”后面的U+0007"),
        ("\x00", "开头的U+0000"),
        ("一\ud800二", "“一”后面的U+D800"),
        ("一\ue000二", "“一”后面的U+E000"),
        ("一\ufffe", "“一”后面的U+FFFE"),
        ("一二三四五六\x1b", "“三四五六”后面的U+001B"),
        ("\x01\x02", "开头的U+0001、U+0002"),
        ("一\x01\x01\x01\x01", "“一”后面的U+0001、“一”后面的U+0001、“一”后面的U+0001等4处"),
        ("一\n二", "“一”后面的U+000A"),
    ],
)
def test_an_illegal_character_is_named_with_its_place(text: str, named: str) -> None:
    assert name_illegal(text) == named


@given(st.text(st.characters(), max_size=20), st.booleans())
def test_tidy_text_is_tidy(text: str, lines: bool) -> None:
    tidy = tidy_text(text, lines=lines)
    assert tidy_text(tidy, lines=lines) == tidy == tidy.strip()


@pytest.mark.parametrize(
    ("typed", "narrow"),
    [
        ("ＳＱ２０２６", "SQ2026"),
        ("１１０１０５—１９４９", "110105-1949"),
        ("（０９９１）", "(0991)"),
        ("\u200b８８", "88"),
    ],
)
def test_a_code_is_read_in_half_width(typed: str, narrow: str) -> None:
    assert half_width(typed) == narrow


def test_numbers_and_codes_are_understood_however_they_are_typed() -> None:
    assert mobile_number("\u202a+86\xa0138–0013–8000\u202c") == "13800138000"
    assert mobile_number("００８６１３８００１３８０００") == "13800138000"
    assert id_number("１１０１０５\u3000１９４９１２３１\u3000００２ｘ") == "11010519491231002X"
    assert credit_code("９１３１０１１００７６４０８１７６ｐ\u200b") == "91310110076408176P"
    assert bank_account("４３０１\u3000０２１０\xa00112-1234", "账号") == "4301021001121234"
    assert email_address("Su.Hang＠example.com\ufeff") == "Su.Hang@example.com"
    assert fold("\ufeff帮助\u200b\u3000。") == "帮助"


def test_a_sheet_s_cells_are_read_as_forms_are() -> None:
    columns = [Column("name", "姓名", True, "", "张三"), Column("code", "编号", False, "", "A1")]
    [line] = read_lines("姓名,编号\n\u3000张\u200b三\xa0,\ufeffＡ１\n".encode(), "csv", columns, 5)
    assert line.cells == ("张三", "Ａ１")
    assert (limited_code("Ａ１", 5), limited_text("一\n二", 5)) == ("A1", "一 二")
    with pytest.raises(BadCell, match="“张”后面的U\\+0007"):
        limited_text("张\x07", 5)


def test_a_form_s_text_is_refused_by_the_name_of_the_character() -> None:
    assert check_text("\u202e水厂\u200b", "name", "名称", 10) == "水厂"
    with pytest.raises(InvalidInput, match="名称中有无法识别的字符（“水厂”后面的U\\+0007）"):
        check_text("水厂\x07", "name", "名称", 10)


def _gift() -> Question:
    return next(gift.read("::T1:: 应为（\u3000\u3000）\u200b。{=甲\xa0方 ~乙方}", 5))


def _xml() -> Question:
    text = (
        "<quiz><question type='multichoice'><questiontext format='html'><text>&lt;p&gt;应为（\u3000\u3000）\u200b。"
        "&lt;/p&gt;</text></questiontext><answer fraction='100'><text>甲&amp;nbsp;方</text></answer>"
        "<answer fraction='0'><text>乙方</text></answer></question></quiz>"
    )
    return next(moodle_xml.read(text.encode(), 5))


def _row() -> Question:
    return Question(1, "单选\u3000", "应为（\u3000\u3000）\u200b。", ("甲\xa0方", "乙方"), "Ａ")


@pytest.mark.parametrize("read", [_gift, _xml, _row])
def test_an_item_keeps_its_gap_however_it_is_imported(read) -> None:
    data, problems = read_question(read())
    assert data is not None
    assert [problem.field for problem in problems] == ["chapter"]
    assert (data.kind, data.stem, data.options) == (ItemKind.SINGLE, "应为（\u3000\u3000）。", ("甲 方", "乙方"))


def _own_readers() -> Iterator[str]:
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            if OWN_READING.search(path.read_text()):
                yield str(path.relative_to(ROOT))


def test_no_other_module_decides_about_characters() -> None:
    assert sorted(set(_own_readers()) | {"domain/person_names.py"}) == sorted(OWN)
