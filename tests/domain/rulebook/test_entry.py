"""Entry into each pool according to its manual; line numbers are those of the manuals' text forms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from app.rulebook_docs_forms import render_forms
from app.rulebook_files import SHARED
from domain.forms.checking import check_complete
from domain.rulebook.book import Rulebook, RulebookError
from domain.rulebook.fees import PayWindow
from tests.factories.forms import RULEBOOKS, applicant, book_of, catalogue_of, good_attachments, good_values
from tests.factories.rulebooks import parse_rulebook

MANUALS = {"hunan": ("湖南手册", 331), "xinjiang": ("新疆手册 2024", 248), "jilin": ("吉林手册", 323)}
"""Manuals with their number of lines."""

HAINAN = """
[pool]
code = "hainan"
name = "海南省综合评标专家库"
account_name = "海南评标专家库"
region = "460000"
hotline = "12345"

[draw]
terminals = ["海南省公共资源交易服务中心"]

[form]
age_max = 70

[form.specialties]
count_max = 2

[form.sections.all]
title = "申请"
fields = ["name", "birth", "region", "email", "island", "specialties", "photo"]

[form.fields.island]
label = "可登岛评标"
kind = "choice"
options = ["三沙", "不登岛"]
required = true

[[review.steps]]
code = "county"
name = "市县审核"
department = "市县主管部门"
acts_in = "chosen"
send_back = ["whole"]
expected = "2d"
may_refuse = false

[[review.steps]]
code = "province"
name = "省级审核"
department = "省主管部门"
acts_in = "province"
send_back = ["whole"]
expected = "3d"
may_refuse = true

[fee]
amount = 12345
title = "考试费"
description = "评标专家考试费"
legal_basis = "琼发改收费〔2026〕1号"
opens_after = "0s"
at_least = "2d"
order_valid = "20m"
pay_for_others = false
lookups_per_hour = 5
refund_text = "缺考不退。"
hotline = "12345"

[fee.invoice]
issued_by = "office"
correctable_for = "24h"
goods_name = "考试费"
tax_code = "3070201020000000000"
tax_rate = 300
receipt_title = "考试费缴费凭证"

[entry]
stages = ["fee"]
"""


def hainan(text: str = HAINAN) -> Rulebook:
    below = {name: (RULEBOOKS / name).read_text(encoding="utf-8") for name in SHARED}
    return parse_rulebook(text, "hainan.toml", below=below)


def beijing(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


# A new province


def test_a_new_province_with_its_own_form_steps_and_fee_is_one_new_file() -> None:
    book = hainan()
    assert list(book.form.used()) == ["name", "birth", "region", "email", "island", "specialties", "photo"]
    assert [step.name for step in book.review.steps] == ["市县审核", "省级审核"]
    assert book.fee is not None
    assert (book.fee.amount, book.entry.stages) == (12345, ("fee",))
    assert book.notice is None
    values = {"region": "460100", "specialties": ["A080101"], "email": "a@b.cn"}
    problems = check_complete(
        book.form,
        values,
        {"photo": 1},
        entry_type="first",
        person=applicant("460100195506150012"),
        catalogue=catalogue_of("hunan"),
        today=date(2026, 11, 21),
    )
    assert [(problem.field, problem.message) for problem in problems] == [
        ("birth", "您已满71周岁，超过70周岁无法申请成为专家。"),
        ("region", "请从列表中选择居住地区。"),
        ("island", "请选择可登岛评标。"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('stages = ["fee"]', 'stages = ["notice", "fee"]', "notice: must be there exactly when entry.stages has it"),
        ('stages = ["fee"]', 'stages = ["exam", "fee"]', "entry: stages must be some of notice, fee, exam"),
        ('"region", "email"', '"email"', "form.sections: must hold the field region"),
        ('"email", "island"', '"email", "lake"', "form: the field lake stands in a section but is not defined"),
        ('kind = "choice"\n', 'kind = "text"\n', "form.fields.island: options belongs to kind choice"),
        ('options = ["三沙", "不登岛"]\n', "", "form.fields.island: options belongs to kind choice"),
        ("required = true", 'default = "无"\nkind2 = 1', "form.fields.island.kind2: is not a key of a rulebook"),
        ("age_max = 70", "age_max = 70\nemployer_from_list = true", "form.employer_from_list: must be true exactly"),
        ("amount = 12345", "amount = 123.45", "fee.amount: "),
        ('order_valid = "20m"', 'order_valid = "3h"', "fee: order_valid must be between 5m and 2h"),
        ('code = "province"', 'code = "county"', "review: steps must have different codes"),
        ("[fee]", '[review]\ncorrection_fields = ["lake"]\n[fee]', "review.correction_fields: names lake"),
        (
            "required = true",
            'required = true\n[form.fields.email]\nkind = "text"',
            "form.fields.email.kind: must be email",
        ),
        ("required = true", "required = true\ncity_only = true", "city_only belongs to kind region"),
        ("required = true", "required = true\ndistricts = false", "districts belongs to kind region"),
        ("required = true", "required = true\nnot_future = true", "not_before and not_future belong to kinds date"),
        ("required = true", 'required = true\n[form.fields.photo]\ndefault = "无"', "default belongs to kinds text"),
        (
            "required = true",
            'required = true\n[form.fields.work_history.parts.until]\nnot_before = "unit"',
            "until can't be compared with unit",
        ),
        (
            "required = true",
            'required = true\n[form.fields.work_history.parts.more]\nlabel = "x"\nkind = "units"',
            "more can't be a column of records",
        ),
    ],
)
def test_a_bad_form_or_fee_is_refused_in_one_sentence(old: str, new: str, sentence: str) -> None:
    assert old in HAINAN
    with pytest.raises(RulebookError) as caught:
        hainan(HAINAN.replace(old, new))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_examples_of_the_how_to_work() -> None:
    page = Path("docs/how-to/add-a-province.md").read_text(encoding="utf-8")
    shortest, *examples = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(examples) >= 6
    for example in examples:
        if example.startswith("[draw]"):
            hainan(shortest + example.removeprefix("[draw]\n"))
        else:
            hainan(shortest + example)


# Sources


def written_by_the_pool(book: Rulebook) -> Iterator[str]:
    """Keys that the pool's own file writes and that are rules, not names or words."""
    words = re.compile(r"\.(label|hint|note|source|kind|catalogue|fields|title|goods_name|receipt_title)$")
    for key in book.written_keys():
        if book.provenance(key).file == f"{book.pool.code}.toml" and not words.search(key):
            yield key


@pytest.mark.parametrize("pool", MANUALS)
def test_every_rule_names_its_lines_or_says_that_it_is_a_decision(pool: str) -> None:
    book = book_of(pool)
    sections = ("registration", "membership", "campaigns", "form", "review", "notice", "fee", "entry", "ladder", "help")
    bare = []
    for key in written_by_the_pool(book):
        if key.split(".")[0] not in sections or key.startswith("form.sections.") or key.endswith(".invoice"):
            continue
        told = book.source(key) or book.provenance(key).note
        field = book.form.fields.get(key.split(".")[2]) if key.startswith("form.fields.") else None
        if not told and not (field is not None and (field.source or field.note)):
            bare.append(key)
    assert bare == []


@pytest.mark.parametrize("pool", MANUALS)
def test_every_field_and_section_of_a_form_names_its_lines_or_the_decision(pool: str) -> None:
    book = book_of(pool)
    for code, field in book.form.used().items():
        assert field.source or field.note, code
    for code in book.form.sections:
        assert book.source(f"form.sections.{code}.title"), code


@pytest.mark.parametrize("pool", MANUALS)
def test_cited_lines_exist(pool: str) -> None:
    book, (manual, last) = book_of(pool), MANUALS[pool]
    told = [text for key in book.written_keys() for text in (book.source(key) or "", book.provenance(key).note or "")]
    told += [text for field in book.form.fields.values() for text in (field.source, field.note)]
    cited = re.findall(rf"{manual} (L\d+(?:-L?\d+)?(?:, L\d+(?:-L?\d+)?)*)", "\n".join(told))
    lines = [int(number) for text in cited for number in re.findall(r"\d+", text)]
    assert len(cited) > 30
    assert max(lines) <= last


def test_the_reference_page_shows_each_form_as_a_table() -> None:
    lines = "\n".join(render_forms({pool: book_of(pool) for pool in (*MANUALS, "demo")})).splitlines()
    assert [line for line in lines if line.startswith("### ")] == [
        "### The form of hunan",
        "### The form of xinjiang",
        "### The form of jilin",
        "### The form of demo",
    ]
    email = next(line for line in lines if "`email`" in line)
    assert email.startswith(
        "|  | `email` | 电子邮箱 | email | yes | ≤ 30 characters; changed at once | 新疆手册 2024 L116<br>"
    )
    years = next(line for line in lines if "`years_in_field`" in line)
    assert "| 0-80 |" in years
    assert "value_max: 新疆手册 2024 L105, L180. Three digits" in years
    assert any("`further_titles[ ].proof`" in line and "≤ 20 MB" in line for line in lines)


# Hunan


def test_hunan() -> None:
    book = book_of("hunan")
    assert book.registration.mobile_change_every == timedelta(days=365)
    assert book.form.age_max == 65
    assert [section.title for section in book.form.of("first").sections.values()] == [
        "基础信息",
        "执业与专业信息",
        "评标信息",
        "附件上传",
    ]
    assert book.form.fields["qualifications"].count_max == 3
    assert (book.form.specialties.count_min, book.form.specialties.count_max) == (1, 6)
    assert book.form.specialties.fixed_once_submitted
    assert book.form.papers.print_locks
    assert [code for code, section in book.form.sections.items() if section.open_after_print] == ["attachments"]
    assert len(book.review.steps) == 4
    first = book.review.steps[0]
    assert (first.name, first.acts_in, first.per_specialty) == ("行业部门预审", "city", True)
    assert first.send_back == ("specialty",)
    assert (book.notice, book.fee, book.entry.stages) == (None, None, ("exam",))
    for kind in ("application_sent_back", "application_exam", "application_entered", "application_refused"):
        assert book.ladder[kind].until == "all"
        assert {step.channel for step in book.ladder[kind].steps} == {"wechat", "sms"}


# Xinjiang


def test_xinjiang() -> None:
    book = book_of("xinjiang")
    form = book.form
    assert [section.title for section in form.of("first").sections.values()] == [
        "基本信息",
        "资格信息",
        "参评信息",
        "评标专业",
        "工作经历",
        "回避单位",
        "承诺书",
        "资料提交审核",
    ]
    assert form.of("renewal").sections.keys() == form.of("first").sections.keys()
    assert [section.title for section in form.of("education").sections.values()] == [
        "基本信息",
        "教育经历",
        "专业技术",
        "职称及资质",
        "工作经历",
        "评标实践经验",
        "业务技术专长",
        "回避单位",
        "账户信息",
        "附件",
        "上传申请表",
    ]
    assert [form.of(kind).fields["backup_mobile"].required for kind in ("first", "education")] == [False, True]
    limits = {code: form.fields[code].length_max for code in ("email", "employer", "office_phone")}
    assert limits == {"email": 30, "employer": 50, "office_phone": 15}
    rule = form.specialties
    assert (rule.classes, rule.level_1_max, rule.level_2_max, rule.count_max) == (("A",), 1, 2, 4)
    assert rule.preferred
    assert form.age_max is None
    assert not form.papers.print_locks
    assert form.papers.print_before_submit
    assert book.review.withdraw_before_edit
    assert [step.acts_in for step in book.review.steps] == ["city"]
    assert book.entry.stages_of("renewal") == ("fee", "exam")
    assert book.entry.stages_of("education") == ()
    assert book.registration.password.initial_from_id == 8
    assert book.help.hotlines == ("缴费咨询 0991-8837428", "技术服务 0991-8837410")


def pay_window(approved: datetime) -> PayWindow:
    fee = book_of("xinjiang").fee
    assert fee is not None
    assert fee.amount == 35_000
    return fee.window(approved, beijing(11, 20, 10, 30), beijing(12, 4, 18, 30))


@pytest.mark.parametrize(
    ("approved", "opens"),
    [
        (beijing(11, 15, 11), beijing(11, 20, 11)),
        (beijing(11, 15, 10, 30), beijing(11, 20, 10, 30)),
        (beijing(11, 28, 18, 30), beijing(12, 3, 18, 30)),
        (beijing(11, 28, 18, 31), beijing(11, 28, 18, 31)),
        (beijing(12, 3, 18, 30), beijing(12, 3, 18, 30)),
    ],
)
def test_xinjiang_takes_payment_five_days_after_approval_and_from_the_late_at_once(
    approved: datetime, opens: datetime
) -> None:
    """L227, L242; review ends one day before payment does (L204, L225)."""
    assert pay_window(approved) == PayWindow(opens, beijing(12, 4, 18, 30))


def test_who_is_approved_after_all_has_a_day_nevertheless() -> None:
    assert pay_window(beijing(12, 4, 12)) == PayWindow(beijing(12, 4, 12), beijing(12, 5, 12))


# Jilin


def test_jilin() -> None:
    book = book_of("jilin")
    form = book.form
    assert not book.campaigns.required
    assert book.campaigns.entry_types == ("first", "change")
    assert book.membership.outside == "临时专家"
    assert [step.acts_in for step in book.review.steps] == ["chosen", "province", "province"]
    assert (form.specialties.count_max, form.specialties.third_level_only) == (3, True)
    assert 1 + (form.fields["further_titles"].count_max or 0) == 5
    assert form.fields["work_history"].count_max == form.fields["qualifications"].count_max == 5
    other = form.fields["other_material"].file
    assert other is not None
    assert (other.types, other.size_max, other.count_max) == (("jpg",), 20_000_000, 3)
    assert form.fields["signed_form"].required
    assert form.own_employer_recused
    assert (book.fee, book.entry.stages) == (None, ("notice",))
    assert book.ladder["application_entered"].until == "all"
    assert book.help.version == "20190319"


# The others


def test_the_demo_has_every_stage_that_is_built_and_waits_for_minutes_only() -> None:
    book = book_of("demo")
    assert book.entry.stages == ("notice", "fee")
    assert book.notice is not None
    assert book.fee is not None
    assert max(book.notice.lasts, book.fee.opens_after) <= timedelta(minutes=5)
    assert len(book.review.steps) == 2


def test_guangdong_closes_registration_and_names_the_hotline() -> None:
    registration = book_of("guangdong").registration
    assert not registration.open
    assert "12345" in registration.closed


@pytest.mark.parametrize("pool", [*MANUALS, "demo", "guangdong"])
def test_questions_are_not_shadowed_by_those_before_them(pool: str) -> None:
    """A word of a later question that holds an earlier question's word would never be answered by its own."""
    seen: list[str] = []
    for question in book_of(pool).help.faq:
        shadowed = [word for word in question.words if any(earlier in word for earlier in seen)]
        assert shadowed == [], question.question
        seen += question.words


@pytest.mark.parametrize("pool", MANUALS)
def test_nothing_of_a_form_is_beyond_what_a_person_can_fill_in(pool: str) -> None:
    problems = check_complete(
        book_of(pool).form,
        good_values(pool),
        good_attachments(pool),
        entry_type="first",
        person=applicant(),
        catalogue=catalogue_of(pool),
        today=date(2026, 11, 21),
    )
    assert problems == []
