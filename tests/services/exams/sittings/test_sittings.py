"""Sittings: booked, changed and given back until a deadline; the waiting list of a full one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, RuleViolation, TooMany
from models.exams import Exam, ExamCandidate, ExamSitting
from models.notices import Notice
from services.core.base import Deps, rows
from services.core.limits import REPEATS_MAX
from services.exams import SittingData
from services.exams.repository import Sittings
from services.exams.sittings import sittings
from tests.factories.exams import make_exam, own, work
from tests.services.exams.exam_scene import ExamScene, make_exam_scene

HOUR = timedelta(hours=1)


@pytest.fixture
async def exam_scene(db: str, deps: Deps) -> ExamScene:
    return await make_exam_scene(deps, booking=True, booking_until=timedelta(days=1), mock=False)


async def booked_exam(
    exam_scene: ExamScene, people: int, *capacities: int | None
) -> tuple[list[ExamCandidate], list[ExamSitting]]:
    """A published examination with a sitting every two hours."""
    for _ in range(people):
        await exam_scene.make_waiting_application()
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    opens = (await Exam.get(id=exam_id)).opens_at
    for at, capacity in enumerate(capacities):
        data = SittingData(opens + at * 2 * HOUR, opens + (at * 2 + 1) * HOUR, capacity)
        await exam_scene.services.exams.sittings.add(exam_scene.office, exam_id, data)
    await exam_scene.services.exams.setup.publish(exam_scene.office, exam_id)
    await work(exam_scene.services, "exam_call")
    candidates = await ExamCandidate.filter(exam_id=exam_id).order_by("id")
    return candidates, await ExamSitting.filter(exam_id=exam_id).order_by("starts_at")


async def places(exam_id: object) -> list[tuple[int, int]]:
    """Counted and actual bookings of each sitting."""
    counts = await rows(
        "SELECT booked, (SELECT count(*) FROM exam_candidate c WHERE c.sitting_id = s.id) AS held "
        "FROM exam_sitting s WHERE s.exam_id = $1 ORDER BY s.starts_at",
        exam_id,
    )
    return [(row["booked"], row["held"]) for row in counts]


async def test_a_place_is_booked_changed_and_given_back(exam_scene: ExamScene) -> None:
    (person,), (early, late) = await booked_exam(exam_scene, 1, 1, 1)
    service = exam_scene.services.exams.sittings
    booking = await service.book(own(person), person.id, early.id)
    assert (booking.state, booking.span) == ("booked", "11月26日(周四) 12:00至13:00")
    assert booking.until == "11月25日(周三) 12:00"
    await service.book(own(person), person.id, early.id)
    assert await places(person.exam_id) == [(1, 1), (0, 0)]
    await service.book(own(person), person.id, late.id)
    assert await places(person.exam_id) == [(0, 0), (1, 1)]
    assert (await service.cancel_booking(own(person), person.id)).state == "none"
    await service.cancel_booking(own(person), person.id)
    assert await places(person.exam_id) == [(0, 0), (0, 0)]


async def test_a_place_is_not_given_up_without_end(exam_scene: ExamScene) -> None:
    """The attack: booked and given up again and again, each time an SMS to the first who waits."""
    (person,), (early, late) = await booked_exam(exam_scene, 1, 1, 1)
    service = exam_scene.services.exams.sittings
    for _ in range(REPEATS_MAX // 2):
        await service.book(own(person), person.id, early.id)
        await service.cancel_booking(own(person), person.id)
    await service.book(own(person), person.id, early.id)  # nobody is kept from a place
    for act in (service.cancel_booking(own(person), person.id), service.book(own(person), person.id, late.id)):
        with pytest.raises(TooMany, match="最多办理10次"):
            await act
    assert await places(person.exam_id) == [(1, 1), (0, 0)]


async def test_the_same_request_twice_books_once(exam_scene: ExamScene) -> None:
    (person,), (early, _) = await booked_exam(exam_scene, 1, 5, 5)
    service = exam_scene.services.exams.sittings
    first = await service.book(own(person), person.id, early.id, key="talk:1")
    assert await service.book(own(person), person.id, early.id, key="talk:1") == first
    assert await places(person.exam_id) == [(1, 1), (0, 0)]


async def test_a_full_sitting_is_refused_and_can_be_waited_for(exam_scene: ExamScene) -> None:
    (first, second), (early, late) = await booked_exam(exam_scene, 2, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(first), first.id, early.id)
    await service.book(own(second), second.id, late.id)
    with pytest.raises(Conflict, match="已经约满"):
        await service.book(own(second), second.id, early.id)
    assert (await service.join_waiting_list(own(second), second.id, early.id)).state == "waiting"
    seen = await exam_scene.services.exams.sitting_queries.get_booking(own(second), second.id)
    assert (seen.booked, seen.waiting) == (late.id, early.id)
    assert [(sitting.left, sitting.full, sitting.waiting) for sitting in seen.sittings] == [(0, True, 1), (0, True, 0)]
    await service.cancel_booking(own(first), first.id)
    await second.refresh_from_db()
    assert (second.sitting_id, second.waiting_id) == (early.id, None)
    assert await places(second.exam_id) == [(1, 1), (0, 0)]
    notice = await Notice.get(kind="exam_place")
    assert (notice.account_id, notice.params["when"]) == (second.account_id, "11月26日(周四) 12:00")


async def test_who_moves_up_leaves_a_place_for_the_next(exam_scene: ExamScene) -> None:
    (first, second, third), (early, late) = await booked_exam(exam_scene, 3, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(first), first.id, early.id)
    await service.book(own(second), second.id, late.id)
    await service.join_waiting_list(own(second), second.id, early.id)
    await service.join_waiting_list(own(third), third.id, late.id)
    await service.cancel_booking(own(first), first.id)
    assert {str(c.id): c.sitting_id for c in await ExamCandidate.all()} == {
        str(first.id): None,
        str(second.id): early.id,
        str(third.id): late.id,
    }
    assert await Notice.filter(kind="exam_place").count() == 2


async def test_the_first_who_waited_comes_first(exam_scene: ExamScene, clock: FixedClock) -> None:
    (first, second, third), (early, _) = await booked_exam(exam_scene, 3, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(first), first.id, early.id)
    await service.join_waiting_list(own(third), third.id, early.id)
    clock.move(timedelta(minutes=1))
    await service.join_waiting_list(own(second), second.id, early.id)
    await service.cancel_booking(own(first), first.id)
    assert (await ExamCandidate.get(sitting_id=early.id)).id == third.id


async def test_waiting_where_a_place_is_free_takes_it(exam_scene: ExamScene) -> None:
    (person,), (early, _) = await booked_exam(exam_scene, 1, 1, 1)
    assert (
        await exam_scene.services.exams.sittings.join_waiting_list(own(person), person.id, early.id)
    ).state == "booked"


async def test_after_the_deadline_nothing_is_booked_or_given_back(exam_scene: ExamScene, clock: FixedClock) -> None:
    (first, second), (early, late) = await booked_exam(exam_scene, 2, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(first), first.id, early.id)
    clock.set(early.starts_at - timedelta(days=1))
    with pytest.raises(RuleViolation, match="后不能更改或退回"):
        await service.cancel_booking(own(first), first.id)
    with pytest.raises(RuleViolation, match="后不能更改或退回"):
        await service.book(own(first), first.id, late.id)
    with pytest.raises(RuleViolation, match="已于11月25日"):
        await service.book(own(second), second.id, early.id)
    assert (await service.book(own(second), second.id, late.id)).state == "booked"
    assert (await exam_scene.services.exams.sitting_queries.get_booking(own(first), first.id)).fixed


async def test_after_a_sitting_another_can_be_booked_for_the_next_try(exam_scene: ExamScene, clock: FixedClock) -> None:
    (person,), (early, late) = await booked_exam(exam_scene, 1, 1, 1)
    await ExamSitting.filter(id=late.id).update(
        starts_at=late.starts_at + timedelta(days=3), ends_at=late.ends_at + timedelta(days=3)
    )
    service = exam_scene.services.exams.sittings
    await service.book(own(person), person.id, early.id)
    clock.set(early.ends_at)
    assert (await service.book(own(person), person.id, late.id)).state == "booked"


async def test_booking_for_another_candidate_or_an_unknown_sitting_is_refused(exam_scene: ExamScene) -> None:
    (first, second), (early, _) = await booked_exam(exam_scene, 2, 1, 1)
    service = exam_scene.services.exams.sittings
    with pytest.raises(NotFound):
        await service.book(own(first), second.id, early.id)
    with pytest.raises(NotFound, match="重新选择"):
        await service.book(own(first), first.id, first.id)


async def test_the_office_changes_a_sitting_and_tells_who_has_it(exam_scene: ExamScene) -> None:
    (first, second), (early, _) = await booked_exam(exam_scene, 2, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(first), first.id, early.id)
    await service.join_waiting_list(own(second), second.id, early.id)
    data = SittingData(early.starts_at + HOUR, early.ends_at + HOUR, 2, "三楼机房")
    await service.edit(exam_scene.office, early.exam_id, early.id, data)
    assert await places(early.exam_id) == [(2, 2), (0, 0)], "the new place goes to who waits"
    notice = await Notice.get(kind="exam_changed")
    assert notice.params["reason"] == "场次改为11月26日(周四) 13:00至14:00"
    with pytest.raises(Conflict, match="名额不能少于2"):
        await service.edit(exam_scene.office, early.exam_id, early.id, SittingData(data.starts_at, data.ends_at, 1))


async def test_a_removed_sitting_lets_its_people_book_another(exam_scene: ExamScene) -> None:
    (person,), (early, late) = await booked_exam(exam_scene, 1, 1, 1)
    service = exam_scene.services.exams.sittings
    await service.book(own(person), person.id, early.id)
    with pytest.raises(InvalidInput, match="请填写取消原因"):
        await service.remove(exam_scene.office, early.exam_id, early.id, " ")
    assert await service.remove(exam_scene.office, early.exam_id, early.id, "机房检修") == 1
    notice = await Notice.get(kind="exam_changed")
    assert "机房检修" in notice.params["reason"]
    assert notice.params["advice"] == "请预约考试场次"
    assert (await service.book(own(person), person.id, late.id)).state == "booked"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ends_at": -HOUR}, "晚于开始时间"),
        ({"starts_at": -2 * HOUR}, "考试时间内"),
        ({"ends_at": timedelta(days=2)}, "考试时间内"),
        ({"capacity": 0}, "名额应为1到"),
        ({"place": "远" * 201}, "地点最多200"),
    ],
)
async def test_a_sitting_that_can_not_be_is_refused(
    exam_scene: ExamScene, change: dict[str, object], message: str
) -> None:
    exam_id = await make_exam(exam_scene.services, exam_scene.office)
    opens = (await Exam.get(id=exam_id)).opens_at
    values: dict[str, object] = {"starts_at": opens, "ends_at": opens + HOUR}
    for name, value in change.items():
        values[name] = opens + value if isinstance(value, timedelta) else value
    with pytest.raises(InvalidInput, match=message):
        await exam_scene.services.exams.sittings.add(exam_scene.office, exam_id, SittingData(**values))  # type: ignore[arg-type]


async def race(exam_scene: ExamScene) -> list[tuple[int, int]]:
    """Ten people want the last three places at once."""
    people, (early,) = await booked_exam(exam_scene, 10, 3)
    service = exam_scene.services.exams.sittings
    wants = [service.book(own(person), person.id, early.id) for person in people]
    await asyncio.gather(*wants, return_exceptions=True)
    return await places(early.exam_id)


async def test_places_are_never_given_twice(exam_scene: ExamScene) -> None:
    assert await race(exam_scene) == [(3, 3)]


async def test_without_the_lock_they_would_be(exam_scene: ExamScene, monkeypatch: pytest.MonkeyPatch) -> None:
    meet = asyncio.Barrier(10)

    async def all_look_at_once(exam_id: object) -> Sittings:
        sittings_by_id = {sitting.id: sitting for sitting in await ExamSitting.filter(exam_id=exam_id)}
        await meet.wait()
        return sittings_by_id

    monkeypatch.setattr(sittings, "lock_sittings", all_look_at_once)
    ((booked, held),) = await race(exam_scene)
    assert held > booked


async def test_people_who_swap_at_once_all_end_somewhere(exam_scene: ExamScene) -> None:
    people, both = await booked_exam(exam_scene, 8, 4, 4)
    service = exam_scene.services.exams.sittings
    for at, person in enumerate(people):
        await service.book(own(person), person.id, both[at % 2].id)
    for at, person in enumerate(people):
        await service.join_waiting_list(own(person), person.id, both[1 - at % 2].id)
    leaving = people[0]
    await asyncio.gather(
        service.cancel_booking(own(leaving), leaving.id),
        *(service.join_waiting_list(own(person), person.id, both[at % 2].id) for at, person in enumerate(people[1:])),
    )
    counted = await places(leaving.exam_id)
    assert all(booked == held <= 4 for booked, held in counted)
    assert sum(held for _, held in counted) == 7
