"""A person's threads with the office, from the guide to the end; and what others get of them."""

from __future__ import annotations

import pytest

from models.accounts import Account
from models.experts import Expert
from models.helpdesk import Feedback, FeedbackMessage
from tests.factories.people import make_sanction
from tests.factories.reviews import make_applicant
from tests.web.conftest import Visitor, World
from tests.web.office_scene import make_scene

LIST = "/h5/demo/feedback"
TEXT = "昨天上午九点，签到台的工作人员不让我进场。"


async def make_person(world: World) -> Account:
    version = world.services.deps.book("demo").pool.privacy_version
    return await make_applicant(world.services.deps, privacy_version=version)


@pytest.fixture
async def writer(world: World) -> Visitor:
    return await world.enter(await make_person(world))


async def write(visitor: Visitor) -> Feedback:
    await visitor.get(LIST)
    await visitor.press("提交", subject="staff", text=TEXT)
    return await Feedback.all().order_by("-number").first()  # type: ignore[return-value]  # just written


async def test_a_complaint_goes_from_the_guide_to_its_end(world: World, writer: Visitor) -> None:
    await writer.get("/h5/demo/help")
    await writer.get(LIST)
    assert ("5个工作日内答复" in writer.text, "您还没有写过" in writer.text) == (True, True)
    thread = await write(writer)
    assert (writer.path, "已收到，谢谢" in writer.text, TEXT in writer.text) == (f"{LIST}/{thread.id}", True, True)
    assert "管理机构应在" in writer.text

    scene = await make_scene(world)
    office = await scene.at(f"/office/feedback/{thread.id}")
    await office.press("答复", text="已核实，向您致歉。")
    await writer.get(f"{LIST}/{thread.id}")
    assert ("已核实，向您致歉" in writer.text, "前可以继续写" in writer.text) == (True, True)
    await writer.press("提交", text="请问会怎么处理？")
    assert "已收到，答复会通知您" in writer.text
    await office.get("/office/feedback")
    assert f"编号{thread.number}" in office.text
    await office.get(f"/office/feedback/{thread.id}")
    await office.press("答复", text="已批评教育。")
    await writer.get(f"{LIST}/{thread.id}")
    await writer.press("没有问题了，办结")
    assert ("这件事已办结" in writer.text, "继续写" in writer.text) == (True, False)
    assert "已办结" in (await writer.get(LIST)).text
    assert await FeedbackMessage.filter(feedback_id=thread.id).count() == 4


async def test_faults_stand_at_their_fields_and_nothing_is_written(writer: Visitor) -> None:
    await writer.get(LIST)
    await writer.press("提交", subject="", text=TEXT)
    assert (writer.status, "请选择反映哪方面的事" in writer.text, TEXT in writer.text) == (422, True, True)
    await writer.press("提交", subject="", text="")
    assert ("请选择反映哪方面的事" in writer.text, "请用5至500个字" in writer.text) == (True, True)
    await writer.press("提交", subject="fee", text="少")
    assert (writer.status, "请用5至500个字" in writer.text) == (422, True)
    assert await Feedback.all().count() == 0


async def test_a_form_sent_twice_writes_once(world: World, writer: Visitor) -> None:
    await writer.get(LIST)
    fields = {**writer.page.buttons["提交"][0]["fields"], "subject": "other", "text": TEXT}
    await writer.post(LIST, fields)
    first = writer.path
    await writer.post(LIST, fields)
    assert (writer.path, await Feedback.all().count()) == (first, 1)


async def test_another_person_finds_no_such_thread(world: World, writer: Visitor) -> None:
    thread = await write(writer)
    other = await world.enter(await make_person(world))
    await other.get(f"{LIST}/{thread.id}")
    assert (other.status, TEXT in other.text) == (404, False)
    assert (await other.get(f"{LIST}/nothing")).status == 404
    assert TEXT not in (await other.get(LIST)).text


async def test_a_visitor_logs_in_first_and_an_agency_writes_too(world: World) -> None:
    visitor = world.visitor()
    assert "；需要登录" in (await visitor.get("/h5/demo/help")).text
    assert (await visitor.get(LIST)).path.startswith("/h5/login")
    agency = await world.enter(await Account.get(id=world.office.agency.account_id))
    thread = await write(agency)
    assert thread.account_id == world.office.agency.account_id


async def test_own_cases_stand_before_the_form(world: World) -> None:
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    assert "可以直接办理的" not in (await expert.get(LIST)).text
    await make_sanction(await Expert.get(id=invitation.expert_id), decided_at=world.clock.now())
    await expert.get(LIST)
    [(label, path)] = [(text, path) for text, path in expert.page.links.items() if "提出申诉" in text]
    assert ("暂停抽取" in label, path) == (True, "/h5/demo/sanctions")


async def test_a_pool_without_feedback_names_its_number(world: World, writer: Visitor) -> None:
    world.set_rules("help", feedback=False)
    assert "暂未开通投诉与意见反馈" in (await writer.get(LIST)).text


async def test_who_is_named_reads_no_complaint_about_himself(world: World, writer: Visitor) -> None:
    scene = await make_scene(world)
    await Account.filter(id=scene.account.id).update(real_name="王管理")
    await writer.get(LIST)
    await writer.press("提交", subject="staff", text="王管理接电话时态度很差。")
    thread = await Feedback.get()
    office = await scene.at("/office/feedback")
    assert ("提到了您" in office.text, "态度很差" in office.text) == (True, False)
    await office.get(f"/office/feedback/{thread.id}")
    assert (office.status, "态度很差" in office.text) == (403, False)
