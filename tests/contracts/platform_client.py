"""A platform's client, written from the guide at ``/integration`` alone: nothing of the product is imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass
class PlatformClient:
    """``base``: the address of the API, as the guide prints it."""

    http: aiohttp.ClientSession
    base: str
    client_id: str
    secret: str
    token: str = ""
    replayed: list[bool] = field(default_factory=list)

    async def log_in(self) -> dict[str, Any]:
        auth = aiohttp.encode_basic_auth(self.client_id, self.secret)
        form = {"grant_type": "client_credentials"}
        async with self.http.post(f"{self.base}/token", data=form, headers={"Authorization": auth}) as response:
            answer: dict[str, Any] = await response.json()
            self.token = answer.get("access_token", "")
            return answer

    async def get(self, path: str) -> tuple[int, Any]:
        return await self._send("GET", path)

    async def post(self, path: str, body: object, key: str) -> tuple[int, Any]:
        return await self._send("POST", path, json=body, headers={"Idempotency-Key": key})

    async def upload(self, path: str, content: bytes) -> tuple[int, Any]:
        return await self._send("PUT", path, data=content, headers={"Content-Type": "application/octet-stream"})

    async def _send(self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> Any:
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        async with self.http.request(method, self.base + path, headers=sent, **body) as response:
            self.replayed.append("Idempotent-Replay" in response.headers)
            kind = response.headers.get("Content-Type", "")
            return response.status, await response.json(content_type=None) if "json" in kind else None
