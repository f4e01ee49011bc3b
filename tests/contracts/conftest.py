"""Our clients, built as in earnest, against the sandbox in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from pydantic import SecretStr
from redis.asyncio import Redis

from config.settings import Identity, MiniProgram, OfficialAccount, Sms, Voice, Wechat
from domain.clock import SystemClock
from gateways.identity import OidcIdentity
from gateways.mini_program import MiniPrograms
from gateways.shared import SharedValues
from gateways.sms import AlibabaSms
from gateways.voice import AlibabaVoice
from gateways.wechat import OfficialAccounts
from gateways.wechat_api import WechatApi
from gateways.wechat_quota import DailyQuotas
from gateways.wechat_token import AccessTokens
from sandbox import config as sandbox_config
from sandbox.server import create_app
from tests.gateways.support import Tools, new_tools

TEMPLATE = {"title": "评标邀请", "fields": {"time1": "集合时间", "thing2": "地点"}}
MOBILE = "13800001234"
OA, MINI = "wxoa00000000000001", "wxmini000000000001"


@dataclass
class Receiver:
    """Our edge: takes receipts and callbacks."""

    receipts: list[bytes] = field(default_factory=list)
    callbacks: list[bytes] = field(default_factory=list)

    async def receipt(self, request: web.Request) -> web.Response:
        self.receipts.append(await request.read())
        return web.json_response({"code": 0, "msg": "接收成功"})

    async def callback(self, request: web.Request) -> web.Response:
        self.callbacks.append(await request.read())
        return web.Response(text="success")


@dataclass
class World:
    """The sandbox and our clients of it."""

    url: str
    session: aiohttp.ClientSession
    receiver: Receiver
    official: OfficialAccounts
    mini: MiniPrograms
    sms: AlibabaSms
    voice: AlibabaVoice
    identity: OidcIdentity
    tools: Tools

    async def control(self, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
        """Act on the sandbox; without body: read."""
        method = "GET" if body is None else "POST"
        async with self.session.request(method, f"{self.url}/control/{path}", json=body) as response:
            data = await response.json()
            assert response.status == 200, data
            assert isinstance(data, dict)
            return data

    async def chat(self) -> dict[str, object]:
        """The phone's chat with the official account."""
        chats = (await self.control(f"phones/{MOBILE}"))["chats"]
        assert isinstance(chats, dict)
        chat = chats["demo"]
        assert isinstance(chat, dict)
        return chat

    async def bubbles(self, kind: str) -> list[dict[str, object]]:
        found = (await self.chat())["bubbles"]
        assert isinstance(found, list)
        return [bubble for bubble in found if bubble["kind"] == kind]

    async def openid(self) -> str:
        """Of the person, who follows from now on."""
        await self.control(f"phones/{MOBILE}/follow", {})
        return str((await self.chat())["openid"])


def _config(port: int, back: str) -> sandbox_config.Config:
    url = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": "ak", "access_key_secret": "sk", "receipt_url": f"{back}/receipts"}
    return sandbox_config.parse({
        "service_url": back,
        "public_url": url,
        "accounts": [
            {
                "pool": "demo",
                "appid": OA,
                "secret": "oa-secret",
                "token": "token",
                "aes_key": "A" * 43,
                "original_id": "gh_1",
                "mode": "plain",
                "callback_url": f"{back}/wechat/demo",
                "templates": {"TPL_CALL": TEMPLATE},
            }
        ],
        "mini_programs": [
            {"pool": "demo", "appid": MINI, "secret": "mini-secret", "templates": {"TPL_CALL": TEMPLATE}}
        ],
        "sms": {**keys, "templates": {"SMS_CODE": "您的验证码为${code}，${minutes}分钟内有效。"}},
        "voice": {
            **keys,
            "templates": {
                "V_CALL": "请于${gathering_spoken}到${place}评标。",
                "V_YES": "您已选择参加。",
                "V_NO": "您已选择不参加。",
            },
        },
        "identity": {"client_id": "pingbiaotong", "client_secret": "id-secret"},
        "people": [
            {
                "name": "李四",
                "mobile": MOBILE,
                "id_number": "411303199001016933",
                "role": "agency",
                "pool": "demo",
                "level": 3,
                "user_type": "agent",
                "organisation": {"name": "某招标代理有限公司", "credit_code": "91440101MA5XXXXX0X"},
            }
        ],
        "wire": {"receipt_delay": 0.05, "ring_seconds": 1.0, "speech_rate": 1000.0, "key_wait": 0.2},
    })  # fmt: skip


def _wechat(url: str) -> Wechat:
    account = OfficialAccount(
        appid=OA,
        secret=SecretStr("oa-secret"),
        token=SecretStr("token"),
        aes_key=SecretStr("A" * 43),
        original_id="gh_1",
        templates={"draw_call": "TPL_CALL"},
    )
    program = MiniProgram(appid=MINI, secret=SecretStr("mini-secret"), templates={"draw_call": "TPL_CALL"})
    return Wechat(
        api_url=f"{url}/wechat", open_url=f"{url}/wechat", accounts={"demo": account}, mini_programs={"demo": program}
    )


def _clients(url: str, session: aiohttp.ClientSession, store: Redis, receiver: Receiver) -> World:
    tools, clock, settings = new_tools(session), SystemClock(), _wechat(url)
    wechat, shared = tools.vendor("wechat"), SharedValues(store)
    tokens = AccessTokens(wechat, shared, settings.api_url)
    api = WechatApi(wechat, tokens, DailyQuotas(store, clock), settings.api_url, clock)
    sms = Sms(
        url=f"{url}/sms/",
        access_key_id="ak",
        access_key_secret=SecretStr("sk"),
        templates={"verification_code": "SMS_CODE"},
    )
    voice = Voice(
        url=f"{url}/voice/",
        access_key_id="ak",
        access_key_secret=SecretStr("sk"),
        templates={"draw_call": "V_CALL", "draw_call.attend": "V_YES", "draw_call.decline": "V_NO"},
    )
    identity = Identity(issuer=f"{url}/identity", client_secret=SecretStr("id-secret"))
    return World(
        url,
        session,
        receiver,
        OfficialAccounts(settings, api, shared, clock),
        MiniPrograms(settings, api, clock),
        AlibabaSms(sms, tools.vendor("sms"), clock),
        AlibabaVoice(voice, tools.vendor("voice", timeout=2), clock),
        OidcIdentity(identity, tools.vendor("identity"), clock),
        tools,
    )


@pytest.fixture
async def world(redis: str) -> AsyncIterator[World]:
    receiver, edge, port = Receiver(), web.Application(), unused_port()
    edge.router.add_post("/receipts", receiver.receipt)
    edge.router.add_post("/wechat/demo", receiver.callback)
    async with (
        TestServer(edge) as back,
        TestServer(create_app(_config(port, str(back.make_url("")).rstrip("/"))), port=port),
        aiohttp.ClientSession() as session,
        Redis.from_url(redis) as store,
    ):
        yield _clients(f"http://127.0.0.1:{port}", session, store, receiver)
