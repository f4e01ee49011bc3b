"""Where what we send leads: addresses of our pages, and what can be tapped in a chat to get there."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from domain.chat_links import link, mini_link

DOOR = "/h5/mini"
_OFFICES = ("/desk", "/agency", "/review", "/office")


class Entrances:
    """``appids`` are the mini-programs' by pool."""

    def __init__(self, public_url: str, appids: Mapping[str, str]) -> None:
        self._public_url = public_url
        self._appids = appids

    def page(self, pool: str, path: str) -> str:
        """The address of a page; see ``path``."""
        return f"{self._public_url}{self.path(pool, path)}"

    def path(self, pool: str, path: str) -> str:
        """Where to knock for a page: WeChat's own browser logs a bound person in, others log in first.

        The pages of a person (``/h5/…``) see to that themselves; those of an office can't name the pool.
        """
        return f"/h5/wechat?{urlencode({'pool': pool, 'next': path})}" if path.startswith(_OFFICES) else path

    def link(self, label: str, pool: str, path: str, mini: str = "", *, known: bool = True) -> str:
        """Something to tap in a chat: ``mini``, a page of the mini-program if there is one, else ours at ``path``.

        Into the mini-program leads a page of ours while the mini-program doesn't know the person; see ``door``.
        """
        if not mini or pool not in self._appids:
            return link(label, self.page(pool, path))
        if not known:
            return link(label, self.door(pool, path, mini))
        return mini_link(label, self._appids[pool], mini, self.page(pool, path))

    def door(self, pool: str, path: str, mini: str) -> str:
        """Our page that brings its visitor into ``mini`` as who he is, see ``MiniProgramEntry``; else ``path``."""
        if not mini or pool not in self._appids:
            return self.page(pool, path)
        onward = f"{DOOR}?{urlencode({'page': mini, 'or': path})}"
        return f"{self._public_url}/h5/wechat?{urlencode({'pool': pool, 'next': onward})}"
