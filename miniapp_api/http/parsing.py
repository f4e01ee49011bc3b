"""Parses a request into checked values: path, query, JSON body, a part of a file."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError

from domain.errors import InvalidInput, NotFound
from miniapp_api.http.problems import BadRequest, TooLarge, TooSlow, WrongType, invalid_request
from miniapp_api.http.routes import JSON, OCTETS, Endpoint
from services.core.body_room import Take

BODY_MAX = 256 * 1024
"""Bytes of a JSON body, unpacked."""
READ_TIMEOUT = 30.0
"""Seconds within which a whole body must have arrived."""
_CHUNK = 64 * 1024

T = TypeVar("T")


@dataclass(frozen=True)
class Arguments:
    """Arguments of the endpoint's function. ``target`` is the request's method and address, ``body`` its JSON."""

    values: Mapping[str, BaseModel | bytes]
    target: str
    body: bytes = b""

    def fingerprint(self) -> str:
        """Distinguishes this request from others (for Idempotency-Key)."""
        digest = hashlib.sha256(f"{self.target}\n".encode(errors="replace"))
        if self.body:
            digest.update(_canonical_json(self.body))
        return digest.hexdigest()


def read_path(endpoint: Endpoint, request: web.Request) -> BaseModel:
    """Raises NotFound for a malformed id in the path."""
    try:
        return endpoint.path_model.model_validate(dict(request.match_info))
    except ValidationError as error:
        raise NotFound("没有找到，地址中的编号不正确，请刷新后重试。", code="bad_path") from error


async def read_arguments(endpoint: Endpoint, request: web.Request, path: BaseModel, take: Take) -> Arguments:
    """Raises AppError that describes the fault. The query of an endpoint that takes none must be empty."""
    values: dict[str, BaseModel | bytes] = {}
    body = b""
    if "path" in endpoint.function.__annotations__:
        values["path"] = path
    query = _read_query(endpoint, request.query)
    if query is not None:
        values["query"] = query
    if endpoint.body_model is not None:
        body = await _await_body(_read_json(request, take))
        values["body"] = _parse_body(endpoint.body_model, body)
    elif endpoint.content_max is not None:
        values["content"] = await _await_body(_read_content(request, endpoint.content_max, take))
    return Arguments(values, f"{request.method} {request.path_qs}", body)


def _read_query(endpoint: Endpoint, query: MultiMapping[str]) -> BaseModel | None:
    if twice := [name for name, count in Counter(name for name, _ in query.items()).items() if count > 1]:
        raise InvalidInput("参数重复，请只填写一次。", code="repeated_parameter", field=f"query.{twice[0]}")
    if endpoint.query_model is None:
        if query:
            raise InvalidInput(
                "地址中有多余的内容，请更新小程序后重试。", code="unknown_parameter", field=f"query.{next(iter(query))}"
            )
        return None
    try:
        return endpoint.query_model.model_validate(dict(query))
    except ValidationError as error:
        raise invalid_request(error, "query", endpoint.query_model) from error


def _parse_body(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise invalid_request(error, model=model) from error


def _canonical_json(raw: bytes) -> bytes:
    return json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()


async def _await_body(reading: Awaitable[T]) -> T:
    """Raises TooSlow when the body doesn't arrive in time, BadRequest when it is garbled."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            return await reading
    except TimeoutError as error:
        raise TooSlow("上传超时，请检查网络后重试。") from error
    except (HttpProcessingError, web.RequestPayloadError, EOFError) as error:
        raise BadRequest("请求内容不完整，请重试。", code="garbled") from error


async def _read_json(request: web.Request, take: Take) -> bytes:
    if request.content_type != JSON:
        raise WrongType("提交的内容无法识别，请更新小程序后重试。")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise WrongType("提交的文字无法识别，请更新小程序后重试。")
    return await _read_bytes(request, BODY_MAX, take)


async def _read_bytes(request: web.Request, most: int, take: Take) -> bytes:
    """Counts unpacked bytes, so that a small compressed body can't grow without limit."""
    if (request.content_length or 0) > most:
        raise _too_large(most)
    content = bytearray()
    async for chunk in request.content.iter_chunked(_CHUNK):
        take(len(chunk))
        content += chunk
        if len(content) > most:
            raise _too_large(most)
    return bytes(content)


async def _read_content(request: web.Request, most: int, take: Take) -> bytes:
    if request.content_type != OCTETS:
        raise WrongType("上传的文件无法识别，请更新小程序后重试。")
    return await _read_bytes(request, most, take)


def _too_large(most: int) -> TooLarge:
    size = f"{most // 1024 // 1024}MB" if most >= 1024 * 1024 else f"{most // 1024}KB"
    return TooLarge(f"内容过大，最多{size}，请缩小后重试。", params={"bytes_max": most})
