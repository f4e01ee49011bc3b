"""Calls the integrators' API and receives its events; written from the guide, as any platform would be."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from sandbox import jsons
from sandbox.config import PlatformConfig
from sandbox.jsons import Json
from sandbox.page import send_file
from sandbox.world import World

KEPT = 200
TOLERANCE = 300
"""Seconds by which the time of an event may differ from the clock."""
METHODS = ("GET", "POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """``genuine``: signed with our secret, and of this moment. ``repeated``: its id came before."""

    at: float
    genuine: bool
    repeated: bool
    content: Json

    def as_json(self) -> Json:
        return {"at": self.at, "genuine": self.genuine, "repeated": self.repeated, "content": self.content}


def is_genuine(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """The check of the guide."""
    try:
        timestamp = int(headers.get("webhook-timestamp", ""))
        key = base64.b64decode(secret.removeprefix("whsec_"))
    except ValueError:
        return False
    if abs(now - timestamp) > TOLERANCE:
        return False
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split())


@dataclass
class Platform:
    """``failing``: answers events with 500, to see them repeated."""

    world: World
    config: PlatformConfig
    events: deque[ReceivedEvent] = field(default_factory=lambda: deque(maxlen=KEPT))
    failing: bool = False
    _token: str = ""

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/platform", self.page)
        app.router.add_post("/platform/events", self.receive)
        app.router.add_get("/platform/state", self.state)
        app.router.add_post("/platform/call", self.call)
        app.router.add_post("/platform/failing", self.fail)

    async def page(self, _request: web.Request) -> web.Response:
        return send_file("platform.html")

    async def receive(self, request: web.Request) -> web.Response:
        """An event. Refused with 401 unless it is genuine."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        genuine = is_genuine(self.config.signing_secret, headers, body, self.world.clock.now())
        try:
            content = jsons.loads(body)
        except ValueError:
            content = {}
        repeated = any(event.content.get("id") == content.get("id") for event in self.events)
        self.events.append(ReceivedEvent(self.world.clock.now(), genuine, repeated, content))
        if self.failing:
            return web.Response(status=500)
        return web.Response(status=204 if genuine else 401)

    async def state(self, _request: web.Request) -> web.Response:
        """What the page shows."""
        return web.json_response(
            {
                "client_id": self.config.client_id,
                "secret": self.config.secret,
                "signing_secret": self.config.signing_secret,
                "base": self._base,
                "guide": f"{self.world.config.service_public_url or self.world.config.service_url}/integration",
                "failing": self.failing,
                "events": [event.as_json() for event in reversed(self.events)],
            },
            dumps=jsons.dumps,
        )

    async def fail(self, request: web.Request) -> web.Response:
        self.failing = jsons.loads(await request.read()).get("failing") is True
        return web.json_response({"failing": self.failing})

    async def call(self, request: web.Request) -> web.Response:
        """Send one request to the API with the demonstration's credentials: ``method``, ``path``, ``body``, ``key``."""
        wanted = jsons.loads(await request.read())
        method, path = jsons.text(wanted, "method", "GET"), jsons.text(wanted, "path")
        if method not in METHODS or not path.startswith("/"):
            return web.json_response({"error": "method 应为 GET、POST、PUT 或 DELETE，path 以 / 开头。"}, status=400)
        answer = await self._send(method, path, jsons.text(wanted, "body"), jsons.text(wanted, "key"))
        if answer.status == 401:
            self._token = ""
            answer = await self._send(method, path, jsons.text(wanted, "body"), jsons.text(wanted, "key"))
        return web.json_response({"status": answer.status, "body": await answer.text()}, dumps=jsons.dumps)

    async def _send(self, method: str, path: str, body: str, key: str) -> aiohttp.ClientResponse:
        if not self._token:
            self._token = await self._log_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        if body:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        data = body.encode() if body else None
        response = await self.world.http.request(method, self._base + path, data=data, headers=headers)
        await response.read()
        return response

    async def _log_in(self) -> str:
        auth = aiohttp.encode_basic_auth(self.config.client_id, self.config.secret)
        form = {"grant_type": "client_credentials"}
        async with self.world.http.post(f"{self._base}/token", data=form, headers={"Authorization": auth}) as response:
            return jsons.text(jsons.loads(await response.read()), "access_token")

    @property
    def _base(self) -> str:
        return f"{self.world.config.service_url}/platform/v1/{self.config.pool}"
