"""Pages of reviewers and the public notice, in a browser without scripts."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from domain.identity import IdentityVerificationResult
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty, Attachment
from models.audit import AuditEntry
from models.reviews import Objection, ReviewTask
from services.applications import log
from services.core.base import Actor, transaction
from tests.factories.attachments import upload_file
from tests.factories.files import jpeg
from tests.factories.people import make_account
from tests.factories.reviews import (
    CITY,
    OTHER_CITY,
    OTHER_DISTRICT,
    PROVINCE,
    make_applicant,
    make_application,
    make_catalogues,
    make_change,
    make_reviewer,
    tasks_of,
)
from tests.web.conftest import Visitor, World

MOVED = (OTHER_DISTRICT, OTHER_CITY, PROVINCE)


@pytest.fixture(autouse=True)
async def _catalogues(world: World) -> None:
    await make_catalogues()


async def begun(world: World, application: Application) -> None:
    """Open its review tasks."""
    async with transaction():
        locked = await Application.select_for_update().get(id=application.id)
        await world.services.workflows.reviews.begin(locked, world.services.deps.now())


async def handed_in(world: World, name: str = "苏航", **options: Any) -> Application:
    deps = world.services.deps
    application = await make_application(deps, await make_applicant(deps, name), **options)
    await begun(world, application)
    world.clock.move(timedelta(seconds=1))
    return application


async def reviewer_of(world: World, step: str = "industry", region: str = CITY) -> Visitor:
    return await world.log_in(await make_reviewer(world.services.deps, step, region))


async def applicant_of(world: World, name: str) -> Visitor:
    return await world.log_in(Actor("demo", "applicant", (await make_applicant(world.services.deps, name)).id))


async def test_a_reviewer_begins_at_the_queue_oldest_first(world: World) -> None:
    for name in ("赵一", "钱二"):
        await handed_in(world, name)
    world.clock.move(timedelta(minutes=10))
    reviewer = await reviewer_of(world)
    assert reviewer.path == "/review"
    assert "待审核 2" in reviewer.text
    assert reviewer.text.index("赵一") < reviewer.text.index("钱二")
    assert reviewer.text.count("已超期") == 3
    assert "设计 › 建筑设计" in reviewer.text
    assert "没有符合条件" in (await reviewer.get("/review?q=孙")).text
    assert "钱二" in (await reviewer.get("/review?q=钱&late=1&step=industry")).text
    assert (await reviewer.get("/review?page=99999")).status == 200


async def test_a_filter_stays_in_the_address_from_task_to_task(world: World) -> None:
    elsewhere = {"region_path": MOVED}
    await handed_in(world, "赵一")
    second, third = await handed_in(world, "钱二", **elsewhere), await handed_in(world, "孙三", **elsewhere)
    reviewer = await reviewer_of(world, "industry", PROVINCE)
    assert "深圳市（2） 南山区（2）" in reviewer.text.replace("\u3000", "")
    await reviewer.get(f"/review?region={OTHER_CITY}&kind=first&days=nonsense")
    assert ("筛选： 深圳市 新增" in reviewer.text, "赵一" in reviewer.text) == (True, False)
    assert "全部 2" in reviewer.text
    assert "待审核 3" in reviewer.text, "the badge counts all"
    [task], [following] = await tasks_of(second), await tasks_of(third)
    await reviewer.get(next(link for name, link in reviewer.page.links.items() if name.startswith("钱二")))
    assert reviewer.response.url.query_string == f"region={OTHER_CITY}&kind=first"
    await reviewer.press("显示电子邮箱")
    await reviewer.press("通过")
    assert (reviewer.path, reviewer.response.url.query["region"]) == (f"/review/{following.id}", OTHER_CITY)
    await reviewer.press("通过")
    assert (reviewer.path, reviewer.response.url.query["kind"]) == ("/review", "first")
    assert "没有符合条件的申请" in reviewer.text
    assert "赵一" in (await reviewer.click("清除筛选")).text
    assert (await ReviewTask.get(id=task.id)).state == "approved"


async def test_a_decision_leads_straight_to_the_next_task(world: World) -> None:
    first, second = await handed_in(world, "赵一"), await handed_in(world, "钱二")
    reviewer = await reviewer_of(world)
    [task], [following] = await tasks_of(first), await tasks_of(second)
    await reviewer.get(f"/review/{task.id}")
    assert "本次审核专业 设计 › 建筑设计" in reviewer.text
    await reviewer.press("通过", opinion="同意")
    assert reviewer.path == f"/review/{following.id}"
    assert "已通过：赵一 · 设计 › 建筑设计。下一件：钱二 · 设计 › 建筑设计。" in reviewer.text
    await reviewer.press("退回本专业", opinion="职称专业不符")
    assert (reviewer.path, "已退回：钱二 · 设计 › 建筑设计。" in reviewer.text, "辛苦了" in reviewer.text) == (
        "/review",
        True,
        True,
    )
    assert (await ReviewTask.get(id=task.id)).opinion == "同意"


async def test_what_else_waits_of_the_same_person_comes_next(world: World) -> None:
    first = await handed_in(world, "赵一", specialties=("A0401", "A0801"))
    await handed_in(world, "钱二")
    reviewer = await reviewer_of(world)
    task, other = await tasks_of(first)
    await reviewer.get(f"/review/{other.id}")
    await reviewer.press("退回本专业", opinion="与工作经历不符")
    assert reviewer.path == f"/review/{task.id}"
    assert "已退回：赵一 · 施工 › 房屋建筑。下一件：赵一 · 设计 › 建筑设计。" in reviewer.text


async def test_all_of_one_person_are_approved_at_once_after_a_look_at_the_list(world: World) -> None:
    first = await handed_in(world, "赵一", specialties=("A0401", "A0801"))
    second = await handed_in(world, "钱二")
    reviewer = await reviewer_of(world)
    task, _ = await tasks_of(first)
    await (await reviewer.get(f"/review/{task.id}")).click("全部通过（2个专业）")
    assert "将一并通过2项 设计 › 建筑设计 施工 › 房屋建筑" in reviewer.text
    await reviewer.press("确认全部通过", opinion="材料齐全")
    [following] = await tasks_of(second)
    assert reviewer.path == f"/review/{following.id}"
    assert "已通过：赵一 · 设计 › 建筑设计、施工 › 房屋建筑。下一件：钱二" in reviewer.text
    assert {(review_task.state, review_task.opinion) for review_task in await tasks_of(first, "approved")} == {
        ("approved", "材料齐全")
    }
    assert "全部通过" not in reviewer.text
    assert (await reviewer.get(f"/review/{task.id}/all")).path == f"/review/{task.id}"


async def test_approving_all_fails_whole_if_one_task_was_decided_meanwhile(world: World) -> None:
    application = await handed_in(world, "赵一", specialties=("A0401", "A0801"))
    reviewer = await reviewer_of(world)
    task, other = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}/all")
    colleague = await make_reviewer(world.services.deps, "industry", CITY)
    await world.services.workflows.reviews.decide(colleague, other.id, "send_back", "与工作经历不符")
    await reviewer.press("确认全部通过")
    assert (reviewer.status, "已由市州行业主管部门于" in reviewer.text) == (409, True)
    assert (await ReviewTask.get(id=task.id)).state == "open"


async def test_tasks_of_two_persons_are_not_approved_as_one(world: World) -> None:
    [mine], [others] = await tasks_of(await handed_in(world, "赵一")), await tasks_of(await handed_in(world, "钱二"))
    reviewer = await reviewer_of(world)
    await reviewer.get(f"/review/{mine.id}/all")
    await reviewer.press("确认全部通过", tasks=f"{mine.id},{others.id}")
    assert (reviewer.status, "请选择同一位申请人的审核任务" in reviewer.text) == (422, True)
    assert await ReviewTask.filter(state="open").count() == 2


async def test_a_reviewer_looks_again_at_what_he_decided(world: World) -> None:
    for name in ("赵一", "钱二"):
        await handed_in(world, name)
    reviewer = await reviewer_of(world)
    assert "还没有办理过审核任务" in (await reviewer.click("已办")).text
    await reviewer.get("/review")
    await reviewer.get(next(link for name, link in reviewer.page.links.items() if name.startswith("赵一")))
    await reviewer.press("退回本专业", opinion="证书不清晰")
    world.clock.move(timedelta(seconds=1))
    await reviewer.press("通过")
    await reviewer.click("已办")
    assert "共2件" in reviewer.text
    assert reviewer.text.index("钱二") < reviewer.text.index("赵一")
    assert "意见：证书不清晰" in reviewer.text
    await reviewer.get(next(link for name, link in reviewer.page.links.items() if name.startswith("赵一")))
    assert (reviewer.status, "证书不清晰" in reviewer.text) == (200, True)
    assert "赵一" not in (await (await reviewer_of(world)).get("/review/done")).text


async def test_sending_back_without_words_is_said_on_the_page_and_loses_nothing(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    await reviewer.press("退回整份申请")
    assert (reviewer.status, "请填写审核意见" in reviewer.text) == (422, True)
    await reviewer.press("退回整份申请", opinion="字" * 501)
    assert (reviewer.status, "字" * 501 in reviewer.text) == (422, True)
    await reviewer.press("退回整份申请", opinion="照片不清晰")
    assert (await Application.get(id=application.id)).state == "sent_back"
    await reviewer.get(f"/review/{task.id}")
    assert "已退回" in reviewer.text
    assert "通过" not in reviewer.page.buttons


async def test_marks_are_sent_with_the_decision_and_stay_after_a_refusal(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    assert "勾选右侧方框，标出需要修改的内容" in reviewer.text
    marks = {"back-strengths": "1", "words-strengths": ""}
    await reviewer.press("退回整份申请", **marks)
    assert (reviewer.status, "请填写审核意见" in reviewer.text) == (422, True)
    assert 'data-mark="业务专长" aria-label="需修改：业务专长" checked' in await reviewer.response.text()
    await reviewer.press("通过", **marks)
    assert (reviewer.status, "您标出了需要修改的内容" in reviewer.text) == (422, True)
    await reviewer.press("退回整份申请", **marks | {"words-strengths": "请写具体"})
    assert (await ReviewTask.get(id=task.id)).opinion == "业务专长：请写具体"
    reader = await reviewer.get(f"/review/{task.id}")
    assert "标出需要修改的内容" not in reader.text, "a decided task takes no marks"
    assert "需修改：业务专长：请写具体" in reader.text


async def test_a_broken_mark_is_refused(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    for box in ("back-file-x", "back-nothing", "back-name"):
        await reviewer.press("退回整份申请", opinion="请修改", **{box: "1"})
        assert reviewer.status in (404, 422), box
        await reviewer.get(f"/review/{task.id}")
    assert (await ReviewTask.get(id=task.id)).state == "open"


async def test_a_reviewer_corrects_an_own_decision_on_its_page(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    assert "更正我的决定" not in reviewer.text
    await reviewer.press("退回整份申请", opinion="照片不清晰")
    world.clock.move(timedelta(minutes=1))
    await reviewer.get(f"/review/{task.id}")
    await reviewer.press("撤销原决定，重新审核", reason="")
    assert (reviewer.status, "请填写更正原因" in reviewer.text) == (422, True)
    await reviewer.press("撤销原决定，重新审核", reason="看错了照片")
    assert (reviewer.path, "原决定已撤销，请重新审核。" in reviewer.text) == (f"/review/{task.id}", True)
    assert "更正审核决定" in reviewer.text, "in the log"
    assert "通过" in reviewer.page.buttons
    applicant = await world.enter(await Account.get(id=application.account_id))
    status = (await applicant.get("/h5/demo/apply/status")).text
    assert ("更正审核决定" in status, "看错了照片" in status, "正在行业部门预审" in status) == (True, True, True)


async def test_why_a_decision_is_not_corrected_is_said_with_what_to_do(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    await reviewer.press("通过")
    [following] = await tasks_of(application)
    final = await make_reviewer(world.services.deps, "final")
    await world.services.workflows.reviews.decide(final, following.id, "send_back", "承诺书未签字")
    await reviewer.get(f"/review/{task.id}")
    assert "下一环节已作出决定，不能更正。请与下一环节审核人员联系" in reviewer.text
    assert "撤销原决定，重新审核" not in reviewer.page.buttons
    colleague = await (await reviewer_of(world)).get(f"/review/{task.id}")
    assert "更正我的决定" not in colleague.text


async def test_a_task_is_handed_to_a_colleague_and_taken_back(world: World) -> None:
    application = await handed_in(world)
    colleague_actor = await make_reviewer(world.services.deps, "industry", CITY, real_name="李复审")
    colleague = await world.log_in(colleague_actor)
    giver = await world.log_in(await make_reviewer(world.services.deps, "industry", CITY, real_name="王初审"))
    [task] = await tasks_of(application)
    await (await giver.get(f"/review/{task.id}")).click("转交同事")
    await giver.press("确认转交", to="", note="下午出差")
    assert (giver.status, "请选择转交给哪位同事" in giver.text) == (422, True)
    await giver.press("确认转交", to=str(colleague_actor.account_id), note="下午出差")
    assert (giver.path, "已转交，并通知了对方。" in giver.text, "苏航" in giver.text) == ("/review", True, False)
    await colleague.get("/review")
    assert "王初审转交" in colleague.text
    await colleague.get(f"/review/{task.id}")
    assert "王初审已转交李复审办理：下午出差" in colleague.text
    await giver.click("外出代办")
    assert "已转交李复审：下午出差" in giver.text
    await giver.press("收回苏航的任务")
    assert "已收回，任务回到您的列表。" in giver.text
    await giver.get(f"/review/{task.id}/hand")
    await giver.press("确认转交", to=str(colleague_actor.account_id))
    await colleague.get(f"/review/{task.id}")
    await colleague.press("不再转交")
    assert "任务不再转交" in colleague.text
    await giver.get(f"/review/{task.id}/hand")
    await giver.press("确认转交", to=str(colleague_actor.account_id))
    await colleague.get(f"/review/{task.id}")
    await colleague.press("通过")
    assert "代王初审办理" in (await colleague.get("/review/done")).text
    assert "李复审代王初审办理" in (await colleague.get(f"/review/{task.id}")).text


async def test_a_reviewer_arranges_an_absence_and_comes_back(world: World) -> None:
    actor = await make_reviewer(world.services.deps, "industry", CITY, real_name="王初审")
    reviewer = await world.log_in(actor)
    await reviewer.click("外出代办")
    assert "没有审核范围与您相同或更大的同事，请联系专家库管理机构" in reviewer.text
    colleague = await make_reviewer(world.services.deps, "industry", PROVINCE, real_name="李复审")
    await reviewer.get("/review/away")
    await reviewer.press("安排代办", substitute_id="", starts_on="", ends_on="")
    assert reviewer.status == 422
    assert all(
        words in reviewer.text for words in ("请选择审核范围相同或更大的同事", "请填写开始日期", "请填写结束日期")
    )
    days = {"starts_on": "2026-11-21", "ends_on": "2026-11-23"}
    await reviewer.press("安排代办", substitute_id=str(colleague.account_id), **days)
    assert "已安排，并通知了代办同事。" in reviewer.text
    assert "李复审 代 王初审 代办中 11月21日至11月23日" in reviewer.text
    substitute = await (await world.log_in(colleague)).get("/review/away")
    assert "李复审 代 王初审" in substitute.text
    await reviewer.press("确定取消李复审的代办")
    assert "代办已取消，立即恢复。" in reviewer.text
    assert "已结束" in reviewer.text


async def test_the_log_speaks_in_words(world: World) -> None:
    application = await handed_in(world)
    async with transaction():
        await log(application, world.services.deps.now(), "print", "申请人")
    [task] = await tasks_of(application)
    reviewer = await (await reviewer_of(world)).get(f"/review/{task.id}")
    assert ("打印表格" in reviewer.text, ">print<" in reviewer.text) == (True, False)


@pytest.mark.parametrize("outcome", list(IdentityVerificationResult))
async def test_a_reviewer_sees_whether_name_and_number_belong_together(
    world: World, outcome: IdentityVerificationResult
) -> None:
    application, now = await handed_in(world), world.services.deps.now()
    waits = {"identity_verification_due_at": now} if outcome == IdentityVerificationResult.WAITING else {}
    await Account.filter(id=application.account_id).update(identity_verification=outcome.value, **waits)
    [task] = await tasks_of(application)
    reviewer = await (await reviewer_of(world)).get(f"/review/{task.id}")
    assert f"实名核验 {outcome.label}" in reviewer.text


async def test_who_comes_second_sees_who_was_first(world: World) -> None:
    application = await handed_in(world)
    first, second = await reviewer_of(world), await reviewer_of(world)
    [task] = await tasks_of(application)
    for reviewer in (first, second):
        await reviewer.get(f"/review/{task.id}")
    await first.press("通过")
    await second.press("通过")
    assert (second.status, "已由市州行业主管部门于" in second.text) == (409, True)


async def test_hidden_values_are_shown_one_by_one_and_each_time_logged(world: World) -> None:
    application = await handed_in(world)
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    assert "suhang@example.com" not in reviewer.text
    await reviewer.press("显示电子邮箱")
    assert "suhang@example.com" in reviewer.text
    assert "解****" in reviewer.text
    assert "suhang@example.com" not in (await reviewer.get(f"/review/{task.id}")).text
    assert await AuditEntry.filter(action="review.reveal").count() == 1


async def test_an_identity_card_is_covered_until_a_reviewer_opens_it_and_that_is_logged(world: World) -> None:
    deps = world.services.deps
    application = await make_application(deps, await make_applicant(deps, "苏航"), state="draft", round=0)
    owner = Actor("demo", "applicant", application.account_id)
    for field in ("photo", "id_card_front"):
        await upload_file(
            world.services.applications.attachments,
            owner,
            application.id,
            field,
            filename=f"{field}.jpg",
            content=jpeg(200, 150),
        )
    await Attachment.filter(field="photo").update(taken_from=application.id)
    await Application.filter(id=application.id).update(state="reviewing", round=1)
    async with transaction():
        await world.services.workflows.reviews.begin(
            await Application.select_for_update().get(id=application.id), deps.now()
        )
    [task] = await tasks_of(application)
    reviewer = await (await reviewer_of(world)).get(f"/review/{task.id}")
    html = await reviewer.response.text()
    card, photo = await Attachment.get(field="id_card_front"), await Attachment.get(field="photo")
    assert f"{photo.id}?form=thumbnail" in html
    assert f"{card.id}?form=thumbnail" not in html
    assert ("点按查看" in reviewer.text, "沿用上次申请的文件" in reviewer.text) == (True, True)
    assert not await AuditEntry.filter(action="attachment.open").exists()
    seen = await reviewer.client.get(reviewer.page.links["查看id_card_front.jpg，查看会留下记录"])
    assert (seen.status, seen.content_type) == (200, "image/jpeg")
    assert (await AuditEntry.get(action="attachment.open")).details == {"field": "id_card_front", "form": "preview"}


async def test_a_change_shows_old_and_new_first_and_folds_the_rest_away(world: World) -> None:
    deps = world.services.deps
    old = {"strengths": "隧道。", "email": "old@example.com", "work_history": []}
    application = await make_change(deps, "赵一", filed=old, specialties=("A0801",), region_path=MOVED)
    await begun(world, application)
    [task] = await tasks_of(application)
    reviewer = await (await reviewer_of(world, "industry", "440300")).get(f"/review/{task.id}")
    assert "与档案对照：5项有变更" in reviewer.text
    assert "修改 原 广州市天河区 新 深圳市南山区" in reviewer.text
    assert "修改 原 隧道。 新 大跨结构。" in reviewer.text
    assert "原 删去 设计 › 建筑设计（首选） 新 新增 施工 › 房屋建筑（首选）" in reviewer.text
    assert "新填 原 未填写 新" in reviewer.text
    changes, rest = reviewer.text.split("未变更的内容")
    assert ("大跨结构" in changes, "大跨结构" in rest, "解****" in changes, "解****" in rest) == (
        True,
        False,
        False,
        True,
    )
    await reviewer.press("显示电子邮箱")
    assert "原 old@example.com 新 suhang@example.com" in reviewer.text


async def test_both_regions_of_a_move_are_shown_and_the_old_one_is_asked(world: World) -> None:
    application = await make_change(world.services.deps, "赵一", region_path=MOVED, moves_from="440106")
    await begun(world, application)
    old = await reviewer_of(world, "industry", CITY)
    assert "广州市天河区 → 深圳市南山区 转出地审核" in old.text
    [_, task] = await tasks_of(application)
    await old.get(f"/review/{task.id}")
    assert "专家申请转出本区划，请审核是否同意" in old.text
    await old.press("通过")
    assert (await ReviewTask.get(id=task.id)).state == "approved"
    new = await reviewer_of(world, "industry", OTHER_CITY)
    assert ("广州市天河区 → 深圳市南山区" in new.text, "转出地审核" in new.text) == (True, False)


async def test_only_the_reviewer_of_a_task_opens_or_mails_an_original(world: World) -> None:
    deps = world.services.deps
    application = await make_application(deps, await make_applicant(deps, "苏航"), state="draft", round=0)
    owner = Actor("demo", "applicant", application.account_id)
    await upload_file(
        world.services.applications.attachments,
        owner,
        application.id,
        "photo",
        filename="证件照.jpg",
        content=jpeg(200, 150),
    )
    await Application.filter(id=application.id).update(state="reviewing", round=1)
    await begun(world, application)
    [task] = await tasks_of(application)
    reviewer = await (await reviewer_of(world)).get(f"/review/{task.id}")
    answer = await reviewer.client.get(reviewer.page.links["打开证件照.jpg"])
    assert (answer.status, answer.content_type, answer.url.path.endswith(".jpg")) == (200, "image/jpeg", True)
    mail = reviewer.page.links["证件照.jpg发到邮箱"]
    await reviewer.get(mail)
    await reviewer.press("发到邮箱", email="reviewer@example.com")
    assert "已发送，请查收邮件" in reviewer.text
    stranger = await reviewer_of(world, "final", "440000")
    for path in (mail, f"{mail.removesuffix('/mail')}?form=original"):
        assert (await stranger.get(path)).status == 404


async def test_what_a_reviewer_may_not_see_is_not_there(world: World) -> None:
    application = await handed_in(world)
    [task] = await tasks_of(application)
    stranger = await reviewer_of(world, "final", "440000")
    for path in (f"/review/{task.id}", f"/review/{task.id}/files/{task.id}", "/review/nothing"):
        assert (await stranger.get(path)).status == 404
    venue = await world.log_in(world.office.venue, "venue")
    assert (await venue.get("/review")).status == 403
    assert (await world.visitor().get(f"/review/{task.id}")).path == "/h5/login"


async def test_a_form_of_another_site_or_another_task_decides_nothing(world: World) -> None:
    first, second = await handed_in(world, "赵一"), await handed_in(world, "钱二")
    reviewer = await reviewer_of(world)
    [task], [other] = await tasks_of(first), await tasks_of(second)
    await reviewer.get(f"/review/{task.id}")
    form = reviewer.page.buttons["通过"][0]["fields"]["form"]
    await reviewer.press("通过", headers={"Origin": "https://evil.example"})
    assert reviewer.status == 403
    await reviewer.post(f"/review/{other.id}", {"decision": "approve", "form": form})
    assert reviewer.status == 403
    await reviewer.get(f"/review/{task.id}")
    await reviewer.press("通过", decision="delete")
    assert (reviewer.status, "没有收到您的决定" in reviewer.text) == (422, True)
    assert await ReviewTask.filter(state="open").count() == 2


async def test_typed_text_is_never_markup(world: World) -> None:
    application = await handed_in(world, values={"strengths": "<script>alert(1)</script>"})
    reviewer = await reviewer_of(world)
    [task] = await tasks_of(application)
    html = await (await reviewer.get(f"/review/{task.id}?done=<b>")).response.text()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


async def on_notice(world: World, name: str) -> Application:
    now = world.services.deps.now()
    times = {"notice_from": now, "notice_until": now + timedelta(minutes=3), "approved_at": now}
    return await make_application(
        world.services.deps, await make_applicant(world.services.deps, name), state="notice", **times
    )


async def test_a_visitor_reads_the_public_notice_without_numbers_of_persons(world: World) -> None:
    application = await on_notice(world, "赵一")
    visitor = await world.visitor().get("/h5/demo/notice")
    assert "赵一" in visitor.text
    assert "广州水务设计院" in visitor.text
    assert "公示至" in visitor.text
    account = await Account.get(id=application.account_id)
    mobile = world.services.deps.keys.open_text(account.mobile_sealed, "mobile")
    assert not re.search(rf"{mobile}|4301041975", await visitor.response.text())
    assert "没有找到" in (await visitor.get("/h5/demo/notice?q=孙")).text
    assert (await visitor.get("/h5/guangdong/notice")).status == 404
    assert (await visitor.get("/h5/nowhere/notice")).status == 404


async def test_an_objection_is_raised_under_a_name_and_answered_where_it_was_raised(world: World) -> None:
    application = await on_notice(world, "赵一")
    citizen = await applicant_of(world, "周义")
    await citizen.get(f"/h5/demo/notice/{application.id}")
    await citizen.click("提出异议")
    await citizen.press("提交异议", text="不行")
    assert (citizen.status, "至少10个字" in citizen.text) == (422, True)
    await citizen.press("提交异议", text="职称证书与公示单位不一致，请核实。")
    assert (citizen.path, "核查中" in citizen.text) == ("/h5/demo/notice/objections", True)
    objection = await Objection.get()
    admin = Actor("demo", "pool_admin", world.office.venue.account_id)
    await world.services.entry.objections.decide(admin, objection.id, "dismiss", "经核实，证书属实。")
    assert "经核实，证书属实。" in (await citizen.get("/h5/demo/notice/objections")).text


async def test_a_name_on_the_list_opens_its_notice_and_an_objection_returns_after_the_log_in(world: World) -> None:
    application = await on_notice(world, "赵一")
    page = f"/h5/demo/notice/{application.id}"
    visitor = await world.visitor().get("/h5/demo/notice")
    assert visitor.page.links["首页"] == "/h5/demo"
    [name] = [name for name, address in visitor.page.links.items() if address == page]
    await visitor.click(name)
    assert (visitor.path, visitor.status, application.number in visitor.text) == (page, 200, True)
    assert "须实名登录后提出" in visitor.text
    account = await Account.get(id=application.account_id)
    mobile = world.services.deps.keys.open_text(account.mobile_sealed, "mobile")
    assert not re.search(rf"{mobile}|4301041975", await visitor.response.text())
    await visitor.click("提出异议")
    assert (visitor.path, visitor.response.url.query["next"]) == ("/h5/login", f"{page}/objection")
    for wrong in ("nonsense", "00000000-0000-0000-0000-000000000000"):
        assert (await world.visitor().get(f"/h5/demo/notice/{wrong}")).status == 404
    await Application.filter(id=application.id).update(state="entered", ended_at=world.clock.now())
    assert (await world.visitor().get(page)).status == 404, "it is over"


async def test_an_objection_needs_a_registered_person_and_is_raised_once(world: World) -> None:
    application = await on_notice(world, "赵一")
    path, words = f"/h5/demo/notice/{application.id}/objection", "职称证书与公示单位不一致，请核实。"
    citizen = await applicant_of(world, "周义")
    await citizen.get(path)
    await citizen.press("提交异议", text=words)
    world.clock.move(timedelta(seconds=1))
    await citizen.get(path)
    await citizen.press("提交异议", text=words)
    assert (citizen.status, "您的异议正在核查" in citizen.text) == (409, True)
    unregistered = await world.enter(await make_account(world.services.deps))
    await unregistered.get(path)
    assert unregistered.path == "/h5/register"
    assert await Objection.all().count() == 1


async def test_the_last_reviewer_decides_on_the_page_which_alternative_specialties_enter(world: World) -> None:
    application = await handed_in(world, specialties=["A0401", "A0801"])
    await ApplicationSpecialty.filter(code="A0801").update(choice="alternative")
    first = await make_reviewer(world.services.deps, "industry", CITY)
    for task in await tasks_of(application):
        await world.services.workflows.reviews.decide(first, task.id, "approve")
    reviewer = await reviewer_of(world, "final", "440000")
    (task,) = await tasks_of(application)
    await reviewer.get(f"/review/{task.id}")
    assert "通过时请逐项决定备选专业是否入库" in reviewer.text
    await reviewer.press("通过", **{"admit-A0801": ""})
    assert (reviewer.status, "请逐项决定备选专业是否入库。" in reviewer.text) == (422, True)
    await reviewer.press("通过", **{"admit-A0801": "no"})
    assert (await ApplicationSpecialty.get(code="A0801")).admitted is False
    assert (await Application.get(id=application.id)).state == "notice"
    (entry,) = [await world.services.entry.public_notices.get("demo", application.id)]
    assert [name for name in entry.specialties if "A0801" in name or "房屋建筑" in name] == []
