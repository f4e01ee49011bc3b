"""The entry process: from a submitted application to an expert's file in the pool."""

from __future__ import annotations

from dataclasses import dataclass

from domain.clock import FixedClock
from models.applications import Application
from models.payments import Fee
from models.reviews import ReviewAssignment
from services.core.base import Actor, Deps
from services.ports import TradeReport
from services.registry import Services
from tests.factories.assembly import make_services
from tests.factories.payments import GOOD, notification, platform_of
from tests.factories.people import make_account
from tests.factories.reviews import tasks_of


@dataclass
class EntryProcess:
    """Reviewers approve, the clock runs out, the person pays, the office registers who passed."""

    services: Services
    clock: FixedClock

    async def go_on(self, application: Application) -> Application:
        """Advance to the next state by the event that leaves the present one."""
        match application.state:
            case "reviewing":
                await self.approve(application)
            case "notice":
                await self.outlast_notice(application)
            case "fee":
                await self.pay(application)
            case "exam":
                await self.pass_exam(application)
            case state:
                raise AssertionError(f"nothing leads on from {state}")
        return await Application.get(id=application.id)

    async def approve(self, application: Application) -> None:
        """Approve by all reviewers of the present step."""
        for task in await tasks_of(application):
            reviewer = await self.reviewer(application.pool, task.step_code)
            await self.services.workflows.reviews.decide(reviewer, task.id, "approve")

    async def reviewer(self, pool: str, step: str) -> Actor:
        """A person who reviews this step in the whole province."""
        deps = self.services.deps
        account = await make_account(deps, pool=pool)
        await ReviewAssignment.create(
            pool=pool, account_id=account.id, step=step, region=deps.book(pool).pool.region, granted_at=deps.now()
        )
        return Actor(pool, "reviewer", account.id)

    async def outlast_notice(self, application: Application) -> None:
        assert application.notice_until is not None
        self.clock.move(application.notice_until - self.clock.now())
        await self.work("public_notice_end")

    async def pay(self, application: Application) -> None:
        """Pay the fee; WeChat notifies the service, and the worker does what follows."""
        await self.apply_payment_report(application, await self.order_and_pay(application))
        await self.work("pay_events")

    async def order_and_pay(self, application: Application) -> TradeReport:
        """Wait for the fee to open, order and pay."""
        fee = await Fee.get(application_id=application.id)
        if fee.opens_at > self.clock.now():
            self.clock.move(fee.opens_at - self.clock.now())
        payments, person = self.services.payments, Actor(application.pool, "applicant", application.account_id)
        await payments.orders.order(person, fee.id, "native")
        platform = platform_of(payments)
        return platform.pay(list(platform.orders)[-1])

    async def apply_payment_report(self, application: Application, report: TradeReport) -> None:
        await self.services.payments.webhooks.receive(application.pool, GOOD, notification(trade=report))

    async def pass_exam(self, application: Application) -> None:
        office = await make_account(self.services.deps, pool=application.pool)
        admin = Actor(application.pool, "pool_admin", office.id)
        await self.services.entry.conclusions.record_exam(admin, application.id, "passed", "成绩86分")

    async def work(self, kind: str) -> None:
        """Run the due task of this kind as tick and worker do."""
        assert kind in await self.services.operations.scheduler.tick()
        await self.services.operations.scheduler.process(kind)


def make_entry_process(deps: Deps, clock: FixedClock) -> EntryProcess:
    return EntryProcess(make_services(deps), clock)
