"""Parses forms from browsers: limited in size, number of fields and time, and from our own pages only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

import aiohttp.web as http
from aiohttp import BodyPartReader

from domain.errors import AppError, Forbidden, InvalidInput
from services.core.body_room import Take

FORM_LIMIT = 16 * 1024
_FIELDS_MAX = 120
"""Fields per form; a draw of a project with fifty lots has the most."""


async def read_pairs(request: http.Request, longest: int, take: Take) -> dict[str, str]:
    """The fields of a form without files; ``longest`` in bytes. Raises Unavailable without room for them."""
    body = bytearray()
    async with asyncio.timeout(20):
        async for chunk in request.content.iter_any():
            take(len(chunk))
            body += chunk
            if len(body) > longest:
                raise plain(413, "提交的内容过长，请缩短后重试。")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError as error:
        raise InvalidInput("提交的内容无法识别，请返回页面后重试。", code="not_a_form") from error
    if any("\0" in value for _, value in pairs):
        raise InvalidInput("提交的内容有无法识别的字符，请返回页面后重试。", code="not_a_form")
    return dict(pairs)


class StaleForm(Forbidden):
    """A form of ours whose token has expired, or is of another log-in. ``sent``: its fields, for the page to show."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        super().__init__("页面已过期，请返回后刷新页面，再提交一次。", code="form_stale")
        self.sent = sent


def check_origin(request: http.Request, public_url: str) -> None:
    """Refuses a form whose Origin header names another site."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise _foreign_form()
    origin = request.headers.get("Origin")
    if origin is None:
        return
    if urlsplit(origin).netloc not in (urlsplit(public_url).netloc, request.host):
        raise _foreign_form()


async def read_parts(
    request: http.Request, longest: int, check: Callable[[Mapping[str, str]], None], take: Take
) -> tuple[dict[str, str], bytes]:
    """``check`` gets the fields before the file is read; our forms send hidden fields first. Raises Unavailable without
    room for the file."""
    fields: dict[str, str] = {}
    content = bytearray()
    try:
        reader, count = await request.multipart(), 0
        while (part := await reader.next()) is not None:
            count += 1  # of parts, not of names: reading each costs time, also of one that repeats
            if not isinstance(part, BodyPartReader) or not part.name or count > _FIELDS_MAX:
                raise ValueError("no form of ours")
            if part.name == "file":
                check(fields)
            limit = longest if part.name == "file" else FORM_LIMIT
            body = bytearray()
            while chunk := await part.read_chunk(64 * 1024):
                take(len(chunk))
                body += chunk
                if len(body) > limit:
                    raise plain(413, f"文件过大，最大{longest // 1024 // 1024}MB，请压缩后再上传。")
            if part.name == "file":
                fields["filename"], content = part.filename or "", body
            else:
                fields[part.name] = body.decode()
    except (ValueError, AssertionError) as error:  # aiohttp asserts on truncated parts
        raise InvalidInput("提交的内容不完整，请返回页面后重试。", code="not_a_form") from error
    check(fields)
    if any("\0" in value for value in fields.values()):
        raise InvalidInput("提交的内容有无法识别的字符，请返回页面后重试。", code="not_a_form")
    return fields, bytes(content)


def _foreign_form() -> Forbidden:
    return Forbidden("页面已过期，请返回后刷新页面，再提交一次。", code="form_foreign")


def plain(status: int, message: str) -> AppError:
    """A refusal with a status that no exception class has."""
    error = AppError(message, code="page")
    error.status = status
    return error
