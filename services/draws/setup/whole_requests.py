"""Projects with their lots, and draws with all their parts, in one request: for platforms, which have no wizard.

Each part goes through the wizard's own use case, in one transaction. All refusals come at once, each with the path of
its field (``lots.0.name``); after any nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from uuid import UUID

from domain.clock import local
from domain.errors import Conflict, InvalidInput, RuleViolation
from domain.faults import Faults
from domain.ids import new_id
from models.draws import CallNotice, Condition, RecusalPerson, RecusalUnit
from services.core import permissions
from services.core.base import Actor, Deps, transaction
from services.draws.locks import lock_editable
from services.draws.projects.project_queries import ProjectQueries, ProjectView
from services.draws.projects.project_rules import LotData, ProjectData, check_lot
from services.draws.projects.projects import Projects
from services.draws.setup.call_notices_and_conditions import check_codes
from services.draws.setup.draw_setup import DrawSetup
from services.draws.setup.forms import (
    CallNoticeForm,
    ConditionForm,
    DrawForm,
    check_call_notice,
    check_counts,
    check_requirements,
)
from services.draws.setup.recusal_lists import RecusalLists

_UNKNOWN_START = datetime.max.replace(tzinfo=UTC)
"""Start of a draw without one, against which no gathering time is too late."""


@dataclass(frozen=True)
class WantedUnit:
    """A unit to be recused, beside tenderee and agency, who always are."""

    name: str
    credit_code: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class WantedPerson:
    """A person to be recused, by ID number, else by name and unit."""

    name: str
    id_number: str
    unit_name: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class WantedCondition:
    """A condition. ``notice``: place of its call notice in the request, from 1; the rest as in ``ConditionForm``."""

    notice: int
    region_mode: str
    regions: tuple[str, ...]
    specialty: str
    planned: int
    alternative: str = ""
    title_level: str = ""
    qualification: str = ""
    department: str = ""
    emergency: bool = False

    def form(self, notice_id: UUID | None) -> ConditionForm:
        return ConditionForm(notice_id, **{name.name: getattr(self, name.name) for name in fields(self)[1:]})


@dataclass(frozen=True)
class WholeDraw:
    """A draw with all its parts."""

    draw: DrawForm
    units: tuple[WantedUnit, ...]
    persons: tuple[WantedPerson, ...]
    notices: tuple[CallNoticeForm, ...]
    conditions: tuple[WantedCondition, ...]


@dataclass(frozen=True)
class WholeRequests:
    deps: Deps
    projects: Projects
    project_queries: ProjectQueries
    setup: DrawSetup
    recusals: RecusalLists

    async def create_project(self, actor: Actor, data: ProjectData, lots: Sequence[LotData]) -> ProjectView:
        """Raises InvalidInput, InvalidForm or RuleViolation."""
        faults = Faults()
        async with transaction():
            project: ProjectView | None = None
            with _named(faults):
                project = await self.projects.create(actor, data)
            for place, lot in enumerate(lots):
                with _named(faults, f"lots.{place}"):
                    check_lot(lot)
                    if project is not None:
                        await self.projects.add_lot(actor, project.id, lot)
            faults.raise_any()
            return await self.project_queries.get(actor, project.id)

    async def create_draw(self, actor: Actor, whole: WholeDraw) -> UUID:
        """A draw in state 新建. Raises InvalidInput, InvalidForm, RuleViolation, Conflict for a lot that is held."""
        permissions.check(actor, "draw.create")
        faults = Faults()
        async with transaction():
            draw_id: UUID | None = None
            with _named(faults):
                draw_id = await self.setup.create(actor, whole.draw)
            await self._add_parts(actor, draw_id, whole, faults)
            return draw_id  # otherwise its refusal was raised

    async def replace_draw(self, actor: Actor, draw_id: UUID, whole: WholeDraw) -> None:
        """Replace a draw before submission, or after a refusal. Raises as ``create_draw``; Conflict for a redraw or a
        recall, whose parts are those of its original."""
        permissions.check(actor, "draw.edit")
        faults = Faults()
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            if locked.draw.kind != "normal":
                raise Conflict("重新抽取和复评请在网页上修改。", code="follows_another")
            with _named(faults):
                await self.setup.edit(actor, draw_id, whole.draw)
            await self._remove_parts(actor, draw_id)
            await self._add_parts(actor, draw_id, whole, faults)

    async def _remove_parts(self, actor: Actor, draw_id: UUID) -> None:
        for condition in await Condition.filter(draw_id=draw_id).order_by("position"):
            await self.setup.remove_condition(actor, draw_id, condition.id)
        for notice in await CallNotice.filter(draw_id=draw_id).order_by("position"):
            await self.setup.remove_call_notice(actor, draw_id, notice.id)
        for unit in await RecusalUnit.filter(draw_id=draw_id, fixed=False):
            await self.recusals.remove_unit(actor, draw_id, unit.id)
        for person in await RecusalPerson.filter(draw_id=draw_id):
            await self.recusals.remove_person(actor, draw_id, person.id)

    async def _add_parts(self, actor: Actor, draw_id: UUID | None, whole: WholeDraw, faults: Faults) -> None:
        """``draw_id`` None: the draw itself was refused, and its parts are only checked. Raises all refusals."""
        if draw_id is not None:
            await self._add_recusals(actor, draw_id, whole, faults)
        notices = [await self._add_notice(actor, draw_id, whole, place, faults) for place in range(len(whole.notices))]
        for place, condition in enumerate(whole.conditions):
            with _named(faults, f"conditions.{place}"):
                if not 1 <= condition.notice <= len(notices):
                    message = f"请填写语音通知的序号，从1到{len(notices)}。" if notices else "请先填写语音通知。"
                    raise InvalidInput(message, code="no_notice", field="notice")
                await self._add_condition(actor, draw_id, condition, notices[condition.notice - 1])
        with _named(faults):
            check_counts([condition.planned for condition in whole.conditions], whole.draw.needed)
        faults.raise_any()

    async def _add_recusals(self, actor: Actor, draw_id: UUID, whole: WholeDraw, faults: Faults) -> None:
        for place, unit in enumerate(whole.units):
            with _named(faults, f"units.{place}"):
                await self.recusals.add_unit(actor, draw_id, unit.name, unit.credit_code, unit.reason, unit.evidence)
        for place, person in enumerate(whole.persons):
            with _named(faults, f"persons.{place}"):
                await self.recusals.add_person(
                    actor, draw_id, person.name, person.id_number, person.unit_name, person.reason, person.evidence
                )

    async def _add_notice(
        self, actor: Actor, draw_id: UUID | None, whole: WholeDraw, place: int, faults: Faults
    ) -> UUID | None:
        """The new notice; None where it, or the draw, was refused."""
        form = whole.notices[place]
        with _named(faults, f"notices.{place}"):
            if draw_id is not None:
                return await self.setup.add_call_notice(actor, draw_id, form)
            starts_at = whole.draw.starts_at or _UNKNOWN_START
            check_call_notice(form, self.deps.book(actor.pool), starts_at, self.deps.now())
        return None

    async def _add_condition(
        self, actor: Actor, draw_id: UUID | None, condition: WantedCondition, notice_id: UUID | None
    ) -> None:
        if draw_id is not None and notice_id is not None:
            await self.setup.add_condition(actor, draw_id, condition.form(notice_id))
            return
        form, faults = condition.form(new_id()), Faults()
        faults.check(check_requirements, form, self.deps.book(actor.pool))
        with faults.part():
            await check_codes(actor.pool, form, local(self.deps.now()).date())
        faults.raise_any()


@contextmanager
def _named(faults: Faults, path: str = "") -> Iterator[None]:
    """Collects the refusals of a part, whose fields then begin with ``path``. Other errors are raised at once."""
    try:
        yield
    except (InvalidInput, RuleViolation) as refusal:
        for fault in refusal.faults:
            fault.field = ".".join(part for part in (path, fault.field) if part) or "draw"
            faults.add(fault)
