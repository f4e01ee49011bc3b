"""The mini-program shows one's own examinations."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from domain.rulebook.book import Rulebook
from models.exams import Exam, ExamCandidate
from services.exams import SittingData
from tests.factories.exams import make_exam, make_items, make_office, work
from tests.factories.reviews import make_application, make_catalogues
from tests.miniapp_api.conftest import World


async def test_one_s_own_examination_is_listed(world: World) -> None:
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
    sitting = SittingData(opens, opens + timedelta(hours=1), 1, "三楼")
    await world.services.exams.sittings.add(office, exam_id, sitting)
    await world.services.exams.setup.publish(office, exam_id)
    await work(world.services, "exam_call")
    mine, _ = await ExamCandidate.filter(exam_id=exam_id).order_by("id")
    person = await world.log_in_account(mine.account_id, "applicant")
    (shown,) = (await person.get("/exams"))["items"]
    assert (shown["candidate_id"], shown["phase"], shown["booked"]) == (str(mine.id), "to_book", False)
