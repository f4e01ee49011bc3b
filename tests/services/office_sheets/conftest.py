"""Both kinds of office sheets, as tests of what they share upload them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from models.experts import Expert
from models.office_sheets import OfficeSheet
from services.core.base import Actor, Deps
from services.office_sheets import OfficeSheets, SheetAct, TermForm
from services.office_sheets.views import OfficeSheetView
from services.sanctions import SanctionForm
from tests.factories.assembly import composed
from tests.factories.people import file_more, make_account, make_expert

REASON = "换届前统一办理"
LATER = "2029-03-01"
KINDS = ("terms", "sanctions")


async def make_admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def make_member(deps: Deps, **columns: Any) -> Expert:
    """An expert whose term ends in a month."""
    expert = await make_expert(deps, **columns)
    await file_more(deps, expert, deps.now(), term_until=(deps.now() + timedelta(days=30)).isoformat())
    return await Expert.get(id=expert.id)


@dataclass(frozen=True)
class SheetOffice:
    """An office that uploads sheets of one kind. ``notice``: kind of the notice to each expert on them."""

    sheets: OfficeSheets
    act: SheetAct[Any, Any]
    form: Any
    notice: str
    cell: str
    """What each row sets."""

    @property
    def deps(self) -> Deps:
        return self.sheets.deps

    def csv(self, *people: str) -> bytes:
        """``people``: number and ID number, with a comma between."""
        cells = [f"{person},{self.cell}" for person in people]
        return "\n".join([",".join(column.title for column in self.act.columns), *cells]).encode()

    async def upload(self, actor: Actor, *people: str) -> UUID:
        return await self.sheets.upload(actor, self.act, self.form, self.csv(*people), "名单.csv")

    async def get(self, actor: Actor, sheet_id: UUID) -> OfficeSheetView[Any]:
        return await self.sheets.get(actor, self.act, sheet_id)

    async def confirm(self, sheet_id: UUID) -> Actor:
        """Confirm it as another administrator than the one who uploaded it."""
        other = await make_admin(self.deps)
        await self.sheets.confirm(other, self.act, sheet_id)
        return other

    async def run(self, sheet_id: UUID) -> OfficeSheet:
        """Confirm it, and let the worker do it."""
        await self.confirm(sheet_id)
        await self.sheets.work(sheet_id)
        return await OfficeSheet.get(id=sheet_id)


@pytest.fixture
def sheets(db: str, deps: Deps) -> OfficeSheets:
    return composed(OfficeSheets, deps)


def make_office(sheets: OfficeSheets, kind: str) -> SheetOffice:
    if kind == "terms":
        return SheetOffice(sheets, sheets.terms, TermForm(REASON), "term_extended", LATER)
    return SheetOffice(sheets, sheets.sanctions, SanctionForm("suspension", REASON), "sanction_imposed", "")


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, sheets: OfficeSheets) -> SheetOffice:
    return make_office(sheets, request.param)
