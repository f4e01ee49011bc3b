"""Activities for agencies, verifiers, supervisors and venues: one bubble each, every line with its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from bot.router import Router
from bot.turn import Turn
from domain.clock import local, print_time
from domain.draws.lifecycles import VerificationState
from domain.errors import Forbidden, Unauthenticated
from handlers import commands, people, texts, wording, work
from services.accounts import RoleOption
from services.core.base import Actor
from services.draws import ApplicationRow, ReleaseTask, WorkLine, WorkList, to_do_of

_SHOWN = 5
"""With their links these fill most of a bubble; a person with several roles gets fewer of each."""
_AGENCY = ("agent", "organisation")


@dataclass(frozen=True)
class _Line:
    label: str
    path: str
    said: str


@dataclass(frozen=True)
class _Found:
    """The list of one role: its first lines, how many there are in all, and the page with all of them."""

    lines: Sequence[_Line]
    total: int
    page: str


Look = Callable[[Turn, Actor, int], Awaitable[_Found]]


@dataclass(frozen=True)
class _List:
    what: str
    look: Mapping[str, Look]
    """List by role; other roles have none."""


def register(router: Router) -> None:
    router.keyword(partial(show, "to_do"), commands.TO_DO, "我的待办", "待办事项")
    router.keyword(partial(show, "projects"), commands.PROJECTS, "招标项目", "我的项目")
    router.keyword(partial(show, "progress"), commands.DRAWS, "抽取活动")
    router.keyword(partial(show, "missing"), commands.SUPPLEMENT, "专家补抽", "待补抽")
    router.keyword(partial(show, "late"), commands.URGE, "催一下")
    router.keyword(partial(show, "verify"), commands.VERIFY, "核验")
    router.keyword(partial(show, "watched"), commands.SUPERVISE, "监督抽取")
    router.keyword(partial(show, "today"), commands.TODAY, "签到台", "到场情况")


async def show(name: str, turn: Turn) -> str:
    """The list of every role of the person that has one. Raises Unauthenticated or Forbidden with a text that says what
    to do."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}")
    one = _LISTS[name]
    mine = [role for role in who.roles if role.role in one.look]
    if not mine and name == "to_do":
        return await work.my_work(turn)
    if not mine:
        raise Forbidden(f"{texts.NOT_THE_OFFICE}\n{commands.tappable(commands.WORK, commands.MENU)}")
    shown = max(1, _SHOWN // len(mine))
    return "\n".join([await _block(turn, one, role, shown) for role in mine])


async def _block(turn: Turn, one: _List, role: RoleOption, shown: int) -> str:
    pool = turn.user.pool
    actor = Actor(pool, role.role, turn.user.account_id, organisation_id=role.organisation_id, scope=role.scope)
    found = await one.look[role.role](turn, actor, shown)
    link = turn.services.notifications.entrances.link
    more = texts.WORK_MORE.format(total=found.total) if found.total > len(found.lines) else texts.WORK_PAGE
    page = f"▸ {link(more, pool, found.page)}"
    if not found.lines:
        return f"{texts.WORK_NONE.format(label=wording.plain(role.label), what=one.what)}\n{page}"
    lines = [texts.WORK_HEAD.format(label=wording.plain(role.label), what=one.what, total=found.total)]
    lines += [f"▸ {link(line.label, pool, line.path)}\n{line.said}" for line in found.lines]
    return "\n".join([*lines, page])


def _draws(which: WorkList, path: str, page: str, say: Callable[[WorkLine], str]) -> Look:
    async def look(turn: Turn, actor: Actor, shown: int) -> _Found:
        found = await turn.services.draws.worklists.read(actor, which, limit=shown)
        lines = [_Line(_label(one), path.format(id=one.id), say(one)) for one in found.lines]
        return _Found(lines, found.total, page)

    return look


async def _to_do(turn: Turn, actor: Actor, shown: int) -> _Found:
    """An agency's first page: releases and payments stand before the draws."""
    first = [*await _releases(turn, actor), *await _payable(turn, actor)]
    room, now = shown - len(first), turn.services.deps.now()
    found = await turn.services.draws.worklists.read(actor, "to_do", limit=max(room, 1))
    rest = [_Line(_label(one), f"/agency/draws/{one.id}", to_do_of(one, now)) for one in found.lines]
    return _Found([*first, *rest][:shown], len(first) + found.total, "/agency")


async def _releases(turn: Turn, actor: Actor) -> list[_Line]:
    found = await turn.services.draws.release_queries.tasks(actor)
    return [_Line(one.number, f"/agency/draws/{one.draw_id}/release", _release(one)) for one in found]


def _release(one: ReleaseTask) -> str:
    if one.unreached:
        return texts.RELEASE_UNREACHED.format(count=one.unreached)
    return texts.RELEASE_VERIFIED.format(until=print_time(one.until))


async def _payable(turn: Turn, actor: Actor) -> list[_Line]:
    found = await turn.services.office.staff_work.list_owed_draws(actor)
    return [
        _Line(one.number, f"/agency/draws/{one.id}/remuneration", texts.REMUNERATION_PAYABLE.format(count=one.payable))
        for one in found
    ]


async def _projects(turn: Turn, actor: Actor, shown: int) -> _Found:
    found = await turn.services.draws.project_queries.list(actor, size=shown)
    lines = [
        _Line(one.name, f"/agency/projects/{one.id}", texts.PROJECT_LINE.format(lots=one.lots, draws=one.draws))
        for one in found.items
    ]
    return _Found(lines, found.total, "/agency/projects")


async def _applications(turn: Turn, actor: Actor, shown: int) -> _Found:
    """Applications, oldest first, preceded by recusals at the venue that hold up a panel."""
    draws = turn.services.draws
    recusals = await draws.discard_queries.list_waiting(actor)
    found = await draws.verification_queries.search(actor, VerificationState.SUBMITTED, limit=shown)
    lines = [_Line(one.draw_number, f"/draws/{one.draw_id}/absences", texts.RECUSAL_WAITS) for one in recusals[:shown]]
    lines += [
        _Line(one.draw_number, f"/draws/{one.draw_id}/application", _handed_in(one))
        for one in found.items[: shown - len(lines)]
    ]
    return _Found(lines, len(recusals) + found.total, "/draws/applications")


def _handed_in(one: ApplicationRow) -> str:
    return texts.APPLICATION_LINE.format(organisation=wording.plain(one.organisation), at=print_time(one.submitted_at))


def _label(one: WorkLine) -> str:
    return texts.DRAW_LABEL.format(number=one.number, when=print_time(one.starts_at))


def _agreed(one: WorkLine) -> str:
    return texts.DRAW_AGREED.format(state=one.state.label, agreed=one.agreed, needed=one.needed)


def _missing(one: WorkLine) -> str:
    return texts.DRAW_MISSING.format(state=one.state.label, missing=one.needed - one.agreed)


def _late(one: WorkLine) -> str:
    return texts.DRAW_LATE.format(present=one.present, late=one.late, how=one.urged_by or texts.MAY_URGE)


def _today(one: WorkLine) -> str:
    time = f"{local(one.gathering_at):%H:%M}" if one.gathering_at else ""
    return texts.DRAW_TODAY.format(time=time, present=one.present, agreed=one.agreed)


def _watched(one: WorkLine) -> str:
    """One draw for its supervisor; what he has to do himself stands first."""
    own = [texts.NUMBER_WANTED] if one.number_wanted else []
    own += [texts.RECUSALS_WAIT.format(count=one.recusals)] if one.recusals else []
    return "；".join([*own, _agreed(one)])


def _same(look: Look) -> dict[str, Look]:
    return dict.fromkeys(_AGENCY, look)


_LISTS: Mapping[str, _List] = {
    "to_do": _List("待办", _same(_to_do)),
    "projects": _List("招标项目", _same(_projects)),
    "progress": _List("抽取进度", _same(_draws("progress", "/agency/draws/{id}/run", "/agency/draws", _agreed))),
    "missing": _List("待补抽", _same(_draws("missing", "/agency/draws/{id}/run", "/agency/pending", _missing))),
    "late": _List(
        "未签到",
        {
            **_same(_draws("late", "/agency/draws/{id}/attendance", "/agency/draws", _late)),
            "venue": _draws("late", "/draws/{id}/attendance", "/draws", _late),
        },
    ),
    "verify": _List("待核验", {"verifier": _applications}),
    "watched": _List("监督", {"supervisor": _draws("watched", "/draws/{id}", "/draws", _watched)}),
    "today": _List("今日评标", {"venue": _draws("today", "/draws/{id}/attendance", "/draws", _today)}),
}
