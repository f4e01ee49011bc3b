"""An expert's file at the office: read by administrators only, revealed for a reason, silent about sealed panels."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from models.accounts import Account
from models.applications import Attachment
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert
from services.core.base import Actor
from tests.factories.offices import enter_all
from tests.factories.people import CREDIT_CODE, file_more, make_account, make_expert, make_identity
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene, handed_in, make_scene, post

DAY = timedelta(days=1)


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def file_page(scene: Scene, expert: Expert, query: str = "") -> Visitor:
    return await scene.at(f"/office/experts/{expert.id}{query}")


async def test_the_file_shows_what_is_held_since_when_and_what_was_before(scene: Scene) -> None:
    deps, now = scene.world.services.deps, scene.world.clock.now()
    account = await make_account(deps, real_name="欧阳锋")
    expert = await make_expert(deps, account=account, term_until=now + 30 * DAY, recusal_keys=[f"code:{CREDIT_CODE}"])
    await make_identity(account)
    await file_more(deps, expert, now - 9 * DAY, employer="旧单位", email="old@example.cn")
    await file_more(deps, expert, now - 2 * DAY, employer="新单位", email="new@example.cn")
    page = await file_page(scene, expert)
    for text in (
        *(expert.number, "正式专家", "已绑定公众号", "未实名注册", "旧单位", "新单位", "现单位", "以前的登记（1）"),
        *("2026年11月19日 批量导入", f"统一社会信用代码{CREDIT_CODE}", "没有通过本系统提交过申请", "档案资料变更"),
        *("工作单位：旧单位 → 新单位", "n***@example.cn", "o***@example.cn"),
    ):
        assert text in page.text, text
    for secret in ("new@example.cn", "old@example.cn", deps.keys.open_text(expert.id_number_sealed, "id_number")):
        assert secret not in page.text
    assert await AuditEntry.filter(action="expert.file.read", subject_id=expert.id).count() == 1


async def test_the_list_marks_emergency_experts_and_shows_them_alone(scene: Scene) -> None:
    deps = scene.world.services.deps
    await make_expert(deps, name="段正淳", emergency=True)
    await make_expert(deps, name="慕容复")
    visitor = await scene.at("/office/experts")
    assert ('<span class="tag">应急专家</span>' in await visitor.response.text(), "慕容复" in visitor.text) == (
        True,
        True,
    )
    visitor = await scene.at("/office/experts?state=emergency&columns=emergency")
    assert ("段正淳 应急专家 是" in visitor.text, "慕容复" in visitor.text) == (True, False)


async def test_a_masked_value_is_shown_once_for_a_reason_that_the_audit_trail_keeps(scene: Scene) -> None:
    deps, now = scene.world.services.deps, scene.world.clock.now()
    expert = await make_expert(deps)
    for days, email in ((9, "old@example.cn"), (2, "new@example.cn")):
        await file_more(deps, expert, now - days * DAY, email=email)
    path, page = f"/office/experts/{expert.id}", await file_page(scene, expert)
    await post(page, path, command="reveal", id="email", field="email", reason=" ")
    assert (page.status, "请填写查看原因" in page.text, "new@example.cn" in page.text) == (422, True, False)
    assert not await AuditEntry.filter(action="expert.file.reveal").exists()

    await post(page, path, command="reveal", id="email", field="email", reason="核对寄送证书的邮箱")
    assert ("new@example.cn" in page.text, "old@example.cn" in page.text) == (True, True), "and what it was before"
    [audited] = await AuditEntry.filter(action="expert.file.reveal", subject_id=expert.id)
    assert audited.details == {"field": "email", "reason": "核对寄送证书的邮箱"}
    assert (await file_page(scene, expert)).text.count("new@example.cn") == 0, "only that response shows it"

    for field in ("employer", "address", "nonsense", ""):  # not masked, not filed, no field
        await post(page, path, command="reveal", id=field, field=field, reason="好奇")
        assert (page.status, "没有隐藏内容" in page.text) == (404, True)
    assert await AuditEntry.filter(action="expert.file.reveal").count() == 1


async def test_files_open_from_there_and_covered_ones_are_logged(scene: Scene) -> None:
    deps = scene.world.services.deps
    application = await handed_in(scene, "欧阳建国")
    expert = await make_expert(deps, account=await Account.get(id=application.account_id))
    attached = await Attachment.filter(application_id=application.id, state="ready")
    filed = {file.field: [{"row": 0, "file": str(file.id)}] for file in attached}
    await file_more(deps, expert, scene.world.clock.now(), **filed)
    page = await file_page(scene, expert)
    card = next(file for file in attached if file.field == "id_card_front")
    assert f"/office/applications/{application.id}" in page.page.links.values()
    for file in attached:
        assert f"/office/files/{file.id}?form=original" in page.page.links.values()
    response = await page.client.get(f"/office/files/{card.id}", headers=page.headers)
    assert (response.status, await AuditEntry.filter(action="attachment.open", subject_id=card.id).count()) == (200, 1)


async def test_a_field_that_the_rulebook_dropped_is_still_held_and_shown(scene: Scene) -> None:
    expert = await make_expert(scene.world.services.deps)
    await file_more(scene.world.services.deps, expert, scene.world.clock.now(), hobby="围棋")
    page = await file_page(scene, expert)
    assert ("已停用的栏目（hobby）" in page.text, "围棋" in page.text) == (True, False)
    await post(page, f"/office/experts/{expert.id}", command="reveal", id="hobby", field="hobby", reason="核对旧资料")
    assert "围棋" in page.text


async def test_who_has_left_is_read_on_and_nothing_more_is_done(scene: Scene) -> None:
    deps = scene.world.services.deps
    expert = await make_expert(deps)
    sanctions = scene.world.services.sanctions.sanctions
    proposed = await sanctions.remove(scene.admin, expert.id, "本人申请")
    await sanctions.confirm(Actor("demo", "pool_admin", (await make_account(deps)).id), proposed.id)
    page = await file_page(scene, expert)
    assert ("档案只作存档" in page.text, "退库：本人申请" in page.text) == (True, True)
    assert not [name for name in page.page.buttons if "退库" in name], "but to undo it"
    assert "恢复入库" in page.page.buttons


# ---- sealed panels


def essence(page: Visitor) -> str:
    """A page without what differs between any two requests."""
    assert page.status == 200
    return re.sub(r'name="(form|key)" value="[^"]*"|[?&]v=\w+', "", page.text)


async def shown(scene: Scene, expert: Expert) -> list[str]:
    return [
        essence(await file_page(scene, expert, query)) for query in ("", "?kind=panel", "?kind=missed", "?kind=money")
    ]


@pytest.mark.parametrize("outcome", ["open", "accept", "decline", "leave"])
async def test_until_unsealing_the_file_of_an_expert_of_a_panel_is_that_of_any_other(
    world: World, scene: Scene, outcome: str
) -> None:
    """Whatever he answers, and whatever is owed: page and lists are the same, byte by byte, until the names open."""
    draw_id, [invitation] = await world.call()
    expert = await Expert.get(id=invitation.expert_id)
    called = await shown(scene, expert)
    invitations = world.services.draws.invitations
    if outcome in ("accept", "leave"):
        await invitations.answer(invitation.id, expert.id, "accept", by="chat")
    if outcome == "leave":
        await invitations.leave(invitation.id, expert.id, "生病", by="chat")
    if outcome == "decline":
        await invitations.answer(invitation.id, expert.id, "decline", by="chat")
    await world.office.run.advance(draw_id)
    assert await shown(scene, expert) == called
    assert not re.search("评标邀请|同意参加|答复不参加|请假，|集合，", called[0])
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.starts_at - timedelta(minutes=30, seconds=1))
    assert await shown(scene, expert) == called, "a second before unsealing"
    if outcome == "accept":
        world.clock.set(draw.starts_at - timedelta(minutes=30))
        assert "同意参加评标" in (await file_page(scene, expert, "?kind=panel")).text


async def test_what_is_owed_for_a_panel_that_was_called_off_shows_only_after_unsealing(
    world: World, scene: Scene
) -> None:
    draw_id, [invitation] = await world.panel()
    expert = await Expert.get(id=invitation.expert_id)
    world.clock.move(timedelta(hours=4))
    before = await shown(scene, expert)
    await world.office.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    await world.office.activity_end.terminate(world.office.verifier, draw_id, "replanned", "开标改期")
    remuneration = world.services.remuneration
    await remuneration.proposals.propose_all(world.office.venue, draw_id)
    [own] = await remuneration.answers.list_own(Actor("demo", "expert", expert_id=expert.id))
    assert own.amount
    assert await shown(scene, expert) == before
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    assert "评标酬劳" in (await file_page(scene, expert, "?kind=money")).text


async def test_after_the_end_the_panel_and_its_particulars_are_there(world: World, scene: Scene) -> None:
    draw_id, [invitation] = await world.panel()
    draw = await Draw.get(id=draw_id)
    world.clock.set(draw.ends_at)
    await enter_all(draw_id)
    await world.services.draws.activity_end.end(world.office.agency, draw_id, "评标已结束")
    page = await file_page(scene, await Expert.get(id=invitation.expert_id), "?kind=panel")
    assert ("参加评标" in page.text, draw.number in page.text) == (True, True)
    assert f"/draws/{draw_id}" in page.page.links.values()
