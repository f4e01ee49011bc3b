"""The forms of courses and items, their requirements, and the check list before publishing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.errors import InvalidInput, NotFound
from domain.faults import Faults, check_given
from domain.rulebook.book import Rulebook
from models.campaigns import Campaign
from models.courses import Course, CourseEnrolment, CourseItem
from models.exams import Exam
from services.core.short_texts import check_text

NAME_MAX, DESCRIPTION_MAX, REASON_MAX, PLACE_MAX = 40, 500, 100, 200
AMOUNT_MAX = 100_000_000
WINDOW_MAX = timedelta(days=366)
_CREDIT_MAX = 10_000
AUDIENCES: Mapping[str, str] = {"all": "全体专家", "campaigns": "指定征集批次入库的专家", "listed": "名单内的专家"}
KINDS: Mapping[str, str] = {"video": "视频", "pages": "图文", "live": "直播或面授"}


@dataclass(frozen=True)
class CourseForm:
    """The form of a course as typed. ``audience`` is a key of ``AUDIENCES``, ``amount`` in fen, None: free."""

    name: str
    opens_at: datetime | None
    closes_at: datetime | None
    audience: str = "all"
    campaigns: tuple[UUID, ...] = ()
    description: str = ""
    amount: int | None = None
    exam_id: UUID | None = None
    required: bool = False


@dataclass(frozen=True)
class CourseData(CourseForm):
    """A form that is complete."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class CourseItemData:
    """The form of an item. ``kind`` is a key of ``KINDS``; ``credit`` in hundredths of a class hour, or by length."""

    kind: str
    title: str
    credit: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    place: str = ""


@dataclass(frozen=True)
class CourseFault:
    """An entry of the check list. ``level`` bad prevents publishing."""

    level: Literal["bad", "hint"]
    text: str


async def check_course(book: Rulebook, pool: str, form: CourseForm) -> CourseData:
    """The form with cleaned texts. Raises InvalidInput with all its faults, each with its field; NotFound."""
    faults = Faults()
    name = faults.check(check_text, " ".join(form.name.split()), "name", "课程名称", NAME_MAX, required=True)
    lines = form.description.replace("\r\n", " ").replace("\n", " ")
    description = faults.check(check_text, lines, "description", "课程说明", DESCRIPTION_MAX)
    opens = faults.check(check_given, form.opens_at, "opens_at", "开始时间")
    closes = faults.check(check_given, form.closes_at, "closes_at", "结束时间")
    if form.opens_at and form.closes_at:
        faults.check(_check_window, form.opens_at, form.closes_at)
    faults.check(_check_audience, form.audience)
    with faults.part():
        await _check_campaigns(pool, form)
    faults.check(_check_amount, book, form.amount)
    faults.raise_any()
    if form.exam_id is not None and not await Exam.exists(id=form.exam_id, pool=pool, purpose="single"):
        raise NotFound("找不到这场考试，请刷新后重新选择；课程的考试用途应为“个别考试”。", code="exam_unknown")
    campaigns = form.campaigns if form.audience == "campaigns" else ()
    clean = {"name": name, "description": description, "campaigns": campaigns}
    return CourseData(**{**vars(form), **clean, "opens_at": opens, "closes_at": closes})


def check_course_reason(reason: str) -> str:
    """The reason that participants read, on one line. Raises InvalidInput."""
    return check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)


def _check_window(opens: datetime, closes: datetime) -> None:
    if opens >= closes:
        raise InvalidInput("结束时间应晚于开始时间。", code="window_turned", field="closes_at")
    if closes - opens > WINDOW_MAX:
        raise InvalidInput("课程最长一年，请缩短。", code="window_long", field="closes_at")


def _check_audience(audience: str) -> None:
    if audience not in AUDIENCES:
        raise InvalidInput("请选择参加的专家。", code="no_choice", field="audience")


def _check_amount(book: Rulebook, amount: int | None) -> None:
    if amount is None:
        return
    if book.fee is None:
        raise InvalidInput("本专家库没有开通缴费，课程只能免费。", code="no_fee", field="amount")
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidInput("费用应在0.01元至100万元之间；免费请留空。", code="amount", field="amount")


async def _check_campaigns(pool: str, form: CourseForm) -> None:
    if form.audience != "campaigns":
        return
    count = await Campaign.filter(id__in=list(form.campaigns), pool=pool).count() if form.campaigns else 0
    if not count or count != len(set(form.campaigns)):
        raise InvalidInput("请选择至少一个征集批次。", code="missing", field="campaigns")


def check_item(data: CourseItemData) -> CourseItemData:
    """The form with cleaned texts. Raises InvalidInput with all its faults, each with its field."""
    faults = Faults()
    title = faults.check(check_text, " ".join(data.title.split()), "title", "标题", NAME_MAX, required=True)
    faults.check(_check_kind, data.kind)
    faults.check(_check_credit, data.credit)
    if data.kind != "live":
        faults.raise_any()
        return CourseItemData(data.kind, title, data.credit)
    faults.check(_check_lecture, data.starts_at, data.ends_at)
    place = faults.check(_check_place, data.place)
    faults.raise_any()
    return replace(data, title=title, place=place)


def _check_place(typed: str) -> str:
    place = check_text(" ".join(typed.split()), "place", "地点或直播地址", PLACE_MAX, required=True)
    if "://" in place and not place.startswith("https://"):
        raise InvalidInput("直播地址应以https://开头。", code="not_https", field="place")
    return place


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise InvalidInput("请选择内容形式。", code="no_choice", field="kind")


def _check_credit(credit: int | None) -> None:
    if credit is not None and not 0 <= credit <= _CREDIT_MAX:
        raise InvalidInput("学时应在0至100之间；留空则按时长计算。", code="credit", field="credit")


def _check_lecture(starts: datetime | None, ends: datetime | None) -> None:
    if starts is None or ends is None or starts >= ends:
        raise InvalidInput("请填写直播或面授的起止时间，结束应晚于开始。", code="window_turned", field="ends_at")
    if ends - starts > timedelta(hours=12):
        raise InvalidInput("一次直播或面授最长12小时。", code="window_long", field="ends_at")


async def find_faults(book: Rulebook, course: Course, now: datetime) -> tuple[CourseFault, ...]:
    """The check list of a draft."""
    items = await CourseItem.filter(course_id=course.id).order_by("position")
    faults = [CourseFault("bad", "还没有学习内容")] if not items else []
    faults += [
        CourseFault("bad", f"“{item.title}”还没有上传视频")
        for item in items
        if item.kind == "video" and not item.seconds
    ]
    faults += [
        CourseFault("bad", f"“{item.title}”还没有上传页面") for item in items if item.kind == "pages" and not item.pages
    ]
    faults += [
        CourseFault("bad", f"“{item.title}”不在课程的起止时间内，学员不能签到")
        for item in items
        if item.starts_at and item.ends_at and not course.opens_at <= item.starts_at < item.ends_at <= course.closes_at
    ]
    if course.closes_at <= now:
        faults.append(CourseFault("bad", "结束时间已经过去"))
    if course.audience == "listed" and not await CourseEnrolment.exists(course_id=course.id):
        faults.append(CourseFault("bad", "名单里还没有学员"))
    if course.exam_id is not None:
        faults += _find_exam_faults(course, await Exam.get(id=course.exam_id))
    if course.required and not book.course.undrawn:
        faults.append(CourseFault("hint", "本专家库的规则不会因未完成培训暂停抽取"))
    return tuple(faults)


def _find_exam_faults(course: Course, exam: Exam) -> list[CourseFault]:
    if exam.state not in ("draft", "published"):
        return [CourseFault("bad", f"考试“{exam.name}”已结束或取消，请换一场")]
    faults = (
        [CourseFault("hint", f"考试“{exam.name}”还没有发布，学完的学员要等它发布")] if exam.state == "draft" else []
    )
    if exam.closes_at < course.closes_at:
        faults.append(CourseFault("hint", f"考试“{exam.name}”比课程先结束，学完较晚的学员考不上"))
    return faults
