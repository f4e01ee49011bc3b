"""Estimates, as bands, whether a condition can be filled: rate-limited, and independent of the agency's recusals."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.clock import local
from domain.errors import TooMany
from domain.faults import Faults
from domain.rulebook.sections import CountBand
from models.draws import CallNotice, Condition, Draw
from services.core import permissions
from services.core.base import Actor, Deps, transaction
from services.draws.call_order.eligibility import count_eligible, no_recusals
from services.draws.locks import lock_editable
from services.draws.setup.call_notices_and_conditions import check_codes, fill_condition, get_call_notice
from services.draws.setup.daily_limits import count_use
from services.draws.setup.forms import ConditionForm, check_emergency, check_requirements


@dataclass(frozen=True)
class Preview:
    """Bands, never counts or names; recusals are not subtracted. `alternative`: None without one. `left`: remaining
    previews."""

    main: CountBand
    alternative: CountBand | None
    planned: int
    left: int

    @property
    def is_scarce(self) -> bool:
        """Whether there may be fewer experts than are planned."""
        return self.main.least + (self.alternative.least if self.alternative else 0) < self.planned


@dataclass(frozen=True)
class DrawPreviews:
    deps: Deps

    async def show(self, actor: Actor, draw_id: UUID, condition_id: UUID) -> Preview:
        """Limited per draw, and per day for the project and the organisation. Raises TooMany."""
        permissions.check(actor, "draw.preview")
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            return await self._bands(locked.draw, locked.get_condition(condition_id))

    async def show_form(self, actor: Actor, draw_id: UUID, form: ConditionForm) -> Preview:
        """The same for an unsaved condition. Raises InvalidInput for a code that no catalogue has."""
        permissions.check(actor, "draw.preview")
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            await self._check_form(locked.draw, form)
            condition = Condition(draw_id=draw_id, position=0)
            fill_condition(condition, form, await get_call_notice(draw_id, form.notice_id))
            return await self._bands(locked.draw, condition)

    async def _check_form(self, draw: Draw, form: ConditionForm) -> None:
        faults, book = Faults(), self.deps.book(draw.pool)
        faults.check(check_requirements, form, book)
        faults.check(check_emergency, form.emergency, draw.starts_at, self.deps.now(), book)
        with faults.part():
            await check_codes(draw.pool, form, local(self.deps.now()).date())
        faults.raise_any()

    async def _bands(self, draw: Draw, condition: Condition) -> Preview:
        call_notice = await get_call_notice(draw.id, condition.notice_id)
        left = await self._count_preview(draw)
        main = await self._band(draw, condition, call_notice, condition.specialty)
        has_alternative = bool(condition.alternative)
        other = await self._band(draw, condition, call_notice, condition.alternative) if has_alternative else None
        return Preview(main, other, condition.planned, left)

    async def _count_preview(self, draw: Draw) -> int:
        rules, now = self.deps.book(draw.pool).draw.preview, self.deps.now()
        if draw.previews >= rules.per_draw:
            raise TooMany(f"本活动预览次数已用完（{rules.per_draw}次），请直接提交。", retry_after=86400)
        draw.previews += 1
        await draw.save(update_fields=["previews"])
        left = await count_use(
            "preview",
            draw.project_id,
            now,
            rules.per_project_day,
            f"本项目今天的预览次数已用完（{rules.per_project_day}次），请直接提交，或明天再预览。",
        )
        left_for_organisation = await count_use(
            "preview",
            draw.organisation_id,
            now,
            rules.per_organisation_day,
            f"本单位今天的预览次数已用完（{rules.per_organisation_day}次），请直接提交，或明天再预览。",
        )
        return min(rules.per_draw - draw.previews, left, left_for_organisation)

    async def _band(self, draw: Draw, condition: Condition, call_notice: CallNotice, specialty: str) -> CountBand:
        book = self.deps.book(draw.pool)
        return book.draw.preview.band(
            await count_eligible(draw, condition, call_notice, specialty, no_recusals(draw), book, self.deps.now())
        )
