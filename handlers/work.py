"""My work: open tasks of staff of an office, an agency or a venue, with the page or mini-program for each."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.errors import Unauthenticated
from handlers import commands, overview, people, texts

_CONFIRMS = ("agent", "organisation")
"""Roles that let a platform work for them."""


def register(router: Router) -> None:
    router.menu("WORK", my_work)
    router.keyword(my_work, commands.WORK, "工作", "工作台")
    router.keyword(explain_platforms, "平台对接", "对接平台", "接口对接", texts.PLATFORMS_PAGE)


async def my_work(turn: Turn) -> str:
    """All open tasks of the person, in every role."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    await overview.set_menu(turn, [role.role for role in who.roles])
    return await overview.overview_text(turn, who)


async def explain_platforms(turn: Turn) -> str:
    """What a trading platform may do for an agency, where the agency confirms it, and the guide for developers."""
    who, link = await people.find_who(turn), turn.services.notifications.entrances.link
    pool = turn.user.pool
    lines = [texts.PLATFORMS]
    if who is not None and any(role.role in _CONFIRMS for role in who.roles):
        lines.append(f"▸ {link(texts.PLATFORMS_PAGE, pool, '/agency/integrations')}")
    lines.append(f"▸ {link(texts.PLATFORMS_GUIDE, pool, f'/integration?pool={pool}')}")
    words = (commands.WORK,) if turn.user.bound else (commands.BIND,)
    return "\n".join([*lines, commands.tap_lines(*words)])
