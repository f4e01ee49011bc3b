"""Entry point of API v3: signature, time and nonce of every request checked, every answer signed, faults and ledger."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sandbox import jsons
from sandbox.config import MerchantConfig
from sandbox.jsons import BadControlRequest, Json
from sandbox.pay import keys
from sandbox.pay.errors import PayError, param_error, refusal, sign_error, system_error
from sandbox.pay.keys import PlatformKeyPairs, PlatformSigner
from sandbox.world import World

PREFIX = "/pay"
"""Prefix of every path on our server; it is not signed."""
SKEW = 300.0
NONCES_KEPT = 100_000
LARGEST_SHOWN = 500
LONGEST_TIME = 12
"""Digits of a time in seconds."""
_PAIR = re.compile(r'\s*(\w+)="([^"]*)"\s*')
_NEEDED = ("mchid", "nonce_str", "timestamp", "serial_no", "signature")


@dataclass(slots=True)
class PayCall:
    """One admitted request."""

    request: web.Request
    merchant: MerchantConfig
    signer: PlatformSigner
    """Key that signs the answer."""
    body: Json = field(default_factory=dict)

    @property
    def query(self) -> dict[str, str]:
        return dict(self.request.query)

    def part(self, name: str) -> str:
        """A part of the path, decoded."""
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True)
class PayReply:
    """``data`` None: an empty body. ``raw``: a file, which is never signed."""

    status: int = 200
    data: Json | None = None
    raw: bytes | None = None
    note: str = ""


Handler = Callable[[PayCall], Json | PayReply | Awaitable[Json | PayReply]]


@dataclass(frozen=True, slots=True)
class PayRoute:
    method: str
    path: str
    handler: Handler


class PayEndpoint:
    def __init__(
        self,
        world: World,
        platform_keys: PlatformKeyPairs,
        merchants: dict[str, MerchantConfig],
        merchant_keys: dict[str, RSAPublicKey],
    ) -> None:
        self._world = world
        self._keys = platform_keys
        self._merchants = merchants
        self._merchant_keys = merchant_keys
        self._nonces: OrderedDict[tuple[str, str], None] = OrderedDict()

    def install(self, app: web.Application, routes: list[PayRoute]) -> None:
        for route in routes:
            app.router.add_route(route.method, PREFIX + route.path, self._endpoint(route))

    def _endpoint(self, route: PayRoute) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def endpoint(request: web.Request) -> web.StreamResponse:
            faults, name = self._world.faults, f"{route.method} {route.path}"
            if slow := faults.strikes("pay", "slow", request.path):
                await asyncio.sleep(slow.seconds)
            raw = await request.read()
            try:
                if refused := faults.strikes("pay", "refuse_us", request.path):
                    raise refusal(refused.code)
                call = self._admit(request, raw)
            except PayError as error:
                self._world.ledger.add("pay", "in", name, _text_for_ledger(raw), error.code, note=str(error))
                return _unsigned_answer(error)
            reply = await self._answer(call, route, raw)
            drop = faults.strikes("pay", "drop_answer", request.path)
            note = "; ".join(part for part in (reply.note, "answer dropped by a fault switch" if drop else "") if part)
            logged = f"{len(reply.raw)} bytes" if reply.raw is not None else reply.data
            self._world.ledger.add(
                "pay", "in", name, {**call.query, **call.body}, {"status": reply.status, "body": logged}, note=note
            )
            if drop:
                await asyncio.sleep(drop.seconds)
                self._forget_nonce(request)
                if request.transport is not None:
                    request.transport.abort()
            return self._signed_answer(call, reply)

        return endpoint

    # -- requests -------------------------------------------------------------------------------------------------

    def _admit(self, request: web.Request, raw: bytes) -> PayCall:
        """Raises PayError SIGN_ERROR when the signature, the time or the nonce of the request is wrong."""
        pairs = authorization(request.headers.get("Authorization", ""))
        merchant = self._merchants.get(pairs["mchid"])
        if merchant is None:
            raise sign_error("商户号不存在，或未开通API证书")
        if pairs["serial_no"].upper() != merchant.serial_no.upper():
            raise sign_error("商户证书序列号有误，请使用签名私钥匹配的证书序列号")
        self._check_time(pairs["timestamp"])
        path = request.raw_path.removeprefix(PREFIX)
        text = keys.request_text(request.method, path, pairs["timestamp"], pairs["nonce_str"], raw)
        if not keys.is_signed(self._merchant_keys[merchant.mchid], text, pairs["signature"]):
            raise sign_error("签名错误，请检查后再试")
        self._use_nonce(merchant.mchid, pairs["nonce_str"])
        return PayCall(request, merchant, self._signer(request, merchant))

    def _check_time(self, timestamp: str) -> None:
        if (
            not timestamp.isdecimal()
            or len(timestamp) > LONGEST_TIME
            or abs(int(timestamp) - self._world.clock.now()) > SKEW
        ):
            raise sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")

    def _use_nonce(self, mchid: str, nonce: str) -> None:
        if (mchid, nonce) in self._nonces:
            raise sign_error("Http头Authorization中的nonce_str已被使用")
        self._nonces[mchid, nonce] = None
        while len(self._nonces) > NONCES_KEPT:
            self._nonces.popitem(last=False)

    def _forget_nonce(self, request: web.Request) -> None:
        """A client's library may send a request again by itself when the connection was cut."""
        pairs = authorization(request.headers.get("Authorization", ""))
        self._nonces.pop((pairs["mchid"], pairs["nonce_str"]), None)

    def _signer(self, request: web.Request, merchant: MerchantConfig) -> PlatformSigner:
        serial = request.headers.get("Wechatpay-Serial", "")
        if not serial:
            return self._keys.signer_of_mode(merchant.mode)
        signer = self._keys.find_signer(serial)
        if signer is None:
            raise PayError(400, "INVALID_REQUEST", "Http头Wechatpay-Serial不是有效的微信支付公钥ID或平台证书序列号")
        return signer

    # -- the answer -----------------------------------------------------------------------------------------------

    async def _answer(self, call: PayCall, route: PayRoute, raw: bytes) -> PayReply:
        faults, path = self._world.faults, call.request.path
        try:
            if faults.strikes("pay", "fail_500", path):
                raise system_error()
            if faults.strikes("pay", "quota_used_up", path):
                raise PayError(429, "FREQUENCY_LIMITED", "频率超限，请降低请求频率")
            call.body = _body(call.request, raw)
            answer = route.handler(call)
            result = await answer if isinstance(answer, Awaitable) else answer
            if faults.strikes("pay", "error_after", path):
                raise system_error()
        except PayError as error:
            data: Json = {"code": error.code, "message": str(error), "detail": {}}
            return PayReply(error.status, data, note=f"detail code {error.detail_code}" if error.detail_code else "")
        except BadControlRequest as error:
            return PayReply(400, {"code": "PARAM_ERROR", "message": str(error)})
        return result if isinstance(result, PayReply) else PayReply(200, result)

    def _signed_answer(self, call: PayCall, reply: PayReply) -> web.Response:
        if reply.raw is not None:
            return web.Response(body=reply.raw, content_type="application/octet-stream", headers=_request_id())
        body = b"" if reply.data is None else jsons.dumps(reply.data).encode()
        timestamp, nonce = str(int(self._world.clock.now())), keys.new_nonce(32)
        signed = body + b" " if self._world.faults.strikes("pay", "forged_answer", call.request.path) else body
        headers = {
            **_request_id(),
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": call.signer.serial,
            "Wechatpay-Signature": call.signer.sign(keys.answer_text(timestamp, nonce, signed)),
            "Wechatpay-Signature-Type": keys.SCHEME,
        }
        if reply.data is None:
            return web.Response(status=reply.status, headers=headers)
        return web.Response(
            status=reply.status, body=body, headers=headers, content_type="application/json", charset="utf-8"
        )


def authorization(header: str) -> dict[str, str]:
    """The pairs of an ``Authorization`` header; PayError when the scheme is another or one is missing."""
    scheme, _, rest = header.partition(" ")
    if scheme != keys.SCHEME:
        raise sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    matches = [_PAIR.fullmatch(part) for part in rest.split(",")]
    pairs = {match.group(1): match.group(2) for match in matches if match}
    missing = [name for name in _NEEDED if not pairs.get(name)]
    if missing or len(pairs) != len(matches):
        raise sign_error(f"Http头Authorization值格式错误，缺少{'、'.join(missing) or '引号'}")
    return pairs


def _body(request: web.Request, raw: bytes) -> Json:
    if request.method == "GET":
        return {}
    if request.content_type != "application/json":
        raise param_error("Http头Content-Type必须是application/json")
    if not raw:
        return {}
    try:
        body = jsons.loads(raw)
        jsons.dumps(body).encode()  # lone surrogates, which an answer can't contain
    except (ValueError, RecursionError) as error:
        raise param_error("请求体不是JSON对象") from error
    return body


def _unsigned_answer(error: PayError) -> web.Response:
    """Answer without a signature, for a request that was not admitted."""
    data: Json = {"code": error.code, "message": str(error), "detail": {}}
    return web.Response(
        status=error.status,
        text=jsons.dumps(data),
        headers=_request_id(),
        content_type="application/json",
        charset="utf-8",
    )


def _request_id() -> dict[str, str]:
    return {"Request-ID": f"08{secrets.token_hex(16).upper()}-0"}


def _text_for_ledger(raw: bytes) -> str:
    return raw[:LARGEST_SHOWN].decode(errors="replace")
