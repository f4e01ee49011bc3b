"""Sitting an examination over the API: the start, saving, another device, submission; and refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from domain.exams.answers import TEXT_MAX, ExamAnswer, digest
from domain.rulebook.book import Rulebook
from models.audit import AuditEntry
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import rows
from services.exams.attempts import save_backlog
from tests.factories.exams import make_items, make_office, make_published, own, work
from tests.factories.reviews import make_application, make_catalogues
from tests.miniapp_api.conftest import Person, World

SOON = timedelta(hours=1)
HELD = {0: ExamAnswer(1), 1: ExamAnswer(2)}


@dataclass
class Sitting:
    """A logged-in person with a paper in progress."""

    world: World
    person: Person
    candidate: ExamCandidate
    paper: dict[str, Any] = field(default_factory=dict)

    async def start(self, device: int = 0, ticket: str = "") -> dict[str, Any]:
        body = {"device": device, "ticket": ticket}
        self.paper = await self.person.post(f"/exams/{self.candidate.id}/start", body)
        return self.paper

    @property
    def ends(self) -> datetime:
        return datetime.fromisoformat(self.paper["deadline"])

    @property
    def over(self) -> datetime:
        return datetime.fromisoformat(self.paper["grace_until"])

    async def save(self, *events: Mapping[str, Any], status: int = 200, **more: Any) -> Any:
        body = {"ticket": self.paper["ticket"], "device": self.paper["device"], "events": list(events)}
        return await self.send("answers", body | more, status)

    async def submit(self, seen: Mapping[int, ExamAnswer], status: int = 200, **more: Any) -> Any:
        body = {"ticket": self.paper["ticket"], "device": self.paper["device"], "digest": digest(seen)}
        return await self.send("submission", body | more, status)

    async def send(self, what: str, body: object, status: int, attempt: object = None) -> Any:
        """Send without a log-in: the ticket identifies the candidate."""
        path = f"/api/v1/demo/exam-attempts/{attempt or self.paper['attempt_id']}/{what}"
        response = await self.world.client.post(path, json=body)
        assert response.status == status, await response.text()
        return await response.json()

    async def graded(self) -> dict[int, int]:
        """Answers by slot, after the clock has sealed the paper at the end of the grace."""
        self.world.clock.set(self.over + timedelta(seconds=1))
        await work(self.world.services, "exam_seal", "exam_fill")
        answers = await rows("SELECT slot, mask FROM exam_answer WHERE attempt_id = $1 AND mask <> 0", self.attempt_id)
        return {row["slot"]: row["mask"] for row in answers}

    @property
    def attempt_id(self) -> str:
        return str(self.paper["attempt_id"])


def event(seq: int, slot: int = 0, mask: int = 1, **more: Any) -> dict[str, Any]:
    return {"seq": seq, "slot": slot, "mask": mask, **more}


async def make_called_candidates(world: World, people: int = 1) -> list[Sitting]:
    """Candidates who may begin now, with items whose options keep their order."""
    books = cast("dict[str, Rulebook]", world.services.deps.rulebooks)
    books["demo"] = books["demo"].model_copy(update={"exam": books["demo"].exam.model_copy(update={"mock": False})})
    await make_catalogues()
    await make_items(20, fixed=True)
    office = await make_office(world.deps)
    for _ in range(people):
        await make_application(world.deps, state="exam", approved_at=world.deps.now())
    await make_published(world.services, office, after=SOON)
    await work(world.services, "exam_papers")
    world.clock.move(SOON)
    made = []
    for candidate in await ExamCandidate.all().order_by("id"):
        await world.services.exams.attempts.accept_notice(own(candidate), candidate.id)
        made.append(Sitting(world, await world.log_in_account(candidate.account_id, "applicant"), candidate))
    return made


@pytest.fixture
async def sitting(world: World) -> Sitting:
    (made,) = await make_called_candidates(world)
    await made.start()
    return made


async def test_from_the_start_to_the_receipt(sitting: Sitting) -> None:
    paper = sitting.paper
    assert (len(paper["questions"]), paper["device"], paper["ack"], paper["answers"]) == (5, 1, 0, [])
    saved = await sitting.save(event(1), event(2, 1, 2))
    assert (saved["ack"], saved["state"], saved["device"], saved["deadline"]) == (2, "running", 1, paper["deadline"])
    again = await sitting.start(1, paper["ticket"])
    assert (again["device"], again["ack"]) == (1, 2)
    assert again["answers"] == [{"slot": 0, "mask": 1, "text": ""}, {"slot": 1, "mask": 2, "text": ""}]
    receipt = await sitting.submit(HELD)
    assert (receipt["answered"], receipt["questions"], receipt["digest"]) == (2, 5, digest(HELD))
    assert receipt["by_hand"] is True
    assert await sitting.person.get(f"/exam-attempts/{sitting.attempt_id}/receipt") == receipt


async def test_nothing_that_is_served_holds_a_key(sitting: Sitting) -> None:
    assert {name for question in sitting.paper["questions"] for name in question} == {
        *("slot", "kind", "mark", "stem", "options", "case", "pictures")
    }


async def test_a_visitor_or_another_candidate_cannot_start_an_attempt(world: World) -> None:
    mine, rival = await make_called_candidates(world, 2)
    response = await world.client.post(f"/api/v1/demo/exams/{mine.candidate.id}/start", json={})
    assert response.status == 401
    refused = await rival.person.post(f"/exams/{mine.candidate.id}/start", {}, 404)
    assert refused["code"] == "candidate_unknown"
    assert not await ExamAttempt.filter(state="running").exists()


async def test_a_hall_behind_one_address_starts_together(world: World) -> None:
    (mine,) = await make_called_candidates(world)
    await mine.start()
    for _ in range(70):
        await mine.start(1, mine.paper["ticket"])
    assert (mine.paper["device"], mine.paper["number"]) == (1, 1)


@pytest.mark.parametrize("what", ["answers", "submission"])
async def test_a_ticket_is_of_one_attempt_and_can_not_be_made_up(world: World, what: str) -> None:
    mine, rival = await make_called_candidates(world, 2)
    await mine.start()
    await rival.start()
    empty = digest({})
    more: dict[str, Any] = {"events": [event(1)]} if what == "answers" else {"digest": empty}
    for ticket in (rival.paper["ticket"], "", "x" * 71, mine.paper["ticket"][:-1] + "!"):
        refused = await mine.send(what, {"ticket": ticket, "device": 1, **more}, 403)
        assert refused["code"] in ("ticket_invalid", "link_invalid")
    refused = await mine.send(what, {"ticket": mine.paper["ticket"], "device": 1, **more}, 403, rival.attempt_id)
    assert refused["code"] == "ticket_invalid"
    refused = await mine.send(what, {"ticket": "长" * 101, "device": 1, **more}, 422)
    assert refused["errors"][0]["field"] == "ticket"
    assert await ExamAttempt.filter(state="running").count() == 2
    assert not await rows("SELECT 1 FROM exam_answer_event")


async def test_a_ticket_outlives_the_grace_and_no_more(sitting: Sitting) -> None:
    await sitting.save(event(1))
    sitting.world.clock.set(sitting.over + timedelta(minutes=59))
    assert (await sitting.save(event(2)))["ack"] == 1
    sitting.world.clock.move(timedelta(minutes=2))
    assert (await sitting.save(event(2), status=403))["code"] == "link_expired"


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"seq": 0}, "events.0.seq"),
        ({"seq": 2**31}, "events.0.seq"),
        ({"slot": -1}, "events.0.slot"),
        ({"slot": 400}, "events.0.slot"),
        ({"mask": -1}, "events.0.mask"),
        ({"mask": 2**15}, "events.0.mask"),
        ({"mask": 1.0}, "events.0.mask"),
        ({"mask": "1"}, "events.0.mask"),
        ({"text": "长" * (TEXT_MAX + 1)}, "events.0.text"),
        ({"text": "\x00"}, "events.0.text"),
        ({"at": "昨天"}, "events.0.at"),
        ({"at": "2026-11-21T09:30:00"}, "events.0.at"),
        ({"key": 1}, "events.0.key"),
    ],
)
async def test_what_an_event_can_not_be_is_refused_and_named(
    sitting: Sitting, wrong: Mapping[str, Any], where: str
) -> None:
    refused = await sitting.save({**event(1), **wrong}, status=422)
    assert refused["errors"][0]["field"] == where
    assert (await sitting.save())["ack"] == 0


async def test_half_a_character_is_no_text(sitting: Sitting) -> None:
    path = f"/api/v1/demo/exam-attempts/{sitting.attempt_id}/answers"
    half = '"events": [{"seq": 1, "slot": 0, "text": "\\ud800"}]'
    body = f'{{"ticket": "{sitting.paper["ticket"]}", "device": 1, {half}}}'
    response = await sitting.world.client.post(path, data=body, headers={"Content-Type": "application/json"})
    assert response.status == 400


async def test_a_body_that_is_too_big_is_refused_and_a_full_one_is_taken(sitting: Sitting) -> None:
    texts = [event(seq, seq % 5, 0, text="长" * TEXT_MAX) for seq in range(1, 9)]
    assert (await sitting.save(*texts, status=422))["code"] == "text_misplaced", "read, and refused for its content"
    refused = await sitting.save(*(event(seq, 0, 0, text="长" * TEXT_MAX) for seq in range(1, 40)), status=413)
    assert "256KB" in refused["detail"]
    refused = await sitting.save(*(event(seq) for seq in range(1, 402)), status=422)
    assert refused["errors"][0]["field"] == "events"
    assert (await sitting.save(*(event(seq) for seq in range(1, 401))))["ack"] == 400


async def test_numbers_that_leave_a_gap_or_go_back_change_nothing(sitting: Sitting) -> None:
    await sitting.save(event(1, 0, 1), event(2, 1, 2))
    assert (await sitting.save(event(1, 0, 8), event(2, 1, 8)))["ack"] == 2  # numbers that are taken
    assert (await sitting.save(event(9, 0, 8)))["ack"] == 2  # after a gap
    assert (await sitting.save(event(4), event(3), status=422))["code"] == "not_gapless"
    assert (await sitting.save(event(3), event(3), status=422))["code"] == "not_gapless"
    assert await sitting.graded() == {0: 1, 1: 2}


async def test_a_slot_or_an_option_that_the_paper_does_not_have_counts_for_nothing(sitting: Sitting) -> None:
    saved = await sitting.save(event(1, 5, 1), event(2, 399, 1), event(3, 0, 0b10001), event(4, 1, 0b10000))
    assert saved["ack"] == 4
    assert await sitting.graded() == {0: 1}
    receipt = await sitting.person.get(f"/exam-attempts/{sitting.attempt_id}/receipt")
    assert (receipt["answered"], receipt["by_hand"]) == (1, False)


async def test_another_device_takes_over_and_the_first_one_cannot_submit(sitting: Sitting) -> None:
    first = sitting.paper
    await sitting.save(event(1, 0, 1))
    second = await sitting.start()
    assert (second["device"], second["ack"], len(second["answers"])) == (2, 0, 1)
    await sitting.save(event(1, 1, 2))
    sitting.paper = first
    at = first["started_at"]
    # 1 was changed on the newer device, 2 was left alone, 3 was made at no known time
    late = await sitting.save(event(2, 1, 8, at=at), event(3, 2, 4, at=at), event(4, 3, 4))
    assert (late["device"], late["ack"]) == (2, 4)
    assert (await sitting.submit({0: ExamAnswer(1)}, 409))["code"] == "taken_over"
    sitting.paper = second
    assert await sitting.submit(counted := {0: ExamAnswer(1), 1: ExamAnswer(2), 2: ExamAnswer(4)})
    assert digest(counted) == (await ExamAttempt.get(id=sitting.attempt_id)).digest


@pytest.mark.parametrize(("device", "status"), [(0, 422), (-1, 422), (32_768, 422), (2, 403), (32_767, 403)])
async def test_a_device_that_was_never_given_out_stores_nothing(sitting: Sitting, device: int, status: int) -> None:
    await sitting.save(event(1), status=status, device=device)
    assert not await rows("SELECT 1 FROM exam_answer_event")


async def test_a_device_number_is_believed_with_its_ticket_only(sitting: Sitting) -> None:
    """Another phone that says it were the first one takes over all the same, and is counted."""
    first = sitting.paper
    assert (await sitting.start(1, first["ticket"]))["device"] == 1
    assert (await sitting.start(1))["device"] == 2
    assert (await sitting.start(2, first["ticket"]))["device"] == 3
    await sitting.save(event(1), status=403, device=1)


async def test_a_ticket_of_an_earlier_paper_proves_no_device_of_this_one(sitting: Sitting) -> None:
    """Each device of a mock or of an earlier try would be the first one again, and none a take-over."""
    earlier = sitting.paper
    await sitting.submit({})
    await ExamAttempt.filter(id=sitting.attempt_id).update(state="void")
    assert (await sitting.start(1, earlier["ticket"]))["device"] == 1
    assert (await sitting.start(1, earlier["ticket"]))["device"] == 2
    assert (await sitting.start(2, sitting.paper["ticket"]))["device"] == 2


@pytest.mark.parametrize("what", ["answers", "submission"])
async def test_a_ticket_holds_in_its_pool_only(sitting: Sitting, what: str) -> None:
    """The audit of another pool would hold the acts of this one's candidates."""
    body = {"ticket": sitting.paper["ticket"], "device": 1}
    response = await sitting.world.client.post(
        f"/api/v1/guangdong/exam-attempts/{sitting.attempt_id}/{what}", json=body
    )
    assert response.status == 403
    assert not await AuditEntry.exists(pool="guangdong")
    assert await ExamAttempt.filter(state="running").count() == 1


async def test_after_handing_in_every_device_is_led_to_the_receipt(sitting: Sitting) -> None:
    first = sitting.paper
    await sitting.start()
    receipt = await sitting.submit({})
    for paper in (sitting.paper, first):
        sitting.paper = paper
        saved = await sitting.save(event(1))
        assert (saved["state"], saved["ack"]) == ("sealed", 0)
        assert await sitting.submit(HELD, answers=[{"slot": 0, "mask": 1}]) == receipt
    refused = await sitting.person.post(f"/exams/{sitting.candidate.id}/start", {"device": 2}, 409)
    assert refused["code"] in ("rest_first", "no_try_left")
    assert not await rows("SELECT 1 FROM exam_answer_event")


async def test_a_map_is_asked_for_once_and_then_counts(sitting: Sitting) -> None:
    await sitting.save(event(1, 0, 8), event(2, 3, 8))
    assert (await sitting.submit(HELD, 409))["code"] == "answers_differ"
    given = [{"slot": 0, "mask": 1}, {"slot": 1, "mask": 2}]
    assert (await sitting.submit(HELD, answers=given))["digest"] == digest(HELD)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"slot": 400}, "answers.0.slot"),
        ({"mask": 2**15}, "answers.0.mask"),
        ({"text": "长" * (TEXT_MAX + 1)}, "answers.0.text"),
        ({"at": "2026-11-21"}, "answers.0.at"),
    ],
)
async def test_what_can_not_stand_in_a_map_is_refused_and_nothing_is_handed_in(
    sitting: Sitting, wrong: Mapping[str, Any], where: str
) -> None:
    refused = await sitting.submit({}, 422, answers=[{"slot": 0, "mask": 1, **wrong}])
    assert refused["errors"][0]["field"] == where
    too_many = await sitting.submit({}, 422, answers=[{"slot": 0, "mask": 1}] * 401)
    assert too_many["errors"][0]["field"] == "answers"
    assert (await sitting.submit({}, 422, digest="f" * 65))["errors"][0]["field"] == "digest"
    assert (await ExamAttempt.get(id=sitting.attempt_id)).state == "running"


async def test_a_map_that_is_too_big_is_refused(sitting: Sitting) -> None:
    given = [{"slot": slot, "text": "长" * TEXT_MAX} for slot in range(30)]
    assert "256KB" in (await sitting.submit({}, 413, answers=given))["detail"]


async def test_what_comes_within_the_grace_counts_if_it_was_made_before_the_end(sitting: Sitting) -> None:
    sitting.world.clock.set(sitting.ends + timedelta(seconds=5))
    before, after = sitting.ends.isoformat(), (sitting.ends + timedelta(seconds=1)).isoformat()
    assert (await sitting.save(event(1, 0, 1, at=before), event(2, 1, 1, at=after), event(3, 2, 1)))["ack"] == 3
    given = [
        *({"slot": 0, "mask": 1, "at": before}, {"slot": 1, "mask": 1, "at": after}, {"slot": 2, "mask": 1}),
        {"slot": 3, "mask": 4, "at": before},
    ]
    counted = {0: ExamAnswer(1), 3: ExamAnswer(4)}
    assert (await sitting.submit(counted, 409))["code"] == "answers_differ"
    receipt = await sitting.submit({**counted, 1: ExamAnswer(1)}, answers=given)
    assert (receipt["digest"], receipt["answered"], receipt["by_hand"]) == (digest(counted), 2, True)


async def test_after_the_grace_nothing_is_taken_and_the_clock_hands_in(sitting: Sitting) -> None:
    await sitting.save(event(1, 0, 1))
    sitting.world.clock.set(sitting.over)
    assert (await sitting.save(event(2, 1, 2, at=sitting.ends.isoformat())))["ack"] == 2
    sitting.world.clock.move(timedelta(seconds=1))
    assert (await sitting.save(event(3, 2, 4, at=sitting.ends.isoformat())))["ack"] == 2
    assert (await sitting.submit(HELD, 409))["code"] == "time_over"
    waits = await sitting.person.get(f"/exam-attempts/{sitting.attempt_id}/receipt", 409)
    assert waits["code"] == "not_sealed"
    assert await sitting.graded() == {0: 1, 1: 2}
    receipt = await sitting.submit({}, answers=[{"slot": 4, "mask": 1}])
    assert (receipt["digest"], receipt["by_hand"]) == (digest(HELD), False)


async def test_one_ticket_can_not_fill_the_queue_of_all(sitting: Sitting) -> None:
    path = f"/api/v1/demo/exam-attempts/{sitting.attempt_id}/answers"
    body = {"ticket": sitting.paper["ticket"], "device": 1, "events": [event(1)]}
    answers = await asyncio.gather(*(sitting.world.client.post(path, json=body) for _ in range(40)))
    assert {answer.status for answer in answers} <= {200, 429}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status == 429)
    assert (await sitting.save(event(2)))["ack"] == 2


async def test_a_candidate_refused_for_a_full_backlog_learns_when_to_retry(
    sitting: Sitting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save_backlog, "WAITING_MAX", 0)
    assert (await sitting.save(event(1), status=429))["params"]["retry_after"] == 5
    assert "再次交卷" in (await sitting.submit({}, 429))["detail"]
    monkeypatch.undo()
    assert (await sitting.save(event(1)))["ack"] == 1


async def test_an_unknown_attempt_and_another_pool_have_no_answers(sitting: Sitting) -> None:
    body = {"ticket": sitting.paper["ticket"], "device": 1, "events": []}
    assert (await sitting.send("answers", body, 404, "no-number"))["code"] == "bad_path"
    assert (await sitting.send("answers", body, 403, sitting.candidate.id))["code"] == "ticket_invalid"
    response = await sitting.world.client.post(
        f"/api/v1/atlantis/exam-attempts/{sitting.attempt_id}/answers", json=body
    )
    assert response.status == 404
