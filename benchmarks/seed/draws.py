"""Projects and draws of one organisation, from years back to weeks ahead, with the experts called.

None of them has a published log, which only a full run of a draw produces. ``benchmarks.stage`` makes draws that call
one after the other.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.models import Model

from app.demo.data import POOL, SUPERVISING
from app.players.people import AGENCY, AGENCY_CODE, CAST
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import Person, World
from domain.clock import local
from domain.ids import new_id
from models.accounts import Account
from models.attendance import Attendance
from models.draws import (
    Absence,
    CallNotice,
    Condition,
    Draw,
    DrawApplication,
    DrawLot,
    DrawNumber,
    RecusalUnit,
    Round,
    Supervisor,
    SupervisorEntry,
)
from models.invitations import Invitation
from models.organisations import AgentLink
from models.projects import Lot, Project
from services.core.crypto import PHONE

SHARES = {
    "ended": 77,
    "terminated": 4,
    "released": 1,
    "completed": 6,
    "verified": 2,
    "submitted": 2,
    "editing": 1,
    "refused": 1,
    "committing": 1,
    "drawing": 1,
    "paused": 1,
    "ending": 1,
    "short": 1,
    "supplement_pending": 1,
}
"""Per cent of the draws by state."""
OVER = ("ended", "terminated", "released")
RUNNING = ("drawing", "paused", "ending")
"""States of draws that wait for their last expert until the gathering."""
LACKING = {**dict.fromkeys(RUNNING, "open"), "short": "declined", "supplement_pending": "left"}
"""States of the invitation to the last place of a panel."""
GIVEN_UP = {"terminated": "cancelled", "released": "released"}
"""Later states of accepted invitations."""
DRAWN = (*OVER, "completed", *LACKING)
AGENTS = 12
_DAYS_BACK = 700
_DAYS_AHEAD = 50
_LOTS = 2
_FULL = 5
"""Experts on a panel."""
_AT_ONCE = 1_000
_VENUE = "演示省公共资源交易中心"
_SUPERVISORS = 40
_ADDRESS = "广州市天河区天润路333号"


@dataclass(frozen=True, slots=True)
class Called:
    """An invitation, with the columns that notices need."""

    id: UUID
    person: Person
    state: str
    at: datetime
    gathering: datetime


@dataclass
class _Plan:
    """One draw: when, in which state, how many are called."""

    serial: int
    state: str
    starts: datetime
    calls: int
    id: UUID = field(default_factory=new_id)

    @property
    def gathering(self) -> datetime:
        return self.starts - timedelta(minutes=45)

    @property
    def created(self) -> datetime:
        return self.starts - timedelta(days=_DAYS_AHEAD + 5, hours=2)

    @property
    def drawn_at(self) -> datetime:
        return self.created + timedelta(days=2)

    @property
    def ends(self) -> datetime:
        return self.starts + timedelta(hours=3)

    @property
    def needed(self) -> int:
        return max(1, min(_FULL, self.calls // 2)) if self.calls else _FULL

    @property
    def is_drawn(self) -> bool:
        return self.state in DRAWN


async def load_draws(world: World, loader: Loader) -> list[Called]:
    """Load all draws with their rows; returns the invitations."""
    agents = await _load_agents(world, loader)
    entry_id = (await SupervisorEntry.get(pool=POOL)).id
    plans = list(_plans(world))
    projects = await _load_projects(world, loader, agents, len(plans))
    callers = world.experts[-max(len(world.experts) // 10, min(200, len(world.experts))) :]
    called: list[Called] = []
    numbers: Counter[str] = Counter()
    for start in range(0, len(plans), _AT_ONCE):
        rows: dict[type[Model], list[dict[str, Any]]] = defaultdict(list)
        for plan in plans[start : start + _AT_ONCE]:
            agent, project, lot = projects[plan.serial]
            made = _Maker(world, rows, plan, agent, entry_id)
            made.add_draw(_number(world, plan, numbers), project, lot)
            called += made.add_calls(callers, len(called))
        for model, made_rows in rows.items():
            await loader.load(model, made_rows)
    prefix = world.book.draw.numbers.normal
    used = ({"pool": POOL, "prefix": prefix, "day": day, "used": count} for day, count in numbers.items())
    await loader.load(DrawNumber, used)
    await loader.restart("menu_number", 70_001 + 2 * len(called))
    return called


def _plans(world: World) -> Iterator[_Plan]:
    """In the order of their days; those that are over lie before today."""
    count = world.sizes.draws
    cycle = [state for state, share in SHARES.items() for _ in range(share)]
    wanted = [cycle[number * 37 % 100] for number in range(count)]
    past = [state for state in wanted if state in OVER]
    ahead = [state for state in wanted if state not in OVER]
    drawn = sum(state in DRAWN for state in wanted)
    each, more = divmod(world.sizes.invitations, max(drawn, 1))
    seen = 0
    today = local(world.now).replace(hour=9, minute=45, second=0, microsecond=0)
    for serial, state in enumerate(past + ahead):
        days = (serial - len(past)) * _DAYS_BACK // max(len(past), 1) - 2
        if serial >= len(past):
            days = 1 + (serial - len(past)) * _DAYS_AHEAD // len(ahead)
        calls = each + (seen < more) if state in DRAWN else 0
        seen += state in DRAWN
        yield _Plan(serial, state, today + timedelta(days=days, hours=serial % 3 * 2), calls)


def _number(world: World, plan: _Plan, used: Counter[str]) -> str:
    numbers, day = world.book.draw.numbers, f"{local(plan.created):%Y%m%d}"
    used[day] += 1
    return f"{numbers.normal}{day}{used[day]:0{numbers.serial_digits}}"


async def _load_agents(world: World, loader: Loader) -> list[UUID]:
    """The cast's agent first, with a quarter of all draws, then colleagues."""
    keys, since = world.deps.keys, world.now - timedelta(days=_DAYS_BACK + 100)
    made = [(new_id(), f"1370000{number:04}", world.rng.choice(world.names)[0]) for number in range(AGENTS - 1)]
    await loader.load(
        Account,
        (
            {
                "id": account_id,
                "pool": POOL,
                "mobile_sealed": keys.seal(mobile, "mobile"),
                "mobile_hash": keys.lookup_hash("mobile", mobile),
                "real_name": name,
                "created_at": since,
            }
            for account_id, mobile, name in made
        ),
    )
    links = {"organisation_id": world.organisation_id, "valid_from": since, "accepted_at": since, "created_at": since}
    until = world.now + timedelta(days=30)
    await loader.load(
        AgentLink, ({**links, "account_id": account_id, "valid_until": until} for account_id, _, _ in made)
    )
    return [world.cast("agency"), *(account_id for account_id, _, _ in made)]


async def _load_projects(
    world: World, loader: Loader, agents: Sequence[UUID], draws: int
) -> list[tuple[UUID, UUID, UUID]]:
    """Agent, project and lot of each draw; a project has two lots."""
    ids = [new_id() for _ in range(-(-draws // _LOTS))]
    of = [agents[0] if number % 4 == 0 else agents[1 + number % (AGENTS - 1)] for number in range(len(ids))]
    await loader.load(Project, (_project(world, n, *pair) for n, pair in enumerate(zip(ids, of, strict=True))))
    lots = [(new_id(), project_id, position) for project_id in ids for position in range(_LOTS)]
    await loader.load(
        Lot,
        (
            {"id": lot_id, "project_id": project_id, "name": f"第{position + 1}标段", "position": position}
            for lot_id, project_id, position in lots
        ),
    )
    return [(of[number // _LOTS], ids[number // _LOTS], lots[number][0]) for number in range(draws)]


def _project(world: World, number: int, project_id: UUID, agent: UUID) -> dict[str, Any]:
    tenderee = _tenderee(number)
    return {
        "id": project_id,
        "pool": POOL,
        "organisation_id": world.organisation_id,
        "agent_id": agent,
        "name": f"演示市第{number + 1}号道路改造工程",
        "number": f"E44010000012{number:08}",
        "on_site": True,
        "category": "工程建设项目招标投标/房屋建筑",
        "region": "440106",
        "funding_source": "国家或政府投资项目",
        "tender_method": "公开招标",
        "organisation_form": "委托招标",
        "tenderee_category": "法人",
        "investment": 150_000_000 + number * 1_000_000,
        "tenderee_name": tenderee,
        "tenderee_code": "",
        "agency_name": AGENCY,
        "agency_code": AGENCY_CODE,
        "contact": "张三",
        "created_at": world.now - timedelta(days=_DAYS_BACK + 80) + timedelta(hours=6 * number),
    }


def _tenderee(number: int) -> str:
    """A tenderee that employs no expert."""
    return f"演示市第{number % 300 + 1}建设管理局"


class _Maker:
    """Rows of one draw."""

    def __init__(
        self,
        world: World,
        rows: dict[type[Model], list[dict[str, Any]]],
        plan: _Plan,
        agent: UUID,
        entry_id: UUID,
    ) -> None:
        self.world, self.rows, self.plan, self.agent, self.entry_id = world, rows, plan, agent, entry_id
        self.notice_id, self.condition_id = new_id(), new_id()

    def add_draw(self, number: str, project_id: UUID, lot_id: UUID) -> None:
        plan, keys = self.plan, self.world.deps.keys
        over = plan.ends if plan.state == "ended" else plan.drawn_at + timedelta(days=1)
        finished = plan.drawn_at + timedelta(hours=2)
        self.rows[Draw].append(
            {
                "id": plan.id,
                "pool": POOL,
                "number": number,
                "state": plan.state,
                "project_id": project_id,
                "organisation_id": self.world.organisation_id,
                "agent_id": self.agent,
                "name": f"演示市第{plan.serial // _LOTS + 1}号道路改造工程(第{plan.serial % _LOTS + 1}标段)",
                "medium": "广东省招标投标监管网",
                "opening_at": plan.starts - timedelta(hours=2),
                "opening_place": "第一开标室",
                "needed": plan.needed,
                "starts_at": plan.starts,
                "ends_at": plan.ends,
                "on_site": True,
                "operator_name": "周代理",
                "operator_phone_sealed": keys.seal("19900000001", PHONE),
                "operator_id_sealed": keys.seal("11010519491231002X", "id_number"),
                "terminal": _VENUE,
                "gathering_first": plan.gathering,
                "created_at": plan.created,
                "started_at": plan.drawn_at if plan.is_drawn else None,
                "finished_at": finished if plan.is_drawn and plan.state not in RUNNING else None,
                "ended_at": over if plan.state in OVER else None,
                "unsealed_notice_at": plan.gathering if plan.state == "ended" else None,
            }
        )
        self._add_parts(project_id, lot_id)
        self._add_request()

    def _add(self, model: type[Model], **values: Any) -> None:
        self.rows[model].append({"draw_id": self.plan.id, **values})

    def _add_parts(self, project_id: UUID, lot_id: UUID) -> None:
        plan, keys = self.plan, self.world.deps.keys
        self._add(DrawLot, lot_id=lot_id, project_id=project_id, live=plan.state not in GIVEN_UP)
        self._add_notice()
        self._add_condition()
        name, mobile = self._supervisor()
        self._add(
            Supervisor,
            entry_id=self.entry_id,
            name=name,
            department=SUPERVISING,
            phone_sealed=keys.seal(mobile, "mobile"),
            mobile_hash=keys.lookup_hash("mobile", mobile),
        )
        for name, reason in ((_tenderee(plan.serial // _LOTS), "招标人"), (AGENCY, "代理机构")):
            self._add(RecusalUnit, name=name, reason=reason, fixed=True)
        if plan.is_drawn or plan.state == "committing":
            self._add(
                Round,
                number=1,
                conditions=["1"],
                secret_sealed=keys.seal(secrets.token_bytes(32), "round"),
                commitment=secrets.token_hex(32),
                seed=secrets.token_hex(32) if plan.is_drawn else "",
                opened_at=plan.drawn_at,
            )

    def _supervisor(self) -> tuple[str, str]:
        """Name and mobile: the demonstration's for every second draw, for the others one of forty."""
        if self.plan.serial % 2 == 0:
            person = next(person for person in CAST if person.role == "supervisor")
            return person.name, person.mobile
        number = self.plan.serial // 2 % _SUPERVISORS
        return f"监督人{number + 1}", f"138120{number:05}"

    def _add_notice(self) -> None:
        self._add(
            CallNotice,
            id=self.notice_id,
            venue=_VENUE,
            address=_ADDRESS,
            room=f"{self.plan.serial % 30 + 1}号评标室",
            gathering_at=self.plan.gathering,
            contact="陈场地",
            contact_phone_sealed=self.world.deps.keys.seal("020-28866000", PHONE),
            remark="请携带身份证原件。",
        )

    def _add_condition(self) -> None:
        agreed = self.plan.needed if self.plan.is_drawn and self.plan.state not in GIVEN_UP else 0
        self._add(
            Condition,
            id=self.condition_id,
            notice_id=self.notice_id,
            position=1,
            region_mode="permanent",
            regions=["440100"],
            specialty="A08",
            planned=self.plan.needed,
            needed=self.plan.needed,
            open=int(self.plan.state in RUNNING),
            accepted=agreed - (self.plan.state in LACKING),
            exhausted=self.plan.state in LACKING,
            round_number=int(self.plan.is_drawn),
            cursor=self.plan.calls,
        )

    def _add_request(self) -> None:
        """The request for verification; none while the draw is still being written."""
        plan = self.plan
        if plan.state == "editing":
            return
        state = plan.state if plan.state in ("submitted", "refused") else "approved"
        decided = state != "submitted"
        self._add(
            DrawApplication,
            kind="normal",
            terminal=_VENUE,
            state=state,
            opinion="请补充回避单位。" if state == "refused" else "",
            submitted_by_id=self.agent,
            submitted_at=plan.created + timedelta(hours=1),
            decided_by_id=self.world.cast("verifier") if decided else None,
            decided_at=plan.created + timedelta(hours=5) if decided else None,
        )

    def add_calls(self, callers: Sequence[Person], first: int) -> list[Called]:
        """Invitations to the next experts in turn; an expert is called again only weeks later."""
        plan = self.plan
        people = [callers[(first + number) % len(callers)] for number in range(plan.calls)]
        calls = []
        for number, person in enumerate(people):
            at = plan.drawn_at + timedelta(minutes=number)
            called = Called(new_id(), person, self._outcome(number), at, plan.gathering)
            self.rows[Invitation].append(self._invitation(called, first, number))
            self._add_follow_up(called)
            calls.append(called)
        return calls

    def _outcome(self, number: int) -> str:
        """The first ones accept; of the others one in a few draws had accepted and took leave."""
        state = self.plan.state
        if number == self.plan.needed - 1 and state in LACKING:
            return LACKING[state]
        if number < self.plan.needed:
            return GIVEN_UP.get(state, "accepted")
        if number == self.plan.needed and self.plan.serial % 5 == 0 and state not in (*GIVEN_UP, *LACKING):
            return "left"
        return ("declined", "silent", "declined")[number % 3]

    def _invitation(self, called: Called, first: int, number: int) -> dict[str, Any]:
        plan, answered, waits = self.plan, called.at + timedelta(seconds=50), called.state == "open"
        return {
            "id": called.id,
            "draw_id": plan.id,
            "condition_id": self.condition_id,
            "notice_id": self.notice_id,
            "expert_id": called.person.expert_id,
            "round_number": 1,
            "tier": "main",
            "leaf": secrets.token_hex(32),
            "code": f"{(first + number) * 7919 % 1_000_000:06}",
            "menu_id": 70_001 + 2 * (first + number),
            "link": secrets.token_urlsafe(12),
            "state": called.state,
            "starts_at": plan.gathering,
            "ends_at": plan.ends,
            "gathering_at": plan.gathering,
            "created_at": called.at,
            "answer_until": plan.gathering if waits else called.at + timedelta(minutes=3),
            "answered_at": None if waits else answered,
            "answered_by": "" if waits else _channel(called.state, number),
            "closed_at": None if called.state in ("accepted", "open") else answered,
        }

    def _add_follow_up(self, called: Called) -> None:
        if called.state == "left":
            at = called.at + timedelta(hours=1)
            self._add(
                Absence,
                invitation_id=called.id,
                condition_id=self.condition_id,
                kind="leave",
                reason="临时出差",
                source="expert",
                registered_at=at,
                handled_at=None if self.plan.state == "supplement_pending" else at,
            )
        if called.state == "accepted" and self.plan.state == "ended":
            came, went = called.gathering - timedelta(minutes=20), self.plan.ends
            self._add(Attendance, invitation_id=called.id, direction="in", at=came, method="qr")
            self._add(Attendance, invitation_id=called.id, direction="out", at=went, method="qr")


def _channel(state: str, number: int) -> str:
    """Channel on which an invitation was answered."""
    return "system" if state in ("silent", "cancelled", "released") else ("chat", "voice", "h5")[number % 3]
