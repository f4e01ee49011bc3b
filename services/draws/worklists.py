"""A person's draws, next first, each with its figures; one statement per list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from domain.clock import local
from domain.draws.lifecycles import OVER, DrawState, state_label
from domain.draws.round_stage import OpenRound, RoundAborts, count_aborts
from models.attendance import ARRIVES_AT, AWAITED_FROM, STANDING_LATE_ARRIVAL
from services.core import permissions
from services.core.base import Actor, Deps, rows
from services.core.crypto import PHONE
from services.core.permissions import AGENCY
from services.draws.access import DrawAccess
from services.draws.party_notifications import venue_urging_text
from services.draws.queries import (
    ABORTS_WITHHELD,
    AWAITS_SUPPLEMENT,
    GATHERED,
    NUMBER_WANTED,
    OPEN_ROUND,
    URGENT_FIRST,
    in_states,
    read_open_round,
)

WorkList = Literal["to_do", "progress", "missing", "late", "watched", "today", "day", "unfinished"]
TO_DO: Mapping[str, str] = {
    "editing": "填写后提交审核",
    "refused": "核验未通过，请修改后重新提交",
    "verified": "核验已通过，请开始三方摇号",
    "committing": "请完成三方摇号并启动抽取",
    "paused": "抽取已暂停，请继续抽取",
    "short": "专家不足，请补抽",
    "supplement_pending": "有名额待补抽",
}
"""The agency's next step, by the draw's state."""
_OF_A_RECALL: Mapping[str, str] = {
    "verified": "核验已通过，请开始通知原专家",
    "short": "有原专家不参评，请评标或终止后重新抽取",
    "supplement_pending": "有原专家不能到场，请评标或终止后重新抽取",
}
_RECALL_BEGUN = "等待原专家答复，都答复后请提交最终确认结果"

_PAST: Mapping[str, str] = {
    "editing": "评标时间已过，请修改时间",
    "refused": "评标时间已过，请修改时间",
    "verified": "评标时间已过，请终止活动",
    "committing": "评标时间已过，请终止活动",
    "short": "评标时间已过，不再补抽的请结束活动",
    "supplement_pending": "评标时间已过，不再补抽的请结束活动",
}
"""The same after the expected start, when steps that were due before are refused."""
_FURTHER_ROUND_PAST = "评标时间已过，请结束活动或终止本轮摇号"
"""For a round that was to complete a panel."""


class WaitingDraw(Protocol):
    """A draw in a list: a card of a page, a line of the chat."""

    @property
    def state(self) -> DrawState: ...
    @property
    def kind(self) -> str: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def finished_at(self) -> datetime | None: ...
    @property
    def number_wanted(self) -> bool: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def aborts(self) -> RoundAborts: ...
    @property
    def open_round(self) -> OpenRound | None: ...


def to_do_of(draw: WaitingDraw, now: datetime) -> str:
    """The agency's next step; empty: none."""
    if now >= draw.starts_at and (past := _to_do_after_start(draw)):
        return past
    if draw.open_round is not None:
        return _with_aborts(draw, draw.open_round.describe_agency_act(now))
    if draw.kind == "recall":
        begun = draw.state == DrawState.VERIFIED and draw.started_at is not None
        return _RECALL_BEGUN if begun else _OF_A_RECALL.get(draw.state) or TO_DO.get(draw.state, "")
    return _with_aborts(draw, TO_DO.get(draw.state, ""))


def _with_aborts(draw: WaitingDraw, text: str) -> str:
    """The next step; where rounds were given up before the order was fixed, how many of those permitted."""
    aborts = draw.aborts
    if not aborts.number or draw.state not in (DrawState.VERIFIED, DrawState.COMMITTING):
        return text
    if aborts.is_used_up and draw.state == DrawState.VERIFIED:
        return f"摇号已中止{aborts.number}次，不能再摇号，请终止活动后重新申请"
    return f"{text}（摇号已中止第{aborts.number}次，共{aborts.most}次）"


def _to_do_after_start(draw: WaitingDraw) -> str:
    if draw.state == DrawState.COMMITTING and draw.finished_at is not None:
        return _FURTHER_ROUND_PAST
    if draw.kind == "recall" and draw.state in (DrawState.SHORT, DrawState.SUPPLEMENT_PENDING):
        return ""  # its own text holds before and after the start
    return _PAST.get(draw.state, "")


_RUNNING = """(d.state IN ('committing', 'drawing', 'paused', 'ending')
  OR d.state = 'verified' AND d.kind = 'recall' AND d.started_at IS NOT NULL)"""
_AFTER_CALLING = (DrawState.COMPLETED, *OVER)
_COMPLETE = "d.state = 'completed' AND d.ends_at > {now}"
_BEGUN = "d.gathering_first BETWEEN {now} - interval '1 day' AND {now}"
_TODAY = "d.gathering_first >= {today} AND d.gathering_first < {today} + interval '1 day'"
_NOT_IN = "NOT EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in')"
_LATE = f"""(SELECT count(*)::int FROM invitation i LEFT JOIN {STANDING_LATE_ARRIVAL}
  WHERE i.draw_id = d.id AND i.state = 'accepted'
  AND {AWAITED_FROM} BETWEEN {{since}} AND {{now}} AND {_NOT_IN})"""
"""Experts who may still be urged."""
_ANNOUNCED = f"""(SELECT count(*)::int FROM invitation i JOIN {STANDING_LATE_ARRIVAL}
  WHERE i.draw_id = d.id AND i.state = 'accepted' AND {ARRIVES_AT} > {{now}} AND {_NOT_IN})"""
"""Experts who have announced that they come late (晚到), and whose time for it is ahead."""
_DOOR = """(SELECT ARRAY[n.venue, n.address, n.contact, n.contact_phone_sealed] FROM call_notice n
  WHERE n.draw_id = d.id ORDER BY n.gathering_at, n.position LIMIT 1)"""
"""The phone contact for the place of the first gathering."""
_RECUSALS = """(SELECT count(*)::int FROM discard_request r
  WHERE r.draw_id = d.id AND r.kind = 'recusal' AND r.state = 'open')"""
_RELEASE = """coalesce((SELECT a.state FROM draw_application a WHERE a.draw_id = d.id AND a.kind = 'release'
  ORDER BY a.submitted_at DESC, a.id DESC LIMIT 1), '')"""
"""The state of the newest request to release the panel."""
_HAS_RECUSALS = """d.id = ANY(ARRAY(SELECT r.draw_id FROM discard_request r JOIN draw x ON x.id = r.draw_id
  WHERE r.kind = 'recusal' AND r.state = 'open' AND x.state IN ('short', 'supplement_pending', 'completed')))"""
"""Found from the open recusals: other completed draws are not read."""
_LISTS: Mapping[WorkList, str] = {
    "to_do": in_states(TO_DO),
    "progress": f"({_RUNNING} OR d.state IN ('short', 'supplement_pending') OR {_COMPLETE})",
    "missing": AWAITS_SUPPLEMENT,
    "late": f"d.ended_at IS NULL AND d.state IN {GATHERED} AND {_BEGUN} AND {_LATE} > 0",
    "watched": f"({_RUNNING} OR {_HAS_RECUSALS})",
    "day": f"({_RUNNING} OR d.state IN {GATHERED} AND {_TODAY})",
    "today": f"d.state IN {GATHERED} AND {_TODAY}",
    "unfinished": f"({in_states(state for state in DrawState if state not in _AFTER_CALLING)} OR {_COMPLETE})",
}
"""``unfinished``: from the draft to the evaluation's end."""
_LINES = f"""
SELECT d.id, d.number, d.name, d.kind, d.state, d.starts_at, d.finished_at, d.gathering_first AS gathering_at, d.needed,
  (SELECT coalesce(sum(c.accepted), 0)::int FROM draw_condition c WHERE c.draw_id = d.id) AS agreed,
  (SELECT count(*)::int FROM invitation i WHERE i.draw_id = d.id AND i.state = 'accepted' AND NOT {_NOT_IN}) AS present,
  {_LATE} AS late, {_ANNOUNCED} AS announced, {_DOOR} AS door, {NUMBER_WANTED} AS number_wanted,
  {_RECUSALS} AS recusals,
  {ABORTS_WITHHELD} AS withheld, {OPEN_ROUND} AS open_round, {_RELEASE} AS release, d.started_at, d.total
FROM (SELECT d.*, count(*) OVER ()::int AS total FROM draw d WHERE {{reach}} AND {{which}}
  ORDER BY {URGENT_FIRST} LIMIT {{limit}}) AS d ORDER BY {URGENT_FIRST}
"""


@dataclass(frozen=True)
class WorkLine:
    """A draw, without experts' names. ``late``: experts missing after gathering who may be urged; ``announced``: those
    who have said that they come late (晚到), and are not due yet. ``recusals``: pending ones. ``release``: a
    ``VerificationState`` of the newest request to release the panel (退选), empty without one."""

    id: UUID
    number: str
    name: str
    kind: str
    state: DrawState
    starts_at: datetime
    finished_at: datetime | None
    gathering_at: datetime | None
    needed: int
    agreed: int
    present: int
    late: int
    announced: int
    urged_by: str
    """Who urges instead of the agency, for which arrivals are sealed; empty: the reader may."""
    number_wanted: bool
    recusals: int
    aborts: RoundAborts
    open_round: OpenRound | None
    release: str
    started_at: datetime | None

    @property
    def label(self) -> str:
        """The name of its state."""
        return state_label(self.state, self.kind, started=self.started_at is not None)


@dataclass(frozen=True)
class WorkLines:
    """The first lines of a list, and the total."""

    lines: tuple[WorkLine, ...]
    total: int


_MOMENTS = ("now", "since", "today")


@dataclass(frozen=True)
class WorkLists:
    deps: Deps
    access: DrawAccess

    async def read(self, actor: Actor, which: WorkList, *, limit: int = 5) -> WorkLines:
        """A list, limited to draws that this actor may see."""
        permissions.check(actor, "draw.read")
        reach, values = self.access.visibility_condition(actor, few=True)
        now = self.deps.now()
        parameters: dict[str, object] = {
            "now": now,
            "since": now - self.deps.book(actor.pool).attendance.urging_window,
            "today": local(now).replace(hour=0, minute=0, second=0, microsecond=0),
            "limit": limit,
        }
        sql = _LINES.replace("{which}", _LISTS[which]).replace("{reach}", reach)
        for name, value in parameters.items():
            if f"{{{name}}}" in sql:
                sql = sql.replace(f"{{{name}}}", f"{values.add(value)}{'::timestamptz' if name in _MOMENTS else ''}")
        draws = await rows(sql, *values)
        lines = [self._line(actor, row, now) for row in draws]
        return WorkLines(tuple(lines), draws[0]["total"] if draws else 0)

    def _line(self, actor: Actor, row: Mapping[str, Any], now: datetime) -> WorkLine:
        facts = {name: row[name] for name in WorkLine.__dataclass_fields__ if name in row}
        unseals_at = row["starts_at"] - self.deps.book(actor.pool).draw.result_visible_before
        sealed = row["late"] and actor.role in AGENCY and now < unseals_at
        urged_by = self._urging_contact(row["door"]) if sealed else ""
        rules = self.deps.book(actor.pool).draw.commitments
        known = {
            "state": DrawState(row["state"]),
            "urged_by": urged_by,
            "aborts": count_aborts(rules.aborts_max, row["withheld"]),
            "open_round": read_open_round(row["open_round"], rules.roles),
        }
        return WorkLine(**{**facts, **known})

    def _urging_contact(self, door: Sequence[str]) -> str:
        venue, address, contact, phone = door
        return venue_urging_text(venue, address, contact, self.deps.keys.read(phone, PHONE))
