"""Panels whose draw is over, and the texts and calls that their phones got since."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.demo.data import POOL
from app.players.follow_ups import RecallOfPanel, ReleasedLine, ReleaseOfPanel
from app.players.people import EXPERTS, STAFF
from app.players.phones import bubbles
from domain.clock import local
from services.core.base import rows
from tests.factories.files import pdf
from tests.faults.draws import COMPLETED, DrawDriver, Killer, retry_query, run_beside

PANEL = 5
ARRIVED = ("sent", "delivered")
STAFF_PHONE = STAFF[0].mobile
"""Phone that rings first when the agency asks for a virtual call."""
ENDED = ("talked", "missed", "not_taken", "refused", "lost")

_MEMBERS = (
    "SELECT i.code, e.mobile_sealed FROM invitation i JOIN expert e ON e.id = i.expert_id "
    "WHERE i.draw_id = $1 AND i.state IN ('accepted', 'released') ORDER BY i.code"
)
_NOTICES = (
    "SELECT n.kind, count(DISTINCT n.id)::int AS count, "
    "bool_or(n.state = 'active' OR coalesce(a.state IN ('pending', 'sent', 'unknown'), FALSE)) AS going_on "
    "FROM notice n LEFT JOIN attempt a ON a.notice_id = n.id "
    "WHERE n.kind = ANY($1::text[]) AND n.created_at >= $2 GROUP BY n.kind"
)
_TEXTS = (
    "SELECT n.mobile_sealed, a.state FROM notice n JOIN attempt a ON a.notice_id = n.id "
    "WHERE n.kind = $1 AND a.channel = 'sms' AND n.created_at >= $2"
)
_START_SOON = """
UPDATE draw SET opening_at = least(opening_at, $2::timestamptz - interval '1 minute'), starts_at = $2
WHERE id = $1 RETURNING id
"""
_VIRTUAL_CALLS = "SELECT out_id, state, closed_at FROM virtual_call WHERE asked_at >= $1"


@dataclass(frozen=True)
class Member:
    """An expert who agreed to come."""

    code: str
    mobile: str


async def draw_panels(draw_driver: DrawDriver, count: int = 2) -> list[str]:
    """Draws that are full, made in the morning, when experts may be called; each meets a day after the one before."""
    morning = (local(await draw_driver.stage.now()) + timedelta(days=1)).replace(hour=9, minute=0, second=0)
    await draw_driver.move_to(morning)
    for person in EXPERTS:
        await draw_driver.set_autopilot(person.mobile, "accept", "both")
    draws = [await draw_driver.prepare_draw(PANEL) for _ in range(count)]
    for draw in draws:
        await draw_driver.start(draw)
    for draw in draws:
        assert (await draw_driver.live_through(draw, step=30))["label"] == COMPLETED
    return draws


async def members_of(draw_driver: DrawDriver, draw: str) -> list[Member]:
    members = await retry_query(lambda: rows(_MEMBERS, draw))
    keys = draw_driver.stage.deps.keys
    return [Member(row["code"], keys.open_text(row["mobile_sealed"], "mobile")) for row in members]


async def prepare_release(draw_driver: DrawDriver, draw: str) -> ReleaseOfPanel:
    """A release that is approved."""
    release = ReleaseOfPanel(draw_driver.agency, draw)
    await release.apply(pdf(), "招标失败", "投标人不足三家")
    await draw_driver.approve()
    return release


async def prepare_recall(draw_driver: DrawDriver, draw: str) -> tuple[RecallOfPanel, datetime]:
    """A verified recall of a panel that has met, and when it is to meet again."""
    met = draw_driver.times[draw].starts
    exits = draw_driver.stage.deps.book(POOL).draw.exits
    await draw_driver.move_to(draw_driver.times[draw].ends + exits.on_site_after + timedelta(seconds=1))
    await _await_end_of_draw(draw_driver, draw)
    starts = met + timedelta(days=2)
    recall = await RecallOfPanel.begin(draw_driver.agency, draw, starts, starts + timedelta(hours=3))
    await draw_driver.agency.attach_proof(recall.draw, pdf(), "复评申请表.pdf")
    await draw_driver.submit(recall.draw)
    return recall, starts


async def _await_end_of_draw(draw_driver: DrawDriver, draw: str) -> None:
    """A due task ends it: of who entered, no exit was registered."""
    give_up = asyncio.get_running_loop().time() + 60
    while not await retry_query(lambda: rows("SELECT 1 FROM draw WHERE id = $1 AND state = 'ended'", UUID(draw))):
        assert asyncio.get_running_loop().time() < give_up, await draw_driver.overdue()
        await draw_driver.nudge(20)


async def settle(draw_driver: DrawDriver, since: datetime, expected: Mapping[str, int]) -> None:
    """Let time go by until there are so many notices of each kind, and none of them is under way."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + 120
    while True:
        notices = await retry_query(lambda: rows(_NOTICES, list(expected), since))
        counts = {row["kind"]: row["count"] for row in notices}
        if counts == expected and not any(row["going_on"] for row in notices):
            return
        assert loop.time() < give_up, f"{[dict(row) for row in notices]}, not {expected}\n{await draw_driver.overdue()}"
        await draw_driver.nudge(75)


# ---- virtual calls


async def unseal(draw_driver: DrawDriver, draw: str) -> None:
    """Bring a panel's start so near that its names are unsealed: before, nobody is telephoned."""
    soon = await draw_driver.stage.now() + timedelta(minutes=20)
    await retry_query(lambda: rows(_START_SOON, UUID(draw), soon))


async def ring(draw_driver: DrawDriver, killer: Killer, asking: Awaitable[None]) -> None:
    """Ask for a virtual call, kill its worker while it dials, and wait until the call has ended.

    A worker killed before it dials may leave the call waiting for so long that it is dropped, and never dialled.
    """
    since = await draw_driver.stage.now()
    async with run_beside(killer.strike_dialling()):
        await asking
        await _await_end_of_calls(draw_driver, since)


async def _await_end_of_calls(draw_driver: DrawDriver, since: datetime) -> None:
    give_up = asyncio.get_running_loop().time() + 90
    while any(row["closed_at"] is None for row in await retry_query(lambda: rows(_VIRTUAL_CALLS, since))):
        assert asyncio.get_running_loop().time() < give_up, "a virtual call never ended"
        for call in (await draw_driver.phone(STAFF_PHONE))["calls"]:
            if call["state"] == "talking":
                await draw_driver.stage.http_client.control(f"/phones/{STAFF_PHONE}/calls/{call['id']}/hangup", {})
        await draw_driver.nudge(15)


async def check_virtual_calls(draw_driver: DrawDriver, since: datetime, count: int) -> None:
    """This number was asked for, each has ended, and the vendor was asked once at most for each."""
    virtual_calls = await retry_query(lambda: rows(_VIRTUAL_CALLS, since))
    assert len(virtual_calls) == count
    assert all(row["closed_at"] and row["state"] in ENDED for row in virtual_calls), [
        dict(row) for row in virtual_calls
    ]
    made = Counter(
        call["out_id"] for call in (await draw_driver.phone(STAFF_PHONE))["calls"] if call["kind"] == "two_way"
    )
    assert set(made.values()) <= {1}, f"dialled more than once: {made}"
    heard = {row["out_id"] for row in virtual_calls if row["state"] in ("talked", "missed")}
    assert heard <= set(made), "an outcome of a call that nobody made"


# ---- what the phones have heard


async def check_texts(draw_driver: DrawDriver, since: datetime, kind: str, wanted: Mapping[str, str]) -> int:
    """``wanted``: words of the short message by mobile. Each phone has it once where the ledger says that it arrived;
    nobody else has it. Returns how many have it."""
    tried: dict[str, list[str]] = defaultdict(list)
    for row in await retry_query(lambda: rows(_TEXTS, kind, since)):
        tried[draw_driver.stage.deps.keys.open_text(row["mobile_sealed"], "mobile")].append(row["state"])
    arrived = {mobile: sum(state in ARRIVED for state in states) for mobile, states in tried.items()}
    assert {mobile: len(states) for mobile, states in tried.items()} == dict.fromkeys(wanted, 1), tried
    counts = await _count_texts(draw_driver, since, wanted)
    assert counts == arrived, f"on the phones {counts}, by the ledger {arrived}"
    return sum(arrived.values())


async def _count_texts(draw_driver: DrawDriver, since: datetime, wanted: Mapping[str, str]) -> dict[str, int]:
    """Number of messages with these words on each phone."""
    counts = {}
    for person in EXPERTS:
        sms = [
            message["text"]
            for message in (await draw_driver.phone(person.mobile))["sms"]
            if message["at"] >= since.timestamp()
        ]
        count = sum(words in text for words in set(wanted.values()) for text in sms)
        if count or person.mobile in wanted:
            counts[person.mobile] = count
    return counts


async def check_calls(
    draw_driver: DrawDriver, since: datetime, members: Sequence[Member], panel: Sequence[ReleasedLine]
) -> None:
    """``panel``: as the agency's page shows it.

    The system calls each member three times at most, never after an answered call, and calls no other expert.
    """
    by_mobile = {member.mobile: member for member in members}
    reached = {line.code: line.reached for line in panel}
    for person in EXPERTS:
        phone = await draw_driver.phone(person.mobile)
        calls = [call for call in phone["calls"] if call["at"] >= since.timestamp() and call["kind"] != "two_way"]
        answered = [call["answered_at"] > 0 for call in calls]
        if (member := by_mobile.get(person.mobile)) is None:
            assert not answered, f"{person.name} isn't of the panel, and was called"
            continue
        assert len(answered) <= 3, f"called {len(answered)} times"
        assert not any(answered[:-1]), f"answered, and called again: {answered}"
        known = reached[member.code]
        assert any(answered) == known, f"answered: {answered}; the agency is told: {known}"
        written = sum("已退选" in bubble["text"] for bubble in bubbles(phone, POOL))
        assert written <= 1, f"{written} messages in the chat"
