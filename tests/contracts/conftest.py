"""Our clients, built as in earnest, against the sandbox in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from redis.asyncio import Redis

from app.free_port import free_port
from config.settings import (
    IdentitySettings,
    IdentityVerificationSettings,
    MailSettings,
    MiniProgramSettings,
    OfficialAccount,
    PayMerchant,
    PaySettings,
    SmsPool,
    SmsSettings,
    VoicePool,
    VoiceSettings,
    Wechat,
)
from domain.clock import SystemClock
from gateways.alibaba.click_to_dial import AlibabaCallBridge
from gateways.alibaba.identity_verification import AlibabaIdentityVerification
from gateways.alibaba.incoming_calls import parse_call_event, render_prompt
from gateways.alibaba.sms import AlibabaSms
from gateways.alibaba.voice import AlibabaVoice
from gateways.identity import OidcIdentity
from gateways.mail import SmtpMailer
from gateways.wechat.access_token import AccessTokens
from gateways.wechat.api import WechatApi
from gateways.wechat.mini_program import MiniPrograms
from gateways.wechat.official_account import OfficialAccounts
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import SharedValues
from gateways.wechat_pay.platform import WechatPay
from sandbox import config as sandbox_config
from sandbox.server import create_app
from services.ports import CallPrompt, IncomingCallEvent
from tests.gateways.pay_platform import (
    APIV3,
    MERCHANT_KEY,
    OLD_CERT_KEY,
    PUBLIC_ID,
    WECHAT_KEY,
    private_pem,
    public_pem,
)
from tests.gateways.support import Tools, new_tools

TEMPLATE = {"title": "评标邀请", "fields": {"time1": "集合时间", "thing2": "地点"}}
MOBILE = "13800001234"
OA, MINI = "wxoa00000000000001", "wxmini000000000001"
MERCHANTS = {"demo": "1900000001", "xinjiang": "1900000002"}
"""The first verifies by WeChat's public key and issues invoices, the second by certificates and doesn't."""


PROMPTS: Mapping[str, tuple[str, int]] = {"": ("请输入后四位。", 4), "002*": ("参加请按1。", 1)}
"""What a caller hears by the keys pressed last, and how many are collected then."""


@dataclass
class Receiver:
    """Our side: receives delivery reports and callbacks."""

    reports: list[bytes] = field(default_factory=list)
    callbacks: list[bytes] = field(default_factory=list)
    calls: list[IncomingCallEvent] = field(default_factory=list)
    payments: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    """Received requests: pool, headers, body."""

    async def take_report(self, request: web.Request) -> web.Response:
        self.reports.append(await request.read())
        return web.json_response({"code": 0, "msg": "接收成功"})

    async def take_call(self, request: web.Request) -> web.Response:
        self.calls.append(parse_call_event(await request.read()))
        prompt = CallPrompt(len(self.calls), *PROMPTS.get(self.calls[-1].keys, ("再见。", 0)))
        return web.Response(body=render_prompt(prompt), content_type="application/json")

    async def callback(self, request: web.Request) -> web.Response:
        self.callbacks.append(await request.read())
        return web.Response(text="success")

    async def payment(self, request: web.Request) -> web.Response:
        self.payments.append((request.match_info["pool"], request.headers, await request.read()))
        return web.Response(status=204)


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
    bridge: AlibabaCallBridge
    identity_verification: AlibabaIdentityVerification
    identity: OidcIdentity
    pay: WechatPay
    mailer: SmtpMailer
    tools: Tools
    back: str
    """Our edge's address."""
    pay_settings: PaySettings
    wechat_settings: Wechat

    async def control(self, path: str, body: dict[str, object] | None = None) -> Any:
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
        bubbles = (await self.chat())["bubbles"]
        assert isinstance(bubbles, list)
        return [bubble for bubble in bubbles if bubble["kind"] == kind]

    async def openid(self) -> str:
        """Openid of the person, who follows the account from now on."""
        await self.control(f"phones/{MOBILE}/follow", {})
        return str((await self.chat())["openid"])


def _config(port: int, back: str) -> sandbox_config.Config:
    url = f"http://127.0.0.1:{port}"
    keys = {"access_key_id": "ak", "access_key_secret": "sk", "report_url": f"{back}/receipts"}
    return sandbox_config.parse(
        {
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
            "sms": {
                **keys,
                "templates": {
                    "SMS_CODE": "您的验证码为${code}，${minutes}分钟内有效。",
                    "SMS_JL": "吉林验证码${code}，${minutes}分钟。",
                },
                "signs": ["评标通", "吉评标"],
            },
            "voice": {
                **keys,
                "lines": {"demo": "057156210001"},
                "incoming_url": f"{back}/calls",
                "templates": {
                    "V_CALL": "请于${gathering_spoken}到${place}评标。",
                    "V_YES": "您已选择参加。",
                    "V_NO": "您已选择不参加。",
                    "V_JL": "吉林邀您于${gathering_spoken}到${place}。",
                },
            },
            "persons": keys,
            "identity": {"client_id": "pingbiaotong", "client_secret": "id-secret"},
            "pay": {
                "public_key_id": PUBLIC_ID,
                "private_key": private_pem(WECHAT_KEY),
                "certificate_key": private_pem(OLD_CERT_KEY),
                "merchants": [
                    {
                        "mchid": mchid,
                        "name": pool,
                        "serial_no": "5A" * 20,
                        "public_key": public_pem(MERCHANT_KEY),
                        "apiv3_key": APIV3,
                        "appids": [OA, MINI],
                        "mode": "public_key" if pool == "demo" else "certificate",
                        "fapiao": pool == "demo",
                        "fapiao_url": f"{back}/callbacks/pay/{pool}",
                    }
                    for pool, mchid in MERCHANTS.items()
                ],
            },
            "mail": {"username": "pbt", "password": "mail-secret"},
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
            "wire": {
                "report_delay": 0.05,
                "ring_seconds": 1.0,
                "speech_rate": 1000.0,
                "key_wait": 0.2,
                "refund_delay": 0.05,
                "fapiao_delay": 0.05,
                "notify_gap": 0.05,
            },
        }
    )


def _wechat(url: str) -> Wechat:
    account = OfficialAccount(
        appid=OA,
        secret=SecretStr("oa-secret"),
        token=SecretStr("token"),
        aes_key=SecretStr("A" * 43),
        original_id="gh_1",
        templates={"draw_call": "TPL_CALL"},
    )
    program = MiniProgramSettings(appid=MINI, secret=SecretStr("mini-secret"), templates={"draw_call": "TPL_CALL"})
    return Wechat(
        api_url=f"{url}/wechat",
        open_url=f"{url}/wechat",
        accounts=dict.fromkeys(MERCHANTS, account),
        mini_programs=dict.fromkeys(MERCHANTS, program),
    )


def _pay(url: str) -> PaySettings:
    def merchant(pool: str, mchid: str) -> PayMerchant:
        return PayMerchant(
            mchid=mchid,
            serial="5A" * 20,
            private_key=SecretStr(private_pem(MERCHANT_KEY)),
            apiv3_key=SecretStr(APIV3),
            public_key_id=PUBLIC_ID if pool == "demo" else "",
            public_key=public_pem(WECHAT_KEY) if pool == "demo" else "",
            fapiao=pool == "demo",
        )

    return PaySettings(
        api_url=f"{url}/pay", merchants={pool: merchant(pool, mchid) for pool, mchid in MERCHANTS.items()}
    )


async def _mail_port(url: str, session: aiohttp.ClientSession) -> int:
    async with session.get(f"{url}/control/mail") as response:
        return int((await response.json())["smtp_port"])


def _clients(
    url: str, back: str, session: aiohttp.ClientSession, store: Redis, receiver: Receiver, mail_port: int
) -> World:
    tools, clock, settings = new_tools(session), SystemClock(), _wechat(url)
    wechat, shared = tools.vendor("wechat"), SharedValues(store)
    tokens = AccessTokens(wechat, shared, settings.api_url)
    api = WechatApi(wechat, tokens, DailyQuotas(store, clock), settings.api_url, clock)
    sms = SmsSettings(
        url=f"{url}/sms/",
        access_key_id="ak",
        access_key_secret=SecretStr("sk"),
        pools={
            "demo": SmsPool(sign_name="评标通", templates={"verification_code": "SMS_CODE", "nothing": "SMS_NOTHING"}),
            "jilin": SmsPool(sign_name="吉评标", templates={"verification_code": "SMS_JL"}),
        },
    )
    voice = VoiceSettings(
        url=f"{url}/voice/",
        access_key_id="ak",
        access_key_secret=SecretStr("sk"),
        pools={
            "demo": VoicePool(
                virtual_number="057156210010",
                templates={"draw_call": "V_CALL", "draw_call.attend": "V_YES", "draw_call.decline": "V_NO"},
            ),
            "jilin": VoicePool(show_number="043112345678", templates={"draw_call": "V_JL"}),
        },
    )
    persons = IdentityVerificationSettings(url=f"{url}/persons/", access_key_id="ak", access_key_secret=SecretStr("sk"))
    identity = IdentitySettings(issuer=f"{url}/identity", client_secret=SecretStr("id-secret"))
    return World(
        url,
        session,
        receiver,
        OfficialAccounts(settings, api),
        MiniPrograms(settings, api, clock),
        AlibabaSms(sms, tools.vendor("sms"), clock),
        AlibabaVoice(voice, tools.vendor("voice", timeout=2), clock),
        AlibabaCallBridge(voice, tools.vendor("voice", timeout=2), clock),
        AlibabaIdentityVerification(persons, tools.vendor("persons", timeout=2), clock),
        OidcIdentity(identity, tools.vendor("identity"), clock),
        WechatPay(_pay(url), settings, tools.vendor("pay", timeout=2), clock, public_url=back),
        SmtpMailer(
            MailSettings(
                port=mail_port, username="pbt", password=SecretStr("mail-secret"), sender="noreply@pbt.example"
            ),
            {"demo": "演示评标专家库"},
            tools.vendor("mail"),
            clock,
            content=2,
        ),
        tools,
        back,
        _pay(url),
        settings,
    )


@pytest.fixture
async def world(redis: str) -> AsyncIterator[World]:
    receiver, edge, port = Receiver(), web.Application(), free_port()
    edge.router.add_post("/receipts", receiver.take_report)
    edge.router.add_post("/calls", receiver.take_call)
    edge.router.add_post("/wechat/demo", receiver.callback)
    edge.router.add_post("/callbacks/pay/{pool}", receiver.payment)
    url = f"http://127.0.0.1:{port}"
    async with TestServer(edge) as server, aiohttp.ClientSession() as session, Redis.from_url(redis) as store:
        back = str(server.make_url("")).rstrip("/")
        async with TestServer(create_app(_config(port, back)), port=port):
            yield _clients(url, back, session, store, receiver, await _mail_port(url, session))
