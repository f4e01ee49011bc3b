"""我的档案 leads to what an expert declares and changes by himself; every refusal stands beside its field."""

from __future__ import annotations

from datetime import timedelta

from domain.clock import local
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.expert_files import file_of
from tests.factories.offices import enter_all
from tests.factories.people import BANK_ACCOUNT, file_more, make_expert
from tests.web.conftest import Visitor, World

FILE = "/h5/demo/file"
TENDEREE = "广州水务有限公司"


async def member(world: World) -> tuple[Expert, Visitor]:
    expert = await make_expert(world.services.deps)
    person = await world.log_in_expert(expert.id)
    return await Expert.get(id=expert.id), person


async def filed(world: World, expert: Expert) -> dict[str, object]:
    return dict((await file_of(world.services.deps, expert.id)).values)


async def test_each_is_linked_from_the_file_and_beside_its_field(world: World) -> None:
    _, person = await member(world)
    await person.click("我的档案")
    links = person.page.links
    for words, page in {
        "申报回避单位": "recusal",
        "回避单位：可自行增加，删除须审核": "recusal",
        "修改联系方式": "contacts",
        "电子邮箱：可自行修改": "contacts",
        "备用手机号：可自行修改": "contacts",
        "修改银行账户": "bank",
        "登记退休": "retirement",
    }.items():
        assert any(name.startswith(words) and path == f"{FILE}/{page}" for name, path in links.items()), words


async def test_a_declared_unit_ends_a_call_and_the_page_says_that_he_need_not_come(world: World) -> None:
    _, [invitation] = await world.call()
    person = await world.log_in_expert(invitation.expert_id)
    await person.get(f"{FILE}/recusal")
    assert "还没有登记" in person.text
    await person.press("下一步，核对", relation="", name="无", code="123", note="注" * 101)
    assert person.status == 422
    for words in ("请选择这个单位与您的关系", "请填写单位全称", "情况说明最多100个字", "信用代码"):
        assert words in person.text
    assert person.page.buttons["下一步，核对"][0]["fields"]["code"] == "123", "nothing typed is lost"

    form = {**person.page.buttons["下一步，核对"][0]["fields"], "code": "", "note": "在财务部"}
    for _ in range(2):
        await person.post(f"{FILE}/recusal", form | {"relation": "配偶", "name": TENDEREE})
        assert (person.status, "您有评标因此须回避，无需到场" in person.text) == (200, True)
    assert ("近亲属（配偶）的工作单位；在财务部" in person.text, "因回避无需到场" in person.text) == (True, True)
    assert (await Invitation.get(id=invitation.id)).state == "declined"
    await person.get(f"/i/{invitation.link}")
    assert ("已回避" in person.text, "无需到场" in person.text, "您已答复不参加" in person.text) == (True, True, False)
    await person.get(f"{FILE}/recusal")
    await person.press("下一步，核对", relation="own", name=TENDEREE)
    assert (person.status, "已在您的回避单位中" in person.text) == (422, True)


async def test_a_unit_is_shown_before_it_is_filed_and_can_still_be_changed(world: World) -> None:
    expert, person = await member(world)
    await person.get(f"{FILE}/recusal")
    await person.press("下一步，核对", relation="配偶", name="设计院", code="", note="任职")
    assert ("设计院" in person.text, "像是简称" in person.text, "不能自行删除" in person.text) == (True, True, True)
    assert "recusal_units" not in await filed(world, expert)
    await person.press("返回修改")
    form = person.page.buttons["下一步，核对"][0]["fields"]
    assert (form["name"], form["note"]) == ("设计院", "任职")
    await person.press("下一步，核对", relation="配偶", name=TENDEREE)
    assert "像是简称" not in person.text
    assert "recusal_units" not in await filed(world, expert)
    await person.press("申报并立即生效")
    assert ("已登记，立即生效" in person.text, TENDEREE in str(await filed(world, expert))) == (True, True)


async def test_who_has_entered_is_told_to_speak_to_the_staff(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at)
    await enter_all(draw_id)
    person = await world.log_in_expert(invitation.expert_id)
    await person.get(f"{FILE}/recusal")
    await person.press("下一步，核对", relation="employer", name=TENDEREE)
    await person.press("申报并立即生效")
    assert (person.status, "请马上告知现场工作人员" in person.text) == (200, True)
    venue = await world.log_in(world.office.supervisor, "supervisor")
    await venue.get(f"/draws/{draw_id}/absences")
    assert ("评标专家" in venue.text, "专家本人申报" in venue.text) == (True, True)


async def test_removal_and_the_unit_itself_lead_to_a_reviewed_change(world: World) -> None:
    _, person = await member(world)
    await person.get(f"{FILE}/recusal")
    assert "只能增加，不能自行删除或修改" in person.text
    assert f"{FILE.removesuffix('/file')}/apply?entry_type=change" in person.page.links.values()


async def test_contacts_are_changed_with_what_holds_beside_each(world: World) -> None:
    expert, person = await member(world)
    await file_more(
        world.services.deps, expert, world.clock.now(), email="ouyang@example.cn", backup_mobile="13912345678"
    )
    await person.get(f"{FILE}/contacts")
    assert ("现在登记的：o***@example.cn" in person.text, "ouyang@" in person.text) == (True, False)
    unticked = {"remove-backup_mobile": ""}
    await person.press("保存", email="nobody", backup_mobile="123", **unticked)
    assert (person.status, person.page.buttons["保存"][0]["fields"]["email"]) == (422, "nobody")
    await person.press("保存", email="new@example.cn", backup_mobile="", **unticked)
    assert (person.status, "已修改，立即生效" in person.text, "n***@example.cn" in person.text) == (200, True, True)
    form = person.page.buttons["保存"][0]["fields"]
    world.clock.move(timedelta(seconds=1))
    await person.post(f"{FILE}/contacts", form | {"remove-backup_mobile": "1"})
    values = await filed(world, expert)
    assert (values["email"], "backup_mobile" in values) == ("new@example.cn", False)
    assert await Notice.filter(kind="file_changed").count() == 4


async def test_an_account_is_changed_with_a_code_and_nothing_typed_is_lost_meanwhile(world: World) -> None:
    expert, person = await member(world)
    await person.get(f"{FILE}/bank")
    typed = {"bank_name": "中国银行广州天河支行", "bank_account": BANK_ACCOUNT}
    world.clock.move(timedelta(minutes=1))  # after the code of the log-in
    await person.press("获取验证码", **typed | {"bank_account": BANK_ACCOUNT[:-1] + "9"})
    assert (person.status, "有一位数字不对" in person.text) == (422, True)
    await person.press("获取验证码", **typed)
    assert (person.status, "验证码短信已经发出" in person.text) == (200, True)
    assert typed.items() <= person.page.buttons["保存"][0]["fields"].items()
    await person.press("保存", code="")
    assert person.status == 422
    await person.press("保存", code=await world.last_code())
    assert (person.status, "已修改，立即生效" in person.text, "6222****0128" in person.text) == (200, True, True)
    assert (await filed(world, expert))["bank_account"] == BANK_ACCOUNT


async def test_a_retirement_is_filed_and_taken_back(world: World) -> None:
    expert, person = await member(world)
    await person.get(f"{FILE}/retirement")
    await person.press("保存", retired_on="")
    assert (person.status, "请填写退休日期" in person.text) == (422, True)
    tomorrow = f"{local(world.clock.now()) + timedelta(days=1):%Y-%m-%d}"
    await person.press("保存", retired_on=tomorrow)
    assert (person.status, "晚于今天" in person.text) == (422, True)
    await person.press("保存", retired_on="2026-10-31")
    assert (await filed(world, expert))["retired_on"] == "2026-10-31"
    await person.get(FILE)
    assert ("退休日期" in person.text, "2026-10-31" in person.text) == (True, True)
    await person.get(f"{FILE}/retirement")
    await person.press("取消退休登记")
    assert (person.status, "已取消退休登记" in person.text) == (200, True)
