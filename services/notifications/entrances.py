"""Links in our messages: addresses of our pages, and tappable links in a chat."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from domain.chat_links import link, mini_link
from services.core.base import Deps
from services.ports import MiniProgramAppids

DOOR = "/h5/mini"
OFFICES = ("/draws", "/agency", "/review", "/office", "/reports")
"""Beginnings of the addresses of staff's pages, which contain no pool."""


@dataclass(frozen=True)
class Entrances:
    deps: Deps
    appids: MiniProgramAppids

    def page(self, pool: str, path: str) -> str:
        """The address of a page; see ``path``."""
        return f"{self.deps.public_url}{self.path(pool, path)}"

    def path(self, pool: str, path: str) -> str:
        """The address by which to open a page: WeChat's own browser logs a bound person in, others log in first.

        Pages of a person (``/h5/…``) need no detour; those of staff, whose address contains no pool, do.
        """
        return f"/h5/wechat?{urlencode({'pool': pool, 'next': path})}" if path.startswith(OFFICES) else path

    def link(self, label: str, pool: str, path: str, mini: str = "", *, known: bool = True) -> str:
        """A link for a chat: to ``mini``, a page of the mini-program if there is one, else to our page at ``path``.

        While the mini-program isn't bound to the person, it leads through a page of ours; see ``door``.
        """
        if not mini or pool not in self.appids:
            return link(label, self.page(pool, path))
        if not known:
            return link(label, self.mini_program_page(pool, path, mini))
        return mini_link(label, self.appids[pool], mini, self.page(pool, path))

    def mini_program_page(self, pool: str, path: str, mini: str) -> str:
        """Our page that opens ``mini`` for its identified visitor, see ``MiniProgramEntry``; else ``path``."""
        if not mini or pool not in self.appids:
            return self.page(pool, path)
        onward = f"{DOOR}?{urlencode({'page': mini, 'or': path})}"
        return f"{self.deps.public_url}/h5/wechat?{urlencode({'pool': pool, 'next': onward})}"
