"""Activities for agencies, verifiers, supervisors and venues: one bubble each, every line with its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.router import Router
from bot.turn import Turn
from domain.clock import local, print_time
from domain.draws.lifecycles import VerificationState
from domain.errors import Forbidden, Unauthenticated
from handlers import commands, overview, people, texts, wording, work
from services.accounts import RoleOption, Who
from services.core.base import Actor
from services.draws import ApplicationRow, ReleaseTask, WorkLine, WorkList, to_do_of

_SHOWN = 5
"""With their links these fill most of a bubble; a person with several roles gets fewer of each."""
_AGENCY = ("agent", "organisation")
_WATCHING = ("verifier", "venue", "supervisor", "pool_admin")
"""Roles that read draws of others: of their terminal, place, name or pool."""
_TODAY = "{line}（{state}）"
_NUMBER_AWAITED = "等待监督人提交随机数"


@dataclass(frozen=True)
class _Line:
    label: str
    path: str
    text: str


@dataclass(frozen=True)
class _RoleList:
    """The list of one role: its first lines, how many there are in all, and the page with all of them."""

    lines: Sequence[_Line]
    total: int
    page: str


Reader = Callable[[Turn, Actor, int], Awaitable[_RoleList]]


@dataclass(frozen=True)
class _List:
    what: str
    readers: Mapping[str, Reader]
    """List by role; other roles have none."""
    whom: str
    """Whose list it is, for those who have none."""


def register(router: Router) -> None:
    router.keyword(partial(show_list, "to_do"), commands.TO_DO, "我的待办", "待办事项")
    router.menu("TO_DO", partial(show_list, "to_do"))
    router.keyword(partial(show_list, "projects"), commands.PROJECTS, "招标项目", "我的项目")
    router.menu("PROJECTS", partial(show_list, "projects"))
    router.keyword(partial(show_list, "progress"), commands.DRAWS, "抽取活动")
    router.menu("DRAWS", partial(show_list, "progress"))
    router.keyword(partial(show_list, "missing"), commands.SUPPLEMENT, "专家补抽", "待补抽")
    router.menu("SUPPLEMENT", partial(show_list, "missing"))
    router.keyword(partial(show_list, "late"), commands.URGE, "催一下")
    router.menu("URGE", partial(show_list, "late"))
    router.keyword(partial(show_list, "verify"), commands.VERIFY, "核验")
    router.keyword(partial(show_list, "watched"), commands.SUPERVISE, "监督抽取")
    router.keyword(partial(show_list, "today"), commands.TODAY, "签到台", "到场情况")
    router.menu("TODAY", partial(show_list, "today"))


async def show_list(name: str, turn: Turn) -> str:
    """The list of every role of the person that has one, and for 待办 the counts of the other roles. Raises
    Unauthenticated or Forbidden with a text that says what to do."""
    who = await get_who(turn)
    worklist = _LISTS[name]
    own_roles = [role for role in who.roles if role.role in worklist.readers]
    if not own_roles and name == "to_do":
        return await work.my_work(turn)
    if not own_roles:
        return await _offer_instead(turn, who, worklist)
    others = tuple(role for role in who.roles if role not in own_roles) if name == "to_do" else ()
    limit = max(1, _SHOWN // (len(own_roles) + len(others)))
    blocks = [await _role_block(turn, worklist, role, limit) for role in own_roles]
    if others:
        blocks += await overview.work_lines(turn, replace(who, roles=others))
    return "\n".join(blocks)


async def _offer_instead(turn: Turn, who: Who, worklist: _List) -> str:
    """Whose list it is, and what the person's own roles have: an agency sees how its activities stand.

    Raises Forbidden for a person without any role in draws.
    """
    words = commands.words_of(role.role for role in who.roles)
    if not words:
        raise Forbidden(f"{texts.NOT_THE_OFFICE}\n{commands.tap_lines(commands.WORK, commands.MENU)}")
    agencies = [role for role in who.roles if role.role in _AGENCY]
    if not agencies:
        head = texts.LIST_OF_OTHERS.format(what=worklist.what, whom=worklist.whom)
        return f"{head}\n{commands.tap_lines(*words, commands.WORK)}"
    head = texts.LIST_INSTEAD.format(what=worklist.what, whom=worklist.whom)
    progress = _LISTS["progress"]
    blocks = [await _role_block(turn, progress, role, max(1, _SHOWN // len(agencies))) for role in agencies]
    return "\n".join([head, *blocks, commands.tap_lines(commands.TO_DO, commands.DRAWS)])


async def get_who(turn: Turn) -> Who:
    """The person. Raises Unauthenticated, with a text that says what to do, while unbound."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    return who


def actor_of(turn: Turn, role: RoleOption) -> Actor:
    """The person acting in this role."""
    return Actor(
        turn.user.pool, role.role, turn.user.account_id, organisation_id=role.organisation_id, scope=role.scope
    )


def may_see(name: str, role: str) -> bool:
    """Whether the role has this list."""
    return role in _LISTS[name].readers


async def _role_block(turn: Turn, worklist: _List, role: RoleOption, limit: int) -> str:
    pool = turn.user.pool
    role_list = await worklist.readers[role.role](turn, actor_of(turn, role), limit)
    link = turn.services.notifications.entrances.link
    all_label = (
        texts.WORK_MORE.format(total=role_list.total) if role_list.total > len(role_list.lines) else texts.WORK_PAGE
    )
    page = f"▸ {link(all_label, pool, role_list.page)}"
    if not role_list.lines:
        return f"{texts.WORK_NONE.format(label=wording.plain_text(role.label), what=worklist.what)}\n{page}"
    lines = [texts.WORK_HEAD.format(label=wording.plain_text(role.label), what=worklist.what, total=role_list.total)]
    lines += [f"▸ {link(line.label, pool, line.path)}\n{line.text}" for line in role_list.lines]
    return "\n".join([*lines, page])


def _draw_reader(which: WorkList, path: str, page: str, say: Callable[[WorkLine], str]) -> Reader:
    async def read_draws(turn: Turn, actor: Actor, limit: int) -> _RoleList:
        page_of_draws = await turn.services.draws.worklists.read(actor, which, limit=limit)
        lines = [_Line(_label(draw), path.format(id=draw.id), say(draw)) for draw in page_of_draws.lines]
        return _RoleList(lines, page_of_draws.total, page)

    return read_draws


async def _read_to_do(turn: Turn, actor: Actor, limit: int) -> _RoleList:
    """An agency's first page: releases and payments stand before the draws."""
    first = [*await _release_lines(turn, actor), *await _payable_lines(turn, actor)]
    room = limit - len(first)
    page_of_draws = await turn.services.draws.worklists.read(actor, "to_do", limit=max(room, 1))
    now = turn.services.deps.now()
    draw_lines = [
        _Line(_label(draw), f"/agency/draws/{draw.id}", wording.own_draw(draw.name, to_do_of(draw, now)))
        for draw in page_of_draws.lines
    ]
    return _RoleList([*first, *draw_lines][:limit], len(first) + page_of_draws.total, "/agency")


async def _release_lines(turn: Turn, actor: Actor) -> list[_Line]:
    tasks = await turn.services.draws.release_queries.tasks(actor)
    return [_Line(task.number, f"/agency/draws/{task.draw_id}/release", _release_text(task)) for task in tasks]


def _release_text(task: ReleaseTask) -> str:
    if task.unreached:
        return texts.RELEASE_UNREACHED.format(count=task.unreached)
    return texts.RELEASE_VERIFIED.format(until=print_time(task.until))


async def _payable_lines(turn: Turn, actor: Actor) -> list[_Line]:
    payable_draws = await turn.services.office.staff_work.list_owed_draws(actor)
    return [
        _Line(
            draw.number, f"/agency/draws/{draw.id}/remuneration", texts.REMUNERATION_PAYABLE.format(count=draw.payable)
        )
        for draw in payable_draws
    ]


async def _read_projects(turn: Turn, actor: Actor, limit: int) -> _RoleList:
    projects = await turn.services.draws.project_queries.list(actor, size=limit)
    lines = [
        _Line(
            project.name,
            f"/agency/projects/{project.id}",
            texts.PROJECT_LINE.format(lots=project.lots, draws=project.draws),
        )
        for project in projects.items
    ]
    return _RoleList(lines, projects.total, "/agency/projects")


async def _read_applications(turn: Turn, actor: Actor, limit: int) -> _RoleList:
    """Applications, oldest first, preceded by recusals at the venue that hold up a panel."""
    draws = turn.services.draws
    recusals = await draws.discard_queries.list_waiting(actor)
    applications = await draws.verification_queries.search(actor, VerificationState.SUBMITTED, limit=limit)
    lines = [
        _Line(recusal.draw_number, f"/draws/{recusal.draw_id}/absences", texts.RECUSAL_WAITS)
        for recusal in recusals[:limit]
    ]
    lines += [
        _Line(application.draw_number, f"/draws/{application.draw_id}/application", _application_text(application))
        for application in applications.items[: limit - len(lines)]
    ]
    return _RoleList(lines, len(recusals) + applications.total, "/draws/applications")


def _application_text(application: ApplicationRow) -> str:
    return texts.APPLICATION_LINE.format(
        organisation=wording.plain_text(application.organisation), at=print_time(application.submitted_at)
    )


def _label(draw: WorkLine) -> str:
    return texts.DRAW_LABEL.format(number=draw.number, when=print_time(draw.starts_at))


def _agreement_text(draw: WorkLine) -> str:
    return texts.DRAW_AGREED.format(state=draw.label, agreed=draw.agreed, needed=draw.needed)


def _missing_text(draw: WorkLine) -> str:
    return texts.DRAW_MISSING.format(state=draw.label, missing=draw.needed - draw.agreed)


def _urging_text(draw: WorkLine) -> str:
    text = texts.DRAW_LATE.format(present=draw.present, late=draw.late, how=draw.urged_by or texts.MAY_URGE)
    return f"{text}{_announced_text(draw)}"


def _today_text(draw: WorkLine) -> str:
    time = f"{local(draw.gathering_at):%H:%M}" if draw.gathering_at else ""
    line = texts.DRAW_TODAY.format(time=time, present=draw.present, agreed=draw.agreed)
    return f"{_TODAY.format(line=line, state=draw.label)}{_announced_text(draw)}"


def _announced_text(draw: WorkLine) -> str:
    return texts.DRAW_ANNOUNCED.format(count=draw.announced) if draw.announced else ""


def _supervision_text(draw: WorkLine) -> str:
    """One draw for its supervisor; what he has to do himself stands first."""
    return _watching_text(draw, texts.NUMBER_WANTED)


def _watching_text(draw: WorkLine, number_wanted: str = _NUMBER_AWAITED) -> str:
    """One draw for an office; what it waits for stands first."""
    awaited = [number_wanted] if draw.number_wanted else []
    awaited += [texts.RECUSALS_WAIT.format(count=draw.recusals)] if draw.recusals else []
    return "；".join([*awaited, _agreement_text(draw)])


def _for_agency(reader: Reader) -> dict[str, Reader]:
    return dict.fromkeys(_AGENCY, reader)


def _own_draws_reader(which: WorkList, path: str, page: str, say: Callable[[WorkLine], str]) -> dict[str, Reader]:
    return _for_agency(_draw_reader(which, path, page, lambda draw: wording.own_draw(draw.name, say(draw))))


def _for_watching(which: WorkList, say: Callable[[WorkLine], str]) -> dict[str, Reader]:
    return dict.fromkeys(_WATCHING, _draw_reader(which, "/draws/{id}", "/draws", say))


_AT_THE_DOOR = "/draws/{id}/attendance"
_LISTS: Mapping[str, _List] = {
    "to_do": _List("待办", _for_agency(_read_to_do), "代理机构"),
    "projects": _List("招标项目", _for_agency(_read_projects), "代理机构"),
    "progress": _List(
        "抽取进度",
        {
            **_own_draws_reader("progress", "/agency/draws/{id}/run", "/agency/draws", _agreement_text),
            **_for_watching("progress", _watching_text),
        },
        "办理抽取的人员",
    ),
    "missing": _List(
        "待补抽",
        _own_draws_reader("missing", "/agency/draws/{id}/run", "/agency/pending", _missing_text),
        "代理机构",
    ),
    "late": _List(
        "未签到",
        {
            **_own_draws_reader("late", "/agency/draws/{id}/attendance", "/agency/draws", _urging_text),
            **dict.fromkeys(("venue", "verifier"), _draw_reader("late", _AT_THE_DOOR, "/draws", _urging_text)),
        },
        "代理机构和评标场地",
    ),
    "verify": _List("待核验", {"verifier": _read_applications}, "核验人员"),
    "watched": _List(
        "监督",
        {
            "supervisor": _draw_reader("watched", "/draws/{id}", "/draws", _supervision_text),
            **dict.fromkeys(
                ("verifier", "pool_admin"), _draw_reader("watched", "/draws/{id}", "/draws", _watching_text)
            ),
        },
        "监督人和专家库管理机构",
    ),
    "today": _List(
        "今日评标",
        {
            **_own_draws_reader("today", "/agency/draws/{id}/attendance", "/agency/draws", _today_text),
            **_for_watching("today", _today_text),
            **dict.fromkeys(("venue", "verifier"), _draw_reader("today", _AT_THE_DOOR, "/draws", _today_text)),
        },
        "办理抽取的人员",
    ),
}
"""Lists by name, each of the roles to which ``services/core/permissions.py`` opens what it shows."""
