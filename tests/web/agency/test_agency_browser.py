"""An agency in a real browser, on a phone and on a computer: every page, and the whole way of a draw."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from models.accounts import Account, FormDraft
from models.draws import CallNotice, Condition, Draw, DrawApplication
from models.experts import CatalogueEntry, Expert
from models.invitations import Invitation
from models.notices import Notice
from models.projects import Lot
from tests.factories.draws import make_project
from tests.factories.files import jpeg, pdf
from tests.factories.offices import (
    ID_NUMBER,
    SUPERVISOR_ENTRY,
    SUPERVISOR_MOBILE,
    add_experts,
    fix_seed,
    make_draw,
    open_invitations,
    reach_nobody,
    state_of,
    verify,
)
from tests.factories.people import OTHER_CREDIT_CODE, make_agent_link, make_organisation
from tests.factories.remuneration import ended_panel
from tests.plugins.browsers import CHROMIUM, hold_requests
from tests.services.draws.follow_ups.test_redraws_and_recalls import make_recall, redraw_times, submit_and_verify
from tests.web.agency.test_draws import at
from tests.web.conftest import World
from tests.web.test_browser import PHONE, SCREEN, staff

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


async def test_every_page_reads_well(browser: Browser, world: World) -> None:
    office = world.office
    running, [invitation, _] = await world.panel(2)
    await Lot.create(
        project_id=office.project_id, name="二标段", number="1231231231", investment=50_000_000, position=1
    )
    draft = await make_draft(world)
    notice, condition = await CallNotice.get(draw_id=draft), await Condition.get(draw_id=draft)
    await world.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病住院", by="chat")
    other = await make_organisation(name="别家招标代理有限公司", credit_code=OTHER_CREDIT_CODE)
    await make_agent_link(other, await Account.get(id=office.agency.account_id), accepted_at=None)
    mobile = "13700004321"
    await world.services.organisations.legal_entities.link_agent(office.agency, mobile=mobile, name="黄劲松")
    await world.services.accounts.form_drafts.keep(office.agency, f"basic:{office.project_id}", {"name": "没存的活动"})
    seen = await staff(browser, world, PHONE, "agency")
    paths = {
        "home": "",
        "draws": "/draws?state=editing",
        "projects": "/projects?choose=1",
        "projects-own": "/projects",
        "project": f"/projects/{office.project_id}",
        "project-new": "/projects/new",
        "draw-new": f"/draws/new?project={office.project_id}",
        "basic": f"/draws/{draft}/basic",
        "basic-read": f"/draws/{running}/basic",
        "recusal": f"/draws/{draft}/recusal",
        "persons": f"/draws/{draft}/recusal?list=persons",
        "conditions": f"/draws/{draft}/conditions",
        "notice": f"/draws/{draft}/notices/{notice.id}",
        "condition": f"/draws/{draft}/conditions/{condition.id}",
        "submit": f"/draws/{draft}/submit",
        "run": f"/draws/{running}/run",
        "log": f"/draws/{running}/log",
        "draw-project": f"/draws/{running}/project",
        "result": f"/draws/{running}/result",
        "attendance": f"/draws/{running}/attendance",
        "pending": "/pending",
        "agents": "/agents",
    }
    shared = {"detail": "", "absences": "/absences", "exit": "/exit", "application": "/application"}
    framed = {name: f"/draws/{running}{path}?from=run" for name, path in shared.items()}
    await seen.check_pages("agency-shared", framed)
    await seen.check_pages("agency", {name: f"/agency{path}" for name, path in paths.items()})
    await seen.open("/h5/demo/agent-requests")
    await seen.check("agent-requests")
    assert seen.complaints == []


async def make_draft(world: World) -> UUID:
    """A draw of a project of its own that is not submitted yet."""
    office, own = world.office, world.office.project_id
    await next_project(world)
    draft = await make_draw(office)
    office.project_id = own
    return draft


async def test_pages_of_what_follows_a_draw_read_well(browser: Browser, world: World) -> None:
    office = world.office
    ended, _ = await ended_panel(office, world.clock, needed=2)
    redraw = await office.redraws.redraw(office.agency, ended, redraw_times(office))
    await next_project(world)
    await add_experts(office, 3)
    recall = await make_recall(office)
    recalled = (await Draw.get(id=recall)).original_id
    await office.recalls.invite_panel(office.agency, recall)
    await office.recalls.choose_phone(office.agency, recall, None)
    row = (await office.recall_queries.panel(office.agency, recall)).rows[0]
    await office.recalls.ring(office.agency, recall, row.id)
    await next_project(world)
    released, _ = await world.panel(2)
    await world.services.draws.attachments.attach(office.agency, released, "退选申请表.pdf", pdf(), "release")
    records = [await world.public_links().share(office.agency, draw_id, "record") for draw_id in (recall, redraw)]
    agency = await staff(browser, world, PHONE, "agency")
    await agency.check_page("agency-redraw-under-way", f"/agency/draws/{ended}/redraw")
    await agency.check_page("agency-redraw-basic", f"/agency/draws/{redraw}/basic")
    await agency.check_page("agency-notify", f"/agency/draws/{recall}/notify")
    await agency.check_page("agency-recall-under-way", f"/agency/draws/{recalled}/recall")
    for invitation in await Invitation.filter(draw_id=recall):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5")
    await agency.check_page("agency-notify-answered", f"/agency/draws/{recall}/notify")
    await office.recalls.confirm(office.agency, recall)
    page = await agency.check_page("record-recall", f"/record/{records[0]}")
    await page.get_by_role("button", name="核对抽取记录").click()
    await page.get_by_text("这是通知原专家评标的记录").wait_for()
    await agency.check_page("agency-notify-confirmed", f"/agency/draws/{recall}/notify")
    await submit_and_verify(office, redraw)
    for follower in (redraw, recall):
        await office.activity_end.terminate(office.agency, follower, "replanned", "时间另定")
    await agency.check_page("agency-redraw", f"/agency/draws/{ended}/redraw")
    await agency.check_page("agency-recall", f"/agency/draws/{recalled}/recall")
    page = await agency.check_page("record-redraw", f"/record/{records[1]}")
    await page.get_by_text("活动在确定专家之前就结束了，没有抽取专家。").wait_for()
    verifier = await staff(browser, world, PHONE, "verifier")
    page = await verifier.check_page("draws-application-redraw", f"/draws/{redraw}/application")
    await page.get_by_role("group", name="标段此前的抽取").get_by_text("专家已到位").wait_for()
    await agency.check_page("agency-release-ask", f"/agency/draws/{released}/release")
    request = await office.releases.submit(office.agency, released, "招标失败", "投标人不足三家")
    await office.verification.approve(office.verifier, request)
    await agency.check_page("agency-release-start", f"/agency/draws/{released}/release")
    await office.releases.start(office.agency, released)
    first = await Notice.filter(kind="draw_released").order_by("id").first()
    assert first is not None
    await reach_nobody(first, world.clock.now())
    await agency.check_page("agency-release", f"/agency/draws/{released}/release")
    await next_project(world)
    moved, [invitation, _] = await world.panel(2)
    later = invitation.gathering_at + timedelta(minutes=30)
    await office.gathering_times.change(office.agency, moved, invitation.notice_id, later)
    await agency.check_page("agency-run-moved", f"/agency/draws/{moved}/run")
    world.clock.move(timedelta(hours=2))
    await office.unanswered_moves.remind_due()
    await agency.check_page("agency-run-moved-reminded", f"/agency/draws/{moved}/run")
    supervisor = await staff(browser, world, PHONE, "supervisor")
    await supervisor.check_page("draws-release", f"/draws/{released}/release")
    await supervisor.check_page("draws-audit", f"/draws/{released}/audit")
    assert agency.complaints + supervisor.complaints == []


async def test_a_recalls_page_follows_its_answers_and_leaves_what_is_typed(browser: Browser, world: World) -> None:
    office = world.office
    await add_experts(office, 3)
    recall = await make_recall(office)
    await office.recalls.invite_panel(office.agency, recall)
    await office.recalls.choose_phone(office.agency, recall, None)
    seen = await staff(browser, world, PHONE, "agency")
    await seen.page.clock.install()
    page = await seen.open(f"/agency/draws/{recall}/notify")
    await page.get_by_text("登记通话中的答复").first.click()
    await page.get_by_role("radio", name="不参评").first.check()
    for invitation in await Invitation.filter(draw_id=recall):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="h5")
    fetched = list[str]()
    page.on("request", lambda request: fetched.append(request.url))
    await page.clock.run_for(15_000)
    await expect(page.get_by_text("2/2人")).to_be_visible()
    await expect(page.locator("section .tag.good")).to_have_text(["参评"] * 2)
    await expect(page.get_by_role("button", name="提交最终确认结果")).to_be_visible()
    await expect(page.get_by_role("radio", name="不参评").first).to_be_checked()
    assert len(fetched) == 1, "one request for all regions"
    assert seen.complaints == []


async def next_project(world: World) -> None:
    """A project without lots is drawn for once."""
    office = world.office
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id


async def choose(page: Page, field: str, words: str, option: str) -> None:
    """Choose an entry in the catalogue's dialogue."""
    await page.locator(f".codes:has(#f-{field}) .choose").click()
    sheet = page.get_by_role("dialog")
    await sheet.get_by_role("searchbox").fill(words)
    await sheet.get_by_role("button", name=option).first.click()
    await sheet.wait_for(state="hidden")


async def test_a_draw_goes_its_whole_way_in_a_browser(browser: Browser, world: World) -> None:
    office = world.office
    await add_experts(office, 3)
    await CatalogueEntry.create(pool="demo", kind="region", code="440000", name="演示省")
    seen = await staff(browser, world, PHONE, "agency")
    page = await seen.open("/agency")
    await page.get_by_role("link", name="新建抽取").click()
    await page.get_by_role("link", name="演示项目").click()
    await page.get_by_label("活动名称").fill("水厂扩建评标")
    await page.get_by_label("公告发布媒体").fill("演示网")
    await page.get_by_label("开标地点").fill("第一开标室")
    await page.get_by_label("开标时间").fill(at(world, 3))
    await page.get_by_label("拟抽取专家人数").fill("1")
    await page.get_by_label("预计评标开始时间").fill(at(world, 2))
    await page.get_by_label("预计评标结束时间").fill(at(world, 9))
    await page.get_by_label("经办人", exact=True).fill("黄劲松")
    await page.get_by_label("经办人电话").fill("13568846647")
    await page.get_by_label("经办人证件号").fill(ID_NUMBER)
    await page.get_by_label("李监督").check()
    await page.get_by_role("button", name="加1").click()
    await page.get_by_role("button", name="减1").click()
    await expect(page.get_by_label("拟抽取专家人数")).to_have_value("1")
    await page.get_by_text("已自动暂存").wait_for()
    elsewhere = await page.context.new_page()
    await elsewhere.goto(page.url)
    await expect(elsewhere.get_by_label("活动名称")).to_have_value("水厂扩建评标")
    await elsewhere.close()
    await page.get_by_role("button", name="保存，下一步").click()
    wrong = page.get_by_text("时间应满足")
    await wrong.wait_for()
    await seen.check("agency-basic-wrong")
    await expect(page.get_by_label("经办人证件号"), "what was typed stays").to_have_value(ID_NUMBER)
    await page.get_by_label("预计评标开始时间").fill(at(world, 6))
    await page.get_by_role("button", name="保存，下一步").click()
    await page.get_by_text("活动信息已保存").wait_for()
    await page.get_by_role("link", name="下一步：抽取条件").click()
    draw = await Draw.get(name="水厂扩建评标")

    await page.get_by_role("link", name="新增语音通知").click()
    await page.get_by_label("评标场所").select_option("演示省公共资源交易中心")
    await expect(page.get_by_label("评标地点")).to_have_value("广州市天河区天润路333号")
    await expect(page.get_by_label("其他场所名称")).to_be_hidden()
    await page.get_by_label("评标场所").select_option("其他")
    await expect(page.get_by_label("其他场所名称")).to_be_visible()
    await page.get_by_label("评标地点").fill("广州市天河区天润路333号")
    await page.get_by_label("集合时间").fill(at(world, 5))
    await expect(page.get_by_label("联系人", exact=True).locator("option:checked")).to_contain_text("李监督（住建局")
    await expect(page.get_by_label("其他联系人")).to_be_hidden()
    await page.locator("[data-phrases] button").first.click()
    await expect(page.get_by_label("注意事项")).not_to_have_value("")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("语音通知已保存").wait_for()
    await page.get_by_role("link", name="创建抽取条件").click()
    await choose(page, "regions", "4401", "440100")
    await choose(page, "specialty", "A08", "A08")
    await seen.check("agency-condition-chosen")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("与拟抽取人数一致").wait_for()
    await page.get_by_role("button", name="预览人数").click()
    await page.get_by_text("还可预览").wait_for()
    await page.get_by_role("link", name="下一步：提交审核").click()
    stamped = FilePayload(name="申请表.pdf", mimeType="application/pdf", buffer=pdf())
    await page.get_by_label("上传附件").set_input_files(stamped)
    await page.get_by_role("button", name="上传", exact=True).click()
    await page.get_by_role("link", name="申请表.pdf").wait_for()
    photos = [FilePayload(name=f"{n}.jpg", mimeType="image/jpeg", buffer=jpeg(600, 800)) for n in (1, 2)]
    await page.get_by_label("更换附件").set_input_files(photos)
    await page.get_by_text("已把2张照片合成一个PDF").wait_for()
    await seen.check("agency-photos")
    await page.get_by_role("button", name="提交审核", exact=True).click()
    await page.get_by_text("等待交易中心核验；核验前可以撤回").wait_for()
    assert (await DrawApplication.get()).attachment == "申请附件.pdf", "what was chosen last is sent by the submission"
    await seen.check("agency-submitted")

    verifier = await staff(browser, world, SCREEN, "verifier")
    await verifier.open("/draws")
    await verifier.page.get_by_role("link", name="核验申请").click()
    await verifier.page.get_by_role("link", name="水厂扩建评标").click()
    await verifier.page.get_by_label("核验意见").fill("资料齐全")
    await verifier.page.get_by_role("button", name="通过", exact=True).click()
    await verifier.page.get_by_text("已通过核验").wait_for()
    await page.get_by_role("link", name="进入抽取").click()
    await page.get_by_role("button", name="开始三方摇号").click()
    await page.get_by_text("等待监督人。").wait_for()
    await seen.check("agency-committed")
    supervisor = await staff(browser, world, PHONE, "supervisor")
    await supervisor.open("/draws")
    await supervisor.page.get_by_role("link", name="等待您提交随机数").click()
    await supervisor.page.get_by_text("轮到您提交随机数").wait_for()
    await supervisor.check("supervisor-commits")
    await supervisor.page.get_by_role("button", name="提交我的随机数").click()
    await page.get_by_text("专家顺序已确定，可以启动抽取").wait_for()
    await supervisor.page.get_by_text("专家顺序已确定，等待代理机构启动抽取").wait_for()
    await supervisor.check("supervisor-seeded")
    await seen.check("agency-seeded")
    await page.get_by_role("button", name="启动抽取").click()
    await page.get_by_text("抽取已启动").wait_for()
    await expect(page).not_to_have_url(re.compile("note="))
    await office.run.advance(draw.id)
    await page.locator("[data-fact=open]", has_text="1").wait_for()
    await seen.check("agency-drawing")
    await page.locator("summary", has_text="暂停抽取").click()
    await page.locator("details[open]").get_by_role("button", name="暂停抽取").click()
    await page.get_by_text("请填写原因").first.wait_for()
    await office.run.pause(office.agency, draw.id, "更改集合时间")
    await page.get_by_role("button", name="继续抽取").wait_for()
    await expect(page.get_by_text("请填写原因"), "the refused form is not sent again").to_have_count(0)
    await expect(page.get_by_text("抽取已启动"), "what was done is not said again in another state").to_have_count(0)
    await page.get_by_role("button", name="继续抽取").click()
    await page.locator("summary", has_text="暂停抽取").wait_for()
    [invitation] = await open_invitations(draw.id)
    await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw.id)
    await page.locator(".run .tag", has_text="抽取完成").wait_for()
    await seen.check("agency-completed")
    assert await state_of(draw.id) == "completed"
    for tab in (page, supervisor.page, verifier.page):
        await tab.context.close()  # its stream would keep the server from ending
    assert [line for line in seen.complaints if "422" not in line] == []
    assert supervisor.complaints + verifier.complaints == []


async def test_what_was_saved_at_once_is_not_kept_as_a_draft(browser: Browser, world: World) -> None:
    seen = await staff(browser, world, PHONE, "agency")
    draw_id = await make_draft(world)
    await Condition.filter(draw_id=draw_id).delete()
    page = await seen.open(f"/agency/draws/{draw_id}/notices/new")
    drafts = await hold_requests(page, "**/agency/drafts/**")  # a draft arrives only after the form was saved
    for label, value in (("评标场所", "其他"), ("评标地点", "广州市天河区天润路333号"), ("集合时间", at(world, 5))):
        field = page.get_by_label(label)
        await (field.select_option(value) if label == "评标场所" else field.fill(value))
    await page.get_by_label("联系人", exact=True).select_option("")
    await page.get_by_label("其他联系人").fill("赵监督")
    async with page.expect_request("**/agency/drafts/**"):
        await page.get_by_label("其他联系方式").fill("020-28866000")
    await page.get_by_label("注意事项").fill("打完就保存")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("语音通知已保存").wait_for()
    drafts.set()
    await seen.open(f"/agency/draws/{draw_id}/notices/new")
    assert not await FormDraft.exists()


async def test_a_page_whose_form_is_under_way_waits_for_its_answer(browser: Browser, world: World) -> None:
    office = world.office
    await add_experts(office, 2)
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    seen = await staff(browser, world, PHONE, "agency")
    page = await seen.open(f"/agency/draws/{draw_id}/run")
    form = page.locator("form", has=page.get_by_role("button", name="启动抽取"))
    await form.evaluate("form => { form.dataset.sent = 'yes'; }")
    await office.run.start(office.agency, draw_id)
    await expect(page.locator("[data-fact=label]")).to_have_text("抽取中")
    await page.wait_for_timeout(500)
    await expect(form).to_be_visible()
    await form.evaluate("form => { delete form.dataset.sent; }")
    await office.run.pause(office.agency, draw_id, "更改集合时间")
    await page.get_by_role("button", name="继续抽取").wait_for()
    await page.context.close()
    assert seen.complaints == []


async def test_another_browser_has_not_the_number_and_says_what_to_do(browser: Browser, world: World) -> None:
    draw_id = await make_draw(world.office)
    await verify(world.office, draw_id)
    await world.office.rounds.open(world.office.agency, draw_id)
    first = await staff(browser, world, PHONE, "agency")
    await first.open(f"/agency/draws/{draw_id}/run")
    await first.page.get_by_text("等待监督人。").wait_for()
    world.clock.move(timedelta(minutes=1, seconds=30))
    second = await staff(browser, world, SCREEN, "agency")
    await second.open(f"/agency/draws/{draw_id}/run")
    await second.page.get_by_text("随机数已经提交，但这个浏览器里没有它").wait_for()
    await second.check("agency-no-number")
    for seen_page in (first, second):
        await seen_page.page.context.close()
    assert first.complaints + second.complaints == []


async def test_an_open_page_gets_the_forms_for_whom_no_call_reached(browser: Browser, world: World) -> None:
    draw_id, _ = await world.panel(2)
    services, agency = world.services.draws, world.office.agency
    await services.attachments.attach(agency, draw_id, "退选申请表.pdf", pdf(), "release")
    application = await services.releases.submit(agency, draw_id, "招标失败", "不足三家")
    await services.verification.approve(world.office.verifier, application)
    await services.releases.start(agency, draw_id)
    await Draw.filter(id=draw_id).update(
        opening_at=world.clock.now(), starts_at=world.clock.now() + timedelta(minutes=29)
    )  # unsealed
    seen = await staff(browser, world, PHONE, "agency")
    await seen.page.clock.install()
    page = await seen.open(f"/agency/draws/{draw_id}/release")
    forms = page.get_by_role("button", name="登记")
    await expect(page.get_by_text("通知中")).to_have_count(2)
    await expect(forms).to_have_count(0)
    calls = Notice.filter(kind="draw_released").order_by("id")
    for count, notice in enumerate(await calls, 1):
        await reach_nobody(notice, world.clock.now())
        await page.clock.run_for(5_000)
        await expect(forms).to_have_count(count)
        if count == 1:
            await page.get_by_label("的通知情况").fill("已电话告知本人")
            await page.get_by_label("用哪个号码呼叫").focus()
    assert await page.get_by_label("的通知情况").evaluate_all("all => all.map((one) => one.value).sort()") == [
        "",
        "已电话告知本人",
    ], "what was typed stays"
    await page.get_by_role("button", name="虚拟号呼叫").first.click()
    await page.get_by_text("接听后再呼叫专家。通话后").wait_for()
    assert seen.complaints == []


async def test_an_empty_project_shows_all_faults_and_leads_to_the_first(browser: Browser, world: World) -> None:
    seen = await staff(browser, world, PHONE, "agency")
    page = await seen.open("/agency/projects/new")
    for name in ("agency_name", "agency_code", "contact", "contact_phone"):
        await page.locator(f"[name={name}]").fill("")
    await page.get_by_role("button", name="保存", exact=True).click()
    await page.get_by_text("请填写招标项目名称。").wait_for()
    assert await page.evaluate("document.activeElement.name") == "name"
    await expect(page.locator("p.wrong")).to_have_count(12)
    await seen.check("agency-project-empty")
    await page.locator("[name=name]").fill("演示大桥工程")
    await expect(page.get_by_text("请填写招标项目名称。")).to_be_hidden()


async def test_a_call_notice_shows_what_is_spoken_and_takes_its_contact_from_the_register(
    browser: Browser, world: World
) -> None:
    seen = await staff(browser, world, PHONE, "agency")
    draw_id = await make_draft(world)
    await Condition.filter(draw_id=draw_id).delete()
    await CallNotice.filter(draw_id=draw_id).delete()
    page = await seen.open(f"/agency/draws/{draw_id}/notices/new")
    await page.get_by_label("评标场所").select_option("其他")
    await page.get_by_label("评标地点").fill("广州市天河区天润路333号")
    await page.get_by_label("评标室").fill("3号评标室")
    await page.get_by_label("集合时间").fill(at(world, 5))
    await page.get_by_label("注意事项").fill("请从北门进，请携带身份证原件。")
    await page.get_by_role("button", name="看电话怎么说").click()
    spoken = page.get_by_role("region", name="电话里这样说")
    await expect(spoken).to_contain_text("天润路333号 3号评标室。注意事项：请从北门进，请携带身份证原件。参加请按1")
    await expect(spoken).to_contain_text("秒")
    await seen.check("agency-call-spoken")
    await page.get_by_label("联系人", exact=True).select_option("")
    await page.get_by_label("其他联系人").fill("赵监督")
    await seen.check("agency-call-other-contact")
    await page.get_by_label("联系人", exact=True).select_option(str(SUPERVISOR_ENTRY))
    await expect(page.get_by_label("其他联系人")).to_be_hidden()
    await page.get_by_label("注意事项").fill("有事请找黄劲松")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("不能出现人名（“黄劲松”）").wait_for()
    await seen.check("agency-call-refused")
    await page.get_by_label("注意事项").fill("请从北门进")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_text("语音通知已保存").wait_for()
    stored = await CallNotice.get(draw_id=draw_id)
    assert stored.contact == "李监督", "the one who was chosen, not the one who was typed before"
    await page.get_by_role("link", name="通知1").click()
    await expect(page.get_by_role("region", name="电话里这样说")).to_contain_text("注意事项：请从北门进。")
    assert SUPERVISOR_MOBILE not in await page.content(), "masked"
    assert [line for line in seen.complaints if "422" not in line] == []


async def test_arrivals_show_names_and_what_became_of_urgings(browser: Browser, world: World) -> None:
    office = world.office
    draw_id, [invitation, _] = await world.panel(2)
    draw = await Draw.get(id=draw_id)
    await Invitation.filter(draw_id=draw_id).update(gathering_at=draw.starts_at - timedelta(minutes=20))
    world.clock.set(draw.starts_at - timedelta(minutes=15))
    await world.services.draws.urging.urge(office.agency, draw_id, invitation.id)
    seen = await staff(browser, world, PHONE, "agency")
    page = await seen.check_page("agency-arrivals", f"/agency/draws/{draw_id}/attendance")
    name = (await Expert.get(id=invitation.expert_id)).name
    await expect(page.locator("#arrivals li", has_text=invitation.code)).to_contain_text(name)
    await expect(page.locator("#arrivals li", has_text=invitation.code)).to_contain_text("语音催促")
    await expect(page.locator("#arrivals li", has_text=invitation.code)).to_contain_text("等待拨打")
    await page.get_by_role("link", name="请假、缺席与回避").click()
    await page.get_by_label("专家的验证码或手机号").wait_for()
    await seen.check("agency-absences-unsealed")
    await page.get_by_role("link", name=draw.name).click()
    await page.wait_for_url(f"**/agency/draws/{draw_id}/attendance")
    assert seen.complaints == []
