"""Why an expert is not drawn now, and what ends it: the one answer that badge, pages, chat and mini-program show.

``services.draws.call_order.eligibility`` bars such experts from draws; ``services.experts.not_drawn`` finds them in
lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.clock import local, print_date, print_until
from domain.courses.lifecycles import EnrolmentState
from domain.courses.make_ups import MakeUp, make_up_of
from domain.experts.sanctions import period_words
from domain.identity import born_after
from domain.rulebook.book import Rulebook
from domain.rulebook.courses import load_rules
from services.experts.not_drawn import IS_MISSED, IS_PAUSE
from services.experts.renewals import IS_RENEWING, NEXT_CAMPAIGN, renewal_of
from services.experts.required_courses import STUDY_FACTS, STUDY_JOINS, ended_study
from services.experts.suspended import IN_FORCE

Cause = Literal["self", "office", "course", "term", "age"]
_COURSES = f"""ARRAY(SELECT to_jsonb(r) FROM (
  SELECT n.id, c.name, c.rules, n.opens_at, n.closes_at, n.progress, f.id AS fee_id, f.closes_at AS pay_until,
    EXISTS (SELECT 1 FROM exam_attempt t WHERE t.candidate_id = k.id AND t.state IN ('sealed', 'graded')) AS marking,
    {STUDY_FACTS}
  FROM course_enrolment n JOIN course c ON c.id = n.course_id {STUDY_JOINS}
  LEFT JOIN fee f ON f.enrolment_id = n.id AND f.state = 'due'
  WHERE n.expert_id = {{expert}}.id AND {IS_MISSED} ORDER BY n.called_at, n.id) r)"""
_SANCTIONS = f"""ARRAY(SELECT to_jsonb(r) FROM (
  SELECT s.starts_at, s.ends_at, s.reason, s.decided_at, s.appealed_at, s.answered_at
    FROM sanction s WHERE s.expert_id = {{expert}}.id AND {IN_FORCE}
    AND (s.ends_at IS NULL OR s.ends_at > {{now}}) ORDER BY s.starts_at) r)"""
"""Suspensions by the office that are not over; one may lie ahead."""
_OVER = "{expert}.term_until <= {now}"
_OWN_PAUSE = f"""(SELECT json_build_object('since', u.starts_at, 'reason', u.reason) FROM unavailability u
  WHERE u.expert_id = {{expert}}.id AND {IS_PAUSE} AND u.starts_at <= {{now}} ORDER BY u.starts_at LIMIT 1)"""
_COLUMNS = {
    "own_pause": _OWN_PAUSE,
    "suspending_sanctions": _SANCTIONS,
    "suspending_courses": _COURSES,
    "next_campaign": f"CASE WHEN {_OVER} THEN {NEXT_CAMPAIGN} END",
    "is_renewing": f"({_OVER} AND {IS_RENEWING})",
}


@dataclass(frozen=True)
class Suspension:
    """``action`` and ``route`` are empty where only others can end it: then ``detail`` says who."""

    cause: Cause
    title: Annotated[str, Field(examples=["未完成必修培训，已暂停抽取"])]
    detail: str
    action: str = ""
    route: str = ""
    until: datetime | None = None
    enrolment_id: UUID | None = None
    """The course that is missing."""


def suspension_columns(expert: str, now: str) -> str:
    """Columns for ``suspensions_of``: of the row ``expert`` that a statement has found, with the placeholder of the
    present moment."""
    columns = ", ".join(f"{sql.format(expert=expert, now=now)} AS {name}" for name, sql in _COLUMNS.items())
    return f"{expert}.term_until, {expert}.born_on, {columns}"


def coming_suspension(row: Mapping[str, Any], now: datetime) -> str:
    """A suspension by the office that has not begun, in words; empty: there is none."""
    for sanction in map(_sanction, row["suspending_sanctions"]):
        if sanction["starts_at"] > now:
            return f"管理机构决定暂停您参加抽取：{_terms_of(sanction)}这段时间的评标现在也不抽取您。"
    return ""


def suspensions_of(row: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> tuple[Suspension, ...]:
    """All that keeps an expert in the pool from being drawn; empty: nothing does."""
    return tuple(_suspensions(row, book, pool, now))


def _suspensions(row: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> Iterator[Suspension]:
    hotline = book.pool.hotline
    if row["own_pause"] is not None:
        yield _for_pause(_with_times(json.loads(row["own_pause"]), "since"), pool)
    for sanction in map(_sanction, row["suspending_sanctions"]):
        if sanction["starts_at"] <= now:
            yield _for_sanction(sanction, book, pool, now)
    for course in row["suspending_courses"]:
        times = ("opens_at", "closes_at", "pay_until", "exam_closes", "unsigned_lecture")
        yield _for_course(_with_times(json.loads(course), *times), hotline, f"/h5/{pool}", now)
    if row["term_until"] is not None and row["term_until"] <= now:
        yield _for_term(row, book, pool, now)
    if age := _for_age(row["born_on"], book, local(now).date()):
        yield age


def _for_pause(pause: Mapping[str, Any], pool: str) -> Suspension:
    why = f"（{pause['reason']}）" if pause["reason"] else ""
    detail = f"您从{print_date(pause['since'])}起暂停接受抽取{why}，恢复前不会抽到您。"
    return Suspension("self", "您已暂停接受抽取", detail, "去恢复", f"/h5/{pool}/periods")


def _for_sanction(sanction: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> Suspension:
    ends_at, title, page = sanction["ends_at"], "管理机构已暂停您参加抽取", f"/h5/{pool}/sanctions"
    detail = f"{_terms_of(sanction)}{'到期自动恢复。' if ends_at else ''}"
    appeal_until = sanction["decided_at"] + book.sanctions.appeal_within
    if sanction["appealed_at"] is None and appeal_until > now:
        advice, action = f"有异议的，可在{print_date(appeal_until)}前提出申诉。", "申诉"
    elif sanction["appealed_at"] is not None and sanction["answered_at"] is None:
        advice, action = "您的申诉正在办理，由管理机构答复并通知您。", "查看申诉"
    else:
        advice, action = f"有疑问请拨打{book.pool.hotline}。", "查看处理"
    return Suspension("office", title, f"{detail}{advice}", action, page, ends_at)


def _terms_of(sanction: Mapping[str, Any]) -> str:
    reason = str(sanction["reason"]).rstrip("。")
    return f"{period_words(sanction['starts_at'], sanction['ends_at'])}。原因：{reason}。"


def _sanction(text: str) -> Mapping[str, Any]:
    return _with_times(json.loads(text), "starts_at", "ends_at", "decided_at")


def _for_course(course: Mapping[str, Any], hotline: str, base: str, now: datetime) -> Suspension:
    page, until = f"{base}/courses/{course['id']}", course["closes_at"]
    study = ended_study(course, now)
    make_up = make_up_of(study, load_rules(course["rules"])) or ("lecture_over" if study.missed_lecture else "")
    if make_up:
        step, action = _AFTER_END[make_up].format(hotline=hotline), "去补学" if make_up in ("paid", "free") else "查看"
        until = None
    elif course["fee_id"] is not None:
        step, action = f"请在{print_until(course['pay_until'], now)}前缴费", "去缴费"
        page, until = f"{base}/pay?fee={course['fee_id']}", course["pay_until"]
    elif course["state"] == EnrolmentState.LEARNED:
        step, action, until = f"内容已学完，{_exam_step(course, hotline, now)}", "查看", None
        if course["candidate"] == "called" and not course["marking"]:
            action, page, until = "去考试", f"{base}/exams/{course['candidate_id']}", course["exam_closes"]
    elif course["opens_at"] is None:
        step, action, until = "已缴费，开通后请按时学完", "查看", None
    elif course["opens_at"] > now:
        step, action = f"{print_until(course['opens_at'], now)}起可以学习", "查看"
    else:
        step, action = f"已学{course['progress'] // 10}%，请在{print_until(until, now)}前学完", "去学习"
    detail = f"{course['name']}：{step}。完成后自动恢复。"
    return Suspension("course", "未完成必修培训，已暂停抽取", detail, action, page, until, UUID(course["id"]))


def _exam_step(course: Mapping[str, Any], hotline: str, now: datetime) -> str:
    """Of who has learned everything and has not passed the examination yet."""
    match course["candidate"]:
        case None:
            return "考试由管理机构安排并通知您，考试合格后恢复"
        case "called" if course["marking"]:
            return "已交卷，等待公布成绩，考试合格后恢复"
        case "called":
            return f"请在{print_until(course['exam_closes'], now)}前参加考试，考试合格后恢复"
        case "left":
            return f"您已退出结业考试，请拨打{hotline}，由管理机构另行安排"
    return "考试结果正在登记，有结果会通知您"


_AFTER_END: Mapping[MakeUp, str] = {
    "paid": "缴费后可以补学",
    "free": "可以补学，不另收费",
    "lecture_over": "有面授或直播没有签到，请拨打{hotline}，由管理机构登记或另行安排",
    "exam_over": "结业考试已结束，请拨打{hotline}，由管理机构另行安排",
    "by_office": "补学由管理机构安排，请拨打{hotline}",
}


def _for_term(row: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> Suspension:
    over, renewal = print_date(row["term_until"]), renewal_of(row, book, pool, now)
    detail = f"您的聘期已于{over}届满，{book.campaigns.name_of('renewal')}通过后恢复抽取。{renewal.advice}。"
    return Suspension("term", "聘期已满，不再抽取", detail, renewal.action, renewal.route, renewal.until)


def _for_age(born: date | None, book: Rulebook, today: date) -> Suspension | None:
    limit, hotline = book.entry.age_max, book.pool.hotline
    if limit is None or (born is not None and born > born_after(today, limit)):
        return None
    if born is None:
        return Suspension("age", "没有登记出生日期，暂不抽取", f"请拨打{hotline}，由管理机构核对身份证号。")
    return Suspension("age", f"已满{limit + 1}周岁，不再抽取", f"登记的出生日期有误的，请拨打{hotline}更正。")


def _with_times(facts: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """JSON's texts of these moments as moments."""
    moments = {name: datetime.fromisoformat(facts[name]) for name in names if facts[name] is not None}
    return {**facts, **moments}
