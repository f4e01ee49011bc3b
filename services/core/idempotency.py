"""Runs an action once although it is requested twice: its result is stored, encrypted, in the action's transaction."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter

from domain import errors
from domain.errors import AppError, Conflict, InvalidForm, InvalidInput, RuleViolation, TooMany
from domain.ids import new_id
from models.accounts import IdempotencyKey
from services.core.base import Deps, execute, rows, transaction

T = TypeVar("T")

_REFUSALS: dict[str, type[AppError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, AppError)
}
_CLAIM = (
    "INSERT INTO idempotency_key (id, owner, key, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (owner, key) DO NOTHING RETURNING id"
)

_KEEP = "UPDATE idempotency_key SET answer_sealed = $3 WHERE owner = $1 AND key = $2"


async def once(
    *,
    owner: str,
    key: str | None,
    deps: Deps,
    answer: type[T],
    run: Callable[[], Awaitable[T | AppError]],
    request: str = "",
) -> T:
    """Carry out ``run`` in one transaction, or hand back what it answered before.

    ``owner`` names the action and its actor (at most 80 characters), so that actors never share keys. ``answer`` is the
    type of the result: plain data that pydantic can write as JSON and read back. ``request`` tells one request from
    another: the same key with another one is a Conflict. Without a ``key`` nothing is stored.

    The stored answer opens only for the same owner, key and request, and ``Deadlines`` deletes it after
    ``deps.answers_kept``.

    ``run`` *raises* an AppError to undo everything, and then nothing is stored. It *returns* one to keep what it wrote
    (a counted wrong code): that refusal is stored, committed, and then raised. Two callers with one key at the same
    moment: the second waits for the first.
    """
    fingerprint = deps.keys.lookup_hash("request", request) if request and key is not None else ""
    purpose = json.dumps(["answer", owner, key, fingerprint])  # so that no row's ciphertext can replace another's
    async with transaction():
        stored = await _claim(owner, key, deps, fingerprint) if key is not None else None
        if stored is not None:
            result = _decode(json.loads(deps.keys.open(stored.answer_sealed, purpose)), answer)
        else:
            result = await run()
            if key is not None:
                encoded = json.dumps(_encode(result, answer), ensure_ascii=False)
                await execute(_KEEP, owner, key, deps.keys.seal(encoded, purpose))
    if isinstance(result, AppError):
        raise result
    return result


async def forget(owner: str, key: str) -> None:
    """Delete the stored result of a key, so that the same key may try again: it only asked to wait."""
    await IdempotencyKey.filter(owner=owner, key=key).delete()


async def _claim(owner: str, key: str, deps: Deps, fingerprint: str) -> IdempotencyKey | None:
    """None: this caller runs the action; else the row with the result."""
    if len(key) > 120:
        raise InvalidInput("请求编号过长，请使用不超过120个字符的编号。", code="idempotency_key_too_long")
    if await rows(_CLAIM, new_id(), owner, key, fingerprint, deps.now()):
        return None
    stored = await IdempotencyKey.get(owner=owner, key=key)
    if stored.fingerprint != fingerprint:
        raise Conflict("同一请求编号已用于另一项操作，请换一个编号后重试。", code="idempotency_key_reused")
    return stored


def _encode(result: T | AppError, answer: type[T]) -> dict[str, Any]:
    if not isinstance(result, AppError):
        return {"ok": TypeAdapter(answer).dump_python(result, mode="json")}
    return {"refused": _encode_refusal(result)}


def _encode_refusal(result: AppError) -> dict[str, Any]:
    refusal: dict[str, Any] = {
        "type": type(result).__name__,
        "message": result.message,
        "code": result.code,
        "field": result.field,
        "params": result.params,
    }
    if isinstance(result, TooMany):
        refusal["retry_after"] = result.retry_after
    if isinstance(result, RuleViolation):
        refusal |= {"rule": result.rule, "source": result.source}
    if isinstance(result, InvalidForm):
        refusal["faults"] = [_encode_refusal(fault) for fault in result.faults]
    return refusal


def _decode(stored: dict[str, Any], answer: type[T]) -> T | AppError:
    if "ok" in stored:
        return TypeAdapter(answer).validate_json(json.dumps(stored["ok"]))
    return _decode_refusal(stored["refused"])


def _decode_refusal(refusal: dict[str, Any]) -> AppError:
    message, code = refusal["message"], refusal["code"]
    if refusal["type"] == "TooMany":
        return TooMany(message, retry_after=refusal["retry_after"], code=code)
    if refusal["type"] == "RuleViolation":
        return RuleViolation(
            message,
            rule=refusal["rule"],
            source=refusal["source"],
            code=code,
            field=refusal["field"],
            params=refusal["params"],
        )
    if refusal["type"] == "InvalidForm":
        return InvalidForm([_decode_refusal(fault) for fault in refusal["faults"]])
    kind = _REFUSALS.get(refusal["type"], AppError)
    return kind(message, code=code, field=refusal["field"], params=refusal["params"])
