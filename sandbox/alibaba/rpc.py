"""RPC entry point of each product: signature, nonce and time checked, faults and ledger around every action."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from sandbox import jsons
from sandbox.alibaba import signing
from sandbox.config import VendorConfig
from sandbox.jsons import Json
from sandbox.world import World

NONCES_KEPT = 50_000
HIDDEN = frozenset({"IdentifyNum", "UserName"})
"""Parameters that the ledger shows in part."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a product answers: its version, its code of success, and its code of a used-up quota."""

    version: str
    fine: tuple[str, str]
    quota: tuple[str, str]


MESSAGES = Dialect("2017-05-25", ("OK", "OK"), ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:0"))


class RpcRefusal(Exception):
    """A business error: HTTP 200 with this code, unless ``status`` says otherwise."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


Action = Callable[[Mapping[str, str]], Json]


class Rpc:
    """One product's endpoint. Actions get the business parameters and return fields of the answer."""

    def __init__(
        self,
        world: World,
        vendor_name: str,
        vendor: VendorConfig,
        actions: Mapping[str, Action],
        dialect: Dialect = MESSAGES,
    ) -> None:
        self._world = world
        self._dialect = dialect
        self._name = vendor_name
        self._vendor = vendor
        self._actions = actions
        self._nonces: OrderedDict[str, None] = OrderedDict()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        faults = self._world.faults
        if slow := faults.strikes(self._name, "slow"):
            await asyncio.sleep(slow.seconds)
        if faults.strikes(self._name, "fail_500"):
            self._world.ledger.add(self._name, "in", "?", None, "HTTP 500", note="fault switch")
            return web.Response(status=500, text="Internal Server Error")
        status, answer, logged = await self._answer(request)
        drop = faults.strikes(self._name, "drop_answer")
        note = "answer dropped by a fault switch" if drop else ""
        mobile = logged.get("CalledNumber") or logged.get("PhoneNumbers") or logged.get("PhoneNumber") or ""
        phone = self._world.by_mobile.get(mobile)
        self._world.ledger.add(
            self._name,
            "in",
            logged.get("Action", "?"),
            dict(logged),
            answer,
            phone=phone.id if phone else "",
            note=note,
        )
        if drop:
            await asyncio.sleep(drop.seconds)
            if request.transport is not None:
                request.transport.abort()
        return web.Response(status=status, text=jsons.dumps(answer), content_type="application/json", charset="utf-8")

    async def _answer(self, request: web.Request) -> tuple[int, Json, dict[str, str]]:
        request_id = str(uuid.uuid4()).upper()
        body = await request.read()
        parameters = dict(request.query)
        if request.content_type == "application/x-www-form-urlencoded":
            parameters.update({key: str(value) for key, value in (await request.post()).items()})
        parameters.setdefault("Action", request.headers.get("x-acs-action", ""))
        logged = {
            key: _hide(value) if key in HIDDEN else value
            for key, value in parameters.items()
            if key not in signing_parameters
        }
        try:
            self._check(request, parameters, body)
        except signing.SignatureError as error:
            host = request.host
            answer: Json = {"RequestId": request_id, "HostId": host, "Code": error.code, "Message": str(error)}
            return error.status, answer, logged
        try:
            if refused := self._world.faults.strikes(self._name, "refuse_us"):
                raise RpcRefusal(refused.code, "refused by a fault switch", 200 if _is_business(refused.code) else 400)
            if self._world.faults.strikes(self._name, "quota_used_up"):
                raise RpcRefusal(*self._dialect.quota)
            answer = self._actions[parameters["Action"]](parameters)
            status = 200
        except RpcRefusal as error:
            answer, status = {"Code": error.code, "Message": str(error)}, error.status
        code, message = self._dialect.fine
        return status, {"Code": code, "Message": message, "RequestId": request_id, **answer}, logged

    def _check(self, request: web.Request, parameters: dict[str, str], body: bytes) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        key_id, secret = self._vendor.access_key_id, self._vendor.access_key_secret
        if "Signature" in parameters:
            nonce, time = signing.check_v1(key_id, secret, request.method, parameters_for_v1(parameters, headers))
            version = parameters.get("Version", "")
        else:
            signed_request = signing.SignedRequest(request.method, request.path, dict(request.query), headers, body)
            nonce, time = signing.check_v3(key_id, secret, signed_request)
            version = headers.get("x-acs-version", "")
        self._check_fresh(nonce, time)
        if version != self._dialect.version:
            raise signing.SignatureError("InvalidVersion", "Specified parameter Version is not valid.")
        if parameters["Action"] not in self._actions:
            raise signing.SignatureError(
                "InvalidAction.NotFound", "Specified api is not found, please check your url and method.", 404
            )

    def _check_fresh(self, nonce: str, time: str) -> None:
        """Refuse a timestamp that is near neither the real time nor the sandbox's: a client may use either clock."""
        at, now = signing.parse_time(time), self._world.clock.now()
        if min(abs(at - now), abs(at - (now - self._world.clock.offset))) > signing.SKEW:
            raise signing.SignatureError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        if not nonce or nonce in self._nonces:
            raise signing.SignatureError("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._nonces[nonce] = None
        if len(self._nonces) > NONCES_KEPT:
            self._nonces.popitem(last=False)


def _is_business(code: str) -> bool:
    """Faults of signature, key and time are answered with HTTP 400, all others with 200."""
    return code.startswith(("isv.", "isp.")) or code.isdigit()


def _hide(value: str) -> str:
    return f"{value[:1]}{'*' * max(len(value) - 2, 0)}{value[1:][-1:]}"


signing_parameters = frozenset(
    {
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureVersion",
        "Timestamp",
        "Version",
        "Format",
        "RegionId",
    }
)


def parameters_for_v1(parameters: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, str]:
    """The parameters that V1 signs: all that were sent, without an Action that only a header named."""
    sent = dict(parameters)
    if not sent.get("Action"):
        sent.pop("Action", None)
    return sent


def need(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name, "")
    if not value:
        raise RpcRefusal("isv.INVALID_PARAMETERS", f"参数异常：{name}")
    return value


def template_text(templates: Mapping[str, str], code: str, raw: str, unknown: str) -> str:
    """The template filled in. An unknown code is refused with ``unknown``; without templates the variables are shown.

    Refusal for variables that are no JSON object or of which one is missing.
    """
    try:
        variables = jsons.loads(raw) if raw else {}
    except ValueError as error:
        raise RpcRefusal("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值") from error
    if code not in templates:
        if templates:
            raise RpcRefusal(unknown, "模板不合法")
        return f"[{code}] " + "，".join(f"{name}={value}" for name, value in variables.items())
    text = templates[code]
    for name, value in variables.items():
        text = text.replace("${" + name + "}", str(value))
    if "${" in text:
        raise RpcRefusal("isv.TEMPLATE_MISSING_PARAMETERS", "模板缺少变量")
    return text
