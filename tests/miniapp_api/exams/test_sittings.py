"""The mini-program shows one's own examinations and books a sitting."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from domain.rulebook.book import Rulebook
from models.exams import Exam, ExamCandidate, ExamSitting
from services.exams import SittingData
from tests.factories.exams import make_exam, make_items, make_office, own, work
from tests.factories.reviews import make_application, make_catalogues
from tests.miniapp_api.conftest import Person, World

HOUR = timedelta(hours=1)


async def called(world: World) -> tuple[Person, ExamCandidate, ExamCandidate, list[ExamSitting]]:
    """A logged-in candidate, a rival, and two sittings with one place each."""
    books = cast("dict[str, Rulebook]", world.services.deps.rulebooks)
    rules = books["demo"].exam.model_copy(update={"booking": True, "booking_until": timedelta(days=1), "mock": False})
    books["demo"] = books["demo"].model_copy(update={"exam": rules})
    await make_catalogues()
    await make_items(20)
    office = await make_office(world.deps)
    for _ in range(2):
        await make_application(world.deps, state="exam", approved_at=world.deps.now())
    exam_id = await make_exam(world.services, office)
    opens = (await Exam.get(id=exam_id)).opens_at
    for at in range(2):
        data = SittingData(opens + at * 2 * HOUR, opens + (at * 2 + 1) * HOUR, 1, "三楼")
        await world.services.exams.sittings.add(office, exam_id, data)
    await world.services.exams.setup.publish(office, exam_id)
    await work(world.services, "exam_call")
    one, rival = await ExamCandidate.filter(exam_id=exam_id).order_by("id")
    person = await world.log_in_account(one.account_id, "applicant")
    return person, one, rival, await ExamSitting.filter(exam_id=exam_id).order_by("starts_at")


async def test_a_sitting_is_booked_waited_for_and_given_back(world: World) -> None:
    person, mine, rival, (early, late) = await called(world)
    await world.services.exams.sittings.book(own(rival), rival.id, early.id)
    (shown,) = (await person.get("/exams"))["items"]
    assert (shown["candidate_id"], shown["phase"], shown["booked"]) == (str(mine.id), "to_book", False)
    offered = await person.get(f"/exams/{mine.id}/sittings")
    assert [(one["left"], one["open"]) for one in offered["sittings"]] == [(0, True), (1, True)]
    path = f"/exams/{mine.id}/booking"
    assert (await person.post(path, {"sitting_id": str(early.id)}, 409))["code"] == "sitting_full"
    assert (await person.post(path, {"sitting_id": str(late.id)}, 200))["state"] == "booked"
    assert (await person.post(path, {"sitting_id": str(early.id), "wait": True}, 200))["state"] == "waiting"
    offered = await person.get(f"/exams/{mine.id}/sittings")
    assert (offered["booked"], offered["waiting"]) == (str(late.id), str(early.id))
    assert (await person.delete(path, 200))["state"] == "none"
    await person.post(f"/exams/{rival.id}/booking", {"sitting_id": str(late.id)}, 404)
