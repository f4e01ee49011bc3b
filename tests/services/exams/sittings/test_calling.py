"""Calls of candidates, also later; withdrawals; reminders; a person's own examinations."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, print_full, print_time
from domain.errors import Forbidden
from domain.exams.purposes import Purpose
from models.applications import Application
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamSitting
from models.experts import Expert
from models.notices import Notice
from services.core.base import Actor, Deps
from services.exams import OwnExam, SittingData
from tests.factories.applications import make_campaign
from tests.factories.exams import make_attempt, make_exam, make_published, own, work
from tests.factories.people import make_account, make_expert
from tests.services.exams.exam_scene import ExamScene, make_exam_scene

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def find_own_exam(exam_scene: ExamScene, candidate: ExamCandidate) -> OwnExam:
    (exam,) = await exam_scene.services.exams.own_exams.list(own(candidate))
    return exam


async def test_who_passes_the_review_later_is_called_while_it_is_open(exam_scene: ExamScene, clock: FixedClock) -> None:
    exam = await make_published(exam_scene.services, exam_scene.office)
    clock.set(exam.opens_at + HOUR)
    application = await exam_scene.make_waiting_application()
    assert "exam_call" in await exam_scene.services.operations.scheduler.tick()
    await work(exam_scene.services, "exam_call")
    assert (await exam_scene.candidate_of(application)).called_at == clock.now()
    assert "exam_call" not in await exam_scene.services.operations.scheduler.tick()
    clock.set(exam.closes_at)
    late_application = await exam_scene.make_waiting_application()
    await work(exam_scene.services, "exam_call")
    assert not await ExamCandidate.filter(application_id=late_application.id).exists()


async def test_who_is_called_to_one_that_goes_on_reads_until_when(exam_scene: ExamScene, clock: FixedClock) -> None:
    """No notice names a beginning that lies in the past."""
    exam = await make_published(exam_scene.services, exam_scene.office)
    early = await exam_scene.make_waiting_application()
    await work(exam_scene.services, "exam_call")
    clock.set(exam.opens_at + HOUR)
    late = await exam_scene.make_waiting_application()
    await work(exam_scene.services, "exam_call")
    ahead, open_now = [
        (await Notice.get(kind="exam_called", account_id=person.account_id)).params for person in (early, late)
    ]
    until = print_time(exam.closes_at)
    assert (ahead["when"], ahead["when_full"]) == (print_time(exam.opens_at), print_full(exam.opens_at))
    assert (open_now["when"], open_now["when_full"]) == (f"{until}前", print_full(clock.now()))
    assert open_now["span"] == f"现在起至{until}"


async def test_of_a_campaign_only_its_own_are_called(exam_scene: ExamScene) -> None:
    campaign, other = await make_campaign(exam_scene.deps), await make_campaign(exam_scene.deps, name="另一次")
    inside = await exam_scene.make_waiting_application(campaign_id=campaign.id)
    await exam_scene.make_waiting_application(campaign_id=other.id)
    await exam_scene.make_waiting_application(campaign_id=campaign.id, state="reviewing")
    await make_published(exam_scene.services, exam_scene.office, campaign_id=campaign.id)
    assert [candidate.application_id for candidate in await ExamCandidate.all()] == [inside.id]


async def test_experts_of_a_campaign_are_called_once_they_have_an_account(exam_scene: ExamScene) -> None:
    campaign = await make_campaign(exam_scene.deps)
    account = await make_account(exam_scene.deps)
    expert_with_account, expert_without_account, departed_expert = (
        await make_expert(exam_scene.deps, account=account),
        await make_expert(exam_scene.deps),
        await make_expert(exam_scene.deps, left_at=exam_scene.deps.now()),
    )
    for expert in (expert_with_account, expert_without_account, departed_expert):
        await exam_scene.make_waiting_application(
            state="entered", campaign_id=campaign.id, expert_id=expert.id, ended_at=exam_scene.deps.now()
        )
    await make_published(exam_scene.services, exam_scene.office, purpose=Purpose.CAMPAIGN, campaign_id=campaign.id)
    assert [candidate.expert_id for candidate in await ExamCandidate.all()] == [expert_with_account.id]
    await Expert.filter(id=expert_without_account.id).update(account_id=(await make_account(exam_scene.deps)).id)
    await work(exam_scene.services, "exam_call")
    assert {candidate.expert_id for candidate in await ExamCandidate.all()} == {
        expert_with_account.id,
        expert_without_account.id,
    }


@pytest.mark.parametrize("state", ["cancelled", "refused", "entered"])
async def test_whose_application_is_over_sits_no_more_and_frees_the_place(exam_scene: ExamScene, state: str) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    await make_attempt(exam_scene.services, candidate, "ready")
    await Application.filter(id=application.id).update(state=state, ended_at=exam_scene.deps.now())
    assert "exam_leave" in await exam_scene.services.operations.scheduler.tick()
    await work(exam_scene.services, "exam_leave")
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.sitting_id) == ("left", None)
    assert (await ExamAttempt.get()).state == "void"
    assert (await ExamSitting.get()).booked == 0
    assert "exam_leave" not in await exam_scene.services.operations.scheduler.tick()


async def test_whose_application_is_taken_up_again_is_a_candidate_again(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    await Application.filter(id=application.id).update(state="cancelled", ended_at=exam_scene.deps.now())
    await work(exam_scene.services, "exam_leave")
    clock.move(HOUR)
    assert "exam_call" not in await exam_scene.services.operations.scheduler.tick()
    now = exam_scene.deps.now()
    await Application.filter(id=application.id).update(state="exam", ended_at=None, state_since=now)
    assert "exam_call" in await exam_scene.services.operations.scheduler.tick()
    await work(exam_scene.services, "exam_call")
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.called_at, candidate.concluded_at) == ("called", now, None)
    assert candidate.sitting_id is not None
    assert (await ExamSitting.get()).booked == 1
    assert await Notice.filter(kind="exam_called").count() == 2
    assert "exam_call" not in await exam_scene.services.operations.scheduler.tick()


async def test_whom_the_office_took_out_of_the_examination_stays_out(exam_scene: ExamScene, clock: FixedClock) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    clock.move(HOUR)
    await exam_scene.services.exams.decisions.release(exam_scene.office, candidate.id, "另行安排")
    assert "exam_call" not in await exam_scene.services.operations.scheduler.tick()


async def test_an_expert_who_left_the_pool_sits_no_more(exam_scene: ExamScene) -> None:
    expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    exam_id = await make_exam(exam_scene.services, exam_scene.office, purpose=Purpose.SINGLE)
    await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, expert.number)
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    await Expert.filter(id=expert.id).update(left_at=exam_scene.deps.now())
    await work(exam_scene.services, "exam_leave")
    assert (await ExamCandidate.get()).state == "left"


# ---- reminders


async def test_reminders_come_by_their_steps_and_none_twice(exam_scene: ExamScene, clock: FixedClock) -> None:
    await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    counts = []
    for before in exam_scene.deps.book("demo").exam.reminders:
        clock.set(exam.opens_at - before)
        assert "exam_reminder" in await exam_scene.services.operations.scheduler.tick()
        await work(exam_scene.services, "exam_reminder")
        assert "exam_reminder" not in await exam_scene.services.operations.scheduler.tick()
        counts.append(await Notice.filter(kind="exam_reminder").count())
    assert counts == list(range(1, len(exam_scene.deps.book("demo").exam.reminders) + 1))


async def test_after_an_outage_only_the_last_reminder_is_sent(exam_scene: ExamScene, clock: FixedClock) -> None:
    await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    clock.set(exam.opens_at - timedelta(seconds=1))
    await work(exam_scene.services, "exam_reminder")
    await work(exam_scene.services, "exam_reminder")
    assert await Notice.filter(kind="exam_reminder").count() == 1


async def test_the_call_itself_is_the_reminder_for_who_comes_late(exam_scene: ExamScene, clock: FixedClock) -> None:
    exam = await make_published(exam_scene.services, exam_scene.office)
    clock.set(exam.opens_at - timedelta(seconds=10))
    await exam_scene.make_waiting_application()
    await work(exam_scene.services, "exam_call", "exam_reminder")
    assert await Notice.filter(kind="exam_reminder").count() == 0
    assert "exam_reminder" not in await exam_scene.services.operations.scheduler.tick()


# ---- one's own


async def test_a_candidate_reads_the_state_from_the_call_to_the_result(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    rules = exam_scene.deps.book("demo").exam
    seen = await find_own_exam(exam_scene, candidate)
    assert (seen.phase, seen.span, seen.tries_left) == ("ahead", "11月26日(周四) 12:00至22:00", rules.tries)
    clock.set(exam.opens_at - rules.lobby)
    assert (await find_own_exam(exam_scene, candidate)).phase == "lobby"
    clock.set(exam.opens_at)
    assert (await find_own_exam(exam_scene, candidate)).phase == "open"
    attempt = await make_attempt(exam_scene.services, candidate)
    assert (await find_own_exam(exam_scene, candidate)).phase == "running"
    attempt.state, attempt.sealed_at = "sealed", clock.now()
    await attempt.save()
    assert (await find_own_exam(exam_scene, candidate)).phase == "marking"
    attempt.state, attempt.score, attempt.total, attempt.passed = "released", 10, 100, False
    await attempt.save()
    seen = await find_own_exam(exam_scene, candidate)
    assert (seen.phase, seen.tries_left) == ("resting" if rules.rest else "open", rules.tries - 1)
    clock.move(rules.rest)
    assert (await find_own_exam(exam_scene, candidate)).phase == "open"
    clock.set(exam.closes_at)
    assert (await find_own_exam(exam_scene, candidate)).phase == "over"
    await ExamCandidate.filter(id=candidate.id).update(state="passed")
    assert (await find_own_exam(exam_scene, candidate)).phase == "passed"
    clock.set(exam.closes_at + timedelta(days=61))
    assert await exam_scene.services.exams.own_exams.list(own(candidate)) == ()


async def test_candidates_are_notified_of_allowances(exam_scene: ExamScene) -> None:
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    before = await find_own_exam(exam_scene, candidate)
    await exam_scene.services.exams.candidates.grant_allowance(exam_scene.office, candidate.id, 20, 1, "视力障碍")
    after = await find_own_exam(exam_scene, candidate)
    assert (after.minutes, after.tries_left) == (before.minutes + 20, before.tries_left + 1)


async def test_a_candidate_who_has_to_book_is_notified(db: str, deps: Deps) -> None:
    exam_scene = await make_exam_scene(deps, booking=True, booking_until=DAY, mock=False)
    application = await exam_scene.make_waiting_application()
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    opens = (await Exam.get(id=exam_id)).opens_at
    added = await exam_scene.services.exams.sittings.add(
        exam_scene.office, exam_id, SittingData(opens, opens + HOUR, 1, "三楼")
    )
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    await work(exam_scene.services, "exam_call")
    assert (await Notice.get(kind="exam_called")).params["advice"] == "请预约考试场次"
    candidate = await exam_scene.candidate_of(application)
    assert (await find_own_exam(exam_scene, candidate)).phase == "to_book"
    await exam_scene.services.exams.sittings.book(own(candidate), candidate.id, added.id)
    seen = await find_own_exam(exam_scene, candidate)
    assert (seen.phase, seen.place, seen.book_until) == ("ahead", "三楼", "11月25日(周三) 12:00")


async def test_the_signed_link_leads_only_its_person_to_the_examination(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    candidate = await exam_scene.candidate_of(application)
    own_exams = exam_scene.services.exams.own_exams
    token = (await find_own_exam(exam_scene, candidate)).path.removeprefix("/x/")
    path = f"/h5/demo/exams/{candidate.id}"
    assert await own_exams.resolve_link(token, None) == path, "the log-in of that page comes first"
    assert await own_exams.resolve_link(token, candidate.account_id) == path
    with pytest.raises(Forbidden, match="属于另一个账号"):
        await own_exams.resolve_link(token, exam_scene.office.account_id)
    with pytest.raises(Forbidden, match="链接无效"):
        await own_exams.resolve_link(token[:-1] + ("A" if token[-1] != "A" else "B"), None)
    clock.set(exam.closes_at + timedelta(days=31))
    with pytest.raises(Forbidden, match="已过期"):
        await own_exams.resolve_link(token, None)


async def test_a_mock_that_is_open_stands_beside_the_real_one(db: str, deps: Deps, clock: FixedClock) -> None:
    exam_scene = await make_exam_scene(deps, mock=True, booking=False)
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    mock = await make_published(exam_scene.services, exam_scene.office, purpose=Purpose.MOCK, after=timedelta(0))
    candidate = await exam_scene.candidate_of(application)
    seen = await find_own_exam(exam_scene, candidate)
    assert seen.mock == (await ExamCandidate.get(exam_id=mock.id)).id


async def test_a_stranger_has_none(exam_scene: ExamScene) -> None:
    assert (
        await exam_scene.services.exams.own_exams.list(
            Actor("demo", "applicant", (await make_account(exam_scene.deps)).id)
        )
        == ()
    )
