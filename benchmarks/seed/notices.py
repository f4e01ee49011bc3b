"""Notices that were sent, each with the attempt that was delivered."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.demo.data import POOL
from benchmarks.seed.draws import Called
from benchmarks.seed.entry import Applied
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import Person, World
from domain.clock import print_date, print_time
from domain.ids import new_id
from domain.rulebook.notice_texts import time_params
from models.notices import Attempt, Notice
from services.notifications.notices import new_out_id

_FIRST_NUMBER = 100_001
_PLACE = "广州市天河区天润路333号 3号评标室"
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class _Message:
    kind: str
    person: Person
    at: datetime
    params: dict[str, str]
    key: str
    invitation_id: UUID | None = None


async def load_notices(world: World, loader: Loader, called: Sequence[Called], applied: Sequence[Applied]) -> None:
    """Of releases, calls and applications; then of bindings, repeated until there are enough."""
    planned = itertools.chain(_of_releases(called), _of_calls(called), _of_applications(applied), _of_bindings(world))
    wanted = itertools.islice(planned, world.sizes.notices)
    numbers = itertools.count(_FIRST_NUMBER)
    while some := list(itertools.islice(wanted, _AT_ONCE)):
        made = [(new_id(), message) for message in some]
        await loader.load(Notice, (_notice(notice_id, message) for notice_id, message in made))
        await loader.load(Attempt, (_attempt(notice_id, message, next(numbers)) for notice_id, message in made))
    await loader.restart("attempt_number", next(numbers))


def _of_calls(called: Sequence[Called]) -> Iterator[_Message]:
    for call in called:
        params = {**time_params(call.gathering), "place": _PLACE}
        answer_by = print_time(call.at + timedelta(minutes=3))[-5:]
        yield _Message(
            "draw_call", call.person, call.at, params | {"answer_by": answer_by}, f"draw_call:{call.id}", call.id
        )
        if call.state in ("accepted", "released"):
            at = call.at + timedelta(seconds=50)
            yield _Message(
                "draw_accepted", call.person, at, params | {"code": "123456"}, f"draw_accepted:{call.id}", call.id
            )


def _of_releases(called: Sequence[Called]) -> Iterator[_Message]:
    for call in called:
        if call.state == "released":
            params, at = time_params(call.gathering), call.at + timedelta(days=1)
            yield _Message("draw_released", call.person, at, params, f"draw_released:{call.id}", call.id)


def _of_applications(applied: Sequence[Applied]) -> Iterator[_Message]:
    for application in applied:
        if application.approved_at is not None:
            params = {"step": "省级终审通过，转公示"}
            yield _Message(
                "application_progress",
                application.person,
                application.approved_at,
                params,
                f"progress:{application.id}",
            )


def _of_bindings(world: World) -> Iterator[_Message]:
    for turn in itertools.count():
        at = world.now - timedelta(days=20 - turn)
        for person in world.experts:
            params = {"mobile": "138****0000", "at": f"{print_date(at)} 12:00"}
            yield _Message("account_bound", person, at, params, f"bound:{person.account_id}:{turn}")


def _notice(notice_id: UUID, message: _Message) -> dict[str, Any]:
    return {
        "id": notice_id,
        "pool": POOL,
        "kind": message.kind,
        "account_id": message.person.account_id,
        "expert_id": message.person.expert_id if message.invitation_id else None,
        "mobile_sealed": message.person.mobile_sealed,
        "invitation_id": message.invitation_id,
        "params": message.params,
        "dedupe_key": message.key,
        "state": "done",
        "created_at": message.at,
        "closed_at": message.at + timedelta(seconds=2),
    }


def _attempt(notice_id: UUID, message: _Message, number: int) -> dict[str, Any]:
    return {
        "notice_id": notice_id,
        "channel": "wechat",
        "step": 0,
        "number": number,
        "out_id": new_out_id(),
        "state": "delivered",
        "vendor_id": str(3_000_000_000_000_000_000 + number),
        "created_at": message.at,
        "due_at": message.at,
        "wait": 20,
        "sent_at": message.at + timedelta(seconds=1),
        "closed_at": message.at + timedelta(seconds=2),
    }
