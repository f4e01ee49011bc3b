"""The office holds a course on its pages: form, items, files, publishing, participants, decisions."""

from __future__ import annotations

import io
from datetime import timedelta

import aiohttp
import pytest
from openpyxl import load_workbook

from domain.clock import local
from models.courses import Course, CourseEnrolment, CourseItem
from tests.factories.exams import work
from tests.factories.files import pdf
from tests.factories.people import make_account, make_expert
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, token_of, wrong_fields

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


def moment(scene: Scene, after: timedelta) -> str:
    return f"{local(scene.world.services.deps.now() + after):%Y-%m-%dT%H:%M}"


async def draft(scene: Scene, **typed: str) -> Visitor:
    admin = await scene.at("/office/courses/new")
    times = {"opens_at": moment(scene, DAY), "closes_at": moment(scene, 9 * DAY)}
    return await admin.press("保存草稿", **{"name": "继续教育", "audience": "all", **times, **typed})


async def lecture(scene: Scene, admin: Visitor, course: Course) -> CourseItem:
    await admin.get(f"/office/courses/{course.id}/items/new")
    await admin.press(
        "下一步",
        kind="live",
        title="案例研讨",
        credit="2",
        starts_at=moment(scene, 2 * DAY),
        ends_at=moment(scene, 2 * DAY + HOUR),
        place="培训中心201",
    )
    return await CourseItem.filter(course_id=course.id, kind="live").get()


async def test_from_the_form_to_a_published_course(scene: Scene) -> None:
    deps = scene.world.services.deps
    expert = await make_expert(deps, account=await make_account(deps))
    admin = await scene.at("/office/courses")
    assert "还没有课程" in admin.text
    admin = await draft(scene, amount="120.5", description="请按时完成")
    course = await Course.get()
    assert (course.amount, "还没有学习内容" in admin.text) == (12_050, True)
    await admin.press("发布")
    assert (admin.status, "还不能发布：还没有学习内容" in admin.text) == (409, True)
    item = await lecture(scene, admin, course)
    assert (item.credit, item.seconds, "签到码" in admin.text) == (200, 3600, True)
    await admin.get(f"/office/courses/{course.id}")
    await admin.press("发布")
    assert "已发布，正在通知学员" in admin.text
    await admin.get(f"/office/courses/{course.id}/items/{item.id}")
    assert "出示签到码" in admin.text
    await admin.get(f"/office/courses/{course.id}/items/{item.id}/screen")
    assert ("案例研讨" in admin.text, "届时这里显示签到码" in admin.text, "已签到" in admin.text) == (True, True, True)
    await work(scene.world.services, "course_call")
    enrolment = await CourseEnrolment.get()
    assert enrolment.expert_id == expert.id
    await admin.get(f"/office/courses/{course.id}/participants")
    assert (expert.number in admin.text, "待缴费" in admin.text) == (True, True)
    sheet = load_workbook(io.BytesIO(await (await admin.client.get(f"/office/courses/{course.id}/record.xlsx")).read()))
    lines = list(sheet.active.iter_rows(values_only=True))
    assert (lines[0][:3], lines[1][:3]) == (("专家编号", "姓名", "状态"), (expert.number, "欧阳锋", "待学习"))
    await admin.get(f"/office/courses/enrolments/{enrolment.id}")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": ""}, "请填写课程名称"),
        ({"opens_at": ""}, "请填写开始时间"),
        ({"closes_at": "2020-01-01T00:00"}, "结束时间应晚于开始时间"),
        ({"audience": "party"}, "请选择参加的专家"),
        ({"audience": "campaigns"}, "请选择至少一个征集批次"),
        ({"amount": "很多"}, "费用请填写金额"),
        ({"amount": "0"}, "费用应在0.01元"),
        ({"exam_id": "x"}, "找不到这场考试"),
    ],
)
async def test_bad_input_is_said_beside_its_field(scene: Scene, typed: dict[str, str], message: str) -> None:
    admin = await draft(scene, **typed)
    assert (admin.status in (404, 422), message in admin.text, await Course.exists()) == (True, True, False)


async def test_an_empty_course_is_told_all_that_it_lacks(scene: Scene) -> None:
    admin = await draft(scene, name="", opens_at="", closes_at="", audience="party", amount="0", description="长" * 501)
    assert await wrong_fields(admin) == {
        "name": "请填写课程名称。",
        "description": "课程说明最多500个字，请缩短后再提交。",
        "opens_at": "请填写开始时间。",
        "closes_at": "请填写结束时间。",
        "audience": "请选择参加的专家。",
        "amount": "费用应在0.01元至100万元之间；免费请留空。",
    }


async def test_a_box_that_was_unticked_stays_so_after_a_refusal(scene: Scene) -> None:
    admin = await draft(scene, required="1")
    course = await Course.get()
    assert "checked><span>必修" in await admin.response.text()
    await admin.post(f"/office/courses/{course.id}", {**token_of(admin), "command": "save", "name": ""})
    assert ("checked" in await admin.response.text(), (await Course.get()).required) == (False, True)


async def test_an_empty_lecture_is_told_all_that_it_lacks(scene: Scene) -> None:
    admin = await draft(scene)
    await admin.get(f"/office/courses/{(await Course.get()).id}/items/new")
    await admin.press("下一步", kind="live", title="", credit="101", starts_at="", ends_at="", place="")
    assert await wrong_fields(admin) == {
        "title": "请填写标题。",
        "credit": "学时应在0至100之间；留空则按时长计算。",
        "ends_at": "请填写直播或面授的起止时间，结束应晚于开始。",
        "place": "请填写地点或直播地址。",
    }


async def test_a_longer_course_needs_an_end_and_a_reason(scene: Scene) -> None:
    admin = await draft(scene)
    course = await Course.get()
    await lecture(scene, admin, course)
    await scene.world.services.courses.setup.publish(scene.admin, course.id)
    await admin.get(f"/office/courses/{course.id}")
    for until, message in (("", "请填写新的结束时间。"), (moment(scene, DAY), "新的结束时间应晚于现在和原结束时间")):
        await admin.press("延长并通知学员", closes_at=until, reason="")
        wrong = await wrong_fields(admin)
        assert (wrong["closes_at"].startswith(message), wrong["reason-prolong"]) == (True, "请填写原因。")
        assert f'type="datetime-local"\n  value="{until}"' in await admin.response.text()
    await admin.press("延长并通知学员", closes_at=moment(scene, 20 * DAY), reason="名额增加")
    assert "已延长，并通知学员" in admin.text


async def test_pages_are_uploaded_and_removed(scene: Scene) -> None:
    admin = await draft(scene)
    course = await Course.get()
    await admin.get(f"/office/courses/{course.id}/items/new")
    await admin.press("下一步", kind="pages", title="讲义")
    item = await CourseItem.get()
    here = f"/office/courses/{course.id}/items/{item.id}"
    form = aiohttp.FormData()
    form.add_field("form", token_of(admin)["form"])
    form.add_field("file", pdf(2), filename="a.pdf", content_type="application/pdf")
    answer = await admin.client.post(f"{here}/pages", data=form, headers={"Origin": PUBLIC_URL}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, f"{here}?note=add_pages")
    picture = await admin.client.get(f"{here}/pages/2.jpg")
    assert (picture.status, picture.content_type) == (200, "image/jpeg")
    await admin.get(here)
    await admin.press("删除第1页")
    await item.refresh_from_db()
    assert (len(item.pages), "已删除" in admin.text) == (1, True)


async def test_experts_are_named_by_number(scene: Scene) -> None:
    deps = scene.world.services.deps
    expert, unbound = await make_expert(deps, account=await make_account(deps)), await make_expert(deps)
    admin = await draft(scene, audience="listed")
    course = await Course.get()
    await lecture(scene, admin, course)
    await admin.get(f"/office/courses/{course.id}/participants")
    await admin.press("添加", numbers=f"{expert.number}\n{unbound.number}\nXX1")
    assert ("已添加1人" in admin.text, "还没有在公众号绑定账号" in admin.text, "没有这个专家编号" in admin.text) == (
        True,
        True,
        True,
    )
    await admin.press("添加", numbers=" ")
    assert "请填写专家编号" in admin.text


async def test_decisions_about_one_need_a_reason_and_are_done_once(scene: Scene) -> None:
    deps, courses = scene.world.services.deps, scene.world.services.courses
    await make_expert(deps, account=await make_account(deps))
    admin = await draft(scene)
    course = await Course.get()
    await lecture(scene, admin, course)
    await courses.setup.publish(scene.admin, course.id)
    await work(scene.world.services, "course_call")
    enrolment = await CourseEnrolment.get()
    here = f"/office/courses/enrolments/{enrolment.id}"
    token = token_of(await admin.get(here))
    for command, reason, status, message in (
        ("finish", "", 422, "请填写依据"),
        ("dismiss", "借调", 303, ""),
        ("dismiss", "借调", 409, "不能"),
        ("readmit", "回来了", 303, ""),
        ("make_up", "住院", 409, "不需要补学"),
        ("finish", "线下已培训", 303, ""),
        ("nothing", "x", 422, "没有收到您的选择"),
    ):
        answer = await admin.client.post(
            here,
            data={**token, "command": command, "reason": reason},
            headers={"Origin": PUBLIC_URL},
            allow_redirects=False,
        )
        assert (answer.status, message in await answer.text()) == (status, True), command
    await enrolment.refresh_from_db()
    assert enrolment.state == "finished"
