"""What is typed is checked where it is typed, while it can still be mended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import RuleViolation
from models.draws import Draw
from models.projects import Project
from services.core.base import Deps
from tests.factories.offices import Office, draw_form, make_office


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def test_a_draw_on_site_of_a_project_without_the_centre_s_number_is_refused_before_it_is_made(
    office: Office,
) -> None:
    await Project.filter(id=office.project_id).update(number="")
    with pytest.raises(RuleViolation, match=r"应为20位.*改为否") as refused:
        await office.setup.create(office.agency, draw_form(office, on_site=True))
    assert (refused.value.field, refused.value.rule) == ("on_site", "projects.onsite_number_length")
    assert not await Draw.exists(), "with a draw the project would be read-only, and nobody could mend its number"


async def test_a_draw_is_not_turned_into_one_on_site_behind_the_number_s_back(office: Office) -> None:
    await Project.filter(id=office.project_id).update(number="1")
    draw_id = await office.setup.create(office.agency, draw_form(office))
    with pytest.raises(RuleViolation, match="20位"):
        await office.setup.edit(office.agency, draw_id, replace(draw_form(office), on_site=True))
    await office.setup.edit(office.agency, draw_id, draw_form(office))
