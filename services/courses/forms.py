"""The forms of courses and items, their requirements, and the check list before publishing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from domain.errors import InvalidInput, NotFound
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
class CourseData:
    """The form of a course. ``audience`` is a key of ``AUDIENCES``, ``amount`` in fen, None: free."""

    name: str
    opens_at: datetime
    closes_at: datetime
    audience: str = "all"
    campaigns: tuple[UUID, ...] = ()
    description: str = ""
    amount: int | None = None
    exam_id: UUID | None = None
    required: bool = False


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


async def check_course(book: Rulebook, pool: str, data: CourseData) -> CourseData:
    """The form with cleaned texts. Raises InvalidInput that names the field, NotFound."""
    name = check_text(" ".join(data.name.split()), "name", "课程名称", NAME_MAX, required=True)
    description = check_text(
        data.description.replace("\r\n", " ").replace("\n", " "), "description", "课程说明", DESCRIPTION_MAX
    )
    if data.opens_at >= data.closes_at:
        raise InvalidInput("结束时间应晚于开始时间。", code="window_turned", field="closes_at")
    if data.closes_at - data.opens_at > WINDOW_MAX:
        raise InvalidInput("课程最长一年，请缩短。", code="window_long", field="closes_at")
    if data.audience not in AUDIENCES:
        raise InvalidInput("请选择参加的专家。", code="no_choice", field="audience")
    _check_amount(book, data.amount)
    await _check_campaigns(pool, data)
    if data.exam_id is not None and not await Exam.exists(id=data.exam_id, pool=pool, purpose="single"):
        raise NotFound("找不到这场考试，请刷新后重新选择；课程的考试用途应为“个别考试”。", code="exam_unknown")
    campaigns = data.campaigns if data.audience == "campaigns" else ()
    return replace(data, name=name, description=description, campaigns=campaigns)


def _check_amount(book: Rulebook, amount: int | None) -> None:
    if amount is None:
        return
    if book.fee is None:
        raise InvalidInput("本专家库没有开通缴费，课程只能免费。", code="no_fee", field="amount")
    if not 1 <= amount <= AMOUNT_MAX:
        raise InvalidInput("费用应在0.01元至100万元之间；免费请留空。", code="amount", field="amount")


async def _check_campaigns(pool: str, data: CourseData) -> None:
    if data.audience != "campaigns":
        return
    known = await Campaign.filter(id__in=list(data.campaigns), pool=pool).count() if data.campaigns else 0
    if not known or known != len(set(data.campaigns)):
        raise InvalidInput("请选择至少一个征集批次。", code="missing", field="campaigns")


def check_item(data: CourseItemData) -> CourseItemData:
    """The form with cleaned texts. Raises InvalidInput that names the field."""
    title = check_text(" ".join(data.title.split()), "title", "标题", NAME_MAX, required=True)
    if data.kind not in KINDS:
        raise InvalidInput("请选择内容形式。", code="no_choice", field="kind")
    if data.credit is not None and not 0 <= data.credit <= _CREDIT_MAX:
        raise InvalidInput("学时应在0至100之间；留空则按时长计算。", code="credit", field="credit")
    if data.kind != "live":
        return CourseItemData(data.kind, title, data.credit)
    if data.starts_at is None or data.ends_at is None or data.starts_at >= data.ends_at:
        raise InvalidInput("请填写直播或面授的起止时间，结束应晚于开始。", code="window_turned", field="ends_at")
    if data.ends_at - data.starts_at > timedelta(hours=12):
        raise InvalidInput("一次直播或面授最长12小时。", code="window_long", field="ends_at")
    place = check_text(" ".join(data.place.split()), "place", "地点或直播地址", PLACE_MAX, required=True)
    return replace(data, title=title, place=place)


async def missing_of(book: Rulebook, course: Course, now: datetime) -> tuple[CourseFault, ...]:
    """The check list of a draft."""
    items = await CourseItem.filter(course_id=course.id).order_by("position")
    found = [CourseFault("bad", "还没有学习内容")] if not items else []
    found += [
        CourseFault("bad", f"“{one.title}”还没有上传视频") for one in items if one.kind == "video" and not one.seconds
    ]
    found += [
        CourseFault("bad", f"“{one.title}”还没有上传页面") for one in items if one.kind == "pages" and not one.pages
    ]
    if course.closes_at <= now:
        found.append(CourseFault("bad", "结束时间已经过去"))
    if course.audience == "listed" and not await CourseEnrolment.exists(course_id=course.id):
        found.append(CourseFault("bad", "名单里还没有学员"))
    if course.exam_id is not None:
        found += _missing_of_exam(course, await Exam.get(id=course.exam_id))
    if course.required and not book.course.undrawn:
        found.append(CourseFault("hint", "本专家库的规则不会因未完成培训暂停抽取"))
    return tuple(found)


def _missing_of_exam(course: Course, exam: Exam) -> list[CourseFault]:
    if exam.state not in ("draft", "published"):
        return [CourseFault("bad", f"考试“{exam.name}”已结束或取消，请换一场")]
    found = [CourseFault("hint", f"考试“{exam.name}”还没有发布，学完的学员要等它发布")] if exam.state == "draft" else []
    if exam.closes_at < course.closes_at:
        found.append(CourseFault("hint", f"考试“{exam.name}”比课程先结束，学完较晚的学员考不上"))
    return found
