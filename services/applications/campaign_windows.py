"""Views of a campaign, and the ends of its windows, which are half-open. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from domain.rulebook.book import Rulebook
from models.applications import Application
from models.campaigns import Campaign

Ends: TypeAlias = tuple[datetime, datetime | None]
"""Deadlines of a first submission, and of a correction; None: no deadline."""


@dataclass(frozen=True)
class CampaignForm:
    """The form of a campaign as typed. Windows are half-open; a missing end means none. ``advice``: line by region
    code."""

    name: str
    entry_types: Sequence[str]
    enrol_from: datetime | None
    enrol_until: datetime | None
    review_from: datetime | None = None
    review_until: datetime | None = None
    pay_from: datetime | None = None
    pay_until: datetime | None = None
    announcement: str = ""
    advice: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CampaignData(CampaignForm):
    """A form that is complete."""

    enrol_from: datetime
    enrol_until: datetime


@dataclass(frozen=True)
class CampaignView:
    """A campaign as of now. ``state`` of applying: draft (not published), upcoming, open or closed."""

    id: UUID
    data: CampaignData
    state: str
    created_at: datetime
    published_at: datetime | None
    closed_at: datetime | None
    applications: int


def enrolment_end(campaign: Campaign) -> datetime:
    """When applying ends or ended."""
    return min(campaign.enrol_until, campaign.closed_at or campaign.enrol_until)


def review_end(campaign: Campaign | None, application: Application, book: Rulebook) -> datetime | None:
    """When the last decision can be made; None: no end, as for who was given a time of his own."""
    if campaign is None or application.own_until is not None:
        return None
    return _review_end(campaign, book)


def submission_end(campaign: Campaign | None, application: Application, book: Rulebook) -> datetime | None:
    """Until when an application can be submitted, or resubmitted; None: no end."""
    return submission_end_of(submission_ends(campaign, book) if campaign else None, application)


def submission_end_of(ends: Ends | None, application: Application) -> datetime | None:
    """The same in a campaign with these ends, None: in no campaign. The person's own time counts where it is later, and
    where there is no other."""
    end = ends[application.round > 0] if ends else None
    own = application.own_until
    return own if end is None else max(end, own or end)


def submission_ends(campaign: Campaign, book: Rulebook) -> Ends:
    """The ends of a first submission, and of a correction."""
    end = enrolment_end(campaign)
    return end, _review_end(campaign, book) if book.campaigns.correct_until == "review" else end


def _review_end(campaign: Campaign, book: Rulebook) -> datetime | None:
    return campaign.review_until if book.review.own_campaign_window else None


def state_of(campaign: Campaign, now: datetime) -> str:
    if campaign.published_at is None:
        return "draft"
    if enrolment_end(campaign) <= now:
        return "closed"
    return "open" if campaign.enrol_from <= now else "upcoming"


def data_of(campaign: Campaign) -> CampaignData:
    return CampaignData(**{f.name: getattr(campaign, f.name) for f in fields(CampaignData)})


def columns_of(data: CampaignData) -> dict[str, object]:
    columns: dict[str, object] = {f.name: getattr(data, f.name) for f in fields(CampaignData)}
    return columns | {"entry_types": list(data.entry_types), "advice": dict(data.advice)}


def view_of(campaign: Campaign, now: datetime, applications: int) -> CampaignView:
    return CampaignView(
        campaign.id,
        data_of(campaign),
        state_of(campaign, now),
        campaign.created_at,
        campaign.published_at,
        campaign.closed_at,
        applications,
    )


def announced_of(published: Sequence[Campaign], now: datetime) -> tuple[CampaignView, ...]:
    """Open and upcoming campaigns, in the given order; without counts."""
    return tuple(view_of(campaign, now, 0) for campaign in published if enrolment_end(campaign) > now)
