"""The forms of a draw, checked against the rulebook. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.draws.addresses import find_organisation, is_complete
from domain.errors import InvalidInput
from domain.rulebook.book import Rulebook
from services.core.base import violation
from services.core.short_texts import check_no_link


@dataclass(frozen=True)
class DrawForm:
    """Basic data of a draw. ``needed``: number of experts drawn from the pool; ``lots`` empty: the project.

    ``supervisors`` are entries of the office's register.
    """

    project_id: UUID
    lots: tuple[UUID, ...]
    name: str
    medium: str
    opening_at: datetime
    opening_place: str
    needed: int
    starts_at: datetime
    ends_at: datetime
    on_site: bool
    operator_name: str
    operator_phone: str
    operator_id_number: str
    supervisors: tuple[UUID, ...]
    avoided_draws: tuple[UUID, ...] = ()
    remark: str = ""
    bid_closing_at: datetime | None = None


@dataclass(frozen=True)
class CallNoticeForm:
    """The content of notices to experts (语音通知)."""

    venue: str
    address: str
    gathering_at: datetime
    contact: str
    contact_phone: str
    room: str = ""
    remark: str = ""


@dataclass(frozen=True)
class ConditionForm:
    """One draw condition. ``specialty`` and ``alternative`` are catalogue codes; empty text: no requirement."""

    notice_id: UUID
    region_mode: str
    regions: tuple[str, ...]
    specialty: str
    planned: int
    alternative: str = ""
    title_level: str = ""
    qualification: str = ""
    department: str = ""


def check_draw_form(form: DrawForm, book: Rulebook, now: datetime, *, supervised: bool = True) -> None:
    """Raises InvalidInput or RuleViolation, naming the field. ``supervised`` false: supervisors may follow later."""
    rules = book.draw
    _check_texts(form, book)
    if not 1 <= form.needed <= rules.experts_max:
        raise violation(book, "draw.experts_max", f"拟抽取专家人数应为1到{rules.experts_max}人。", field="needed")
    if rules.times_in_order and not form.opening_at < form.starts_at < form.ends_at:
        raise violation(
            book,
            "draw.times_in_order",
            "时间应满足：开标时间早于预计评标开始时间，早于预计评标结束时间。",
            field="starts_at",
        )
    if form.starts_at <= now:
        raise InvalidInput("预计评标开始时间已过，请重新设置。", field="starts_at")
    if form.bid_closing_at is not None and form.bid_closing_at > form.opening_at:
        raise InvalidInput("截标时间不能晚于开标时间。", field="bid_closing_at")
    if supervised and "supervisors" in rules.required and not form.supervisors:
        raise InvalidInput("请从监督人名册中至少选择一位监督人。", field="supervisors")


_LABELS = {
    "name": "活动名称",
    "medium": "公告发布媒体",
    "opening_place": "开标地点",
    "operator_name": "经办人",
    "operator_phone": "经办人电话",
    "operator_id_number": "经办人证件号",
}
_NOTICE_LABELS = {
    "venue": "评标场所",
    "address": "集合地点",
    "room": "评标室",
    "gathering_at": "集合时间",
    "contact": "联系人",
    "contact_phone": "联系方式",
    "remark": "注意事项",
}


def _check_texts(form: DrawForm, book: Rulebook) -> None:
    given = {
        "name": form.name,
        "medium": form.medium,
        "opening_place": form.opening_place,
        "operator_name": form.operator_name,
        "operator_phone": form.operator_phone,
        "operator_id_number": form.operator_id_number,
    }
    for field, value in given.items():
        if field in book.draw.required and not value.strip():
            raise InvalidInput(f"请填写{_LABELS[field]}。", field=field)
    for field in ("name", "opening_place", "operator_name", "operator_phone"):
        check_no_link(given[field], field, _LABELS[field])
    check_no_link(form.remark, "remark", "备注")


def check_call_notice(form: CallNoticeForm, book: Rulebook, draw_starts_at: datetime, now: datetime) -> None:
    """The address must name city and district and no organisation; the gathering must lie ahead of the start."""
    rules = book.draw.notice
    for field in rules.required:
        if not str(getattr(form, field)).strip():
            raise InvalidInput(f"请填写{_NOTICE_LABELS[field]}。", field=field)
    for field in ("venue", "address", "room", "contact", "contact_phone", "remark"):
        check_no_link(getattr(form, field), field, _NOTICE_LABELS[field])
    if len(form.remark) > rules.remarks_max:
        raise violation(book, "draw.notice.remarks_max", f"注意事项最多{rules.remarks_max}字。", field="remark")
    if not is_complete(form.address, rules.address_parts):
        raise violation(
            book,
            "draw.notice.address_parts",
            "集合地点应写到市、区和详细地址（没有区的写街道或镇），如广州市天河区天润路333号。",
            field="address",
        )
    for field in ("address", "room"):
        if word := find_organisation(getattr(form, field), rules.address_forbidden_words):
            raise violation(
                book,
                "draw.notice.address_forbidden_words",
                f"{_NOTICE_LABELS[field]}不能出现单位名称（含“{word}”），请只写地址。",
                field=field,
            )
    if form.gathering_at <= now:
        raise InvalidInput("集合时间已过，请重新设置。", field="gathering_at")
    if form.gathering_at > draw_starts_at:
        raise InvalidInput("集合时间不能晚于预计评标开始时间。", field="gathering_at")


def check_venue(venue: str, book: Rulebook, where: str = "") -> None:
    """The venue of a draw on site; a pool without a list of venues accepts any. Raises InvalidInput."""
    if book.venues and venue.strip() not in [one.name for one in book.venues]:
        raise InvalidInput(
            f"{where}进场项目请从列表中选择评标场所；不在交易中心评标的，请在活动信息中把“是否进场项目”改为否。",
            code="venue_unknown",
            field="venue",
        )


def check_condition_form(form: ConditionForm, book: Rulebook, remaining: int) -> None:
    """``remaining`` is how many experts may still be planned."""
    check_asked_for(form, book)
    if not 1 <= form.planned <= remaining:
        raise InvalidInput(f"条件计划抽取人数应为1到{remaining}人（剩余可设置人数）。", field="planned")


def check_asked_for(form: ConditionForm, book: Rulebook) -> None:
    """The requirements of a condition, without its number. Raises InvalidInput, RuleViolation."""
    rules = book.draw
    if form.region_mode not in rules.region_modes:
        raise InvalidInput("请选择按常驻地或按意愿评标地抽取。", field="region_mode")
    if not form.regions:
        raise InvalidInput("请选择抽取地区。", field="regions")
    if len(form.regions) > 1 and not rules.several_regions:
        raise violation(book, "draw.several_regions", "一个条件只能选择一个地区。", field="regions")
    if not form.specialty:
        raise InvalidInput("请选择主专业。", field="specialty")
    if form.alternative and not rules.alternative_specialty:
        raise violation(book, "draw.alternative_specialty", "本专家库不支持备选专业。", field="alternative")
    if form.alternative == form.specialty:
        raise InvalidInput("备选专业不能与主专业相同。", field="alternative")


def check_counts(planned: Sequence[int], needed: int) -> None:
    """The conditions must add up to the number of experts, or the next step is blocked."""
    total = sum(planned)
    if total != needed:
        raise InvalidInput(
            f"抽取条件共{total}人，应为{needed}人，请调整后再提交。", code="counts_differ", field="conditions"
        )
