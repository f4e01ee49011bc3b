"""Recruitment campaigns (征集): announcements, and their upkeep by staff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.rulebook.form import EntryType
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, PoolPath
from services.applications import CampaignData, CampaignView

api = Api("campaigns", "征集", "When people may apply. Windows are half-open: the end itself is outside.")

RegionCode = Annotated[str, Field(pattern=r"^\d{6}$")]


class CampaignPath(PoolPath):
    campaign_id: UUID


class CampaignIn(Input):
    """A missing end means none."""

    name: str = Field(max_length=100, examples=["2026年第二批评标专家征集"])
    entry_types: list[EntryType] = Field(
        min_length=1, max_length=3, description="新增, 续聘, 继续教育", examples=[["first", "renewal"]]
    )
    enrol_from: Moment = Field(description="报名开始", examples=["2026-11-15T10:30:00+08:00"])
    enrol_until: Moment = Field(description="报名截止", examples=["2026-12-02T18:30:00+08:00"])
    review_from: Moment | None = Field(None, description="审核开始")
    review_until: Moment | None = Field(None, description="审核截止")
    pay_from: Moment | None = Field(None, description="缴费开始")
    pay_until: Moment | None = Field(None, description="缴费截止")
    announcement: str = Field("", max_length=10_000, description="公告")
    advice: dict[RegionCode, str] = Field(
        default_factory=dict,
        max_length=300,
        description="政策咨询 by region code",
        examples=[{"440100": "020-12345678"}],
    )

    def data(self) -> CampaignData:
        return CampaignData(**self.model_dump())


class CampaignOut(Output):
    """`state` is the state of applying: draft (not published), upcoming, open or closed."""

    id: UUID
    name: str
    entry_types: tuple[str, ...]
    enrol_from: Moment
    enrol_until: Moment
    review_from: Moment | None
    review_until: Moment | None
    pay_from: Moment | None
    pay_until: Moment | None
    announcement: str
    advice: dict[str, str]
    state: Literal["draft", "upcoming", "open", "closed"]
    created_at: Moment
    published_at: Moment | None
    closed_at: Moment | None

    @classmethod
    def show(cls, view: CampaignView) -> CampaignOut:
        return cls.model_validate(_flat(view, cls.model_fields))


class ManagedCampaignOut(CampaignOut):
    """`applications` is the number of applications begun in it."""

    applications: int

    @classmethod
    def show(cls, view: CampaignView) -> ManagedCampaignOut:
        return cls.model_validate(_flat(view, cls.model_fields))


def _flat(view: CampaignView, names: Iterable[str]) -> dict[str, object]:
    """The view's own fields and those of its form, in one object."""
    both = vars(view.data) | vars(view)
    return {name: both[name] for name in names}


@api.get("/campaigns", "正在进行和即将开始的征集", access="public")
async def announced(call: Call) -> Listing[CampaignOut]:
    """Announced campaigns, readable by anyone, soonest first. May be empty where the pool accepts applications all
    year."""
    found = await call.services.applications.campaign_queries.announced(call.pool)
    return Listing[CampaignOut](items=tuple(CampaignOut.show(view) for view in found))


@api.get("/office/campaigns", "全部征集", action="campaign.manage")
async def list_all(call: Call) -> Listing[ManagedCampaignOut]:
    """Every campaign, the latest first."""
    found = await call.services.applications.campaign_queries.list(call.actor)
    return Listing[ManagedCampaignOut](items=tuple(ManagedCampaignOut.show(view) for view in found))


@api.post("/office/campaigns", "新建征集", action="campaign.manage", status=201)
async def create(call: Call, body: CampaignIn) -> ManagedCampaignOut:
    """A draft; applicants don't see it before it is published."""
    return ManagedCampaignOut.show(await call.services.applications.campaigns.create(call.actor, body.data()))


@api.get("/office/campaigns/{campaign_id}", "查看征集", action="campaign.manage")
async def show(call: Call, path: CampaignPath) -> ManagedCampaignOut:
    """One campaign."""
    return ManagedCampaignOut.show(await call.services.applications.campaign_queries.get(call.actor, path.campaign_id))


@api.put("/office/campaigns/{campaign_id}", "修改征集", action="campaign.manage")
async def edit(call: Call, path: CampaignPath, body: CampaignIn) -> ManagedCampaignOut:
    """Replace the form. Once applying has begun, its start cannot change and entry types can only be added."""
    return ManagedCampaignOut.show(
        await call.services.workflows.campaigns.edit(call.actor, path.campaign_id, body.data())
    )


@api.post("/office/campaigns/{campaign_id}/publication", "发布征集", action="campaign.manage")
async def publish(call: Call, path: CampaignPath) -> ManagedCampaignOut:
    """Publish it; it opens by itself. Refused when another one accepts the same type of entry at the same time."""
    return ManagedCampaignOut.show(await call.services.applications.campaigns.publish(call.actor, path.campaign_id))


@api.post("/office/campaigns/{campaign_id}/closing", "关闭报名", action="campaign.manage")
async def close(call: Call, path: CampaignPath) -> ManagedCampaignOut:
    """End applying now; review and payment continue in their windows."""
    return ManagedCampaignOut.show(await call.services.applications.campaigns.close(call.actor, path.campaign_id))


@api.delete("/office/campaigns/{campaign_id}", "删除征集", action="campaign.manage")
async def delete(call: Call, path: CampaignPath) -> None:
    """Delete a campaign that was never published."""
    await call.services.applications.campaigns.delete(call.actor, path.campaign_id)
