"""A fake WeChat Pay: checks every signature, and gives the answers and faults that a test orders."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from config.settings import MiniProgramSettings, OfficialAccount, PayMerchant, PaySettings, Wechat
from domain.clock import FixedClock
from gateways.wechat_pay.platform import WechatPay
from tests.gateways.support import Tools

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
MCHID, SERIAL, APIV3 = "1900007291", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C", "0123456789abcdef0123456789abcdef"
OA, MINI = "wxoa00000000000001", "wxmini000000000001"
PUBLIC_ID = "PUB_KEY_ID_0100000000002026010100000001"
PREFIX = "/pay"
MERCHANT_KEY, WECHAT_KEY, OLD_CERT_KEY, NEW_CERT_KEY, STRANGER = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(5)
)
_PEM = serialization.Encoding.PEM


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def merchant(*, certificates: bool = False, fapiao: bool = True) -> PayMerchant:
    return PayMerchant(
        mchid=MCHID,
        serial=SERIAL,
        private_key=SecretStr(private_pem(MERCHANT_KEY)),
        apiv3_key=SecretStr(APIV3),
        public_key_id="" if certificates else PUBLIC_ID,
        public_key="" if certificates else public_pem(WECHAT_KEY),
        fapiao=fapiao,
    )


def certificate(
    key: rsa.RSAPrivateKey, serial: int, *, begins: datetime = NOW - timedelta(days=1), days: int = 1000
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com")])
    ends = begins + timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, begins, ends)
    return builder.sign(key, hashes.SHA256())


def sign(key: rsa.RSAPrivateKey, text: bytes) -> str:
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def seal(plain: bytes, *, key: str = APIV3, extra: str = "transaction") -> dict[str, str]:
    nonce = secrets.token_hex(6)
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), plain, extra.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": extra,
        "ciphertext": base64.b64encode(sealed).decode(),
    }


@dataclass
class Identity:
    """A signing key of WeChat."""

    serial: str
    key: rsa.RSAPrivateKey


PUBLIC = Identity(PUBLIC_ID, WECHAT_KEY)
OLD = Identity("5A" * 20, OLD_CERT_KEY)
NEW = Identity("5B" * 20, NEW_CERT_KEY)


@dataclass
class ReceivedRequest:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


Headers = dict[str, str]
Spoil = Callable[[Headers, bytes], tuple[Headers, bytes]]


@dataclass
class Platform:
    """``answers`` by path (status, body); bytes are sent without a signature, as files are."""

    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    requests: list[ReceivedRequest] = field(default_factory=list)
    signer: Identity = field(default_factory=lambda: PUBLIC)
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)
    spoil: Spoil | None = None
    url: str = ""
    wrong: list[str] = field(default_factory=list)
    """Faults found in requests."""
    now: datetime = NOW

    def calls(self, path: str) -> list[ReceivedRequest]:
        return [request for request in self.requests if request.target.partition("?")[0] == path]

    def headers(self, body: bytes, *, at: datetime | None = None, signer: Identity | None = None) -> Headers:
        signer = signer or self.signer
        timestamp, nonce = str(int((at or self.now).timestamp())), secrets.token_hex(16)
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": signer.serial,
            "Wechatpay-Signature": sign(signer.key, f"{timestamp}\n{nonce}\n".encode() + body + b"\n"),
            "Request-ID": "08F0-268512771",
        }

    def notification(self, kind: str, plain: dict[str, Any], **how: Any) -> tuple[Headers, bytes]:
        envelope = {
            "id": "EV-1",
            "create_time": "2026-11-21T12:00:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": kind,
            "summary": "支付成功",
            "resource": seal(json.dumps(plain).encode(), **how),
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        return self.headers(body), body

    async def serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        received = ReceivedRequest(request.method, request.raw_path.removeprefix(PREFIX), dict(request.headers), raw)
        self.requests.append(received)
        path = received.target.partition("?")[0]
        if "Authorization" in received.headers:
            self._check(received)
        if path == "/v3/certificates" and path not in self.answers:
            status, content = 200, self._certificates()
        else:
            status, content = self.answers[path]
        if isinstance(content, bytes):
            return web.Response(status=status, body=content, content_type="application/octet-stream")
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        headers = self.headers(body)
        if self.spoil is not None and path != "/v3/certificates":
            headers, body = self.spoil(headers, body)
        if not body:
            return web.Response(status=status, headers=headers)
        status = 200 if content is None else status  # an empty answer that someone filled
        return web.Response(status=status, body=body, headers=headers, content_type="application/json")

    def _certificates(self) -> dict[str, Any]:
        return {
            "data": [
                {
                    "serial_no": serial,
                    "effective_time": "2026-11-20T12:00:00+08:00",
                    "expire_time": "2029-11-20T12:00:00+08:00",
                    "encrypt_certificate": seal(held.public_bytes(_PEM), extra="certificate"),
                }
                for serial, held in self.certificates.items()
            ]
        }

    def _check(self, request: ReceivedRequest) -> None:
        """The request's signature by what the documents say, not by our own code."""
        header = request.headers["Authorization"]
        scheme, _, rest = header.partition(" ")
        pairs = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        lines = [request.method, request.target, pairs["timestamp"], pairs["nonce_str"]]
        text = "".join(f"{line}\n" for line in lines).encode() + request.body + b"\n"
        MERCHANT_KEY.public_key().verify(
            base64.b64decode(pairs["signature"]), text, padding.PKCS1v15(), hashes.SHA256()
        )
        if (scheme, pairs["mchid"], pairs["serial_no"]) != ("WECHATPAY2-SHA256-RSA2048", MCHID, SERIAL):
            self.wrong.append(header)
        if not request.headers.get("User-Agent") or "Accept" not in request.headers:
            self.wrong.append("no User-Agent or Accept")


class UnknownOrders(dict[str, tuple[int, object]]):
    """Answers that know no order."""

    def __missing__(self, path: str) -> tuple[int, object]:
        return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}


@asynccontextmanager
async def serve_platform() -> AsyncIterator[Platform]:
    """Run the platform with two certificates beside its public key; checks every request's signature at the end."""
    platform, app = Platform(), web.Application()
    platform.certificates = {
        identity.serial: certificate(identity.key, int(identity.serial, 16)) for identity in (OLD, NEW)
    }
    app.router.add_route("*", "/{tail:.*}", platform.serve)
    async with TestServer(app) as server:
        platform.url = str(server.make_url("")).rstrip("/")
        yield platform
    assert platform.wrong == []


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def client(
    tools: Tools,
    platform: Platform,
    *,
    certificates: bool = False,
    clock: FixedClock | None = None,
    monotonic: Seconds | None = None,
) -> WechatPay:
    """Our client of pool ``demo``; pool ``poor`` has no merchant."""
    account = OfficialAccount(
        appid=OA, secret=SecretStr("s"), token=SecretStr("t"), aes_key=SecretStr("A" * 43), original_id="gh_1"
    )
    wechat = Wechat(
        accounts={"demo": account}, mini_programs={"demo": MiniProgramSettings(appid=MINI, secret=SecretStr("s"))}
    )
    settings = PaySettings(api_url=f"{platform.url}{PREFIX}", merchants={"demo": merchant(certificates=certificates)})
    return WechatPay(
        settings,
        wechat,
        tools.vendor("pay"),
        clock or FixedClock(NOW),
        public_url="https://pbt.example/",
        monotonic=monotonic or Seconds(),
    )


def trade(**more: Any) -> dict[str, Any]:
    """A paid order as in a query or a notification."""
    return {
        "appid": OA,
        "mchid": MCHID,
        "out_trade_no": "T20261121000001",
        "transaction_id": "4200001234202611210000000001",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-11-21T11:59:58+08:00",
        "payer": {"openid": "oABC"},
        "amount": {"total": 3000, "payer_total": 3000, "currency": "CNY", "payer_currency": "CNY"},
        **more,
    }


def refund(**more: Any) -> dict[str, Any]:
    return {
        "refund_id": "50300000000000000000000000001",
        "out_refund_no": "R20261121000001",
        "transaction_id": "4200001234202611210000000001",
        "out_trade_no": "T20261121000001",
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": "2026-11-21T12:00:00+08:00",
        "status": "PROCESSING",
        "amount": {"total": 3000, "refund": 3000, "payer_total": 3000, "payer_refund": 3000, "currency": "CNY"},
        **more,
    }
