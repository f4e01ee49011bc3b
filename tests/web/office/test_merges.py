"""Two accounts of one person become one, after a preview and a second look; what contradicts itself ends first."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import Conflict
from models.accounts import Account, Session, WechatIdentity
from models.applications import Application
from models.audit import AuditEntry
from models.campaigns import EmployerRequest
from models.corrections import Correction
from models.exams import Exam, ExamCandidate
from models.experts import Expert
from models.notices import Notice
from models.payments import Fee, PayOrder
from models.reviews import Objection
from services.core.base import Deps, rows
from services.corrections import MOVED, NOT_MOVED, ONE_OF_EACH, Upload
from services.operations.invariants import find_broken
from tests.factories.exams import make_attempt, make_exam
from tests.factories.files import pdf
from tests.factories.payments import make_fee
from tests.factories.people import make_account, make_expert, make_grant, make_identity
from tests.factories.reviews import make_applicant, make_application
from tests.web.conftest import Visitor, World
from tests.web.office.test_identities import second
from tests.web.office.test_people import log_in, member, send
from tests.web.office_scene import (
    Scene,
    employer_request,
    make_scene,
    objection,
    on_notice,
    paid,
    wrong_fields,
)

_REFERENCES = """
SELECT r.conrelid::regclass::text AS table, a.attname AS column FROM pg_constraint r
  JOIN pg_attribute a ON a.attrelid = r.conrelid AND a.attnum = r.conkey[1]
 WHERE r.contype = 'f' AND r.confrelid = 'account'::regclass
"""

_UNIQUE = """
SELECT i.indrelid::regclass::text AS table FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
 WHERE i.indisunique AND a.attname = ANY($1::text[])
"""
"""Tables with a unique index on one of these columns and others."""


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def begin(scene: Scene, stays: UUID, ends: UUID) -> Visitor:
    path = f"/office/people/{stays}/merge/{ends}"
    return await send(await scene.at(path), path, pdf(), reason="两次登录用了不同的手机号")


async def confirm(scene: Scene, person_id: UUID) -> Visitor:
    page = await (await second(scene)).at(f"/office/people/{person_id}")
    return await page.press("通过合并账号")


async def test_every_reference_to_an_account_moves_or_has_a_reason_to_stay(scene: Scene) -> None:
    references = {(row["table"], row["column"]) for row in await rows(_REFERENCES)}
    assert references == {*MOVED, *NOT_MOVED}


async def test_what_an_account_has_once_is_asked_before(scene: Scene) -> None:
    moved = {table for table, _ in MOVED}
    unique = {row["table"] for row in await rows(_UNIQUE, [column for _, column in MOVED]) if row["table"] in moved}
    assert unique == set(ONE_OF_EACH)


async def test_the_same_request_on_both_accounts_is_answered_first(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    owner = await make_applicant(deps, "欧阳锋")
    path = f"/office/people/{expert.id}/merge/{owner.id}"
    for each in (account, owner):
        request = await employer_request(scene)
        await EmployerRequest.filter(id=request.id).update(account_id=each.id)
    assert "两个账号都申请了添加单位“深圳示范工程咨询有限公司”" in (await scene.at(path)).text
    await EmployerRequest.all().delete()
    application = await on_notice(scene)
    for each in (account, owner):
        made = await objection(scene, application)
        await Objection.filter(id=made.id).update(account_id=each.id)
    assert f"两个账号都对申请{application.number}提出了异议" in (await scene.at(path)).text


async def test_two_names_or_numbers_are_pointed_out(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    path = f"/office/people/{expert.id}/merge/{{}}"
    same = await make_applicant(deps, expert.name)
    other = await make_applicant(deps, "欧阳克")
    assert "可能不是同一个人" in (await scene.at(path.format(other.id))).text
    await Account.filter(id=same.id).update(id_number_hash=None, id_number_sealed="", registered_at=None)
    assert "可能不是同一个人" not in (await scene.at(path.format(same.id))).text


async def test_everything_goes_to_the_account_that_stays(scene: Scene, world: World, deps: Deps) -> None:
    account, expert = await member(deps)
    owner = await make_applicant(deps, "欧阳锋")
    application = await make_application(deps, owner, state="cancelled", ended_at=deps.now())
    fee = await make_fee(deps, account=owner)
    identity = await make_identity(owner)
    await world.services.accounts.web_sessions.log_in_authenticated(owner.id)
    mobile = deps.keys.open_text(owner.mobile_sealed, "mobile")

    page = await scene.at(f"/office/people/{expert.id}")
    await page.press("预览合并", other=mobile)
    assert page.path == f"/office/people/{expert.id}/merge/{owner.id}"
    assert ("申请 1项" in page.text, "缴费" in page.text, "微信绑定 1项" in page.text) == (True, True, True)
    page = await begin(scene, expert.id, owner.id)
    assert "等待另一位管理员复核" in page.text
    assert (await Application.get(id=application.id)).account_id == owner.id, "nothing before the second look"
    page = await confirm(scene, expert.id)
    assert "已复核通过" in page.text
    assert (await Application.get(id=application.id)).account_id == account.id
    assert (await Fee.get(id=fee.id)).account_id == account.id
    assert (await WechatIdentity.get(id=identity.id)).account_id == account.id
    assert not await Session.filter(account_id=owner.id, revoked_at=None).exists()
    ended = await Account.get(id=owner.id)
    assert (ended.mobile_sealed, ended.id_number_hash, ended.disabled_at) == ("", None, world.clock.now())
    notices = await Notice.filter(kind="person_corrected")
    own = deps.keys.open_text(account.mobile_sealed, "mobile")
    assert {deps.keys.read(notice.mobile_sealed, "mobile") for notice in notices} == {own, mobile}
    whats = [str(notice.params["what"]) for notice in notices]
    assert sorted(whats) == ["合并您的两个账号"] * 2 + ["申请合并您的两个账号"] * 2
    assert await AuditEntry.filter(action="correction.merge").count() == 2
    assert (await scene.at(f"/office/people/{owner.id}")).status == 200
    assert "已并入本人的另一个账号" in (await scene.at(f"/office/people/{owner.id}")).text
    assert not [broken for broken in await find_broken() if "correction" in broken or "without a mobile" in broken]
    person = await log_in(world, own)
    assert person.status == 200


async def test_what_contradicts_itself_is_named_and_stops_the_merge(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    other, twin = await member(deps)
    await make_application(deps, account)
    await make_application(deps, other)
    await make_grant(other, "venue")
    page = await scene.at(f"/office/people/{expert.id}/merge/{twin.id}")
    for words in ("两份专家档案都在库中", "两个账号各有办理中的申请", "先取消授权"):
        assert words in page.text, words
    assert "提交复核" not in page.page.buttons
    merges, upload = scene.world.services.corrections.merges, Upload(pdf(), "本人申请.pdf")
    with pytest.raises(Conflict, match="两份专家档案都在库中"):
        await merges.begin(scene.admin, expert.id, twin.id, "同一个人", upload)
    assert not await Correction.exists()


async def test_who_is_in_the_pool_enters_it_no_second_time(scene: Scene, deps: Deps) -> None:
    """An application of the account that ends would give the expert another number and another term."""
    _, expert = await member(deps)
    owner = await make_applicant(deps, "欧阳锋")
    application = await make_application(deps, owner)
    path = f"/office/people/{expert.id}/merge/{owner.id}"
    page = await scene.at(path)
    assert f"还有办理中的申请（{application.number}），请先由本人放弃" in page.text
    assert "提交复核" not in page.page.buttons
    await Application.filter(id=application.id).update(state="cancelled", ended_at=deps.now())
    assert "提交复核" in (await scene.at(path)).page.buttons


async def test_sittings_of_both_and_a_running_paper_come_first(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    owner = await make_applicant(deps, "欧阳锋")
    exam = await Exam.get(id=await make_exam(scene.world.services, scene.admin))
    by = {"exam_id": exam.id, "called_at": deps.now()}
    mine = await ExamCandidate.create(account_id=owner.id, **by)
    path = f"/office/people/{expert.id}/merge/{owner.id}"
    assert "考试 1项" in (await scene.at(path)).text
    await make_attempt(scene.world.services, mine)
    assert "正在参加考试" in (await scene.at(path)).text
    await ExamCandidate.create(account_id=account.id, **by)
    assert "两个账号都在考试“2026年第二批征集统一考试”的考生名单中" in (await scene.at(path)).text


async def test_an_open_payment_goes_with_its_application(scene: Scene, deps: Deps) -> None:
    account = await make_applicant(deps, "欧阳锋")
    order = await paid(scene, state="pending", success_at=None, transaction_id=None)
    fee = await Fee.get(id=order.fee_id)
    await PayOrder.filter(id=order.id).update(payer_id=fee.account_id)
    await Fee.filter(id=fee.id).update(state="due", paid_at=None)
    await begin(scene, account.id, fee.account_id)
    await confirm(scene, account.id)
    fee, order = await Fee.get(id=fee.id), await PayOrder.get(id=order.id)
    assert (fee.account_id, order.payer_id, fee.state) == (account.id, account.id, "due")


async def test_the_account_with_the_file_stays(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    plain = await make_account(deps, real_name="")
    assert "请反过来" in (await scene.at(f"/office/people/{plain.id}/merge/{expert.id}")).text
    page = await scene.at(f"/office/people/{expert.id}")
    for typed, words in (("", "请填写另一个账号"), (expert.number, "没有找到另一个账号")):
        await page.press("预览合并", other=typed)
        assert (page.status, words in page.text) == (422, True), typed
    lone = await make_expert(deps)
    assert (await scene.at(f"/office/people/{expert.id}/merge/{lone.id}")).status == 409
    assert (await scene.at(f"/office/people/{expert.id}/merge/{expert.account_id}")).status == 409


async def test_what_has_changed_since_stops_the_confirmation(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    owner = await make_applicant(deps, "欧阳锋")
    path = f"/office/people/{expert.id}/merge/{owner.id}"
    assert set(await wrong_fields(await send(await scene.at(path), path, reason=""))) == {"reason", "file"}
    await begin(scene, expert.id, owner.id)
    await make_expert(deps, account=owner)
    page = await confirm(scene, expert.id)
    assert (page.status, "两份专家档案都在库中" in page.text) == (409, True)
    assert (await Expert.get(id=expert.id)).account_id == account.id
    assert (await Correction.get(kind="merge")).state == "waiting"
