"""Base of the control endpoints: the parts they act on, JSON in and out, errors as sentences."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from sandbox import jsons
from sandbox.alibaba.sms import SmsCenter
from sandbox.alibaba.voice import VoiceCenter
from sandbox.autopilot import Autopilots
from sandbox.jsons import BadControlRequest, Json
from sandbox.mail.center import MailCenter
from sandbox.pay.center import PayCenter
from sandbox.phones import Phone, PhoneCall
from sandbox.wechat.person import Person, TapOutcome
from sandbox.wechat.platform import Platform
from sandbox.world import World


@dataclass(frozen=True, slots=True)
class ControlParts:
    world: World
    platform: Platform
    sms: SmsCenter
    voice: VoiceCenter
    autopilots: Autopilots
    pay: PayCenter
    mail: MailCenter


PARTS = web.AppKey("parts", ControlParts)


class Control:
    """One control request."""

    def __init__(self, request: web.Request, body: Json) -> None:
        self.request = request
        self.body = body
        self.parts = request.app[PARTS]
        self.world = self.parts.world

    @property
    def phone(self) -> Phone:
        """The phone named in the path, by id or by number; 404 when there is none."""
        key = self.request.match_info["phone"]
        phone = self.world.find_phone(key)
        if phone is None:
            raise web.HTTPNotFound(text=jsons.dumps({"error": f"no phone {key!r}"}), content_type="application/json")
        return phone

    @property
    def person(self) -> Person:
        return Person(self.parts.platform, self.phone, jsons.text(self.body, "pool"))

    @property
    def call(self) -> PhoneCall:
        call = self.phone.find_call(self.request.match_info["call"])
        if call is None:
            raise web.HTTPNotFound(text=jsons.dumps({"error": "no such call"}), content_type="application/json")
        return call

    def query_number(self, name: str, default: float) -> float:
        raw = self.request.query.get(name, "")
        try:
            return float(raw) if raw else default
        except ValueError as error:
            raise BadControlRequest(f"“{name}” must be a number") from error

    async def act(self, work: Awaitable[TapOutcome]) -> Json:
        """Run the action and return its outcome; with ``"wait": false`` answer at once."""
        if self.body.get("wait") is not False:
            return (await work).as_json()

        async def finish_work() -> None:
            await work

        self.world.spawn(finish_work())
        return {"waiting": True}


Answer = Json | web.StreamResponse
Endpoint = Callable[[Control], Awaitable[Answer] | Answer]


def endpoint(handler: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            raw = await request.read()
            body = jsons.loads(raw) if raw else {}
            answer = handler(Control(request, body))
            if not isinstance(answer, dict | web.StreamResponse):
                answer = await answer
        except BadControlRequest as error:
            return _error(400, str(error))
        except ValueError as error:
            return _error(400, f"the body must be a JSON object: {error}")
        if isinstance(answer, web.StreamResponse):
            return answer
        return web.Response(text=jsons.dumps(answer), content_type="application/json", charset="utf-8")

    return handle


def _error(status: int, text: str) -> web.Response:
    return web.Response(
        status=status, text=jsons.dumps({"error": text}), content_type="application/json", charset="utf-8"
    )
