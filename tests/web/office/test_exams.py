"""The office sets up an examination, looks at it as it goes, and helps single candidates, on its pages."""

from __future__ import annotations

import io
from datetime import timedelta

import aiohttp
import pytest
from playwright.async_api import Browser

from domain.clock import local
from domain.exams.purposes import Purpose
from models.applications import Application
from models.exams import Exam, ExamBlueprint, ExamCandidate, ExamSitting
from models.notices import Notice
from tests.factories.exams import make_attempt, make_exam, make_items, make_published, own, work
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_application
from tests.plugins.browsers import CHROMIUM
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene, token_of, wrong_fields
from tests.web.test_browser import PHONE, SCREEN
from web.office.exam_blueprints import print_lines, read_lines

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def scene(world: World) -> Scene:
    made = await make_scene(world)
    await make_items(20)
    return made


def moment(scene: Scene, after: timedelta) -> str:
    return f"{local(scene.world.services.deps.now() + after):%Y-%m-%dT%H:%M}"


async def make_waiting_application(scene: Scene, **columns: object) -> Application:
    now = scene.world.services.deps.now()
    return await make_application(scene.world.services.deps, state="exam", approved_at=now, **columns)


async def make_booked_exam(scene: Scene) -> Exam:
    """A published examination with a full sitting, one person waiting for it, and an empty one."""
    scene.world.set_rules("exam", booking=True, booking_until=DAY, mock=False)
    for _ in range(2):
        await make_waiting_application(scene)
    services = scene.world.services
    exam_id = await make_exam(services, scene.admin)
    admin = await scene.at(f"/office/exams/{exam_id}/sittings")
    await admin.press("添加", starts_at=moment(scene, 5 * DAY), ends_at=moment(scene, 5 * DAY + HOUR), capacity="1")
    await admin.press("添加", starts_at=moment(scene, 5 * DAY + 2 * HOUR), ends_at=moment(scene, 5 * DAY + 3 * HOUR))
    await services.exams.setup.publish(scene.admin, exam_id)
    await work(services, "exam_call")
    first, second = await ExamCandidate.filter(exam_id=exam_id).order_by("id")
    early = await ExamSitting.filter(exam_id=exam_id).order_by("starts_at").first()
    assert early is not None
    await services.exams.sittings.book(own(first), first.id, early.id)
    await services.exams.sittings.join_waiting_list(own(second), second.id, early.id)
    return await Exam.get(id=exam_id)


# ---- from nothing to a published examination


async def test_from_a_blueprint_to_a_published_examination(scene: Scene) -> None:
    application = await make_waiting_application(scene)
    admin = await scene.at("/office/exams")
    assert "还没有考试" in admin.text
    await admin.get("/office/exams/blueprints/new")
    assert "招标投标法律法规 单选题20题" in " ".join(admin.text.split())
    await admin.press("保存", name="统一卷", cells="全部，单选题，不限，5，2")
    assert ("已保存" in admin.text, "题库有20题" in admin.text) == (True, True)
    blueprint = await ExamBlueprint.get()
    await admin.get("/office/exams/new")
    await admin.press(
        "保存草稿",
        name="2026年统一考试",
        purpose="entry",
        blueprint_id=str(blueprint.id),
        opens_at=moment(scene, 3 * DAY),
        closes_at=moment(scene, 3 * DAY + 4 * HOUR),
    )
    exam = await Exam.get()
    assert "1人在等待考试，发布后通知" in admin.text
    await admin.press("发布")
    assert "已发布，正在通知考生" in admin.text
    await work(scene.world.services, "exam_call")
    assert (await ExamCandidate.get()).application_id == application.id
    await admin.get("/office/exams")
    assert ("2026年统一考试" in admin.text, "1人" in admin.text, "已发布" in admin.text) == (True, True, True)
    await admin.get(f"/office/exams/{exam.id}")
    assert "发布" not in admin.page.buttons


async def test_what_is_missing_keeps_it_a_draft_and_is_named(scene: Scene) -> None:
    admin = await scene.at("/office/exams/new")
    times = {"opens_at": moment(scene, DAY), "closes_at": moment(scene, DAY + 4 * HOUR)}
    await admin.press("保存草稿", name="统一考试", purpose="entry", **times)
    assert "请选择组卷方案" in admin.text
    await admin.press("发布")
    assert (admin.status, "还不能发布：请选择组卷方案" in admin.text) == (409, True)
    await admin.press("确定删除")
    assert ("草稿已删除" in admin.text, await Exam.exists()) == (True, False)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": ""}, "请填写考试名称"),
        ({"opens_at": ""}, "请填写开始时间"),
        ({"closes_at": "明天"}, "结束时间请填写日期和时间"),
        ({"purpose": "party"}, "请选择考试用途"),
        ({"purpose": "campaign"}, "请选择这场考试面向哪次征集的专家"),
        ({"campaign_id": "x"}, "找不到这次征集"),
    ],
)
async def test_a_wrong_form_comes_back_with_its_reason(scene: Scene, typed: dict[str, str], message: str) -> None:
    admin = await scene.at("/office/exams/new")
    good = {"name": "考试", "purpose": "entry", "opens_at": moment(scene, DAY), "closes_at": moment(scene, 2 * DAY)}
    await admin.press("保存草稿", **{**good, **typed})
    assert message in admin.text
    assert not await Exam.exists()


async def test_an_empty_examination_is_told_all_that_it_lacks(scene: Scene) -> None:
    admin = await scene.at("/office/exams/new")
    await admin.press("保存草稿", name=" ", purpose="campaign", opens_at="", closes_at="")
    assert await wrong_fields(admin) == {
        "name": "请填写考试名称。",
        "campaign_id": "请选择这场考试面向哪次征集的专家。",
        "opens_at": "请填写开始时间。",
        "closes_at": "请填写结束时间。",
    }


async def test_an_empty_blueprint_is_told_all_that_it_lacks(scene: Scene) -> None:
    admin = await scene.at("/office/exams/blueprints/new")
    for cells, message in (("", "请至少填写一行："), ("全部", "第1行：应有五项")):
        await admin.press("保存", name="", cells=cells)
        wrong = await wrong_fields(admin)
        assert (wrong["name"], wrong["cells"].startswith(message)) == ("请填写方案名称。", True)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("", "请至少填写一行"),
        ("全部，单选题，不限，5", "第1行：应有五项"),
        ("全部，单选题，不限，5，2\n全部，连线题，不限，5，2", "第2行：没有题型“连线题”"),
        ("全部，单选题，难，5，2", "第1行：难度应为整数"),
        ("全部，单选题，不限，五，2", "第1行：题数应为整数"),
        ("全部，单选题，不限，5，1.25", "第1行：分值最多一位小数"),
        ("全部，单选题，不限，5，NaN", "第1行：分值应为数字"),
        ("全部，单选题，不限，5，1e999999", "第1行：分值应为数字"),
        ("全部，单选题，不限，5，二", "第1行：分值应为数字"),
        ("全部，单选题，不限，999，2", "第1行的题数应为"),
    ],
)
async def test_a_wrong_blueprint_names_its_line_and_keeps_what_was_typed(
    scene: Scene, cells: str, message: str
) -> None:
    admin = await scene.at("/office/exams/blueprints/new")
    await admin.press("保存", name="方案", cells=cells)
    assert (admin.status, message in admin.text) == (422, True)
    assert not await ExamBlueprint.exists()


def test_cells_pasted_from_a_spreadsheet_are_read_and_written_back() -> None:
    cells = read_lines("招标投标法律法规\t单选\t2\t25\t1.5分\n\n全部,案例题,不限,1,10\n-  判断题  不限  15  1.5")
    assert print_lines(cells) == (
        "招标投标法律法规，单选题，2，25，1.5\n全部，案例题，不限，1，10\n全部，判断题，不限，15，1.5"
    )
    assert read_lines(print_lines(cells)) == cells


# ---- afterwards


async def test_candidates_are_notified_of_a_changed_time_and_entry_stops_when_the_office_ends_it(scene: Scene) -> None:
    await make_waiting_application(scene)
    exam = await make_published(scene.world.services, scene.admin)
    admin = await scene.at(f"/office/exams/{exam.id}")
    times = {"opens_at": moment(scene, 6 * DAY), "closes_at": moment(scene, 7 * DAY)}
    await admin.press("改期并通知考生", **times, reason=" ")
    assert "请填写原因" in admin.text
    await admin.press("改期并通知考生", **{**times, "closes_at": times["opens_at"]}, reason=" ")
    wrong = await wrong_fields(admin)
    assert (wrong["closes_at-move"], wrong["reason-move"]) == ("结束时间应晚于开始时间。", "请填写原因。")
    await admin.press("改期并通知考生", opens_at="", closes_at="", reason=" ")
    assert {"opens_at-move", "closes_at-move", "reason-move"} <= set(await wrong_fields(admin))
    await admin.press("改期并通知考生", **times, reason="场地调整")
    assert "已改期" in admin.text
    assert (await Notice.get(kind="exam_changed")).params["reason"] == "场地调整"
    scene.world.clock.set((await Exam.get()).opens_at + HOUR)
    admin = await scene.at(f"/office/exams/{exam.id}")
    await admin.press("确定结束")
    assert "已停止进入" in admin.text
    assert (await Exam.get()).closes_at == scene.world.clock.now()


async def test_a_cancelled_examination_returns_its_candidates_to_the_waiting_list(scene: Scene) -> None:
    application = await make_waiting_application(scene)
    exam = await make_published(scene.world.services, scene.admin)
    admin = await scene.at(f"/office/exams/{exam.id}")
    await admin.press("确定取消", reason="题库维护")
    assert "已取消，并通知考生" in admin.text
    assert (await ExamCandidate.get(application_id=application.id)).state == "left"
    assert (await Application.get(id=application.id)).state == "exam"


async def test_sittings_are_changed_and_removed_and_their_candidates_notified(scene: Scene) -> None:
    exam = await make_booked_exam(scene)
    admin = await scene.at(f"/office/exams/{exam.id}/sittings")
    assert "候补1人" in admin.text
    early = await ExamSitting.filter(exam_id=exam.id).order_by("starts_at").first()
    assert early is not None
    form = {**token_of(admin), "id": str(early.id)}
    path = f"/office/exams/{exam.id}/sittings"
    times = {"starts_at": moment(scene, 5 * DAY), "ends_at": moment(scene, 5 * DAY + HOUR)}
    await admin.post(path, {**form, "command": "save", **times, "capacity": "一"})
    assert (admin.status, "名额应为整数" in admin.text) == (422, True)
    await admin.post(path, {**form, "command": "save", "capacity": "0", "place": "楼" * 201})
    assert await wrong_fields(admin) == {
        f"starts_at{early.id}": "请填写开始时间。",
        f"ends_at{early.id}": "请填写结束时间。",
        f"capacity{early.id}": "名额应为1到100000的整数，不限请留空。",
        f"place{early.id}": "地点最多200个字，请缩短后再提交。",
    }
    await admin.post(path, {**form, "command": "save", **times, "capacity": "2"})
    assert "场次已修改" in admin.text
    assert await ExamCandidate.filter(sitting_id=early.id).count() == 2
    await admin.post(path, {**form, "command": "remove", "reason": "机房检修"})
    assert "场次已取消" in admin.text
    assert await Notice.filter(kind="exam_changed").count() == 2


# ---- candidates


async def test_persons_are_named_by_hand_and_by_sheet(scene: Scene) -> None:
    deps = scene.world.services.deps
    first, second = [await make_expert(deps, account=await make_account(deps)) for _ in range(2)]
    exam_id = await make_exam(scene.world.services, scene.admin, purpose=Purpose.SINGLE)
    admin = await scene.at(f"/office/exams/{exam_id}/candidates")
    await admin.press("添加", numbers=f"{first.number}\nNO1")
    assert ("添加了1人，1个编号没有添加" in admin.text, "没有这个编号" in admin.text) == (True, True)
    data = aiohttp.FormData(token_of(admin))
    data.add_field("file", io.BytesIO(f"专家编号或申请编号\n{second.number}\n".encode()), filename="a.csv")
    path = f"/office/exams/{exam_id}/candidates/sheet"
    await admin._show(await admin.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))
    assert "添加了1人" in admin.text
    candidate = await ExamCandidate.get(expert_id=second.id)
    await admin.get(f"/office/exams/{exam_id}/candidates/{candidate.id}")
    await admin.press("移出名单")
    assert ("已移出" in admin.text, await ExamCandidate.all().count()) == (True, 1)


async def one_sitting(scene: Scene) -> tuple[Visitor, ExamCandidate]:
    """The page of a candidate who is answering."""
    application = await make_waiting_application(scene, expert_number="ZJ0100001")
    exam = await make_published(scene.world.services, scene.admin, after=-HOUR)
    candidate = await ExamCandidate.get(application_id=application.id)
    await make_attempt(scene.world.services, candidate)
    return await scene.at(f"/office/exams/{exam.id}/candidates/{candidate.id}"), candidate


async def test_allowances_and_second_chances_have_a_reason(scene: Scene) -> None:
    admin, candidate = await one_sitting(scene)
    await admin.press("保存", minutes="20", tries="0", reason="")
    assert (admin.status, "请填写原因" in admin.text) == (422, True)
    await admin.press("保存", minutes="二十", tries="0", reason="视力障碍")
    assert "延长的分钟数应为整数" in admin.text
    await admin.press("保存", minutes="999", tries="99", reason="")
    wrong = await wrong_fields(admin)
    assert (wrong["minutes"], wrong["tries"]) == ("延长的分钟数应为0到180。", "增加的次数应为0到9。")
    assert wrong["reason-allow"] == "请填写原因。"
    await admin.press("保存", minutes="20", tries="0", reason="视力障碍")
    assert ("从下一次开始作答起生效" in admin.text, "延长20分钟" in admin.text) == (True, True)
    await admin.press("增加一次", reason="系统故障")
    assert "已增加一次考试机会" in admin.text
    await candidate.refresh_from_db()
    assert (candidate.extra_minutes, candidate.extra_tries) == (20, 1)


async def test_a_result_by_hand_and_the_end_of_taking_part(scene: Scene) -> None:
    admin, candidate = await one_sitting(scene)
    await admin.press("合格", reason="现场补考86分")
    assert "已登记结果" in admin.text
    assert (await Application.get(id=candidate.application_id)).state == "entered"
    assert "合格" not in admin.page.buttons
    other = await make_waiting_application(scene)
    await work(scene.world.services, "exam_call")
    second = await ExamCandidate.get(application_id=other.id)
    await admin.get(f"/office/exams/{second.exam_id}/candidates/{second.id}")
    await admin.press("确定结束", reason="本人住院")
    assert "已结束其参加本场考试" in admin.text
    assert (await Application.get(id=other.id)).state == "exam"


async def test_after_an_outage_all_who_sat_have_one_more_chance(scene: Scene) -> None:
    _, candidate = await one_sitting(scene)
    admin = await scene.at(f"/office/exams/{candidate.exam_id}/candidates")
    times = {"since": moment(scene, -2 * HOUR), "until": moment(scene, -HOUR)}
    await admin.press("增加机会", **times, reason="断电")
    assert "没有人在答题" in admin.text
    await admin.press("增加机会", since="", until="", reason="")
    assert await wrong_fields(admin) == {
        "since": "请填写开始时间。",
        "until": "请填写结束时间。",
        "reason": "请填写原因。",
    }
    await admin.press("增加机会", since=moment(scene, -HOUR), until=moment(scene, HOUR), reason="断电")
    assert "各增加一次机会" in admin.text
    await candidate.refresh_from_db()
    assert candidate.extra_tries == 1


async def test_the_list_is_searched(scene: Scene) -> None:
    applications = [await make_waiting_application(scene) for _ in range(2)]
    exam = await make_published(scene.world.services, scene.admin)
    admin = await scene.at(f"/office/exams/{exam.id}/candidates?q={applications[0].number}")
    assert (applications[0].number in admin.text, applications[1].number in admin.text) == (True, False)
    await admin.get(f"/office/exams/{exam.id}/candidates?state=passed&page=x")
    assert "没有符合条件的考生" in admin.text


async def test_the_board_counts_and_names_candidates_who_need_help(scene: Scene) -> None:
    _, candidate = await one_sitting(scene)
    scene.world.clock.move(timedelta(seconds=61))
    admin = await scene.at(f"/office/exams/{candidate.exam_id}/board")
    text = " ".join(admin.text.split())
    assert ("1 正在答题" in text, "1 离线" in text, "最后消息" in text) == (True, True, True)
    await admin.get(f"/office/exams/{candidate.exam_id}/board/{candidate.sitting_id}")
    assert "1 正在答题" in " ".join(admin.text.split())


async def test_pages_of_examinations_need_a_log_in(scene: Scene) -> None:
    exam = await make_published(scene.world.services, scene.admin)
    stranger = scene.world.visitor()
    for path in ("", "/new", "/blueprints", f"/{exam.id}", f"/{exam.id}/board", f"/{exam.id}/candidates"):
        answer = await stranger.client.get(f"/office/exams{path}", allow_redirects=False)
        assert (answer.status, "/h5/login" in answer.headers["Location"]) == (303, True), path
    admin = await scene.at(f"/office/exams/{exam.created_by}")
    assert admin.status == 404


# ---- in a real browser


async def test_who_will_not_show_the_face_is_identified_by_the_office(scene: Scene) -> None:
    scene.world.set_rules("exam", mock=False, face_check="wechat")
    application = await make_waiting_application(scene)
    exam = await make_published(scene.world.services, scene.admin)
    candidate = await ExamCandidate.get(application_id=application.id)
    admin = await scene.at(f"/office/exams/{exam.id}/candidates/{candidate.id}")
    assert "未核验" in admin.text
    await admin.press("已核验", reason=" ")
    assert (admin.status, "请填写核验方式" in admin.text) == (422, True)
    await admin.press("已核验", reason="窗口核对身份证原件")
    assert ("已登记，本人可以开始考试" in admin.text, "管理机构已核验" in admin.text) == (True, True)
    assert "登记已核验身份" not in admin.text


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_every_page_reads_well(browser: Browser, scene: Scene) -> None:
    exam = await make_booked_exam(scene)
    draft = await make_exam(scene.world.services, scene.admin, name="草稿", purpose=Purpose.SINGLE)
    first, second = await ExamCandidate.filter(exam_id=exam.id).order_by("id")
    await make_attempt(scene.world.services, second, flags=["device"])
    blueprint = await ExamBlueprint.first()
    assert blueprint is not None
    seen = await open_administrator(browser, scene, PHONE)
    paths = {
        "list": "",
        "draft": f"/{draft}",
        "new": "/new",
        "published": f"/{exam.id}",
        "blueprints": "/blueprints",
        "blueprint": f"/blueprints/{blueprint.id}",
        "sittings": f"/{exam.id}/sittings",
        "candidates": f"/{exam.id}/candidates",
        "naming": f"/{draft}/candidates",
        "candidate": f"/{exam.id}/candidates/{first.id}",
        "board": f"/{exam.id}/board",
    }
    await seen.check_pages("office-exam", {name: f"/office/exams{path}" for name, path in paths.items()})
    assert seen.complaints == []


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_the_board_refreshes_itself(browser: Browser, scene: Scene) -> None:
    application = await make_waiting_application(scene)
    exam = await make_published(scene.world.services, scene.admin, after=-HOUR)
    seen = await open_administrator(browser, scene, SCREEN)
    page = await seen.open(f"/office/exams/{exam.id}/board")
    running = page.locator("#board li", has_text="正在答题")
    await running.get_by_text("0", exact=True).wait_for()
    await make_attempt(scene.world.services, await ExamCandidate.get(application_id=application.id))
    await running.get_by_text("1", exact=True).wait_for(timeout=20_000)
    assert seen.complaints == []
