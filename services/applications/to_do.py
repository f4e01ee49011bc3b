"""What a person can do now (待办事项), by the names of the pool's own manual, each with the page that does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState
from domain.clock import print_until
from domain.forms.display import show_region
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from services.applications.campaigns import Campaigns, CampaignView
from services.applications.codes import load_codes
from services.applications.course_tasks import COURSE_TITLE, course_tasks
from services.applications.exam_tasks import TITLE, exam_tasks
from services.applications.persons import find_expert, is_own_file
from services.applications.progress import Progress, Step, latest_progress, progress_of
from services.applications.repository import find_live, has_enrolled
from services.core.base import Deps
from services.experts import Standing, standing_of


@dataclass(frozen=True)
class ToDo:
    """An item without `route` can't be done yet."""

    code: str
    title: Annotated[str, Field(examples=["专家常态征集"])]
    detail: str
    action: Annotated[str, Field(examples=["去申请"])]
    route: str
    until: datetime | None = None


@dataclass(frozen=True)
class Home:
    """What a person meets first: badge, to-do items, the application under way or the last one, campaigns.

    ``advice``: whom to ask in each region (name, line) about the campaigns.
    """

    standing: Standing
    to_do: tuple[ToDo, ...]
    progress: Progress | None
    campaigns: tuple[CampaignView, ...]
    advice: tuple[tuple[str, str], ...]


_OFFERED: tuple[EntryType, ...] = ("first", "renewal", "education")
"""A change of the file waits for nobody: it has its own place on the first page."""
_ACTIONS: Mapping[str, str] = {"first": "去申请", "renewal": "前去续聘", "education": "去报名"}


class ToDos:
    def __init__(self, deps: Deps, campaigns: Campaigns) -> None:
        self._deps = deps
        self._campaigns = campaigns

    async def home(self, pool: str, account_id: UUID) -> Home:
        """Everything of the first page at once."""
        account, progress = await Account.get(id=account_id, pool=pool), await self.progress(account_id)
        campaigns = await self._campaigns.announced(pool)
        return Home(
            await standing_of(self._deps, account_id),
            await self._items(account, progress),
            progress,
            campaigns,
            await self._advice(pool, campaigns),
        )

    async def advice(self, pool: str) -> tuple[tuple[str, str], ...]:
        """Whom to ask in each region (name, line) about the campaigns that are announced."""
        return await self._advice(pool, await self._campaigns.announced(pool))

    async def _advice(self, pool: str, campaigns: Sequence[CampaignView]) -> tuple[tuple[str, str], ...]:
        """By region, in the order of codes; of two campaigns the sooner one's."""
        lines = {code: line for campaign in reversed(campaigns) for code, line in campaign.data.advice.items()}
        if not lines:
            return ()
        codes = await load_codes(self._deps.book(pool), list(lines))
        return tuple((show_region(code, codes), line) for code, line in sorted(lines.items()))

    async def items(self, pool: str, account_id: UUID) -> tuple[ToDo, ...]:
        """What the person can do now, or from a time that is known; empty: nothing."""
        return await self._items(await Account.get(id=account_id, pool=pool), await self.progress(account_id))

    async def progress(self, account_id: UUID) -> Progress | None:
        """Of the application under way, else of the last one; None: there never was one."""
        return await latest_progress(self._deps, account_id)

    async def _items(self, account: Account, progress: Progress | None) -> tuple[ToDo, ...]:
        book, now = self._deps.book(account.pool), self._deps.now()
        if account.registered_at is None:
            if not book.registration.open:
                return ()
            route = f"/h5/{account.pool}/account"
            return (ToDo("register", "实名注册", "注册后才能申请成为专家。", "去注册", route),)
        exams = tuple(
            ToDo("exam", TITLE, one.detail, one.action, one.route, one.until)
            for one in await exam_tasks(account.id, now)
        )
        courses = tuple(
            ToDo("course", COURSE_TITLE, one.detail, one.action, one.route, one.until)
            for one in await course_tasks(account.id, now)
        )
        live = await find_live(account.id)
        if live is not None and live.state == ApplicationState.EXAM and exams:
            return exams
        return (*exams, *courses, *await self._of_applying(account, live, progress, now))

    async def _of_applying(
        self, account: Account, live: Application | None, progress: Progress | None, now: datetime
    ) -> tuple[ToDo, ...]:
        if live is None:
            return await self._of_entries(account, now)
        known = progress if progress and progress.application_id == live.id else await progress_of(self._deps, live.id)
        return await self._afresh(account, known, now) or self._of_application(live, known)

    async def _afresh(self, account: Account, progress: Progress, now: datetime) -> tuple[ToDo, ...]:
        """Where what the last campaign left behind can go on; empty: it is not over, or no other is open."""
        if progress.until is None or now < progress.until:
            return ()
        items = [item for item in await self._of_entries(account, now) if item.route]
        return tuple(replace(item, detail=f"上次填写的内容会带入。{item.detail}") for item in items)

    async def _of_entries(self, account: Account, now: datetime) -> tuple[ToDo, ...]:
        expert = await find_expert(account)
        found = [await self._of_entry(account, expert, kind, now) for kind in _OFFERED]
        return tuple(item for item in found if item is not None)

    def _of_application(self, application: Application, progress: Progress) -> tuple[ToDo, ...]:
        base, end = f"/h5/{application.pool}/apply", progress.until
        if end is not None and self._deps.now() >= end:
            code, step = "closed", Step("closed", "查看", f"{base}/form" if not application.round else f"{base}/status")
        else:
            step = progress.step or Step("watch", "查看进度", f"{base}/status")
            code = step.code
        return (ToDo(code, progress.headline, progress.advice, step.label, step.route, end),)

    async def _of_entry(
        self, account: Account, expert: Expert | None, entry_type: EntryType, now: datetime
    ) -> ToDo | None:
        """The item of one type of entry: open, soon to open, or none."""
        book = self._deps.book(account.pool)
        if entry_type not in book.campaigns.entry_types or not _may_enter(account, book, expert, entry_type, now):
            return None
        if entry_type == "renewal" and await _rests(account, expert, now, book.entry.renewal_rest):
            return None
        title, action = book.campaigns.title_of(entry_type), _ACTIONS[entry_type]
        code, route = f"apply_{entry_type}", f"/h5/{account.pool}/apply?entry_type={entry_type}"
        if not book.campaigns.required:
            return ToDo(code, title, "全年均可申请。", action, route)
        for campaign in await self._campaigns.announced(account.pool):
            if entry_type not in campaign.data.entry_types:
                continue
            if entry_type == "education" and await has_enrolled(account.id, campaign.id):
                continue
            if campaign.state == "upcoming":
                return ToDo(code, title, f"{print_until(campaign.data.enrol_from, now)}开始报名。", "", "")
            until = campaign.data.enrol_until
            return ToDo(code, title, f"报名截至{print_until(until, now)}。", action, route, until)
        return None


async def _rests(account: Account, expert: Expert | None, now: datetime, rest: timedelta) -> bool:
    """An entry that began a moment ago is not to be renewed, unless it is about to end."""
    if expert is not None and expert.term_until is not None and expert.term_until <= now + rest:
        return False
    entered = Application.filter(account_id=account.id, state=ApplicationState.ENTERED, ended_at__gt=now - rest)
    return await entered.exists()


def _may_enter(account: Account, book: Rulebook, expert: Expert | None, entry_type: EntryType, now: datetime) -> bool:
    """Whether this type of entry is for this person at all."""
    if entry_type == "first":
        return expert is None or expert.standing != "formal"
    if expert is None or not is_own_file(account, expert):
        return False
    if entry_type == "education":
        return expert.standing == "formal"
    before, until = book.entry.renewal_before, expert.term_until
    return before is None or until is None or now >= until - before
