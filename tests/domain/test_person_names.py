"""Names of persons: one spelling, one key, and nothing that compares them otherwise."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.draws.recusal_keys import unit_keys
from domain.errors import InvalidInput
from domain.parsing import person_search
from domain.person_names import is_same_name, name_key, person_name, spell_name

ROOT = Path(__file__).parents[2]
UYGHUR, WOMAN = "阿卜杜热合曼·买买提艾力", "古丽巴哈尔·吐尔逊"
SPELLINGS = [
    (UYGHUR, UYGHUR),
    ("阿卜杜热合曼•买买提艾力", UYGHUR),
    ("阿卜杜热合曼‧买买提艾力", UYGHUR),
    ("阿卜杜热合曼∙买买提艾力", UYGHUR),
    ("阿卜杜热合曼⋅买买提艾力", UYGHUR),
    ("阿卜杜热合曼・买买提艾力", UYGHUR),
    ("阿卜杜热合曼･买买提艾力", UYGHUR),
    ("阿卜杜热合曼ㆍ买买提艾力", UYGHUR),
    ("阿卜杜热合曼˙买买提艾力", UYGHUR),
    ("阿卜杜热合曼●买买提艾力", UYGHUR),
    ("阿卜杜热合曼．买买提艾力", UYGHUR),
    ("阿卜杜热合曼.买买提艾力", UYGHUR),
    ("阿卜杜热合曼。买买提艾力", UYGHUR),
    ("阿卜杜热合曼-买买提艾力", UYGHUR),
    ("阿卜杜热合曼—买买提艾力", UYGHUR),
    ("阿卜杜热合曼－买买提艾力", UYGHUR),
    ("阿卜杜热合曼 · 买买提艾力", UYGHUR),
    ("阿卜杜热合曼\u3000·\u3000买买提艾力", UYGHUR),
    ("阿卜杜热合曼··买买提艾力", UYGHUR),
    ("阿卜杜热合曼·\u200b买买提艾力\ufeff", UYGHUR),
    ("\u202a阿卜杜热合曼·买买提艾力\u202c", UYGHUR),
    ("阿 卜 杜 热 合 曼 · 买 买 提 艾 力", UYGHUR),
    ("古丽巴哈尔•吐尔逊。", WOMAN),
    ("古丽巴哈尔\n·吐尔逊", WOMAN),
    ("阿依努尔·阿不力克木·买买提", "阿依努尔·阿不力克木·买买提"),
    ("A·买买提", "A·买买提"),
    ("Ａ．买买提", "A·买买提"),
    ("叶尔肯别克·巴合提别克", "叶尔肯别克·巴合提别克"),
    ("巴特尔", "巴特尔"),
    ("孛儿只斤·铁木真", "孛儿只斤·铁木真"),
    ("扎西·次仁", "扎西·次仁"),
    ("བཀྲ་ཤིས་", "བཀྲ་ཤིས་"),
    ("ᠪᠠᠶᠠᠷ", "ᠪᠠᠶᠠᠷ"),
    ("ئابدۇراخمان", "ئابدۇراخمان"),
    ("张三", "张三"),
    (" 张\u3000三 ", "张三"),
    ("张\xa0三", "张三"),
    ("张三。", "张三"),
    ("张三，", "张三"),
    ("欧阳　锋", "欧阳锋"),
    ("王\u3164明", "王明"),
    ("𠮷田", "𠮷田"),
    ("李𬱖", "李𬱖"),
    ("李\U00031350", "李\U00031350"),
    ("㛃䶮", "㛃䶮"),
    ("\ue863云", "䶮云"),
    ("王\ue81e", "王龴"),
    ("葛\U000e0100城", "葛城"),
    ("〇〇", "〇〇"),
    ("佐々木", "佐々木"),
    ("한지민", "한지민"),
    ("Anna  Li", "Anna Li"),
    ("Ａｎｎａ　Ｌｉ", "Anna Li"),
    ("O’Neill", "O'Neill"),
    ("JEAN–PIERRE", "JEAN-PIERRE"),
    ("J. R. Smith Jr.", "J. R. Smith Jr."),
    ("SMITH，JOHN", "SMITH, JOHN"),
    ("José", "José"),
    ("Jose\u0301 Ángel", "José Ángel"),
    ("Nguyễn Văn A", "Nguyễn Văn A"),
    ("Þór", "Þór"),
    ("买" * 25 + "·" + "力" * 24, "买" * 25 + "·" + "力" * 24),
]
REFUSED = [
    ("", "请填写联系人，应为与身份证一致的真实姓名"),
    ("王", "真实姓名"),
    ("·", "真实姓名"),
    ("\u3164\u200b", "真实姓名"),
    ("·王明", "不能有“·”"),
    ("王1", "不能有“1”"),
    ("王①", "不能有“1”"),
    ("王小明!", "不能有“!”"),
    ("张三（财务）", "不能有“\\(”"),
    ("张三、李四", "不能有“、”"),
    ("<b>王</b>", "不能有“<”"),
    ("王😀", "不能有“😀”"),
    ("王\x07明", "“王”后面的U.0007"),
    ("王\ue000明", "“王”后面的U.E000"),
    ("王\ud800", "“王”后面的U.D800"),
    ("O''Neill", "不能有“'”"),
    ("--", "不能有“-”"),
    ("13800138000", "不能有“1”"),
    ("王" * 51, "最多50个字"),
    ("王" * 100_000, "最多50个字"),
]
COMPARED = re.compile(r"(^|_)(name|holder|contact)$")
"""What a name of a person may be called in code."""
FILTERED = re.compile(r"(real_name|operator_name|name|holder|contact)(__\w+)?")
IN_SQL = re.compile(r"\b(real_name|operator_name|holder|contact|name)\b\s*(=|<>|IN|I?LIKE)\s*(?=[$\w.{(?])")
OTHER_NAMES = {
    "bot/dialogue.py": "of a conversation",
    "bot/talk.py": "in an example",
    "domain/exams/markup.py": "of a tag",
    "domain/understanding/sentences.py": "of a file",
    "handlers/answers/agencies.py": "of a role",
    "services/accounts/form_drafts.py": "of a form",
    "services/accounts/wrong_tries.py": "of a caller",
    "services/applications/applicants.py": "of an employer",
    "services/applications/documents.py": "of a type of file",
    "services/catalogues.py": "of an entry",
    "services/certificates/queries.py": "beginning of a holder's name in its one spelling, as certificates show it",
    "services/spreadsheets/xml_parts.py": "of an element",
    "services/core/streams.py": "of a party of a stream",
    "services/corrections/fields.py": "of an employer, of a field",
    "services/corrections/identities.py": "one spelling may be corrected into another",
    "services/corrections/merges.py": "of an employer that was asked for",
    "services/draws/attendance/declared_recusals.py": "both are keys already",
    "services/draws/lot_histories.py": "of a project",
    "services/draws/projects/projects.py": "of a lot",
    "services/draws/queries.py": "of a draw or project",
    "services/draws/recall_record.py": "of an act",
    "services/draws/results/public_record.py": "of an act",
    "services/draws/setup/copying.py": "of a unit",
    "services/draws/verification_queries.py": "of a project, draw or organisation",
    "services/expert_file_views/fields.py": "of a field",
    "services/office/expert_list.py": "of a specialty",
    "services/office_sheets/expert_rows.py": "of a column",
    "services/office_texts/venues.py": "of a venue",
    "services/organisations/employer_import.py": "of an employer",
    "services/organisations/employer_queries.py": "of an employer",
    "services/organisations/employers.py": "of an employer",
    "services/organisations/legal_entities.py": "whether the spelling is stored already",
    "services/remuneration/totals.py": "of an organisation",
    "services/reviews/task_filters.py": "of a filter",
    "web/core/form_values.py": "of a field",
}
"""Modules that compare names without their keys, and whose names these are. Persons' are compared by ``name_key``,
``is_same_name``, ``person_key`` in SQL and ``contains_name`` in searches."""


@pytest.mark.parametrize(("typed", "name"), SPELLINGS)
def test_a_name_has_one_spelling_however_it_is_typed(typed: str, name: str) -> None:
    assert person_name(typed) == name
    assert is_same_name(typed, name)
    assert person_name(name) == name


@pytest.mark.parametrize(("typed", "reason"), REFUSED)
def test_what_is_no_name_is_refused_by_its_character(typed: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        person_name(typed, field="contact", label="联系人")
    assert (refused.value.code, refused.value.field) == ("bad_name" if spell_name(typed) else "missing", "contact")
    assert "真实姓名" in refused.value.message


@pytest.mark.parametrize(
    ("name", "other", "same"),
    [
        (UYGHUR, "阿卜杜热合曼买买提艾力", True),
        (UYGHUR, "阿卜杜热合曼 买买提艾力", True),
        ("Anna Li", "ANNALI", True),
        ("SMITH, JOHN", "Smith John", True),
        ("O'Neill", "Oneill", True),
        (UYGHUR, "阿卜杜热合曼·买买提", False),
        (WOMAN, "古丽巴哈尔·吐尔孙", False),
        ("𠮷田", "吉田", False),
        ("བཀྲ་ཤིས", "བཀྲ་ཤོས", False),
    ],
)
def test_names_are_compared_without_what_stands_between_their_parts(name: str, other: str, same: bool) -> None:
    assert is_same_name(name, other) is same


@given(st.text(st.characters(), max_size=30))
def test_a_spelling_is_its_own_spelling_and_keeps_the_key(text: str) -> None:
    spelt = spell_name(text)
    assert name_key(spelt) == name_key(text)
    try:
        name = person_name(text)
    except InvalidInput:
        return
    assert person_name(name) == name


def test_a_search_reads_a_name_by_its_key_and_a_number_as_it_is() -> None:
    typed = person_search("阿卜杜热合曼•买买提艾力")
    assert (typed.word, typed.key) == (UYGHUR, name_key(UYGHUR))
    assert person_search("ＳＱ－2026.001").word == "SQ-2026.001"


def test_units_keep_their_own_key() -> None:
    assert unit_keys("阿卜杜·建筑公司") == unit_keys("阿卜杜•建筑公司")


def _label(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        node = node.slice
    return str(getattr(node, "id", None) or getattr(node, "attr", None) or getattr(node, "value", ""))


def _comparisons(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [node.left, *node.comparators]
            if not any(isinstance(side, ast.Constant) for side in sides):
                yield from (ast.unparse(node) for side in sides if COMPARED.search(_label(side)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (match[0] for match in IN_SQL.finditer(node.value))
        elif isinstance(node, ast.Call) and _label(node.func) in ("filter", "exclude", "exists", "get", "get_or_none"):
            yield from (word.arg for word in node.keywords if word.arg and FILTERED.fullmatch(word.arg))


def test_no_module_compares_names_of_persons_without_their_keys() -> None:
    comparing = {
        str(path.relative_to(ROOT))
        for package in ("bot", "domain", "handlers", "jobs", "miniapp_api", "platform_api", "services", "web")
        for path in (ROOT / package).rglob("*.py")
        if any(_comparisons(ast.parse(path.read_text())))
    }
    assert comparing - OTHER_NAMES.keys() == set()
    assert OTHER_NAMES.keys() - comparing == set()


@pytest.mark.parametrize(
    "source",
    [
        "expert.name == checked.name",
        "row['real_name'] != form.name",
        "Expert.filter(pool=pool, name=name)",
        "Account.filter(real_name__startswith=word)",
        "rows('SELECT id FROM account WHERE real_name = $2')",
        "rows('SELECT id FROM application p WHERE p.name ILIKE $2')",
    ],
)
def test_a_comparison_of_its_own_is_found(source: str) -> None:
    assert list(_comparisons(ast.parse(source)))
