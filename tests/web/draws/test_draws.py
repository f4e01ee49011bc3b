"""Staff and agencies at a computer: log-in, arrivals, the venue's screen, the result on paper."""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import replace
from datetime import timedelta

from domain.clock import print_time
from domain.draws.random_draw import participant_commitment
from domain.ids import new_id
from models.attendance import Attendance, Urge
from models.audit import AuditEntry
from models.draws import CallNotice, Draw, SupervisorEntry
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor
from tests.factories.files import pdf
from tests.factories.offices import add_experts, draw_form, make_draw, make_supervisor, state_of, verify
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_grant, make_organisation
from tests.web.conftest import World


async def test_staff_log_in_by_sms_code_and_find_their_draws(world: World) -> None:
    await world.panel()
    venue = await world.log_in(world.office.venue, "venue")
    assert venue.path == "/draws"
    assert "演示项目(一标段)" in venue.text
    cookie = venue.cookie
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


async def test_what_has_been_unsealed_is_spoken_of_as_past(world: World) -> None:
    draw_id, _ = await world.panel()
    opens = world.services.draws.access.unseals_at(await Draw.get(id=draw_id))
    verifier = await world.log_in(world.office.verifier, "verifier")
    await verifier.get(f"/draws/{draw_id}")
    assert (f"抽取完成，名单{print_time(opens)}解密" in verifier.text, "已于" in verifier.text) == (True, False)
    world.clock.set(opens)
    verifier = await (await world.log_in(world.office.verifier)).get(f"/draws/{draw_id}")
    assert f"抽取完成，名单已于{print_time(opens)}解密" in verifier.text
    assert "名单解密 已于" in verifier.text


async def test_a_mobile_without_an_office_gets_no_code_and_the_same_page(world: World) -> None:
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile="13712345678")
    assert (visitor.status, "如果137****5678已登记" in visitor.text) == (200, True)
    assert not await Notice.exists(kind="verification_code")
    await visitor.press("登录", code="000000")
    assert visitor.status == 422
    assert "登录" in visitor.page.buttons


async def test_wrong_codes_count_and_a_bad_mobile_is_said_on_the_page(world: World) -> None:
    account = await make_account(world.services.deps, "13512345678")
    await make_grant(account, "venue")
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile="12345")
    assert (visitor.status, "11位" in visitor.text) == (422, True)
    await visitor.press("获取验证码", pool="demo", mobile="13512345678")
    wrong = "111111" if await world.last_code() != "111111" else "222222"
    await visitor.press("登录", code=wrong)
    assert (visitor.status, "还可以再试" in visitor.text) == (422, True)
    await visitor.press("登录", code=await world.last_code())
    assert visitor.path == "/draws"


async def test_a_person_of_two_offices_chooses_one(world: World) -> None:
    await make_grant(await make_account(world.services.deps, "13612345678"), "venue")
    account = await make_account(world.services.deps, "13512345678")
    await make_grant(account, "venue")
    await make_grant(account, "verifier")
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile="13512345678")
    await visitor.press("登录", code=await world.last_code())
    assert visitor.path == "/h5/role"
    for made_up in ("2", "-1", "00009", "9" * 5000, "x"):
        await visitor.press("场地人员", option=made_up)
        assert (visitor.status, "请从身份列表中选择" in visitor.text) == (422, True)
        await visitor.get("/h5/role")
    await visitor.press("场地人员")
    assert (visitor.path, "当前身份：场地人员" in visitor.text) == ("/draws", True)


async def test_pages_of_staff_lead_visitors_without_a_log_in_to_the_log_in(world: World) -> None:
    draw_id, _ = await world.panel()
    for path in ("/draws", f"/draws/{draw_id}", f"/draws/{draw_id}/result", f"/draws/{draw_id}/screen", "/h5/role"):
        assert (await world.visitor().get(path)).path == "/h5/login"


async def test_logging_out_ends_a_copied_cookie_too(world: World) -> None:
    venue = await world.log_in(world.office.venue, "venue")
    cookies = {cookie.key: cookie.value for cookie in venue.client.session.cookie_jar}
    await venue.press("退出登录")
    assert venue.path == "/h5/login"
    thief = world.visitor()
    thief.client.session.cookie_jar.update_cookies(cookies, thief.client.make_url("/"))
    assert (await thief.get("/draws")).path == "/h5/login"


async def test_a_revoked_office_is_out_at_once(world: World) -> None:
    account = await make_account(world.services.deps, "13512345678")
    grant = await make_grant(account, "venue")
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile="13512345678")
    await visitor.press("登录", code=await world.last_code())
    grant.revoked_at = world.clock.now()
    await grant.save()
    assert (await visitor.get("/draws")).path == "/h5/role"


async def test_a_link_of_the_mini_program_opens_pages_of_staff_for_three_minutes_and_leads_nowhere_else(
    world: World,
) -> None:
    venue = await world.log_in(world.office.venue, "venue")
    services = world.services
    logins = services.accounts.web_sessions
    actor = await logins.resume(venue.cookie.value)
    token = await logins.issue_hand_over(actor)
    other = await world.visitor().get(f"/h5/login/{token}?to=//evil.example/draws/")
    await other.press("确认登录")
    assert (other.path, "当前身份：场地人员" in other.text) == ("/draws", True)
    world.clock.move(timedelta(minutes=4))
    assert (await world.visitor().get(f"/h5/login/{token}")).status == 403


async def test_a_preview_of_a_log_in_link_starts_no_session_and_the_link_serves_once(world: World) -> None:
    venue = await world.log_in(world.office.venue, "venue")
    logins = world.services.accounts.web_sessions
    actor = await logins.resume(venue.cookie.value)
    token = await logins.issue_hand_over(actor)
    messenger = world.visitor()
    for _ in range(3):
        assert (await messenger.get(f"/h5/login/{token}")).status == 200
        assert (await messenger.get("/draws")).path == "/h5/login", "looking at a link logs nobody in"
    owner, thief = world.visitor(), world.visitor()
    await asyncio.gather(owner.get(f"/h5/login/{token}"), thief.get(f"/h5/login/{token}"))
    await owner.press("确认登录")
    assert owner.path == "/draws"
    await thief.press("确认登录")
    assert (thief.status, "只能登录一次" in thief.text) == (409, True)
    assert "获取验证码" in thief.text, "the ordinary log-in stands on the same page"
    late = await world.visitor().get(f"/h5/login/{token}")
    assert (late.status, "已经用过" in late.text) == (409, True)
    assert (await thief.get("/draws")).path == "/h5/login"


async def test_venue_staff_type_codes_for_entry_and_exit(world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    venue = await world.log_in(world.office.venue, "venue")
    await venue.get(f"/draws/{draw_id}/attendance")
    await venue.press("离场", code=invitation.code)
    assert (venue.status, "没有进场记录" in venue.text) == (409, True)
    await venue.press("进场", code=invitation.code)
    assert f"{invitation.code}已登记进场" in venue.text
    await venue.press("进场", code=invitation.code)
    assert "无需重复" in venue.text
    await venue.press("离场", code=invitation.code)
    assert f"{invitation.code}已登记离场" in venue.text
    await venue.press("离场", code=invitation.code)
    assert "时间以第一次为准" in venue.text
    await venue.press(f"撤销{invitation.code}的离场")
    assert "已撤销离场，并通知专家本人" in venue.text
    assert not await Attendance.filter(invitation_id=invitation.id, direction="out").exists()
    for wrong in ("12345", "abcdef", "１２３４５", ""):
        await venue.press("进场", code=wrong)
        assert (venue.status, "6位数字" in venue.text) == (422, True)
    await venue.press("进场", code="000001" if invitation.code != "000001" else "000002")
    assert (venue.status, "没有这个验证码" in venue.text) == (404, True)
    assert await Attendance.filter(draw_id=draw_id).count() == 1


async def test_venue_staff_enter_codes_as_long_as_the_pools(world: World) -> None:
    world.set_rules("draw", code_length=4)
    draw_id, [invitation] = await world.panel()
    assert len(invitation.code) == 4
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/attendance")
    html = " ".join((await venue.response.text()).split())
    assert 'pattern="[0-9]{4}" maxlength="4"' in html
    assert "专家的4位验证码" in html
    await venue.press("进场", code=f"{invitation.code}00")
    assert (venue.status, "4位数字" in venue.text) == (422, True)
    await venue.press("进场", code=invitation.code)
    assert f"{invitation.code}已登记进场" in venue.text


async def test_a_form_of_staff_sent_by_another_site_does_nothing(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/attendance")
    await venue.press("进场", code=invitation.code, headers={"Origin": "https://evil.example"})
    assert venue.status == 403
    await venue.post(f"/draws/{draw_id}/attendance", {"command": "enter", "code": invitation.code})
    assert venue.status == 403
    assert not await Attendance.exists(draw_id=draw_id)


async def test_missing_experts_are_urged_from_the_list_within_the_window(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    world.clock.move(timedelta(hours=5, minutes=1))
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}/attendance")
    assert "迟到" in venue.text
    await venue.press(f"语音催促{invitation.code}")
    assert "第1次" in venue.text
    assert await Urge.filter(invitation_id=invitation.id).count() == 1
    assert f"虚拟号呼叫{invitation.code}" not in venue.page.buttons, "sealed, and just urged"
    world.clock.move(timedelta(minutes=5))
    await Draw.filter(id=draw_id).update(starts_at=world.clock.now() + timedelta(minutes=30))
    await venue.get(f"/draws/{draw_id}/attendance")
    await venue.press(f"虚拟号呼叫{invitation.code}", phone="13800138000")
    assert (venue.status, "请选择用哪个号码呼叫" in venue.text) == (422, True)
    await venue.press(f"虚拟号呼叫{invitation.code}", phone="own")
    assert ("接听后再呼叫专家" in venue.text, "：准备拨打" in venue.text) == (True, True)
    await venue.press(f"语音催促{invitation.code}", invitation=str(new_id()))
    assert venue.status == 404


async def test_the_venues_screen_shows_a_fresh_code_and_how_many_came(world: World) -> None:
    draw_id, [invitation, _] = await world.panel(2)
    await world.services.draws.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    venue = await (await world.log_in(world.office.venue, "venue")).get(f"/draws/{draw_id}")
    assert venue.text.index("签到台") < venue.text.index("总呼叫"), "the venue's work comes first"
    await venue.get(f"/draws/{draw_id}/screen")
    notice = await CallNotice.get(draw_id=draw_id)
    assert f"{notice.room} {print_time(notice.gathering_at)}集合" in venue.text, "rooms of one venue are told apart"
    first = await venue.response.text()
    assert 'data-qr="http://127.0.0.1:8080/v/' in first
    assert "已签到 1 / 2" in venue.text
    world.clock.move(timedelta(seconds=20))
    assert await (await venue.get(f"/draws/{draw_id}/screen")).response.text() != first


async def test_an_agency_sees_codes_only_and_no_arrivals_while_the_result_is_sealed(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/draws/{draw_id}/result")
    assert "名单已密封" in agency.text
    assert invitation.code in agency.text
    assert "专家0" not in agency.text
    await agency.get(f"/draws/{draw_id}")
    [venue] = [link for link in agency.page.links if link.startswith("专家出入场情况")]
    await agency.click(venue)
    assert (agency.status, "后可查看" in agency.text, "还没有专家" in agency.text) == (200, True, False)
    assert (await agency.get(f"/draws/{draw_id}/screen")).status == 403
    assert not await AuditEntry.exists(action="result.read")


async def test_the_unsealed_result_prints_names_marks_supplements_and_logs_each_reading(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    invitation.supplementary = True
    await invitation.save(update_fields=["supplementary"])
    agency = await world.log_in(world.office.agency)
    world.clock.move(timedelta(hours=5, minutes=30))
    await agency.get(f"/draws/{draw_id}/result")
    assert f"*{invitation.code}" in agency.text.replace("* ", "*")
    assert "专家0" in agency.text
    assert "李监督" in agency.text
    await agency.get(f"/draws/{draw_id}/result")
    assert await AuditEntry.filter(action="result.read", subject_id=draw_id).count() == 2


async def test_another_agencys_draw_is_not_there(world: World) -> None:
    draw_id, _ = await world.panel()
    outsider = await make_account(world.services.deps)
    await make_organisation(credit_code=OTHER_CREDIT_CODE, legal_account_id=outsider.id)
    agency = await world.log_in(Actor("demo", "organisation", outsider.id))
    assert "没有需要您处理的事项" in agency.text
    for path in ("", "/attendance", "/screen", "/result"):
        assert (await agency.get(f"/draws/{draw_id}{path}")).status in (403, 404)
        assert "演示项目" not in agency.text
    assert (await agency.get("/draws/not-a-number")).status == 404


async def test_searching_and_turning_pages_of_draws(world: World) -> None:
    await world.panel()
    venue = await world.log_in(world.office.venue, "venue")
    assert "没有符合条件的活动" in (await venue.get("/draws?q=不存在&page=-1")).text
    assert "演示项目" in (await venue.get("/draws?q=演示&page=1")).text
    assert (await venue.get("/draws?page=999999")).status == 200


async def test_a_disabled_person_is_not_let_in_with_a_right_code(world: World) -> None:
    account = await make_account(world.services.deps, "13512345678")
    await make_grant(account, "venue")
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile="13512345678")
    account.disabled_at = world.clock.now()
    await account.save()
    await visitor.press("登录", code=await world.last_code())
    assert (visitor.status, "没有可以登录的身份" in visitor.text) == (403, True)
    assert (await visitor.get("/draws")).path == "/h5/login"


async def test_the_verifier_opens_the_file_that_goes_with_a_request_and_the_venue_never_sees_it(world: World) -> None:
    draw_id = await make_draw(world.office)
    await world.services.draws.attachments.attach(world.office.agency, draw_id, '抽取"申请表.pdf', pdf())
    terminal = world.services.deps.book("demo").draw.terminals[0]
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "请核验")
    verifier = await world.log_in(world.office.verifier, "verifier")
    assert "申请附件" in (await verifier.get(f"/draws/{draw_id}")).text
    answer = await verifier.client.get(f"/draws/{draw_id}/attachment")
    assert await answer.read() == pdf()
    assert answer.headers["Content-Disposition"].startswith('inline; filename="file.pdf";')
    assert (answer.content_type, answer.headers["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    venue = await world.log_in(world.office.venue, "venue")
    assert "申请附件" not in (await venue.get(f"/draws/{draw_id}")).text
    assert (await venue.get(f"/draws/{draw_id}/attachment")).status == 403
    assert (await venue.get(f"/draws/{draw_id}/attachment/mail")).status == 403


async def test_a_request_without_a_file_offers_none(world: World) -> None:
    draw_id = await make_draw(world.office)
    verifier = await world.log_in(world.office.verifier, "verifier")
    assert "申请附件" not in (await verifier.get(f"/draws/{draw_id}")).text
    assert (await verifier.get(f"/draws/{draw_id}/attachment")).status == 404


async def test_a_recusal_is_registered_by_the_venue_and_confirmed_by_the_verifier(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    world.clock.set(invitation.gathering_at)
    venue, verifier = (
        await world.log_in(world.office.venue, "venue"),
        await world.log_in(world.office.verifier, "verifier"),
    )
    await venue.get(f"/draws/{draw_id}/absences")
    await venue.press("登记", who=invitation.code, kind="recusal", cause="", reason="亲属")
    assert (venue.status, "请从列表中选择回避原因" in venue.text) == (422, True)
    await venue.press("登记", who=invitation.code, kind="recusal", cause="投标人", reason="与法定代表人有亲属关系")
    assert "等待核验人员或监督人确认" in venue.text
    assert "确认回避" not in venue.page.buttons
    assert "现场回避待您确认" in (await verifier.get("/draws")).text
    await verifier.get(f"/draws/{draw_id}/absences")
    await verifier.press("不予确认", opinion="  ")
    assert (verifier.status, "请填写不予确认的原因" in verifier.text) == (422, True)
    assert 'value="  "' in await verifier.response.text(), "what was typed stays"
    await verifier.press("确认回避")
    assert "已确认，名额已空出" in verifier.text
    assert (await Invitation.get(id=invitation.id)).state == "recused"


async def test_the_venue_registers_an_absence_and_ends_the_activity_without_the_one_who_never_came(
    world: World,
) -> None:
    draw_id, [present, absent] = await world.panel(2)
    world.clock.set(present.gathering_at)
    venue = await world.log_in(world.office.venue, "venue")
    await world.services.draws.attendance.check_in_by_code(world.office.venue, draw_id, present.code)
    await venue.get(f"/draws/{draw_id}/absences")
    await venue.press("登记", who=absent.code, kind="absence", reason="未到")
    assert "已登记缺席" in venue.text
    supervisor = await world.log_in(world.office.supervisor)
    await supervisor.get(f"/draws/{draw_id}/absences")
    assert [text in supervisor.text for text in ("缺席记录", absent.code, "未补抽", "人工登记")] == [True] * 4
    assert "登记" not in supervisor.page.buttons, "he reads only"
    await venue.get(f"/draws/{draw_id}/exit")
    assert "结束活动" not in venue.page.buttons
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await venue.get(f"/draws/{draw_id}/exit")
    await venue.press("结束活动", words="一人未到")
    assert (venue.path, "已结束" in venue.text) == (f"/draws/{draw_id}", True)
    await venue.get(f"/draws/{draw_id}/absences")
    assert ("不再补抽" in venue.text, "已补抽" in venue.text) == (True, False), "nobody came instead"


async def test_the_verifier_terminates_a_full_panel_and_the_agency_can_not(world: World) -> None:
    draw_id, [invitation] = await world.panel()
    agency, verifier = await world.log_in(world.office.agency), await world.log_in(world.office.verifier, "verifier")
    await agency.get(f"/draws/{draw_id}/exit")
    assert ("终止活动" in agency.page.buttons, "联系交易中心核验人员终止" in agency.text) == (False, True)
    await agency.click("申请退选")
    assert agency.path == f"/agency/draws/{draw_id}/release"
    await verifier.get(f"/draws/{draw_id}/exit")
    await verifier.press("终止活动", cause="project_stopped", words="")
    assert (verifier.status, "请填写终止说明" in verifier.text) == (422, True)
    assert '<option value="project_stopped" selected>' in " ".join((await verifier.response.text()).split())
    await verifier.press("终止活动", cause="project_stopped", words="项目取消")
    assert "已终止" in verifier.text
    assert (await Invitation.get(id=invitation.id)).state == "cancelled"


async def test_an_administrator_keeps_the_offices_menu_at_the_draws(world: World) -> None:
    draw_id, _ = await world.call()
    admin = await world.log_in(Actor("demo", "guest", (await make_account(world.services.deps)).id), "pool_admin")
    for path in ("/draws", f"/draws/{draw_id}"):
        await admin.get(path)
        assert (admin.status, admin.page.links["审核分工"]) == (200, "/office/reviewers")
    venue = await world.log_in(world.office.venue, "venue")
    assert "审核分工" not in (await venue.get("/draws")).page.links


async def test_a_supervisor_commits_and_reveals_on_the_page_of_the_draw(world: World) -> None:
    """As the page's script does; the agency takes part by the service."""
    office = world.office
    await add_experts(office, 3)
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    supervisor = await world.log_in(office.supervisor, "supervisor")
    assert "等待您提交随机数" not in supervisor.text
    view = await office.rounds.open(office.agency, draw_id)
    assert "等待您提交随机数" in (await supervisor.get("/draws")).text
    await supervisor.get(f"/draws/{draw_id}")
    [box] = re.findall(r"<section[^>]*data-take-part[^>]*>", await supervisor.response.text())
    facts = dict(re.findall(r'data-([a-z-]+)="([^"]*)"', box))
    assert (facts["take-part"], facts["role"], facts["draw"]) == (
        f"/draws/{draw_id}/round",
        "supervisor",
        view.draw_number,
    )
    values = {role: os.urandom(16) for role in ("agency", "supervisor")}
    digest = {
        role: participant_commitment(role, value, view.draw_number, view.round_number).hex()
        for role, value in values.items()
    }
    await office.rounds.commit(office.agency, draw_id, "agency", digest["agency"])
    for step in ({"commitment": digest["supervisor"]}, {"value": values["supervisor"].hex()}):
        await supervisor.post(facts["take-part"], {"form": facts["form"], **step})
        assert supervisor.status == 200, supervisor.text
    await office.rounds.reveal(office.agency, draw_id, "agency", values["agency"].hex())
    assert (await (await supervisor.get(facts["take-part"])).response.json())["round"]["seed"]
    await supervisor.get(f"/draws/{draw_id}")
    assert "专家顺序已确定" in supervisor.text
    await supervisor.post(facts["take-part"], {"form": facts["form"], "value": "zz"})
    assert (supervisor.status, "无法识别" in (await supervisor.response.json())["detail"]) == (422, True)


async def test_who_was_granted_the_role_only_looks_on(world: World) -> None:
    office = world.office
    draw_id = await make_draw(office)
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    other = await world.log_in(Actor("demo", "supervisor", (await make_account(office.deps)).id), "supervisor")
    await other.get(f"/draws/{draw_id}")
    assert (other.status, "提交我的随机数" in other.text) == (200, False)
    assert (await other.get(f"/draws/{draw_id}/round")).status == 403
    venue = await world.log_in(office.venue, "venue")
    assert (await venue.get(f"/draws/{draw_id}/round")).status == 403


async def test_draws_are_found_by_state_and_by_project(world: World) -> None:
    await world.panel()
    venue = await world.log_in(world.office.venue, "venue")
    assert "演示项目(一标段)" in (await venue.get("/draws?state=completed&project=2026112100000000")).text
    assert "没有符合条件的活动" in (await venue.get("/draws?state=short")).text
    assert "没有符合条件的活动" in (await venue.get("/draws?project=别的项目")).text


async def test_a_supervisor_of_the_register_logs_in_once_a_draw_names_him_and_as_long_as_he_is_registered(
    world: World,
) -> None:
    """He gets no account of his own beforehand: the office enters his mobile number, an agency chooses him."""
    office, mobile = world.office, "13700003333"
    entry = await make_supervisor(office.deps, mobile, name="赵监督")
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    assert not await Notice.exists(kind="verification_code")
    world.clock.move(timedelta(minutes=2))
    draw_id = await office.setup.create(office.agency, replace(draw_form(office), supervisors=(entry.id,)))
    visitor = await world.visitor().get("/h5/login")
    await visitor.press("获取验证码", pool="demo", mobile=mobile)
    await visitor.press("登录", code=await world.last_code())
    assert visitor.path == "/draws", visitor.text
    await Draw.filter(id=draw_id).update(state="ended", terminal="省中心", ended_at=world.clock.now())
    await visitor.get("/draws")
    assert (visitor.path, visitor.status) == ("/draws", 200), "what was supervised can be read when it is over"
    await SupervisorEntry.filter(id=entry.id).update(active_until=world.clock.now())
    await visitor.get("/draws")
    assert visitor.path != "/draws", visitor.text


async def test_the_page_of_endings_offers_only_what_can_be_done(world: World) -> None:
    """At the start: nobody here, then one of two, whose other may be late, then the time to urge is over."""
    draw_id, [first, late] = await world.panel(2)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await Invitation.filter(id=late.id).update(gathering_at=world.clock.now())
    agency, verifier = await world.log_in(world.office.agency), await world.log_in(world.office.verifier, "verifier")
    await agency.get(f"/draws/{draw_id}/exit")
    assert ("还没有专家签到进场" in agency.text, "结束活动" in agency.page.buttons) == (True, False)
    await world.office.attendance.check_in_by_code(world.office.venue, draw_id, first.code)
    for person in (agency, verifier):
        await person.get(f"/draws/{draw_id}/exit")
        assert ("可能仍在途中" in person.text, "已有专家进场评标，不能终止" in person.text) == (True, True)
        assert not {"结束活动", "终止活动"} & set(person.page.buttons)
    world.clock.move(world.services.deps.book("demo").attendance.urging_window)
    agency = await world.log_in(world.office.agency)
    await agency.get(f"/draws/{draw_id}/exit")
    await agency.press("结束活动", words="评标已完成")
    assert await state_of(draw_id) == "ended"
