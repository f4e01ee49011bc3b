"""Checks who may begin an application of which type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.clock import print_date
from domain.errors import Conflict
from domain.forms.checking import age_on
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from models.campaigns import Campaign
from models.experts import Expert
from services.applications.applicants import facts_of, find_expert, is_own_file, today
from services.applications.repository import has_enrolled
from services.core.base import Deps, rows, violation

TRAINING = """
SELECT count(*) > 0 AS completed, coalesce(bool_or(n.exam_state = 'passed' OR EXISTS (
         SELECT 1 FROM exam_candidate k
          WHERE k.expert_id = n.expert_id AND k.state = 'passed' AND k.concluded_at >= n.called_at)), FALSE) AS examined
  FROM certificate c JOIN course_enrolment n ON n.id = c.source_id
 WHERE c.account_id = $1 AND c.kind = 'course' AND c.state = 'valid'
   AND (c.valid_until IS NULL OR c.valid_until > $2)
"""
"""SQL: the ``Training`` of the account ``$1`` at the moment ``$2``."""


@dataclass(frozen=True)
class Training:
    """Whether a valid certificate of a course is held, and whether that course, or what followed it, was examined."""

    completed: bool
    examined: bool


async def check_person(
    deps: Deps, account: Account, entry_type: EntryType, campaign: Campaign | None, now: datetime
) -> Expert | None:
    """The expert's record; None for a first application. Raises RuleViolation or Conflict."""
    book = deps.book(account.pool)
    _check_age(deps, book, account)
    if campaign is not None:
        await _check_once(book, account, entry_type, campaign)
    expert = await find_expert(account)
    if entry_type == "first":
        if expert is not None and expert.membership_status == "formal":
            raise Conflict("您已是本库专家，无需再次申请；到期前可办理续聘。", code="already_expert")
        return None
    own = _own_file(book, account, expert, entry_type)
    if entry_type == "renewal":
        _check_term(book, own, now)
    else:
        _check_formal(own)
    if entry_type == "change" and book.campaigns.change_after_course:
        [training] = await rows(TRAINING, account.id, now)
        _check_trained(book, Training(**training))
    return own


def check_change(deps: Deps, account: Account, expert: Expert, training: Training) -> None:
    """The same of an expert's change of the file, for a caller that has read everything. Raises as ``check_person``."""
    book = deps.book(account.pool)
    _check_age(deps, book, account)
    _check_formal(_own_file(book, account, expert, "change"))
    if book.campaigns.change_after_course:
        _check_trained(book, training)


def _check_age(deps: Deps, book: Rulebook, account: Account) -> None:
    birth, limit = facts_of(deps, account).birth, book.form.age_max
    if limit is not None and birth is not None and (age := age_on(birth, today(deps))) > limit:
        raise violation(book, "form.age_max", f"您已满{age}周岁，超过{limit}周岁无法申请成为专家。")


async def _check_once(book: Rulebook, account: Account, entry_type: EntryType, campaign: Campaign) -> None:
    if book.campaigns.once:
        same = Application.filter(account_id=account.id, campaign_id=campaign.id, state="refused")
        if await same.exists():
            raise violation(book, "campaigns.once", "您在本次征集中的申请未通过，请关注下一次征集通知。")
    if entry_type == "education" and await has_enrolled(account.id, campaign.id):
        raise Conflict("您已完成本次继续教育报名，课程开放后会通知您，无需再次报名。", code="already_enrolled")


def _own_file(book: Rulebook, account: Account, expert: Expert | None, entry_type: EntryType) -> Expert:
    if expert is None:
        instead = "请选择新增申请" if entry_type == "renewal" else f"如您已入库，请拨打{book.pool.hotline}核实"
        raise Conflict(f"库中没有您的专家档案，{instead}。", code="no_expert_file")
    if not is_own_file(account, expert):
        name = book.campaigns.name_of(entry_type)
        raise Conflict(
            f"专家档案中登记的手机号与您的不一致，请拨打{book.pool.hotline}核实后再办理{name}。", code="file_differs"
        )
    return expert


def _check_formal(expert: Expert) -> None:
    if expert.membership_status != "formal":
        raise Conflict("成为正式专家后才能办理，请先完成入库申请。", code="not_formal")


def _check_term(book: Rulebook, expert: Expert, now: datetime) -> None:
    """Renewal is offered before the term ends."""
    before, until = book.entry.renewal_before, expert.term_until
    if before is not None and until is not None and now < until - before:
        raise violation(
            book,
            "entry.renewal_before",
            f"您的聘期至{print_date(until)}，请在{print_date(until - before)}以后办理续聘。",
        )


def _check_trained(book: Rulebook, training: Training) -> None:
    """Both are demanded, the course and an examination, of which a course may have none. One that the office holds
    afterwards does as well."""
    if not training.examined:
        hotline = book.pool.hotline
        ways = f"您已完成的继续教育没有考试，请拨打{hotline}，由管理机构安排考试。" if training.completed else ""
        raise violation(
            book,
            "campaigns.change_after_course",
            f"完成继续教育、考试合格并取得合格证书后，才能申请变更所在市州、工作单位和专业等信息。{ways}",
        )
