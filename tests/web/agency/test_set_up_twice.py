"""The same form sent twice, by two persons or by one whose answer was lost, and what is typed beside a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

from domain.errors import Conflict
from models.draws import CallNotice, Condition, Draw, DrawApplication
from models.organisations import Organisation
from models.projects import Lot, Project
from services.core.base import Actor
from services.draws import part_version
from tests.factories.files import pdf
from tests.factories.offices import Office, add_experts, draw_form, end_with_panel, make_draw, notice_form, state_of
from tests.factories.people import make_account, make_agent_link
from tests.web.agency.test_draws import at, basic, condition, notice
from tests.web.conftest import Visitor, World

CHANGED = "刚刚被其他人改过"


async def other_project(office: Office) -> UUID:
    project = await Project.get(id=office.project_id)
    columns = {name: getattr(project, name) for name in project._meta.db_fields if name != "id"}
    return (await Project.create(**{**columns, "name": "另一座大桥"})).id


async def resend(visitor: Visitor, button: str, **typed: str) -> str:
    """Press a button twice, as if the first answer had been lost; returns where the second one leads."""
    form, own = visitor.page.buttons[button]
    for _ in range(2):
        await visitor.post(form["action"], {**form["fields"], **own, **typed})
        assert visitor.status == 200, visitor.text
    return visitor.path


async def test_a_form_whose_answer_was_lost_is_carried_out_once(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/agency/draws/new?project={world.office.project_id}")
    path = await resend(agency, "保存，下一步", **basic(world))
    draw = await Draw.get()
    assert path == f"/agency/draws/{draw.id}/recusal"
    await agency.get(f"/agency/draws/{draw.id}/notices/new")
    await resend(agency, "保存", **notice(world))
    made = await CallNotice.get(draw_id=draw.id)
    await agency.get(f"/agency/draws/{draw.id}/notices/{made.id}")
    await resend(agency, "保存", **notice(world, room="5号评标室"))
    assert (await CallNotice.get(draw_id=draw.id)).room == "5号评标室"
    await agency.get(f"/agency/draws/{draw.id}/conditions/new")
    await resend(agency, "保存", **condition(made.id))
    only = await Condition.get(draw_id=draw.id)
    await agency.get(f"/agency/draws/{draw.id}/conditions/{only.id}")
    await resend(agency, "保存", **condition(made.id, regions="440300"))
    await agency.get(f"/agency/draws/{draw.id}/basic")
    await resend(agency, "保存，下一步", **basic(world, name="改名"))
    await agency.get(f"/agency/draws/{draw.id}/submit")
    await resend(agency, "提交审核", terminal="演示省公共资源交易中心", reason="请核验")
    assert await DrawApplication.filter(draw_id=draw.id).count() == 1


async def test_a_copy_and_a_redraw_whose_answers_were_lost_are_made_once(world: World) -> None:
    office = world.office
    await add_experts(office, 6)
    old = await end_with_panel(office)
    agency = await world.log_in(office.agency)
    await agency.get(f"/agency/draws/{old}/redraw")
    times = {"bid_closing_at": at(world, 20), "opening_at": at(world, 21), "starts_at": at(world, 26)}
    await resend(agency, "确定重新抽取", **times, ends_at=at(world, 30))
    assert await Draw.filter(kind="redraw").count() == 1
    lots = [await Lot.create(project_id=(await other_project(office)), name="甲", position=1)]
    await agency.get(f"/agency/draws/new?project={lots[0].project_id}")
    await resend(agency, "复制上次抽取", name="再抽一次", **{f"lot-{lots[0].id}": "1"})
    assert await Draw.filter(name="再抽一次").count() == 1


async def test_the_slower_of_two_forms_overwrites_nothing_unseen(world: World) -> None:
    office = world.office
    draw_id = await make_draw(office)
    agent = await make_account(world.services.deps, "13700002222")
    organisation = await Organisation.get(id=office.agency.organisation_id)
    await make_agent_link(organisation, agent)
    await Draw.filter(id=draw_id).update(agent_id=agent.id)
    await Project.all().update(agent_id=agent.id)
    entity = await world.log_in(office.agency)
    slower = await world.log_in(Actor("demo", "agent", account_id=agent.id, organisation_id=organisation.id))
    base = f"/agency/draws/{draw_id}"
    call_notice, stored_condition = await CallNotice.get(draw_id=draw_id), await Condition.get(draw_id=draw_id)
    for path, button, first, second in (
        (f"{base}/basic", "保存，下一步", basic(world, name="先保存的"), basic(world, name="后保存的")),
        (f"{base}/notices/{call_notice.id}", "保存", notice(world, room="先保存的"), notice(world, room="后保存的")),
        (
            f"{base}/conditions/{stored_condition.id}",
            "保存",
            condition(call_notice.id, regions="440300"),
            condition(call_notice.id, regions="440100,440300"),
        ),
    ):
        await slower.get(path)
        assert slower.status == 200, slower.text
        await entity.get(path)
        await entity.press(button, **first)
        assert entity.status == 200, entity.text
        await slower.press(button, **second)
        assert (slower.status, CHANGED in slower.text) == (409, True), slower.text
        assert slower.page.links["查看现在的内容"] == path
        if "basic" in path:
            assert (await Draw.get(id=draw_id)).name == "先保存的"
        typed_fields = slower.page.buttons[button][0]["fields"]
        assert [typed_fields[name] for name in second if name in typed_fields] == [
            second[name] for name in second if name in typed_fields
        ]
        await slower.press(button, **second)
        assert (slower.status, CHANGED in slower.text) == (200, False), "whoever saw the other's may overwrite it"
    assert (await Draw.get(id=draw_id)).name == "后保存的"
    assert (await CallNotice.get(id=call_notice.id)).room == "后保存的"
    assert (await Condition.get(id=stored_condition.id)).regions == ["440100", "440300"]


async def test_of_two_forms_at_the_same_moment_one_is_saved(world: World) -> None:
    office = world.office
    draw_id = await make_draw(office)
    call_notice = await CallNotice.get(draw_id=draw_id)

    async def save(room: str, version: str) -> str:
        form = replace(notice_form(office), room=room)
        try:
            await office.setup.edit_call_notice(office.agency, draw_id, call_notice.id, form, version=version)
        except Conflict as refused:
            return refused.code
        return "saved"

    without = await asyncio.gather(*(save(room, "") for room in "甲乙"))
    assert without == ["saved", "saved"], "without a version the last one holds"
    version = part_version(await CallNotice.get(id=call_notice.id))
    outcomes = await asyncio.gather(*(save(room, version) for room in "丙丁"))
    assert sorted(outcomes) == ["changed_meanwhile", "saved"]


async def test_what_stands_or_was_typed_is_shown_beside_a_refusal(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw_id = await make_draw(world.office)
    call_notice = await CallNotice.get(draw_id=draw_id)
    await agency.get(f"/agency/draws/{draw_id}/notices/{call_notice.id}")
    await agency.press("确定删除")
    assert (agency.status, agency.page.forms[0]["fields"]["room"]) == (409, call_notice.room)
    terminal = world.services.deps.book("demo").draw.terminals[0]
    await agency.get(f"/agency/draws/{draw_id}/basic")
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "请核验")
    await world.office.setup.withdraw(world.office.agency, draw_id)
    await agency.press("确定删除")
    assert (agency.status, "不能删除" in agency.text) == (409, True)
    assert agency.page.buttons["保存，下一步"][0]["fields"]["name"] == draw_form(world.office).name


async def test_a_file_that_was_chosen_is_uploaded_by_the_submission_even_if_its_answer_was_lost(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw_id = await make_draw(world.office)
    path = f"/agency/draws/{draw_id}/submit"
    typed = {"command": "submit", "terminal": "演示省公共资源交易中心", "reason": "请核验"}
    await agency.get(path)
    await agency.upload(path, "提交审核", b"no file that we know", **typed)
    assert (agency.status, await state_of(draw_id)) == (422, "editing"), agency.text
    key = agency.page.buttons["提交审核"][0]["fields"]["key"]
    for _ in range(2):
        await agency.get(path)
        button = "提交审核" if "提交审核" in agency.page.buttons else "撤回申请"
        await agency.upload(path, button, pdf(), "盖章的申请表.pdf", key=key, **typed)
        assert (agency.status, await state_of(draw_id)) == (200, "submitted"), agency.text
    [application] = await DrawApplication.filter(draw_id=draw_id)
    assert application.attachment == "盖章的申请表.pdf"


async def test_the_reason_stays_while_proof_is_uploaded_and_removed(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    draw_id = await make_draw(world.office)
    path = f"/agency/draws/{draw_id}/submit"
    await agency.get(path)
    for content, status in ((b"", 422), (pdf(), 200)):
        await agency.upload(f"/agency/draws/{draw_id}/attachment", "上传", content, reason="招标人的理由")
        assert (agency.status, "招标人的理由" in agency.text) == (status, True), agency.text
    await agency.press("删除附件", reason="改过的理由")
    assert ("附件已删除" in agency.text, "改过的理由" in agency.text) == (True, True)
    await agency.press("提交审核", terminal="演示省公共资源交易中心", reason="改过的理由")
    assert (await state_of(draw_id), (await DrawApplication.get(draw_id=draw_id)).reason) == ("submitted", "改过的理由")
    drafts = world.services.accounts.form_drafts
    assert await drafts.find(world.office.agency, f"submit:{draw_id}") == {}
