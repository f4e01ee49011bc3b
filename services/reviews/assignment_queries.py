"""Queries of assignments (审核人员): the administrators' list, and waiting tasks without a reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.forms.display import show_region, show_specialty
from domain.masking import mask_mobile
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.reviews import ReviewAssignment
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, Page
from services.core.permissions import check
from services.reviews.coverage import find_uncovered


@dataclass(frozen=True)
class Assignment:
    """A person, a step and a scope; `active` false: revoked."""

    id: UUID
    account_id: UUID
    name: str
    masked_mobile: Annotated[str, Field(examples=["138****1234"])]
    step: str
    step_name: str
    region: str
    region_name: str
    specialty: str
    specialty_name: str
    department: str
    granted_at: datetime
    active: bool


@dataclass(frozen=True)
class OpenPlace:
    """Waiting tasks without a reviewer; an assignment with these codes covers them."""

    step: str
    step_name: str
    region: str
    region_name: str
    specialty: str
    specialty_name: str
    waiting: int
    since: datetime


@dataclass(frozen=True)
class AssignmentQueries:
    deps: Deps

    async def page(
        self, actor: Actor, *, step: str = "", active: bool = True, offset: int = 0, limit: int = 50
    ) -> Page[Assignment]:
        """Newest first; ``active`` false: revoked ones."""
        check(actor, "review.assign")
        filters: dict[str, Any] = {"pool": actor.pool, "revoked_at__isnull": active} | ({"step": step} if step else {})
        assignments = ReviewAssignment.filter(**filters)
        rows = await assignments.order_by("-granted_at", "-id").offset(offset).limit(min(limit, 100))
        return Page(tuple(await self.views_of(self.deps.book(actor.pool), rows)), await assignments.count())

    async def open_places(self, actor: Actor) -> list[OpenPlace]:
        """Scopes with waiting tasks that no reviewer may decide; longest waiting first."""
        check(actor, "review.assign")
        book = self.deps.book(actor.pool)
        uncovered = await find_uncovered(actor.pool)
        codes = await load_codes(book, [[place.region, place.specialty] for place in uncovered])
        names = {step.code: step.name for step in book.review.steps}
        return [
            OpenPlace(
                place.step,
                names.get(place.step, place.step),
                place.region,
                _place_name(place.region, codes, is_exact(book, place.step, place.region)),
                place.specialty,
                show_specialty(place.specialty, codes) if place.specialty else "",
                place.waiting,
                place.since,
            )
            for place in uncovered
        ]

    async def list_reviewers(self, actor: Actor) -> list[tuple[UUID, str]]:
        """All present reviewers, each once, with name and masked mobile, by name."""
        check(actor, "review.assign")
        assigned = ReviewAssignment.filter(pool=actor.pool, revoked_at=None).distinct().values_list("account_id")
        accounts = await Account.filter(id__in=[account_id for (account_id,) in await assigned]).order_by("real_name")
        return [
            (account.id, f"{account.real_name or '（未登记姓名）'} {_masked_mobile(self.deps, account)}")
            for account in accounts
        ]

    async def views_of(self, book: Rulebook, assignments: list[ReviewAssignment]) -> list[Assignment]:
        accounts = {
            account.id: account
            for account in await Account.filter(id__in=[assignment.account_id for assignment in assignments])
        }
        codes = await load_codes(book, [[assignment.region, assignment.specialty] for assignment in assignments])
        names = {step.code: step.name for step in book.review.steps}
        return [
            Assignment(
                id=assignment.id,
                account_id=assignment.account_id,
                name=accounts[assignment.account_id].real_name,
                masked_mobile=_masked_mobile(self.deps, accounts[assignment.account_id]),
                step=assignment.step,
                step_name=names.get(assignment.step, assignment.step),
                region=assignment.region,
                region_name=_place_name(assignment.region, codes, assignment.exact),
                specialty=assignment.specialty,
                specialty_name=show_specialty(assignment.specialty, codes) if assignment.specialty else "",
                department=assignment.department,
                granted_at=assignment.granted_at,
                active=assignment.revoked_at is None,
            )
            for assignment in assignments
        ]


def is_exact(book: Rulebook, step: str, region: str) -> bool:
    """Where applicants choose between a city and its counties, the city's office looks at its own part alone."""
    place = book.review.place_of(step)
    if place is None or book.review.steps[place].acts_in != "chosen":
        return False
    return region.endswith("00") and region != book.pool.region


def _place_name(region: str, codes: CatalogueCodes, exact: bool) -> str:
    return f"{show_region(region, codes)}{'本级' if exact else ''}"


def _masked_mobile(deps: Deps, account: Account) -> str:
    return mask_mobile(deps.keys.read(account.mobile_sealed, "mobile"))
