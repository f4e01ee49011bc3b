"""What can be downloaded (资料下载): one bubble of links."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from handlers import commands, texts
from services.files import MaterialView

_BYTES = 1700
"""Bytes of the bubble's 2048: the link to the page, and choices, must still fit."""


def register(router: Router) -> None:
    router.keyword(list_materials, commands.MATERIALS, "资料", "下载", "下载资料", "培训资料", "操作手册")
    router.menu("MATERIALS", list_materials)


async def list_materials(turn: Turn) -> str:
    """By category. A file for applicants links to the page, where the person logs in first."""
    pool = turn.user.pool
    page = f"{turn.services.deps.public_url}/h5/{pool}/materials"
    materials = await turn.services.files.material_queries.list_shown(pool)
    if not materials:
        return f"{texts.NO_MATERIALS}\n{commands.tap_lines(commands.GUIDE, commands.HELP)}"
    lines, count = _lines(materials, page)
    if count < len(materials):
        lines.append(texts.AND_MORE.format(count=len(materials) - count))
    return "\n".join([*lines, link(texts.ALL_MATERIALS, page), commands.tap_lines(commands.GUIDE)])


def _lines(materials: tuple[MaterialView, ...], page: str) -> tuple[list[str], int]:
    """A heading for each category and a link for each file, as many as the bubble holds; and the number of files
    shown."""
    lines, category, count = [texts.MATERIALS], "", 0
    for material in materials:
        added = [] if material.category == category else [texts.MATERIALS_OF.format(category=material.category)]
        open_to_all = material.audience == "everybody"
        label = material.title if open_to_all else texts.MATERIAL_CLOSED.format(title=material.title)
        added.append(f"▸ {link(label, f'{page}/{material.id}' if open_to_all else page)}")
        if len("\n".join([*lines, *added]).encode()) > _BYTES:
            break
        lines, category, count = [*lines, *added], material.category, count + 1
    return lines, count
