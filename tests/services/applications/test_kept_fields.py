"""Fields that a renewal copies from the expert's file are valid, even if today's form would refuse them."""

from __future__ import annotations

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.form import EntryType
from models.applications import Application, ApplicationSpecialty
from models.experts import CatalogueEntry
from services.applications.drafts import Drafts
from services.applications.queries import ApplicationQueries
from services.core.base import Actor, Deps
from tests.factories.applications import (
    SPECIALTY,
    account_of,
    attach_all,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    values_of,
)
from tests.factories.people import file_more, make_expert
from tests.services.applications.test_pools import print_form, submission_of
from tests.services.conftest import RULEBOOKS, NoticeBook

pytestmark = pytest.mark.usefixtures("db")
DISTRICT, OTHER_CLASS = "650106", "B0101"
KEPT = {"region", "employer", "specialties"}


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return Deps(deps.clock, deps.keys, load_rulebooks(RULEBOOKS, ("xinjiang",)), deps.jobs, deps.public_url)


@pytest.fixture
async def expert(deps: Deps) -> Actor:
    """An expert whose file has a district and specialties of two classes, which no form of the pool permits."""
    await make_codes(deps.book("xinjiang"))
    for code, name, parent in (("B", "货物类", ""), ("B01", "设备", "B"), (OTHER_CLASS, "机械设备", "B01")):
        await CatalogueEntry.create(pool="xinjiang", kind="specialty", code=code, name=name, parent=parent)
    await make_campaign(deps, pool="xinjiang", entry_types=["renewal", "education"])
    person = await make_applicant(deps, pool="xinjiang")
    file = await make_expert(
        deps,
        pool="xinjiang",
        account=await account_of(person),
        permanent_region=DISTRICT,
        specialties=[SPECIALTY, OTHER_CLASS],
    )
    await file_more(deps, file, employer="单位" * 40, employer_code="旧证号")
    return person


async def fill_in_the_rest(deps: Deps, person: Actor, entry_type: EntryType) -> Application:
    drafts, book = Drafts(deps, make_campaigns(deps)), deps.book("xinjiang")
    begun = await drafts.start(person, entry_type)
    view = await ApplicationQueries(deps).get(person, begun.id)
    versions = {section.code: section.version for section in view.sections}
    for section, values in values_of(book, entry_type=entry_type).items():
        typed = {code: value for code, value in values.items() if code not in KEPT}
        if typed:
            await drafts.save_section(person, begun.id, section, typed, versions[section])
    await attach_all(deps, begun.id, entry_type=entry_type)
    return await Application.get(id=begun.id)


@pytest.mark.parametrize("entry_type", ["renewal", "education"])
async def test_a_district_two_classes_and_a_long_name_can_be_handed_in(
    deps: Deps, book: NoticeBook, expert: Actor, entry_type: EntryType
) -> None:
    """新疆手册 2025 L93: prefecture, unit and specialties stay those of the first entry."""
    application = await fill_in_the_rest(deps, expert, entry_type)
    view = await ApplicationQueries(deps).get(expert, application.id)
    assert view.problems == ()
    assert set(view.kept) >= KEPT
    assert not KEPT & {field for section in view.sections for field in section.editable}
    await print_form(deps, application)
    outcome = await submission_of(deps, book).submit(expert, application.id, application.version)
    assert outcome.state == "reviewing"
    filed = await ApplicationSpecialty.filter(application_id=application.id).order_by("position")
    assert [specialty.code for specialty in filed] == [SPECIALTY, OTHER_CLASS]
    assert (await Application.get(id=application.id)).region == DISTRICT
