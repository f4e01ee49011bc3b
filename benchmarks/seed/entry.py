"""Applications in every state, with their forms, files, review tasks and log."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.models import Model

from app.demo.data import POOL
from app.players.forms import application_values
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import Person, World
from domain.clock import local
from domain.ids import new_id
from models.applications import Application, ApplicationSection, ApplicationSpecialty, Attachment
from models.reviews import ReviewEntry, ReviewTask
from services.applications.repository import seal_values
from services.core.pinyin import sort_name

SHARES = {
    "entered": 50,
    "reviewing": 20,
    "fee": 8,
    "draft": 8,
    "sent_back": 4,
    "notice": 3,
    "refused": 3,
    "cancelled": 3,
    "correcting": 1,
}
"""Per cent of the applications by state. Those in the pool are experts, all others applicants."""
_FILES = ("photo", "id_card_front", "id_card_back", "degree_proof", "title_proof")
_PASSED = ("notice", "fee", "entered")
_ENDED = ("entered", "refused", "cancelled")
_OPINION = "材料齐全，符合入库条件。"
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Applied:
    """An application as the later parts need it; ``number`` is the expert's, empty before approval."""

    id: UUID
    person: Person
    state: str
    number: str
    approved_at: datetime | None
    ended_at: datetime | None


def states(count: int) -> list[str]:
    """The state of each application: mixed, and in the shares above."""
    cycle = [state for state, share in SHARES.items() for _ in range(share)]
    return [cycle[number * 37 % 100] for number in range(count)]


def applicants_among(count: int) -> int:
    """Number of applicants who are no experts yet."""
    return sum(state != "entered" for state in states(count))


async def load_applications(world: World, loader: Loader) -> list[Applied]:
    made: list[Applied] = []
    experts, applicants = iter(world.experts), iter(world.applicants)
    wanted = states(world.sizes.applications)
    for start in range(0, len(wanted), _AT_ONCE):
        rows: dict[type[Model], list[dict[str, Any]]] = defaultdict(list)
        for number, state in enumerate(wanted[start : start + _AT_ONCE], start + 1):
            person = next(experts if state == "entered" else applicants)
            made.append(_Maker(world, rows, number, state, person).make())
        for model in (Application, ApplicationSection, ApplicationSpecialty, Attachment, ReviewTask, ReviewEntry):
            await loader.load(model, rows[model])
    await loader.restart("application_number", max(len(wanted), 1))
    return made


class _Maker:
    """Rows of one application. It was begun at ``created`` and submitted a day later."""

    def __init__(
        self, world: World, rows: dict[type[Model], list[dict[str, Any]]], number: int, state: str, person: Person
    ) -> None:
        self.world, self.rows, self.number, self.state, self.person = world, rows, number, state, person
        self.id = new_id()
        age = world.rng.randrange(100, 900) if state in _ENDED else world.rng.randrange(3, 60)
        self.created = world.now - timedelta(days=age, seconds=world.rng.randrange(86_000))
        self.submitted = self.created + timedelta(days=1)
        self.chosen = list(person.specialties) or world.some_specialties()
        self.last_step = state == "reviewing" and number % 2 == 0
        """Under review at the last step; others are at the first."""

    @property
    def is_submitted(self) -> bool:
        return self.state not in ("draft", "cancelled")

    @property
    def was_reviewed(self) -> bool:
        """Every reviewer of the first step has approved."""
        return self.state in (*_PASSED, "refused") or self.last_step

    def make(self) -> Applied:
        self._sections()
        if self.is_submitted:
            self._specialties()
            self._tasks()
            if self.state not in _ENDED:
                self._files()
        self._log()
        passed = self.state in _PASSED
        approved_at = self.submitted + timedelta(hours=30) if passed else None
        ended_at = self.submitted + timedelta(days=2) if self.state in _ENDED else None
        number = (self.person.number or f"ZJ{self.number:08}") if passed else ""
        self.rows[Application].append(self._application(number, approved_at, ended_at))
        return Applied(self.id, self.person, self.state, number, approved_at, ended_at)

    def _application(self, number: str, approved_at: datetime | None, ended_at: datetime | None) -> dict[str, Any]:
        world, person = self.world, self.person
        row: dict[str, Any] = {
            "id": self.id,
            "pool": POOL,
            "number": f"SQ{local(self.created):%Y%m%d}{self.number:07}",
            "campaign_id": world.campaign_id,
            "account_id": person.account_id,
            "expert_id": person.expert_id,
            "entry_type": "first",
            "state": self.state,
            "state_since": ended_at or approved_at or (self.submitted if self.is_submitted else self.created),
            "name": person.name,
            "version": 5,
            "expert_number": number,
            "approved_at": approved_at,
            "created_at": self.created,
            "ended_at": ended_at,
            "reason": "业绩材料不足以证明专业能力。" if self.state == "refused" else "",
        }
        if self.state == "notice":
            row |= {"notice_from": approved_at, "notice_until": world.now + timedelta(days=30)}
        if self.state in ("sent_back", "correcting"):
            row["sent_back_fields"] = ["specialties", *world.book.review.correction_fields]
        if self.is_submitted:
            row |= {
                "name_sort": sort_name(person.name),
                "region": person.region,
                "region_path": world.path("region", person.region),
                "round": 1,
                "step": int(self.last_step) if self.state in ("reviewing", "sent_back") else -1,
                "submitted_at": self.submitted,
            }
        return row

    def _sections(self) -> None:
        values = application_values(str(self.world.rng.choice(self.world.employers))) | {
            "region": self.person.region,
            "email": f"expert{self.number}@mail.example",
            "specialties": [
                {"code": code, "choice": "alternative" if place else "preferred"}
                for place, code in enumerate(self.chosen)
            ],
        }
        for code, section in self.world.book.form.of("first").sections.items():
            here = {field: values[field] for field in section.fields if field in values}
            if here and (self.is_submitted or code == "basic"):
                self._add(
                    ApplicationSection,
                    code=code,
                    values_sealed=seal_values(self.world.deps, here),
                    saved_at=self.created + timedelta(hours=1),
                )

    def _specialties(self) -> None:
        at_first = {"sent_back": "sent_back", "correcting": "sent_back"}.get(self.state, "open")
        for place, code in enumerate(self.chosen):
            decided = self.was_reviewed or place > 0
            self._add(
                ApplicationSpecialty,
                code=code,
                choice="alternative" if place else "preferred",
                position=place,
                state="approved" if decided else at_first,
                admitted=True if place and self.state in _PASSED else None,
            )

    def _tasks(self) -> None:
        first, last = self.world.book.review.steps
        for place, code in enumerate(self.chosen):
            decided = self.was_reviewed or place > 0
            back = "sent_back" if self.state in ("sent_back", "correcting") else "open"
            self._task(0, first.code, self._city, code, "approved" if decided else back)
        if self.was_reviewed:
            state = {"reviewing": "open", "refused": "refused"}.get(self.state, "approved")
            self._task(1, last.code, self.world.book.pool.region, "", state)

    @property
    def _city(self) -> str:
        path = self.world.path("region", self.person.region)
        return next((code for code in path if code.endswith("00") and not code.endswith("0000")), self.person.region)

    def _task(self, step: int, code: str, region: str, specialty: str, state: str) -> None:
        opened = self.submitted + timedelta(hours=12 * step)
        decision: dict[str, Any] = {}
        if state != "open":
            decided_at = opened + timedelta(hours=6)
            decision = {"decided_at": decided_at, "decided_by": self.world.reviewers[step], "opinion": _OPINION}
        self._add(
            ReviewTask,
            pool=POOL,
            round=1,
            step=step,
            step_code=code,
            region=region,
            specialty=specialty,
            state=state,
            opened_at=opened,
            **decision,
        )

    def _add(self, model: type[Model], **values: Any) -> None:
        self.rows[model].append({"application_id": self.id, **values})

    def _files(self) -> None:
        for field in _FILES:
            self._add(
                Attachment,
                pool=POOL,
                account_id=self.person.account_id,
                field=field,
                filename=f"{field}.jpg",
                media_type="image/jpeg",
                size=240_000,
                received=240_000,
                sha256=secrets.token_hex(32),
                key=f"seed/{secrets.token_hex(16)}",
                state="ready",
                created_at=self.created,
                ready_at=self.created,
            )

    def _log(self) -> None:
        for hours, (event, who, step_name, specialty) in enumerate(self._events()):
            at = self.submitted + timedelta(hours=6 * hours)
            opinion = _OPINION if step_name else ""
            self._add(
                ReviewEntry, at=at, event=event, who=who, step_name=step_name, specialty=specialty, opinion=opinion
            )

    def _events(self) -> Iterator[tuple[str, str, str, str]]:
        """Event, department, step and specialty of each line, the oldest first."""
        first, last = self.world.book.review.steps
        office = self.world.book.pool.name
        if self.state == "cancelled":
            yield ("cancel", "申请人", "", "")
        if not self.is_submitted:
            return
        yield ("submit", "申请人", "", "")
        for place, code in enumerate(self.chosen):
            if self.was_reviewed or place:
                yield ("approve", first.department, first.name, code)
            elif self.state in ("sent_back", "correcting"):
                yield ("send_back", first.department, first.name, code)
        if self.state == "correcting":
            yield ("withdraw", "申请人", "", "")
        if self.state == "refused":
            yield ("refuse", last.department, last.name, "")
        if self.state in _PASSED:
            yield ("approve", last.department, last.name, "")
            yield ("publish", office, "", "")
        yield from self._after_notice(office)

    def _after_notice(self, office: str) -> Iterable[tuple[str, str, str, str]]:
        if self.state in ("fee", "entered"):
            yield ("charge", office, "", "")
        if self.state == "entered":
            yield ("pay", "申请人", "", "")
            yield ("enter", office, "", "")
