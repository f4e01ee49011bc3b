"""The office names candidates, gives allowances and second chances, and decides by hand."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.purposes import Purpose
from models.applications import Application
from models.audit import AuditEntry
from models.exams import ExamAttempt, ExamCandidate
from models.experts import Expert
from models.notices import Notice
from services.core.base import Actor
from services.exams import CandidateFilter
from tests.factories.exams import make_attempt, make_exam, make_office, make_published, work
from tests.factories.people import make_account, make_expert
from tests.services.exams.exam_scene import ExamScene

MINUTE = timedelta(minutes=1)


async def single(exam_scene: ExamScene) -> UUID:
    return await make_exam(exam_scene.services, exam_scene.office, purpose=Purpose.SINGLE)


async def sitting(exam_scene: ExamScene, state: str = "running") -> tuple[Application, ExamCandidate]:
    """A person who is called to a published examination and has begun."""
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office, after=-MINUTE)
    candidate = await exam_scene.candidate_of(application)
    await make_attempt(exam_scene.services, candidate, state)
    return application, candidate


async def test_candidates_are_added_by_number_and_notified_at_publishing(exam_scene: ExamScene) -> None:
    known_expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    unknown, departed_expert = (
        await make_expert(exam_scene.deps),
        await make_expert(exam_scene.deps, left_at=exam_scene.deps.now()),
    )
    waiting, reviewing = (
        await exam_scene.make_waiting_application(),
        await exam_scene.make_waiting_application(state="reviewing"),
    )
    exam_id = await single(exam_scene)
    numbers = (
        f"{known_expert.number.lower()}，{unknown.number}\n{departed_expert.number} {waiting.number};{reviewing.number}"
    )
    text = f"{numbers}\nNO1 {known_expert.number}"
    added = await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, text)
    assert added.count == 2
    assert dict(added.problems) == {
        unknown.number: "还没有登录过系统，请通知本人登录后再添加",
        departed_expert.number: "已不在库",
        reviewing.number: "这份申请不在等待考试",
        "NO1": "没有这个编号，请核对",
    }
    again = await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, known_expert.number)
    assert (again.count, again.problems) == (0, ((known_expert.number, "已是这场考试的考生"),))
    assert not await Notice.filter(kind="exam_called").exists()
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    assert await Notice.filter(kind="exam_called").count() == 2
    late_expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, late_expert.number)
    assert await Notice.filter(kind="exam_called").count() == 3


async def test_a_sheet_names_persons_too(exam_scene: ExamScene) -> None:
    known_expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    exam_id = await single(exam_scene)
    sheet = f"专家编号或申请编号\n{known_expert.number}\nNO1\n".encode()
    added = await exam_scene.services.exams.candidates.add_sheet(exam_scene.office, exam_id, sheet)
    assert (added.count, added.problems) == (1, (("NO1", "没有这个编号，请核对"),))
    with pytest.raises(InvalidInput):
        await exam_scene.services.exams.candidates.add_sheet(
            exam_scene.office, exam_id, b"\xd0\xcf\x11\xe0 old workbook"
        )
    with pytest.raises(InvalidInput, match="最大2MB"):
        await exam_scene.services.exams.candidates.add_sheet(exam_scene.office, exam_id, b"x" * 2_000_001)


async def test_candidates_can_not_be_added_where_the_purpose_determines_them(exam_scene: ExamScene) -> None:
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    with pytest.raises(Conflict, match="请另建“个别考试”"):
        await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, "ZJ1")
    with pytest.raises(InvalidInput, match="请填写专家编号"):
        await exam_scene.services.exams.candidates.add(exam_scene.office, await single(exam_scene), " ，\n")


async def test_a_person_is_taken_off_a_draft_only(exam_scene: ExamScene) -> None:
    known_expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    other = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    exam_id = await single(exam_scene)
    await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, f"{known_expert.number} {other.number}")
    first, second = await ExamCandidate.filter(exam_id=exam_id)
    await exam_scene.services.exams.candidates.remove(exam_scene.office, first.id)
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    with pytest.raises(Conflict):
        await exam_scene.services.exams.candidates.remove(exam_scene.office, second.id)
    assert await ExamCandidate.all().count() == 1


async def test_the_list_is_searched_and_paged(exam_scene: ExamScene) -> None:
    people = [await exam_scene.make_waiting_application() for _ in range(3)]
    exam = await make_published(exam_scene.services, exam_scene.office)
    candidates = exam_scene.services.exams.candidate_queries
    page = await candidates.page(exam_scene.office, exam.id, CandidateFilter(), size=2)
    assert (len(page.items), page.total) == (2, 3)
    (line,) = (await candidates.page(exam_scene.office, exam.id, CandidateFilter(search=people[1].number))).items
    assert (line.number, line.name, line.used, line.attempt) == (people[1].number, "苏*", 0, None)
    assert (await candidates.page(exam_scene.office, exam.id, CandidateFilter(state="passed"))).total == 0


@pytest.mark.parametrize(
    ("minutes", "tries", "reason"), [(181, 0, "x"), (-1, 0, "x"), (0, 10, "x"), (0, -1, "x"), (1, 1, " ")]
)
async def test_allowances_have_bounds_and_a_reason(
    exam_scene: ExamScene, minutes: int, tries: int, reason: str
) -> None:
    _, candidate = await sitting(exam_scene)
    with pytest.raises(InvalidInput):
        await exam_scene.services.exams.candidates.grant_allowance(
            exam_scene.office, candidate.id, minutes, tries, reason
        )


async def test_decisions_on_oneself_or_in_another_pool_are_refused(exam_scene: ExamScene) -> None:
    _, candidate = await sitting(exam_scene)
    oneself = Actor("demo", "pool_admin", candidate.account_id)
    stranger = await make_office(exam_scene.deps, pool="guangdong")
    people, decide = exam_scene.services.exams.candidates, exam_scene.services.exams.decisions
    for actor, refusal in ((oneself, Forbidden), (stranger, NotFound)):
        for tried in (
            people.grant_allowance(actor, candidate.id, 10, 0, "x"),
            people.grant_try(actor, candidate.id, "x"),
            decide.record_result(actor, candidate.id, "passed", "x"),
            decide.release(actor, candidate.id, "x"),
        ):
            with pytest.raises(refusal):
                await tried
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.extra_tries) == ("called", 0)


async def test_a_try_is_given_back_and_the_candidate_notified(exam_scene: ExamScene) -> None:
    _, candidate = await sitting(exam_scene, "graded")
    await ExamCandidate.filter(id=candidate.id).update(state="failed")
    for _ in range(2):
        await exam_scene.services.exams.candidates.grant_try(exam_scene.office, candidate.id, "断电", key="press")
    await candidate.refresh_from_db()
    assert (candidate.state, candidate.extra_tries, candidate.concluded_at) == ("called", 1, None)
    assert (await Notice.get(kind="exam_changed")).params["reason"] == "增加一次考试机会（断电）"


async def test_after_an_outage_everybody_who_sat_then_has_one_more(exam_scene: ExamScene, clock: FixedClock) -> None:
    _, during = await sitting(exam_scene)
    later = await exam_scene.make_waiting_application()
    await work(exam_scene.services, "exam_call")
    since, until = clock.now() + 5 * MINUTE, clock.now() + 10 * MINUTE
    clock.move(20 * MINUTE)
    await make_attempt(exam_scene.services, await exam_scene.candidate_of(later))
    candidates = exam_scene.services.exams.candidates
    assert await candidates.grant_try_to_all(exam_scene.office, during.exam_id, since, until, "机房断电") == 1
    assert {candidate.id: candidate.extra_tries for candidate in await ExamCandidate.all()} == {
        during.id: 1,
        (await exam_scene.candidate_of(later)).id: 0,
    }
    with pytest.raises(InvalidInput, match="晚于开始时间"):
        await candidates.grant_try_to_all(exam_scene.office, during.exam_id, until, since, "机房断电")


async def test_where_nothing_can_change_no_try_is_given_back(exam_scene: ExamScene, clock: FixedClock) -> None:
    application, candidate = await sitting(exam_scene, "graded")
    await Application.filter(id=application.id).update(state="refused", ended_at=exam_scene.deps.now())
    with pytest.raises(Conflict, match="已办结或已合格"):
        await exam_scene.services.exams.candidates.grant_try(exam_scene.office, candidate.id, "断电")
    clock.move(timedelta(days=9))
    with pytest.raises(Conflict, match="先延长考试时间"):
        await exam_scene.services.exams.candidates.grant_try(exam_scene.office, candidate.id, "断电")


async def test_a_result_by_hand_brings_the_application_on(exam_scene: ExamScene) -> None:
    application, candidate = await sitting(exam_scene)
    await Application.filter(id=application.id).update(expert_number="ZJ0100001")
    for _ in range(2):
        await exam_scene.services.exams.decisions.record_result(
            exam_scene.office, candidate.id, "passed", "现场笔试86分", key="k"
        )
    await application.refresh_from_db()
    await candidate.refresh_from_db()
    assert (application.state, candidate.state) == ("entered", "passed")
    assert await Expert.filter(number="ZJ0100001").exists()
    assert (await ExamAttempt.get()).state == "void"
    with pytest.raises(Conflict):
        await exam_scene.services.exams.decisions.record_result(exam_scene.office, candidate.id, "failed", "误")


async def test_a_failure_by_hand_ends_the_application_with_its_reason(exam_scene: ExamScene) -> None:
    application, candidate = await sitting(exam_scene)
    await exam_scene.services.exams.decisions.record_result(exam_scene.office, candidate.id, "failed", "替考，经核实")
    await application.refresh_from_db()
    assert (application.state, application.reason) == ("refused", "替考，经核实")
    assert await AuditEntry.filter(action="exam.record_failed", subject_id=candidate.id).exists()


async def test_an_expert_is_notified_of_a_result_recorded_by_hand(exam_scene: ExamScene) -> None:
    expert = await make_expert(exam_scene.deps, account=await make_account(exam_scene.deps))
    exam_id = await single(exam_scene)
    await exam_scene.services.exams.candidates.add(exam_scene.office, exam_id, expert.number)
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    candidate = await ExamCandidate.get(expert_id=expert.id)
    await exam_scene.services.exams.decisions.record_result(exam_scene.office, candidate.id, "passed", "现场笔试86分")
    assert (await Notice.get(kind="exam_decided")).params["reason"] == "登记结果为合格（现场笔试86分）"
    assert (await Expert.get(id=expert.id)).left_at is None


async def test_who_is_released_waits_for_the_next_examination(exam_scene: ExamScene) -> None:
    application, candidate = await sitting(exam_scene)
    await exam_scene.services.exams.decisions.release(exam_scene.office, candidate.id, "本人住院")
    await application.refresh_from_db()
    await candidate.refresh_from_db()
    assert (application.state, candidate.state) == ("exam", "left")
    assert (await Notice.get(kind="exam_decided")).params["reason"] == "您不再参加这场考试（本人住院）"
    following = await make_published(exam_scene.services, exam_scene.office)
    assert await ExamCandidate.filter(exam_id=following.id, application_id=application.id).exists()


async def test_the_board_tells_who_is_offline_and_in_trouble(exam_scene: ExamScene, clock: FixedClock) -> None:
    _, silent = await sitting(exam_scene)
    others = [await exam_scene.make_waiting_application() for _ in range(3)]
    await work(exam_scene.services, "exam_call")
    clock.move(timedelta(seconds=61))
    well, flagged, done = [await exam_scene.candidate_of(application) for application in others]
    await make_attempt(exam_scene.services, well)
    await make_attempt(exam_scene.services, flagged, flags=["device"], leaves=99)
    await make_attempt(exam_scene.services, done, "sealed")
    board = await exam_scene.services.exams.queries.board(exam_scene.office, silent.exam_id)
    assert (board.called, board.running, board.offline, board.saved) == (4, 3, 1, 0)
    assert (board.handed_in, board.trouble) == (1, 1)
    assert {seat.candidate_id: (seat.offline, seat.trouble) for seat in board.seats} == {
        silent.id: (True, ()),
        flagged.id: (False, ("换过设备", "多次离开")),
    }
