"""HTTP clients of both sides: our public API, and the sandbox that simulates everyone's phone."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import aiohttp

T = TypeVar("T")
Json: TypeAlias = dict[str, Any]  # a response; read by key, and a missing key is an error of the demo

_TIMEOUT = aiohttp.ClientTimeout(total=40)
_AWAY = (429, 503)
_RETRY_DELAY = 0.3
_RETRY_DELAY_MAX = 15.0


class Refused(Exception):
    """A refusal by the other side; ``problem`` is its RFC 9457 body, or the sandbox's."""

    def __init__(self, status: int, problem: Json, what: str, retry_after: float = 0.0) -> None:
        super().__init__(f"{what}: {status} {problem}")
        self.status = status
        self.problem = problem
        self.retry_after = retry_after
        """Seconds, where the other side named them."""

    @property
    def code(self) -> str:
        return str(self.problem.get("code", ""))

    @property
    def rule(self) -> str:
        """Key of the rulebook's rule that forbids it, if any."""
        return str(self.problem.get("rule", ""))


@dataclass(frozen=True)
class HttpClient:
    """``timeout``: seconds that a request is repeated while the other side is away, with the same key."""

    http: aiohttp.ClientSession
    service_url: str
    sandbox_url: str
    timeout: float = 20.0

    async def control(self, path: str, body: Json | None = None) -> Json:
        """The sandbox's control API: GET without a body, else POST. Raises Refused."""
        method = "GET" if body is None else "POST"
        async with self.http.request(method, f"{self.sandbox_url}/control{path}", json=body, timeout=_TIMEOUT) as got:
            answer: Json = await got.json()
            if got.status >= 400:
                raise Refused(got.status, answer, f"{method} /control{path}")
            return answer

    async def watch(self, mobile: str, find: Callable[[Json], T | None], timeout: float) -> T | None:
        """What ``find`` finds on a phone, as soon as it is there; None after ``timeout`` seconds."""
        loop = asyncio.get_running_loop()
        until, seen = loop.time() + timeout, -1
        while (left := until - loop.time()) > 0:
            phone = await self.control(f"/phones/{mobile}/wait?changes={seen}&timeout={min(left, 10):.2f}")
            value = find(phone)
            if value is not None:
                return value
            seen = int(phone["changes"])
        return None

    async def api(self, method: str, path: str, body: object = None, *, token: str = "") -> Json:
        """Our API below ``/api/v1/``. A POST keeps its idempotency key in all repetitions. Raises Refused."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if method == "POST":
            headers["Idempotency-Key"] = secrets.token_hex(12)
        give_up = asyncio.get_running_loop().time() + self.timeout
        while True:
            try:
                return await self._call_api(method, path, body, headers)
            except (aiohttp.ClientError, TimeoutError) as error:
                if asyncio.get_running_loop().time() > give_up:
                    raise Refused(503, {"detail": repr(error)}, f"{method} {path}") from error
            except Refused as refusal:
                if refusal.status not in _AWAY or asyncio.get_running_loop().time() > give_up:
                    raise
                # repeating at once would only count once more, or load a service that is recovering
                await asyncio.sleep(min(refusal.retry_after, _RETRY_DELAY_MAX if refusal.status == 429 else 1.0))
            await asyncio.sleep(_RETRY_DELAY)

    async def send(self, path: str, content: bytes, *, token: str) -> Json:
        """Send raw bytes: one part of a file. Raises Refused."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/octet-stream"}
        async with self.http.put(f"{self.service_url}/api/v1/{path}", data=content, headers=headers) as got:
            text = await got.text()
            if got.status >= 400:
                raise Refused(got.status, _read(text), f"PUT {path}")
            return _read(text)

    async def _call_api(self, method: str, path: str, body: object, headers: dict[str, str]) -> Json:
        url = f"{self.service_url}/api/v1/{path}"
        async with self.http.request(method, url, headers=headers, json=body, timeout=_TIMEOUT) as got:
            text = await got.text()
            if got.status >= 400:
                raise Refused(got.status, _read(text), f"{method} {path}", _seconds(got.headers.get("Retry-After", "")))
            return _read(text)


def _seconds(header: str) -> float:
    return float(header) if header.isascii() and header.isdigit() else 0.0


def _read(text: str) -> Json:
    """A body as an object; text that is not JSON is put under ``text``."""
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        return {"text": text}
    return body if isinstance(body, dict) else {"text": text}
