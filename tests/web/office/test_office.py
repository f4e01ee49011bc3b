"""Pages of the office: permissions, waiting work, campaigns, applications, employers, and who does which work."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from yarl import URL

from models.accounts import RoleGrant
from models.applications import Application
from models.audit import AuditEntry
from models.campaigns import Campaign, Employer, EmployerRequest
from models.draws import SupervisorEntry
from models.notices import Notice
from models.reviews import ReviewAssignment
from tests.factories.applications import make_campaign
from tests.factories.people import make_account, make_expert, make_grant
from tests.factories.reviews import make_applicant, make_application, make_reviewer
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene, employer_request, fill, handed_in, make_scene, post
from web.accounts.login import COOKIE

PAGES = (
    "",
    "/applications",
    "/experts",
    "/campaigns",
    "/campaigns/new",
    "/employers",
    "/employers/requests",
    "/employers/import",
    "/reviewers",
    "/staff",
    "/supervisors",
    "/objections",
    "/notices",
    "/orders",
    "/unmatched-payments",
    "/invoices",
    "/reconciliation",
    "/feedback",
    "/misunderstood",
    "/paraphrases",
    "/materials",
    "/passwords",
)
WINDOW = {"enrol_from": "2026-12-01T10:30", "enrol_until": "2026-12-20T18:00"}
FORM = {"command": "save", "name": "2026年第三批征集", "first": "on", **WINDOW}


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def logged_in_as(world: World, role: str) -> Visitor:
    account = await make_account(world.services.deps)
    await make_grant(account, role)
    return await Scene(world, world.office.agency, account).visitor()


# ---- who may in


async def test_an_administrator_begins_at_the_office(scene: Scene) -> None:
    visitor = await scene.world.log_in(scene.admin)
    assert (visitor.path, visitor.status) == ("/office", 200)
    assert "当前身份：专家库管理员" in visitor.text
    await visitor.press("退出登录")
    assert visitor.path == "/h5/login"


async def test_strangers_are_sent_to_the_log_in_and_led_back(world: World) -> None:
    visitor = world.visitor()
    for path in PAGES:
        answer = await visitor.client.get(f"/office{path}", allow_redirects=False)
        assert (answer.status, unquote(answer.headers["Location"])) == (303, f"/h5/login?next=/office{path}")


async def test_other_offices_are_refused_everywhere(world: World) -> None:
    for role in ("verifier", "supervisor", "venue"):
        visitor = await logged_in_as(world, role)
        for path in PAGES:
            await visitor.get(f"/office{path}")
            assert (visitor.status, "需要专家库管理员身份" in visitor.text) == (403, True), (role, path)


async def test_a_reviewer_may_not_change_anything_of_the_office(scene: Scene) -> None:
    reviewer = await make_reviewer(scene.world.services.deps, "final")
    visitor = await scene.world.log_in(reviewer)
    for path in ("/campaigns/new", "/employers", "/staff", "/reconciliation", "/invoices", "/reviewers"):
        await visitor.post(f"/office{path}", {"command": "add", "name": "某单位"})
        assert visitor.status == 403, path
    assert not await Employer.exists()


async def test_what_was_typed_outlives_the_log_in(scene: Scene) -> None:
    visitor = await scene.at("/office/employers")
    jar, home = visitor.client.session.cookie_jar, URL(str(visitor.client.make_url("/")))
    jar.clear()
    await visitor.press("添加", name="广州水务设计院有限公司")
    assert (visitor.status, "刚才填写的内容没有提交" in visitor.text) == (401, True)
    again = await scene.at("/office")
    jar.update_cookies({COOKIE: again.cookie.value}, home)
    await visitor.press("已登录，回到填写的内容")
    assert (visitor.status, "请核对填写的内容" in visitor.text, await Employer.exists()) == (403, True, False)
    await visitor.press("添加")
    assert await Employer.exists(name="广州水务设计院有限公司")


async def test_who_typed_nothing_is_sent_to_the_log_in(scene: Scene) -> None:
    visitor = await scene.at("/office/employers")
    visitor.client.session.cookie_jar.clear()
    await visitor.press("添加", name="")
    assert visitor.path == "/h5/login"


async def test_a_form_of_another_site_or_person_does_nothing(scene: Scene) -> None:
    visitor = await scene.at("/office/employers")
    await visitor.post("/office/employers", {"form": "made-up", "command": "add", "name": "某单位"})
    assert (visitor.status, "再提交一次" in visitor.text) == (403, True)
    await visitor.get("/office/employers")
    await visitor.press("添加", name="某单位", headers={"Origin": "https://evil.example"})
    assert visitor.status == 403
    assert not await Employer.exists()


async def test_every_page_opens_with_nothing_and_with_everything(scene: Scene) -> None:
    visitor = await scene.visitor()
    for path in PAGES:
        assert (await visitor.get(f"/office{path}")).status == 200, path
    ids = await fill(scene)
    for path in (*PAGES, f"/campaigns/{ids['campaign']}", f"/orders/{ids['order']}", f"/reconciliation/{ids['bill']}"):
        assert (await visitor.get(f"/office{path}")).status == 200, path


async def test_what_is_not_there_is_said_politely(scene: Scene) -> None:
    visitor = await scene.visitor()
    for noun in ("campaigns", "applications", "orders", "reconciliation", "files"):
        for wrong in ("00000000-0000-0000-0000-000000000001", "nonsense"):
            await visitor.get(f"/office/{noun}/{wrong}")
            assert (visitor.status, "没有找到" in visitor.text) == (404, True), noun
    assert (await scene.at("/office/nothing")).status == 404


async def test_the_menu_leaves_out_what_the_rulebook_leaves_out(scene: Scene) -> None:
    books = scene.world.services.deps.rulebooks
    assert "初始密码" in (await scene.at("/office")).text
    changed = books["demo"].model_copy(update={"fee": None, "notice": None})
    books["demo"] = changed  # type: ignore[index]  # the tests' own dict
    text = (await scene.at("/office")).text
    assert not any(word in text for word in ("缴费", "发票", "对账", "公示"))
    for path in ("/orders", "/invoices", "/reconciliation", "/objections", "/notices"):
        visitor = await scene.at(f"/office{path}")
        assert (visitor.status, "没有这项功能" in visitor.text) == (404, True)


async def test_the_home_page_lists_pending_work_with_links(scene: Scene) -> None:
    assert "没有需要您处理的事项" in (await scene.at("/office")).text
    await fill(scene)
    visitor = await scene.at("/office")
    for words in (
        "超期未审 2",
        "申请添加的单位 1",
        "待处理的异议 1",
        "待答复的投诉与反馈 1",
        "异常的退款 1",
        "待开的发票 1",
        "对账差异 1",
    ):
        name, number = words.split()
        assert re.search(rf"{name} 最早\S+ \d\d:\d\d {number}\b", visitor.text), words
    assert "2 审核中" in visitor.text
    assert "无人审核" not in visitor.text
    await ReviewAssignment.all().update(revoked_at=scene.world.clock.now())
    assert re.search(r"无人审核 最早\S+ \d\d:\d\d 3\b", (await scene.at("/office")).text)


# ---- campaigns


async def test_a_campaign_is_drafted_published_and_closed(scene: Scene) -> None:
    visitor = await scene.at("/office/campaigns/new")
    await post(
        visitor, "/office/campaigns/new", **FORM, announcement="第一行\r\n第二行", advice="广州市 020-1\n440300：0755-2"
    )
    assert "草稿已保存" in visitor.text
    draft = await Campaign.get()
    assert draft.enrol_from == datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
    assert (draft.entry_types, draft.announcement) == (["first"], "第一行\n第二行")
    assert draft.advice == {"440100": "020-1", "440300": "0755-2"}
    await visitor.press("发布")
    assert "已发布" in visitor.text
    await visitor.press("确定关闭报名")
    assert "已关闭报名" in visitor.text
    await draft.refresh_from_db()
    assert draft.published_at is not None
    assert draft.closed_at is not None


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"name": " "}, "请填写征集名称"),
    ({"enrol_from": ""}, "请填写报名开始时间"),
    ({"enrol_until": "tomorrow"}, "报名截止时间请填写日期和时间"),
    ({"enrol_until": "2026-12-01T10:30+08:00"}, "报名截止时间请填写日期和时间"),
    ({"enrol_until": "20261-12-01T10:30"}, "报名截止时间请填写日期和时间"),
    ({"enrol_until": "2026-11-30T10:30"}, "报名截止时间应晚于开始时间"),
    ({"review_until": "2026-12-19T10:00"}, "审核截止时间不能早于报名截止时间"),
    ({"pay_from": "2027-01-02T00:00", "pay_until": "2027-01-01T00:00"}, "缴费截止时间应晚于开始时间"),
    ({"first": ""}, "请至少选择一种入库类型"),
    ({"advice": "火星市 1"}, "没有“火星市”这个地区"),
    ({"advice": "广州市"}, "请在“广州市”后面"),
)


async def test_what_is_wrong_with_a_campaign_stands_beside_its_field(scene: Scene) -> None:
    visitor = await scene.at("/office/campaigns/new")
    for typed, words in WRONG:
        await post(visitor, "/office/campaigns/new", **{**FORM, **typed})
        assert (visitor.status, words in visitor.text) == (422, True), words
        markup = await visitor.response.text()
        assert ('class="wrong"' in markup, 'class="bar bad"' in markup) == (True, False), words
    assert not await Campaign.exists()


async def test_an_empty_campaign_is_told_all_that_it_lacks(scene: Scene) -> None:
    visitor = await scene.at("/office/campaigns/new")
    empty = {
        **dict.fromkeys(FORM, ""),
        "command": "save",
        "pay_from": "2026-12-02T00:00",
        "pay_until": "2026-12-01T00:00",
    }
    await post(visitor, "/office/campaigns/new", **empty)
    markup = await visitor.response.text()
    for name in ("name", "entry_types", "enrol_from", "enrol_until", "pay_until"):
        assert f'id="e-{name}"' in markup
    assert 'class="bar bad"' not in markup


async def test_pressing_twice_makes_one_campaign(scene: Scene) -> None:
    visitor = await scene.at("/office/campaigns/new")
    fields = visitor.page.forms[-1]["fields"]
    sent = {name: fields[name] for name in ("form", "key")} | FORM
    for _ in range(2):
        await visitor.post("/office/campaigns/new", sent)
        assert "草稿已保存" in visitor.text
    assert await Campaign.all().count() == 1


async def test_a_draft_is_deleted_and_a_running_campaign_keeps_its_beginning(scene: Scene) -> None:
    deps = scene.world.services.deps
    draft = await make_campaign(deps, published_at=None, name="不要了")
    visitor = await scene.at(f"/office/campaigns/{draft.id}")
    await visitor.press("确定删除")
    assert (visitor.path, "草稿已删除" in visitor.text) == ("/office/campaigns", True)
    running = await make_campaign(deps, opens=deps.now() - timedelta(days=1, seconds=17))
    await visitor.get(f"/office/campaigns/{running.id}")
    shown = {"enrol_from": "2026-11-20T11:59", "enrol_until": "2026-12-20T11:59"}
    both = {"first": "on", "renewal": "on", "command": "save"}
    await post(visitor, f"/office/campaigns/{running.id}", **both, **shown, name="改了名")
    assert "已保存" in visitor.text  # seconds that an input does not show don't count as a change
    await post(
        visitor, f"/office/campaigns/{running.id}", **both, **{**shown, "enrol_from": "2026-11-25T10:00"}, name="x"
    )
    assert (visitor.status, "不能再改开始时间" in visitor.text) == (409, True)
    await running.refresh_from_db()
    assert running.name == "改了名"


async def test_two_campaigns_at_once_are_refused_with_the_reason(scene: Scene) -> None:
    deps = scene.world.services.deps
    await make_campaign(deps)
    draft = await make_campaign(deps, published_at=None, name="第二个")
    visitor = await scene.at(f"/office/campaigns/{draft.id}")
    await visitor.press("发布")
    assert (visitor.status, "在同一时间也接受" in visitor.text) == (409, True)


async def test_a_long_announcement_fits(scene: Scene) -> None:
    visitor = await scene.at("/office/campaigns/new")
    await post(visitor, "/office/campaigns/new", **FORM, announcement="公" * 10_000)
    assert "草稿已保存" in visitor.text
    await visitor.get("/office/campaigns/new")
    await post(visitor, "/office/campaigns/new", **FORM, announcement="公" * 20_000)
    assert visitor.status == 413


# ---- applications


async def test_applications_are_found_by_everything_that_can_be_chosen(scene: Scene) -> None:
    ids = await fill(scene)
    visitor = await scene.visitor()
    for query, names in (
        ("q=欧阳", {"欧阳建国"}),
        ("q=SQ20261121&state=entered", {"沈入库"}),
        ("state=notice", {"何公示"}),
        ("step=industry&sort=oldest", {"欧阳建国", "甡㛃䶮"}),
        (f"campaign={ids['campaign']}", {"蒋退回", "沈入库", "韩未过"}),
        ("region=440300", set()),
        ("type=renewal", set()),
        ("from=2026-11-22", set()),
        ("from=2026-11-21&until=2026-11-21&q=何", {"何公示"}),
    ):
        await visitor.get(f"/office/applications?{query}")
        ids_by_query = {
            name for name in ("欧阳建国", "甡㛃䶮", "蒋退回", "沈入库", "韩未过", "何公示") if name in visitor.text
        }
        assert (visitor.status, query, ids_by_query) == (200, query, names)


async def test_a_filter_that_means_nothing_is_said(scene: Scene) -> None:
    visitor = await scene.visitor()
    for query, words in (
        ("state=eaten", "没有这种申请状态"),
        ("step=none", "没有这个审核环节"),
        ("type=second", "没有这种入库类型"),
        ("from=yesterday", "请填写为日期"),
        ("until=0001-01-01", "请填写为日期"),
        ("sort=colour", "没有这种排序方式"),
        ("campaign=x", "没有这次征集"),
    ):
        await visitor.get(f"/office/applications?{query}")
        assert (visitor.status, words in visitor.text) == (422, True), query


async def test_many_applications_come_in_pages(scene: Scene) -> None:
    deps = scene.world.services.deps
    for n in range(23):
        await make_application(deps, await make_applicant(deps, f"人{n:02}"))
    visitor = await scene.at("/office/applications?sort=name")
    assert "第1/2页，共23份" in visitor.text
    await visitor.click("下一页")
    assert ("人22" in visitor.text, "人01" in visitor.text) == (True, False)


async def test_sensitive_values_are_masked_and_showing_one_is_logged(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    visitor = await scene.at(f"/office/applications/{application.id}")
    assert "suhang@example.com" not in visitor.text
    assert "s***@example.com" in visitor.text
    await visitor.press("显示电子邮箱")
    assert "suhang@example.com" in visitor.text
    entry = await AuditEntry.get(action="application.reveal")
    assert (entry.subject_id, entry.actor_id, entry.details) == (application.id, scene.account.id, {"field": "email"})
    await post(visitor, f"/office/applications/{application.id}", command="reveal", field="employer")
    assert (visitor.status, "没有隐藏内容" in visitor.text) == (404, True)
    assert await AuditEntry.filter(action="application.read").count() >= 3


async def test_files_are_shown_as_our_pictures_or_opened_as_they_came(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    visitor = await scene.at(f"/office/applications/{application.id}")
    picture = visitor.page.links["查看身份证正面.jpg，查看会留下记录"]
    assert f"{picture}?form=thumbnail" not in await visitor.response.text()
    seen = await visitor.client.get(f"{picture}?form=thumbnail")
    assert (seen.status, seen.content_type, (await seen.read())[:2]) == (200, "image/jpeg", b"\xff\xd8")
    opened = await visitor.client.get(visitor.page.links["打开高级工程师证书.pdf"])
    assert opened.headers["Content-Disposition"].startswith('inline; filename="file.pdf";')
    assert (opened.content_type, (await opened.read())[:5]) == ("application/pdf", b"%PDF-")
    assert await AuditEntry.filter(action="attachment.open").exists()
    assert (await visitor.get(f"{picture}?form=raw")).status == 404


async def test_a_printed_form_is_unlocked_with_a_reason(scene: Scene) -> None:
    deps = scene.world.services.deps
    locked = await make_application(deps, await make_applicant(deps), state="locked", locked_version=1)
    visitor = await scene.at("/office/applications")
    await visitor.click("已打印锁定 1")
    await visitor.click(next(link for link in visitor.page.links if locked.number in link))
    assert "状态 已打印锁定 当前办理" in visitor.text
    await visitor.press("解除锁定", reason=" ")
    assert (visitor.status, "请填写原因" in visitor.text) == (422, True)
    await visitor.press("解除锁定", reason="工作单位填错")
    assert "已解除锁定，并通知了申请人" in visitor.text
    assert (await Application.get(id=locked.id)).state == "draft"
    assert "解除锁定" not in visitor.page.buttons
    await post(
        visitor, f"/office/applications/{locked.id}", command="unlock", reason="再来一次"
    ) if visitor.page.forms else None
    assert await Notice.filter(kind="application_progress").count() == 1


async def test_another_pools_application_is_not_there(scene: Scene) -> None:
    deps = scene.world.services.deps
    other = await make_application(deps, await make_applicant(deps), pool="guangdong")
    assert (await scene.at(f"/office/applications/{other.id}")).status == 404


# ---- employers


async def test_employers_are_added_corrected_and_retired(scene: Scene) -> None:
    visitor = await scene.at("/office/employers")
    await visitor.press("添加", name="广州粤建工程咨询有限公司", credit_code="", region="440100")
    assert "单位已添加" in visitor.text
    await visitor.press("添加", name="广州粤建工程咨询有限公司")
    assert (visitor.status, "单位列表中已有" in visitor.text) == (409, True)
    await visitor.press("添加", name="另一家", credit_code="123")
    assert (visitor.status, "信用代码" in visitor.text) == (422, True)
    await visitor.get("/office/employers?q=粤建")
    await visitor.press("保存", name="广州粤建工程有限公司")
    assert ("已保存" in visitor.text, visitor.page.buttons["查找"][0]["fields"]["q"]) == (True, "粤建"), "still found"
    await visitor.get("/office/employers")
    await visitor.press("停用广州粤建工程有限公司")
    assert "单位已停用" in visitor.text
    row = await Employer.get()
    assert (row.name, row.retired_at is not None) == ("广州粤建工程有限公司", True)
    assert "广州粤建工程有限公司" in (await visitor.get("/office/employers?retired=1")).text


async def test_a_request_is_accepted_as_corrected_or_refused_with_an_answer(scene: Scene) -> None:
    first, second = await employer_request(scene), await employer_request(scene, "不存在公司")
    visitor = await scene.at("/office/employers/requests")
    path = "/office/employers/requests"
    await post(visitor, path, command="refuse", id=str(second.id), answer="")
    assert (visitor.status, "请填写答复" in visitor.text) == (422, True)
    await post(visitor, path, command="refuse", id=str(second.id), answer="请按营业执照填写全称。")
    await post(visitor, path, command="accept", id=str(first.id), name="深圳示范咨询有限公司", region="440300")
    assert "已添加，并通知了申请人" in visitor.text
    assert await Employer.exists(name="深圳示范咨询有限公司")
    assert {row.state for row in await EmployerRequest.all()} == {"added", "refused"}
    await visitor.get(f"{path}?state=refused")
    assert "请按营业执照填写全称" in visitor.text


async def test_a_request_that_a_colleague_has_answered_is_not_answered_again(scene: Scene) -> None:
    request, _ = await employer_request(scene), await employer_request(scene, "别的公司")
    visitor = await scene.at("/office/employers/requests")
    await scene.world.services.organisations.employers.refuse(scene.admin, request.id, "已有")
    await post(visitor, "/office/employers/requests", command="accept", id=str(request.id), name=request.name)
    assert visitor.status == 409
    assert not await Employer.exists(name=request.name)


# ---- who does which work


async def test_a_reviewer_is_named_and_revoked(scene: Scene) -> None:
    visitor = await scene.at("/office/reviewers")
    who = {"mobile": "13700001234", "name": "李审核"}
    for typed, words in (
        ({"mobile": "137", "step": "industry"}, "11位"),
        ({"step": "none"}, "没有这个审核环节"),
        ({"step": "final", "region": "440100"}, "由省级审核"),
        ({"step": "final", "specialty": "A04"}, "不能按专业授权"),
        ({"step": "industry", "name": ""}, "请填写姓名"),
    ):
        await post(visitor, "/office/reviewers", **{"command": "grant", **who, **typed})
        assert (visitor.status, words in visitor.text) == (422, True), words
    await handed_in(scene, "王小山")
    shown = (await visitor.get("/office/reviewers")).text
    assert "以下任务没有审核人员" in shown
    assert "行业部门预审 · 广州市" in shown
    await post(visitor, "/office/reviewers", command="grant", **who, step="industry", region="440100", specialty="A04")
    assert "已授权" in visitor.text
    assert "行业部门预审 · 广州市 · 设计" in visitor.text
    assert "以下任务没有审核人员" not in visitor.text
    assert "13700001234" not in visitor.text
    await visitor.press("确定停用李审核的授权")
    assert "已停用授权" in visitor.text
    assert (await ReviewAssignment.get()).revoked_at is not None
    assert "李审核" in (await visitor.get("/office/reviewers?ended=1")).text


async def test_the_office_lets_anyone_stand_in_for_a_reviewer(scene: Scene) -> None:
    deps = scene.world.services.deps
    absent = await make_reviewer(deps, "industry", "440100", real_name="王初审")
    visitor = await scene.at("/office/reviewers")
    form = {"command": "arrange", "account_id": str(absent.account_id), "substitute_name": "周代办"}
    await post(visitor, "/office/reviewers", **form, substitute_mobile="137", starts_on="2026-11-23", ends_on="")
    assert visitor.status == 422
    assert "11位" in visitor.text
    assert "请填写结束日期" in visitor.text
    days = {"starts_on": "2026-11-23", "ends_on": "2026-11-24"}
    await post(visitor, "/office/reviewers", **form, substitute_mobile="13700001235", **days)
    assert "已安排代办，并通知了双方。" in visitor.text
    assert "周代办 代 王初审 未开始 11月23日至11月24日" in visitor.text
    assert "13700001235" not in visitor.text
    await visitor.press("确定取消周代办的代办")
    assert "代办已取消，立即恢复。" in visitor.text
    assert "周代办 代" not in visitor.text


async def test_staff_come_and_go_but_the_last_administrator_stays(scene: Scene) -> None:
    visitor = await scene.at("/office/staff")
    who = {"command": "grant", "mobile": "13700001234", "name": "王核验"}
    await post(visitor, "/office/staff", **who, role="king")
    assert (visitor.status, "没有这种身份" in visitor.text) == (422, True)
    await post(visitor, "/office/staff", **who, role="verifier", scope="月球")
    assert (visitor.status, "没有这个场所" in visitor.text) == (422, True)
    terminal = scene.world.services.deps.book("demo").draw.terminals[0]
    await post(visitor, "/office/staff", **who, role="verifier", scope=terminal)
    assert f"核验人员 · {terminal}" in visitor.text
    await visitor.press("确定停用王核验的核验人员身份")
    assert "已停用，立即生效" in visitor.text
    await visitor.press("确定停用周管理的专家库管理员身份")
    assert (visitor.status, "不能取消最后一位管理员" in visitor.text) == (409, True)
    assert await RoleGrant.filter(role="pool_admin", revoked_at=None).count() == 1


async def test_the_office_keeps_the_register_of_supervisors(scene: Scene) -> None:
    visitor = await scene.at("/office/supervisors")
    who = {"command": "add", "mobile": "13700001234", "name": "赵监督", "department": "市水务局"}
    await post(visitor, "/office/supervisors", **{**who, "mobile": "123"})
    assert (visitor.status, "手机号" in visitor.text) == (422, True)
    assert not await SupervisorEntry.exists(name="赵监督")
    await post(visitor, "/office/supervisors", **who)
    assert "代理机构现在可以选择" in visitor.text
    assert "137****1234" in visitor.text
    assert "13700001234" not in visitor.text
    await post(visitor, "/office/supervisors", **who)
    assert (visitor.status, "已在监督人名册中" in visitor.text) == (409, True)
    assert "赵监督" in (await visitor.get("/office/supervisors?q=水务")).text
    assert "没有符合的监督人" in (await visitor.get("/office/supervisors?q=财政")).text
    await visitor.get("/office/supervisors?q=水务")
    await visitor.press("确定停用赵监督")
    assert "已停用" in visitor.text
    assert "赵监督" in (await visitor.get("/office/supervisors?ended=1")).text


# ---- experts


async def test_the_office_lets_an_expert_leave_with_a_reason_and_sees_whose_time_runs_out(scene: Scene) -> None:
    deps = scene.world.services.deps
    soon = deps.now() + timedelta(days=30)
    expert = await make_expert(deps, name="黄药师", term_until=soon)
    await make_expert(deps, name="洪七公")
    visitor = await scene.at("/office/experts?state=ending")
    assert ("黄药师" in visitor.text, "洪七公" in visitor.text) == (True, False)
    path = f"/office/experts/{expert.id}"
    assert path in visitor.page.links.values()
    await visitor.get(path)
    await post(visitor, path, command="remove", reason=" ")
    assert (visitor.status, "请填写原因" in visitor.text) == (422, True)
    await post(visitor, path, command="remove", reason="本人申请退库")
    assert (visitor.status, "已提出退库。由另一位管理员" in visitor.text) == (200, True)
    second = await make_account(deps)
    await make_grant(second, "pool_admin")
    colleague = await (await Scene(scene.world, scene.admin, second).visitor()).get(path)
    await colleague.press("确认退库")
    assert "已确认生效，并通知了本人" in colleague.text
    await visitor.get(path)
    await expert.refresh_from_db()
    assert (expert.left_at is None, expert.left_reason) == (False, "本人申请退库")
    assert await Notice.filter(kind="expert_left", expert_id=expert.id).exists()
    assert ("本人申请退库" in visitor.text, "办理退库" in visitor.page.buttons) == (True, False)
    visitor = await scene.at("/office/experts?state=left&search=黄药")
    assert (path in visitor.page.links.values(), "已退库" in visitor.text) == (True, True)
    await visitor.get(path)
    await visitor.press("恢复入库", reason="退库办理有误")
    assert ("已恢复入库，并通知了本人" in visitor.text, "办理退库" in visitor.page.buttons) == (True, True)
    assert "撤销退库" in visitor.text
