"""Assignments of reviewers (审核人员): granted and revoked by administrators, by step, region and branch of
specialties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.errors import InvalidInput, NotFound
from domain.faults import Faults
from domain.person_names import person_name
from domain.rulebook.book import Rulebook
from models.experts import CatalogueEntry
from models.reviews import ReviewAssignment
from services.accounts import account_by_mobile, check_mobile, notify_role_changed
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.reviews.assignment_queries import Assignment, AssignmentQueries, is_exact


@dataclass(frozen=True)
class AssignmentForm:
    """``region`` empty: the whole province; a city, where applicants choose between cities and counties: its own part
    (市本级) alone. ``specialty`` narrows a step with a task per specialty.

    ``department`` is its name in the applicant's log; empty: the rulebook's.
    """

    mobile: str
    name: str
    step: str
    region: str = ""
    specialty: str = ""
    department: str = ""


@dataclass(frozen=True)
class Assignments:
    deps: Deps
    queries: AssignmentQueries

    async def grant(self, actor: Actor, form: AssignmentForm, *, key: str | None = None) -> Assignment:
        """Let a person review a step in a region and below it. A repetition is harmless; after a revocation it grants
        anew.

        Raises InvalidInput with all faults, also for a step, region or specialty that does not exist.
        """
        check(actor, "review.assign")
        book, now, faults = self.deps.book(actor.pool), self.deps.now(), Faults()
        mobile = faults.check(check_mobile, form.mobile)
        name = faults.check(person_name, form.name, field="name")
        region = form.region or book.pool.region
        with faults.part():
            await _check_place(book, form.step, region, form.specialty)
        department = faults.check(check_text, form.department, "department", "部门名称", 100)
        faults.raise_any()

        async def run() -> Assignment:
            account = await account_by_mobile(self.deps, actor.pool, mobile)
            if not account.real_name:
                account.real_name = name
                await account.save(update_fields=["real_name"])
            place: dict[str, Any] = {"step": form.step, "region": region, "specialty": form.specialty}
            assignment = await ReviewAssignment.get_or_none(account_id=account.id, **place)
            is_new = assignment is None or assignment.revoked_at is not None
            if assignment is None:
                assignment = ReviewAssignment(pool=actor.pool, account_id=account.id, **place)
            assignment.department, assignment.revoked_at = department, None
            assignment.exact = is_exact(book, form.step, region)
            assignment.granted_at, assignment.granted_by = now, actor.account_id
            await assignment.save()
            await record(actor, now, "review.assign", "account", account.id, **place)
            if is_new:
                await notify_role_changed(self.deps, actor.pool, account.id, "新增一项审核授权")
            return (await self.queries.views_of(book, [assignment]))[0]

        return await once(
            owner=f"assign:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Assignment,
            run=run,
            request=f"{self.deps.keys.lookup_hash('mobile', mobile)} {name} {form.step} {region} "
            f"{form.specialty} {department}",
        )

    async def revoke(self, actor: Actor, assignment_id: UUID) -> Assignment:
        """Revoke at once; decisions of the person stay. A repetition is harmless."""
        check(actor, "review.assign")
        now = self.deps.now()

        async def run() -> Assignment:
            assignment = await ReviewAssignment.select_for_update().get_or_none(id=assignment_id, pool=actor.pool)
            if assignment is None:
                raise NotFound("找不到这项审核授权，请刷新列表。")
            if assignment.revoked_at is None:
                assignment.revoked_at = now
                await assignment.save(update_fields=["revoked_at"])
                await record(
                    actor,
                    now,
                    "review.unassign",
                    "account",
                    assignment.account_id,
                    step=assignment.step,
                    region=assignment.region,
                )
                await notify_role_changed(self.deps, actor.pool, assignment.account_id, "停用一项审核授权")
            return (await self.queries.views_of(self.deps.book(actor.pool), [assignment]))[0]

        return await once(owner="unassign", key=None, deps=self.deps, answer=Assignment, run=run)


async def _check_place(book: Rulebook, step: str, region: str, specialty: str) -> None:
    rule = next((step_rule for step_rule in book.review.steps if step_rule.code == step), None)
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
    """Counties directly below the province are reviewed like cities."""
    entry = await CatalogueEntry.filter(pool__in=["", book.pool.code], kind="region", code=region).first()
    return entry is not None and entry.parent != book.pool.region
