"""The supervisor, who takes part in the draw of lots."""

from __future__ import annotations

from app.players.browser import BrowserPage
from app.players.page_player import PagePlayer
from app.players.phones import NotArrived


class DrawSupervisor(PagePlayer):
    async def open_round(self, number: str) -> BrowserPage:
        """The page of the draw with this number, which waits for a random number, from the first page. Raises
        NotArrived."""
        await self.open()
        words = "等待您提交随机数"
        waiting = [label for label in self.page.links if label.startswith(words) and number in label]
        if not waiting:
            raise NotArrived(f"监督人首页上的待办“{number}{words}”")
        return await self.browser.follow(waiting[0])

    async def read_log(self, draw: str) -> BrowserPage:
        """What was done with a draw, and how its notices were delivered."""
        return await self.open(f"/draws/{draw}/log")
