"""The Guangdong manual of tenderees and agencies (广东省综合评标评审专家库 招标人/代理机构使用手册), step by step.

Only through chat, phone keys, the agency's pages, the public API and the identity platform, all of it over the wire.
The numbers in the names are the manual's subjects in their order; each step goes on where the one before ended.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from app.demo.forms import Times, condition_form, draw_form, notice_form, project_form
from app.demo.mini import MiniProgram, find_supervisor, fix_order
from app.demo.phones import Phone, bubbles
from app.demo.stage import stage
from app.demo.wire import Json, Refused
from domain.clock import local
from domain.draws.verify_draw import compare, read, verify
from services.operations import find_broken, find_broken_audit
from tests.drivers.pages import Visitor
from tests.factories.files import pdf
from tests.folders import data_folder
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day() -> AsyncIterator[Day]:
    with data_folder("journey") as folder:
        async with stage(folder, pools=("demo", gd.POOL), prepare=[gd.prepare], durable=False) as running:
            today = Day(running)
            await today.begin()
            yield today
            await today.close()
            broken = await find_broken() + await find_broken_audit(running.deps)
            assert not broken, broken


@pytest.fixture(autouse=True)
def _in_order(request: pytest.FixtureRequest, day: Day) -> None:
    """After a step that failed the next ones would only fail for its reason."""
    failed = request.session.testsfailed
    day.failed_before = failed if day.failed_before is None else day.failed_before
    if failed > day.failed_before:
        pytest.skip("an earlier step of the journey failed")


def refused(rule: str = "", code: str = "") -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(
        Refused, check=lambda error: (not rule or error.rule == rule) and (not code or error.code == code)
    )


async def test_00_the_pool_puts_its_menu_in_place(day: Day) -> None:
    command = (sys.executable, "-m", "app.cli", "menu", "push", "--pool", gd.POOL)
    env = {**os.environ, **day.stage.environment}
    process = await asyncio.create_subprocess_exec(*command, env=env, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert "公众号菜单已更新" in said.decode()


# ---- 13 identity


async def test_13_a_natural_person_and_a_weakly_proven_entity_may_not_draw(day: Day) -> None:
    natural = await day.identify("自然人")
    assert (natural.status, "个人不能发起抽取" in natural.text) == (422, True)
    weak = await day.identify("低等级")
    assert (weak.status, "实名等级为3级，需达到4级" in weak.text) == (422, True)


async def test_13_an_entity_links_an_agent_who_accepts_and_chooses_for_whom_to_act(day: Day) -> None:
    legal = await day.identify("广法人")
    assert (legal.path, gd.AGENCY in legal.text) == ("/agency", True)
    await legal.click("我的经办人")
    until = f"{local(await day.stage.now()) + timedelta(days=90):%Y-%m-%d}"
    for mobile, name in ((gd.AGENT, "黄经办"), (gd.OTHER_AGENT, "别经办")):
        await legal.press("添加", name=name, mobile=mobile, until=until)
        assert "等待对方接受" in legal.text
        with pytest.raises(Refused, match="role_not_held"):
            await MiniProgram(day.stage.wire, day.phone(mobile), "agent").open()
        person = await day.identify(name)
        assert person.path == f"/h5/{gd.POOL}/agent-requests"
        await person.press(f"接受：{gd.AGENCY}")
        await person.click("选择身份办理")
        await person.press(f"经办人 · {gd.AGENCY}")
        assert (person.path, "经办人" in person.text) == ("/agency", True)
        day.agency = day.agency or person
    await legal.get("/agency/agents")
    assert "等待对方接受" not in legal.text


async def test_13_a_later_weak_log_in_takes_the_right_away_at_once(day: Day) -> None:
    for level, allowed in ((3, False), (4, True)):
        await day.set_level(gd.LEGAL, level)
        await day.identify("广法人")
        for person in (gd.LEGAL, gd.AGENT):
            role = "organisation" if person == gd.LEGAL else "agent"
            opened = MiniProgram(day.stage.wire, day.phone(person), role).open()
            if allowed:
                await opened
            else:
                with pytest.raises(Refused, match="role_not_held"):
                    await opened
        assert ((await day.page.get("/agency")).path == "/agency") is allowed, "also the log-in that was open"


# ---- 14 dashboard and templates


async def test_14_the_dashboard_is_empty_and_templates_can_be_fetched(day: Day) -> None:
    page = await day.page.get("/agency")
    assert "今日活动 0 正在抽取 0 今日完成 0" in page.text
    assert {"招标项目", "抽取活动列表", "专家补抽"} <= set(page.page.links)
    assert await _fetch(page, "专家抽取申请模板") == b"%PDF"
    for name in ("回避单位模板", "回避人员模板"):
        assert await _fetch(page, name) == b"PK\x03\x04"


async def _fetch(page: Visitor, name: str) -> bytes:
    [path] = [link for words, link in page.page.links.items() if words.startswith(name)]
    return bytes((await (await page.client.get(path)).read())[:4])


# ---- 15 projects and lots


def _project(**change: str) -> dict[str, str]:
    parties = {
        "tenderee_name": gd.TENDEREE,
        "tenderee_code": gd.TENDEREE_CODE,
        "agency_name": gd.AGENCY,
        "agency_code": gd.AGENCY_CODE,
    }
    form = {name: str(value) for name, value in project_form(**parties).items()}
    typed = {"name": "招标代理演示项目0617", "investment": "150", "on_site": "1", "internal_code": ""}
    return {**form, **typed, **change}


async def test_15_a_project_has_required_fields_can_be_edited_deleted_and_gets_lots(day: Day) -> None:
    page = await day.page.get("/agency/projects/new")
    for change, words in (
        ({"tenderee_name": ""}, "请填写招标人名称"),
        ({"category": "房屋建筑"}, "招标项目类型请从列表中选择"),
        ({"number": "202006171201"}, "应为20位"),
        ({"investment": "很多"}, "单位万元"),
    ):
        await page.press("保存", **_project(**change))
        assert (page.status, words in page.text) == (422, True), page.text
    await page.press("保存", **_project(name="要删除的项目"))
    await page.press("确定删除")
    assert "项目已删除" in page.text
    await page.get("/agency/projects/new")
    await page.press("保存", **_project())
    day.project = page.path.rpartition("/")[2]
    await page.click("编辑项目")
    await page.press("保存", **_project(contact="李四"))
    assert "李四" in page.text
    for name in ("一标段", "二标段"):
        await page.press("创建", name=name, number="", investment="100")
    day.lots = [lot["id"] for lot in (await (await day.agent()).get(f"/projects/{day.project}"))["lots"]]
    assert len(day.lots) == 2
    await page.get("/agency/projects?q=0617")
    assert "2个标段 · 0次抽取" in page.text


# ---- 16 basic data


async def _times(day: Day) -> Times:
    """Opening in three hours, gathering in six, evaluation three quarters of an hour later."""
    return Times.after(await day.stage.now(), gathering=timedelta(hours=6))


async def _draw(day: Day, times: Times, lot: str, needed: int, **change: object) -> dict[str, object]:
    supervisor = await find_supervisor(await day.agent(), gd.SUPERVISOR_NAME)
    return draw_form(day.project, [lot], times, needed=needed, supervisor=supervisor, **change)


async def _save_draw(day: Day, times: Times, lot: str, needed: int) -> Visitor:
    """The form of step 2, filled in and sent."""
    page = await day.page.get(f"/agency/draws/new?project={day.project}")
    form = await _draw(day, times, lot, needed)
    [supervisor] = form["supervisors"]
    fields = page.page.buttons["保存，下一步"][0]["fields"]
    for name in [one for one in fields if one.startswith(("lot-", "supervisor-"))]:
        del fields[name]
    moments = {name: f"{datetime.fromisoformat(form[name]):%Y-%m-%dT%H:%M}" for name in _MOMENTS}
    texts = {name: str(form[name]) for name in ("name", "medium", "opening_place", "needed", *_OPERATOR)}
    ticked = {f"lot-{lot}": "1", f"supervisor-{supervisor}": "1", "on_site": "1"}
    return await page.press("保存，下一步", **texts, **moments, **ticked)


_MOMENTS = ("opening_at", "starts_at", "ends_at")
_OPERATOR = ("operator_name", "operator_phone", "operator_id_number")


async def test_16_times_must_be_in_order_and_only_lots_not_yet_drawn_can_be_ticked(day: Day) -> None:
    agent, times = await day.agent(), await _times(day)
    wrong = Times(times.starts, times.gathering, times.opening, times.ends)
    page = await _save_draw(day, wrong, day.lots[0], 3)
    assert (page.status, "开标时间早于预计评标开始时间" in page.text) == (422, True)
    await _save_draw(day, times, day.lots[0], 3)
    day.draw = page.path.split("/")[3]
    shown = await agent.get(f"/draws/{day.draw}")
    today = f"{local(await day.stage.now()):%Y%m%d}"
    assert (shown["number"], shown["state_label"]) == (f"CQSQ{today}0001", "新建")
    await page.get(f"/agency/draws/new?project={day.project}")
    assert f"一标段（{shown['number']}）" in page.text
    await _save_draw(day, times, day.lots[0], 2)
    assert (page.status, "只能选择未抽取的标段" in page.text) == (409, True)
    await page.get(f"/agency/projects/{day.project}?edit=1")
    assert "项目信息不能再修改" in page.text
    await page.get("/agency/draws?q=CQSQ&project=0617&region=440106&source=on_site&state=editing")
    assert ("项目数量：1" in page.text, "0/3" in page.text, "正常项目" in page.text) == (True, True, True)


# ---- 17 recusal


async def test_17_tenderee_and_agency_are_recused_for_good_and_others_by_hand_or_from_a_sheet(day: Day) -> None:
    path = f"/agency/draws/{day.draw}/recusal"
    page = await day.page.get(path)
    for name, reason in ((gd.TENDEREE, "项目业主"), (gd.AGENCY, "代理机构")):
        assert name in page.text
        assert reason in page.text
        assert f"删除{name}" not in page.page.buttons
    units = (await (await day.agent()).get(f"/draws/{day.draw}/recusal-units"))["items"]
    token = page.page.forms[-1]["fields"]["form"]
    await page.post(path, {"form": token, "command": "unit-gone", "id": units[0]["id"]})
    assert (page.status, "默认回避，不能删除" in page.text) == (409, True)
    await page.press("添加", name="某某公司", reason="不喜欢", evidence="自行申报")
    assert (page.status, "回避原因请从列表中选择" in page.text) == (422, True)
    sheet = f"单位名称,统一社会信用代码,回避原因,回避依据\n{gd.OF_BIDDER.employer},,投标人,投标文件或报名记录\n"
    await page.upload(f"{path}/units.xlsx", "导入", b"name,code,reason\nx,,y\n")
    assert (page.status, "表头" in page.text) == (422, True)
    await page.upload(f"{path}/units.xlsx", "导入", sheet.encode())
    assert ("已导入" in page.text, "总计3家" in page.text) == (True, True)
    await page.get(f"{path}?list=persons")
    person = {"id_number": gd.NAMED.id_number, "reason": "与投标人有利害关系", "evidence": "利害关系说明"}
    await page.press("添加", name=gd.NAMED.name, **person)
    assert (gd.NAMED.name in page.text, "总计1人" in page.text) == (True, True)
    await page.get(f"{path}?q=投标")
    assert ("总计1家" in page.text, gd.OF_BIDDER.employer in page.text) == (True, True)


# ---- 18 voice notices


async def test_18_a_notice_names_a_place_and_no_organisation(day: Day) -> None:
    shown = await (await day.agent()).get(f"/draws/{day.draw}")
    met = datetime.fromisoformat(shown["starts_at"]) - timedelta(minutes=45)
    form = notice_form(Times(met, met, met, met), gd.VENUE, gd.ADDRESS, remark="戴口罩")
    typed = {**{name: str(value) for name, value in form.items()}, "gathering_at": f"{local(met):%Y-%m-%dT%H:%M}"}
    page = await day.page.get(f"/agency/draws/{day.draw}/conditions")
    await page.click("新增语音通知")
    assert "请佩戴口罩。" in page.text, "quick phrases"
    for change, words in (
        ({"address": "广州市越秀区某某公司"}, "不能出现单位名称"),
        ({"address": "越华路118号"}, "市、区和详细地址"),
        ({"remark": "戴口罩" * 17}, "最多50字"),
        ({"contact_phone": ""}, "请填写联系方式"),
    ):
        await page.press("保存", **{**typed, **change})
        assert (page.status, words in page.text) == (422, True), page.text
    await page.press("保存", **typed)
    [spare] = [link for link in page.page.links.values() if "/notices/" in link and not link.endswith("/new")]
    await page.get(spare)
    await page.press("确定删除")
    await page.click("新增语音通知")
    await page.press("保存", **typed)
    [link] = [link for link in page.page.links.values() if "/notices/" in link and not link.endswith("/new")]
    day.notice = link.rpartition("/")[2]
    await page.get(link)
    await page.press("保存", **{**typed, "room": "第2评标室"})
    assert "第2评标室" in page.text


# ---- 19 conditions


async def test_19_conditions_must_add_up_before_the_next_step(day: Day) -> None:
    agent, base = await day.agent(), f"/agency/draws/{day.draw}"
    page = await day.page.get(f"{base}/conditions")
    typed = {"notice_id": day.notice, "region_mode": "permanent", "regions": "440100"}
    await page.click("创建抽取条件")
    assert "剩余可设置人数：3" in page.text
    await page.press("保存", **typed, specialty="A08", planned="2")
    assert ("还可设置1人" in page.text, "下一步：提交审核" in page.page.links) == (True, False)
    assert "计划需要抽取2人，实际需要2人，同意参评0人" in page.text
    await page.get(f"{base}/submit")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="少一个条件")
    assert (page.status, "抽取条件共2人，应为3人" in page.text) == (422, True)
    await page.get(f"{base}/conditions/new")
    await page.press("保存", **typed, specialty="A01", planned="2")
    assert (page.status, "剩余可设置人数" in page.text) == (422, True)
    await page.press("保存", **typed, specialty="A0102", alternative="A0101", planned="1")
    assert "可设置人数为0，不能继续创建" in page.text
    day.conditions = [one["id"] for one in (await agent.get(f"/draws/{day.draw}"))["conditions"]]
    token = page.page.forms[-1]["fields"]["form"]
    await page.post(f"{base}/conditions", {"form": token, "id": day.conditions[0]})
    assert "主专业10-19人" in page.text, "the ten builders, neither the tenderee's, the bidder's nor the named one"
    await page.post(f"{base}/conditions", {"form": token, "id": day.conditions[1]})
    assert "主专业<5人，备选专业<5人" in page.text
    with refused(code="nothing_left"):
        await agent.post(f"/draws/{day.draw}/notices", notice_form(await _times(day), gd.VENUE, gd.ADDRESS))


# ---- 20 verification


async def _application(day: Day) -> str:
    [application] = (await (await day.mini(gd.VERIFIER, "verifier")).get("/verification/applications"))["items"]
    return str(application["id"])


async def _list(day: Day, state: str) -> Visitor:
    """The list of activities, which shows that state for the draw."""
    page = await day.page.get("/agency/draws")
    assert state in page.text
    return page


async def test_20_an_application_is_withdrawn_refused_mended_and_verified(day: Day) -> None:
    agent, verifier = await day.agent(), await day.mini(gd.VERIFIER, "verifier")
    base = f"/agency/draws/{day.draw}"
    page = await day.page.get(f"{base}/submit")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await page.click(_act(await _list(day, "已提交"), "查看审核"))
    assert "核验前可以撤回" in page.text
    with refused(code="not_editable"):
        await agent.delete(f"/draws/{day.draw}/conditions/{day.conditions[0]}")
    await page.press("撤回申请")
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await verifier.post(f"/verification/applications/{await _application(day)}/refusal", {"opinion": "缺少监督人部门"})
    await page.click(_act(await _list(day, "核验未通过"), "提交审核"))
    assert "缺少监督人部门" in page.text
    await day.phone(gd.AGENT).wait_for(
        lambda state: any("核验未通过" in sms["text"] for sms in state["sms"]) or None, "核验结果短信"
    )
    await page.press("提交审核", terminal=gd.TERMINAL, reason="请核验")
    await verifier.post(f"/verification/applications/{await _application(day)}/approval", {"opinion": "资料齐全"})
    await page.click(_act(await _list(day, "未抽取"), "进入抽取"))
    assert "开始三方摇号" in page.page.buttons
    await page.click("操作记录")
    assert all(words in page.text for words in ("资料齐全", "缺少监督人部门", "撤回申请", gd.AGENCY))
    states = [row["state"] for row in (await agent.get(f"/draws/{day.draw}/applications"))["items"]]
    assert states == ["approved", "refused", "withdrawn"]


def _act(page: Visitor, name: str) -> str:
    """The link of a line of the list that is named so."""
    [link] = [one for one in page.page.links if one.startswith(f"{name}：")]
    return link


# ---- 21 the draw


async def _fix(day: Day, draw: str) -> None:
    await fix_order(await day.agent(), await day.mini(gd.SUPERVISOR, "supervisor"), draw)


async def test_21_a_draw_calls_by_voice_pauses_moves_the_gathering_and_goes_on(day: Day) -> None:
    agent = await day.agent()
    with pytest.raises(Refused):
        await agent.post(f"/draws/{day.draw}/start")
    await agent.post(f"/draws/{day.draw}/rounds")
    await _fix(day, day.draw)
    await agent.post(f"/draws/{day.draw}/start")
    called = await day.ringing(3)
    assert sum(expert in gd.PLANNERS for expert in called) == 1, "the main specialty had nobody, the alternative has"
    assert not {gd.OF_TENDEREE, gd.OF_BIDDER, gd.NAMED} & set(called)
    first, second = (expert for expert in called if expert in gd.BUILDERS)
    [planner] = (expert for expert in called if expert in gd.PLANNERS)

    await agent.post(f"/draws/{day.draw}/pause", {"reason": "修改集合时间"})
    said = await day.press(first, "11")
    assert gd.ADDRESS in said
    assert said.count("再按1确认") == 1
    assert "已确认参加" in said.partition("再按1确认")[2]
    assert gd.TENDEREE not in said
    assert "0617" not in said
    await day.press(second, "22")
    await day.press(planner, "1211")
    paused = await day.progress(day.draw, accepted=2, declined=1, open=0)
    assert paused["state_label"] == "已暂停"
    await asyncio.sleep(1.5)
    await day.ringing(0)

    notice = (await agent.get(f"/draws/{day.draw}"))["notices"][0]
    moved = datetime.fromisoformat(notice["gathering_at"]) + timedelta(minutes=15)
    times = Times(moved, moved, moved, moved)
    with pytest.raises(Refused) as only_time:
        await agent.put(f"/draws/{day.draw}/notices/{day.notice}", notice_form(times, gd.VENUE, gd.ADDRESS))
    assert only_time.value.status == 409
    new_time = {"gathering_at": moved.isoformat()}
    await agent.put(f"/draws/{day.draw}/notices/{day.notice}/gathering", new_time)
    await day.phone(first.mobile).wait_for(
        lambda state: any("改为" in sms["text"] for sms in state["sms"]) or None, "集合时间变更短信"
    )

    await agent.post(f"/draws/{day.draw}/resume")
    [third] = await day.ringing(1)
    said = await day.press(third, "11")
    assert f"{moved.minute}分" in said or moved.minute == 0
    done = await day.progress(day.draw, accepted=3, open=0, state="completed")
    assert (done["state_label"], done["called"]) == ("抽取完成", 4)
    await day.phone(gd.AGENT).wait_for(
        lambda state: any("3人全部同意" in sms["text"] for sms in state["sms"]) or None, "抽取完成短信"
    )


async def test_21_experts_of_an_earlier_draw_are_avoided_and_a_forced_end_still_takes_results(day: Day) -> None:
    agent = await day.agent()
    took_part = set(await day.stage.codes())
    await day.stage.advance(
        65
    )  # the vendor lets one call a minute through to a number; who declined may be asked again
    times = Times.after(await day.stage.now(), gathering=timedelta(hours=9))
    form = await _draw(day, times, day.lots[1], 2, avoided_draws=[day.draw], on_site=False)
    day.second = (await agent.post("/draws", form))["id"]
    notice = (await agent.post(f"/draws/{day.second}/notices", notice_form(times, gd.VENUE, gd.ADDRESS)))["id"]
    await agent.post(f"/draws/{day.second}/conditions", condition_form(notice, 2))
    await agent.post(f"/draws/{day.second}/submission", {"terminal": gd.TERMINAL, "reason": "请核验"})
    verifier = await day.mini(gd.VERIFIER, "verifier")
    await verifier.post(f"/verification/applications/{await _application(day)}/approval", {"opinion": ""})
    await agent.post(f"/draws/{day.second}/rounds")
    await _fix(day, day.second)
    await agent.post(f"/draws/{day.second}/start")
    one, other = await day.ringing(2)
    accepted = {row["code"] for row in (await agent.get(f"/draws/{day.draw}/result"))["rows"]}
    assert {one.mobile, other.mobile} & took_part <= {
        m for m, c in (await day.stage.codes()).items() if c not in accepted
    }
    await agent.post(f"/draws/{day.second}/force-end", {"reason": "项目终止"})
    await day.press(one, "11")
    await day.press(other, "22")
    ended = await day.progress(day.second, accepted=1, open=0, state="short")
    assert ended["called"] == 2
    assert {one.code for one in verify(await agent.get(f"/draws/{day.second}/record"))} == {"order_unchecked"}
    await day.stage.advance(65)  # nobody here has WeChat: the short message follows after a minute
    await day.phone(one.mobile).wait_for(
        lambda state: any("评标安排不变" in sms["text"] for sms in state["sms"]) or None, "强制结束后的短信"
    )


# ---- 22 supplementary draw


async def test_22_two_absences_are_registered_and_filled_together_from_another_region(day: Day) -> None:
    agent = await day.agent()
    codes = await day.stage.codes()
    accepted = {row["code"] for row in (await agent.get(f"/draws/{day.draw}/result"))["rows"]}
    leaving, absent = [e for e in gd.BUILDERS if codes.get(e.mobile) in accepted]

    await day.stage.advance(65)  # the vendor lets one SMS with a code through a minute
    phone = day.phone(leaving.mobile)
    await phone.follow()
    await phone.bind()
    assert "请假" in await phone.press_menu("请假")
    await phone.say("突发疾病")
    await phone.tap("确定请假")
    assert (await agent.get(f"/draws/{day.draw}"))["state_label"] == "待补抽"
    with pytest.raises(Refused) as nobody:
        await agent.post(f"/draws/{day.draw}/absences", {"who": "000000", "kind": "leave", "reason": "请假"})
    assert nobody.value.status == 404
    with pytest.raises(Refused) as by_mobile:
        await agent.post(f"/draws/{day.draw}/absences", {"who": absent.mobile, "kind": "leave", "reason": "来电请假"})
    assert by_mobile.value.status == 422
    registered = await agent.post(
        f"/draws/{day.draw}/absences", {"who": codes[absent.mobile], "kind": "leave", "reason": "来电请假"}
    )
    assert (registered["counts"], registered["code"]) == (False, codes[absent.mobile])
    assert len((await agent.get("/absences"))["items"]) == 1
    await day.phone(absent.mobile).wait_for(
        lambda state: any("请假，请点链接核实" in sms["text"] and "/i/" in sms["text"] for sms in state["sms"]) or None,
        "请假核实",
    )
    mini = await day.mini(absent.mobile, "expert")
    [panel] = (await mini.get("/panels"))["items"]
    assert panel["leave_asked_until"] is not None
    assert (await mini.post(f"/invitations/{panel['id']}/leave-answer", {"agrees": True}))["state"] == "left"
    pending = (await agent.get("/absences"))["items"]
    assert {(row["name"], row["id_number"]) for row in pending} == {("", "")}
    assert {(row["source"], row["handled"]) for row in pending} == {("expert", False), ("manual", False)}
    assert len(pending) == 2
    waiting = (await agent.get("/draws/dashboard"))["pending_supplements"]
    assert waiting == 3, "two absences, and the place that the forced end left open"
    entity = day.phone(gd.LEGAL)
    await entity.follow()
    await entity.bind()
    said = await entity.say("补抽")
    assert "待补抽：共2个" in said
    assert "待补抽，缺2人" in said
    assert gd.TENDEREE not in said

    changed = {"regions": [{"condition_id": day.conditions[0], "regions": ["440100", "440300"]}]}
    with pytest.raises(Refused) as not_yet:
        await agent.post(f"/draws/{day.draw}/supplement", changed)
    assert not_yet.value.code == "order_not_exhausted"
    assert (await agent.post(f"/draws/{day.draw}/supplement", {}))["round"] is None
    await day.decline_all(day.draw)
    await day.progress(day.draw, accepted=1, state="short")
    assert (await agent.post(f"/draws/{day.draw}/supplement", changed))["round"]["round_number"] == 2
    supervisor = day.phone(gd.SUPERVISOR)
    await supervisor.follow()
    await supervisor.bind()
    assert "等您提交随机数" in await supervisor.say("监督")
    await supervisor.unfollow()  # what he is told later comes by SMS again
    await _fix(day, day.draw)
    await agent.post(f"/draws/{day.draw}/start")
    called = await day.ringing(2)
    assert set(called) <= set(gd.BUILDERS_ELSEWHERE)
    for expert in called:
        await day.press(expert, "11")
    await day.progress(day.draw, accepted=3, state="completed")
    assert all(row["handled"] for row in (await agent.get(f"/draws/{day.draw}/absences"))["items"])
    found = verify(await agent.get(f"/draws/{day.draw}/record"))
    assert {one.code for one in found} <= {"order_unchecked", "gathering_moved", "discard"}
    assert "discard" in {one.code for one in found}


# ---- 24 sealing, print, attendance, urging


async def test_24_before_the_time_everybody_sees_codes_only(day: Day) -> None:
    agent, desk = await day.agent(), await day.desk()
    for who in (agent, desk, await day.mini(gd.SUPERVISOR, "supervisor"), await day.mini(gd.VERIFIER, "verifier")):
        said = await who.get(f"/draws/{day.draw}/result")
        assert not said["unsealed"]
        shown = json.dumps(said, ensure_ascii=False)
        assert not any(expert.name in shown or expert.mobile in shown for expert in gd.EXPERTS)
    panel = [row for row in said["rows"] if row["state"] == "accepted"]
    assert sorted(row["mark"] for row in panel) == ["", "*", "*"]
    with refused(rule="draw.result_visible_before"):
        await agent.get(f"/draws/{day.draw}/attendance")


async def test_24_reminders_come_experts_check_in_and_the_missing_one_is_urged_three_times(day: Day) -> None:
    agent, desk = await day.agent(), await day.desk()
    shown = await agent.get(f"/draws/{day.draw}")
    met = datetime.fromisoformat(shown["notices"][0]["gathering_at"])
    rows = (await desk.get(f"/draws/{day.draw}/attendance"))["items"]
    codes = {code: mobile for mobile, code in (await day.stage.codes()).items()}
    first, second, late = [(row, day.phone(codes[row["code"]])) for row in rows]

    await day.stage.advance_to(met - timedelta(hours=2) + timedelta(seconds=1))
    for _, phone in (first, second, late):
        await phone.wait_for(
            lambda state: any("请于" in sms["text"] and "验证码" in sms["text"] for sms in state["sms"]) or None,
            "集合提醒",
        )
    early = f"/draws/{day.draw}/attendance/{late[0]['invitation_id']}/urgings"
    with refused(rule="attendance.urging_window"):
        await desk.post(early)

    await day.stage.advance_to(met - timedelta(minutes=5))
    token = (await desk.get(f"/draws/{day.draw}/attendance/qr"))["token"]
    expert = await day.mini(first[1].mobile, "expert")
    assert (await expert.post("/check-ins", {"token": token}))["first"]
    assert not (await expert.post("/check-ins", {"token": token}))["first"]
    entries = f"/draws/{day.draw}/attendance/entries"
    with pytest.raises(Refused):
        await desk.post(entries, {"code": "000000"})
    assert (await desk.post(entries, {"code": second[0]["code"]}))["first"]

    await day.stage.advance_to(met + timedelta(seconds=5))
    for number in (1, 2, 3):
        assert (await desk.post(early))["times"] == number
        call = await late[1].ringing()
        await late[1].pick_up(call)
        await day.stage.advance(65)
    with refused(rule="attendance.urging_voice_max"):
        await desk.post(early)
    await _talk_by_virtual_call(day, desk, early.replace("urgings", "calls"), late[1])
    path = f"/draws/{day.draw}/attendance"
    await day.until(lambda said: _states(said["items"]) == ["talked"], path, desk)


def _states(rows: list[Json]) -> list[str]:
    """Of all calls that rows show."""
    return [call["state"] for row in rows for call in row["calls"]]


async def _talk_by_virtual_call(day: Day, who: MiniProgram, path: str, expert: Phone) -> None:
    """The staff's phone rings first, then the expert's; both see the platform's number; the expert hangs up."""
    staff = day.phone(gd.AGENT)
    await who.post(path, {"phone": gd.AGENT} if "recall" not in path else {})
    first = await staff.ringing()
    assert (first["kind"], first["show_number"]) == ("two_way", "057156210010")
    await day.stage.wire.control(f"/phones/{staff.mobile}/calls/{first['id']}/answer", {})
    second = await expert.ringing()
    assert second["show_number"] == "057156210010"
    await expert.pick_up(second)
    await staff.wait_for(lambda state: state["calls"][-1]["state"] == "ended" or None, "通话结束")


async def test_24_the_result_is_unsealed_half_an_hour_before_the_start_and_the_last_exit_ends_it(day: Day) -> None:
    agent, desk = await day.agent(), await day.desk()
    shown = await agent.get(f"/draws/{day.draw}")
    await day.stage.advance_to(datetime.fromisoformat(shown["starts_at"]) - timedelta(minutes=30, seconds=-1))
    said = await agent.get(f"/draws/{day.draw}/result")
    assert said["unsealed"]
    names = {expert.name for expert in gd.EXPERTS}
    panel = [row for row in said["rows"] if row["state"] == "accepted"]
    assert len(panel) == 3
    assert {row["name"] for row in panel} <= names
    assert all("****" in row["mobile"] for row in panel)
    rows = (await agent.get(f"/draws/{day.draw}/attendance"))["items"]
    [late] = [row for row in rows if row["entered_at"] is None]
    assert late["voice_urges"] == 3
    await desk.post(f"/draws/{day.draw}/attendance/entries", {"code": late["code"]})
    board = await agent.get("/draws/dashboard")
    assert (board["present_today"], board["today"]) == (3, 2)

    await day.stage.advance_to(datetime.fromisoformat(shown["ends_at"]))
    for row in rows:
        await desk.post(f"/draws/{day.draw}/attendance/exits", {"code": row["code"]})
    assert (await agent.get(f"/draws/{day.draw}"))["state_label"] == "已结束"
    found = verify(await agent.get(f"/draws/{day.draw}/record"))
    assert {one.code for one in found} == {"gathering_moved", "discard"}


async def test_24_anybody_checks_the_finished_draw_and_its_papers_carry_the_code(day: Day) -> None:
    number = (await (await day.agent()).get(f"/draws/{day.draw}"))["number"]
    stranger = await day.stranger().get(f"/record?number={number}")
    assert (stranger.status, stranger.path) == (200, f"/record/{gd.POOL}/{number}")
    assert "记录不能证明什么" in stranger.text
    answer = await stranger.client.get(stranger.page.links["下载记录"])
    assert {one.code for one in verify(read(await answer.text()))} == {"gathering_moved", "discard"}
    await day.page.get(f"/agency/draws/{day.draw}/result")
    for button in ("结果PDF", "出入场PDF", "记录PDF"):
        answer = await day.page.client.get(day.page.page.links[button])
        assert (answer.status, (await answer.read())[:5]) == (200, b"%PDF-"), button


# ---- 13, 16 what follows from identity and time


async def test_13_an_agent_sees_own_activities_and_the_entity_all(day: Day) -> None:
    legal, other = await day.mini(gd.LEGAL, "organisation"), await day.mini(gd.OTHER_AGENT, "agent")
    assert (await legal.get("/draws"))["total"] == 2
    assert (await other.get("/draws"))["total"] == 0
    with pytest.raises(Refused) as hidden:
        await other.get(f"/draws/{day.draw}")
    assert hidden.value.status == 404


async def test_22_an_absence_found_at_the_gathering_is_filled_with_a_later_start(day: Day) -> None:
    agent, desk = await day.agent(), await day.desk()
    shown = await agent.get(f"/draws/{day.second}")
    [notice] = shown["notices"]
    await day.stage.advance_to(datetime.fromisoformat(notice["gathering_at"]) + timedelta(seconds=5))
    [expected] = (await desk.get(f"/draws/{day.second}/attendance"))["items"]
    absence = {"who": expected["code"], "kind": "absence", "reason": "未到场"}
    assert (await desk.post(f"/draws/{day.second}/absences", absence))["counts"]
    [pending] = [row for row in (await agent.get("/absences"))["items"] if row["draw_id"] == day.second]
    assert (pending["kind"], pending["source"], pending["notice"], pending["handled"]) == (
        "absence",
        "manual",
        1,
        False,
    )
    with refused(rule="draw.calling.stop_before_gathering"):
        await agent.post(f"/draws/{day.second}/supplement", {})

    now = await day.stage.now()
    later = {
        "gathering": [{"notice_id": notice["id"], "gathering_at": gd.at(now, minutes=75)}],
        "start": {"starts_at": gd.at(now, minutes=120), "reason": "一位专家缺席"},
    }
    assert (await agent.post(f"/draws/{day.second}/supplement", later))["round"] is None
    for expert in await day.ringing(2):
        await day.press(expert, "11")
    await day.progress(day.second, accepted=2, state="completed")
    moved = await agent.get(f"/draws/{day.second}")
    assert moved["starts_at"] == later["start"]["starts_at"]
    delay = datetime.fromisoformat(moved["starts_at"]) - datetime.fromisoformat(shown["starts_at"])
    assert datetime.fromisoformat(moved["ends_at"]) - datetime.fromisoformat(shown["ends_at"]) == delay
    for mobile in (gd.SUPERVISOR, gd.VERIFIER):
        await day.stage.advance(65)
        await day.phone(mobile).wait_for(
            lambda state: any("评标推迟到" in sms["text"] for sms in state["sms"]) or None, "推迟评标短信"
        )
    found = verify(await agent.get(f"/draws/{day.second}/record"))
    assert {one.code for one in found} == {"order_unchecked", "gathering_moved", "discard"}


async def test_16_an_activity_that_is_not_on_site_ends_by_itself(day: Day) -> None:
    agent = await day.agent()
    shown = await agent.get(f"/draws/{day.second}")
    await day.stage.advance_to(datetime.fromisoformat(shown["ends_at"]) + timedelta(minutes=1))
    await day.until(lambda said: said["state"] == "ended", f"/draws/{day.second}", agent)


async def test_the_chat_tells_an_expert_what_happened(day: Day) -> None:
    """The one who bound himself and took leave reads of it in his chat, and of no name of project or party."""
    phones = [day.phone(expert.mobile) for expert in gd.EXPERTS]
    chats = [bubbles(await phone.read(), gd.POOL) for phone in phones]
    [chat] = [chat for chat in chats if chat]
    said = "".join(bubble["text"] for bubble in chat)
    assert "请假已登记" in said
    assert "0617" not in said
    assert gd.TENDEREE not in said


# ---- 16.13, 19.1, 24.6 remuneration


async def test_24_the_venue_proposes_what_is_owed_experts_answer_and_the_agency_pays(day: Day) -> None:
    """From entry and exit: two experts came from another city, one objects, one is silent; then all are paid."""
    desk = await day.desk()
    base = f"/draws/{day.draw}/remuneration"
    with pytest.raises(Refused) as foreign:
        await (await day.mini(gd.OTHER_AGENT, "agent")).get(base)
    assert foreign.value.status == 404
    venue = await (await day.log_in(gd.VENUE_DESK)).get(f"/desk{base.removeprefix('/draws')}")
    assert "粤发改规〔2020〕1号" in venue.text
    await venue.press("按标准提出（3人）")
    assert "已按标准提出" in venue.text
    rows = (await desk.get(base))["rows"]
    homes = {expert.name: expert.region for expert in gd.EXPERTS}
    for row in rows:
        assert row["amount"] == row["computed"] == sum(line["amount"] for line in row["lines"])
        way = [line["amount"] for line in row["lines"] if line["label"] in ("交通补助", "压差补助")]
        assert way == ([20000, 20000] if homes[row["name"]] == gd.SHENZHEN else [])
    assert sorted(homes[row["name"]] for row in rows) == sorted([gd.GUANGZHOU, gd.SHENZHEN, gd.SHENZHEN])

    mobiles = {expert.name: expert.mobile for expert in gd.EXPERTS}
    sure, unsure, _ = [(row, await day.mini(mobiles[row["name"]], "expert")) for row in rows]
    morning = local((await day.stage.now()) + timedelta(days=1)).replace(hour=9, minute=0)
    await day.stage.advance_to(morning)
    phone = day.phone(mobiles[sure[0]["name"]])
    await phone.wait_for(
        lambda state: any("评标酬劳" in sms["text"] and "/n/" in sms["text"] for sms in state["sms"]) or None, "酬劳"
    )
    await phone.follow()
    await phone.bind()
    assert "基本酬劳400.00元" in await phone.press_menu("评标酬劳")
    assert "已确认" in await phone.tap("确认金额")
    [confirmed] = (await sure[1].get("/remuneration"))["items"]
    assert (confirmed["state"], confirmed["amount"]) == ("confirmed", sure[0]["amount"])
    with pytest.raises(Refused) as of_another:
        await sure[1].post(f"/remuneration/{unsure[0]['id']}/confirmation", {"version": 1})
    assert of_another.value.status == 404
    await unsure[1].post(f"/remuneration/{unsure[0]['id']}/dispute", {"version": 1, "reason": "高铁票为260元"})
    venue = await (await day.log_in(gd.VENUE_DESK)).get(f"/desk{base.removeprefix('/draws')}")
    assert "高铁票为260元" in venue.text
    await venue.press("维持或更正", amount=f"{unsure[0]['amount'] // 100 + 60}", words="凭票据补足交通费")
    [answered] = (await unsure[1].get("/remuneration"))["items"]
    assert (answered["state"], answered["reply"]) == ("proposed", "凭票据补足交通费")
    assert answered["lines"][-1]["amount"] == 6000
    await unsure[1].post(f"/remuneration/{unsure[0]['id']}/confirmation", {"version": 2})

    today = f"{local(await day.stage.now()):%Y-%m-%d}"
    agency = await (await day.identify("黄经办")).get(f"/agency/draws/{day.draw}")
    await agency.click("专家酬劳支付情况")
    await agency.press("全部登记（2人）", paid_on=today, way="银行转账")
    assert "已登记支付" in agency.text
    await day.stage.advance(3 * 24 * 3600)
    await day.until(lambda said: all(row["state"] != "proposed" for row in said["rows"]), base, await day.agent())
    agency = await (await day.identify("黄经办")).get(f"/agency/draws/{day.draw}/remuneration")
    assert "视为确认" in agency.text
    await agency.press("全部登记（1人）", paid_on=today, way="现金")
    sheet = await agency.client.get(agency.page.links["下载支付表（Excel）"])
    assert (await sheet.read()).startswith(b"PK")
    await agency.get("/agency/remuneration")
    paid = sum(row["amount"] for row in rows) + 6000
    assert f"已支付 {paid // 100:,}.00元" in agency.text


async def test_the_chat_tells_who_runs_activities_what_happened(day: Day) -> None:
    """Who was asked to be an agent got the page; the entity hears of what concerns it, no expert's name among it."""
    asked = [sms["text"] for sms in (await day.phone(gd.AGENT).read())["sms"] if "担任经办人" in sms["text"]]
    assert len(asked) == 1
    assert "/n/" in asked[0]
    entity = day.phone(gd.LEGAL)
    told = "".join(bubble["text"] for bubble in bubbles(await entity.read(), gd.POOL))
    assert "活动已结束" in told
    assert not any(expert.name in told for expert in gd.EXPERTS)
    assert "招标项目：共" in await entity.say("项目")
    venue = day.phone(gd.VENUE_DESK)
    await venue.follow()
    await venue.bind()
    assert "今日评标：" in await venue.say("今日评标")


# ---- 23 recall of the original experts, redraw


async def _evaluation(day: Day, in_days: int) -> dict[str, str]:
    """Bids close at nine and are opened at ten; the evaluation is from two to six."""
    noon = local(await day.stage.now() + timedelta(days=in_days)).replace(hour=12, minute=0)
    hours = {"bid_closing_at": -3, "opening_at": -2, "starts_at": 2, "ends_at": 6}
    return {name: gd.at(noon, hours=later) for name, later in hours.items()}


async def _prove_and_verify(day: Day, draw: str, kind: str) -> None:
    agent, verifier = await day.agent(), await day.mini(gd.VERIFIER, "verifier")
    body = {"terminal": gd.TERMINAL, "reason": "项目需要重新评审"}
    with refused(code="proof_missing"):
        await agent.post(f"/draws/{draw}/submission", body)
    await agent.upload(f"/draws/{draw}/attachment", "证明材料.pdf", pdf())
    await agent.post(f"/draws/{draw}/submission", body)
    [waiting] = (await verifier.get("/verification/applications"))["items"]
    original = (await agent.get(f"/draws/{day.draw}"))["number"]
    assert (waiting["kind"], waiting["original"], waiting["redrawn"]) == (kind, original, 0)
    await verifier.post(f"/verification/applications/{waiting['id']}/approval", {"opinion": "同意"})


async def test_23_the_original_experts_are_recalled_talked_to_and_confirmed(day: Day) -> None:
    """23.1 to 23.9: a new activity with new times, the same recusals and notices; no order is drawn."""
    agent = await day.agent()
    times = await _evaluation(day, 2)
    with pytest.raises(Refused):
        await agent.post(f"/draws/{day.draw}/recalls", {"starts_at": times["ends_at"], "ends_at": times["starts_at"]})
    body = {name: times[name] for name in ("starts_at", "ends_at")}
    recall = (await agent.post(f"/draws/{day.draw}/recalls", body))["id"]
    shown, old = await agent.get(f"/draws/{recall}"), await agent.get(f"/draws/{day.draw}")
    assert (shown["number"][:4], shown["kind"], shown["original_number"]) == ("CQRE", "recall", old["number"])
    assert [unit["name"] for unit in shown["recusal_units"]] == [unit["name"] for unit in old["recusal_units"]]
    assert [one["venue"] for one in shown["notices"]] == [one["venue"] for one in old["notices"]]
    await _prove_and_verify(day, recall, "recall")
    assert (await agent.get(f"/draws/{recall}"))["state_label"] == "未通知"
    with refused(code="recall"):
        await agent.post(f"/draws/{recall}/rounds")

    base = f"/draws/{recall}/recall"
    await agent.put(f"{base}/phone", {"phone": gd.AGENT})
    panel = await agent.get(base)
    took_part = {
        row["name"] for row in (await agent.get(f"/draws/{day.draw}/result"))["rows"] if row["state"] == "accepted"
    }
    assert (panel["staff_phone"], {row["name"] for row in panel["rows"]}) == (gd.AGENT, took_part)
    with refused(code="not_all_agreed"):
        await agent.post(f"{base}/confirmation")
    met = gd.at(datetime.fromisoformat(times["starts_at"]), hours=-1)
    early = gd.at(datetime.fromisoformat(met), days=-1)
    mobiles = {expert.name: expert.mobile for expert in gd.EXPERTS}
    for row in panel["rows"]:
        expert = day.phone(mobiles[row["name"]])
        await _talk_by_virtual_call(day, agent, f"{base}/experts/{row['id']}/calls", expert)
        await day.stage.advance(65)  # the vendor rings nobody twice within a minute
        with pytest.raises(Refused) as another_day:
            await agent.put(f"{base}/experts/{row['id']}", {"answer": "comes", "gathering_at": early})
        assert "同一天" in another_day.value.problem["detail"]
        await agent.put(f"{base}/experts/{row['id']}", {"answer": "comes", "gathering_at": met})
    talked = await day.until(lambda said: _states(said["rows"]) == ["talked"] * len(took_part), base, agent)
    assert all(row["called_at"] for row in talked["rows"])
    assert (await agent.post(f"{base}/confirmation"))["state_label"] == "抽取完成"
    with refused(code="confirmed"):
        await agent.put(f"{base}/experts/{row['id']}", {"answer": "declines"})
    for name in took_part:
        await day.phone(mobiles[name]).wait_for(
            lambda state: (
                any("已确认您参加评标" in sms["text"] and "13:00" in sms["text"] for sms in state["sms"]) or None
            ),
            "复评确认",
        )
    assert not (await agent.get(f"/draws/{recall}/result"))["unsealed"]
    await day.stage.advance_to(datetime.fromisoformat(times["starts_at"]) - timedelta(minutes=30, seconds=-1))
    assert {row["name"] for row in (await agent.get(f"/draws/{recall}/result"))["rows"]} == took_part
    await day.stage.advance_to(datetime.fromisoformat(times["starts_at"]) + timedelta(seconds=1))
    await agent.post(f"/draws/{recall}/end", {"reason": "复评结束"})
    record = await agent.get(f"/draws/{recall}/record")
    assert verify(record) == []
    assert compare(record, await agent.get(f"/draws/{day.draw}/record")) == []


async def test_23_a_redraw_finds_a_new_group_for_the_same_lot(day: Day) -> None:
    """23.10, 15.10, 17.7: times anew, who took part is recused, the lot shows both numbers."""
    agent = await day.agent()
    redraw = (await agent.post(f"/draws/{day.draw}/redraws", await _evaluation(day, 2)))["id"]
    shown, old = await agent.get(f"/draws/{redraw}"), await agent.get(f"/draws/{day.draw}")
    assert (shown["number"][:4], shown["kind"]) == ("CQNE", "redraw")
    former = (await agent.get(f"/draws/{redraw}/former-experts"))["items"]
    assert {row["draw_number"] for row in former} == {old["number"]}
    with refused(code="follower_open"):
        await agent.post(f"/draws/{day.draw}/redraws", await _evaluation(day, 3))
    await _prove_and_verify(day, redraw, "redraw")
    [lot] = [lot for lot in (await agent.get(f"/projects/{day.project}"))["lots"] if lot["id"] == day.lots[0]]
    assert lot["draw_number"] == shown["number"]
    assert {old["number"], shown["number"]} <= set(lot["numbers"])
    await agent.post(f"/draws/{redraw}/rounds")
    await _fix(day, redraw)
    codes = await day.stage.codes()
    before = {mobile for mobile, code in codes.items() if code in {row["code"] for row in former}}
    await agent.post(f"/draws/{redraw}/start")
    called = await day.ringing(shown["needed"])
    assert not before & {expert.mobile for expert in called}
    for expert in called:
        await day.press(expert, "11")
    await day.progress(redraw, accepted=shown["needed"], state="completed")
    record = await agent.get(f"/draws/{redraw}/record")
    assert record["log"][0]["original"] == old["number"]
    assert {one.code for one in verify(record)} == {"order_unchecked"}
    assert compare(record, await agent.get(f"/draws/{day.draw}/record")) == []


async def test_23_the_new_group_is_released_by_telephone_when_the_tender_fails(day: Day) -> None:
    """23.11 to 23.16: a request of its own, verified; an answered call is followed by a short message."""
    agent, verifier = await day.agent(), await day.mini(gd.VERIFIER, "verifier")
    [redraw] = (await agent.get("/draws?kind=redraw"))["items"]
    path = f"/draws/{redraw['id']}/release"
    body = {"cause": "招标失败", "reason": "投标人不足三家"}
    with refused(code="proof_missing"):
        await agent.post(f"{path}/application", body)
    await agent.upload(f"{path}/attachment", "退选申请表.pdf", pdf())
    await agent.post(f"{path}/application", body)
    with refused(code="not_verified"):
        await agent.post(f"{path}/start")
    [waiting] = (await verifier.get("/verification/applications"))["items"]
    assert (waiting["kind"], waiting["reason"]) == ("release", "招标失败：投标人不足三家")
    await verifier.post(f"/verification/applications/{waiting['id']}/approval", {"opinion": "同意"})
    assert (await agent.get(f"/draws/{redraw['id']}"))["state"] == "completed", "nothing has moved yet"

    await day.stage.advance(65)  # the vendor calls nobody twice within a minute
    await agent.post(f"{path}/start")
    panel = (await agent.get(path))["panel"]
    for expert in await day.ringing(len(panel)):
        assert "已退选" in await day.press(expert, "")
    told = await day.until(lambda said: all(row["texted"] for row in said["panel"]), path, agent)
    assert {(row["voice"], row["confirmed"], row["calls"]) for row in told["panel"]} == {("delivered", True, 1)}
    assert all(re.fullmatch(r"\d{3}\*{4}\d{4}", row["mobile"]) for row in told["panel"])
    assert (await agent.get(f"/draws/{redraw['id']}"))["state"] == "released"
    [lot] = [lot for lot in (await agent.get(f"/projects/{day.project}"))["lots"] if lot["id"] == day.lots[0]]
    assert not lot["draw_number"], "may be drawn again"
    record = await agent.get(f"/draws/{redraw['id']}/record")
    assert {one.code for one in verify(record)} >= {"discard"}
