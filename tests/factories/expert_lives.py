"""The life of one expert in the demo pool: what the person, the office and the clock can do to membership, suspension,
change, renewal, course and pause; and how a person gets on who does what the product tells him to."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from domain.clock import FixedClock, local
from domain.errors import AppError
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from models.campaigns import Campaign, Employer
from models.courses import CourseEnrolment, CourseItem
from models.experts import Expert
from models.payments import Fee
from models.reviews import ReviewTask
from models.sanctions import Sanction
from services.applications import Progress
from services.core.base import Actor, Deps
from services.courses import CourseData, CourseItemData
from services.experts import Suspension, TimesOffForm
from services.registry import Services
from services.sanctions import SanctionForm
from tests.factories.applications import (
    account_of,
    attach,
    make_applicant,
    make_campaign,
    make_codes,
    make_employer,
    values_of,
)
from tests.factories.entry import EntryProcess
from tests.factories.payments import GOOD, notification, platform_of
from tests.factories.people import file_more, make_account, make_expert

DAY = timedelta(days=1)
_DUTIES = ("course_", "exam_", "fee_", "order_", "pay_", "pause_", "public_", "sanction_", "term_", "reconcile_")
_COURSE = re.compile(r"/courses/([0-9a-f-]{36})$")
_FEE = re.compile(r"/pay\?fee=([0-9a-f-]{36})$")
_S = "suspension"


class Idle(Exception):
    """There was nothing to do by this act now."""


T = TypeVar("T")


def some(things: Sequence[T]) -> Sequence[T]:
    """Raises Idle where there are none."""
    if not things:
        raise Idle
    return things


@dataclass
class ExpertLife:
    """``expert_id`` is the file's; two administrators of the office decide, since one proposes only."""

    services: Services
    clock: FixedClock
    account: Account
    expert_id: UUID
    office: tuple[Actor, Actor]
    dice: random.Random
    told: list[str] = field(default_factory=list)
    """What was done, for a failure's message."""

    @property
    def deps(self) -> Deps:
        return self.services.deps

    @property
    def applicant(self) -> Actor:
        return Actor("demo", "applicant", self.account.id)

    @property
    def person(self) -> Actor:
        return Actor("demo", "expert", self.account.id, self.expert_id)

    @property
    def entry(self) -> EntryProcess:
        return EntryProcess(self.services, self.clock)

    # ---- the clock

    async def wait(self, time: timedelta) -> None:
        self.clock.move(time)
        await self.work()

    async def work(self) -> None:
        """Do all that is due, as the worker does."""
        for _ in range(20):
            kinds = [kind for kind in await self.services.operations.scheduler.find_due() if kind.startswith(_DUTIES)]
            if not kinds:
                return
            for kind in kinds:
                await self.services.operations.scheduler.process(kind)

    # ---- the person

    async def pause(self) -> None:
        await self.services.experts.availability.add_form(self.person, TimesOffForm("pause", "生病"))

    async def set_weekly_times(self) -> None:
        form = TimesOffForm("weekly", weekdays=(self.dice.randint(1, 7),), hours="afternoon")
        await self.services.experts.availability.add_form(self.person, form)

    async def resume(self) -> None:
        for period in some(await self.services.experts.availability.list_unavailability(self.person)):
            await self.services.experts.availability.cancel_unavailability(self.person, period.id)

    async def begin_change(self) -> None:
        await self._check_none("change")
        await self.services.applications.drafts.start(self.applicant, "change")

    async def begin_renewal(self) -> None:
        await self._check_none("renewal")
        await self.services.applications.drafts.start(self.applicant, "renewal")

    async def begin_entry(self) -> None:
        """As a temporary expert, or one who has left."""
        await self.services.applications.drafts.start(self.applicant, "first")

    async def _check_none(self, entry_type: EntryType) -> None:
        """Raises Idle where one goes on that is not expired."""
        live = await self._find_live(entry_type)
        if live is not None and not (live.state == "draft" and entry_type == "renewal"):
            raise Idle

    async def hand_in(self, entry_type: EntryType) -> None:
        """Fill in what is missing of the live application, and submit it."""
        live = await self.get_live(entry_type)
        view = await self.services.applications.queries.get(self.applicant, live.id)
        typed: dict[str, object] = {"change_reason": "工作调动", "strengths": f"规划{self.dice.randint(0, 10**6)}。"}
        if entry_type == "first":
            employer = await Employer.get(pool="demo")
            typed |= {
                name: value
                for part in values_of(self.deps.book("demo"), employer.id).values()
                for name, value in part.items()
            }
        for section in view.sections:
            own = {name: value for name, value in typed.items() if name in section.editable}
            if own:
                drafts = self.services.applications.drafts
                await drafts.save_section(self.applicant, live.id, section.code, section.values | own, section.version)
        view = await self.services.applications.queries.get(self.applicant, live.id)
        for problem in view.problems:
            if self.deps.book("demo").form.fields[problem.field.partition("[")[0]].kind == "file":
                await attach(self.deps, live.id, problem.field)
        live = await Application.get(id=live.id)
        await self.services.workflows.applications.submit(self.applicant, live.id, live.version)

    async def withdraw(self, entry_type: EntryType) -> None:
        live = await self.get_live(entry_type)
        await self.services.workflows.applications.withdraw(self.applicant, live.id)

    async def give_up(self, entry_type: EntryType) -> None:
        live = await self.get_live(entry_type)
        await self.services.workflows.applications.cancel(self.applicant, live.id)

    async def get_live(self, entry_type: EntryType) -> Application:
        """Raises Idle."""
        return some(await Application.filter(account_id=self.account.id, entry_type=entry_type, ended_at=None))[0]

    async def _find_live(self, entry_type: EntryType) -> Application | None:
        return await Application.get_or_none(account_id=self.account.id, entry_type=entry_type, ended_at=None)

    async def appeal(self) -> None:
        for sanction in some(await Sanction.filter(expert_id=self.expert_id, state="imposed", appealed_at=None)):
            await self.services.sanctions.appeals.appeal(self.person, sanction.id, "我当时在外地，有签到记录可查。")

    async def pay(self) -> None:
        """All that is due and open."""
        for fee in some(await Fee.filter(account_id=self.account.id, state="due")):
            await self.pay_fee(fee.id)

    async def pay_fee(self, fee_id: UUID) -> None:
        fee = await Fee.get(id=fee_id)
        await self.services.payments.orders.order(self.applicant, fee.id, "native")
        platform = platform_of(self.services.payments)
        report = platform.pay(list(platform.orders)[-1])
        await self.services.payments.webhooks.receive("demo", GOOD, notification(trade=report))
        await self.work()

    async def study(self) -> None:
        for enrolment in some(await CourseEnrolment.filter(expert_id=self.expert_id, state="called")):
            await self.study_course(enrolment.id)

    async def study_course(self, enrolment_id: UUID) -> None:
        enrolment = await CourseEnrolment.get(id=enrolment_id)
        study = self.services.courses.study
        for item in await CourseItem.filter(course_id=enrolment.course_id):
            seen = await study.open_item(self.person, enrolment_id, item.id)
            for start in range(seen.position, item.seconds, 10):
                self.clock.move(timedelta(seconds=10))
                beat = {"player": seen.player, "start": start, "end": start + 10, "rate": 1.0}
                await study.record_beat(self.person, enrolment_id, item.id, **beat)

    async def begin_make_up(self) -> None:
        for enrolment in some(await CourseEnrolment.filter(expert_id=self.expert_id, overdue_at__not_isnull=True)):
            await self.services.courses.study_periods.begin_make_up(self.person, enrolment.id)

    # ---- the office

    async def suspend(self) -> None:
        """Proposed and mostly confirmed: at once or later, for a time or until it is lifted."""
        today = local(self.clock.now()).date()
        begins = self.dice.choice((None, None, today + timedelta(days=10)))
        ends = self.dice.choice((None, today + timedelta(days=self.dice.randint(11, 90))))
        form = SanctionForm(_S, "未按规定参加评标", begins, ends)
        proposed = await self.services.sanctions.sanctions.impose(self.office[0], self.expert_id, form)
        if proposed.waits and self.dice.random() < 0.8:
            await self.services.sanctions.sanctions.confirm(self.office[1], proposed.id)

    async def end_proposals(self) -> None:
        for sanction in some(await Sanction.filter(expert_id=self.expert_id, state="proposed")):
            if self.dice.random() < 0.5:
                await self.services.sanctions.sanctions.withdraw(self.office[0], sanction.id)
            else:
                await self.services.sanctions.sanctions.refuse(self.office[1], sanction.id, "证据不足")

    async def answer_appeals(self, *, granted: bool | None = None) -> None:
        granted = self.dice.random() < 0.5 if granted is None else granted
        waiting = Sanction.filter(expert_id=self.expert_id, appealed_at__not_isnull=True, answered_at=None)
        for sanction in some(await waiting):
            third = Actor("demo", "pool_admin", (await make_account(self.deps)).id)
            await self.services.sanctions.appeals.answer(
                third, sanction.id, granted=granted, answer="经复核，答复如下。"
            )

    async def lift(self) -> None:
        for sanction in some(await Sanction.filter(expert_id=self.expert_id, state="imposed", kind=_S)):
            await self.services.sanctions.sanctions.lift(self.office[0], sanction.id, "情况已核实")

    async def remove(self) -> None:
        proposed = await self.services.sanctions.sanctions.remove(self.office[0], self.expert_id, "本人要求")
        if proposed.waits:
            await self.services.sanctions.sanctions.confirm(self.office[1], proposed.id)
        await self.work()

    async def restore(self) -> None:
        await self.services.sanctions.restorations.restore(self.office[0], self.expert_id, "误操作")

    async def open_campaign(self) -> None:
        if await Campaign.exists(enrol_until__gt=self.clock.now(), closed_at=None):
            raise Idle
        await make_campaign(self.deps, name=f"征集{self.dice.randint(0, 10**6)}")

    async def publish_course(self) -> None:
        """Required, free or paid, over in twenty days."""
        opens, setup = self.clock.now() + DAY, self.services.courses.setup
        paid = {"amount": 12_000} if self.dice.random() < 0.7 else {}
        data = CourseData(name="继续教育", opens_at=opens, closes_at=opens + 20 * DAY, required=True, **paid)
        course_id = await setup.create(self.office[0], data)
        item_id = await setup.add_item(self.office[0], course_id, CourseItemData("video", "招标投标法"))
        await CourseItem.filter(id=item_id).update(seconds=20, media_key="demo/2026/11/x", media_bytes=1)
        await setup.publish(self.office[0], course_id)
        await self.work()

    async def decide(self) -> None:
        """A random task by a random decision."""
        applications = await Application.filter(account_id=self.account.id, ended_at=None)
        tasks = await ReviewTask.filter(application_id__in=[each.id for each in applications], state="open")
        task = self.dice.choice(some(tasks))
        reviewer = await self.entry.reviewer("demo", task.step_code)
        decision = self.dice.choice(("approve", "approve", "approve", "send_back", "refuse"))
        await self.services.workflows.reviews.decide(reviewer, task.id, decision, "请核对。")

    # ---- chance

    @property
    def acts(self) -> Mapping[Callable[[], Awaitable[None]], float]:
        """With how often they happen, as far as they can."""
        return {
            **dict.fromkeys((self.pause, self.resume, self.begin_change, self._withdraw_change, self.begin_entry), 1),
            **dict.fromkeys((self.begin_renewal, self.appeal, self.begin_make_up, self.answer_appeals, self.lift), 1),
            **dict.fromkeys((self.suspend, self.open_campaign, self.pay, self.study, self.restore), 2),
            **dict.fromkeys((self._hand_in_change, self._hand_in_renewal, self._hand_in_entry, self.decide), 4),
            **dict.fromkeys((self.publish_course, self.end_proposals, self._wait_days, self._wait_weeks), 0.6),
            **dict.fromkeys((self._give_up_change, self._give_up_renewal, self.set_weekly_times), 0.3),
            **dict.fromkeys((self.remove, self._wait_years), 0.2),
        }

    async def _hand_in_change(self) -> None:
        await self.hand_in("change")

    async def _withdraw_change(self) -> None:
        await self.withdraw("change")

    async def _give_up_change(self) -> None:
        await self.give_up("change")

    async def _hand_in_renewal(self) -> None:
        await self.hand_in("renewal")

    async def _give_up_renewal(self) -> None:
        await self.give_up("renewal")

    async def _hand_in_entry(self) -> None:
        await self.hand_in("first")

    async def _wait_days(self) -> None:
        await self.wait(self.dice.randint(1, 3) * DAY)

    async def _wait_weeks(self) -> None:
        await self.wait(self.dice.randint(10, 30) * DAY)

    async def _wait_years(self) -> None:
        """The term is over after two."""
        await self.wait(500 * DAY)

    async def act(self) -> None:
        """A random act that is possible now."""
        order = {act: self.dice.random() ** (1 / weight) for act, weight in self.acts.items()}
        for chosen in sorted(order, key=order.__getitem__, reverse=True):
            try:
                await chosen()
            except (Idle, AppError):
                continue
            self.told.append(chosen.__name__.strip("_"))
            return

    # ---- doing what one is told

    async def follow(self, why: Suspension) -> None:
        """What ``why`` tells the person to do, or to wait for. Raises AppError, or AssertionError where it tells
        nothing."""
        base = "/h5/demo/"
        if why.route == f"{base}periods":
            await self.resume()
        elif why.route == f"{base}sanctions":
            await self._follow_sanction(why)
        elif fee := _FEE.search(why.route):
            await self.pay_fee(UUID(fee.group(1)))
        elif course := _COURSE.search(why.route):
            await self._follow_course(UUID(course.group(1)), why)
        elif why.route == f"{base}apply?entry_type=renewal":
            await self.begin_renewal()
            await self.hand_in("renewal")
        elif why.route == f"{base}apply/status":
            await self.go_on("renewal")
        elif why.cause == "term" and "起可以办理" in why.detail:
            await self.wait(DAY)
        elif why.cause == "term" and self.deps.book("demo").pool.hotline in why.detail:
            await make_campaign(self.deps, name=f"征集{self.dice.randint(0, 10**6)}")
        else:
            raise AssertionError(f"nothing to do: {why}")

    async def _follow_sanction(self, why: Suspension) -> None:
        if why.action == "申诉":
            await self.appeal()
        elif why.action == "查看申诉":
            assert "正在办理" in why.detail
            await self.answer_appeals(granted=self.dice.random() < 0.5)
        elif why.until is not None:
            assert "到期自动恢复" in why.detail
            await self.wait(why.until - self.clock.now())
        else:
            assert self.deps.book("demo").pool.hotline in why.detail
            await self.lift()

    async def _follow_course(self, enrolment_id: UUID, why: Suspension) -> None:
        if why.action == "去补学":
            await self.services.courses.study_periods.begin_make_up(self.person, enrolment_id)
        elif why.action == "去学习":
            await self.study_course(enrolment_id)
        elif "起可以学习" in why.detail or "开通后" in why.detail:
            await self.wait(DAY)
        else:
            raise AssertionError(f"nothing to do: {why}")

    async def go_on(self, entry_type: EntryType) -> None:
        """What the progress of the live application tells: the person's step, or the office's."""
        live = await self._find_live(entry_type)
        if live is None:
            return
        progress = await self._progress_of(live)
        if progress.step is not None and progress.step.code in ("fill_in", "correct", "upload"):
            await self.hand_in(entry_type)
        elif progress.step is not None and progress.step.code == "withdraw":
            await self.withdraw(entry_type)
        elif progress.step is not None and progress.step.code == "pay":
            await self.pay()
        elif progress.who == "本人":
            await self._outlast(live, progress, entry_type)
        else:
            await self._wait_for_office(live, progress)

    async def _outlast(self, live: Application, progress: Progress, entry_type: EntryType) -> None:
        """The person's turn, and nothing that he can do to it but to wait or to give up."""
        if live.state == "fee":
            fee = await Fee.get(application_id=live.id, state="due")
            if fee.opens_at > self.clock.now():
                await self.wait(fee.opens_at - self.clock.now())
                return
        assert progress.give_up, f"{progress.headline}：{progress.advice}"
        await self.give_up(entry_type)

    async def _wait_for_office(self, live: Application, progress: Progress) -> None:
        assert progress.who, progress
        expert = await Expert.get(id=self.expert_id)
        if live.entry_type == "change" and expert.left_at is not None:
            assert "已退库" in progress.advice, progress.advice
            await self.give_up("change")
            return
        await self.entry.go_on(live)

    async def _progress_of(self, live: Application) -> Progress:
        return await self.services.applications.queries.own_progress(self.applicant, live.number)


async def begin_life(services: Services, clock: FixedClock, dice: random.Random, membership: str) -> ExpertLife:
    """An expert with a complete file, before the end of the term."""
    deps = services.deps
    book = deps.book("demo")
    await make_codes(book)
    applicant = await make_applicant(deps)
    account = await account_of(applicant)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    expert = await make_expert(deps, mobile, account=account, id_number_hash=account.id_number_hash)
    employer = await make_employer(deps)
    for values in values_of(book, employer.id).values():
        await file_more(deps, expert, **values)
    until = clock.now() + dice.choice((20, 900)) * DAY
    await file_more(deps, expert, term_until=until.isoformat(), membership=membership)
    office = [Actor("demo", "pool_admin", (await make_account(deps)).id) for _ in range(2)]
    return ExpertLife(services, clock, account, expert.id, (office[0], office[1]), dice)
