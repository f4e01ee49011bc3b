"""The overview shown first: an expert's invitations and next panel, or the work of staff."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from bot.turn import Turn
from domain.clock import print_near_time
from handlers import commands, people, texts, wording
from handlers.courses import course_lines
from handlers.exams import exam_lines
from services.accounts import Who
from services.office import Count, Work
from services.registry import Services


async def overview_text(turn: Turn, who: Who) -> str:
    """An expert's invitations and panels, the work of staff; for applicants and unregistered persons, what they can
    do."""
    lines = [await expert_overview(turn, who.expert_id)] if who.expert_id is not None else []
    lines += await exam_lines(turn, who.account_id)
    lines += await course_lines(turn, who.account_id) if who.expert_id else []
    lines += await work_lines(turn, who)
    if not who.roles:
        lines.append(texts.MENU_AGENCY)
    if not who.roles or people.is_applicant(who):
        lines.append(commands.tap_lines(commands.APPLY, commands.PROGRESS, commands.MENU))
    return "\n".join(lines)


async def work_lines(turn: Turn, who: Who) -> list[str]:
    """Every role of the person with its counts and its page; empty for a person without one."""
    if who.account_id is None or not people.has_office(who):
        return []
    services, pool = turn.services, turn.user.pool
    staff_work = await services.office.staff_work.list_work(pool, who.account_id, who.roles)
    in_mini_program = await services.accounts.linking.is_bound_to_mini_program(who.account_id)
    return [
        line
        for work in staff_work
        for line in _role_lines(work, _entrance(services, pool, work, known=in_mini_program))
    ]


async def set_menu(turn: Turn, roles: Iterable[str]) -> None:
    """The menu below the chat follows the person's roles, which may have changed since it was set."""
    await turn.services.accounts.role_menus.request_if_other(turn.user.pool, turn.user.identity_id, roles)


def _role_lines(work: Work, entrance: str) -> list[str]:
    """Counts of one role, its page, and its commands."""
    words = commands.BY_ROLE.get(work.role, ())
    return [_counts_line(work), f"▸ {entrance}", *([commands.tap_lines(*words)] if words else [])]


def _counts_line(work: Work) -> str:
    counts = "，".join(_count(count) for count in work.counts if count.number)
    return texts.WORK.format(label=wording.plain_text(work.label), counts=counts or texts.NO_WORK)


def _count(count: Count) -> str:
    return texts.WORK_COUNT.format(name=count.name, number=count.number, unit=count.unit)


def _entrance(services: Services, pool: str, work: Work, *, known: bool) -> str:
    return services.notifications.entrances.link(work.action, pool, work.page, work.mini, known=known)


async def expert_overview(turn: Turn, expert_id: UUID) -> str:
    """A few lines for an expert, the urgent ones first."""
    if turn.user.person is not None and not turn.user.person.called:
        return texts.NO_PANEL_AHEAD
    waiting, panels = await turn.services.draws.invitation_queries.list_current(expert_id)
    lines = []
    if waiting:
        until = print_near_time(min(view.answer_until for view in waiting), turn.now)
        lines.append(texts.OPEN_INVITATIONS.format(count=len(waiting), until=until))
        lines.append(commands.tap_lines(commands.INVITATIONS))
    if panels:
        time, place = print_near_time(panels[0].gathering_at, turn.now), wording.place_text(panels[0])
        lines.append(texts.NEXT_PANEL.format(time=time, place=place))
        lines.append(commands.tap_lines(commands.PANELS))
    return "\n".join(lines) if lines else texts.NO_PANEL_AHEAD
