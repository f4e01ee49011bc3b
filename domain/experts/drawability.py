"""Why an expert is not drawn (为什么没有抽到我): what bars him now, what leaves panels out, and what is chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.clock import local, print_date
from domain.experts.times_off import TimesOff
from domain.rulebook.book import Rulebook

Bar = Literal["temporary", "no_specialty", "self", "office", "course", "term", "age"]
"""What keeps an expert in the pool from all draws; ``services.experts.not_drawn`` finds them by these codes."""
Limit = Literal["office_ahead", "term_ending", "course_due", "away", "panels"]
"""What keeps him from some draws, or soon will."""
BARS: Mapping[str, str] = {
    "temporary": "临时专家",
    "no_specialty": "没有评标专业",
    "self": "本人暂停抽取",
    "office": "管理机构暂停抽取",
    "course": "未完成必修培训",
    "term": "聘期已满",
    "age": "已超龄或年龄无法核对",
}
"""Each ``Bar`` in words for the office. Limits have none, since they tell of panels, which may be sealed."""
COUNTED = 100
"""Draws up to which is counted; all further ones are 100场以上."""
_BANDS = ((1, "没有"), (5, "少于5场"), (10, "5至9场"), (20, "10至19场"), (50, "20至49场"), (COUNTED, "50至99场"))
"""Counts below each limit, in words: bands, so that single draws can't be told from a difference."""


@dataclass(frozen=True)
class OwedCourse:
    """A required course that is not finished. ``until``: when the time for it ends or ended; None: not known."""

    enrolment_id: UUID
    name: str
    until: datetime | None


@dataclass(frozen=True)
class Reason:
    """Why no draw, or not every draw, calls the expert. ``way``: what to do, the words of a link to ``page`` below
    ``/h5/{pool}/``; both empty: there is nothing to do, or ``text`` says it."""

    code: Bar | Limit
    text: str
    way: str = ""
    page: str = ""

    @property
    def bars(self) -> bool:
        """Whether no draw calls him as long as it holds."""
        return self.code in BARS


@dataclass(frozen=True)
class Standing:
    """What decides whether an expert in the pool is drawn. ``suspensions``: what bars a formal expert (暂停抽取), in
    words for him; ``coming_suspension``: one by the office that has not begun. ``applying``: type of a live application
    for entry or renewal, else empty. ``away``: when he is not to be drawn, without a pause, which suspends.
    ``panels``: accepted ones that are not over."""

    membership: str
    has_specialties: bool
    term_until: datetime | None
    suspensions: tuple[Reason, ...] = ()
    coming_suspension: str = ""
    due_courses: tuple[OwedCourse, ...] = ()
    away: tuple[TimesOff, ...] = ()
    panels: int = 0
    applying: str = ""


def reasons_of(standing: Standing, book: Rulebook, now: datetime) -> tuple[Reason, ...]:
    """Reasons that bar first."""
    reasons = [*_membership(standing), *standing.suspensions, *_term(standing, book, now)]
    if standing.coming_suspension:
        reasons.append(Reason("office_ahead", standing.coming_suspension))
    reasons += [*_courses(standing), *_times(standing, now)]
    return tuple(sorted(reasons, key=lambda reason: not reason.bars))


def describe_matches(count: int) -> str:
    """``5至9场`` for a number of draws, counted up to ``COUNTED``."""
    return next((words for limit, words in _BANDS if count < limit), f"{COUNTED}场以上")


def counted_months(now: datetime, entered: datetime) -> tuple[datetime, datetime]:
    """First moment of the first counted month, and of the present one, which never counts, so that no count tells of a
    draw that goes on: the last twelve whole months, without those before the expert had entered."""
    until = _month_begin(local(now))
    begin = max(until.replace(year=until.year - 1), _month_after(local(entered)))
    return min(begin, until), until


def _membership(standing: Standing) -> list[Reason]:
    reasons = []
    if standing.membership != "formal":
        text = "您目前是临时专家，成为正式专家后才参加抽取。"
        if standing.applying == "first":
            reasons.append(Reason("temporary", f"{text}入库申请正在办理。", "查看进度", "apply/status"))
        else:
            reasons.append(Reason("temporary", text, "申请入库", "apply"))
    if not standing.has_specialties:
        text = "您的档案没有登记评标专业，抽取按专业进行。"
        reasons.append(Reason("no_specialty", text, "看怎样变更", "file#ways"))
    return reasons


def _term(standing: Standing, book: Rulebook, now: datetime) -> list[Reason]:
    """A term that ends soon; one that is over is a suspension."""
    until = standing.term_until
    if until is None or not now < until <= now + book.entry.ending_notice:
        return []
    text = f"您的聘期至{print_date(until)}，此后的评标不抽取您。"
    if standing.applying == "renewal":
        return [Reason("term_ending", f"{text}续聘申请正在办理。", "查看进度", "apply/status")]
    return [Reason("term_ending", text, "看能否续聘", "apply")]


def _courses(standing: Standing) -> list[Reason]:
    reasons = []
    for course in standing.due_courses:
        until = f"请在{print_date(course.until)}前完成，" if course.until else ""
        text = f"必修培训《{course.name}》还没有完成，{until}逾期将暂停抽取。"
        reasons.append(Reason("course_due", text, "去培训", f"courses/{course.enrolment_id}"))
    return reasons


def _times(standing: Standing, now: datetime) -> list[Reason]:
    reasons = []
    for times in standing.away:
        text = f"您设置了{times.text(now)}不接受抽取，这些时间的评标不抽取您。"
        reasons.append(Reason("away", text, "修改时间", "periods"))
    if standing.panels:
        text = f"您已同意{standing.panels}场还没有结束的评标，与它们时间重叠的评标不抽取您。"
        reasons.append(Reason("panels", text, "看我的评标", "panels"))
    return reasons


def _month_begin(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _month_after(at: datetime) -> datetime:
    """The first moment of the month after this one."""
    year, month = at.year + at.month // 12, at.month % 12 + 1
    return _month_begin(at.replace(year=year, month=month, day=1))
