"""The script of the service's own pages."""

from __future__ import annotations

from dataclasses import dataclass

from app.players.browser import WebBrowser
from app.players.http_client import Json


@dataclass
class PageScript:
    """Calls the API with the token of the browser's log-in."""

    browser: WebBrowser
    pool: str

    async def open_page(self, path: str) -> WebBrowser:
        """The browser, which displays the page."""
        await self.browser.open(path)
        return self.browser

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path)

    async def post(self, path: str, body: object = None) -> Json:
        return await self._ask("POST", path, body)

    async def put(self, path: str, body: object) -> Json:
        return await self._ask("PUT", path, body)

    async def delete(self, path: str) -> Json:
        return await self._ask("DELETE", path)

    async def _ask(self, method: str, path: str, body: object = None) -> Json:
        return await self.browser.http_client.api(method, self.pool + path, body, token=await self._token())

    async def send(self, path: str, content: bytes) -> Json:
        return await self.browser.http_client.send(self.pool + path, content, token=await self._token())

    async def _token(self) -> str:
        return await self.browser.token(self.pool)
