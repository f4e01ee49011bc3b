"""The office's work on one application: taken up again, more time for one person, notes, messages; each by its page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.accounts import Account
from models.applications import Application, ApplicationAct
from models.notices import Attempt, Notice
from models.reviews import ReviewSubstitution
from services.core.base import Actor
from tests.factories.applications import make_campaign
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import begin, make_application, make_change, make_reviewer
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene, handed_in, make_scene, post, wrong_fields

DAY = timedelta(days=1)
REASON = "经核实，职称证书真实有效"
UNTIL = "2026-12-24T18:00"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def other_admin(scene: Scene) -> Scene:
    account = await make_account(scene.world.services.deps, real_name="吴管理")
    await make_grant(account, "pool_admin")
    return Scene(scene.world, Actor("demo", "pool_admin", account.id), account)


async def applicants_page(scene: Scene, application: Application) -> Visitor:
    account = await Account.get(id=application.account_id)
    return await Scene(scene.world, scene.admin, account).at("/h5/demo/apply/status")


def path_of(application: Application) -> str:
    return f"/office/applications/{application.id}"


async def test_a_refusal_is_taken_back_by_two_members_and_the_applicant_corrects_it(scene: Scene) -> None:
    services = scene.world.services
    application = await handed_in(scene, "欧阳建国")
    await Application.filter(id=application.id).update(
        state="refused", ended_at=scene.world.clock.now(), reason="证书看不清", step=-1
    )
    page = await scene.at(path_of(application))
    assert ("重新受理" in page.text, "须由另一位管理员复核后生效" in page.text, "延长期限" in page.text) == (
        True,
        True,
        False,
    )
    await post(page, path_of(application), command="reinstate", until="2026-11-01T10:00", reason="")
    assert set(await wrong_fields(page)) == {"until-reinstate", "reason-reinstate"}
    await post(page, path_of(application), command="reinstate", until=UNTIL, reason=REASON)
    assert ("已提出" in page.text, "待复核" in page.text, "撤回" in page.text) == (True, True, True)
    await page.press("撤回")
    assert ("已撤回" in page.text, (await ApplicationAct.get()).state) == (True, "withdrawn")
    await post(page, path_of(application), command="reinstate", until=UNTIL, reason=REASON)

    scene.world.clock.move(timedelta(minutes=5))
    second = await other_admin(scene)
    home = await second.at("/office")
    assert re.search(r"待复核的重新受理 最早\S+ \d\d:\d\d 1\b", home.text)
    await home.click(next(name for name in home.page.links if name.startswith("待复核的重新受理")))
    assert ("欧阳建国" in home.text, "只列出重新受理待复核的申请" in home.text) == (True, True)
    exported = await home.client.get("/office/exports/applications.xlsx?only=to_confirm")
    assert exported.status == 200
    await home.get("/office/group-notices/new?audience=applications&only=to_confirm")
    assert home.status == 200
    page = await second.at(path_of(application))
    await post(page, path_of(application), command="refuse", id=str((await waiting()).id), refusal="")
    assert set(await wrong_fields(page)) == {"refusal"}
    await page.press("同意，立即生效")
    assert ("已重新受理，并通知了申请人" in page.text, "修改中" in page.text) == (True, True)
    assert "延长期限" in page.text, "the new deadline can be moved"

    own = await applicants_page(scene, application)
    assert ("12月24日" in own.text, "修改后重新提交" in own.text, REASON in own.text) == (True, True, True)
    chat = await services.applications.to_dos.progress(application.account_id)
    assert "12月24日" in chat[0].advice
    await page.get(f"{path_of(application)}")
    done = await ApplicationAct.get(state="done")
    await post(page, path_of(application), command="confirm", id=str(done.id))
    assert page.status == 409


async def waiting() -> ApplicationAct:
    return await ApplicationAct.get(state="waiting")


async def test_one_persons_deadline_is_moved_and_all_pages_show_it(scene: Scene) -> None:
    deps = scene.world.services.deps
    campaign = await make_campaign(deps)
    application = await make_application(
        deps, state="draft", round=0, submitted_at=None, campaign_id=campaign.id, name="赵明远"
    )
    scene.world.clock.move(31 * DAY)
    account = await Account.get(id=application.account_id)
    home = await Scene(scene.world, scene.admin, account).at("/h5/demo/apply")
    assert "已于" in home.text
    page = await scene.at(path_of(application))
    assert "截止时间已过" in page.text
    await post(page, path_of(application), command="extend", until="2026-11-21T10:00", reason="")
    assert set(await wrong_fields(page)) == {"until-extend", "reason-extend"}
    await post(page, path_of(application), command="extend", until="2027-01-05T18:00", reason="住院，凭证明延期")
    assert ("已延长，并通知了申请人" in page.text, "1月5日 18:00" in page.text) == (True, True)
    assert "周管理" in page.text
    home = await Scene(scene.world, scene.admin, account).at("/h5/demo/apply")
    assert ("1月5日" in home.text, "继续填写" in home.text) == (True, True)
    own = await applicants_page(scene, application)
    assert ("1月5日" in own.text, "住院，凭证明延期" in own.text) == (True, True)


async def test_a_note_is_for_office_and_reviewers_alone(scene: Scene) -> None:
    services = scene.world.services
    reviewer = await make_reviewer(services.deps, "industry", "440100", real_name="李审核")
    application = await handed_in(scene, "欧阳建国")
    page = await scene.at(path_of(application))
    assert "申请人看不到内容" in page.text
    await post(page, path_of(application), command="note", note="")
    assert set(await wrong_fields(page)) == {"note"}
    await post(page, path_of(application), command="note", note="疑似代办，\r\n请核对原件")
    assert ("已记下" in page.text, "疑似代办" in page.text, "申请人看不到" in page.text) == (True, True, True)
    assert "疑似代办" not in (await applicants_page(scene, application)).text

    task = (await services.reviews.queue.overview(reviewer)).cards.items[0]
    visitor = await scene.world.log_in(reviewer)
    await visitor.get(f"/review/{task.id}")
    assert ("疑似代办" in visitor.text, "内部备注" in visitor.text) == (True, True)

    # a member of the office who applied reads no notes on himself
    account = await Account.get(id=application.account_id)
    await make_grant(account, "pool_admin")
    own = await Scene(scene.world, Actor("demo", "pool_admin", account.id), account).at("/h5/role")
    await own.press("专家库管理员")
    await own.get(path_of(application))
    assert (own.status, "疑似代办" in own.text, "这是您自己的申请" in own.text) == (200, False, True)
    await post(own, path_of(application), command="note", note="我很好")
    assert own.status == 403


async def test_a_message_is_previewed_sent_and_its_delivery_told(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    page = await scene.at(path_of(application))
    await post(page, path_of(application), command="preview", message="好" * 10_000)
    assert set(await wrong_fields(page)) == {"message"}
    await post(page, path_of(application), command="preview", message="请带原件到窗口核对。\r\n谢谢")
    assert ("预览" in page.text, application.number in page.text) == (True, True)
    assert not await Notice.exists(kind="application_message")
    await page.press("发送")
    assert "已发送" in page.text
    notice = await Notice.get(kind="application_message")
    assert re.search(r"(微信|短信)(待发送|已发送|未送达)", page.text)
    await Attempt.filter(notice_id=notice.id).update(state="delivered", sent_at=scene.world.clock.now())
    await page.get(path_of(application))
    assert re.search(r"(微信|小程序|短信)已送达", page.text)
    own = await applicants_page(scene, application)
    assert ("管理机构的留言" in own.text, "请带原件到窗口核对。" in own.text) == (True, True)


async def test_the_page_shows_the_file_beside_the_change_and_who_holds_the_task(scene: Scene) -> None:
    services = scene.world.services
    industry = await make_reviewer(services.deps, "industry", "440100", real_name="李审核")
    stand_in = await make_account(services.deps, real_name="孙代办")
    now = scene.world.clock.now()
    await ReviewSubstitution.create(
        pool="demo",
        account_id=industry.account_id,
        substitute_id=stand_in.id,
        starts_at=now - DAY,
        ends_at=now + DAY,
        created_at=now,
    )
    change = await make_change(services.deps, filed={"email": "old@example.com"})
    await begin(services.workflows.reviews, services.deps, change)
    page = await scene.at(path_of(change))
    assert page.status == 200
    assert "项有变更" in page.text
    assert re.search(r"李审核（由孙代办代办）", page.text)
