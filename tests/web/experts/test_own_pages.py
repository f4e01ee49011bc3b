"""An expert at a computer: invitations that wait, panels, the file, and times in which one is not drawn."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

from domain.clock import local, print_time
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert, Unavailability
from models.invitations import Invitation
from tests.factories.careers import make_career
from tests.factories.courses import School
from tests.factories.exams import make_office, work
from tests.factories.offices import add_experts, enter_all
from tests.factories.people import file_more, make_account, make_expert, make_sanction
from tests.factories.reviews import make_applicant
from tests.web.conftest import World

PANELS, PERIODS, PROOFS = "/h5/demo/panels", "/h5/demo/periods", "/h5/demo/proofs"
CHANCES = "/h5/demo/chances"
MOBILE = "13812345678"


def typed(world: World, *, days: int, hour: int = 8) -> str:
    return f"{local(world.clock.now()) + timedelta(days=days):%Y-%m-%d}T{hour:02}:00"


async def test_what_waits_is_answered_from_the_first_page_and_stays_in_the_list(world: World) -> None:
    _, [invitation] = await world.call()
    expert = await world.log_in_expert(invitation.expert_id)
    assert expert.path == "/h5/demo/apply"
    assert "没有需要您办理的事项" not in expert.text
    await expert.click("去答复")
    assert expert.path == f"/i/{invitation.link}"
    await expert.get("/h5/demo/apply")
    await expert.click("我的评标")
    assert (expert.path, "前答复" in expert.text, "目前没有。同意邀请后" in expert.text) == (PANELS, True, True)

    await world.services.draws.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await expert.get(PANELS)
    assert ("没有待答复的邀请" in expert.text, "已同意" in expert.text) == (True, True)
    assert f"/i/{invitation.link}" in expert.page.links.values()
    await expert.get("/h5/demo/apply")
    assert "去答复" not in expert.page.links

    world.clock.set(invitation.ends_at + timedelta(days=3))
    await (expert := await world.log_in_expert(invitation.expert_id)).get(PANELS)
    assert ("过去的评标" in expert.text, "没有签到记录" in expert.text) == (True, True)
    assert f"/i/{invitation.link}" not in expert.page.links.values(), "the link has expired"


async def test_after_unsealing_an_expert_opens_and_keeps_the_proof_of_the_own_leaf(world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    draw = await Draw.get(id=draw_id)
    leaf = (await Invitation.get(id=invitation.id)).leaf
    world.clock.set(draw.starts_at - timedelta(minutes=31))
    sealed = await (await world.log_in_expert(invitation.expert_id)).get(PANELS)
    await sealed.click("我的抽取凭证证明通知您是摇号的结果")
    assert ("目前没有" in sealed.text, draw.number in sealed.text) == (True, False)

    world.clock.set(draw.starts_at - timedelta(minutes=30))
    expert = await sealed.get(PROOFS)
    assert (draw.number in expert.text, leaf in expert.text, "核对抽取记录" in expert.page.links) == (True, True, False)
    assert await AuditEntry.filter(action="leaf.opened").count() == 0, "seeing the list opens nothing"
    assert "凭证全文" not in expert.text
    await expert.press("查看凭证")
    [salt], [code] = (re.findall(f"{label} ([0-9a-f]+)", expert.text) for label in ("随机数", "专家代号"))
    assert hashlib.sha256(bytes.fromhex(salt + code)).hexdigest() == leaf
    assert (code, await AuditEntry.filter(action="leaf.opened").count()) == (invitation.expert_id.hex, 1)
    await expert.press("保存凭证文件")
    proof_text = await expert.response.text()
    assert all(part in proof_text for part in (draw.number, leaf, salt, code, f"/record/demo/{draw.number}"))
    assert expert.response.headers["Content-Disposition"] == f'attachment; filename="proof-{draw.number}.txt"'

    world.clock.set(draw.ends_at)
    await enter_all(draw.id)
    await world.services.draws.activity_end.end(world.office.agency, draw_id, "评标已结束")
    await (await (await world.log_in_expert(invitation.expert_id)).get(PROOFS)).click("核对抽取记录")
    assert (expert.status, leaf[:8] in (await expert.get(f"/record/demo/{draw.number}")).text) == (200, True)


async def test_a_period_is_set_refused_with_what_was_typed_and_cancelled(world: World) -> None:
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    await expert.get(PANELS)
    await expert.click("不接受抽取的时间出差、休假时不会抽到您")
    assert "现在随时可以被抽取" in expert.text

    for fields, words in (
        ({"starts_at": "", "ends_at": typed(world, days=9)}, "请填写开始时间"),
        ({"starts_at": typed(world, days=9), "ends_at": "下周三"}, "结束时间请填写日期和时间"),
        ({"starts_at": typed(world, days=9), "ends_at": typed(world, days=8)}, "结束时间应晚于开始时间"),
        ({"starts_at": typed(world, days=-9), "ends_at": typed(world, days=-8)}, "已经过去"),
        ({"starts_at": typed(world, days=1), "ends_at": typed(world, days=500)}, "一次最多设置一年"),
    ):
        await expert.press("保存这段时间", **fields, reason="出差")
        assert (expert.status, words in expert.text) == (422, True)
        assert expert.page.buttons["保存这段时间"][0]["fields"]["reason"] == "出差", "nothing typed is lost"

    form = {**expert.page.buttons["保存这段时间"][0]["fields"], "reason": "休假"}
    times = {"starts_at": typed(world, days=300), "ends_at": typed(world, days=301)}
    for _ in range(2):
        await expert.post(PERIODS, form | times)
        assert (expert.status, "这些时间不会抽取您" in expert.text, "休假" in expert.text) == (200, True, True)
    assert await Unavailability.all().count() == 1, "pressed twice, set once"
    await expert.press("保存这段时间", **times)
    assert (expert.status, "无需重复设置" in expert.text) == (409, True)

    begins = local(invitation.gathering_at) - timedelta(hours=1)
    span = {"starts_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(days=1):%Y-%m-%dT%H:%M}"}
    await expert.press("保存这段时间", **span)
    assert "已同意的评标不受影响" in expert.text

    for _ in range(2):
        cancelling = next(name for name in expert.page.buttons if name.startswith("取消"))
        await expert.press(cancelling)
        assert (expert.status, "恢复接受抽取" in expert.text) == (200, True)
    assert "现在随时可以被抽取" in expert.text
    await expert.post(PERIODS, {"form": form["form"], "command": "cancel", "id": "x"})
    assert (expert.status, "找不到这个时间段" in expert.text) == (404, True)
    await expert.post(PERIODS, {"form": form["form"]})
    assert (expert.status, "没有收到您的选择" in expert.text) == (422, True)


async def test_a_pause_weekly_hours_a_holiday_and_a_month_are_set_and_ended(world: World) -> None:
    """Panels accepted before stay, and are named."""
    _, [invitation] = await world.panel()
    expert = await world.log_in_expert(invitation.expert_id)
    await expert.get(PERIODS)
    fields = expert.page.buttons["保存每周时间"][0]["fields"]
    weekly = {name: value for name, value in fields.items() if not name.startswith("day-")}
    for sent, told in (
        ({"hours": "afternoon"}, "请选择星期几"),
        ({"day-3": "1", "hours": "own", "from_time": "14:00", "to_time": "13:00"}, "结束时间应晚于开始时间"),
        ({"day-3": "1", "hours": "own", "from_time": "", "to_time": "13:00"}, "请填写开始时间"),
    ):
        await expert.post(PERIODS, weekly | sent)
        assert (expert.status, told in expert.text) == (422, True)
    until = typed(world, days=100)[:10]
    await expert.post(PERIODS, weekly | {"day-3": "1", "hours": "afternoon", "until": until})
    assert "每周三下午（12:00至24:00），到2027年" in expert.text
    await expert.press("保存节假日", holiday="")
    assert (expert.status, "请选择节假日" in expert.text) == (422, True)
    await expert.press("保存节假日", holiday="2027-spring")
    assert "2027年春节" in expert.text
    await expert.press("保存整月", month="2027-07")
    assert "2027年7月1日(周四)至7月31日(周六)" in expert.text
    await expert.press("暂停接受抽取", pause_reason="生病")
    for told in ("其中已同意的评标不受影响", f"{print_time(invitation.gathering_at)}集合", "生病", "直到您恢复"):
        assert told in expert.text
    assert "暂停接受抽取" not in expert.page.buttons, "it is set once"
    await expert.press("继续暂停")
    assert "好的，继续暂停" in expert.text
    await expert.get("/h5/demo/apply")
    assert ("您已暂停接受抽取" in expert.text, "（生病），恢复前不会抽到您" in expert.text) == (True, True)
    await expert.click("去恢复")
    await expert.press("恢复接受抽取")
    assert ("恢复接受抽取" in expert.text, "直到您恢复" in expert.text) == (True, False)
    assert await Unavailability.filter(cancelled_at=None).count() == 3


async def test_the_own_file_says_what_is_held_since_when_and_how_it_is_changed(world: World) -> None:
    _, [invitation] = await world.call()
    row = await Expert.get(id=invitation.expert_id)
    await file_more(world.services.deps, row, world.clock.now(), email="ouyang@example.cn", employer="演示设计院")
    expert = await world.log_in_expert(row.id)
    await expert.click("我的档案")
    assert (expert.status, row.number in expert.text, "演示设计院" in expert.text) == (200, True, True)
    assert ("o***@example.cn" in expert.text, "ouyang@" in expert.text) == (True, False), "masked for its owner, too"
    assert ("批量导入" in expert.text, "未登记" in expert.text) == (True, True)
    assert "/h5/demo/account/mobile" in expert.page.links.values()
    assert ("项未登记" in expert.text, "/h5/demo/papers/information" in expert.page.links.values()) == (True, True)
    assert ("不能修改：取自实名信息" in expert.text, "可申请变更" in expert.text) == (True, True)


async def test_the_file_tells_what_has_happened_by_kind_and_page(world: World) -> None:
    deps = world.services.deps
    account = await make_account(deps, MOBILE)
    career = await make_career(deps, await make_expert(deps, MOBILE, account=account), account)
    expert = await (await world.log_in_expert(career.expert.id)).get("/h5/demo/file")
    assert ("取得《继续教育合格证书》" in expert.text, "第1/2页" in expert.text) == (True, True)
    await expert.click("下一页")
    assert ("建立专家档案" in expert.text, "第2/2页" in expert.text) == (True, True)
    await expert.click("未参加")
    for text in ("您答复不参加评标", "您请假，不参加评标", "您被登记为缺席"):
        assert text in expert.text, text
    assert ("您参加了评标" in expert.text, "取得《继续教育合格证书》" in expert.text) == (False, False)
    await expert.get("/h5/demo/file?kind=nonsense&page=x")
    assert (expert.status, "第1/2页" in expert.text) == (200, True)


async def test_why_no_draw_calls_is_answered_with_the_way_out(world: World) -> None:
    _, [invitation] = await world.call()
    expert = await world.log_in_expert(invitation.expert_id)
    await expert.get("/h5/demo/file")
    await expert.click("正常参加抽取为什么没有抽到我在抽取范围")
    assert (expert.path, "您现在正常参加抽取" in expert.text, "三方摇号" in expert.text) == (CHANCES, True, True)
    hotline, until = world.services.deps.book("demo").pool.hotline, world.clock.now() - timedelta(days=3)
    await Expert.filter(id=invitation.expert_id).update(term_until=until)
    await make_sanction(await Expert.get(id=invitation.expert_id))
    await expert.get(CHANCES)
    assert ("目前的抽取不会抽到您" in expert.text, "管理机构已暂停您参加抽取" in expert.text) == (True, True)
    assert (expert.page.links[hotline], "现在没有接受续聘的征集" in expert.text) == (f"tel:{hotline}", True)
    await expert.get("/h5/demo/file")
    assert "目前不会抽到您" in expert.text


async def test_a_person_outside_the_pool_has_no_file(world: World) -> None:
    applicant = await world.enter(await make_applicant(world.services.deps))
    for path in ("/h5/demo/file", CHANCES):
        await applicant.get(path)
        assert (applicant.status, applicant.page.links["我的申报"]) == (403, "/h5/demo/apply")


async def test_an_applicant_on_an_experts_pages_is_refused_with_a_link_to_his_application(world: World) -> None:
    applicant = await world.enter(await make_applicant(world.services.deps))
    for path in (PANELS, PERIODS):
        await applicant.get(path)
        assert (applicant.status, applicant.page.links["我的申报"]) == (403, "/h5/demo/apply")


async def test_who_is_not_drawn_reads_why_and_what_to_do_on_each_page(world: World) -> None:
    [row] = await add_experts(world.office, 1)
    school = School(world.services, await make_office(world.services.deps), world.clock)
    expert = await world.log_in_expert(row.id)
    course = await school.published(amount=12_000, required=True)
    await expert.get("/h5/demo/file")
    assert "正常参加抽取" in expert.text
    world.clock.set(course.closes_at)
    await work(world.services, "course_end", "course_close")
    await Expert.filter(id=row.id).update(term_until=world.clock.now())
    expert = await world.log_in_expert(row.id)
    for page in ("/h5/demo/apply", "/h5/demo/file", CHANCES):
        await expert.get(page)
        for told in ("未完成必修培训，已暂停抽取", "缴费后可以补学", "聘期已满，不再抽取", "现在没有接受续聘的征集"):
            assert told in expert.text, (page, told)
        assert expert.page.links["去补学"].startswith("/h5/demo/courses/")
    await expert.click("去补学")
    await expert.press("缴费补学（120.00元）")
    assert expert.path.startswith("/h5/demo/pay")


async def test_an_emergency_expert_reads_what_it_means_in_the_pool(world: World) -> None:
    _, [invitation] = await world.call()
    await Expert.filter(id=invitation.expert_id).update(emergency=True)
    expert = await world.log_in_expert(invitation.expert_id)
    await expert.get("/h5/demo/file")
    assert "应急专家 您愿意参加应急评标。24小时内开始的评标可以只抽应急专家" in expert.text
    rules = world.services.deps.book("demo").draw
    world.set_rules("draw", emergency=rules.emergency.model_copy(update={"conditions": False}))
    await expert.get("/h5/demo/file")
    assert "您与其他专家一样被抽取" in expert.text
    await Expert.filter(id=invitation.expert_id).update(emergency=False)
    await expert.get("/h5/demo/file")
    assert "应急评标" not in expert.text
