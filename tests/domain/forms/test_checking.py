"""A form in the making, and what is still missing when it is submitted: the manuals' sentences as tests."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import NotFound
from domain.forms.checking import (
    account_values,
    check_complete,
    check_values,
    filled_values,
    person_facts,
    renewal_values,
    schema_of,
)
from domain.rulebook.form import ApplicationForm, EntryType, FormField
from tests.factories.forms import (
    CREDIT_CODE,
    EMPLOYER,
    applicant,
    book_of,
    catalogue_of,
    good_attachments,
    good_values,
)

POOLS = ("hunan", "xinjiang", "jilin", "demo", "guangdong")
TODAY = date(2026, 11, 21)


def save(pool: str, code: str, value: object, entry_type: EntryType = "first") -> tuple[object, list[str]]:
    """Save one field of a draft; returns the stored value (None: nothing) and the problems."""
    form = book_of(pool).form
    stored, problems = check_values(
        form, form.of(entry_type).section_of(code), {code: value}, entry_type=entry_type, catalogue=catalogue_of(pool)
    )
    return stored.get(code), [f"{problem.field}: {problem.message}" for problem in problems]


def missing(
    pool: str, entry_type: EntryType = "first", *, files: dict[str, int] | None = None, **changes: object
) -> list[str]:
    """Problems that keep a good form from being submitted after ``changes`` (None removes a value)."""
    values = good_values(pool, entry_type) | changes
    problems = check_complete(
        book_of(pool).form,
        {code: value for code, value in values.items() if value is not None},
        good_attachments(pool, entry_type) | (files or {}),
        entry_type=entry_type,
        person=applicant(),
        catalogue=catalogue_of(pool),
        today=TODAY,
    )
    return [f"{problem.field}: {problem.message}" for problem in problems]


# Drafts


@pytest.mark.parametrize(
    ("pool", "code", "typed", "stored"),
    [
        ("xinjiang", "email", " Su.Hang＠example.com ", "Su.Hang@example.com"),
        ("xinjiang", "backup_mobile", "+86 139-7311-2345", "13973112345"),
        ("xinjiang", "backup_mobile", 13973112345, "13973112345"),
        ("xinjiang", "employer_code", "91310110076408176p", CREDIT_CODE),
        ("xinjiang", "office_phone", "０９９１－８８３７４１０", "0991-8837410"),
        ("xinjiang", "years_in_field", "５", 5),
        ("xinjiang", "years_in_field", 0, 0),
        ("xinjiang", "remote_evaluation", "是", True),
        ("xinjiang", "remote_evaluation", False, False),
        ("hunan", "school", "湖南\n大学", "湖南 大学"),
        ("xinjiang", "career", "一\r\n二\t三\u200b ", "一\n二 三"),
        ("xinjiang", "recusal_units", ["无"], [{"name": "无", "code": "", "note": ""}]),
        ("xinjiang", "specialties", ["A080101"], [{"code": "A080101", "choice": "preferred"}]),
        ("hunan", "employer", EMPLOYER, EMPLOYER),
        ("hunan", "region", "430104", "430104"),
        ("jilin", "region", "220100", "220100"),
        ("jilin", "region", "220122", "220122"),
        ("jilin", "region", "220183", "220183"),
        ("hunan", "political_status", "群众", "群众"),
        (
            "hunan",
            "work_history",
            [{"unit": "设计院", "since": "2008年7月"}, {"unit": "院", "since": "2005/1", "until": "2008.6"}],
            [{"unit": "设计院", "since": "2008-07"}, {"unit": "院", "since": "2005-01", "until": "2008-06"}],
        ),
        ("hunan", "strengths", "   ", None),
        ("hunan", "strengths", None, None),
        ("hunan", "qualifications", [], None),
    ],
)
def test_what_is_typed_is_kept_in_its_usual_spelling(pool: str, code: str, typed: object, stored: object) -> None:
    assert save(pool, code, typed) == (stored, [])


@pytest.mark.parametrize(
    ("pool", "code", "typed", "sentence"),
    [
        ("xinjiang", "email", "a" * 25 + "@qq.com", "email: 电子邮箱最多30个字符，现有32个，请换一个较短的邮箱。"),
        ("xinjiang", "email", "su@", "email: 电子邮箱格式有误，请核对后重新填写，例如name@example.com。"),
        ("xinjiang", "employer", "新" * 51, "employer: 工作单位名称最多50个字，现有51个，请缩短。"),
        (
            "xinjiang",
            "office_phone",
            "0991-88374100000",
            "office_phone: 工作单位办公电话最多15个字符，现有16个，请缩短。",
        ),
        ("xinjiang", "years_in_field", 21321, "years_in_field: 从事专业年限应在0到80之间，请核对后重新填写。"),
        ("xinjiang", "years_in_field", "五年", "years_in_field: 从事专业年限应填写整数，例如5。"),
        ("xinjiang", "years_in_field", 5.5, "years_in_field: 从事专业年限应填写整数，例如5。"),
        ("xinjiang", "years_in_field", True, "years_in_field: 从事专业年限应填写整数，例如5。"),
        ("xinjiang", "backup_mobile", "123213", "backup_mobile: 手机号应为11位数字，请重新输入，例如13800138000。"),
        ("xinjiang", "region", "650105", "region: 所在市州请选择市州，不用选到区县。"),
        ("jilin", "region", "220104", "region: 市辖区请选所属的市，隶属区划请选择“长春市”。"),
        ("xinjiang", "region", "650000", "region: 所在市州请选到市州或区县，不能只选省份。"),
        ("xinjiang", "region", "430100", "region: 请从列表中选择所在市州。"),
        ("xinjiang", "field_of_work", "A04", "field_of_work: 从事专业类别没有选到规定的级别，请重新选择。"),
        ("xinjiang", "emergency", "也许", "emergency: 是否愿意成为应急专家请选择“是”或“否”。"),
        ("xinjiang", "recusal_units", [{"code": CREDIT_CODE}], "recusal_units[0].name: 请填写单位全称，或删除这一条。"),
        ("xinjiang", "name", "别人", "name: 姓名取自注册信息，不能在申请表中修改。"),
        ("xinjiang", "signed_form", "文件.pdf", "signed_form: 申请和资格审查表（签字盖章扫描件）请用上传按钮添加。"),
        ("hunan", "employer", "某单位", "employer: 请从列表中选择工作单位。"),
        ("hunan", "political_status", "外星人", "political_status: 请从选项中选择政治面貌。"),
        ("hunan", "title_level", "20", "title_level: “副高级”下还有细分，职称请选到最末一级。"),
        (
            "hunan",
            "school",
            "湖南\x00大学",
            "school: 毕业院校中有无法识别的字符（“湖南”后面的U+0000），请删除后重新填写。",
        ),
        ("hunan", "school", "\ud800", "school: 毕业院校中有无法识别的字符（开头的U+D800），请删除后重新填写。"),
        ("hunan", "school", {"a": 1}, "school: 毕业院校应填写文字，请重新填写。"),
        ("hunan", "work_history", "设计院", "work_history: 工作经历应是一个列表，请刷新后重新填写。"),
        ("hunan", "work_history", [7], "work_history[0]: 工作经历第1条无法识别，请重新填写。"),
        (
            "hunan",
            "work_history",
            [{"unit": "院", "since": "2008-07", "until": "2007-01"}],
            "work_history[0].until: 结束年月早于开始年月，请核对。",
        ),
        (
            "hunan",
            "work_history",
            [{"since": "2008-13"}],
            "work_history[0].since: 开始年月应为年月，例如2020-09，请重新填写。",
        ),
        (
            "hunan",
            "work_history",
            [{"boss": "某"}],
            "work_history[0].boss: 工作经历中没有这一项，请刷新后重新填写。",
        ),
        ("hunan", "specialties", ["A0801"], "specialties[0]: “工程施工 › 建筑工程”下还有细分专业，请选到最末一级。"),
        ("hunan", "specialties", [None], "specialties[0]: 评标专业第1项无法识别，请重新选择。"),
    ],
)
def test_a_wrong_value_is_refused_with_the_exact_reason(pool: str, code: str, typed: object, sentence: str) -> None:
    assert save(pool, code, typed) == (None, [sentence])


def test_no_more_certificates_than_the_manual_allows() -> None:
    certificate = {"code": "Q0301", "number": "1"}
    assert save("hunan", "qualifications", [certificate] * 3)[1] == []
    assert save("hunan", "qualifications", [certificate] * 4)[1] == [
        "qualifications: 从业资格证书最多3条，现有4条，请删去多余的。"
    ]
    assert save("jilin", "qualifications", [certificate] * 5)[1] == []
    assert save("jilin", "qualifications", [certificate] * 6)[1] == [
        "qualifications: 执业资格最多5条，现有6条，请删去多余的。"
    ]


def test_a_draft_may_be_empty() -> None:
    for pool in POOLS:
        for section in book_of(pool).form.of("first").sections:
            assert check_values(book_of(pool).form, section, {}, entry_type="first", catalogue=catalogue_of(pool)) == (
                {},
                [],
            )


def test_the_good_fields_beside_a_bad_one_are_kept() -> None:
    form = book_of("xinjiang").form
    stored, problems = check_values(
        form, "evaluation", {"emergency": True, "email": "x"}, entry_type="first", catalogue=catalogue_of("xinjiang")
    )
    assert stored == {"emergency": True}
    assert [problem.field for problem in problems] == ["email"]


def test_a_field_of_another_section_is_refused() -> None:
    form = book_of("hunan").form
    _, problems = check_values(
        form, "basic", {"school": "湖南大学"}, entry_type="first", catalogue=catalogue_of("hunan")
    )
    assert [problem.field for problem in problems] == ["school"]
    with pytest.raises(NotFound):
        check_values(form, "nowhere", {}, entry_type="first", catalogue=catalogue_of("hunan"))


# Submission


@pytest.mark.parametrize("entry_type", ["first", "renewal", "education"])
@pytest.mark.parametrize("pool", POOLS)
def test_a_good_form_is_complete(pool: str, entry_type: EntryType) -> None:
    assert missing(pool, entry_type) == []


@pytest.mark.parametrize(
    ("pool", "code", "sentence"),
    [
        ("hunan", "political_status", "political_status: 请选择政治面貌。"),
        ("hunan", "employer", "employer: 请选择工作单位。"),
        ("hunan", "work_history", "work_history: 请填写工作经历。"),
        ("hunan", "specialties", "specialties: 请选择评标专业。"),
        ("xinjiang", "email", "email: 请填写电子邮箱。"),
        ("xinjiang", "recusal_units", "recusal_units: 请填写回避单位及情况说明。"),
        ("xinjiang", "years_in_field", "years_in_field: 请填写从事专业年限。"),
        ("jilin", "region", "region: 请选择隶属区划。"),
    ],
)
def test_what_is_starred_must_be_there(pool: str, code: str, sentence: str) -> None:
    assert missing(pool, **{code: None}) == [sentence]


@pytest.mark.parametrize("pool", POOLS)
def test_every_required_field_is_asked_for_in_the_order_of_the_form(pool: str) -> None:
    form = book_of(pool).form
    problems = check_complete(
        form, {}, {}, entry_type="first", person=applicant(), catalogue=catalogue_of(pool), today=TODAY
    )
    wanted = [code for code, field in form.of("first").used().items() if field.required and not field.default]
    assert [problem.field for problem in problems] == wanted


def test_what_has_a_default_needs_no_answer() -> None:
    assert missing("xinjiang", emergency=None, remote_evaluation=None, experience=None) == []
    values = filled_values(book_of("xinjiang").form, {}, "first")
    assert values == {"remote_evaluation": False, "emergency": False, "experience": "无"}


def test_an_applicant_without_employer_or_recusal_units_writes_none() -> None:
    assert missing("xinjiang", employer="无", recusal_units=["无"]) == []


@pytest.mark.parametrize(
    ("born", "sentences"),
    [
        ("19611122", []),
        ("19601122", []),
        ("19601121", ["birth: 您已满66周岁，超过65周岁无法申请成为专家。"]),
        ("19000622", ["birth: 您已满126周岁，超过65周岁无法申请成为专家。"]),
    ],
)
def test_hunan_refuses_applicants_over_65(born: str, sentences: list[str]) -> None:
    person = person_facts("苏航", f"430104{born}0010", "13873112345")
    for pool, expected in (("hunan", sentences), ("xinjiang", []), ("jilin", [])):
        problems = check_complete(
            book_of(pool).form,
            good_values(pool),
            good_attachments(pool),
            entry_type="first",
            person=person,
            catalogue=catalogue_of(pool),
            today=TODAY,
        )
        assert [f"{problem.field}: {problem.message}" for problem in problems] == expected


def test_an_applicant_without_name_and_identity_number_registers_first() -> None:
    problems = check_complete(
        book_of("hunan").form,
        good_values("hunan"),
        good_attachments("hunan"),
        entry_type="first",
        person=person_facts("", "", "13873112345"),
        catalogue=catalogue_of("hunan"),
        today=TODAY,
    )
    assert [problem.message for problem in problems] == ["请先完成实名注册，再填写申请。"]


@pytest.mark.parametrize(
    ("pool", "files", "sentence"),
    [
        ("hunan", {"signed_form": 0}, "signed_form: 请上传资格审查表（盖章扫描件）。"),
        ("hunan", {"id_card_back": 0}, "id_card_back: 请上传身份证人像面。"),
        ("hunan", {"photo": 2}, "photo: 个人寸照最多1个文件，现有2个，请删去多余的。"),
        ("xinjiang", {"commitment_letter": 0}, "commitment_letter: 请上传诚信承诺书（签字扫描件）。"),
        ("xinjiang", {"qualifications[0].proof": 0}, "qualifications[0].proof: 请上传PDF证明。"),
        ("jilin", {"title_proof": 0}, "title_proof: 请上传职称附件。"),
        ("jilin", {"signed_form": 0}, "signed_form: 请上传吉林省政府采购评审专家申请表。"),
        ("jilin", {"other_material": 4}, "other_material: 其他材料最多3个文件，现有4个，请删去多余的。"),
    ],
)
def test_documents_are_counted(pool: str, files: dict[str, int], sentence: str) -> None:
    assert missing(pool, files=files) == [sentence]


def test_other_material_is_optional() -> None:
    for pool in ("hunan", "jilin"):
        assert missing(pool, files={"other_material": 0}) == []


def test_without_a_title_jilin_takes_a_practising_qualification() -> None:
    assert missing("jilin", title_level=None) == []
    assert missing("jilin", qualifications=None) == []
    assert missing("jilin", title_level=None, qualifications=None) == [
        "title_level: 请选择职称；没有的，请填写执业资格。"
    ]
    half = [{"code": "Q0301"}]
    assert missing("jilin", title_level=None, qualifications=half) == [
        "title_level: 请选择职称；没有的，请填写执业资格。",
        "qualifications[0].number: 请填写注册号。",
    ]
    assert missing("hunan", title_level=None) == ["title_level: 请选择职称。"]


def test_a_row_that_was_begun_must_be_finished() -> None:
    assert missing("hunan", work_history=[{"position": "总工程师"}]) == [
        "work_history[0].unit: 请填写单位名称。",
        "work_history[0].since: 请选择开始年月。",
    ]
    assert missing("hunan", work_history=[{}]) == ["work_history[0]: 工作经历有一条没有填写，请填写或删除。"]


def test_work_history_that_begins_in_the_future_is_refused() -> None:
    assert missing("hunan", work_history=[{"unit": "院", "since": "2026-11"}]) == []
    assert missing("hunan", work_history=[{"unit": "院", "since": "2026-12"}]) == [
        "work_history[0].since: 开始年月晚于今天，请核对。"
    ]


def test_xinjiang_wants_a_preferred_specialty() -> None:
    assert missing("xinjiang", specialties=[{"code": "A080101", "choice": "alternative"}]) == [
        "specialties: 请至少指定一个首选专业。"
    ]


def test_a_draft_of_old_is_judged_by_the_rules_of_today() -> None:
    assert missing("xinjiang", email="a-very-long-address@example.com.cn") == [
        "email: 电子邮箱最多30个字符，现有34个，请换一个较短的邮箱。"
    ]


@pytest.mark.parametrize("entry_type", ["renewal", "education"])
def test_what_an_expert_keeps_is_right_in_whatever_shape_it_was_filed(entry_type: EntryType) -> None:
    """新疆手册 2025 L93: prefecture, unit and specialties"""
    form = book_of("xinjiang").form
    specialties = [{"code": code, "choice": "preferred"} for code in ("A010101", "A080101", "B010101")]
    filed: dict[str, object] = {"region": "650102", "employer": "某" * 60, "specialties": specialties, "email": "a@b"}
    taken_over = renewal_values(form, filed, entry_type)
    assert taken_over == {name: filed[name] for name in ("region", "employer", "specialties")}
    assert renewal_values(form, filed | {"employer": ""}, entry_type).keys() == {"region", "specialties"}

    def problems(unchanged: Collection[str]) -> set[str]:
        problems_of_form = check_complete(
            form,
            good_values("xinjiang", entry_type) | filed | {"email": "a@b.cn"},
            good_attachments("xinjiang", entry_type),
            entry_type=entry_type,
            person=applicant(),
            catalogue=catalogue_of("xinjiang"),
            today=TODAY,
            unchanged=unchanged,
        )
        return {problem.field.partition("[")[0] for problem in problems_of_form}

    assert problems(taken_over) == set()
    assert problems(()) == {"region", "employer", "specialties"}


def test_a_field_may_belong_to_one_type_of_entry_only() -> None:
    form = book_of("hunan").form
    fields = {
        **form.fields,
        "strengths": form.fields["strengths"].model_copy(update={"only_for": ("renewal",), "required": True}),
    }
    form = form.model_copy(update={"fields": fields})
    assert "strengths" not in json.dumps(schema_of(form, "first"))
    assert "strengths" in json.dumps(schema_of(form, "renewal"))
    stored, problems = check_values(
        form, "evaluation", {"strengths": "结构"}, entry_type="first", catalogue=catalogue_of("hunan")
    )
    assert (stored, [problem.field for problem in problems]) == ({}, ["strengths"])


def test_what_comes_from_the_account_is_shown_in_full() -> None:
    shown = account_values(book_of("demo").form, applicant(), TODAY, "first")
    assert shown == {
        "name": "苏航",
        "sex": "男",
        "birth": "1975-06",
        "age": "51岁",
        "id_number": "430104197506150010",
        "mobile": "13873112345",
    }


# The schema


def section_fields(form: ApplicationForm, code: str) -> list[dict[str, Any]]:
    schema: Any = schema_of(form, "first")
    return next(section["fields"] for section in schema["sections"] if section["code"] == code)


@pytest.mark.parametrize("pool", POOLS)
def test_a_client_can_draw_the_form_from_its_schema(pool: str) -> None:
    schema: Any = json.loads(json.dumps(schema_of(book_of(pool).form, "first")))
    drawn = {field["code"]: field for section in schema["sections"] for field in section["fields"]}
    assert list(drawn) == list(book_of(pool).form.of("first").used())
    assert all(section["title"] for section in schema["sections"])
    assert drawn["name"]["read_only"]
    assert drawn["work_history" if "work_history" in drawn else "recusal_units"]["columns"]
    assert drawn["photo"]["types"] == ["jpg", "png"]
    assert schema["specialties"]["count_max"] == book_of(pool).form.specialties.count_max


def test_the_schema_carries_every_limit() -> None:
    fields = {field["code"]: field for field in section_fields(book_of("xinjiang").form, "evaluation")}
    assert fields["email"]["length_max"] == 30
    assert fields["email"]["required"]
    assert fields["emergency"]["default"] == "否"
    work = {field["code"]: field for field in section_fields(book_of("xinjiang").form, "qualification")}
    assert (work["years_in_field"]["value_min"], work["years_in_field"]["value_max"]) == (0, 80)
    assert work["field_of_work"]["code_length"] == 5
    assert [column["code"] for column in work["qualifications"]["columns"]] == ["code", "number", "proof"]


# Arbitrary input of clients

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
LIKELY = st.sampled_from(
    [
        "A080101",
        "A0801",
        "430104",
        "650200",
        "2001",
        "Q0301",
        "是",
        "否",
        "群众",
        "硕士",
        "2020-09",
        "2020年9月",
        "13973112345",
        "a@b.cn",
        "0731-88881234",
        CREDIT_CODE,
        EMPLOYER,
        "无",
        5,
        "５",
        True,
        "\u200d",
        "\r",
        "a\u0301",
        "\ud800",
    ]
)


def value_of(field: FormField) -> st.SearchStrategy[object]:
    """Arbitrary JSON, often of a kind that could be meant for the field."""
    anything = JSON | LIKELY
    if field.kind == "records":
        row = st.dictionaries(st.sampled_from([*field.parts, "other"]), anything, max_size=4)
        return anything | st.lists(row, max_size=3)
    if field.kind in ("specialties", "units"):
        row = st.fixed_dictionaries({}, optional={"code": anything, "choice": anything, "name": anything})
        return anything | st.lists(row | LIKELY, max_size=3)
    return anything


@pytest.mark.parametrize("pool", POOLS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_nothing_sent_breaks_a_form_and_what_is_kept_is_taken_again(pool: str, data: st.DataObject) -> None:
    form, catalogue = book_of(pool).form, catalogue_of(pool)
    section = data.draw(st.sampled_from(list(form.of("first").sections)))
    optional = {code: value_of(form.fields[code]) for code in form.sections[section].fields}
    values = data.draw(st.fixed_dictionaries({}, optional=optional))
    values |= data.draw(st.dictionaries(st.text(max_size=50), JSON, max_size=1))
    stored, problems = check_values(form, section, values, entry_type="first", catalogue=catalogue)
    assert json.loads(json.dumps(stored)) == stored
    assert all(problem.message and problem.field.isprintable() and problem.field for problem in problems)
    assert check_values(form, section, stored, entry_type="first", catalogue=catalogue) == (stored, [])
    check_complete(
        form, values, {}, entry_type="renewal", person=applicant(), catalogue=catalogue, today=TODAY, unchanged=values
    )
