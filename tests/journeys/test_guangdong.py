"""The Guangdong manual of tenderees and agencies (广东省综合评标评审专家库 招标人/代理机构使用手册), step by step.

Through chat, phone keys, the pages of agency, verifier, supervisor and venue, and the identity platform, all of it over
the wire; the API only where an expert acts in the mini-program. The numbers in the names are the manual's subjects in
their order, those in brackets rows of a subject; each step goes on where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from app.commands.menu_push import push
from app.players.forms import DRAW, EvaluationTimes, condition_fields, draw_fields
from app.players.phones import NotArrived, bubbles
from domain.clock import local
from domain.draws.verify_draw import compare, read, verify
from services.core.base import rows
from services.operations import find_broken, find_broken_audit
from tests.drivers.documents import code_on
from tests.drivers.in_process import Stores, stage_in_process
from tests.drivers.phones import press_menu
from tests.factories.files import pdf
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day, at, moment
from tests.journeys.guangdong.calls import (
    answer_by_link,
    call_back,
    shows_answered_calls,
    shows_unanswered_calls,
    talk_with_expert,
)
from tests.journeys.guangdong.dashboard import check_to_do, check_week, link_of, open_list, read_figures
from tests.journeys.guangdong.pages import expect_page
from tests.journeys.guangdong.preparation import (
    STARTS,
    evaluation_fields,
    evaluation_times,
    notice_fields,
    project_fields,
    save_draw,
    select_options,
    supervisor_tick,
)
from tests.journeys.guangdong.results import check_follow_up, check_nameless, parse_amounts
from tests.journeys.guangdong.verification import check_verifiers_chat, decide, prove_and_verify
from tests.plugins.data_folders import data_folder

pytestmark = [pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(stores: Stores) -> AsyncIterator[Day]:
    with data_folder("journey", new=True) as folder:
        async with stage_in_process(stores, folder, pools=("demo", gd.POOL), prepare=[gd.prepare]) as running:
            today = Day(running)
            await today.begin()
            yield today


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def _invariants(day: Day) -> AsyncIterator[None]:
    """Checked after each step."""
    yield
    broken = await find_broken() + await find_broken_audit(day.stage.deps)
    assert not broken, broken


async def test_00_the_pool_puts_its_menu_in_place(day: Day) -> None:
    await push(day.stage.settings, [gd.POOL], day.stage.settings.rulebooks.parent / "menus")


# ---- 13 identity


async def test_13_a_natural_person_and_a_weakly_proven_entity_may_not_draw(day: Day) -> None:
    expect_page(await day.identify("自然人"), 422, "个人不能发起抽取")
    expect_page(await day.identify("低等级"), 422, "实名等级为3级，需达到4级")


async def test_13_an_entity_links_an_agent_who_accepts_and_chooses_for_whom_to_act(day: Day) -> None:
    legal = await day.identify("广法人")
    assert (legal.page.path, gd.AGENCY in legal.page.text) == ("/agency", True)
    await legal.follow("我的经办人")
    until = f"{local(await day.stage.now()) + timedelta(days=90):%Y-%m-%d}"
    for mobile, name in ((gd.AGENT, "黄经办"), (gd.OTHER_AGENT, "别经办")):
        await legal.press("添加", name=name, mobile=mobile, valid_until=until)
        assert "等待对方接受" in legal.page.text
        person = await day.identify(name)
        assert person.page.path == f"/h5/{gd.POOL}/agent-requests"
        assert (await person.open("/agency")).path != "/agency", "not before it is accepted"
        await person.open(f"/h5/{gd.POOL}/agent-requests")
        await person.press(f"接受：{gd.AGENCY}")
        await person.follow("选择身份办理")
        await person.press(f"经办人 · {gd.AGENCY}")
        assert (person.page.path, "经办人" in person.page.text) == ("/agency", True)
        day.browsers[mobile] = person
    day.agent.browser = day.browsers[gd.AGENT]
    await legal.open("/agency/agents")
    assert "等待对方接受" not in legal.page.text


async def test_13_a_later_weak_log_in_takes_the_right_away_at_once(day: Day) -> None:
    for level, allowed in ((3, False), (4, True)):
        await day.set_level(gd.LEGAL, level)
        legal = await day.identify("广法人")
        assert ((await legal.open("/agency")).path == "/agency") is allowed
        assert ((await day.page.open("/agency")).path == "/agency") is allowed, "also the log-in that was open"
        reason = f"{gd.AGENCY}的法人账号实名等级不够，请由法人到统一身份认证平台升级后重新登录"
        page = await day.page.open("/h5/role")
        assert (reason in page.text, "没有可以在这里办理的身份" in page.text) == (not allowed, False)
        page = await day.page.open(f"/h5/{gd.POOL}/agent-requests")
        assert (reason in page.text, "暂停" in page.text, "有效期" in page.text) == (not allowed, not allowed, True)
        again = await day.identify("黄经办")
        assert (again.page.path, reason in again.page.text) == (("/agency", False) if allowed else ("/h5/role", True))
    day.browsers[gd.LEGAL] = legal


# ---- 14 dashboard and templates


async def test_14_the_dashboard_is_empty_and_templates_can_be_fetched(day: Day) -> None:
    """14.1 to 14.4 before anything happened; 14.6: four requests to be printed, two sheets to be filled in."""
    page = await day.at("/agency")
    expect_page(page, 200, "今日活动0 正在抽取0 今日完成0", "专家已到0 专家未到0 待补抽活动0", "没有需要您处理的事项")
    assert {"招标项目", "抽取活动列表", "专家补抽"} <= page.page.links.keys()
    documents = ("专家抽取申请模板", "重新抽取专家申请模板", "通知原专家评标申请模板", "退选专家申请模板")
    for names, begins in ((documents, b"%PDF"), (("回避单位模板", "回避人员模板"), b"PK\x03\x04")):
        files = [await page.download(page.page.link(name)) for name in names]
        assert [file[:4] for file in files] == [begins] * len(names)
        assert len(set(files)) == len(names)


async def test_14_the_entity_asks_its_chat_and_finds_nothing_to_do(day: Day) -> None:
    entity = day.phone(gd.LEGAL)
    await entity.follow()
    await entity.bind()
    for word, what in (("待办", "待办"), ("抽取进度", "抽取进度"), ("补抽", "待补抽"), ("催促", "未签到")):
        assert f"{what}：目前没有" in await entity.say(word)


# ---- 15 projects and lots


async def test_15_a_project_has_required_fields_can_be_edited_deleted_and_gets_lots(day: Day) -> None:
    page = await day.at("/agency/projects/new")
    for change, words in (
        ({"tenderee_name": ""}, "请填写招标人名称"),
        ({"category": "房屋建筑"}, "招标项目类型请从列表中选择"),
        ({"number": "202006171201"}, "应为20位"),
        ({"investment": "很多"}, "单位万元"),
    ):
        await page.press("保存", **project_fields(**change))
        expect_page(page, 422, words)
    await page.press("保存", **project_fields(name="要删除的项目"))
    await page.press("确定删除")
    assert "项目已删除" in page.page.text
    await page.open("/agency/projects/new")
    await page.press("保存", **project_fields())
    day.project = page.page.path.rpartition("/")[2]
    await page.follow("编辑项目")
    await page.press("保存", contact="李四")
    expect_page(page, 200, "李四")
    for name in ("一标段", "二标段"):
        await page.press("创建", name=name, number="", investment="100")
    expect_page(page, 200, "一标段", "二标段")
    await page.open("/agency/projects?q=0617")
    expect_page(page, 200, "2个标段 · 0次抽取")


# ---- 16 basic data


async def test_16_times_must_be_in_order_and_only_lots_not_yet_drawn_can_be_ticked(day: Day) -> None:
    times = await evaluation_times(day)
    wrong = EvaluationTimes(times.starts, times.gathering, times.opening, times.ends)
    page = await save_draw(day, wrong, 3, "一标段")
    expect_page(page, 422, "开标时间早于预计评标开始时间")
    await page.open(f"/agency/draws/new?project={day.project}")
    tab = day.tab()
    await save_draw(day, times, 3, "一标段")
    day.draw = page.page.path.split("/")[3]
    day.number = f"CQSQ{local(await day.stage.now()):%Y%m%d}0001"
    expect_page(page, 200, f"新建 {day.number}")
    await page.open(f"/agency/draws/new?project={day.project}")
    expect_page(page, 200, f"一标段（{day.number}）")
    with pytest.raises(NotArrived):
        page.page.form_of("保存，下一步").ticked("一标段")
    old = tab.page.form_of("保存，下一步").ticked(gd.SUPERVISOR_NAME, "一标段")
    await tab.press("保存，下一步", **draw_fields(times, 2), **old)
    expect_page(tab, 409, "只能选择未抽取的标段")
    await page.open(f"/agency/projects/{day.project}?edit=1")
    expect_page(page, 200, "项目信息不能再修改")
    await page.open("/agency/draws?q=CQSQ&project=0617&region=440106&source=on_site&state=editing")
    expect_page(page, 200, "项目数量：1", "0/3", "正常项目")


# ---- 17 recusal


async def test_17_tenderee_and_agency_are_recused_for_good_and_others_by_hand_or_from_a_sheet(day: Day) -> None:
    page = await day.on(day.draw, "recusal")
    for name, reason in ((gd.TENDEREE, "项目业主"), (gd.AGENCY, "代理机构")):
        assert [line for line in page.page.lines if name in line and reason in line]
        assert f"删除{name}" not in page.page.buttons
    await page.press("添加", name="某某公司", reason="投标人", evidence="自行申报")
    [fixed] = await rows("SELECT id FROM recusal_unit WHERE draw_id = $1 AND name = $2", day.draw, gd.TENDEREE)
    await page.press("删除某某公司", id=str(fixed["id"]))
    expect_page(page, 409, "默认回避，不能删除")
    await page.press("删除某某公司")
    await page.press("添加", name="某某公司", reason="不喜欢", evidence="自行申报")
    expect_page(page, 422, "回避原因请从列表中选择")
    sheet = f"单位名称,统一社会信用代码,回避原因,回避依据\n{gd.OF_BIDDER.employer},,投标人,投标文件或报名记录\n"
    await page.upload("导入", b"name,code,reason\nx,,y\n", "名单.csv")
    expect_page(page, 422, "表头")
    await page.upload("导入", sheet.encode(), "名单.csv")
    expect_page(page, 200, "已导入", "总计3家")
    await page.follow("回避人员")
    person = {"id_number": gd.NAMED.id_number, "reason": "与投标人有利害关系", "evidence": "利害关系说明"}
    await page.press("添加", name=gd.NAMED.name, **person)
    expect_page(page, 200, gd.NAMED.name, "总计1人")
    await page.follow("回避单位")
    await page.press("查找", q="投标")
    expect_page(page, 200, "总计1家", gd.OF_BIDDER.employer)


# ---- 18 voice notices


async def test_18_a_notice_names_a_place_and_no_organisation(day: Day) -> None:
    basic = (await day.on(day.draw, "basic")).page.form_of("保存，下一步").fields
    form = notice_fields(moment(basic[STARTS]) - timedelta(minutes=45), remark="戴口罩")
    page = await day.on(day.draw, "conditions")
    await page.follow("新增语音通知")
    assert "请佩戴口罩。" in page.page.text, "quick phrases"
    for change, words in (
        ({"address": "广州市越秀区某某公司"}, "不能出现单位名称"),
        ({"address": "越华路118号"}, "市、区"),
        ({"remark": "戴口罩" * 17}, "最多50字"),
        ({"contact_phone": ""}, "请填写联系方式"),
    ):
        await page.press("保存", **{**form, **change})
        expect_page(page, 422, words)
    await page.press("保存", **form)
    await page.follow("通知1")
    await page.press("确定删除")
    await page.follow("新增语音通知")
    await page.press("保存", **form)
    await page.follow("通知1")
    await page.press("保存", room="第2评标室")
    expect_page(page, 200, "第2评标室")


# ---- 19 conditions


async def test_19_conditions_must_add_up_before_the_next_step(day: Day) -> None:
    page = await day.on(day.draw, "conditions")
    await page.follow("创建抽取条件")
    expect_page(page, 200, "剩余可设置人数：3")
    await page.press("保存", **condition_fields(2))
    expect_page(page, 200, "还可设置1人", "计划需要抽取2人，实际需要2人，同意参评0人")
    assert "下一步：提交审核" not in page.page.links
    await day.on(day.draw, "submit")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="少一个条件")
    expect_page(page, 422, "抽取条件共2人，应为3人")
    await day.on(day.draw, "conditions/new")
    await page.press("保存", **condition_fields(2, specialty="A01"))
    expect_page(page, 422, "剩余可设置人数")
    await page.press("保存", **condition_fields(1, specialty="A0102", alternative="A0101"))
    expect_page(page, 200, "可设置人数为0，不能继续创建")
    await page.press("预览人数")
    expect_page(page, 200, "主专业10-19人")  # the ten builders, neither the tenderee's, the bidder's nor the named one
    second = page.page.link("编辑条件2").rpartition("/")[2]
    await page.press("预览人数", id=second)
    expect_page(page, 200, "主专业不足5人，备选专业不足5人")
    expect_page(page, 200, "剩余可设置人数为0，不能再新增语音通知")
    await day.on(day.draw, "notices/new")  # a page that was left open
    await page.press("保存", **notice_fields(await day.stage.now() + timedelta(hours=5)))
    expect_page(page, 409, "剩余可设置人数为0，不能再创建语音通知")
    await page.open(f"/agency/draws/{day.draw}/conditions/{second}")
    day.tabs["condition"] = day.tab()
    await day.on(day.draw, "conditions")
    await page.follow("通知1")
    day.tabs["notice"] = day.tab()


# ---- 20 verification


async def test_20_an_application_is_withdrawn_refused_corrected_and_verified(day: Day) -> None:
    """20.1: an attachment is put in and taken out; 14.2: what the agency is waited for."""
    page = await day.on(day.draw, "submit")
    assert (await page.download(page.page.link("打印申请表")))[:5] == b"%PDF-"
    await page.upload("上传", pdf(), "抽取申请.pdf")
    expect_page(page, 200, "附件已上传", "抽取申请.pdf")
    await page.press("删除附件")
    expect_page(page, 200, "附件已删除")
    assert "抽取申请.pdf" not in page.page.text
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await page.follow(link_of(await open_list(day, "已提交"), "查看审核"))
    expect_page(page, 200, "核验前可以撤回")
    await day.tabs["condition"].press("确定删除")
    expect_page(day.tabs["condition"], 409, "活动已提交，不能再修改")
    await page.press("撤回申请")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await check_verifiers_chat(day)
    await decide(day, "退回", "缺少监督人部门", "抽取申请", "请核验", "没有附件", gd.ADDRESS)
    await check_to_do(day, "核验未通过，请修改后重新提交")
    await page.follow(link_of(await open_list(day, "核验未通过"), "提交审核"))
    expect_page(page, 200, "缺少监督人部门")
    await day.sms(gd.AGENT, "核验未通过")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await decide(day, "通过", "资料齐全")
    await check_to_do(day, "核验已通过，请开始三方摇号")
    await page.follow(link_of(await open_list(day, "未抽取"), "进入抽取"))
    assert "开始三方摇号" in page.page.buttons
    await page.follow("操作记录")
    expect_page(page, 200, "资料齐全", "缺少监督人部门", "撤回申请", gd.AGENCY)
    told = page.page.text.partition("核验记录")[2]
    assert re.findall(r"(核验通过|核验未通过|已撤回) 抽取申请", told) == ["核验通过", "核验未通过", "已撤回"]


# ---- 21 the draw


async def test_21_a_draw_calls_by_voice_pauses_moves_the_gathering_and_goes_on(day: Day) -> None:
    page = await day.on(day.draw, "run")
    assert "启动抽取" not in page.page.buttons, "the order comes first"
    await day.fix(day.draw)
    await page.press("启动抽取")
    expect_page(page, 200, "抽取已启动")
    called = await day.ringing(3)
    assert sum(expert in gd.PLANNERS for expert in called) == 1, "the main specialty had nobody, the alternative has"
    assert not {gd.OF_TENDEREE, gd.OF_BIDDER, gd.NAMED} & set(called)
    first, second = (expert for expert in called if expert in gd.BUILDERS)
    [planner] = (expert for expert in called if expert in gd.PLANNERS)

    await page.press("暂停抽取", reason="修改集合时间")
    heard = await day.press(first, "11")
    assert gd.ADDRESS in heard
    assert heard.count("再按1确认") == 1
    assert "已确认参加" in heard.partition("再按1确认")[2]
    assert gd.TENDEREE not in heard
    assert "0617" not in heard
    await day.press(second, "22")
    await day.press(planner, "1211")
    await day.progress(day.draw, accepted=2, declined=1, open=0, label="已暂停")
    assert await read_figures(day) == (1, 1, 0, 0, 2, 0)
    told = await day.phone(gd.LEGAL).say("抽取进度")
    assert [words in told for words in ("抽取进度：共1个", day.number, "已暂停，已同意2人，共需3人")] == [True] * 3, (
        told
    )
    await check_to_do(day, "抽取已暂停，请继续抽取")
    await day.stage.advance(2)
    await day.ringing(0)

    await day.tabs["notice"].press("保存")
    expect_page(day.tabs["notice"], 409, "不能再修改")
    page = await day.on(day.draw, "run")
    moved = moment(page.page.form_of("保存并通知专家").fields["gathering_at"]) + timedelta(minutes=15)
    await page.press("保存并通知专家", gathering_at=at(moved))
    expect_page(page, 200, "集合时间已更改")
    await day.sms(first.mobile, "改为", "/i/")
    page = await day.on(day.draw, "run")
    expect_page(page, 200, "还有2位专家没有答复改期")
    for expert in (first, planner):
        mini = await day.mini(expert.mobile, "expert")
        [panel] = (await mini.get("/panels"))["items"]
        answer = {"agrees": True, "proposal": panel["proposal"]}
        agreed = await mini.post(f"/invitations/{panel['id']}/move-answer", answer)
        assert agreed["gathering_at"] == panel["proposed_gathering_at"]
    page = await day.on(day.draw, "run")
    assert "没有答复改期" not in page.page.text

    await page.press("继续抽取")
    [third] = await day.ringing(1)
    heard = await day.press(third, "11")
    assert f"{moved.minute}分" in heard or moved.minute == 0
    await day.progress(day.draw, accepted=3, open=0, label="抽取完成", called=4)
    assert await read_figures(day) == (1, 0, 1, 0, 3, 0)
    await check_week(day, 1)
    assert "抽取完成，已同意3人，共需3人" in await day.phone(gd.LEGAL).say("抽取进度")
    await day.sms(gd.AGENT, "3人全部同意")


async def test_21_experts_of_an_earlier_draw_are_avoided_and_a_forced_end_still_takes_results(day: Day) -> None:
    """18.5: off site the contact is the owner's supervisor, not who draws."""
    took_part = set(await day.stage.codes())
    await day.stage.advance(65)  # the vendor lets one call a minute through; who declined may be asked again
    times = await evaluation_times(day, 9)
    page = await save_draw(day, times, 2, "二标段", f"{DRAW}（{day.number}", on_site="0", name="二标段评标")
    day.second = page.page.path.split("/")[3]
    await page.follow("下一步：抽取条件")
    await page.follow("新增语音通知")
    expect_page(page, 200, "项目业主监督人")
    for own in ("周代理", "黄经办"):
        await page.press("保存", **notice_fields(times.gathering, contact=own))
        expect_page(page, 422, "不能填经办人本人")
    await page.press("保存", **notice_fields(times.gathering, contact="冯监督"))
    await page.follow("创建抽取条件")
    await page.press("保存", **condition_fields(2))
    await page.follow("下一步：提交审核")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await decide(day, "通过", "", f"曾参加{day.number}的专家")
    await day.fix(day.second)
    await page.press("启动抽取")
    agreeing, other = await day.ringing(2)
    accepted = await day.codes(day.draw)
    assert {agreeing.mobile, other.mobile} & took_part <= {
        mobile for mobile, code in (await day.stage.codes()).items() if code not in accepted
    }
    await day.on(day.second, "run")
    await page.press("强制结束", reason="项目终止")
    expect_page(page, 200, "已发出的通知会继续等待结果")
    await day.press(agreeing, "11")
    await day.press(other, "22")
    await day.progress(day.second, accepted=1, open=0, label="专家不足", called=2)
    assert {finding.code for finding in verify(await day.record(day.second))} == {"order_unchecked"}
    await day.stage.advance(65)  # nobody here has WeChat: the short message follows after a minute
    await day.sms(agreeing.mobile, "评标安排不变")


# ---- 22 supplementary draw


async def test_22_two_absences_are_registered_and_filled_together_from_another_region(day: Day) -> None:
    """14.3, 14.5, 22.1 to 22.7: leave, and leave that the agency registers; then the same regions, then wider ones."""
    codes = await day.stage.codes()
    accepted = await day.codes(day.draw)
    leaving, absent = [builder for builder in gd.BUILDERS if codes.get(builder.mobile) in accepted]

    await day.stage.advance(65)  # the vendor lets one SMS with a code through a minute
    phone = day.phone(leaving.mobile)
    await phone.follow()
    await phone.bind()
    assert "请假" in await press_menu(phone, "请假")
    await phone.say("突发疾病")
    await phone.tap("确定请假")
    await day.progress(day.draw, label="待补抽")
    page = await day.page_of(day.draw, "absences", gd.AGENT)
    for who, status, words in (("000000", 404, "没有相符的参评专家"), (absent.mobile, 422, "只能按数字验证码登记")):
        await page.press("登记", who=who, kind="leave", reason="来电请假")
        expect_page(page, status, words)
    await page.press("登记", who=codes[absent.mobile], kind="leave", reason="来电请假")
    expect_page(page, 200, "本人确认后名额才会空出")
    expect_page(await day.at("/agency/pending"), 200, "需补抽1人")
    await day.sms(absent.mobile, "请假，请点链接核实", "/i/")
    mini = await day.mini(absent.mobile, "expert")
    [panel] = (await mini.get("/panels"))["items"]
    assert panel["leave_asked_until"] is not None
    assert (await mini.post(f"/invitations/{panel['id']}/leave-answer", {"agrees": True}))["state"] == "left"
    pending = await day.at("/agency/pending")
    expect_page(pending, 200, "需补抽2人", "专家本人", "人工登记（黄经办）", "突发疾病", "来电请假", "专家不足的活动")
    assert len([line for line in pending.page.lines if line[:6] in (codes[leaving.mobile], codes[absent.mobile])]) == 2
    check_nameless(pending.page)
    home = await day.at("/agency")
    expect_page(home, 200, "有名额待补抽", "专家不足，请补抽")  # one has two absences, one was ended by force
    assert "专家补抽 2" in home.page.links
    assert 'aria-label="2个活动待补抽"' in home.page.html, "the badge of the menu"
    assert await read_figures(day) == (2, 0, 2, 0, 2, 2)
    await check_week(day, 2)
    told = await day.phone(gd.LEGAL).say("补抽")
    assert "待补抽：共2个" in told
    assert "待补抽，缺2人" in told
    assert gd.TENDEREE not in told

    page = await day.on(day.draw, "run")
    assert "扩大地区补抽" not in page.page.buttons, "not while somebody of the list is left"
    await page.press("启动补抽")
    expect_page(page, 200, "补抽已启动")
    await day.decline_all(day.draw)
    await day.progress(day.draw, accepted=1, label="专家不足")
    pending = await day.at("/agency/pending")
    waiting = [line for line in pending.page.lines if line[:6] in (codes[leaving.mobile], codes[absent.mobile])]
    assert ["未补抽" in line for line in waiting] == [True, True], "nobody was found for them"
    page = await day.on(day.draw, "run")
    await page.press("扩大地区补抽", regions="440100,440300")
    expect_page(page, 200, "地区已扩大，请三方重新摇号")
    supervisor = day.phone(gd.SUPERVISOR)
    await supervisor.follow()
    await supervisor.bind()
    assert "等您提交随机数" in await supervisor.say("监督")
    await supervisor.unfollow()  # his later notices come by SMS again
    await day.fix(day.draw)
    assert (await page.ask(f"/agency/draws/{day.draw}/round"))["round"]["round_number"] == 2
    await page.press("启动抽取")
    called = await day.ringing(2)
    assert set(called) <= set(gd.BUILDERS_ELSEWHERE)
    for expert in called:
        await day.press(expert, "11")
    await day.progress(day.draw, accepted=3, label="抽取完成")
    register = await day.page_of(day.draw, "absences", gd.AGENT)
    assert ["已补抽" in line for line in register.page.lines if line.startswith("解密后显示")] == [True, True]
    finding_codes = {finding.code for finding in verify(await day.record(day.draw))}
    assert finding_codes <= {"order_unchecked", "gathering_moved", "discard"}
    assert "discard" in finding_codes


# ---- 24 sealing, print, attendance, urging


async def test_24_before_the_unsealing_all_staff_and_the_agency_see_codes_only(day: Day) -> None:
    for mobile in (gd.VENUE_STAFF, gd.SUPERVISOR, gd.VERIFIER):
        venue = await day.page_of(day.draw, "result", mobile)
        expect_page(venue, 200, "名单已密封")
        check_nameless(venue.page)
    marks = [code.startswith("*") for code in await day.panel(day.draw)]
    assert sorted(marks) == [False, True, True]
    expect_page(day.page, 200, "名单已密封")
    check_nameless(day.page.page)
    expect_page(await day.on(day.draw, "attendance"), 200, "后可查看")


async def test_24_reminders_come_experts_check_in_and_the_missing_one_is_urged_three_times(day: Day) -> None:
    """24.3 to 24.5: at the venue; the missing one is called by the agency, too, once its tab is open."""
    run = (await day.on(day.draw, "run")).page
    met = moment(run.form_of("保存并通知专家").fields["gathering_at"])
    codes = {code: mobile for mobile, code in (await day.stage.codes()).items()}
    first, second, late = await day.venue.list_awaited(day.draw)
    venue = day.venue.browser

    await day.stage.advance_to(met - timedelta(hours=2) + timedelta(seconds=1))
    for code in (first, second, late):
        await day.sms(codes[code], "请于", "验证码")
    await day.page_of(day.draw, "attendance")
    assert f"语音催促{late}" not in venue.page.buttons, "not before the gathering"

    await day.stage.advance_to(met - timedelta(minutes=5))
    address = await day.venue.show_code(day.draw)
    expert = await day.mini(codes[first], "expert")
    token = {"token": address.rpartition("/")[2]}
    assert (await expert.post("/check-ins", token))["first"]
    assert not (await expert.post("/check-ins", token))["first"]
    await day.page_of(day.draw, "attendance")
    await venue.press("进场", code="000000")
    assert venue.page.status in (404, 422)
    await day.venue.register_entry(day.draw, second)

    await day.stage.advance_to(met + timedelta(seconds=5))
    await day.page_of(day.draw, "attendance")
    told = await day.phone(gd.LEGAL).say("催促")
    assert [words in told for words in ("未签到：共1个", day.number, "已到2人，1人未签到，可以催促")] == [True] * 3, (
        told
    )
    tab, phone = replace(venue), day.phone(codes[late])
    for number in (1, 2, 3):
        await venue.press(f"语音催促{late}")
        expect_page(venue, 200, f"第{number}次", f"已催{number}次")
        await phone.pick_up(await phone.ringing())
        await day.stage.advance(301)
        await day.page_of(day.draw, "attendance")
    assert f"语音催促{late}" not in venue.page.buttons
    await tab.press(f"语音催促{late}")
    expect_page(tab, 422, "请改用电话联系")
    await venue.press(f"虚拟号呼叫{late}", phone="own")
    await talk_with_expert(day, phone, caller=gd.VENUE_STAFF)
    await day.wait_until(shows_answered_calls(1), f"/draws/{day.draw}/attendance", gd.VENUE_STAFF)
    await day.stage.advance(301)
    page = await day.on(day.draw, "attendance")
    expect_page(page, 200, "迟到", "已催3次")
    assert f"语音催促{late}" not in page.page.buttons
    await page.press(f"虚拟号呼叫{late}", phone="own")
    expect_page(page, 200, "接听后再呼叫专家")
    await talk_with_expert(day, phone)
    await day.wait_until(shows_answered_calls(2), f"/agency/draws/{day.draw}/attendance")


async def test_24_the_result_is_unsealed_half_an_hour_before_the_start_and_the_last_exit_ends_it(day: Day) -> None:
    starts, ends = await day.times(day.draw)
    await day.stage.advance_to(starts - timedelta(minutes=30, seconds=-1))
    panel = await day.panel(day.draw)
    names = [expert.name for expert in gd.EXPERTS]
    assert len(panel) == 3
    assert all(line.split()[1] in names and "****" in line for line in panel)
    venue = await day.page_of(day.draw, "attendance")
    [late] = [line[:6] for line in venue.page.lines if re.match(r"\d{6} ", line) and "迟到" in line]
    await day.venue.register_entry(day.draw, late)
    assert await read_figures(day) == (2, 0, 2, 3, 1, 1)

    await day.stage.advance_to(ends)
    for code in sorted(await day.codes(day.draw)):
        await day.venue.register_exit(day.draw, code)
    expect_page(await day.on(day.draw, "result"), 200, "已结束", "进场", "离场")
    findings = verify(await day.record(day.draw))
    assert {finding.code for finding in findings} == {"gathering_moved", "discard"}


async def test_24_a_visitor_checks_the_finished_draw_and_its_documents_carry_the_code(day: Day) -> None:
    stranger = day.stranger()
    await stranger.open(f"/record?number={day.number}")
    assert (stranger.page.status, stranger.page.path) == (200, f"/record/{gd.POOL}/{day.number}")
    assert "记录不能证明什么" in stranger.page.text
    record = await stranger.download(stranger.page.link("下载记录"))
    assert {finding.code for finding in verify(read(record.decode()))} == {"gathering_moved", "discard"}
    page = await day.on(day.draw, "result")
    for button in ("结果PDF", "出入场PDF", "记录PDF"):
        document = await page.download(page.page.link(button))
        assert code_on(document).endswith(f"/record/{gd.POOL}/{day.number}"), button


# ---- 13, 16 what follows from identity and time


async def test_13_an_agent_sees_own_activities_and_the_entity_all(day: Day) -> None:
    legal, other = day.browsers[gd.LEGAL], day.browsers[gd.OTHER_AGENT]
    await legal.open("/agency/draws")
    expect_page(legal, 200, "项目数量：2")
    await other.open("/agency/draws")
    expect_page(other, 200, "还没有抽取活动")
    assert (await other.open(f"/agency/draws/{day.draw}/run")).status == 404


async def test_22_an_absence_found_at_the_gathering_is_filled_with_a_later_start(day: Day) -> None:
    run = (await day.on(day.second, "run")).page
    gathering = [value for name, value in run.form_of("启动补抽").fields.items() if name.startswith("at-")]
    starts, ends = await day.times(day.second)
    await day.stage.advance_to(moment(gathering[0]) + timedelta(seconds=5))
    venue = await day.page_of(day.second, "attendance")
    [expected] = [line[:6] for line in venue.page.lines if re.match(r"\d{6} ", line)]
    await day.page_of(day.second, "absences")
    await venue.press("登记", who=expected, kind="absence", reason="未到场")
    expect_page(venue, 200, "已登记缺席")
    pending = await day.at("/agency/pending")
    [line] = [text for text in pending.page.lines if text.startswith(expected)]
    assert all(words in line for words in ("通知1", "缺席：未到场", "人工登记"))
    page = await day.on(day.second, "run")
    expect_page(page, 200, "来不及通知新的专家")
    await page.press("启动补抽", update=None, postpone=None)
    assert page.page.status == 422, page.page.text

    now = await day.stage.now()
    [notice] = [name for name in page.page.form_of("启动补抽").names if name.startswith("at-")]
    later = {"update": "1", notice: at(now, minutes=75), "postpone": "1", STARTS: at(now, minutes=120)}
    await page.press("启动补抽", **later, start_reason="一位专家缺席")
    expect_page(page, 200, "补抽已启动")
    first, second = await day.ringing(2)
    heard = await call_back(day, first, "11")
    assert ["您被随机抽取为评标专家" in heard, gd.ADDRESS in heard, gd.TENDEREE in heard] == [True, True, False], heard
    assert "已确认您参加评标" in heard
    await day.sms(first.mobile, "已确认您参加评标")
    await day.press(second, "11")
    await day.progress(day.second, accepted=2, label="抽取完成")
    moved, moved_end = await day.times(day.second)
    assert at(moved) == later[STARTS]
    assert moved_end - ends == moved - starts
    for mobile in (gd.SUPERVISOR, gd.VERIFIER):
        await day.stage.advance(65)
        await day.sms(mobile, "评标推迟到")
    findings = verify(await day.record(day.second))
    assert {finding.code for finding in findings} == {"order_unchecked", "gathering_moved", "discard"}


async def test_22_a_recusal_on_the_spot_counts_when_a_second_person_confirms_it(day: Day) -> None:
    """22.1: 现场回避, registered at the venue, confirmed by the supervisor, and the place is filled once more."""
    [code, _] = sorted(await day.codes(day.second))
    venue = await day.page_of(day.second, "absences")
    form = {"who": code, "kind": "recusal", "reason": "与投标人有利害关系，专家本人提出"}
    await venue.press("登记", **form)
    expect_page(venue, 422, "请从列表中选择回避原因")
    await venue.press("登记", **form, cause="与投标人有利害关系")
    expect_page(venue, 200, "等待核验人员或监督人确认")
    assert "确认回避" not in venue.page.buttons, "by somebody else"
    assert len(await day.codes(day.second)) == 2, "it doesn't count yet"
    supervisor = await day.of(gd.SUPERVISOR, "/draws")
    await supervisor.follow(f"现场回避待您确认：{code}")
    await supervisor.press("不予确认")
    expect_page(supervisor, 422, "请填写不予确认的原因")
    await supervisor.press("确认回避")
    expect_page(supervisor, 200, "已确认，名额已空出")
    page = await day.on(day.second, "run")
    expect_page(page, 200, "待补抽")
    now = await day.stage.now()
    if "来不及通知新的专家" in page.page.text:
        [notice] = [name for name in page.page.form_of("启动补抽").names if name.startswith("at-")]
        await page.press("启动补抽", update="1", **{notice: at(now, minutes=75)})
    else:
        await page.press("启动补抽", postpone=None)
    expect_page(page, 200, "补抽已启动")
    [expert] = await day.ringing(1)
    await day.press(expert, "11")
    await day.progress(day.second, accepted=2, label="抽取完成")
    expect_page(await day.page_of(day.second, "absences"), 200, "现场回避", "已补抽", "已确认（监督人）")


async def test_16_an_activity_that_is_not_on_site_ends_by_itself(day: Day) -> None:
    _, ends = await day.times(day.second)
    await day.stage.advance_to(ends + timedelta(minutes=1))
    await day.progress(day.second, label="已结束")


async def test_an_experts_chat_lists_what_happened(day: Day) -> None:
    """The one who bound himself and took leave reads of it in his chat, and of no name of project or party."""
    phones = [day.phone(expert.mobile) for expert in gd.EXPERTS]
    chats = [bubbles(await phone.read(), gd.POOL) for phone in phones]
    [chat] = [chat for chat in chats if chat]
    told = "".join(bubble["text"] for bubble in chat)
    assert "请假已登记" in told
    assert "0617" not in told
    assert gd.TENDEREE not in told


# ---- 16.13, 19.1, 24.6 remuneration


async def test_24_the_venue_proposes_what_is_owed_experts_answer_and_the_agency_pays(day: Day) -> None:
    """From entry and exit: two experts came from another city, one objects, one is silent; then all are paid."""
    other = await day.identify("别经办")
    assert (await other.open(f"/agency/draws/{day.draw}/remuneration")).status == 404
    venue = await day.page_of(day.draw, "remuneration")
    assert "粤发改规〔2020〕1号" in venue.page.text
    await venue.press("按标准提出（3人）")
    expect_page(venue, 200, "已按标准提出")
    experts = {expert.name: expert for expert in gd.EXPERTS}
    owed = {line.split(" ")[0]: line for line in venue.page.lines if line.split(" ")[0] in experts}
    for name, line in owed.items():
        *parts, total = parse_amounts(line)
        assert sum(parts) == total > 0
        way = re.findall(r"(?:交通补助|压差补助)([\d.]+)元", line)
        assert way == (["200.00", "200.00"] if experts[name].region == gd.SHENZHEN else [])
    assert sorted(experts[name].region for name in owed) == sorted([gd.GUANGZHOU, gd.SHENZHEN, gd.SHENZHEN])

    sure, unsure, _ = owed
    morning = local((await day.stage.now()) + timedelta(days=1)).replace(hour=9, minute=0)
    await day.stage.advance_to(morning)
    phone = day.phone(experts[sure].mobile)
    await day.sms(phone.mobile, "评标酬劳", "/n/")
    await phone.follow()
    await phone.bind()
    assert "基本酬劳400.00元" in await press_menu(phone, "评标酬劳")
    assert "已确认" in await phone.tap("确认金额")
    objecting = await day.of(experts[unsure].mobile, f"/h5/{gd.POOL}/remuneration")
    [*_, total] = parse_amounts(owed[unsure])
    assert f"合计{total:,.2f}元" in objecting.page.text
    assert len([button for button in objecting.page.buttons if button.startswith("确认")]) == 2, (
        "the own amount, by two names"
    )
    await objecting.press("提出异议")
    expect_page(objecting, 422, "异议")
    await objecting.press("提出异议", reason="高铁票为260元")
    expect_page(objecting, 200, "异议已转给场地")
    venue = await day.page_of(day.draw, "remuneration")
    expect_page(venue, 200, "高铁票为260元", "已确认1")
    await venue.press("维持或更正", amount=f"{total + 60:.0f}", words="凭票据补足交通费")
    await objecting.open(f"/h5/{gd.POOL}/remuneration")
    expect_page(objecting, 200, "凭票据补足交通费", "60.00元", f"合计{total + 60:,.2f}元")
    await objecting.press("确认金额")
    expect_page(objecting, 200, "抽取单位支付后会通知您")

    today = f"{local(await day.stage.now()):%Y-%m-%d}"
    page = await day.at("/agency/draws")
    await page.open(f"/agency/draws/{day.draw}/run")
    assert "酬劳待支付2笔" in await day.phone(gd.LEGAL).say("待办")
    await page.follow("专家酬劳支付情况")
    await page.press("全部登记（2人）", paid_on=today, way="银行转账")
    expect_page(page, 200, "已登记支付")
    await day.stage.advance(3 * 24 * 3600)
    tab = f"/agency/draws/{day.draw}/remuneration"
    await day.wait_until(lambda page: "待专家确认" not in page.text, tab)
    assert "视为确认" in day.page.page.text
    await day.page.press("全部登记（1人）", paid_on=today, way="现金")
    assert (await day.page.download(day.page.page.link("下载支付表（Excel）")))[:2] == b"PK"
    page = await day.at("/agency/remuneration")
    paid = sum(parse_amounts(line)[-1] for line in owed.values()) + 60
    expect_page(page, 200, f"已支付{paid:,.2f}元")


async def test_the_chats_of_agency_and_staff_list_what_happened(day: Day) -> None:
    """Who was asked to be an agent got the page; the entity hears of what concerns it, no expert's name among it."""
    texts = [sms["text"] for sms in (await day.phone(gd.AGENT).read())["sms"] if "担任经办人" in sms["text"]]
    assert len(texts) == 1
    assert "/n/" in texts[0]
    entity = day.phone(gd.LEGAL)
    told = "".join(bubble["text"] for bubble in bubbles(await entity.read(), gd.POOL))
    assert "活动已结束" in told
    assert not any(expert.name in told for expert in gd.EXPERTS)
    assert "招标项目：共" in await entity.say("项目")
    venue = day.phone(gd.VENUE_STAFF)
    await venue.follow()
    await venue.bind()
    assert "今日评标：" in await venue.say("今日评标")


# ---- 23 recall of the original experts, redraw


async def test_23_the_original_experts_are_recalled_talked_to_and_confirmed(day: Day) -> None:
    """23.1 to 23.9: a new activity with new times, the same recusals and notices; no order is drawn."""
    times = await evaluation_fields(day, 2)
    took_part = {line.split()[1] for line in await day.panel(day.draw)}
    page = await day.at("/agency/draws")
    await page.follow(f"复评：{DRAW}")
    await page.press("确定复评", starts_at=times["ends_at"], ends_at=times[STARTS])
    assert page.page.status == 422, page.page.text
    await page.press("确定复评", starts_at=times[STARTS], ends_at=times["ends_at"])
    expect_page(page, 200, "已按原活动新建", "CQRE", day.number)
    recall = day.recall = page.page.path.split("/")[3]
    for step, texts in (("recusal", (gd.TENDEREE, gd.AGENCY, gd.OF_BIDDER.employer)), ("conditions", (gd.VENUE,))):
        expect_page(await day.on(recall, step), 200, *texts)
    await prove_and_verify(day, recall, "通知原专家评标申请")
    page = await day.at("/agency/draws?kind=recall")
    expect_page(page, 200, "未通知", "通知原专家项目")
    assert (await page.open(f"/agency/draws/{recall}/run")).path == f"/agency/draws/{recall}/notify", "nothing is drawn"

    names = {name for name in took_part if name in page.page.text}
    assert names == took_part
    await page.press("开始通知")
    expect_page(page, 200, "由本人答复", f"现用{gd.AGENT}")
    await page.press("修改", phone="1990010000")
    expect_page(page, 404, "找不到这条语音通知")
    await page.press("修改", phone="own")
    expect_page(page, 200, "通话号码已保存", f"现用{gd.AGENT}")
    assert {button[2:-3] for button in page.page.buttons if re.fullmatch("提交.*的陈述", button)} == names
    expect_page(page, 200, f"还有{len(names)}位专家未本人答复")
    assert "提交最终确认结果" not in page.page.buttons
    met = moment(times[STARTS]) - timedelta(hours=1)
    experts = {expert.name: expert for expert in gd.EXPERTS}
    for number, name in enumerate(sorted(names), 1):
        await page.press(f"虚拟号呼叫{name}")
        expect_page(page, 200, "双方都看不到对方号码")
        await talk_with_expert(day, day.phone(experts[name].mobile))
        # Until the vendor's report is in, the member of staff counts as busy.
        await day.wait_until(shows_answered_calls(number), f"/agency/draws/{recall}/notify")
        await day.stage.advance(65)  # the vendor rings nobody twice within a minute
        comes = page.page.form_of(f"提交{name}的陈述").ticked("参评")
        await page.press(f"提交{name}的陈述", gathering_at=at(met, days=-1), **comes)
        expect_page(page, 422, "同一天")
        await page.press(f"提交{name}的陈述", gathering_at=at(met), **comes)
        expect_page(page, 200, "已登记为代理机构陈述", f"参评{number - 1}/{len(names)}人")
        text = await day.sms(experts[name].mobile, "请点链接答复", "复评")
        await answer_by_link(day, text)
        await page.open(f"/agency/draws/{recall}/notify")
        expect_page(page, 200, f"参评{number}/{len(names)}人", "专家本人")
    assert page.page.text.count("联系时间") == len(names)
    tab = day.tab()
    await page.press("提交最终确认结果")
    expect_page(page, 200, "最终确认结果已提交", "抽取完成")
    assert not [button for button in page.page.buttons if "的陈述" in button]
    await tab.press("提交最终确认结果")
    expect_page(tab, 409, "不能再修改")
    for name in took_part:
        await day.sms(experts[name].mobile, "已确认您参加评标", "13:00")
    expect_page(await day.on(recall, "result"), 200, "名单已密封")
    await day.stage.advance_to(moment(times[STARTS]) - timedelta(minutes=30, seconds=-1))
    assert {line.split()[1] for line in await day.panel(recall)} == took_part
    await day.stage.advance_to(moment(times[STARTS]) + timedelta(seconds=1))
    await day.on(recall, "notify")
    await day.page.follow("结束或终止活动")
    expect_page(day.page, 200, "还没有专家签到进场")
    await day.venue.register_entry(recall, next(iter(await day.codes(recall))))
    await day.on(recall, "notify")
    await day.page.follow("结束或终止活动")
    await day.page.press("结束活动", words="复评结束")
    expect_page(day.page, 200, "已结束")
    record = await day.record(recall)
    assert verify(record) == []
    assert compare(record, [await day.record(day.draw)]) == []
    await check_follow_up(day, record)


async def test_23_a_redraw_finds_a_new_group_for_the_same_lot(day: Day) -> None:
    """23.10, 15.10, 17.7: times anew, who took part is recused, the lot shows both numbers."""
    page = await day.at("/agency/draws")
    await page.open(f"/agency/draws/{day.draw}/redraw")
    await page.press("确定重新抽取", **await evaluation_fields(day, 2))
    expect_page(page, 200, "已列入回避", "CQNE")
    redraw = day.redraw = page.page.path.split("/")[3]
    await day.on(redraw, "recusal")
    former = set(re.findall(r"验证码(\d{6})", page.page.text.partition("曾参评的专家")[2]))
    assert former >= await day.codes(day.draw)
    expect_page(await day.on(redraw, "recusal"), 200, "默认回避，不能删除", f"{day.number} · 验证码")
    expect_page(await day.on(day.draw, "redraw"), 200, "已有办理中的重新抽取活动")
    await prove_and_verify(day, redraw, "重新抽取申请")
    page = await day.at(f"/agency/projects/{day.project}")
    [number] = re.findall(r"CQNE\d{12}", page.page.text)
    [line] = [text for text in page.page.lines if text.startswith("一标段")]
    assert {day.number, number} <= set(re.findall(r"CQ\w{2}\d{12}", line))
    await day.fix(redraw)
    codes = await day.stage.codes()
    before = {mobile for mobile, code in codes.items() if code in former}
    page = await day.on(redraw, "run")
    await page.press("启动抽取")
    called = await day.ringing(3)
    assert not before & {expert.mobile for expert in called}
    for expert in called:
        await day.press(expert, "11")
    await day.progress(redraw, accepted=3, label="抽取完成")
    record = await day.record(redraw)
    assert isinstance(record, dict)
    assert record["log"][0]["original"] == day.number
    assert {finding.code for finding in verify(record)} == {"order_unchecked"}
    assert compare(record, [await day.record(day.draw), await day.record(day.recall)]) == []


async def test_23_the_new_group_is_released_by_telephone_when_the_tender_fails(day: Day) -> None:
    """23.11 to 23.16: a request of its own, verified; an answered call is followed by a short message. Who answers none
    of three calls is 未送达, is called by the virtual number, and what was said is recorded by hand.
    """
    page = await day.on(day.redraw, "release")
    assert "确定启动退选" not in page.page.buttons
    form = {"cause": "招标失败", "reason": "投标人不足三家"}
    await page.press("提交审核", **form)
    expect_page(page, 422, "证明材料")
    await page.upload("上传", pdf(), "退选申请表.pdf")
    await page.press("提交审核", **form)
    expect_page(page, 200, "等待交易中心核验")
    assert "确定启动退选" not in page.page.buttons
    await decide(day, "通过", "同意", "退选专家申请", "招标失败：投标人不足三家", "退选申请表.pdf")
    await day.progress(day.redraw, label="抽取完成")  # nothing has moved yet

    await day.stage.advance(65)  # the vendor refuses a second call of a number within a minute
    page = await day.on(day.redraw, "release")
    await page.press("确定启动退选")
    expect_page(page, 200, "已启动退选")
    *answer, silent = await day.ringing(3)
    for expert in answer:
        assert "已退选" in await day.press(expert, "")
    for number in (1, 2, 3):
        await day.refuse(silent)
        await day.wait_until(shows_unanswered_calls(number), f"/draws/{day.redraw}/log", gd.VERIFIER)
        if number < 3:
            await day.stage.advance(301)
            await day.ringing(1)
    tab = f"/agency/draws/{day.redraw}/release"
    told = await day.wait_until(lambda page: "未送达" in page.text and page.text.count("短信已发送") == 3, tab)
    assert (told.text.count("已送达，已拨打1次"), told.text.count("未送达，已拨打3次")) == (2, 1)
    assert len(re.findall(r"\d{3}\*{4}\d{4}", told.text.partition("退选通知")[2])) >= 3
    await check_to_do(day, "退选电话未接通，请告知专家后登记")
    page = await day.on(day.redraw, "release")
    expect_page(page, 200, "名单解密，之后可以用虚拟号联系")
    assert not [button for button in page.page.buttons if button.startswith("虚拟号呼叫")], "sealed still"
    [record] = [button for button in page.page.buttons if re.fullmatch("登记.+已通知", button)]
    await page.press(record)
    expect_page(page, 422, "请填写通知情况")
    await page.press(record, words="已电话告知本人")
    expect_page(page, 200, "已登记", "已电话告知本人")
    assert (page.page.text.count("已确认"), page.page.text.count("未确认")) == (3, 0)
    await day.progress(day.redraw, label="已退选")
    expect_page(await day.page_of(day.redraw, "release", gd.VERIFIER), 200, "3位专家已确认知晓，共3位")
    page = await day.at(f"/agency/draws/new?project={day.project}")
    assert "一标段" in page.page.text
    with pytest.raises(NotArrived):
        page.page.form_of("保存，下一步").ticked("一标段")  # what follows an order is a redraw
    record = await day.record(day.redraw)
    assert {finding.code for finding in verify(record)} >= {"discard"}
    await check_follow_up(day, record)


async def test_23_the_verifier_reads_how_often_a_tender_was_redrawn(day: Day) -> None:
    """23.10 from a released activity; 20.5: refused, so that nothing is drawn a third time."""
    page = await day.on(day.redraw, "redraw")
    await page.press("确定重新抽取", **await evaluation_fields(day, 3))
    expect_page(page, 200, "已列入回避")
    await page.open(page.page.path.replace("/basic", "/submit"))
    await page.upload("上传", pdf(), "证明材料.pdf")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="再次重新抽取")
    expect_page(await day.of(gd.VERIFIER, "/draws/applications"), 200, "请核实")
    await decide(day, "退回", "请说明原因", "同一项目已重新抽取1次，请核实原因")
    expect_page(await day.at("/agency/draws?kind=redraw"), 200, "核验未通过", "已退选")


# ---- 15.5, 18.1, 19.1, 19.4 to 19.6, 23.12 a project without lots


async def test_19_a_project_without_lots_asks_for_willing_experts_by_title_qualification_and_department(
    day: Day,
) -> None:
    """15.5, 18.1, 19.1, 19.4 to 19.6: two notices, and a condition that one expert of another city fulfils.

    The vendor puts five calls an hour through to one number, and who was released has had them: an hour goes by first.
    """
    await day.stage.advance_to(await day.stage.now() + timedelta(hours=1))
    page = await day.at("/agency/projects/new")
    await page.press("保存", **project_fields(name="不分标段的项目", number="E4401000001202611211"))
    expect_page(page, 200, "没有标段，整个项目算一个标段")
    project = page.page.path.rpartition("/")[2]
    evaluation = await evaluation_fields(day, 1)
    starts = moment(evaluation[STARTS])
    times = EvaluationTimes(moment(evaluation["opening_at"]), starts, starts, moment(evaluation["ends_at"]))
    await save_draw(day, times, 2, project=project, name="不分标段的评标")
    day.whole = page.page.path.split("/")[3]
    await page.open(f"/agency/draws/new?project={project}")
    tab = day.tab()
    await tab.press("保存，下一步", **draw_fields(times, 2), **supervisor_tick(tab))
    expect_page(tab, 409, "已有抽取活动")
    for early, room in ((timedelta(hours=1), "第1评标室"), (timedelta(minutes=30), "第2评标室")):
        await day.on(day.whole, "notices/new")
        await day.page.press("保存", **notice_fields(starts - early, room=room))
    expect_page(day.page, 200, "通知1", "通知2", "第1评标室", "第2评标室")
    await day.page.follow("创建抽取条件")
    expect_page(day.page, 200, "可能来自其他城市，交通补助和压差补助由抽取单位")
    fits = {"title_level": "10", "qualification": "Q0301", "department": "D02"}
    await day.page.press("保存", **condition_fields(1, region_mode="willing", **fits))
    expect_page(day.page, 200, "意愿评标地", "广州市", "正高级", "一级注册结构工程师", "住房和城乡建设主管部门")
    await day.page.press("预览人数")
    expect_page(day.page, 200, "主专业不足5人")
    await day.page.follow("创建抽取条件")
    notice = next(value for label, value in select_options(day.page, "notice_id") if label.startswith("通知2"))
    await day.page.press("保存", **condition_fields(1, specialty="A0101"), notice_id=notice)
    await day.page.follow("下一步：提交审核")
    await day.page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    reads = (
        "整个项目",
        "意愿评标地：广州市",
        "职称等级：正高级",
        "执业资格：一级注册结构工程师",
        "主管部门：住房和城乡",
    )
    await decide(day, "通过", "", *reads)
    await day.fix(day.whole)
    await day.page.press("启动抽取")
    called = await day.ringing(2)
    assert gd.WILLING in called, "and none of those who lack one of it"
    [planner] = set(called) - {gd.WILLING}
    assert planner in gd.PLANNERS
    for expert, room, clock in ((gd.WILLING, "第1评标室", "下午1点"), (planner, "第2评标室", "下午1点30分")):
        heard = await day.press(expert, "11")
        assert (room in heard, clock in heard) == (True, True), heard
    await day.progress(day.whole, accepted=2, label="抽取完成")


async def test_23_a_release_is_refused_within_five_hours_of_the_evaluation(day: Day) -> None:
    """23.12; then only the verifier can terminate, and every expert is notified."""
    page = await day.on(day.whole, "release")
    await page.upload("上传", pdf(), "退选申请表.pdf")
    await page.press("提交审核", cause="不可抗力", reason="台风")
    await decide(day, "通过", "同意", "退选专家申请", "不可抗力：台风")
    starts, _ = await day.times(day.whole)
    await day.stage.advance_to(starts - timedelta(hours=5, minutes=2))
    page = await day.on(day.whole, "release")
    expect_page(page, 200, "退选申请已通过核验")
    tab = day.tab()
    await day.stage.advance_to(starts - timedelta(hours=5, seconds=-1))
    await tab.press("确定启动退选")
    expect_page(tab, 422, "已过，不能退选")
    page = await day.on(day.whole, "release")
    expect_page(page, 200, "已过。不再评标的，请联系交易中心核验人员终止活动")
    assert "确定启动退选" not in page.page.buttons
    expect_page(await day.page_of(day.whole, "exit", gd.AGENT), 200, "代理机构不能自行终止")
    venue = await day.page_of(day.whole, "exit", gd.VERIFIER)
    await venue.press("终止活动", words="台风，改期")
    expect_page(venue, 200, "已终止")
    await day.sms(gd.WILLING.mobile, "无需到场")
    expect_page(await day.on(day.whole, "run"), 200, "已终止")
