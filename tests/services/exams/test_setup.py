"""The life of an examination: draft, check list, publishing, another time, cancelling, the end."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.blueprint import BlueprintCell
from domain.exams.items import ItemKind
from domain.exams.purposes import Purpose
from domain.rulebook.exams import load_rules
from models.audit import AuditEntry
from models.exams import Exam, ExamAttempt, ExamBlueprint, ExamCandidate, ExamItem, ExamSitting
from models.notices import Notice
from services.core.base import Actor, Deps
from services.exams import ExamData, SittingData
from tests.factories.exams import cell, make_attempt, make_blueprint, make_exam, make_office, make_published, own, work
from tests.services.exams.exam_scene import ExamScene, make_exam_scene

DAY = timedelta(days=1)


async def levels(exam_scene: ExamScene, exam_id: object) -> dict[str, str]:
    checks = await exam_scene.services.exams.setup.check_list(exam_scene.office, exam_id)  # type: ignore[arg-type]
    return {check.text: check.level for check in checks}


async def test_publishing_freezes_rules_and_cells_and_calls_who_waits(exam_scene: ExamScene) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    assert (exam.state, exam.published_at) == ("published", exam_scene.deps.now())
    assert load_rules(exam.rules) == exam_scene.deps.book("demo").exam
    await ExamBlueprint.all().update(cells=[])
    assert exam.cells == [{"chapter": "", "kind": "single", "difficulty": 0, "count": 5, "mark": 20}]
    sitting = await ExamSitting.get(exam_id=exam.id)
    assert (sitting.starts_at, sitting.ends_at, sitting.booked) == (exam.opens_at, exam.closes_at, 1)
    candidate = await exam_scene.candidate_of(application)
    assert (candidate.state, candidate.sitting_id, candidate.account_id) == (
        "called",
        sitting.id,
        application.account_id,
    )
    notice = await Notice.get(kind="exam_called")
    assert (notice.account_id, notice.params["when"]) == (application.account_id, "11月26日(周四) 12:00")
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam.id)
    assert await AuditEntry.filter(action="exam.publish").count() == 1


async def test_the_check_list_names_the_cell_that_lacks_items_and_keeps_it_from_publishing(
    exam_scene: ExamScene,
) -> None:
    blueprint = await make_blueprint(
        exam_scene.services, exam_scene.office, cell(21), BlueprintCell("现场管理", ItemKind.SINGLE, 0, 1, 10)
    )
    exam_id = await make_exam(exam_scene.services, exam_scene.office, blueprint_id=blueprint)
    levels_by_text = await levels(exam_scene, exam_id)
    assert levels_by_text["题库中“全部章节·单选题·不限难度”有20题，需要22题，请补充题目或修改方案"] == "bad"
    assert levels_by_text["题库中“现场管理·单选题·不限难度”有0题，需要1题，请补充题目或修改方案"] == "bad"
    with pytest.raises(Conflict, match=r"还不能发布.*现场管理"):
        await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    assert (await Exam.get(id=exam_id)).state == "draft"


async def test_fewer_than_three_times_the_items_are_worth_a_warning(exam_scene: ExamScene) -> None:
    blueprint = await make_blueprint(exam_scene.services, exam_scene.office, cell(7))
    exam_id = await make_exam(exam_scene.services, exam_scene.office, blueprint_id=blueprint)
    levels_by_text = await levels(exam_scene, exam_id)
    assert levels_by_text["题库中“全部章节·单选题·不限难度”只有20题，少于需要的3倍，试卷之间会有较多重复"] == "warn"
    assert levels_by_text["每份试卷7题，满分14分"] == "good"


async def test_the_check_list_says_who_will_be_called_and_how_candidates_try_their_phones(db: str, deps: Deps) -> None:
    exam_scene = await make_exam_scene(deps, mock=True)
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    levels_by_text = await levels(exam_scene, exam_id)
    assert levels_by_text["0人在等待考试，发布后通知；以后审核通过的也会自动通知"] == "warn"
    assert levels_by_text["考生可以在考试页面检查手机、试答几题；要从头到尾演练的，请另安排模拟考试"] == "good"
    await exam_scene.make_waiting_application()
    await make_published(
        exam_scene.services, exam_scene.office, purpose=Purpose.MOCK, after=timedelta(hours=1), lasts=timedelta(days=3)
    )
    levels_by_text = await levels(exam_scene, exam_id)
    assert levels_by_text["1人在等待考试，发布后通知；以后审核通过的也会自动通知"] == "good"
    assert not [text for text in levels_by_text if "模拟" in text]


@pytest.mark.parametrize(
    ("after", "lasts", "problem"),
    [(timedelta(days=-3), timedelta(days=2), "已经过去"), (DAY, timedelta(minutes=1), "短于答题时长")],
)
async def test_an_unsuitable_time_is_listed_as_a_problem(
    exam_scene: ExamScene, after: timedelta, lasts: timedelta, problem: str
) -> None:
    exam_id = await make_exam(exam_scene.services, exam_scene.office, after=after, lasts=lasts)
    assert [level for text, level in (await levels(exam_scene, exam_id)).items() if problem in text] == ["bad"]


async def test_without_a_sitting_to_book_it_is_not_published(db: str, deps: Deps) -> None:
    exam_scene = await make_exam_scene(deps, booking=True, booking_until=DAY)
    await exam_scene.make_waiting_application()
    await exam_scene.make_waiting_application()
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    assert (await levels(exam_scene, exam_id))["还没有可以预约的场次，请添加"] == "bad"
    exam = await Exam.get(id=exam_id)
    data = SittingData(exam.opens_at, exam.opens_at + timedelta(hours=2), 1)
    await exam_scene.services.exams.sittings.add(exam_scene.office, exam_id, data)
    assert (await levels(exam_scene, exam_id))["1个场次共1个名额，少于2名考生，请增加场次"] == "warn"
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 41}, "name"),
        ({"closes_at": "opens_at"}, "closes_at"),
        ({"purpose": Purpose.CAMPAIGN}, "campaign_id"),
    ],
)
async def test_a_form_that_can_not_be_is_refused_beside_its_field(
    exam_scene: ExamScene, change: dict[str, object], field: str
) -> None:
    opens = exam_scene.deps.now() + DAY
    values: dict[str, object] = {"name": "考试", "purpose": Purpose.ENTRY, "closes_at": opens + DAY} | change
    values["closes_at"] = opens if values["closes_at"] == "opens_at" else values["closes_at"]
    with pytest.raises(InvalidInput) as refused:
        await exam_scene.services.exams.setup.create(exam_scene.office, ExamData(opens_at=opens, **values))  # type: ignore[arg-type]
    assert refused.value.field == field


async def test_another_pool_and_other_roles_have_no_business_here(exam_scene: ExamScene) -> None:
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    stranger = await make_office(exam_scene.deps, pool="guangdong")
    with pytest.raises(NotFound):
        await exam_scene.services.exams.setup.publish(stranger, exam_id)
    with pytest.raises(Forbidden):
        await exam_scene.services.exams.setup.publish(Actor("demo", "reviewer", uuid4()), exam_id)


async def test_a_draft_is_changed_and_deleted_a_published_one_is_not(exam_scene: ExamScene) -> None:
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    opens = exam_scene.deps.now() + DAY
    data = ExamData("换个名称", Purpose.ENTRY, opens, opens + DAY, None, (await Exam.get()).blueprint_id)
    await exam_scene.services.exams.setup.edit(exam_scene.office, exam_id, data)
    assert (await Exam.get()).name == "换个名称"
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    for refused in (
        exam_scene.services.exams.setup.edit(exam_scene.office, exam_id, data),
        exam_scene.services.exams.setup.delete(exam_scene.office, exam_id),
    ):
        with pytest.raises(Conflict):
            await refused
    other = await make_exam(exam_scene.services, exam_scene.office)
    await exam_scene.services.exams.setup.delete(exam_scene.office, other)
    assert [exam.id for exam in await Exam.all()] == [exam_id]


async def test_rescheduling_moves_the_window_and_notifies_the_candidates(exam_scene: ExamScene) -> None:
    await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    opens = exam.opens_at + DAY
    setup = exam_scene.services.exams.setup
    await setup.reschedule(exam_scene.office, exam.id, opens, opens + DAY, "场地调整")
    assert (await ExamSitting.get()).starts_at == opens
    notice = await Notice.get(kind="exam_changed")
    assert (notice.params["reason"], notice.params["when"]) == ("场地调整", "11月27日(周五) 12:00")
    with pytest.raises(InvalidInput, match="请填写原因"):
        await setup.reschedule(exam_scene.office, exam.id, opens, opens + 2 * DAY, " ")


async def test_once_begun_the_beginning_stands_and_the_end_may_be_later(
    exam_scene: ExamScene, clock: FixedClock
) -> None:
    await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    clock.set(exam.opens_at + timedelta(minutes=5))
    setup = exam_scene.services.exams.setup
    with pytest.raises(Conflict, match="不能再改开始时间"):
        await setup.reschedule(exam_scene.office, exam.id, exam.opens_at + DAY, exam.closes_at + DAY, "改期")
    with pytest.raises(InvalidInput, match="晚于现在"):
        await setup.reschedule(exam_scene.office, exam.id, exam.opens_at, clock.now(), "改期")
    await setup.reschedule(exam_scene.office, exam.id, exam.opens_at, exam.closes_at + DAY, "断电")
    assert (await ExamSitting.get()).ends_at == exam.closes_at + DAY


async def test_a_cancelled_one_lets_everybody_wait_for_the_next(exam_scene: ExamScene) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    await make_attempt(exam_scene.services, await exam_scene.candidate_of(application))
    assert await exam_scene.services.exams.setup.cancel(exam_scene.office, exam.id, "题库维护") == 1
    assert (await exam_scene.candidate_of(application)).state == "left"
    assert (await ExamAttempt.get()).void_reason == "考试取消：题库维护"
    assert (await Notice.get(kind="exam_cancelled")).params["reason"] == "题库维护"
    await application.refresh_from_db()
    assert application.state == "exam"
    following = await make_published(exam_scene.services, exam_scene.office)
    assert await ExamCandidate.filter(exam_id=following.id, application_id=application.id, state="called").exists()


async def test_who_has_a_result_keeps_it(exam_scene: ExamScene) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    await ExamCandidate.filter(application_id=application.id).update(state="passed")
    with pytest.raises(Conflict, match="已有考生出了成绩"):
        await exam_scene.services.exams.setup.cancel(exam_scene.office, exam.id, "题库维护")


async def test_the_office_ends_it_while_people_sit_and_they_go_on(exam_scene: ExamScene, clock: FixedClock) -> None:
    sitting, absent = await exam_scene.make_waiting_application(), await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    setup = exam_scene.services.exams.setup
    with pytest.raises(Conflict, match="还没有开始"):
        await setup.end_admission(exam_scene.office, exam.id)
    clock.set(exam.opens_at + timedelta(hours=1))
    attempt = await make_attempt(exam_scene.services, await exam_scene.candidate_of(sitting))
    await setup.end_admission(exam_scene.office, exam.id)
    assert "exam_close" not in await exam_scene.services.operations.scheduler.tick()
    attempt.state, attempt.sealed_at = "sealed", clock.now()
    await attempt.save()
    assert "exam_close" in await exam_scene.services.operations.scheduler.tick()
    await work(exam_scene.services, "exam_close")
    assert (await Exam.get()).state == "closed"
    assert (await exam_scene.candidate_of(sitting)).state == "called", "the paper is marked now"
    assert (await exam_scene.candidate_of(absent)).state == "left"


async def test_who_was_absent_is_called_to_the_next_one_once(exam_scene: ExamScene, clock: FixedClock) -> None:
    application = await exam_scene.make_waiting_application()
    exam = await make_published(exam_scene.services, exam_scene.office)
    await work(exam_scene.services, "exam_papers")
    clock.set(exam.closes_at)
    await work(exam_scene.services, "exam_close")
    assert (await ExamAttempt.get()).state == "void"
    first = await make_published(exam_scene.services, exam_scene.office)
    second = await make_published(exam_scene.services, exam_scene.office)
    called = await ExamCandidate.filter(application_id=application.id, state="called")
    assert [candidate.exam_id for candidate in called] == [first.id]
    assert not await ExamCandidate.filter(exam_id=second.id).exists()


async def test_a_mock_examination_has_no_booking_result_or_notice(db: str, deps: Deps) -> None:
    exam_scene = await make_exam_scene(deps, mock=True, booking=False)
    application = await exam_scene.make_waiting_application()
    await make_published(exam_scene.services, exam_scene.office)
    mock = await make_published(
        exam_scene.services, exam_scene.office, purpose=Purpose.MOCK, name="模拟考试", after=timedelta(minutes=1)
    )
    rules = load_rules(mock.rules)
    assert (rules.booking, rules.tries, rules.result, rules.reminders) == (False, 10, "at_once", ())
    candidate = await ExamCandidate.get(exam_id=mock.id)
    assert (candidate.account_id, candidate.application_id) == (application.account_id, None)
    assert await Notice.filter(kind="exam_called").count() == 1
    (shown,) = await exam_scene.services.exams.own_exams.list(own(candidate))
    assert (shown.purpose, shown.mock) == (Purpose.ENTRY, None), "it is not open yet"


async def test_blueprints_are_kept_changed_and_retired(exam_scene: ExamScene) -> None:
    blueprints = exam_scene.services.exams.blueprints
    blueprint = await blueprints.create(exam_scene.office, "方案一", [cell(5), cell(2, 30, ItemKind.MULTIPLE)])
    assert (blueprint.items, blueprint.total) == (7, 160)
    changed = await blueprints.edit(exam_scene.office, blueprint.id, "方案二", [cell(5)])
    assert (changed.name, changed.supplies[0].live, changed.is_short) == ("方案二", 20, False)
    with pytest.raises(InvalidInput, match="第1行的题数"):
        await blueprints.edit(exam_scene.office, blueprint.id, "方案二", [cell(0)])
    await blueprints.retire(exam_scene.office, blueprint.id)
    await blueprints.retire(exam_scene.office, blueprint.id)
    assert await exam_scene.services.exams.blueprint_queries.list(exam_scene.office) == ()
    with pytest.raises(NotFound, match="组卷方案"):
        await make_exam(exam_scene.services, exam_scene.office, blueprint_id=blueprint.id)
    chapters = await exam_scene.services.exams.blueprint_queries.chapters(exam_scene.office)
    assert [(chapter.name, chapter.live) for chapter in chapters] == [("招标投标法律法规", {"single": 20})]


async def test_a_blueprint_of_another_pool_is_unknown(exam_scene: ExamScene) -> None:
    blueprint_id = await make_blueprint(exam_scene.services, exam_scene.office)
    stranger = await make_office(exam_scene.deps, pool="guangdong")
    for refused in (
        exam_scene.services.exams.blueprint_queries.get(stranger, blueprint_id),
        exam_scene.services.exams.blueprints.retire(stranger, blueprint_id),
    ):
        with pytest.raises(AppError):
            await refused
    assert await ExamItem.all().count() == 20
