"""The office records results of examinations held elsewhere: one by one, and by a sheet."""

from __future__ import annotations

import io
from typing import cast

import aiohttp
import pytest

from domain.rulebook.book import Rulebook
from models.applications import Application
from models.audit import AuditEntry
from models.experts import Expert
from models.notices import Notice
from models.reviews import ReviewEntry
from services.entry import render_template
from tests.factories.applications import make_campaign
from tests.factories.payments import make_fee
from tests.factories.reviews import make_applicant, make_application
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, sheets, token_of

HEADING = "申请编号,身份证号,姓名,结果,成绩或原因\n"


@pytest.fixture
async def scene(world: World) -> Scene:
    """A pool with an examination."""
    books = cast("dict[str, Rulebook]", world.services.deps.rulebooks)
    entry = books["demo"].entry.model_copy(update={"stages": ("notice", "fee", "exam")})
    books["demo"] = books["demo"].model_copy(update={"entry": entry})
    return await make_scene(world)


async def make_waiting_application(scene: Scene, name: str = "何待考", **columns: object) -> Application:
    deps = scene.world.services.deps
    account = await make_applicant(deps, name)
    number = f"ZJ{await Application.all().count() + 1:07}"
    values = {"state": "exam", "approved_at": deps.now(), "expert_number": number}
    return await make_application(deps, account, **values | columns)


async def send(visitor: Visitor, text: str) -> Visitor:
    data = aiohttp.FormData(token_of(visitor))
    data.add_field("file", io.BytesIO((HEADING + text).encode()), filename="a.csv")
    answer = await visitor.client.post("/office/exams/results", data=data, headers={"Origin": PUBLIC_URL})
    return await visitor._show(answer)


async def state_of(application: Application) -> str:
    return (await Application.get(id=application.id)).state


async def test_who_passed_enters_the_pool(scene: Scene) -> None:
    application = await make_waiting_application(scene)
    admin = await scene.at("/office/exams/results")
    assert ("等待考试 1" in admin.text.replace("\n", " "), "结果在这里登记" in admin.text) == (True, True)
    await admin.get(f"/office/applications/{application.id}")
    await admin.press("合格", reason=" ")
    assert (admin.status, "请填写成绩或原因" in admin.text) == (422, True)
    await admin.press("合格", reason="86分")
    assert ("已登记，并通知了申请人" in admin.text, await state_of(application)) == (True, "entered")
    expert = await Expert.get(number=application.expert_number)
    assert (expert.left_at, expert.membership_status) == (None, "formal")
    assert await Notice.filter(kind="application_entered").exists()
    assert await ReviewEntry.filter(application_id=application.id, event="exam_passed", opinion="86分").exists()
    assert await AuditEntry.filter(action="application.exam_passed", actor_id=scene.account.id).exists()


async def test_a_candidate_who_failed_is_notified_of_the_reason_and_may_apply_again(scene: Scene) -> None:
    deps = scene.world.services.deps
    application = await make_waiting_application(scene)
    await make_campaign(deps)
    admin = await scene.at(f"/office/applications/{application.id}")
    await admin.press("不合格", reason="52分，未达合格线")
    assert await state_of(application) == "refused"
    notice = await Notice.get(kind="application_refused")
    assert notice.params["reason"] == "52分，未达合格线"
    [progress] = await scene.world.services.applications.to_dos.progress(application.account_id)
    assert progress.opinion == "52分，未达合格线"
    home = await scene.world.services.applications.to_dos.home("demo", application.account_id)
    assert [item.route for item in home.to_do] != [], "a new application is offered"


async def test_a_result_is_written_down_once_and_never_of_oneself(scene: Scene) -> None:
    application = await make_waiting_application(scene)
    own = await make_application(
        scene.world.services.deps, scene.account, state="exam", expert_number="ZJ0000099", approved_at=None
    )
    admin = await scene.at(f"/office/applications/{own.id}")
    await admin.press("合格", reason="满分")
    assert (await state_of(own), "不能登记自己的考试结果" in admin.text) == ("exam", True)
    await admin.get(f"/office/applications/{application.id}")
    page = await scene.at(f"/office/applications/{application.id}")
    await admin.press("合格", reason="86分")
    await page.press("不合格", reason="误判")
    assert (await state_of(application), "不在等待考试" in page.text) == ("entered", True)


async def test_a_sheet_is_checked_line_by_line_shown_and_taken_in(scene: Scene) -> None:
    first, second, third = (
        await make_waiting_application(scene),
        await make_waiting_application(scene, "沈二"),
        await make_waiting_application(scene, "韩三"),
    )
    deps = scene.world.services.deps
    account = await second.account.get()
    id_number = deps.keys.open_text(account.id_number_sealed, "id_number")
    admin = await scene.at("/office/exams/results")
    template = await admin.client.get(admin.page.links["下载Excel模板"])
    assert sheets(await template.read()) == sheets(render_template("xlsx"))
    await send(admin, f"{first.number},,何待考,合格,86分\n,{id_number},,不合格,52分\n")
    assert ("还没有登记任何结果" in admin.text, "合格 1人" in admin.text, "不合格 1人" in admin.text) == (
        True,
        True,
        True,
    )
    assert [await state_of(each) for each in (first, second, third)] == ["exam"] * 3
    await admin.press("确认登记")
    assert [await state_of(each) for each in (first, second, third)] == ["entered", "refused", "exam"]
    assert "确认登记" not in admin.page.buttons


async def test_of_a_bad_sheet_nothing_or_only_the_good_lines_are_taken(scene: Scene) -> None:
    first, second = await make_waiting_application(scene), await make_waiting_application(scene, "沈二")
    elsewhere = await make_waiting_application(scene, "在缴费", state="fee")
    admin = await scene.at("/office/exams/results")
    lines = (
        f"{first.number},,何待考,合格,86分",
        f"{second.number},,别人,合格,90分",
        f"{first.number},,,不合格,1分",
        f"{elsewhere.number},,,合格,80分",
        "SQ0,,,合格,80分",
        ",,,合格,80分",
        f"{second.number}1,,,优,",
    )
    await send(admin, "\n".join(lines))
    for line, message in (
        (3, "与申请人的姓名不一致"),
        (4, "重复"),
        (5, "不在等待考试"),
        (6, "没有等待考试的这份申请"),
        (7, "至少填一个"),
        (8, "应填合格或不合格"),
    ):
        assert f"第{line}行" in admin.text, line
        assert message in admin.text, message
    assert "确认登记" not in admin.page.buttons
    await admin.press("只登记无误的1行", command="all")
    assert ("未登记任何结果" in admin.text, await state_of(first)) == (True, "exam")
    await admin.press("只登记无误的1行")
    assert ([await state_of(first), await state_of(second)], "未登记 6行" in admin.text) == (["entered", "exam"], True)


async def test_who_gave_up_between_the_check_and_the_decision_is_left_out(scene: Scene) -> None:
    first, second = await make_waiting_application(scene), await make_waiting_application(scene, "沈二")
    admin = await scene.at("/office/exams/results")
    await send(admin, f"{first.number},,,合格,86分\n{second.number},,,合格,90分\n")
    await Application.filter(id=second.id).update(state="cancelled", ended_at=scene.world.clock.now())
    await admin.press("确认登记")
    assert ("有1行不能登记" in admin.text, await state_of(first)) == (True, "exam")
    await admin.press("确认登记", command="good")
    assert [await state_of(first), await state_of(second)] == ["entered", "cancelled"]


async def test_the_office_ends_an_application_with_an_unpaid_fee(scene: Scene) -> None:
    deps = scene.world.services.deps
    application = await make_waiting_application(scene, state="fee")
    fee = await make_fee(deps, application)
    admin = await scene.at(f"/office/applications/{application.id}")
    await admin.press("确定终止", reason="逾期未缴费")
    await fee.refresh_from_db()
    assert (await state_of(application), fee.state) == ("terminated", "void")
    assert (await Notice.get(kind="application_ended")).params["reason"] == "逾期未缴费"


async def test_a_pool_without_an_examination_has_no_such_page(world: World) -> None:
    admin = await (await make_scene(world)).at("/office/exams/results")
    assert admin.status == 404
