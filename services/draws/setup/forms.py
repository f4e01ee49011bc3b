"""The forms of a draw, checked against the rulebook. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.draws.addresses import find_organisation, is_complete
from domain.draws.spoken_texts import find_name, find_number
from domain.errors import InvalidInput
from domain.faults import Faults, check_given
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import SPOKEN_PLACE_MAX
from domain.typed_text import half_width
from domain.understanding.scrubbing import find_titled_name
from services.core.base import violation
from services.core.short_texts import check_no_link

REGIONS_MAX = 100
"""Regions of one condition."""


REGION_MODES: Mapping[str, str] = {"permanent": "常驻地", "willing": "意愿评标地"}
"""By which of an expert's regions he is drawn."""


@dataclass(frozen=True)
class DrawForm:
    """Basic data of a draw. ``needed``: number of experts drawn from the pool; ``lots`` empty: the project.

    ``supervisors`` are entries of the office's register. A time is None where none was typed.
    """

    project_id: UUID
    lots: tuple[UUID, ...]
    name: str
    medium: str
    opening_at: datetime | None
    opening_place: str
    needed: int
    starts_at: datetime | None
    ends_at: datetime | None
    on_site: bool
    operator_name: str
    operator_phone: str
    operator_id_number: str
    supervisors: tuple[UUID, ...]
    avoided_draws: tuple[UUID, ...] = ()
    remark: str = ""
    bid_closing_at: datetime | None = None


@dataclass(frozen=True)
class DrawTimes:
    """The times of a checked form."""

    opening_at: datetime
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class CallNoticeForm:
    """The content of notices to experts (语音通知). ``gathering_at`` is None where no time was typed; ``supervisor`` is
    the entry of the register whose name and phone are the contact's, where no other was typed."""

    venue: str
    address: str
    gathering_at: datetime | None
    contact: str
    contact_phone: str
    room: str = ""
    remark: str = ""
    supervisor: UUID | None = None


@dataclass(frozen=True)
class ConditionForm:
    """One draw condition. ``specialty`` and ``alternative`` are catalogue codes; empty text: no requirement.
    ``emergency``: of emergency experts (应急专家) alone."""

    notice_id: UUID | None
    region_mode: str
    regions: tuple[str, ...]
    specialty: str
    planned: int
    alternative: str = ""
    title_level: str = ""
    qualification: str = ""
    department: str = ""
    emergency: bool = False


def check_draw_form(
    form: DrawForm, book: Rulebook, now: datetime, *, supervised: bool = True, closes: bool = False
) -> DrawTimes:
    """The times, all of which are given. Raises InvalidInput or RuleViolation, naming the field.

    ``supervised`` false: supervisors may follow later. ``closes``: 截标时间 must be given, as in a redraw.
    """
    rules, faults = book.draw, Faults()
    _check_texts(form, book, faults)
    if not 1 <= form.needed <= rules.experts_max:
        message = f"拟抽取专家人数应为1到{rules.experts_max}人。"
        faults.add(violation(book, "draw.experts_max", message, field="needed"))
    times = DrawTimes(
        opening_at=faults.check(check_given, form.opening_at, "opening_at", "开标时间"),
        starts_at=faults.check(check_given, form.starts_at, "starts_at", "预计评标开始时间"),
        ends_at=faults.check(check_given, form.ends_at, "ends_at", "预计评标结束时间"),
    )
    if form.opening_at and form.starts_at and form.ends_at:
        faults.check(_check_order, times, book)
    if form.starts_at and form.starts_at <= now:
        faults.add(InvalidInput("预计评标开始时间已过，请重新设置。", field="starts_at"))
    if closes:
        faults.check(check_given, form.bid_closing_at, "bid_closing_at", "截标时间")
    if form.bid_closing_at and form.opening_at and form.bid_closing_at > form.opening_at:
        faults.add(InvalidInput("截标时间不能晚于开标时间。", field="bid_closing_at"))
    if supervised and "supervisors" in rules.required and not form.supervisors:
        faults.add(InvalidInput("请从监督人名册中至少选择一位监督人。", field="supervisors"))
    faults.raise_any()
    return times


def _check_order(times: DrawTimes, book: Rulebook) -> None:
    if book.draw.times_in_order and not times.opening_at < times.starts_at < times.ends_at:
        raise violation(
            book,
            "draw.times_in_order",
            "时间应满足：开标时间早于预计评标开始时间，早于预计评标结束时间。",
            field="starts_at",
        )
    if times.ends_at - times.starts_at > book.draw.panel_max:
        message = f"评标时间最长{book.draw.panel_max.days}天，请核对预计评标结束时间。"
        raise violation(book, "draw.panel_max", message, field="ends_at")


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
_SPOKEN_FIELDS = ("address", "room", "remark")
"""Typed fields of a call notice that calls speak, to whoever picks up."""
_PHONE_DIGITS_MIN = 7
"""Digits of a landline's number without its area code."""
_REWORDING = {"remark": "电话里会念出来，请删去单位名称"}


def _check_texts(form: DrawForm, book: Rulebook, faults: Faults) -> None:
    for field, label in _LABELS.items():
        if field in book.draw.required and not getattr(form, field).strip():
            faults.add(InvalidInput(f"请填写{label}。", field=field))
    for field in ("name", "opening_place", "operator_name", "operator_phone"):
        faults.check(check_no_link, getattr(form, field), field, _LABELS[field])
    faults.check(check_no_link, form.remark, "remark", "备注")


def check_call_notice(form: CallNoticeForm, book: Rulebook, draw_starts_at: datetime, now: datetime) -> datetime:
    """The gathering time. The address must name city and district; what calls speak names no organisation and tells no
    number; the gathering must lie ahead of the start. Raises InvalidInput, RuleViolation."""
    faults = Faults()
    faults.check(check_notice_texts, form, book)
    at = faults.check(check_given, form.gathering_at, "gathering_at", "集合时间")
    if form.gathering_at:
        faults.check(_check_gathering, at, draw_starts_at, now)
    faults.raise_any()
    return at


def check_notice_texts(form: CallNoticeForm, book: Rulebook) -> None:
    """All but the gathering time. Raises InvalidInput, RuleViolation."""
    rules, faults = book.draw.notice, Faults()
    for field in rules.required:
        if field != "gathering_at" and not getattr(form, field).strip():
            faults.add(InvalidInput(f"请填写{_NOTICE_LABELS[field]}。", field=field))
    for field in ("venue", "address", "room", "contact", "contact_phone", "remark"):
        faults.check(check_no_link, getattr(form, field), field, _NOTICE_LABELS[field])
    faults.check(_check_phone, form.contact_phone)
    if len(form.remark) > rules.remarks_max:
        message = f"注意事项最多{rules.remarks_max}字。"
        faults.add(violation(book, "draw.notice.remarks_max", message, field="remark"))
    if not is_complete(form.address, rules.address_parts):
        message = "集合地点应写到市、区和详细地址（没有区的写街道或镇），如广州市天河区天润路333号。"
        faults.add(violation(book, "draw.notice.address_parts", message, field="address"))
    if len(f"{form.address} {form.room}".strip()) > SPOKEN_PLACE_MAX:
        message = f"集合地点和评标室合计最多{SPOKEN_PLACE_MAX}字，电话里要念出来，请写短一些。"
        faults.add(InvalidInput(message, code="too_long", field="address"))
    faults.check(check_spoken_texts, form, book)
    faults.raise_any()


def _check_phone(phone: str) -> None:
    """Experts call it on their way. Not a format: extensions and two numbers are written in many ways."""
    if phone.strip() and sum(character.isdecimal() for character in phone) < _PHONE_DIGITS_MIN:
        message = "联系方式应为手机号或带区号的电话，例如13800138000、0731-88881234。"
        raise InvalidInput(message, field="contact_phone")


def check_spoken_texts(form: CallNoticeForm, book: Rulebook) -> None:
    """What calls speak names no organisation and tells no number. Raises InvalidInput, RuleViolation."""
    faults = Faults()
    for field in _SPOKEN_FIELDS:
        faults.check(_check_no_organisation, getattr(form, field), field, book)
        faults.check(_check_no_number, getattr(form, field), field)
    faults.raise_any()


def _check_no_organisation(text: str, field: str, book: Rulebook) -> None:
    if word := find_organisation(text, book.draw.notice.address_forbidden_words):
        raise violation(
            book,
            "draw.notice.address_forbidden_words",
            f"{_NOTICE_LABELS[field]}不能出现单位名称（含“{word}”），{_REWORDING.get(field, '请只写地址')}。",
            field=field,
        )


def _check_no_number(text: str, field: str) -> None:
    if number := find_number(half_width(text)):
        message = f"{_NOTICE_LABELS[field]}不能有电话或其他号码（“{number}”）：电话里会念出来；号码请填在“联系方式”。"
        raise InvalidInput(message, code="number_in_text", field=field)


def check_names_nobody(form: CallNoticeForm, project_names: Collection[str], person_names: Collection[str]) -> None:
    """Calls name neither the project and its parties nor a person. An address may sound like a name. Raises
    InvalidInput."""
    faults = Faults()
    for field in ("room", "remark"):
        text: str = getattr(form, field)
        label = _NOTICE_LABELS[field]
        if name := find_name(text, project_names, shortest=3):
            message = f"{label}不能出现项目、标段或其当事人的名称和编号（“{name}”）：电话里会念出来，请删去。"
            faults.add(InvalidInput(message, code="project_in_text", field=field))
        elif name := find_name(text, person_names, shortest=2) or find_titled_name(text):
            message = f"{label}不能出现人名（“{name}”）：电话里会念出来；联系人请填在“联系人”。"
            faults.add(InvalidInput(message, code="person_in_text", field=field))
    faults.raise_any()


def _check_gathering(at: datetime, draw_starts_at: datetime, now: datetime) -> None:
    if at <= now:
        raise InvalidInput("集合时间已过，请重新设置。", field="gathering_at")
    if at > draw_starts_at:
        raise InvalidInput("集合时间不能晚于预计评标开始时间。", field="gathering_at")


def check_venue(venue: str, book: Rulebook) -> None:
    """The venue of a draw on site; a pool without a list of venues accepts any. Raises InvalidInput."""
    if book.offered_venues and venue.strip() not in [listed_venue.name for listed_venue in book.offered_venues]:
        raise InvalidInput(
            "进场项目请从列表中选择评标场所；不在交易中心评标的，请在活动信息中把“是否进场项目”改为否。",
            code="venue_unknown",
            field="venue",
        )


def check_condition_form(form: ConditionForm, book: Rulebook, remaining: int) -> None:
    """``remaining`` is how many experts may still be planned."""
    faults = Faults()
    faults.check(check_requirements, form, book)
    if not 1 <= form.planned <= remaining:
        message = f"条件计划抽取人数应为1到{remaining}人（剩余可设置人数）。"
        faults.add(InvalidInput(message, field="planned"))
    faults.raise_any()


def check_requirements(form: ConditionForm, book: Rulebook) -> None:
    """A condition without its number. Raises InvalidInput, RuleViolation."""
    rules, faults = book.draw, Faults()
    if form.notice_id is None:
        faults.add(InvalidInput("请选择语音通知。", code="missing", field="notice_id"))
    if form.region_mode not in rules.region_modes:
        faults.add(InvalidInput("请选择按常驻地或按意愿评标地抽取。", field="region_mode"))
    faults.check(_check_regions, form, book)
    if not form.specialty:
        faults.add(InvalidInput("请选择主专业。", field="specialty"))
    if form.alternative and not rules.alternative_specialty:
        message = "本专家库不支持备选专业。"
        faults.add(violation(book, "draw.alternative_specialty", message, field="alternative"))
    if form.alternative and form.alternative == form.specialty:
        faults.add(InvalidInput("备选专业不能与主专业相同。", field="alternative"))
    faults.raise_any()


def _check_regions(form: ConditionForm, book: Rulebook) -> None:
    if not form.regions:
        raise InvalidInput("请选择抽取地区。", field="regions")
    if len(form.regions) > REGIONS_MAX:
        raise InvalidInput(f"抽取地区最多{REGIONS_MAX}个，请减少后再保存。", field="regions")
    if len(form.regions) > 1 and not book.draw.several_regions:
        raise violation(book, "draw.several_regions", "一个条件只能选择一个地区。", field="regions")


def check_emergency(emergency: bool, starts_at: datetime, now: datetime, book: Rulebook, where: str = "") -> None:
    """Whether a condition may ask for emergency experts alone. Raises RuleViolation, prefixed with ``where``."""
    rules = book.draw.emergency
    if not emergency:
        return
    if not rules.conditions:
        message = f"{where}本专家库不单独抽取应急专家，请去掉“只抽应急专家”。"
        raise violation(book, "draw.emergency.conditions", message, field="emergency")
    if starts_at - now > rules.within:
        message = f"{where}只抽应急专家限于{rules.span}内开始的评标，请去掉“只抽应急专家”。"
        raise violation(book, "draw.emergency.within", message, field="emergency")


def check_counts(planned: Sequence[int], needed: int) -> None:
    """The conditions must add up to the number of experts, or the next step is blocked."""
    total = sum(planned)
    if total != needed:
        raise InvalidInput(
            f"抽取条件共{total}人，应为{needed}人，请调整后再提交。", code="counts_differ", field="conditions"
        )
