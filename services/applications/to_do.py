"""A person's to-do items (待办事项), named as in the pool's manual, each with its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState
from domain.clock import print_date, print_until
from domain.errors import NotFound
from domain.forms.display import show_region
from domain.rulebook.book import Rulebook
from domain.rulebook.entry import EntryRules
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from models.campaigns import Campaign
from models.experts import Expert
from services.applications.applicants import is_own_file
from services.applications.campaign_queries import CampaignQueries
from services.applications.campaign_windows import CampaignView, announced_of
from services.applications.course_tasks import COURSE_TASKS, COURSE_TITLE, CourseTask, course_tasks_of
from services.applications.exam_tasks import EXAM_TASKS, TITLE, ExamTask, exam_tasks_of
from services.applications.progress import Progress, Step, codes_of, current_progress, show_progress
from services.applications.progress_messages import APPLICATIONS, CURRENT, FACTS, Facts, exam_of, facts_of
from services.applications.repository import page_of
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Deps, from_row, rows
from services.experts import MembershipStatus, Suspension, membership_status_of, renewal_of


@dataclass(frozen=True)
class ToDo:
    """An item without `route` can't be done yet."""

    code: str
    title: Annotated[str, Field(examples=["专家常态征集"])]
    detail: str
    action: Annotated[str, Field(examples=["去申请"])]
    route: str
    until: datetime | None = None


class RegionAdvice(NamedTuple):
    """The contact for a campaign in a region, by the region's name."""

    region: str
    line: str


@dataclass(frozen=True)
class Home:
    """The home page: membership status, to-do items, applications as in ``current_progress``, campaigns.

    ``advice``: contacts for the campaigns in each region. ``term_until``: the end of an expert's term (聘期).
    """

    membership_status: MembershipStatus
    to_do: tuple[ToDo, ...]
    progress: tuple[Progress, ...]
    campaigns: tuple[CampaignView, ...]
    advice: tuple[RegionAdvice, ...]
    term_until: datetime | None = None


_OFFERED: tuple[EntryType, ...] = ("first", "renewal", "education")
"""A change of the file is not urgent and has its own place on the first page."""
_ACTIONS: Mapping[str, str] = {"first": "去申请", "renewal": "前去续聘", "education": "去报名"}


_HOME = f"""
SELECT person AS account, present.*, {EXAM_TASKS}, {COURSE_TASKS},
  ARRAY(SELECT g FROM campaign g WHERE g.pool = person.pool AND g.published_at IS NOT NULL
    ORDER BY g.enrol_from, g.id) AS campaigns,
  (SELECT x FROM expert x WHERE (x.account_id = person.id OR x.id_number_hash = person.id_number_hash)
    AND x.pool = person.pool AND x.left_at IS NULL ORDER BY x.created_at LIMIT 1) AS expert,
  ARRAY(SELECT n FROM application n WHERE n.account_id = person.id AND n.state = 'entered') AS entered
FROM account person LEFT JOIN LATERAL (SELECT {FACTS} FROM {APPLICATIONS} WHERE {CURRENT}) AS present ON true
WHERE person.id = $1 AND person.pool = $3 ORDER BY (present.application).entry_type = 'change'
"""
"""One row, or two where a change of the file is under way beside another application."""


class _Case(NamedTuple):
    """One of the person's applications."""

    facts: Facts
    progress: Progress

    @property
    def is_live(self) -> bool:
        return self.facts.application.ended_at is None

    @property
    def is_change(self) -> bool:
        return self.facts.application.entry_type == "change"


@dataclass(frozen=True)
class _Person:
    """The data from which the items follow. ``cases`` are the live applications, else the last one."""

    account: Account
    cases: tuple[_Case, ...]
    campaigns: tuple[CampaignView, ...]
    exams: tuple[ExamTask, ...]
    courses: tuple[CourseTask, ...]
    expert: Expert | None
    entered: tuple[Application, ...]
    codes: CatalogueCodes

    @property
    def live(self) -> _Case | None:
        """The live application that is no change of the file."""
        return next((case for case in self.cases if case.is_live and not case.is_change), None)

    @property
    def change(self) -> _Case | None:
        """The change of the file that is under way."""
        return next((case for case in self.cases if case.is_live and case.is_change), None)

    def has_enrolled(self, campaign_id: UUID) -> bool:
        """Whether the application for continuing education in this campaign was approved."""
        return any(
            application.entry_type == "education" and application.campaign_id == campaign_id
            for application in self.entered
        )


@dataclass(frozen=True)
class ToDos:
    deps: Deps
    campaigns: CampaignQueries

    async def home(self, pool: str, account_id: UUID) -> Home:
        """Everything on the first page at once."""
        person, status = await self._read(pool, account_id), await membership_status_of(self.deps, account_id)
        return Home(
            status,
            self._items(person, status.suspensions),
            tuple(case.progress for case in person.cases),
            person.campaigns,
            name_regions(advice_lines(self.deps.book(pool), person.campaigns), person.codes),
            person.expert.term_until if person.expert is not None else None,
        )

    async def advice(self, pool: str) -> tuple[RegionAdvice, ...]:
        """Contacts in each region, of the announced campaigns or the pool's own."""
        book, campaigns = self.deps.book(pool), await self.campaigns.list_announced(pool)
        lines = advice_lines(book, campaigns)
        return name_regions(lines, await load_codes(book, list(lines)) if lines else CatalogueCodes({}))

    async def progress(self, account_id: UUID) -> tuple[Progress, ...]:
        """As ``current_progress``."""
        return await current_progress(self.deps, account_id)

    async def _read(self, pool: str, account_id: UUID) -> _Person:
        """All data of a person for the first page. Raises NotFound for a person of another pool."""
        now = self.deps.now()
        home_rows = await rows(_HOME, account_id, now, pool)
        if not home_rows:
            raise NotFound("找不到这个账号，请重新登录。", code="account_unknown")
        row = home_rows[0]
        exams = exam_tasks_of(row, now)
        facts = [self._facts(each, exams) for each in home_rows if each["application"] is not None]
        campaigns = announced_of([from_row(Campaign, campaign) for campaign in row["campaigns"]], now)
        named = [*(code for each in facts for code in codes_of(each)), *advice_lines(self.deps.book(pool), campaigns)]
        codes = await load_codes(self.deps.book(pool), named) if any(named) else CatalogueCodes({})
        return _Person(
            from_row(Account, row["account"]),
            tuple(_Case(each, show_progress(each, codes)) for each in facts),
            campaigns,
            exams,
            course_tasks_of(row, now),
            from_row(Expert, row["expert"]) if row["expert"] is not None else None,
            tuple(from_row(Application, application) for application in row["entered"]),
            codes,
        )

    def _facts(self, row: Mapping[str, Any], exams: Sequence[ExamTask]) -> Facts:
        application = from_row(Application, row["application"])
        return facts_of(self.deps, application, row, exam_of(application, exams))

    def _items(self, person: _Person, suspensions: Sequence[Suspension]) -> tuple[ToDo, ...]:
        """Suspensions first; each takes the place of the item by which it ends."""
        missing = {suspension.enrolment_id for suspension in suspensions}
        courses = tuple(course for course in person.courses if course.enrolment_id not in missing)
        items = self._other_items(replace(person, courses=courses))
        if any(suspension.cause == "term" for suspension in suspensions):
            items = tuple(item for item in items if item.code != "apply_renewal")
        return (*map(_suspended, suspensions), *items)

    def _other_items(self, person: _Person) -> tuple[ToDo, ...]:
        account, now = person.account, self.deps.now()
        if account.registered_at is None:
            if not self.deps.book(account.pool).registration.open:
                return ()
            route = f"/h5/{account.pool}/account"
            then = "申请成为专家" if person.expert is None else "办理续聘、变更等申请"
            return (ToDo("register", "实名注册", f"注册后才能{then}。", "去注册", route),)
        exams = tuple(ToDo("exam", TITLE, exam.detail, exam.action, exam.route, exam.until) for exam in person.exams)
        courses = tuple(
            ToDo("course", COURSE_TITLE, course.detail, course.action, course.route, course.until)
            for course in person.courses
        )
        change = self._application_to_dos(person.change) if person.change is not None else ()
        if person.live is not None and person.live.facts.state == ApplicationState.EXAM and exams:
            return (*exams, *change)
        return (*exams, *courses, *self._applying_to_dos(person, now), *change)

    def _applying_to_dos(self, person: _Person, now: datetime) -> tuple[ToDo, ...]:
        if person.live is None:
            return self._entry_to_dos(person, now)
        return self._to_dos_after_expiry(person, person.live.progress, now) or self._application_to_dos(person.live)

    def _to_dos_after_expiry(self, person: _Person, progress: Progress, now: datetime) -> tuple[ToDo, ...]:
        """The item to continue an expired application in another campaign; empty: it is not expired, or no other is
        open."""
        if progress.until is None or now < progress.until:
            return ()
        items = [item for item in self._entry_to_dos(person, now) if item.route]
        return tuple(replace(item, detail=f"上次填写的内容会带入。{item.detail}") for item in items)

    def _entry_to_dos(self, person: _Person, now: datetime) -> tuple[ToDo, ...]:
        to_dos = [self._entry_to_do(person, kind, now) for kind in _OFFERED]
        return tuple(item for item in to_dos if item is not None)

    def _application_to_dos(self, case: _Case) -> tuple[ToDo, ...]:
        progress, end = case.progress, case.progress.until
        if end is not None and self.deps.now() >= end:
            application = case.facts.application
            form = f"/h5/{application.pool}/{page_of(application, 'form')}"
            code, step = "closed", Step("closed", "查看", progress.page if application.round else form)
        else:
            step = progress.step or Step("watch", "查看进度", progress.page)
            code = step.code
        return (ToDo(code, progress.headline, progress.advice, step.label, step.route, end),)

    def _entry_to_do(self, person: _Person, entry_type: EntryType, now: datetime) -> ToDo | None:
        """The item of one type of entry: open, soon to open, or none."""
        account, expert = person.account, person.expert
        book = self.deps.book(account.pool)
        if entry_type not in book.campaigns.entry_types or not _may_enter(account, book, expert, entry_type, now):
            return None
        if entry_type == "renewal" and _rests_from_renewal(person, now, book.entry):
            return None
        title, action = book.campaigns.title_of(entry_type), _ACTIONS[entry_type]
        code, route = f"apply_{entry_type}", f"/h5/{account.pool}/apply?entry_type={entry_type}"
        if not book.campaigns.required:
            return ToDo(code, title, "全年均可申请。", action, route)
        for campaign in person.campaigns:
            if entry_type not in campaign.data.entry_types:
                continue
            if entry_type == "education" and person.has_enrolled(campaign.id):
                continue
            if campaign.state == "upcoming":
                return ToDo(code, title, f"{print_until(campaign.data.enrol_from, now)}开始报名。", "", "")
            until = campaign.data.enrol_until
            return ToDo(code, title, f"报名截至{print_until(until, now)}。", action, route, until)
        if entry_type == "renewal" and expert is not None and (advice := _advice_without_campaign(expert, book, now)):
            return ToDo(code, title, advice, "", "")
        return None


def _suspended(why: Suspension) -> ToDo:
    return ToDo("suspended", why.title, why.detail, why.action, why.route, why.until)


def advice_lines(book: Rulebook, campaigns: Sequence[CampaignView]) -> dict[str, str]:
    """Contacts by region: a campaign's before the pool's own, and of two campaigns the sooner one's."""
    of_campaigns = {code: line for campaign in reversed(campaigns) for code, line in campaign.data.advice.items()}
    return {**book.help.advice, **of_campaigns}


def name_regions(lines: Mapping[str, str], codes: CatalogueCodes) -> tuple[RegionAdvice, ...]:
    """The same with the regions' names, in the order of their codes."""
    return tuple(RegionAdvice(show_region(code, codes), line) for code, line in sorted(lines.items()))


def _rests_from_renewal(person: _Person, now: datetime, rules: EntryRules) -> bool:
    """Whether renewal is left out: the term ends later, or where there is none, the last entry was recent."""
    if person.expert is not None and person.expert.term_until is not None:
        return person.expert.term_until > now + rules.renewal_shown_before
    since = now - rules.renewal_rest
    return any(application.ended_at is not None and application.ended_at > since for application in person.entered)


def _advice_without_campaign(expert: Expert, book: Rulebook, now: datetime) -> str:
    """How the term (聘期) is renewed where no campaign takes renewals; empty before the first reminder of its end."""
    until = expert.term_until
    if until is None or not any(until <= now + ahead for ahead in book.entry.ending_reminders):
        return ""
    renewal = renewal_of({"is_renewing": False, "next_campaign": None}, book, expert.pool, now)
    return f"聘期至{print_date(until)}。{renewal.advice}。"


def _may_enter(account: Account, book: Rulebook, expert: Expert | None, entry_type: EntryType, now: datetime) -> bool:
    """Whether this entry type applies to the person at all."""
    if entry_type == "first":
        return expert is None or expert.membership_status != "formal"
    if expert is None or not is_own_file(account, expert):
        return False
    if entry_type == "education":
        return expert.membership_status == "formal"
    before, until = book.entry.renewal_before, expert.term_until
    return before is None or until is None or now >= until - before
