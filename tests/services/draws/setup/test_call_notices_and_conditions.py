"""What a call notice may say, since calls speak it to whoever picks up, and who its contact is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import AppError, InvalidInput
from domain.rulebook.notice_texts import SPOKEN_PLACE_MAX
from models.draws import CallNotice, Draw, Supervisor
from models.notices import Notice
from models.projects import Lot
from services.core.base import Deps
from services.core.crypto import PHONE
from services.draws import CallNoticeForm
from tests.factories.offices import (
    SUPERVISOR_ENTRY,
    SUPERVISOR_MOBILE,
    Office,
    add_experts,
    draw_form,
    make_draw,
    make_office,
    make_supervisor,
    notice_form,
    start_draw,
)


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


async def refusals(office: Office, **typed: object) -> dict[str, str]:
    """By field, why a notice with these values is not saved."""
    draw_id = await office.setup.create(office.agency, draw_form(office))
    await Lot.create(project_id=office.project_id, name="一标段", number="20261121000000000099", position=1)
    form = replace(notice_form(office), **typed)  # type: ignore[arg-type]
    with pytest.raises(AppError) as refused:
        await office.setup.add_call_notice(office.agency, draw_id, form)
    await office.setup.delete(office.agency, draw_id)
    return {str(fault.field): fault.message for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("remark", "message"),
    [
        ("有事请打13800138000", "不能有电话或其他号码（“13800138000”）"),
        ("有事请打 020-2886 6000", "不能有电话或其他号码"),
        ("拨打一三八零零一三八零零零", "不能有电话或其他号码"),
        ("请到广州水务公司三楼", "不能出现单位名称（含“公司”）"),
        ("演示项目评标，请带证件", "不能出现项目、标段或其当事人的名称和编号（“演示项目”）"),
        ("一标段的专家请走东门", "（“一标段”）"),
        ("请找黄劲松签到", "不能出现人名（“黄劲松”）"),
        ("请找李监督", "不能出现人名（“李监督”）"),
        ("请找王场地领证", "不能出现人名（“王场地”）"),
        ("到场请找陈主任", "不能出现人名（“陈主任”）"),
    ],
)
async def test_a_remark_that_tells_more_than_a_call_may_is_refused(office: Office, remark: str, message: str) -> None:
    refused = await refusals(office, remark=remark)
    assert set(refused) == {"remark"}
    assert message in refused["remark"]


async def test_all_faults_of_what_a_call_speaks_are_named_at_once(office: Office) -> None:
    refused = await refusals(office, room="13800138000", remark="请找黄劲松", address="广州市天河区大学城某某大学楼")
    assert set(refused) == {"room", "remark", "address"}


async def test_a_place_is_short_enough_to_be_spoken(office: Office) -> None:
    refused = await refusals(office, address="广州市天河区" + "长" * (SPOKEN_PLACE_MAX - 6) + "路")
    assert f"合计最多{SPOKEN_PLACE_MAX}字" in refused["address"]


async def test_every_quick_phrase_may_be_spoken(office: Office) -> None:
    draw_id = await office.setup.create(office.agency, draw_form(office, needed=9))
    for phrase in office.deps.book("demo").draw.notice.quick_remarks:
        await office.setup.add_call_notice(office.agency, draw_id, replace(notice_form(office), remark=phrase))
    assert await CallNotice.filter(draw_id=draw_id).count() == len(office.deps.book("demo").draw.notice.quick_remarks)


async def test_the_call_of_a_draw_carries_the_remark(office: Office) -> None:
    await add_experts(office, 3)
    await start_draw(office)
    assert {notice.params["remark"] for notice in await Notice.filter(kind="draw_call")} == {"请按时到场。"}


def without_contact(office: Office) -> CallNoticeForm:
    return replace(notice_form(office), contact="", contact_phone="", supervisor=SUPERVISOR_ENTRY)


async def test_off_site_the_contact_is_chosen_among_the_draws_supervisors(office: Office) -> None:
    draw_id = await office.setup.create(office.agency, draw_form(office))
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, without_contact(office))
    stored = await CallNotice.get(id=notice_id)
    phone = office.deps.keys.read(stored.contact_phone_sealed, PHONE)
    assert (stored.contact, phone) == ("李监督", SUPERVISOR_MOBILE)
    typed = replace(without_contact(office), contact="赵监督", contact_phone="020-28866001")
    await office.setup.edit_call_notice(office.agency, draw_id, notice_id, typed)
    assert (await CallNotice.get(id=notice_id)).contact == "赵监督", "another who was typed counts"


async def test_nobody_else_of_the_register_becomes_the_contact(office: Office) -> None:
    """Else an agency would learn, by naming him, the number of anybody in the register."""
    draw_id = await office.setup.create(office.agency, draw_form(office))
    stranger = await make_supervisor(office.deps, "13922223333", name="郑监督")
    form = replace(without_contact(office), supervisor=stranger.id)
    with pytest.raises(InvalidInput, match="请从本活动的监督人中选择"):
        await office.setup.add_call_notice(office.agency, draw_id, form)
    await Draw.filter(id=draw_id).update(on_site=True)
    with pytest.raises(InvalidInput, match="请从本活动的监督人中选择"):
        await office.setup.add_call_notice(office.agency, draw_id, without_contact(office))


async def test_a_stored_notice_is_checked_again_before_it_is_submitted(office: Office) -> None:
    """Supervisors are chosen later, and a recall copies the notices of an earlier activity as they were."""
    draw_id = await make_draw(office)
    await CallNotice.filter(draw_id=draw_id).update(remark="请找郑监督签到")
    await Supervisor.filter(draw_id=draw_id).update(name="郑监督")
    with pytest.raises(InvalidInput, match="请修改语音通知1：注意事项不能出现人名（“郑监督”）"):
        await office.setup.submit(office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验")
