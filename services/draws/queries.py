"""Draws for lists and forms: cards, figures, details, operations."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import Field

from domain.catalogues import region_prefix
from domain.clock import local
from domain.draws.lifecycles import STATE_NAMES, DrawState, state_label
from domain.draws.round_stage import OpenRound, RoundAborts, count_aborts
from domain.masking import mask_name
from domain.rulebook.sections import Commitments
from models.base import Row
from models.draws import (
    CallNotice,
    Condition,
    Draw,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
)
from models.projects import Lot
from services.core import permissions
from services.core.base import Actor, Deps, Page, from_row, rows
from services.core.pages import contains, read_page
from services.draws.access import DrawAccess
from services.draws.lot_histories import LotHistory, read_histories
from services.draws.lot_holding import find_ancestors
from services.draws.operation_log import Operation, find_operations
from services.draws.views import (
    CallNoticeView,
    ConditionView,
    DrawLotView,
    DrawParts,
    DrawView,
    EarlierDraw,
    RecusalPersonView,
    RecusalUnitView,
    SupervisorView,
    view_of,
    views_of,
)

V = TypeVar("V")
DRAWING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
"""正在抽取: experts are being called, or calling is paused."""


NUMBER_WANTED = """EXISTS (SELECT 1 FROM draw_round r WHERE r.draw_id = d.id AND r.seed = ''
 AND r.aborted_at IS NULL AND NOT r.commitments ? 'supervisor')"""
"""SQL: whether a draw ``d`` waits for its supervisor's random number."""
OPEN_ROUND = """CASE WHEN d.state = 'committing' THEN (SELECT jsonb_build_object(
  'committed', ARRAY(SELECT jsonb_object_keys(r.commitments)), 'revealed', ARRAY(SELECT jsonb_object_keys(r.reveals)),
  'until', r.reveal_until, 'start_by', r.start_by)::text FROM draw_round r
  WHERE r.draw_id = d.id AND r.aborted_at IS NULL AND r.reveal_until IS NOT NULL ORDER BY r.number DESC LIMIT 1) END"""
"""SQL: the round of a draw ``d`` whose order is being fixed, or is fixed but not started; for ``read_open_round``."""
ABORTS_WITHHELD = """ARRAY(SELECT r.reveals <> '{}' FROM draw_round r
  WHERE r.draw_id = d.id AND r.aborted_at IS NOT NULL)"""
"""SQL: of each round of a draw ``d`` that was given up, whether a number was public by then."""
AWAITS_SUPPLEMENT = "d.kind <> 'recall' AND d.state IN ('short', 'supplement_pending')"
"""SQL: whether places of a draw ``d`` wait for a supplementary draw (待补抽活动)."""

_SOMEBODY_TOOK_PART = """EXISTS (SELECT 1 FROM invitation i WHERE i.draw_id = d.id
  AND i.state IN ('accepted', 'left', 'absent', 'recused', 'released'))"""
"""SQL: whether an expert of a draw ``d`` would be recused by it, see ``call_order.eligibility``."""

URGENT_FIRST = "(d.state = 'editing'), d.starts_at, d.id"
"""By the expected start, drafts last."""
_LATEST: Mapping[str, str] = {"venue": "d.starts_at DESC, d.id", "supervisor": "d.id DESC"}
"""Newest first for roles that don't read it from an index on the time of creation. Ids of draws are in that order, too,
and a supervisor's draws are found by their ids."""


def in_states(states: Iterable[str]) -> str:
    """SQL: whether a draw ``d`` is in one of ``states``.

    Written out, so that PostgreSQL knows how few draws are: for an array that comes as a value it prepares to read them
    all. Raises ValueError for another word than a state.
    """
    names = ", ".join(f"'{DrawState(state).value}'" for state in dict.fromkeys(states))
    return f"d.state IN ({names})"


def _under_name(code: str) -> str:
    """SQL: whether a draw ``d`` is shown under one of ``STATE_NAMES``; no draw is under another code."""
    name = next((name for name in STATE_NAMES if name.code == code), None)
    if name is None:
        return "FALSE"
    limits = [
        "" if name.of_recalls is None else f" AND (d.kind = 'recall') IS {name.of_recalls}",
        "" if name.started is None else f" AND (d.started_at IS NOT NULL) IS {name.started}",
    ]
    return f"d.state = '{name.state.value}'{''.join(limits)}"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Filters; an empty one doesn't limit. ``number`` and ``project`` search in numbers and names, the times are of the
    expected start."""

    number: str = ""
    project: str = ""
    state: str = ""
    name: str = ""
    """Code of one of ``STATE_NAMES``: 未抽取 excludes recalls, 未通知 and 通知中 mean recalls."""
    kind: str = ""
    source: str = ""
    """``on_site`` or ``off_site``: whether a trading centre's project or the agency's own (活动来源)."""
    region: str = ""
    states: tuple[str, ...] = ()
    starts_from: datetime | None = None
    starts_before: datetime | None = None
    without_absence: bool = False
    """Only draws without an absence that waits for a supplementary draw, and no recalls."""
    urgent_first: bool = False


@dataclass(frozen=True)
class DrawCard:
    """A draw in a list."""

    id: UUID
    number: str
    name: str
    kind: str
    state: DrawState
    accepted: int
    needed: int
    project: str
    region: str
    created_at: datetime
    started_at: datetime | None
    starts_at: datetime
    finished_at: datetime | None
    number_wanted: bool
    """The supervisor's random number is awaited."""
    operator: str
    """The operator's name (经办人), as the agency wrote it."""
    aborts: RoundAborts
    open_round: OpenRound | None

    @property
    def label(self) -> str:
        """The name of its state."""
        return state_label(self.state, self.kind, started=self.started_at is not None)


def read_open_round(text: str | None, roles: Sequence[str]) -> OpenRound | None:
    """From the column ``OPEN_ROUND``; ``roles`` take part by the rulebook."""
    if text is None:
        return None
    facts = json.loads(text)
    start_by = datetime.fromisoformat(facts["start_by"]) if facts["start_by"] else None
    return OpenRound(roles, facts["committed"], facts["revealed"], datetime.fromisoformat(facts["until"]), start_by)


@dataclass(frozen=True)
class DrawDashboard:
    """`today`: gatherings of today, as chat and venue list them. `completed_today`: calling ended today: full, short or
    by force. `week` counts draws begun this week by day, Monday first; `pending_supplements` activities that wait for a
    supplementary draw."""

    today: int
    drawing: int
    completed_today: int
    pending_supplements: int
    present_today: int
    awaited_today: int
    week: Annotated[tuple[int, ...], Field(examples=[[1, 0, 2, 0, 0, 0, 0]])]


@dataclass(frozen=True)
class FormerExpert:
    """By code; `name` is masked, and empty while that draw's result is sealed."""

    draw_number: Annotated[str, Field(examples=["CQSQ202611210001"])]
    code: Annotated[str, Field(examples=["204816"])]
    name: Annotated[str, Field(examples=["测*****"])]


@dataclass(frozen=True)
class Detail:
    """Everything about one draw for agency or staff, except its result."""

    draw: DrawView
    conditions: tuple[ConditionView, ...]
    parts: DrawParts
    original: EarlierDraw | None
    """The draw that a redraw or a recall follows."""
    label: str
    """The name of its state."""
    ancestors: tuple[UUID, ...]
    """The original, its original, and so on."""
    supplemented: frozenset[UUID]
    """Conditions for which a supplementary draw has called an expert."""

    @property
    def ordered(self) -> bool:
        """Whether an order was fixed."""
        return any(condition.round_number for condition in self.conditions)


_CARD = f"""
d.id, d.number, d.name, d.kind, d.state, d.needed, p.name AS project, p.region, d.created_at, d.started_at,
  d.starts_at, d.finished_at, d.operator_name AS operator, {NUMBER_WANTED} AS number_wanted,
  {ABORTS_WITHHELD} AS withheld, {OPEN_ROUND} AS open_round,
  (SELECT coalesce(sum(c.accepted), 0)::int FROM draw_condition c WHERE c.draw_id = d.id) AS accepted
"""
_DETAIL = """
SELECT
ARRAY(SELECT c FROM draw_condition c WHERE c.draw_id = $1 ORDER BY c.position) AS conditions,
ARRAY(SELECT s FROM draw_supervisor s WHERE s.draw_id = $1 ORDER BY s.id) AS supervisors,
ARRAY(SELECT u FROM recusal_unit u WHERE u.draw_id = $1 ORDER BY u.id) AS recusal_units,
ARRAY(SELECT p FROM recusal_person p WHERE p.draw_id = $1 ORDER BY p.id) AS recusal_persons,
ARRAY(SELECT n FROM call_notice n WHERE n.draw_id = $1 ORDER BY n.position) AS notices,
ARRAY(SELECT l FROM draw_lot d LEFT JOIN lot l ON l.id = d.lot_id WHERE d.draw_id = $1 ORDER BY d.id) AS lots,
ARRAY(SELECT e FROM avoided_draw a JOIN draw e ON e.id = a.earlier_id WHERE a.draw_id = $1 ORDER BY a.id) AS earlier,
(SELECT o FROM draw d JOIN draw o ON o.id = d.original_id WHERE d.id = $1) AS original,
ARRAY(SELECT DISTINCT i.condition_id FROM invitation i WHERE i.draw_id = $1 AND i.supplementary) AS supplemented
"""
_FORMER = """
SELECT d.number, d.starts_at, i.code, e.name FROM avoided_draw a JOIN draw d ON d.id = a.earlier_id
 JOIN invitation i ON i.draw_id = d.id AND i.state IN ('accepted', 'left', 'absent', 'recused', 'released')
 JOIN expert e ON e.id = i.expert_id WHERE a.draw_id = $1 ORDER BY d.number, i.code
"""
_WITHOUT_ABSENCE = """d.kind <> 'recall'
 AND NOT EXISTS (SELECT 1 FROM absence a WHERE a.draw_id = d.id AND a.handled_at IS NULL)"""
_CAME = "EXISTS (SELECT 1 FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in')"
GATHERED = "('drawing', 'paused', 'ending', 'completed', 'short', 'supplement_pending', 'ended')"
"""SQL: states in which experts come to the gathering."""
_DASHBOARD = f"""
SELECT
(SELECT count(*) FROM draw d WHERE {{where}} AND d.gathering_first >= {{today}}
  AND d.gathering_first < {{today}} + interval '1 day'
  AND d.state IN {GATHERED}) AS today,
(SELECT count(*) FROM draw d WHERE {{where}} AND d.state IN ('drawing', 'paused', 'ending')) AS drawing,
(SELECT count(*) FROM draw d WHERE {{where}} AND d.finished_at >= {{today}}
  AND d.state IN ('completed', 'short', 'supplement_pending', 'ended')) AS completed_today,
(SELECT count(*) FROM draw d WHERE {{where}} AND {AWAITS_SUPPLEMENT}) AS pending_supplements,
panel.present_today, panel.awaited,
ARRAY(SELECT d.started_at FROM draw d WHERE {{where}} AND d.started_at >= {{monday}}) AS begun
FROM (SELECT count(*) AS awaited, count(*) FILTER (WHERE {_CAME}) AS present_today
  FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE {{where}} AND i.state = 'accepted'
  AND i.gathering_at >= {{today}} AND i.gathering_at < {{today}} + interval '1 day') AS panel
"""
"""Each figure uses an index of its own, so that past draws cost nothing."""


@dataclass(frozen=True)
class DrawQueries:
    """Each method checks the permission."""

    deps: Deps
    access: DrawAccess

    async def detail(self, actor: Actor, draw_id: UUID) -> Detail:
        draw = await self.access.get(actor, draw_id)
        [row] = await rows(_DETAIL, draw_id)
        parts = DrawParts(
            supervisors=_views(SupervisorView, Supervisor, row["supervisors"]),
            recusal_units=_views(RecusalUnitView, RecusalUnit, row["recusal_units"]),
            recusal_persons=_views(RecusalPersonView, RecusalPerson, row["recusal_persons"]),
            notices=_views(CallNoticeView, CallNotice, row["notices"]),
            lots=tuple(_lot(lot) for lot in row["lots"]),
            avoided=_views(EarlierDraw, Draw, row["earlier"]),
        )
        [original] = _views(EarlierDraw, Draw, [row["original"]]) if row["original"] else [None]
        line = tuple(await find_ancestors(draw_id)) if original else ()
        return Detail(
            draw=view_of(DrawView, draw),
            conditions=_views(ConditionView, Condition, row["conditions"]),
            parts=parts,
            original=original,
            label=state_label(DrawState(draw.state), draw.kind, started=draw.started_at is not None),
            ancestors=line,
            supplemented=frozenset(row["supplemented"]),
        )

    async def lot_histories(self, actor: Actor, draw_id: UUID) -> list[LotHistory]:
        """What was on each of its lots, before it and since."""
        return await read_histories((await self.access.get(actor, draw_id)).id)

    async def former_experts(self, actor: Actor, draw_id: UUID) -> list[FormerExpert]:
        """The participants of draws whose experts are recused here."""
        draw = await self.access.get(actor, draw_id)
        experts = await rows(_FORMER, draw.id)
        sealed_for = self.deps.book(draw.pool).draw.result_visible_before
        return [
            FormerExpert(
                row["number"],
                row["code"],
                mask_name(row["name"]) if self.deps.now() >= row["starts_at"] - sealed_for else "",
            )
            for row in experts
        ]

    async def cards(self, actor: Actor, filters: Filters, *, offset: int = 0, limit: int = 20) -> Page[DrawCard]:
        """Draws that this actor may see, and their total: newest first, for a venue by their start, or urgent first."""
        permissions.check(actor, "draw.read")
        where, values = self.access.visibility_condition(actor, few=bool(filters.states))
        clauses: tuple[tuple[object, str], ...] = (
            (filters.number and contains(filters.number), "(d.number ILIKE {} OR d.name ILIKE {})"),
            (filters.project and contains(filters.project), "(p.name ILIKE {} OR p.number ILIKE {})"),
            (filters.state, "d.state = {}"),
            (filters.kind, "d.kind = {}"),
            (filters.source, "d.on_site = ({} = 'on_site')"),
            (region_prefix(filters.region), "starts_with(p.region, {})"),
            (filters.starts_from, "d.starts_at >= {}"),
            (filters.starts_before, "d.starts_at < {}"),
        )
        if filters.states:
            where += f" AND {in_states(filters.states)}"
        if filters.name:
            where += f" AND {_under_name(filters.name)}"
        if filters.without_absence:
            where += f" AND {_WITHOUT_ABSENCE}"
        for value, clause in clauses:
            if value:
                where += " AND " + clause.replace("{}", values.add(value))
        project = "JOIN project p ON p.id = d.project_id"
        source = f"draw d {project if filters.project or filters.region else ''} WHERE {where}"
        order = URGENT_FIRST if filters.urgent_first else _LATEST.get(actor.role, "d.created_at DESC, d.id")
        draws, total = await read_page(_CARD, f"d {project}", source, order, values, offset=offset, limit=limit)
        rules = self.deps.book(actor.pool).draw.commitments
        return Page(tuple(_card(row, rules) for row in draws), total)

    async def list_avoidable(
        self, actor: Actor, search: str, chosen: Collection[UUID], *, limit: int
    ) -> Page[EarlierDraw]:
        """Draws whose experts may be recused in another, newest first: those chosen before, then the actor's own that
        have been drawn and in which somebody took part; ``search`` is part of a number or name. The count is that of
        the latter."""
        permissions.check(actor, "draw.edit")
        where, values = self.access.visibility_condition(actor)
        where += f" AND d.finished_at IS NOT NULL AND {_SOMEBODY_TOOK_PART}"
        if word := search.strip()[:100]:
            pattern = values.add(contains(word))
            where += f" AND (d.number ILIKE {pattern} OR d.name ILIKE {pattern})"
        draws, total = await read_page(
            "d.id, d.number, d.name",
            "d",
            f"draw d WHERE {where}",
            "d.created_at DESC, d.id",
            values,
            offset=0,
            limit=limit,
        )
        chosen_draws = Draw.filter(id__in=list(chosen), pool=actor.pool, organisation_id=actor.organisation_id)
        first = [
            EarlierDraw(draw.id, draw.number, draw.name) for draw in await chosen_draws.order_by("-created_at", "id")
        ]
        rest = [EarlierDraw(r["id"], r["number"], r["name"]) for r in draws if r["id"] not in set(chosen)]
        return Page((*first, *rest), total)

    async def dashboard(self, actor: Actor) -> DrawDashboard:
        permissions.check(actor, "draw.create")
        where, values = self.access.visibility_condition(actor)
        now = self.deps.now()
        today = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        sql = _DASHBOARD.format(where=where, today=values.add(today), monday=values.add(monday))
        figures = (await rows(sql, *values))[0]
        week = [0] * 7
        for begun in figures.pop("begun"):
            week[local(begun).weekday()] += 1
        awaited_today = figures.pop("awaited") - figures["present_today"]
        return DrawDashboard(**figures, awaited_today=awaited_today, week=tuple(week))

    async def count_to_supplement(self, actor: Actor) -> int:
        """Draws with places that wait for a supplementary draw, counted as on the dashboard."""
        permissions.check(actor, "draw.create")
        where, values = self.access.visibility_condition(actor)
        [counted] = await rows(f"SELECT count(*)::int AS n FROM draw d WHERE {where} AND {AWAITS_SUPPLEMENT}", *values)
        return int(counted["n"])

    async def operations(self, actor: Actor, draw_id: UUID) -> list[Operation]:
        """The log of operations, at most the newest thousand, oldest first (操作记录).

        Nothing about experts: their names are sealed.
        """
        draw = await self.access.get(actor, draw_id)
        return await find_operations(draw.id)


def _views(shape: type[V], model: type[Row], records: Iterable[Mapping[str, Any]]) -> tuple[V, ...]:
    return views_of(shape, (from_row(model, record) for record in records))


def _lot(record: Mapping[str, Any] | None) -> DrawLotView:
    """None: the project itself is the lot."""
    if record is None:
        return DrawLotView(None)
    lot = from_row(Lot, record)
    return DrawLotView(lot.id, lot.name, lot.number, lot.investment)


def _card(row: Mapping[str, Any], rules: Commitments) -> DrawCard:
    values = {name: row[name] for name in DrawCard.__dataclass_fields__ if name in row}
    known = {
        "state": DrawState(row["state"]),
        "aborts": count_aborts(rules.aborts_max, row["withheld"]),
        "open_round": read_open_round(row["open_round"], rules.roles),
    }
    return DrawCard(**{**values, **known})
