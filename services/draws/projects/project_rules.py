"""The forms of projects and lots, and their requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import InvalidInput, RuleViolation
from domain.faults import Faults
from domain.rulebook.book import Rulebook
from domain.typed_text import half_width
from models.experts import CatalogueEntry
from services.core.short_texts import check_no_link, check_text
from services.organisations import check_credit_code

INVESTMENT_MAX = 10**16
"""Fen: 100 trillion yuan, more than any project and well inside a bigint."""


@dataclass(frozen=True)
class ProjectData:
    """The form of a project. ``investment`` in fen; ``region`` six digits.

    The number of an ``on_site`` project has the rulebook's length. ``internal_code`` selects the check of the code: a
    military or similar tenderee has an internal code instead of a credit code. It is derived from the stored code.
    """

    name: str
    category: str
    region: str
    funding_source: str
    tender_method: str
    organisation_form: str
    tenderee_category: str
    investment: int
    tenderee_name: str
    tenderee_code: str
    contact: str
    contact_phone: str
    agency_name: str = ""
    agency_code: str = ""
    number: str = ""
    approval_number: str = ""
    investment_code: str = ""
    on_site: bool = False
    internal_code: bool = False


@dataclass(frozen=True)
class LotData:
    """``investment`` in fen; 0 when it is not given."""

    name: str
    number: str = ""
    investment: int = 0


_TEXTS: Mapping[str, tuple[str, int]] = {
    "name": ("招标项目名称", 200),
    "number": ("招标项目编号", 60),
    "category": ("招标项目类型", 60),
    "funding_source": ("资金来源", 60),
    "tender_method": ("招标方式", 60),
    "organisation_form": ("招标组织形式", 60),
    "tenderee_category": ("招标人类别", 60),
    "approval_number": ("项目审批文号", 60),
    "investment_code": ("投资项目统一代码", 60),
    "tenderee_name": ("招标人名称", 200),
    "tenderee_code": ("招标人统一社会信用代码", 40),
    "agency_name": ("招标代理机构", 200),
    "agency_code": ("招标代理机构统一社会信用代码", 40),
    "contact": ("项目联系人", 50),
    "contact_phone": ("项目联系方式", 30),
}
_CHOSEN = frozenset({"category", "funding_source", "tender_method", "organisation_form", "tenderee_category"})
_READ_BY_OTHERS = frozenset({"name", "tenderee_name", "agency_name", "contact", "contact_phone"})
_AMOUNT = "填数字，单位万元，如1200或1200.5，小数最多6位"
_ENTRUSTED = "委托"
"""Organisation forms with this word require an agency (委托招标)."""


async def check_project(book: Rulebook, pool: str, data: ProjectData, stored: ProjectData | None = None) -> ProjectData:
    """The form with cleaned texts. Raises InvalidInput, RuleViolation.

    ``stored``: the present form, whose choices stay valid even if the rulebook no longer has them.
    """
    faults = Faults()
    texts = {name: faults.check(_check_field, book, data, name) or "" for name in _TEXTS}
    _check_choices(book, texts, stored, faults)
    if not 0 < data.investment <= INVESTMENT_MAX:
        message = f"请填写项目投资总额：{_AMOUNT}，大于0，不超过100万亿元。"
        faults.add(InvalidInput(message, code="amount", field="investment"))
    if not data.region:
        faults.add(InvalidInput("请选择项目所在地。", code="missing", field="region"))
    elif not await CatalogueEntry.exists(pool__in=["", pool], kind="region", code=data.region):
        faults.add(InvalidInput("项目所在地不在地区目录中，请从列表中选择。", field="region"))
    if not data.internal_code:
        texts["tenderee_code"] = faults.check(check_credit_code, texts["tenderee_code"], "tenderee_code")
    if texts["agency_code"]:
        texts["agency_code"] = faults.check(check_credit_code, texts["agency_code"], "agency_code")
    if data.on_site:
        texts["number"] = half_width(texts["number"])
        faults.check(check_onsite_number, book, texts["number"])
    faults.raise_any()
    return ProjectData(
        region=data.region,
        investment=data.investment,
        on_site=data.on_site,
        internal_code=data.internal_code,
        **texts,
    )


def check_onsite_number(book: Rulebook, number: str) -> None:
    """The number of an on-site (进场) project. Raises RuleViolation."""
    if wanted := _number_fault(book, number):
        message = f"进场项目的项目编号{wanted}，请按交易中心的编号填写。"
        raise _number_violation(book, message, "number")


def check_on_site(book: Rulebook, number: str) -> None:
    """Checks that the draw of a project with this number may be on site. Raises RuleViolation, with both
    alternatives."""
    if wanted := _number_fault(book, number):
        message = (
            f"进场项目的项目编号{wanted}，这个项目的编号不符，不能按进场项目抽取。请把“进场项目”改为否；"
            "确需进场的，请先在招标项目中填写交易中心的编号，已发起抽取的请新建项目。"
        )
        raise _number_violation(book, message, "on_site")


def _number_fault(book: Rulebook, number: str) -> str:
    """What is wrong with an on-site project's number; empty when it is valid."""
    length = book.projects.onsite_number_length
    if length is None:
        return "" if number else "不能为空"
    return "" if len(number) == length and re.fullmatch("[0-9A-Za-z]+", number) else f"应为{length}位数字或字母"


def _number_violation(book: Rulebook, message: str, field: str) -> RuleViolation:
    length = book.projects.onsite_number_length
    source = book.source("projects.onsite_number_length") if length is not None else None
    return RuleViolation(
        message, rule="projects.onsite_number_length", source=source, field=field, params={"length": length}
    )


def _check_field(book: Rulebook, data: ProjectData, name: str) -> str:
    label, longest = _TEXTS[name]
    required = name in book.projects.required
    if name == "agency_name" and _ENTRUSTED in data.organisation_form:
        required = True
    if name in _CHOSEN and required and not getattr(data, name):
        raise InvalidInput(f"请选择{label}。", code="missing", field=name)
    text = check_text(getattr(data, name), name, label, longest, required=required)
    return check_no_link(text, name, label) if name in _READ_BY_OTHERS else text


def _check_choices(book: Rulebook, texts: Mapping[str, str], stored: ProjectData | None, faults: Faults) -> None:
    rules = book.projects
    for name, offered in (
        ("category", rules.categories),
        ("funding_source", rules.funding_sources),
        ("tender_method", rules.tender_methods),
        ("organisation_form", rules.organisation_forms),
        ("tenderee_category", rules.tenderee_categories),
    ):
        if texts[name] and texts[name] not in (*offered, getattr(stored, name, "")):
            message = f"{_TEXTS[name][0]}请从列表中选择：{'、'.join(offered)}。"
            faults.add(InvalidInput(message, code="choice", field=name))


def check_lot(data: LotData) -> LotData:
    """The form with cleaned texts. Raises InvalidInput."""
    faults = Faults()
    if not 0 <= data.investment <= INVESTMENT_MAX:
        message = f"标段投资额不能为负数：{_AMOUNT}，不超过100万亿元。"
        faults.add(InvalidInput(message, code="amount", field="investment"))
    name = faults.check(check_text, data.name, "name", "标段名称", 100, required=True)
    faults.check(check_no_link, name or "", "name", "标段名称")
    number = faults.check(check_text, data.number, "number", "标段编号", 60)
    faults.raise_any()
    return LotData(name, number, data.investment)
