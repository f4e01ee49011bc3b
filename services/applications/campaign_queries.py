"""Queries of recruitment campaigns (征集): the office's list, one of them, and the announced ones for applicants."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.errors import NotFound
from models.applications import Application
from models.campaigns import Campaign
from services.applications.campaign_windows import (
    CampaignView,
    announced_of,
    view_of,
)
from services.core.base import Actor, Deps, rows
from services.core.permissions import check

_COUNTS = (
    "SELECT campaign_id, count(*) AS n FROM application WHERE pool = $1 AND campaign_id IS NOT NULL "
    "GROUP BY campaign_id"
)


@dataclass(frozen=True)
class CampaignQueries:
    deps: Deps

    async def list(self, actor: Actor) -> tuple[CampaignView, ...]:
        """Every campaign of the pool, latest first, with its number of applications."""
        campaigns = await self.choices(actor)
        counts = {row["campaign_id"]: row["n"] for row in await rows(_COUNTS, actor.pool)}
        return tuple(replace(campaign, applications=counts.get(campaign.id, 0)) for campaign in campaigns)

    async def choices(self, actor: Actor) -> tuple[CampaignView, ...]:
        """The same without counts, for selection."""
        check(actor, "campaign.manage")
        now = self.deps.now()
        campaigns = await Campaign.filter(pool=actor.pool).order_by("-enrol_from", "-id")
        return tuple(view_of(campaign, now, 0) for campaign in campaigns)

    async def get(self, actor: Actor, campaign_id: UUID) -> CampaignView:
        """Raises NotFound."""
        check(actor, "campaign.manage")
        campaign = await Campaign.get_or_none(id=campaign_id, pool=actor.pool)
        if campaign is None:
            raise unknown_campaign()
        return await counted_view(campaign, self.deps.now())

    async def list_announced(self, pool: str) -> tuple[CampaignView, ...]:
        """Campaigns visible to applicants: open and upcoming ones, soonest first; without counts."""
        now = self.deps.now()
        published = await Campaign.filter(pool=pool, published_at__not_isnull=True).order_by("enrol_from", "id")
        return announced_of(published, now)


async def counted_view(campaign: Campaign, now: datetime) -> CampaignView:
    return view_of(campaign, now, await Application.filter(campaign_id=campaign.id).count())


def unknown_campaign() -> NotFound:
    return NotFound("找不到这次征集，请刷新列表后重试。")
