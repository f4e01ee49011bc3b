"""Requirements of a campaign's form: entry types, windows, texts, and no overlap with other campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from domain.errors import Conflict, InvalidInput
from domain.faults import Faults, check_given
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.campaigns import Campaign
from models.experts import CatalogueEntry
from services.applications.campaign_windows import CampaignData, CampaignForm, enrolment_end
from services.core.base import violation
from services.core.short_texts import check_text

ADVICE_MAX = 200
_WINDOWS = (("enrol", "报名"), ("review", "审核"), ("pay", "缴费"))


def entry_names(book: Rulebook) -> dict[str, str]:
    """The pool's names of applications by entry type (新增, 续聘), including types that it no longer accepts."""
    return {kind: book.campaigns.name_of(kind) for kind in get_args(EntryType)}


def entry_name(book: Rulebook, entry_type: str) -> str:
    """The pool's name of applications of this entry type."""
    return book.campaigns.name_of(cast(EntryType, entry_type))


def check_entry_type(book: Rulebook, entry_type: str, field: str = "entry_type") -> None:
    """Raises InvalidInput for an unknown entry type, RuleViolation for one that the pool doesn't accept."""
    if entry_type not in get_args(EntryType):
        raise InvalidInput("没有这种入库类型，请重新选择。", field=field)
    if entry_type not in book.campaigns.entry_types:
        raise violation(
            book, "campaigns.entry_types", f"{book.pool.name}不接受{entry_name(book, entry_type)}申请。", field=field
        )


async def check_form(book: Rulebook, pool: str, form: CampaignForm) -> CampaignData:
    """The form with cleaned texts. Raises InvalidInput with all its faults, each with its field."""
    faults = Faults()
    name = faults.check(check_text, form.name, "name", "征集名称", 100, required=True)
    types = faults.check(_check_types, book, form.entry_types)
    enrol_from = faults.check(check_given, form.enrol_from, "enrol_from", "报名开始时间")
    enrol_until = faults.check(check_given, form.enrol_until, "enrol_until", "报名截止时间")
    _check_windows(form, faults)
    announcement = faults.check(_check_announcement, form.announcement)
    with faults.part():
        advice = await _check_advice(pool, form.advice)
    faults.raise_any()
    clean = {"name": name, "entry_types": types, "announcement": announcement, "advice": advice}
    return CampaignData(**{**vars(form), **clean, "enrol_from": enrol_from, "enrol_until": enrol_until})


def _check_types(book: Rulebook, entry_types: Sequence[str]) -> list[str]:
    types = list(dict.fromkeys(entry_types))
    if not types:
        raise InvalidInput("请至少选择一种入库类型。", code="missing", field="entry_types")
    for entry_type in types:
        check_entry_type(book, entry_type, field="entry_types")
        if entry_type not in book.campaigns.campaign_types:
            label = entry_name(book, entry_type)
            raise InvalidInput(f"{label}申请随时可以办理，不在征集中受理，请取消勾选。", field="entry_types")
    return types


def _check_announcement(text: str) -> str:
    announcement = text.strip()
    if len(announcement) > 10_000:
        raise InvalidInput("公告最多10000个字，请缩短后再保存。", code="too_long", field="announcement")
    return announcement


async def _check_advice(pool: str, lines: Mapping[str, str]) -> dict[str, str]:
    advice = {code: check_text(line, f"advice.{code}", "咨询方式", ADVICE_MAX) for code, line in lines.items()}
    regions = CatalogueEntry.filter(pool__in=["", pool], kind="region", code__in=list(advice))
    if unknown := sorted(advice.keys() - set(await regions.values_list("code", flat=True))):
        raise InvalidInput("咨询方式中的地区不在地区目录中，请重新选择。", field=f"advice.{unknown[0]}")
    return advice


def _check_windows(form: CampaignForm, faults: Faults) -> None:
    for name, label in _WINDOWS:
        start, end = getattr(form, f"{name}_from"), getattr(form, f"{name}_until")
        with faults.part():
            if start is not None and end is not None and start >= end:
                raise InvalidInput(f"{label}截止时间应晚于开始时间。", code="window_turned", field=f"{name}_until")
    for name, label in _WINDOWS[1:]:
        end = getattr(form, f"{name}_until")
        with faults.part():
            if end is not None and form.enrol_from is not None and end <= form.enrol_from:
                raise InvalidInput(f"{label}截止时间应晚于报名开始时间。", code="window_early", field=f"{name}_until")
    with faults.part():
        if form.review_until is not None and form.enrol_until is not None and form.review_until < form.enrol_until:
            raise InvalidInput(
                "审核截止时间不能早于报名截止时间，否则最后提交的人无法审核。",
                code="window_early",
                field="review_until",
            )


def check_change(book: Rulebook, campaign: Campaign, data: CampaignData, now: datetime) -> None:
    """Raises Conflict for changes that a published campaign no longer permits."""
    if campaign.closed_at is not None and data.enrol_until != campaign.enrol_until:
        raise Conflict("这次征集已关闭报名，不能再改报名截止时间。", code="campaign_closed")
    for name, label in _WINDOWS:
        end = getattr(data, f"{name}_until")
        if end != getattr(campaign, f"{name}_until") and end is not None and end <= now:
            raise Conflict(
                f"{label}截止时间不能改到过去。如需停止报名，请关闭征集。",
                code="campaign_begun",
                params={"field": f"{name}_until"},
            )
    if campaign.enrol_from > now:
        return
    if data.enrol_from != campaign.enrol_from:
        raise Conflict("报名已经开始，不能再改开始时间。", code="campaign_begun", params={"field": "enrol_from"})
    if missing := set(campaign.entry_types) - set(data.entry_types):
        label = entry_name(book, min(missing))
        raise Conflict(f"报名已经开始，不能取消{label}申请。", code="campaign_begun", params={"field": "entry_types"})


async def check_overlap(book: Rulebook, pool: str, data: CampaignData, own_id: UUID) -> None:
    """Raises Conflict when another published campaign accepts the same entry type at the same time."""
    others = await Campaign.filter(
        pool=pool, published_at__not_isnull=True, enrol_from__lt=data.enrol_until, enrol_until__gt=data.enrol_from
    ).exclude(id=own_id)
    for other in others:
        shared = sorted(set(other.entry_types) & set(data.entry_types))
        if shared and enrolment_end(other) > data.enrol_from:
            kind = entry_name(book, shared[0])
            raise Conflict(
                f"“{other.name}”在同一时间也接受{kind}申请，请调整时间或先关闭那次征集。",
                code="campaign_overlaps",
                params={"campaign_id": str(other.id), "entry_type": shared[0]},
            )
