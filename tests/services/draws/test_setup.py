"""What is typed is checked where it is typed, while it can still be mended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import Conflict, RuleViolation
from models.accounts import Account
from models.draws import Draw, DrawLot, DrawNumber
from models.projects import Project
from services.core.base import Deps
from tests.factories.offices import Office, draw_form, make_office, notice_form


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


async def test_the_number_after_9999_is_refused_in_words(office: Office) -> None:
    first = await Draw.get(id=await office.setup.create(office.agency, draw_form(office)))
    await DrawNumber.all().update(used=9999)
    await DrawLot.filter(draw_id=first.id).delete()
    with pytest.raises(Conflict, match=r"编号已用到9999，请明天再新建"):
        await office.setup.create(office.agency, draw_form(office))
    assert (await DrawNumber.get()).used == 9999


async def test_off_site_the_one_who_draws_is_not_whom_experts_call(office: Office) -> None:
    draw_id = await office.setup.create(office.agency, draw_form(office))
    account = await Account.get(id=office.agency.account_id)
    for name in (f" {draw_form(office).operator_name}", account.real_name):
        with pytest.raises(RuleViolation, match="不能填经办人本人") as refused:
            await office.setup.add_notice(office.agency, draw_id, replace(notice_form(office), contact=name))
        assert (refused.value.field, refused.value.source) == ("contact", "广东手册 L378")
    notice_id = await office.setup.add_notice(office.agency, draw_id, notice_form(office))
    own = replace(notice_form(office), contact=account.real_name)
    with pytest.raises(RuleViolation, match="不能填经办人本人"):
        await office.setup.edit_notice(office.agency, draw_id, notice_id, own)
    await Draw.filter(id=draw_id).update(on_site=True)
    await office.setup.edit_notice(office.agency, draw_id, notice_id, own)
