"""An application that had ended is taken up again where it ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from domain.applications.lifecycles import APPLICATION, ApplicationState
from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.applications import Application, ApplicationAct
from models.audit import AuditEntry
from models.exams import ExamCandidate, ExamSitting
from models.notices import Notice
from models.payments import Fee
from models.reviews import ReviewEntry
from services.applications.repository import find_live
from services.core.base import Actor, Deps, transaction
from services.workflows import Reinstatements, preview_reinstatement
from tests.factories.applications import make_campaign
from tests.factories.entry import EntryProcess, make_entry_process
from tests.factories.exams import make_published
from tests.factories.people import make_account, make_expert, make_grant
from tests.factories.reviews import begin, make_applicant, make_application, make_catalogues, step, tasks_of, with_rules
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, Room, make_room

DAY = timedelta(days=1)
REASON = "经核实，职称证书真实有效"


@pytest.fixture(autouse=True)
async def _catalogues(db: str) -> None:
    await make_catalogues()


def road_with(deps: Deps, clock: FixedClock, *stages: str, **sections: object) -> EntryProcess:
    """A pool with one step of review, then these stages."""
    rules: dict[str, object] = {"entry": {"stages": list(stages)}, "review": {"steps": [step("final")]}}
    return make_entry_process(with_rules(deps, **rules | sections), clock)  # type: ignore[arg-type]  # sections


async def make_admin(deps: Deps) -> Actor:
    account = await make_account(deps)
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def handed_in(road: EntryProcess, account: Account | None = None, **columns: object) -> Application:
    application = await make_application(road.services.deps, account, **{"expert_number": "ZJ0100001"} | columns)
    await begin(road.services.workflows.reviews, road.services.deps, application)
    return application


def reinstatements(road: EntryProcess) -> Reinstatements:
    return road.services.workflows.reinstatements


async def refused(road: EntryProcess, **columns: object) -> Application:
    application = await handed_in(road, **columns)
    [task] = await tasks_of(application)
    reviewer = await road.reviewer("demo", "final")
    await road.services.workflows.reviews.decide(reviewer, task.id, "refuse", "职称证书看不清")
    return await Application.get(id=application.id)


async def cancelled(road: EntryProcess, application: Application) -> Application:
    person = Actor("demo", "applicant", application.account_id)
    await road.services.workflows.applications.cancel(person, application.id)
    return await Application.get(id=application.id)


async def waiting_act() -> UUID:
    return (await ApplicationAct.get(state="waiting")).id


async def test_a_refusal_is_taken_back_by_two_and_reviewed_once_more(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock, review={"steps": [step("final")], "own_campaign_window": True})
    campaign = await make_campaign(deps, review_until=deps.now() + 29 * DAY)
    application = await refused(road, campaign_id=campaign.id)
    clock.move(60 * DAY)  # the campaign is over
    first, second = await make_admin(deps), await make_admin(deps)
    until = deps.now() + 5 * DAY
    clock.move(timedelta(minutes=1))
    service = reinstatements(road)
    assert await service.begin(first, application.id, until, REASON)
    assert (await Application.get(id=application.id)).state == "refused"
    with pytest.raises(Forbidden, match="不能自己复核"):
        await service.confirm(first, await waiting_act())
    await service.confirm(second, await waiting_act())

    row = await Application.get(id=application.id)
    assert (row.state, row.ended_at, row.own_until, row.sent_back_fields, row.reason) == (
        "correcting",
        None,
        until,
        ["*"],
        "",
    )
    [entry] = await ReviewEntry.filter(application_id=row.id, event="reinstate")
    assert (entry.who, entry.opinion) == (deps.book("demo").pool.name, REASON)
    told = await Notice.get(kind="application_reinstated")
    assert "前修改后重新提交" in told.params["advice"]
    steps = await AuditEntry.filter(action="application.reinstatement").order_by("at", "id")
    assert [(audit.actor_id, audit.details["step"]) for audit in steps] == [
        (first.account_id, "begin"),
        (second.account_id, "done"),
    ]
    assert REASON not in str([audit.details for audit in steps])

    person = Actor("demo", "applicant", row.account_id)
    progress = await road.services.applications.queries.own_progress(person)
    assert (progress.until, "前修改后重新提交" in progress.advice) == (until, True)
    clock.move(DAY)
    async with transaction():
        locked = await Application.select_for_update().get(id=row.id)
        locked.state, locked.round, locked.submitted_at = "reviewing", 2, deps.now()
        await locked.save()
        await road.services.workflows.reviews.begin(locked, deps.now())
    await road.approve(await Application.get(id=row.id))  # though the campaign's review is over
    assert (await Application.get(id=row.id)).state == "entered"


async def test_a_reviewer_who_sends_it_back_later_leaves_time_to_correct(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock)
    campaign = await make_campaign(deps, review_until=deps.now() + 29 * DAY)
    application = await handed_in(road, campaign_id=campaign.id, own_until=deps.now() + DAY)
    clock.move(60 * DAY)
    [task] = await tasks_of(application)
    reviewer = await road.reviewer("demo", "final")
    await road.services.workflows.reviews.decide(reviewer, task.id, "send_back_whole", "请补充")
    row = await Application.get(id=application.id)
    assert row.own_until == deps.now() + deps.book("demo").campaigns.own_correction


async def test_what_was_given_up_before_it_was_handed_in_is_a_draft_again(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock)
    application = await make_application(deps, state="draft", round=0, submitted_at=None)
    application = await cancelled(road, application)
    until = deps.now() + 3 * DAY
    assert not await reinstatements(road).begin(await make_admin(deps), application.id, until, "本人误点放弃")
    row = await Application.get(id=application.id)
    assert (row.state, row.own_until, row.ended_at) == ("draft", until, None)
    act = await ApplicationAct.get()
    assert (act.state, act.deadline, act.until) == ("done", "submit", until)


async def test_a_paid_application_goes_back_to_the_examination_and_is_not_charged_again(
    deps: Deps, clock: FixedClock
) -> None:
    road = road_with(deps, clock, "fee", "exam")
    application = await handed_in(road)
    for _ in range(2):
        application = await road.go_on(application)
    assert application.state == "exam"
    application = await cancelled(road, application)
    assert not await reinstatements(road).begin(await make_admin(deps), application.id, None, "本人误点放弃")
    row = await Application.get(id=application.id)
    assert (row.state, row.ended_at) == ("exam", None)
    assert [fee.state for fee in await Fee.filter(application_id=row.id)] == ["paid"]
    assert (await Notice.get(kind="application_reinstated")).params["advice"] == "请等待考试通知"
    assert (await road.go_on(row)).state == "entered"


async def test_a_failed_examination_is_taken_back_by_two_and_sat_again(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock, "exam")
    application = await road.go_on(await handed_in(road))
    first, second = await make_admin(deps), await make_admin(deps)
    await road.services.entry.conclusions.record_exam(first, application.id, "failed", "成绩40分")
    clock.move(timedelta(minutes=1))
    assert await reinstatements(road).begin(first, application.id, None, "成绩录错")
    await reinstatements(road).confirm(second, await waiting_act())
    assert (await Application.get(id=application.id)).state == "exam"


@pytest.fixture
async def room(deps: Deps, clock: FixedClock) -> Room:
    """An examination of the pool with one try, in a pool whose last stage it is."""
    rules = with_rules(deps, entry={"stages": ["exam"]})
    room = await make_room(await make_exam_scene(rules, mock=False, result="at_once", tries=1, failed="refused"), clock)
    await ReviewEntry.create(application_id=room.application.id, at=deps.now(), event="call", who="某机构")
    return room


async def take_up(room: Room, reason: str) -> str:
    """Taken up again by two; what the office read of the consequences before."""
    services, (first, second) = room.exam_scene.services, [await make_admin(room.exam_scene.deps) for _ in range(2)]
    plan = await preview_reinstatement(room.exam_scene.deps, await room.load_application())
    assert plan is not None
    room.clock.move(timedelta(minutes=1))
    if await services.workflows.reinstatements.begin(first, room.application.id, None, reason):
        await services.workflows.reinstatements.confirm(second, await waiting_act())
    return plan.goes_on


@pytest.mark.parametrize("passes", [True, False])
async def test_who_failed_the_pools_own_examination_gets_another_try_in_the_same_act(
    room: Room, *, passes: bool
) -> None:
    await room.hand_in(KEY, 0, 0)
    await room.work()
    assert (await room.load_application()).state == "refused"
    told = await take_up(room, "考场停电")
    assert room.exam.name in told
    assert "增加一次考试机会" in told
    assert (await Notice.get(kind="application_reinstated")).params["advice"].startswith("请在")
    candidate = await ExamCandidate.get(id=room.candidate.id)
    assert (candidate.state, candidate.extra_tries) == ("called", 1)
    await room.work()
    applicant = Actor("demo", "applicant", room.application.account_id)
    progress = await room.exam_scene.services.applications.queries.own_progress(applicant)
    assert progress.step is not None, "the person has something to do, and reads where"
    assert progress.step.code == "exam"
    await room.hand_in(*((KEY, KEY, 1) if passes else (KEY, 0, 0)))
    await room.work()
    assert (await room.load_application()).state == ("entered" if passes else "refused")


async def test_an_unused_try_is_not_added_to_and_the_place_comes_back(room: Room) -> None:
    scene = room.exam_scene
    await scene.services.exams.decisions.record_result(scene.office, room.candidate.id, "failed", "替考")
    await ExamCandidate.filter(id=room.candidate.id).update(sitting_id=None)
    booked = (await ExamSitting.get()).booked
    await take_up(room, "核实不是替考")
    candidate = await ExamCandidate.get(id=room.candidate.id)
    assert (candidate.state, candidate.extra_tries, candidate.sitting_id is not None) == ("called", 0, True)
    assert (await ExamSitting.get()).booked == booked + 1


async def test_who_passed_after_giving_up_enters_with_that_result(room: Room) -> None:
    await room.hand_in(KEY, KEY, 1)
    applicant = Actor("demo", "applicant", room.application.account_id)
    await room.exam_scene.services.workflows.applications.cancel(applicant, room.application.id)
    await room.work()
    assert ((await room.load_application()).state, room.candidate.state) == ("cancelled", "passed")
    assert "成绩有效" in await take_up(room, "本人误点放弃")
    assert (await room.load_application()).state == "entered"
    assert "成绩有效" in (await Notice.get(kind="application_reinstated")).params["advice"]


async def test_after_the_examination_the_next_one_calls_who_failed(room: Room) -> None:
    await room.hand_in(KEY, 0, 0)
    await room.work()
    await room.close()
    assert "增加一次" not in await take_up(room, "考场停电")
    assert (await ExamCandidate.get(id=room.candidate.id)).state == "failed"
    following = await make_published(room.exam_scene.services, room.exam_scene.office, after=timedelta(hours=1))
    assert await ExamCandidate.exists(exam_id=following.id, application_id=room.application.id, state="called")


async def test_who_never_paid_gets_a_new_fee_with_the_offices_deadline(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock, "fee")
    campaign = await make_campaign(deps, pay_until=deps.now() + 40 * DAY)
    application = await road.go_on(await handed_in(road, campaign_id=campaign.id))
    admin = await make_admin(deps)
    clock.move(60 * DAY)
    await road.services.entry.conclusions.end(admin, application.id, "逾期未缴费")
    until = deps.now() + 20 * DAY
    assert not await reinstatements(road).begin(admin, application.id, until, "住院，补缴")
    row = await Application.get(id=application.id)
    fees = {fee.state: fee for fee in await Fee.filter(application_id=row.id)}
    assert (row.state, fees.keys()) == ("fee", {"void", "due"})
    assert fees["due"].closes_at == until
    assert fees["due"].amount == fees["void"].amount
    clock.move(DAY)  # a second end tells the applicant once more
    await road.services.entry.conclusions.end(admin, application.id, "仍未缴费")
    assert await Notice.filter(kind="application_ended").count() == 2


async def test_a_public_notice_begins_from_the_start(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock, "notice")
    application = await road.go_on(await handed_in(road))
    clock.move(DAY)
    application = await cancelled(road, application)
    await reinstatements(road).begin(await make_admin(deps), application.id, None, "本人误点放弃")
    row = await Application.get(id=application.id)
    rules = deps.book("demo").notice
    assert rules is not None
    assert (row.state, row.notice_from, row.notice_until) == ("notice", deps.now(), deps.now() + rules.lasts)
    assert (await road.go_on(row)).state == "entered"


async def test_one_that_goes_on_or_entered_is_never_taken_up(deps: Deps, clock: FixedClock) -> None:
    road, admin = road_with(deps, clock), await make_admin(deps)
    until = deps.now() + DAY
    entered = await make_application(deps, state="entered", ended_at=deps.now())
    for application in (entered, await handed_in(road)):
        with pytest.raises(Conflict, match="不用也不能重新受理"):
            await reinstatements(road).begin(admin, application.id, until, REASON)
    for state in ApplicationState:
        ways_back = [to for to in APPLICATION.moves.get(state, {}).values() if not APPLICATION.is_final(to)]
        if state is ApplicationState.ENTERED:
            assert not ways_back


async def test_whoever_has_another_application_or_entered_meanwhile_or_closed_the_account_is_refused(
    deps: Deps, clock: FixedClock
) -> None:
    road, admin = road_with(deps, clock), await make_admin(deps)
    until, service = deps.now() + DAY, reinstatements(road)

    async def given_up(account: Account) -> Application:
        return await cancelled(road, await handed_in(road, account))

    busy = await make_applicant(deps)
    old = await given_up(busy)
    live = await make_application(deps, busy, state="draft", round=0, submitted_at=None)
    with pytest.raises(Conflict, match=f"另有一份申请（{live.number}）"):
        await service.begin(admin, old.id, until, REASON)

    entered = await make_applicant(deps)
    old = await given_up(entered)
    mobile = deps.keys.open_text(entered.mobile_sealed, "mobile")
    await make_expert(deps, mobile, account=entered, id_number_hash=entered.id_number_hash)
    with pytest.raises(Conflict, match="您已是本库专家"):
        await service.begin(admin, old.id, until, REASON)

    later = await make_applicant(deps)
    old = await given_up(later)
    clock.move(DAY)
    await make_application(deps, later, state="entered", ended_at=deps.now())
    with pytest.raises(Conflict, match="后来的同类申请已经办结"):
        await service.begin(admin, old.id, deps.now() + DAY, REASON)

    closed = await make_applicant(deps)
    old = await given_up(closed)
    await Account.filter(id=closed.id).update(disabled_at=deps.now(), mobile_sealed="")
    with pytest.raises(Conflict, match="已注销"):
        await service.begin(admin, old.id, deps.now() + DAY, REASON)
    await Account.filter(id=closed.id).update(mobile_sealed=busy.mobile_sealed)
    with pytest.raises(Conflict, match="已停用"):
        await service.begin(admin, old.id, deps.now() + DAY, REASON)
    assert not await ApplicationAct.exists()


async def test_what_has_changed_since_the_proposal_is_looked_at_again(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock)
    application = await refused(road)
    first, second = await make_admin(deps), await make_admin(deps)
    clock.move(timedelta(minutes=1))
    service = reinstatements(road)
    await service.begin(first, application.id, deps.now() + DAY, REASON)
    late = await make_account(deps)
    grant = await make_grant(late, "pool_admin")
    grant.granted_at = deps.now() + timedelta(minutes=1)
    await grant.save()
    with pytest.raises(Forbidden, match="之后才成为管理员"):
        await service.confirm(Actor("demo", "pool_admin", late.id), await waiting_act())
    live = await make_application(deps, await Account.get(id=application.account_id), state="draft", submitted_at=None)
    with pytest.raises(Conflict, match="另有一份申请"):
        await service.confirm(second, await waiting_act())
    await Application.filter(id=live.id).delete()
    clock.move(2 * DAY)
    with pytest.raises(Conflict, match="截止时间已过"):
        await service.confirm(second, await waiting_act())
    with pytest.raises(InvalidInput, match="不同意的原因"):
        await service.refuse(second, await waiting_act(), " ")
    await service.refuse(second, await waiting_act(), "证据不足")
    act = await ApplicationAct.get()
    assert (act.state, act.refusal, act.ended_by) == ("refused", "证据不足", second.account_id)
    with pytest.raises(Conflict, match="复核未通过"):
        await service.confirm(second, act.id)
    # refused once, it may be proposed anew, and withdrawn by who proposed it
    await service.begin(first, application.id, deps.now() + DAY, REASON)
    with pytest.raises(Conflict, match="已有一项重新受理"):
        await service.begin(second, application.id, deps.now() + DAY, REASON)
    with pytest.raises(Forbidden, match="只有提出的人"):
        await service.withdraw(second, await waiting_act())
    await service.withdraw(first, await waiting_act())
    assert not await ApplicationAct.exists(state="waiting")


async def test_two_members_at_the_same_time_take_it_up_once(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock)
    application = await cancelled(road, await handed_in(road))
    admins = [await make_admin(deps), await make_admin(deps)]
    outcomes = await asyncio.gather(
        *(reinstatements(road).begin(admin, application.id, deps.now() + DAY, REASON) for admin in admins),
        return_exceptions=True,
    )
    assert sorted(isinstance(outcome, Conflict) for outcome in outcomes) == [False, True]
    assert await Notice.filter(kind="application_reinstated").count() == 1


async def test_two_second_looks_at_the_same_time_take_effect_once(deps: Deps, clock: FixedClock) -> None:
    road = road_with(deps, clock)
    application = await refused(road)
    first, *others = [await make_admin(deps) for _ in range(3)]
    clock.move(timedelta(minutes=1))
    await reinstatements(road).begin(first, application.id, deps.now() + DAY, REASON)
    act = await waiting_act()
    outcomes = await asyncio.gather(
        *(reinstatements(road).confirm(admin, act) for admin in others), return_exceptions=True
    )
    assert sorted(isinstance(outcome, AppError) for outcome in outcomes) == [False, True]
    assert await Notice.filter(kind="application_reinstated").count() == 1


async def test_an_own_application_another_pools_and_a_faulty_form_are_refused(deps: Deps, clock: FixedClock) -> None:
    road, admin = road_with(deps, clock), await make_admin(deps)
    person = await make_applicant(deps)
    application = await cancelled(road, await handed_in(road, person))
    service, until = reinstatements(road), deps.now() + DAY
    await make_grant(person, "pool_admin")
    with pytest.raises(Forbidden, match="自己的申请"):
        await service.begin(Actor("demo", "pool_admin", person.id), application.id, until, REASON)
    with pytest.raises(NotFound):
        await service.begin(Actor("hunan", "pool_admin", admin.account_id), application.id, until, REASON)
    with pytest.raises(InvalidInput) as caught:
        await service.begin(admin, application.id, deps.now() - DAY, "")
    assert [fault.field for fault in caught.value.faults] == ["reason", "until"]
    with pytest.raises(InvalidInput, match="请填写新的截止时间"):
        await service.begin(admin, application.id, None, REASON)
    with pytest.raises(Forbidden):
        await service.begin(Actor("demo", "reviewer", admin.account_id), application.id, until, REASON)
    live = await find_live(person.id, change=False)
    assert live is None
