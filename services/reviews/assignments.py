"""Who reviews what (审核人员): granted and revoked by administrators, by step, region and branch of specialties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.errors import InvalidInput, NotFound
from domain.forms.display import show_region, show_specialty
from domain.masking import mask_mobile
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.experts import CatalogueEntry
from models.reviews import ReviewAssignment
from services.accounts import account_by_mobile, check_mobile
from services.applications import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, Page, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.reviews.coverage import find_uncovered


@dataclass(frozen=True)
class AssignmentForm:
    """``region`` empty: the whole province; a city, where applicants choose between cities and counties: its own part
    (市本级) alone. ``specialty`` narrows a step that looks at each specialty.

    ``department`` is what the applicant reads in the log; empty: the rulebook's.
    """

    mobile: str
    name: str
    step: str
    region: str = ""
    specialty: str = ""
    department: str = ""


@dataclass(frozen=True)
class Assignment:
    """A person, a step and where; `active` false: revoked."""

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
    """Tasks that wait where no reviewer is assigned; an assignment with these codes covers them."""

    step: str
    step_name: str
    region: str
    region_name: str
    specialty: str
    specialty_name: str
    waiting: int
    since: datetime


class Assignments:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def grant(self, actor: Actor, form: AssignmentForm, *, key: str | None = None) -> Assignment:
        """Let a person review a step in a region and below it. Again for the same is harmless; after a revocation anew.

        Raises InvalidInput for a step, region or specialty that does not exist.
        """
        check(actor, "review.assign")
        check_mobile(form.mobile)
        book, now = self._deps.book(actor.pool), self._deps.now()
        name = check_text(form.name, "name", "姓名", 50, required=True)
        department = check_text(form.department, "department", "部门名称", 100)
        region = form.region or book.pool.region
        await _check_place(book, form.step, region, form.specialty)

        async def run() -> Assignment:
            account = await account_by_mobile(self._deps, actor.pool, form.mobile)
            if not account.real_name:
                account.real_name = name
                await account.save(update_fields=["real_name"])
            place: dict[str, Any] = {
                "account_id": account.id,
                "step": form.step,
                "region": region,
                "specialty": form.specialty,
            }
            row = await ReviewAssignment.get_or_none(**place)
            if row is None:
                row = ReviewAssignment(pool=actor.pool, **place)
            row.department, row.revoked_at = department, None
            row.exact = _is_exact(book, form.step, region)
            row.granted_at, row.granted_by = now, actor.account_id
            await row.save()
            await record(
                actor,
                now,
                "review.assign",
                "account",
                account.id,
                step=form.step,
                region=region,
                specialty=form.specialty,
            )
            return (await self._show(book, [row]))[0]

        return await once(
            owner=f"assign:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=Assignment,
            run=run,
            request=f"{self._deps.keys.lookup_hash('mobile', form.mobile)} {name} {form.step} {region} "
            f"{form.specialty} {department}",
        )

    async def revoke(self, actor: Actor, assignment_id: UUID) -> Assignment:
        """At once; what the person has decided stays. Twice is harmless."""
        check(actor, "review.assign")
        now = self._deps.now()

        async def run() -> Assignment:
            row = await ReviewAssignment.select_for_update().get_or_none(id=assignment_id, pool=actor.pool)
            if row is None:
                raise NotFound("找不到这项审核授权，请刷新列表。")
            if row.revoked_at is None:
                row.revoked_at = now
                await row.save(update_fields=["revoked_at"])
                await record(actor, now, "review.unassign", "account", row.account_id, step=row.step, region=row.region)
            return (await self._show(self._deps.book(actor.pool), [row]))[0]

        return await once(owner="unassign", key=None, deps=self._deps, answer=Assignment, run=run)

    async def page(
        self, actor: Actor, *, step: str = "", active: bool = True, offset: int = 0, limit: int = 50
    ) -> Page[Assignment]:
        """Newest first; ``active`` false: those that were revoked."""
        check(actor, "review.assign")
        wanted: dict[str, Any] = {"pool": actor.pool, "revoked_at__isnull": active} | ({"step": step} if step else {})
        found = ReviewAssignment.filter(**wanted)
        rows = await found.order_by("-granted_at", "-id").offset(offset).limit(min(limit, 100))
        return Page(tuple(await self._show(self._deps.book(actor.pool), rows)), await found.count())

    async def open_places(self, actor: Actor) -> list[OpenPlace]:
        """Where tasks wait and no reviewer may decide them; the longest waiting first."""
        check(actor, "review.assign")
        book = self._deps.book(actor.pool)
        uncovered = await find_uncovered(actor.pool)
        codes = await load_codes(book, [[one.region, one.specialty] for one in uncovered])
        names = {step.code: step.name for step in book.review.steps}
        return [
            OpenPlace(
                one.step,
                names.get(one.step, one.step),
                one.region,
                _place_name(one.region, codes, _is_exact(book, one.step, one.region)),
                one.specialty,
                show_specialty(one.specialty, codes) if one.specialty else "",
                one.waiting,
                one.since,
            )
            for one in uncovered
        ]

    async def _show(self, book: Rulebook, found: list[ReviewAssignment]) -> list[Assignment]:
        accounts = {a.id: a for a in await Account.filter(id__in=[row.account_id for row in found])}
        codes = await load_codes(book, [[row.region, row.specialty] for row in found])
        names = {step.code: step.name for step in book.review.steps}
        return [
            Assignment(
                id=row.id,
                account_id=row.account_id,
                name=accounts[row.account_id].real_name,
                masked_mobile=_masked(self._deps, accounts[row.account_id]),
                step=row.step,
                step_name=names.get(row.step, row.step),
                region=row.region,
                region_name=_place_name(row.region, codes, row.exact),
                specialty=row.specialty,
                specialty_name=show_specialty(row.specialty, codes) if row.specialty else "",
                department=row.department,
                granted_at=row.granted_at,
                active=row.revoked_at is None,
            )
            for row in found
        ]


def _is_exact(book: Rulebook, step: str, region: str) -> bool:
    """Where applicants choose between a city and its counties, the city's office looks at its own part alone."""
    place = book.review.place_of(step)
    if place is None or book.review.steps[place].acts_in != "chosen":
        return False
    return region.endswith("00") and region != book.pool.region


def _place_name(region: str, codes: CatalogueCodes, exact: bool) -> str:
    return f"{show_region(region, codes)}{'本级' if exact else ''}"


async def _check_place(book: Rulebook, step: str, region: str, specialty: str) -> None:
    rule = next((one for one in book.review.steps if one.code == step), None)
    if rule is None:
        raise InvalidInput("没有这个审核环节，请从列表中选择。", code="no_step", field="step")
    pools = ["", book.pool.code]
    in_province = region[:2] == book.pool.region[:2]
    if not in_province or not await CatalogueEntry.exists(pool__in=pools, kind="region", code=region):
        raise InvalidInput("没有这个地区，请从列表中选择。", code="no_region", field="region")
    if rule.acts_in == "province" and region != book.pool.region:
        raise InvalidInput("该环节由省级审核，地区请选择全省。", code="region_too_small", field="region")
    if rule.acts_in == "city" and not region.endswith("00") and await _has_city(book, region):
        raise InvalidInput("该环节由市州审核，地区请选择市州或全省。", code="region_too_small", field="region")
    if not specialty:
        return
    if not rule.per_specialty:
        raise InvalidInput("该环节审核整份申请，不能按专业授权。", code="step_of_whole", field="specialty")
    if not await CatalogueEntry.exists(pool__in=pools, kind="specialty", code=specialty):
        raise InvalidInput("没有这个评标专业，请从列表中选择。", code="no_specialty", field="specialty")


async def _has_city(book: Rulebook, region: str) -> bool:
    """Counties right below the province are reviewed like cities."""
    entry = await CatalogueEntry.filter(pool__in=["", book.pool.code], kind="region", code=region).first()
    return entry is not None and entry.parent != book.pool.region


def _masked(deps: Deps, account: Account) -> str:
    return mask_mobile(deps.keys.read(account.mobile_sealed, "mobile"))
