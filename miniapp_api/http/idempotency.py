"""Idempotency-Key: the response to a POST is stored in the transaction of its action and returned again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from domain.errors import AppError, TooMany, Unavailable
from miniapp_api.http.call import Call
from miniapp_api.http.problems import BadRequest
from services.core.idempotency import forget, once

HEADER = "Idempotency-Key"
REPLAY = "Idempotent-Replay"
_KEY = re.compile(r"[!-~]{1,120}", re.ASCII)


@dataclass(frozen=True)
class Reply:
    """``body`` is JSON-able; None: no content. ``replayed``: the action was done by an earlier request."""

    status: int
    body: Any
    replayed: bool = False


def read_key(request: web.Request) -> str | None:
    """The request's key, if it has one. Raises BadRequest for one that can't be stored."""
    key = request.headers.get(HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise BadRequest("请求编号应为1至120个英文字母、数字或符号。", code="bad_idempotency_key", field=HEADER)
    return key


async def reply_once(call: Call, key: str, fingerprint: str, answer: Callable[[], Awaitable[Reply]]) -> Reply:
    """Run ``answer`` and store its reply in one transaction, unless the key has a reply already.

    A refusal is stored too, with what the service wants to keep in spite of it (a counted try). Refusals that only ask
    to wait are not: the same key may try again later. Raises Conflict for a key that was used for another request.
    """
    owner = f"api:{call.actor.session_id}"
    replayed = True

    async def run() -> dict[str, Any] | AppError:
        nonlocal replayed
        replayed = False
        try:
            reply = await answer()
        except AppError as refusal:
            return refusal
        return {"status": reply.status, "body": reply.body}

    try:
        stored = await once(
            owner=owner, key=key, deps=call.services.deps, answer=dict[str, Any], run=run, request=fingerprint
        )
    except (TooMany, Unavailable):
        await forget(owner, key)
        raise
    except AppError as refusal:
        if replayed and refusal.code != "idempotency_key_reused":
            call.request[REPLAYED] = True
        raise
    return Reply(stored["status"], stored["body"], replayed)


REPLAYED = web.RequestKey("replayed", bool)
