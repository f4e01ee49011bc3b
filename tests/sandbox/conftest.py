"""A running sandbox, and a small service on the other side whose answers a test chooses."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote, urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.codec import Codec
from bot.messages import CallbackRefusal
from sandbox import config
from sandbox.server import create_app
from sandbox.wechat import xml
from sandbox.world import WORLD, World

POOL = "demo"
APPID, TOKEN, AES_KEY, GH = "wxtest0000000000", "sandbox-token", "A" * 43, "gh_test"
MINI = "wxmini0000000000"
MOBILE = "13800000001"
LINE = "057156210001"
Mode = Literal["plain", "compatible", "safe"]
MODES: tuple[Mode, ...] = ("plain", "compatible", "safe")


@dataclass
class Delivery:
    """One received callback, decrypted."""

    query: dict[str, str]
    body: bytes
    fields: dict[str, Any]


@dataclass
class Service:
    """The other side, with the product's own codec: records requests, gives the test's answers."""

    mode: Mode = "safe"
    deliveries: list[Delivery] = field(default_factory=list)
    reports: list[list[dict[str, Any]]] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    reply: Callable[[Delivery], Awaitable[str | bytes] | str | bytes] = lambda _: b"success"
    report_answer: str = '{"code":0,"msg":"接收成功"}'
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Events of calls to the pool's number."""
    prompts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """What is answered to them, by event and keys (``start``, ``dtmf1``); to any other: that the call ends."""
    url: str = ""
    pages: list[tuple[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = field(default_factory=list)
    """More pages of the service; to be added before it starts."""
    server: TestServer | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/wechat/demo", self.callback)
        app.router.add_post("/receipts", self.take_report)
        app.router.add_post("/calls", self.take_call)
        app.router.add_post("/sandbox/clock", self.move_clock)
        for path, page in self.pages:
            app.router.add_get(path, page)
        await self.stop()
        self.server = TestServer(app)
        await self.server.start_server()
        self.url = str(self.server.make_url("")).rstrip("/")

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()

    def passive(self, delivery: Delivery, **fields: object) -> bytes:
        head = {
            "ToUserName": delivery.fields["FromUserName"],
            "FromUserName": delivery.fields["ToUserName"],
            "CreateTime": 1,
        }
        return self.codec.envelope(self.codec.encrypt(xml.write({**head, **fields}).encode()), "2", 1)

    @property
    def codec(self) -> Codec:
        return Codec(POOL, appid=APPID, token=TOKEN, aes_key=AES_KEY, original_id=GH, mode=self.mode)

    def says(self, text: str) -> None:
        self.reply = lambda delivery: self.passive(delivery, MsgType="text", Content=text)

    def events(self) -> list[str]:
        return [str(item.fields.get("Event", item.fields["MsgType"])) for item in self.deliveries]

    async def callback(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed_at = datetime.fromtimestamp(int(request.query["timestamp"]), UTC)  # the sandbox's clock may be moved
        try:
            message = self.codec.open(request.query, body, signed_at).message
        except CallbackRefusal as error:
            return web.Response(status=error.status)
        delivery = Delivery(dict(request.query), body, dict(message.fields))
        self.deliveries.append(delivery)
        answer = self.reply(delivery)
        if not isinstance(answer, str | bytes):
            answer = await answer
        return web.Response(body=answer.encode() if isinstance(answer, str) else answer)

    async def take_report(self, request: web.Request) -> web.Response:
        self.reports.append(await request.json())
        return web.Response(text=self.report_answer)

    async def take_call(self, request: web.Request) -> web.Response:
        event = await request.json()
        self.calls.append(event)
        prompt = self.prompts.get(event["event"] + event["dtmf"], {"action": "hangup", "text": "再见。", "digits": 0})
        return web.json_response({"turn": event["turn"] + 1, **prompt})

    async def move_clock(self, request: web.Request) -> web.Response:
        self.clock.append((await request.json())["offset_seconds"])
        return web.json_response({})


@dataclass
class Box:
    """Driver of the sandbox."""

    client: TestClient[web.Request, web.Application]
    service: Service
    world: World
    tokens: dict[str, str] = field(default_factory=dict)

    async def control(self, path: str, /, *, expect: int = 200, **body: object) -> dict[str, Any]:
        response = await self.client.post(f"/control/{path}", data=json.dumps(body))
        answer: dict[str, Any] = await response.json()
        assert response.status == expect, answer
        return answer

    async def phone(self, key: str = MOBILE) -> dict[str, Any]:
        answer: dict[str, Any] = await (await self.client.get(f"/control/phones/{key}")).json()
        return answer

    async def bubbles(self, key: str = MOBILE) -> list[dict[str, Any]]:
        bubbles: list[dict[str, Any]] = (await self.phone(key))["chats"][POOL]["bubbles"]
        return bubbles

    async def openid(self, key: str = MOBILE) -> str:
        return str((await self.phone(key))["chats"][POOL]["openid"])

    async def token(self, appid: str = APPID) -> str:
        if appid not in self.tokens:
            body = {"grant_type": "client_credential", "appid": appid, "secret": "sandbox-secret"}
            answer = await (await self.client.post("/wechat/cgi-bin/stable_token", json=body)).json()
            self.tokens[appid] = answer["access_token"]
        return self.tokens[appid]

    async def api(self, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        if "access_token" not in query:
            mini = path.startswith("/wxa/") or path.endswith("/subscribe/send")
            query["access_token"] = await self.token(MINI if mini else APPID)
        url = f"/wechat{path}"
        if body is None:
            response = await self.client.get(url, params=query)
        else:
            response = await self.client.post(url, params=query, data=json.dumps(body, ensure_ascii=False).encode())
        assert response.status == 200
        answer: dict[str, Any] = json.loads(await response.text())
        return answer

    async def rpc(self, product: str, action: str, **parameters: str) -> tuple[int, dict[str, Any]]:
        """A V3-signed call, with a signature of the test's own code."""
        headers = sign_v3("sandbox-key-secret", action, parameters, f"{self.client.host}:{self.client.port}")
        response = await self.client.post(f"/{product}/", params=parameters, headers=headers)
        return response.status, await response.json()

    async def verify_identity(self, **form: str) -> tuple[int, dict[str, Any]]:
        """Id2MetaVerify with its parameters in the body."""
        body, host = urlencode(form).encode(), f"{self.client.host}:{self.client.port}"
        headers = sign_v3("sandbox-key-secret", "Id2MetaVerify", {}, host, version="2019-03-07", body=body)
        response = await self.client.post("/persons/", data=body, headers=headers)
        return response.status, await response.json()

    async def advance(self, seconds: float) -> None:
        await self.control("clock", advance_seconds=seconds)


def sign_v3(
    secret: str,
    action: str,
    parameters: dict[str, str],
    host: str,
    *,
    date: str = "",
    version: str = "2017-05-25",
    body: bytes = b"",
) -> dict[str, str]:
    digest = hashlib.sha256(body).hexdigest()
    headers = {
        **({"content-type": "application/x-www-form-urlencoded"} if body else {}),
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": date or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": version,
    }
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in sorted(parameters.items()))
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n{query}\n{lines}\n{names}\n{digest}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    authorization = f"ACS3-HMAC-SHA256 Credential=sandbox-ak,SignedHeaders={names},Signature={signature}"
    return {**headers, "Authorization": authorization}


def settings(service_url: str, /, **more: Any) -> dict[str, Any]:
    usual = {
        "service_url": service_url,
        "public_url": "http://127.0.0.1:8090",
        "accounts": [
            {
                "pool": POOL,
                "name": "演示评标专家库",
                "appid": APPID,
                "secret": "sandbox-secret",
                "token": TOKEN,
                "aes_key": AES_KEY,
                "original_id": GH,
                "mode": "safe",
                "callback_url": f"{service_url}/wechat/demo",
                "templates": {"INVITE": {"title": "评标邀请", "fields": {"time1": "集合时间", "thing2": "地点"}}},
            }
        ],
        "mini_programs": [
            {
                "pool": POOL,
                "appid": MINI,
                "secret": "sandbox-secret",
                "templates": {"T": {"title": "通知"}, "LONG": {"title": "长期通知", "long_term": True}},
            }
        ],
        "sms": {
            "access_key_secret": "sandbox-key-secret",
            "report_url": f"{service_url}/receipts",
            "templates": {"CODE": "您的验证码为${code}，五分钟内有效。", "NOTICE": "请于${time}到场。"},
        },
        "voice": {
            "access_key_secret": "sandbox-key-secret",
            "report_url": f"{service_url}/receipts",
            "incoming_url": f"{service_url}/calls",
            "lines": {POOL: LINE},
            "templates": {
                "ASK": "您被抽为评标专家，时间${time}。参加请按1，不参加请按2，重听请按3。",
                "YES": "您选择了参加，再按1确认。",
                "NO": "您选择了不参加，再按2确认。",
                "BYE": "再见。",
            },
        },
        "persons": {"access_key_secret": "sandbox-key-secret"},
        "identity": {"client_id": "pingbiaotong", "client_secret": "sandbox-identity"},
        "people": [
            {"name": "张三", "mobile": MOBILE, "id_number": "110101199001011237", "pool": POOL, "follows": True},
            {"name": "李四", "mobile": "13800000002", "pool": POOL},
            {
                "name": "王代理",
                "mobile": "13800000003",
                "role": "agency",
                "user_type": "legal",
                "organisation": {"name": "某招标代理公司", "credit_code": "91110000100000001X"},
            },
        ],
        "wire": {"callback_timeout": 0.2, "speech_rate": 100000, "report_delay": 0.01, "key_wait": 2},
    }
    return {**usual, **more}


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    await service.start()
    yield service
    await service.stop()


async def open_box(service: Service, **more: Any) -> Box:
    app = create_app(config.parse(settings(service.url, **more)))
    client = TestClient(TestServer(app))
    await client.start_server()
    return Box(client, service, app[WORLD])


@pytest.fixture
async def box(service: Service) -> AsyncIterator[Box]:
    made = await open_box(service)
    yield made
    await made.client.close()
