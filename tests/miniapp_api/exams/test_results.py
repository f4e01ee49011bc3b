"""The mini-program shows one's results and takes an appeal."""

from __future__ import annotations

from models.exams import ExamAppeal
from tests.factories.exams import make_attempt
from tests.miniapp_api.conftest import World
from tests.miniapp_api.exams.test_sittings import called


async def test_a_result_is_shown_and_appealed_against(world: World) -> None:
    person, mine, rival, _ = await called(world)
    attempt = await make_attempt(world.services, mine, "released", released_at=world.deps.now())
    (shown,) = (await person.get(f"/exams/{mine.id}/results"))["items"]
    assert (shown["score"], shown["total"], shown["passed"], shown["appeal"]) == ("4", "10", False, "")
    await person.post(f"/exams/{mine.id}/appeals", {"attempt_id": str(attempt.id), "text": "请核对"}, 204)
    assert (await ExamAppeal.get()).text == "请核对"
    await person.get(f"/exams/{rival.id}/results", 404)
