"""消息: notices sent to the person, newest first; the page has all of them."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_time
from domain.errors import Unauthenticated
from handlers import commands, people, texts
from services.core.base import Actor
from services.notifications import PastNotice

_SHOWN = 5


def register(router: Router) -> None:
    router.menu("NOTICES", list_notices)
    router.keyword(
        list_notices,
        commands.NOTICES,
        "我的消息",
        "历史消息",
        "消息记录",
        "通知记录",
        "我的通知",
        "通知",
        "查看详情",
        "查看全文",
        "去查看",
    )


async def list_notices(turn: Turn) -> str:
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    actor = Actor(turn.user.pool, "guest", who.account_id)
    notices = await turn.services.notifications.history.notices_of(actor, limit=_SHOWN)
    if not notices.items:
        return f"{texts.NO_NOTICES}\n{commands.tap_lines(commands.MENU)}"
    page = link(texts.ALL_NOTICES, f"{turn.services.deps.public_url}/h5/{turn.user.pool}/notices")
    return "\n".join([texts.NOTICES, *(_line(notice) for notice in notices.items), f"▸ {page}"])


def _line(notice: PastNotice) -> str:
    return f"{print_time(notice.at)} {notice.title}（{notice.channel_label}，{notice.state_label}）"
