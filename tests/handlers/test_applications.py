"""申报 and 进度: possible actions and the state, in one bubble each."""

from __future__ import annotations

from datetime import timedelta

from domain.applications.lifecycles import ApplicationState, TaskState
from models.campaigns import Campaign
from models.experts import Expert
from models.reviews import ReviewEntry, ReviewTask
from services.applications import stored_place
from services.core.base import Actor
from tests.factories.applicants import make_applicant
from tests.factories.payments import make_fee
from tests.factories.people import make_account, make_expert
from tests.handlers.conftest import Phone, World


async def test_a_stranger_is_shown_where_to_register(stranger: Phone) -> None:
    told = await stranger.says("申报")
    assert "请先注册" in told
    assert "/h5/demo/apply" in told
    assert "请先绑定身份" in await stranger.says("进度")


async def test_a_registered_person_sees_the_open_campaign_and_its_end(world: World) -> None:
    now = world.clock.now()
    await Campaign.create(
        pool="demo",
        name="常态征集",
        entry_types=["first"],
        enrol_from=now - timedelta(days=1),
        enrol_until=now + timedelta(days=9),
        created_at=now,
        published_at=now,
    )
    account = await make_account(world.office.deps, registered_at=now, id_number_hash="h", id_number_sealed="s")
    phone = await world.phone_with(account)
    told = await phone.says("申报")
    assert "专家常态征集" in told
    assert "去申请" in told
    assert "还没有提交过申请" in await phone.says("进度")


async def test_progress_says_who_has_it_since_when_and_what_is_next(world: World) -> None:
    now = world.clock.now()
    applicant = await make_applicant(
        world.office.deps, state=ApplicationState.REVIEWING, step=0, round=1, submitted_at=now, region="440106"
    )
    step = world.office.deps.book("demo").review.steps[0]
    await ReviewTask.create(
        application_id=applicant.id,
        pool="demo",
        round=1,
        step=0,
        step_code=step.code,
        region="440000",
        state=TaskState.OPEN,
        opened_at=now,
    )
    told = await (await world.phone_with(applicant.account)).says("进度")
    assert applicant.application.number in told
    assert step.department in told
    assert "下一步：" in told


async def test_an_opinion_is_shown_harmlessly_with_the_page_that_corrects(world: World) -> None:
    now = world.clock.now()
    applicant = await make_applicant(
        world.office.deps, state=ApplicationState.SENT_BACK, step=0, round=1, submitted_at=now, sent_back_fields=["*"]
    )
    await ReviewEntry.create(
        application_id=applicant.id, at=now, event="send_back", who="某部门", opinion='证书不清晰<a href="x">点我</a>'
    )
    told = await (await world.phone_with(applicant.account)).says("进度")
    assert "审核意见：证书不清晰‹a" in told
    assert "/apply/form" in told


async def test_the_newest_message_of_the_office_is_shown_with_where_all_are_read(world: World) -> None:
    deps = world.office.deps
    back = {"step": 0, "round": 1, "submitted_at": world.clock.now(), "sent_back_fields": ["*"]}
    applicant = await make_applicant(deps, state=ApplicationState.SENT_BACK, **back)
    phone = await world.phone_with(applicant.account)
    assert "留言" not in await phone.says("进度")
    admin = await make_account(deps)
    actor = Actor("demo", "pool_admin", admin.id)
    acts = world.services.workflows.office_acts
    await acts.message(actor, applicant.application.id, "请带原件到窗口。")
    first = await phone.says("进度")
    assert "留言：请带原件到窗口。" in first
    assert "/h5/demo/apply/status#messages" in first
    assert "查看留言" in first
    world.clock.move(timedelta(minutes=1))
    await acts.message(actor, applicant.application.id, "照片不清晰，" * 60)
    both = await phone.says("进度")
    assert "留言：照片不清晰，" in both
    assert "请带原件" not in both
    assert "查看全部2条留言" in both
    assert "照片不清晰" in await phone.says("我的状态")
    assert "下一步：" in both, "a long message leaves room for the next step"


async def test_marked_places_are_named_in_the_chat_unless_the_opinion_names_them(world: World) -> None:
    deps, now = world.office.deps, world.clock.now()
    back = {"step": 0, "round": 1, "submitted_at": now, "sent_back_fields": ["*"]}
    applicant = await make_applicant(deps, state=ApplicationState.SENT_BACK, **back)
    words = "业务专长：请写具体"
    await ReviewEntry.create(application_id=applicant.id, at=now, event="send_back", who="某部门", opinion=words)
    places = [
        stored_place(deps, code, about, {}, [])
        for code, about in (("title_proof", "扫描件不清晰<b>"), ("strengths", "请写具体"))
    ]
    await ReviewTask.create(
        application_id=applicant.id,
        pool="demo",
        round=1,
        step=0,
        step_code="industry",
        region="440000",
        state=TaskState.SENT_BACK,
        opened_at=now,
        decided_at=now,
        opinion=words,
        returned=places,
    )
    told = await (await world.phone_with(applicant.account)).says("修改信息")
    assert "需修改：职称证书:扫描件不清晰‹b›" in told
    assert told.count("请写具体") == 1
    assert "/apply/form?at=title_proof" in told


async def test_giving_up_shows_its_consequences_and_counts_when_confirmed(world: World) -> None:
    """From the exam too, which an applicant could not leave: the fee is paid and does not come back by itself."""
    now = world.clock.now()
    applicant = await make_applicant(
        world.office.deps,
        state=ApplicationState.EXAM,
        round=1,
        submitted_at=now,
        approved_at=now,
        expert_number="ZJ0100001",
    )
    await make_fee(world.office.deps, applicant.application, state="paid", paid_at=now)
    phone = await world.phone_with(applicant.account)
    question = await phone.says("放弃申请")
    assert applicant.application.number in question
    assert "已缴的350.00元不会因放弃自动退回" in question
    assert "没有放弃" in await phone.taps("不放弃")
    await phone.says("撤回申请")
    assert "已放弃" in await phone.taps("确定放弃")
    await applicant.application.refresh_from_db()
    assert (applicant.application.state, applicant.application.ended_at) == ("cancelled", now)
    assert "不用放弃" in await phone.says("放弃申请")


async def test_an_expert_is_shown_where_to_change_the_file(world: World, stranger: Phone) -> None:
    """新疆手册 2025 L158."""
    assert "请先绑定身份" in await stranger.says("异动")
    deps = world.office.deps
    account = await make_account(deps)
    phone = await world.phone_with(account)
    assert "如需变更请拨打" in await phone.says("异动申请"), "nobody yet, and a pool without changes"
    await make_expert(deps, account=account)
    campaigns = deps.book("demo").campaigns
    changed = campaigns.model_copy(update={"entry_types": (*campaigns.entry_types, "change")})
    deps.rulebooks["demo"] = deps.book("demo").model_copy(update={"campaigns": changed})  # type: ignore[index]  # a dict
    told = await phone.says("更换单位")
    assert "/h5/demo/apply?entry_type=change" in told
    assert "异动申请" in told
    assert await phone.says("变更区划") == told
    await Expert.filter(account_id=account.id).update(membership_status="temporary")
    told = await phone.says("更换单位")
    assert "成为正式专家后才能办理，请先完成入库申请。" in told, "before any page"
    assert "entry_type=change" not in told
    assert "/h5/demo/file" in told
