"""Candidates of an examination over HTTP: their phones keep unacknowledged answers, as the page does."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import aiohttp

from domain.exams.answers import ExamAnswer, digest
from domain.rulebook.types import dump_rules
from models.accounts import Session
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItemKey, ExamItemVersion
from services.accounts.tokens import hash_token
from services.core.base import Deps
from tests.factories.exams import make_items
from tests.factories.people import make_account

POOL = "demo"
OPTIONS = 4
RIGHT = 0b0010
_RETRIED_STATUSES = (429, 503)


async def make_exam_for(deps: Deps, people: int, questions: int, now: datetime) -> list[ExamCandidate]:
    """An examination that is open, with its keys, and a paper ready for each; options keep their order."""
    versions = []
    for item in await make_items(questions, fixed=True):
        version = await ExamItemVersion.get(item_id=item.id)
        await ExamItemKey.create(version_id=version.id, mask=RIGHT)
        versions.append(version.id)
    rules = deps.book(POOL).exam.model_copy(
        update={"length": timedelta(hours=1), "grace": timedelta(minutes=2), "result": "released", "booking": False}
    )
    exam = await Exam.create(
        pool=POOL,
        name="统一考试",
        purpose="single",
        state="published",
        rules=dump_rules(rules),
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(days=1),
        cells=[],
        created_at=now,
        published_at=now,
    )
    return [await _candidate(deps, exam, versions, number, now) for number in range(people)]


async def _candidate(deps: Deps, exam: Exam, versions: list[UUID], number: int, now: datetime) -> ExamCandidate:
    account = await make_account(deps, registered_at=now, id_number_hash=f"sitter-{number}")
    candidate = await ExamCandidate.create(
        exam_id=exam.id, account_id=account.id, notice_read_at=now, called_at=now, reminders=9
    )
    await ExamAttempt.create(
        exam_id=exam.id,
        candidate_id=candidate.id,
        number=1,
        made_at=now,
        versions=versions,
        orders=[0] * len(versions),
        marks=[20] * len(versions),
    )
    until = now + timedelta(days=2)
    await Session.create(
        account_id=account.id,
        pool=POOL,
        role="applicant",
        created_at=now,
        access_hash=hash_token(str(candidate.id)),
        access_until=until,
        refresh_hash=str(candidate.id),
        refresh_until=until,
    )
    return candidate


@dataclass(frozen=True)
class Sent:
    """An answer with its number, as sent."""

    seq: int
    slot: int
    mask: int
    at: datetime

    def wire(self) -> dict[str, object]:
        return {"seq": self.seq, "slot": self.slot, "mask": self.mask, "at": self.at.isoformat()}


@dataclass
class CandidatePhone:
    """One candidate. ``former`` are queues of device numbers that were given up; they are sent late, if at all."""

    http: aiohttp.ClientSession
    url: str
    candidate: ExamCandidate
    chances: random.Random
    paper: dict[str, Any] = field(default_factory=dict)
    device: int = 0
    tickets: dict[int, str] = field(default_factory=dict)
    """By device number."""
    seq: int = 0
    queue: list[Sent] = field(default_factory=list)
    former: list[tuple[int, list[Sent]]] = field(default_factory=list)
    shown: dict[int, tuple[int, datetime]] = field(default_factory=dict)
    acked: dict[tuple[int, int], Sent] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None
    _ahead: timedelta = timedelta()

    @property
    def now(self) -> datetime:
        """The service's time, by its last reply."""
        return datetime.now(UTC) + self._ahead

    @property
    def attempt_id(self) -> UUID:
        return UUID(self.paper["attempt_id"])

    @property
    def deadline(self) -> datetime:
        return datetime.fromisoformat(self.paper["deadline"])

    @property
    def grace_until(self) -> datetime:
        return datetime.fromisoformat(self.paper["grace_until"])

    async def start(self, device: int = 0) -> None:
        """Start on this device; a new device number takes over."""
        headers = {"Authorization": f"Bearer {self.candidate.id}"}
        body = {"device": device, "ticket": self.tickets.get(device, "")}
        self.paper = await self._ask_until_answered(f"exams/{self.candidate.id}/start", body, headers)
        self.tickets[self.paper["device"]] = self.paper["ticket"]
        if self.paper["device"] == self.device:
            return
        if self.queue:
            self.former.append((self.device, self.queue))
        self.device, self.seq, self.queue = self.paper["device"], 0, []
        began = datetime.fromisoformat(self.paper["started_at"])
        self.shown = {answer["slot"]: (answer["mask"], began) for answer in self.paper["answers"]}

    def answer(self, at: datetime | None = None) -> None:
        """Change a random slot, perhaps to empty."""
        self.seq += 1
        slot = self.chances.randrange(len(self.paper["questions"]))
        mask = self.chances.choice([0, *(1 << bit for bit in range(OPTIONS))])
        answer = Sent(self.seq, slot, mask, at or self.now)
        self.queue.append(answer)
        self.shown[slot] = (mask, answer.at)

    async def save(self) -> None:
        """Send waiting answers: all, a part, or some twice; at times answers that a former device could not send."""
        sent = self.queue[: self.chances.randint(1, len(self.queue))] if self.queue else []
        ack = await self._save(self.device, sent)
        self.queue = [answer for answer in self.queue if answer.seq > ack]
        if self.former and self.chances.random() < 0.3:
            device, queue = self.former.pop()
            ack = await self._save(device, queue)
            if rest := [answer for answer in queue if answer.seq > ack]:
                self.former.append((device, rest))

    async def _save(self, device: int, sent: list[Sent]) -> int:
        """Save; returns the acknowledged number, 0 without an answer."""
        body = {"ticket": self.tickets[device], "device": device, "events": [answer.wire() for answer in sent]}
        reply = await self._ask(f"exam-attempts/{self.attempt_id}/answers", body)
        if reply is None:
            return 0
        self._ahead = datetime.fromisoformat(reply["now"]) - datetime.now(UTC)
        self.acked |= {(device, answer.seq): answer for answer in sent if answer.seq <= reply["ack"]}
        return int(reply["ack"])

    async def hand_in(self) -> None:
        """Submit until there is a receipt."""
        mine = {slot: ExamAnswer(mask) for slot, (mask, _) in self.shown.items()}
        body = {"ticket": self.paper["ticket"], "device": self.device, "digest": digest(mine)}
        path = f"exam-attempts/{self.attempt_id}/submission"
        reply = await self._ask_until_answered(path, body)
        if reply.get("code") == "answers_differ":
            whole = [{"slot": slot, "mask": mask, "at": at.isoformat()} for slot, (mask, at) in self.shown.items()]
            reply = await self._ask_until_answered(path, {**body, "answers": whole})
        self.receipt = reply

    async def _ask_until_answered(
        self, path: str, body: object, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        while (reply := await self._ask(path, body, headers)) is None:
            await asyncio.sleep(self.chances.uniform(0.1, 0.5))
        return reply

    async def _ask(self, path: str, body: object, headers: dict[str, str] | None = None) -> dict[str, Any] | None:
        """Send a request; None while no process answers or it asks to try again."""
        try:
            async with self.http.post(f"{self.url}/api/v1/{POOL}/{path}", json=body, headers=headers) as answer:
                reply: dict[str, Any] = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError):
            return None
        if answer.status in _RETRIED_STATUSES:
            return None
        assert answer.status == 200 or reply.get("code") == "answers_differ", (answer.status, reply)
        return reply
