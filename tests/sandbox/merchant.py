"""A merchant of WeChat Pay for tests: signs, verifies and decrypts by itself, from the documents."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.sandbox.conftest import APPID, MINI, Box

MCHID, SERIAL, APIV3_KEY = "1900000001", "5A" * 20, "0123456789abcdef0123456789abcdef"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WECHATS_KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
"""Made once, as making them takes longer than a test."""
PUBLIC_KEY_ID = "PUB_KEY_ID_0100000000002026010100000001"


def public_pem() -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return KEY.public_key().public_bytes(encoding, shape).decode()


def pay_settings(**more: object) -> dict[str, Any]:
    merchant = {
        "mchid": MCHID,
        "name": "演示协会",
        "serial_no": SERIAL,
        "public_key": public_pem(),
        "apiv3_key": APIV3_KEY,
        "appids": [APPID, MINI],
        "fapiao": True,
    }
    private, certificate = (private_pem(key) for key in WECHATS_KEYS)
    return {"private_key": private, "certificate_key": certificate, "merchants": [{**merchant, **more}]}


def private_pem(key: rsa.RSAPrivateKey) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()


def sign(text: str | bytes) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return base64.b64encode(KEY.sign(raw, padding.PKCS1v15(), hashes.SHA256())).decode()


def decrypt(resource: dict[str, str]) -> Any:
    nonce, data = resource["nonce"].encode(), resource["associated_data"].encode()
    return json.loads(AESGCM(APIV3_KEY.encode()).decrypt(nonce, base64.b64decode(resource["ciphertext"]), data))


@dataclass
class Notice:
    """A received notification."""

    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(self.body)
        return envelope

    @property
    def kind(self) -> str:
        return str(self.envelope["event_type"])

    @property
    def resource(self) -> dict[str, Any]:
        resource: dict[str, Any] = decrypt(self.envelope["resource"])
        return resource


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw)
        return body

    @property
    def code(self) -> str:
        return f"{self.status} {self.json['code']}"


@dataclass
class Shop:
    """The merchant's server: calls WeChat Pay, and gets its notifications."""

    box: Box
    notices: list[Notice] = field(default_factory=list)
    status: int = 204
    before_answer: Callable[[], Awaitable[None]] | None = None
    """Called before a notification is answered."""
    url: str = ""
    server: TestServer | None = None
    keys: dict[str, rsa.RSAPublicKey] = field(default_factory=dict)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/notify", self._take_notification)
        self.server = TestServer(app)
        await self.server.start_server()
        self.url = str(self.server.make_url("/notify"))
        console = await (await self.box.client.get("/control/pay/keys")).json()
        public = serialization.load_pem_public_key(console["public_key"].encode())
        assert isinstance(public, rsa.RSAPublicKey)
        self.keys[console["public_key_id"]] = public
        for item in console["certificates"]:
            certified = x509.load_pem_x509_certificate(item["pem"].encode()).public_key()
            assert isinstance(certified, rsa.RSAPublicKey)
            self.keys[item["serial_no"]] = certified

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()

    async def _take_notification(self, request: web.Request) -> web.Response:
        self.notices.append(Notice(dict(request.headers), await request.read()))
        if self.before_answer is not None:
            await self.before_answer()
        return web.Response(status=self.status)

    def now(self) -> int:
        return int(self.box.world.clock.now())

    def is_genuine(self, headers: dict[str, str], body: bytes) -> bool:
        """The checks of a merchant: known key, recent time, signature over the raw body."""
        key = self.keys.get(headers["Wechatpay-Serial"])
        timestamp = headers["Wechatpay-Timestamp"]
        if key is None or abs(int(timestamp) - self.now()) > 300:
            return False
        text = f"{timestamp}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        try:
            signature = base64.b64decode(headers["Wechatpay-Signature"])
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    # -- calling --------------------------------------------------------------------------------------------------

    def headers(self, method: str, path: str, body: bytes, **pairs: str) -> dict[str, str]:
        """``pairs`` replace what would be signed and sent."""
        given = {"mchid": MCHID, "nonce_str": secrets.token_hex(16), "timestamp": str(self.now()), "serial_no": SERIAL}
        given |= pairs
        text = f"{method}\n{path}\n{given['timestamp']}\n{given['nonce_str']}\n".encode() + body + b"\n"
        given.setdefault("signature", sign(text))
        listed = ",".join(f'{name}="{value}"' for name, value in given.items())
        return {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {listed}", "Accept": "application/json"}

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if body:
            headers = {"Content-Type": "application/json", **headers}
        response: ClientResponse = await self.box.client.request(method, f"/pay{path}", data=body, headers=headers)
        return Answer(response.status, dict(response.headers), await response.read())

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: Any) -> Answer:
        """Send a valid request; the answer's signature is checked unless the answer is a file."""
        raw = json.dumps(body, ensure_ascii=False).encode() if body is not None else b""
        answer = await self.send(method, path, raw, {**self.headers(method, path, raw), **headers})
        if "billdownload" not in path and "fapiaodownload" not in path:
            assert self.is_genuine(answer.headers, answer.raw)
        return answer

    # -- everyday calls -------------------------------------------------------------------------------------------

    def native_body(self, number: str = "T20261121000001", **more: object) -> dict[str, Any]:
        return {
            "appid": APPID,
            "mchid": MCHID,
            "description": "培训费",
            "out_trade_no": number,
            "attach": "order:17",
            "notify_url": self.url,
            "amount": {"total": 30000, "currency": "CNY"},
            **more,
        }

    async def native(self, number: str = "T20261121000001", **more: object) -> str:
        answer = await self.call("POST", "/v3/pay/transactions/native", self.native_body(number, **more))
        assert answer.status == 200, answer.raw
        return str(answer.json["code_url"])

    async def query(self, number: str = "T20261121000001") -> dict[str, Any]:
        answer = await self.call("GET", f"/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}")
        assert answer.status == 200, answer.raw
        return answer.json

    async def close(self, number: str = "T20261121000001") -> Answer:
        return await self.call("POST", f"/v3/pay/transactions/out-trade-no/{number}/close", {"mchid": MCHID})

    async def scan_and_pay(self, code_url: str, phone: str = "13800000002", **more: Any) -> dict[str, Any]:
        sheet = await self.box.control("pay/scan", phone=phone, code_url=code_url)
        return await self.box.control("pay/confirm", phone=phone, cashier=sheet["cashier"], **more)

    async def pay_new_order(self, number: str = "T20261121000001", **more: object) -> dict[str, Any]:
        """An order that a person has paid."""
        await self.scan_and_pay(await self.native(number, **more))
        return await self.query(number)

    def refund_body(self, number: str = "R20261121000001", refund: int = 30000, **more: object) -> dict[str, Any]:
        return {
            "out_trade_no": "T20261121000001",
            "out_refund_no": number,
            "reason": "活动取消",
            "notify_url": self.url,
            "amount": {"refund": refund, "total": 30000, "currency": "CNY"},
            **more,
        }

    async def refund(self, number: str = "R20261121000001", refund: int = 30000, **more: object) -> Answer:
        return await self.call("POST", "/v3/refund/domestic/refunds", self.refund_body(number, refund, **more))

    async def fault(self, kind: str, **more: Any) -> None:
        await self.box.control("faults", vendor="pay", kind=kind, **more)

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]

    async def until(self, beijing: str) -> None:
        """Moves the clock to ``YYYY-MM-DDTHH:MM`` in Beijing."""
        at = time.mktime(time.strptime(beijing, "%Y-%m-%dT%H:%M")) - time.timezone - 8 * 3600
        await self.box.control("clock", offset_seconds=at - time.time())
