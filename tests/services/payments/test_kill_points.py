"""A fee that two people pay, whose process dies at each crossing: it counts once, and the surplus goes back once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from app.assembly import make_services
from domain.clock import FixedClock
from domain.payments.fees import Trade
from models.applications import Application
from models.audit import AuditEntry
from models.notices import Notice
from models.payments import Fee, Invoice, OutboundEmail, PayOrder, Refund
from services.core.base import Deps
from services.ports import TradeReport
from services.registry import Services
from tests.drivers.kill_points import KillPoints, Kind, Life, Story, enumeration
from tests.factories.assembly import make_ports
from tests.factories.payments import GOOD, FakeMailer, FakePlatform, make_fee, notification, owner_of
from tests.factories.phones import Phones
from tests.factories.reviews import make_application, make_catalogues
from tests.factories.rulebooks import with_short_ladders

PAYERS: tuple[tuple[Trade, str], ...] = (("native", ""), ("jsapi", "o-another"))


class FeeStory(Story):
    told_elsewhere = ("audit_chain.", "delivery.", "due_rows.")

    fee: Fee

    async def prepare(self) -> None:
        await make_catalogues()
        approved_at = self.deps.now() - timedelta(days=1)
        application = await make_application(self.deps, state="fee", approved_at=approved_at, expert_number="ZJ0000001")
        self.fee = await make_fee(self.deps, application)

    def begin(self) -> Callable[[KillPoints], Services]:
        self.platform, self.mailer, phones = FakePlatform(self.clock), FakeMailer(), Phones()
        ports = replace(
            make_ports(self.deps),
            pay=self.platform,
            mail=self.mailer,
            official=phones.official,
            windows=phones.official,
        )
        return lambda points: make_services(self.deps, points.wire(ports))

    async def tell(self, life: Life) -> None:
        reports = [await self.order_and_pay(life, trade, openid) for trade, openid in PAYERS]
        for report in (reports[0], *reports):  # the first comes twice
            await life.ask("payments.webhooks.receive", "demo", GOOD, notification(trade=report))
        await life.work()
        for _ in range(8):  # the invoice is requested after ten minutes
            self.platform.issue()
            for number, refund in list(self.platform.refunds.items()):
                if refund.outcome == "PROCESSING":
                    body = notification(refund=self.platform.finish(number))
                    await life.ask("payments.webhooks.receive", "demo", GOOD, body)
            await life.pass_time(180)

    async def order_and_pay(self, life: Life, trade: Trade, openid: str) -> TradeReport:
        ordered = await life.ask("payments.orders.order", owner_of(self.fee), self.fee.id, trade, openid=openid)
        return self.platform.pay(ordered.out_trade_no)

    async def check(self, life: Life) -> Mapping[str, object]:
        came = sum(order.request.amount for order in self.platform.orders.values() if order.state == "SUCCESS")
        went = sum(refund.amount for refund in self.platform.refunds.values())
        assert (came, went) == (2 * self.fee.amount, self.fee.amount), "the fee counts once, the surplus goes back once"
        mails = Counter(mail.message_id for mail in self.mailer.sent)
        assert len(self.mailer.sent) <= len(mails) + life.deaths, f"a mail was sent twice without need: {mails}"
        return {
            "fee": (await Fee.get(id=self.fee.id)).state,
            "application": (await Application.get(id=self.fee.application_id)).state,
            "orders": sorted((order.state, order.surplus) for order in await PayOrder.all()),
            "refunds": [refund.state for refund in await Refund.all()],
            "invoices": [invoice.state for invoice in await Invoice.all()],
            "mails": sorted(email.kind for email in await OutboundEmail.filter(sent_at__not_isnull=True)),
            "different mails": len(mails),
            "notices": sorted(await Notice.all().values_list("kind", "state")),
            "acts": sorted(await AuditEntry.all().values_list("action", flat=True)),
        }


@pytest.mark.parametrize("kind", ["commit", "exchange", "defer"])
async def test_a_fee_counts_once_and_surplus_goes_back_once_wherever_the_process_dies(
    db: str, deps: Deps, clock: FixedClock, kind: Kind, request: pytest.FixtureRequest
) -> None:
    async with enumeration(FeeStory(with_short_ladders(deps), clock), db, request.node.nodeid) as runs:
        await runs.run_all(kind)
