"""A changed campaign and the fees that are still owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from models.applications import Application
from models.payments import Fee
from services.applications.campaign_queries import CampaignQueries
from services.applications.campaigns import Campaigns
from services.core.base import Actor, Deps
from services.notifications import Notices
from services.payments import Fees
from services.workflows import CampaignWorkflow
from tests.factories.applications import make_campaign
from tests.factories.people import make_account
from tests.factories.reviews import make_application

pytestmark = pytest.mark.usefixtures("db")


async def test_an_owed_fee_follows_the_window_of_payment(deps: Deps) -> None:
    campaigns, fees = Campaigns(deps), Fees(deps, Notices(deps))
    row = await make_campaign(deps, pay_until=deps.now() + timedelta(days=30))
    application = await make_application(deps)
    await Application.filter(id=application.id).update(campaign_id=row.id, approved_at=deps.now(), state="fee")
    fee = await fees.charge(await Application.get(id=application.id), deps.now())
    admin = Actor("demo", "pool_admin", (await make_account(deps)).id)
    data = (await CampaignQueries(deps).get(admin, row.id)).data
    later = deps.now() + timedelta(days=40)
    await CampaignWorkflow(deps, campaigns, fees).edit(admin, row.id, replace(data, pay_until=later))
    assert (await Fee.get(id=fee.id)).closes_at == later != fee.closes_at
