"""The page before an application: it says whether it can begin, before it offers a button that begins it."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.form import EntryType
from models.applications import Application, ApplicationSpecialty
from models.campaigns import Campaign
from services.core.base import Actor
from tests.factories.applications import make_campaign
from tests.factories.people import BEGINNING, make_account
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.web.conftest import World
from web.applications.apply import _papers_of

BEGIN = "我已知晓，开始填写"


@pytest.mark.parametrize("entry_type", get_args(EntryType))
async def test_without_a_way_to_begin_the_reason_stands_in_the_place_of_the_button(
    world: World, entry_type: EntryType
) -> None:
    account = await make_applicant(world.services.deps)
    visitor = await (await world.enter(account)).get(f"/h5/demo/apply?entry_type={entry_type}")
    drafts, person = world.services.applications.drafts, Actor("demo", "applicant", account.id)
    refusal = await drafts.find_refusal(person, entry_type)
    assert refusal
    assert "".join(refusal.split()) in "".join(visitor.text.split()), "telephone numbers are links"
    assert BEGIN not in visitor.page.buttons
    assert "返回首页" in visitor.page.links
    assert not await Application.exists()


async def test_a_person_who_has_not_registered_is_told_so(world: World) -> None:
    account = await make_account(world.services.deps)
    person = Actor("demo", "applicant", account.id)
    assert "实名注册" in await world.services.applications.drafts.find_refusal(person, "first")


async def test_looking_begins_nothing_and_the_button_begins_or_goes_on(world: World) -> None:
    await make_catalogues()
    await make_campaign(world.services.deps)
    visitor = await world.enter(await make_applicant(world.services.deps))
    await visitor.get("/h5/demo/apply?entry_type=first")
    assert not await Application.exists()
    await visitor.press(BEGIN)
    assert visitor.path == "/h5/demo/apply/form"
    await visitor.get("/h5/demo/apply?entry_type=first")
    await visitor.press(BEGIN)
    assert (visitor.path, await Application.all().count()) == ("/h5/demo/apply/form", 1)
    await visitor.get("/h5/demo/apply?entry_type=renewal")
    assert "申请正在办理" in visitor.text
    assert BEGIN not in visitor.page.buttons


async def test_it_says_what_one_needs_before_one_begins(world: World) -> None:
    await make_catalogues()
    await make_campaign(world.services.deps)
    visitor = await world.enter(await make_applicant(world.services.deps))
    await visitor.get("/h5/demo/apply?entry_type=first")
    for needed in ("一寸免冠照片、身份证国徽面", "资格审查表（签字盖章扫描件）", "其他材料", "培训费1.00元"):
        assert needed in visitor.text


def test_every_file_of_a_form_is_named_once() -> None:
    books = load_rulebooks(Path("config/rulebooks"), ["demo", "xinjiang", "hunan", "guangdong"]).values()
    for form in [book.form.of(entry_type) for book in books for entry_type in book.campaigns.entry_types]:
        papers = _papers_of(form)
        named = [*papers.needed, *papers.signed, *papers.further]
        parts = [part for field in form.used().values() for part in (field, *field.parts.values())]
        assert len(named) == len({*named}) == len([part for part in parts if part.kind == "file"])


async def test_who_was_refused_is_shown_how_to_go_on(world: World) -> None:
    await make_catalogues()
    await make_campaign(world.services.deps)
    account = await make_applicant(world.services.deps)
    application = await make_application(
        world.services.deps, account, state="refused", reason="不符", ended_at=BEGINNING
    )
    await ApplicationSpecialty.filter(application_id=application.id).update(state="approved")
    visitor = await (await world.enter(account)).get("/h5/demo/apply/status")
    assert ("未通过" in visitor.text, "评标专业" in visitor.text) == (True, False)
    assert visitor.page.links["投诉与意见反馈"] == "/h5/demo/feedback"
    await visitor.click("重新申请")
    assert BEGIN in visitor.page.buttons


async def test_a_refusal_after_the_page_was_shown_stands_there_once(world: World) -> None:
    """The office closes the campaign between the page and the button."""
    campaign = await make_campaign(world.services.deps)
    visitor = await world.enter(await make_applicant(world.services.deps))
    await visitor.get("/h5/demo/apply?entry_type=first")
    await Campaign.filter(id=campaign.id).update(closed_at=world.clock.now())
    await visitor.press(BEGIN)
    assert (visitor.status, visitor.text.count("截止，请关注下一次征集通知")) == (422, 1)
    assert BEGIN not in visitor.page.buttons
