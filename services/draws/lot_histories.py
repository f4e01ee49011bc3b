"""The history of each lot of a draw, read from the published logs of the activities on it.

An activity that was never verified is not part of it: it could not fix an order. What reads it, decides by it
(``check_history``) or publishes it (``history_entry``); nothing else tells what a lot had before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from domain.clock import print_time
from domain.draws import record
from domain.draws.lifecycles import DrawState
from domain.draws.lot_history import EarlierActivity, NextActivity, next_activity, orders_since
from domain.errors import Conflict
from domain.rulebook.book import Rulebook
from models.draws import Draw
from services.core.base import execute, rows, violation

_DAY = timedelta(days=1)
_HISTORIES = """
SELECT mine.id AS lot_row, coalesce(mine.lot_id, mine.project_id) AS lot, d.id, d.number, d.log_head AS head,
  coalesce(first.at, d.ended_at, d.created_at) AS began,
  ARRAY(SELECT l.at FROM draw_log l WHERE l.draw_id = d.id AND l.act = 'seed_fixed' ORDER BY l.seq) AS seeds,
  ARRAY(SELECT l.at FROM draw_log l WHERE l.draw_id = d.id AND l.act = 'round_aborted'
    AND l.facts -> 'missing' <> '[]' ORDER BY l.seq) AS withheld,
  (SELECT count(*)::int FROM draw_log l WHERE l.draw_id = d.id AND l.act = 'round_aborted'
    AND l.facts -> 'missing' = '[]') AS given_up,
  coalesce((SELECT l.facts ->> 'panel' FROM draw_log l WHERE l.draw_id = d.id AND l.act = 'ended'),
    CASE d.state WHEN 'terminated' THEN 'terminated' WHEN 'ended' THEN 'not_met' ELSE '' END) AS panel
FROM draw_lot mine LEFT JOIN (draw_lot theirs JOIN draw d ON d.id = theirs.draw_id AND d.state <> ALL($2::text[])
    LEFT JOIN draw_log first ON first.draw_id = d.id AND first.seq = 1)
  ON theirs.project_id = mine.project_id AND theirs.lot_id IS NOT DISTINCT FROM mine.lot_id
    AND theirs.draw_id <> mine.draw_id
WHERE mine.draw_id = $1
ORDER BY mine.id, began, d.id
"""
_UNVERIFIED = (DrawState.EDITING, DrawState.SUBMITTED, DrawState.REFUSED)
_ELSEWHERE = """
SELECT count(*)::int AS n FROM project j JOIN project q ON q.pool = j.pool AND q.id <> j.id
  AND (q.name = j.name OR q.number <> '' AND q.number = j.number)
JOIN draw d ON d.project_id = q.id JOIN draw_log l ON l.draw_id = d.id AND l.act = 'seed_fixed' WHERE j.id = $1
"""
_GIVE_BACK = """
UPDATE draw_lot theirs SET live = TRUE FROM draw_lot mine WHERE mine.id = $1 AND theirs.draw_id = $2
 AND theirs.project_id = mine.project_id AND theirs.lot_id IS NOT DISTINCT FROM mine.lot_id
"""


@dataclass(frozen=True)
class LotHistory:
    """The activities on a lot of a draw but itself, oldest first. ``row`` is the draw's own row of the lot.

    ``lot`` is the project's id where that is drawn as one lot.
    """

    row: UUID
    lot: UUID
    activities: tuple[EarlierActivity, ...]


async def read_histories(draw_id: UUID) -> list[LotHistory]:
    """Of each lot of the draw."""
    lots: dict[tuple[UUID, UUID], list[EarlierActivity]] = {}
    for row in await rows(_HISTORIES, draw_id, list(_UNVERIFIED)):
        activities = lots.setdefault((row["lot_row"], row["lot"]), [])
        if row["id"] is not None:
            activities.append(_activity(row))
    return [LotHistory(*lot, tuple(activities)) for lot, activities in lots.items()]


def _activity(row: Mapping[str, Any]) -> EarlierActivity:
    facts = {name: row[name] for name in EarlierActivity.__dataclass_fields__}
    return EarlierActivity(**{**facts, "seeds": tuple(row["seeds"]), "withheld": tuple(row["withheld"])})


async def find_rows_still_its_own(draw: Draw) -> Sequence[UUID]:
    """Rows of the lots of an activity that is over on which none after it had an order: its panel may be recalled."""
    [began] = await rows("SELECT min(at) AS at FROM draw_log WHERE draw_id = $1", draw.id)
    return [
        history.row
        for history in await read_histories(draw.id)
        if not any(activity.seeds and activity.began > began["at"] for activity in history.activities)
    ]


async def check_history(draw: Draw) -> Sequence[UUID]:
    """Checks that the draw is what the history of each of its lots demands; returns the draws whose experts it recuses.

    Raises Conflict with the activity from which the agency goes on.
    """
    recused: dict[UUID, None] = {}
    for history in await read_histories(draw.id):
        following = next_activity(history.activities)
        _check_kind(draw, following)
        recused |= dict.fromkeys(following.recused)
    return list(recused)


def _check_kind(draw: Draw, following: NextActivity) -> None:
    if following.allows(cast("record.DrawKind", draw.kind), draw.original_id):
        return
    if following.under_way is not None:
        number = following.under_way.number
        raise Conflict(f"标段的抽取活动{number}还没有结束，请先办完或终止。", code="lot_under_way", field="lots")
    if not following.followed:
        raise Conflict("标段还没有确定过抽取顺序，没有可以通知的原专家。", code="nothing_to_follow", field="lots")
    number = following.followed[0].number
    ways = "重新抽取或通知原专家" if following.recallable else "重新抽取"
    raise Conflict(
        f"标段在活动{number}中已经确定过抽取顺序，只能从该活动办理{ways}，或选择其他标段。",
        code="follows_another",
        field="lots",
    )


async def check_lot_orders(draw: Draw, book: Rulebook, now: datetime) -> None:
    """Checks the number of orders that other activities knew on one of the lots within a day. Raises RuleViolation."""
    limit = book.draw.commitments.lot_orders_max
    for history in await read_histories(draw.id):
        times = orders_since(history.activities, now - _DAY)
        if len(times) >= limit:
            again = print_time(times[-limit] + _DAY)
            text = f"同一标段24小时内已有{len(times)}次确定或得知抽取顺序，{again}以后才能再次摇号。"
            raise violation(book, "draw.commitments.lot_orders_max", text)


async def history_entry(draw: Draw) -> record.History:
    """The first entry of its record."""
    histories = await read_histories(draw.id)
    original = (await Draw.get(id=draw.original_id)).number if draw.original_id else ""
    [elsewhere] = await rows(_ELSEWHERE, draw.project_id)
    kind = cast("record.DrawKind", draw.kind)
    return record.History(kind, original, _marks(histories), _earlier(histories), elsewhere["n"])


def _marks(histories: Sequence[LotHistory]) -> tuple[bytes, ...]:
    return tuple(sorted(record.lot_mark(history.lot) for history in histories))


def _earlier(histories: Sequence[LotHistory]) -> tuple[record.EarlierFacts, ...]:
    activities = {activity for history in histories for activity in history.activities}
    return tuple(
        record.EarlierFacts(
            activity.number,
            activity.head,
            _marks([history for history in histories if activity in history.activities]),
            activity.seeds,
            activity.withheld,
            activity.given_up,
            cast("record.PanelEnd", activity.panel),
        )
        for activity in sorted(activities, key=lambda activity: (activity.began, activity.id))
    )


async def give_back_lots(draw: Draw) -> None:
    """A redraw that is over without an order leaves its lots to the activity whose panel met on them before."""
    if await rows("SELECT 1 FROM draw_log WHERE draw_id = $1 AND act = 'seed_fixed' LIMIT 1", draw.id):
        return
    for history in await read_histories(draw.id):
        following = next_activity(history.activities)
        if following.followed and following.followed[0].panel == "met":
            await execute(_GIVE_BACK, history.row, following.followed[0].id)
