"""Refusals as RFC 9457 problem details, in Chinese, with a stable code.

Converts everything that an endpoint may raise: the errors of ``domain.errors``, a few errors of HTTP, and pydantic's
validation errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from structlog.contextvars import get_contextvars

from domain.errors import AppError, InvalidInput, RuleViolation, TooMany, Unavailable
from miniapp_api.http.labels import CHOSEN, label_of

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:pbt:error:"
ERRORS_MAX = 20
PROBLEMS = "problems"
"""The param in which a service lists the problem of each field, as ``{"field", "message"}``."""

_TITLES: Mapping[int, str] = {
    400: "请求无法识别",
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持的操作",
    408: "请求超时",
    409: "当前状态不允许",
    413: "内容过大",
    415: "内容格式不支持",
    422: "输入有误",
    429: "操作过于频繁",
    500: "系统出错",
    503: "暂时无法服务",
}
_RETRY_UNAVAILABLE = 5
"""Seconds after which a client may try again when a part of ours is unavailable."""


class BadRequest(AppError):
    """The request can't be parsed at all."""

    status = 400
    default_code = "bad_request"


class TooSlow(AppError):
    status = 408
    default_code = "too_slow"


class TooLarge(AppError):
    status = 413
    default_code = "too_large"


class WrongType(AppError):
    status = 415
    default_code = "wrong_content_type"


@dataclass(frozen=True)
class FieldError:
    """``field`` is a dotted path such as ``supervisors.0.phone``, empty for the whole.

    ``named``: the message names the field itself, and says what to do.
    """

    field: str
    message: str
    named: bool = False


class InvalidFields(InvalidInput):
    """Several problems of a request at once."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        first = errors[0]
        place = f"（{first.field}）" if first.field else ""
        text = f"{first.message}。" if first.named else f"{first.message}{place}，请修改后重试。"
        super().__init__(text, code="invalid_fields", field=first.field or None)
        self.errors = errors


def problem_of(error: AppError) -> dict[str, object]:
    """The response's body for a refused request."""
    title = "不符合规定" if isinstance(error, RuleViolation) else _TITLES.get(error.status, "请求未完成")
    body: dict[str, object] = {
        "type": TYPE_PREFIX + error.code,
        "title": title,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
    }
    if error.field:
        body["field"] = error.field
    if isinstance(error, InvalidFields):
        body["errors"] = [{"field": fault.field, "message": fault.message} for fault in error.errors]
    elif len(error.faults) > 1:
        body["errors"] = [{"field": fault.field, "message": fault.message} for fault in error.faults]
    if isinstance(error, RuleViolation):
        body |= {"rule": error.rule, "source": error.source}
    params = dict(error.params)
    if problems := params.pop(PROBLEMS, None):
        body["errors"] = problems
    if params:
        body["params"] = params
    if request_id := get_contextvars().get("request_id"):
        body["request_id"] = request_id
    return body


def problem_response(error: AppError) -> web.Response:
    headers = {}
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    elif isinstance(error, Unavailable):
        headers["Retry-After"] = str(_RETRY_UNAVAILABLE)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    text = json.dumps(problem_of(error), ensure_ascii=False, default=str)
    return web.Response(text=text, status=error.status, headers=headers, content_type=CONTENT_TYPE)


def problem_of_http(error: web.HTTPException) -> web.Response:
    """Refusals by aiohttp: unknown route, wrong method, too large."""
    refusal: AppError
    if isinstance(error, web.HTTPMethodNotAllowed):
        refusal = refusal_of_status(405, "method_not_allowed", "此地址不支持这种操作，请更新小程序后重试。")
    elif error.status == 404:
        refusal = refusal_of_status(404, "no_such_route", "没有找到要办理的事项，请更新小程序后重试。")
    elif error.status == 413:
        refusal = TooLarge("内容过大，请缩小后重试。")
    else:
        refusal = refusal_of_status(error.status, "bad_request", "请求无法识别，请更新小程序后重试。")
    answer = problem_response(refusal)
    if allow := error.headers.get("Allow"):
        answer.headers["Allow"] = allow
    return answer


def refusal_of_status(status: int, code: str, message: str) -> AppError:
    """A refusal with a status that no exception class has."""
    error = AppError(message, code=code)
    error.status = status
    return error


def invalid_request(error: ValidationError, where: str = "", model: type[BaseModel] | None = None) -> AppError:
    """Pydantic's errors for a ``model``, as short Chinese sentences; never the value: it may be personal."""
    details = error.errors(include_url=False, include_input=False, include_context=True)
    if any(detail["type"] == "json_invalid" for detail in details):
        return BadRequest("提交的内容不完整，请更新小程序后重试。", code="bad_json")
    return InvalidFields(tuple(_field_errors(details[:ERRORS_MAX], where, model)))


def _field_errors(details: Iterable[ErrorDetails], where: str, model: type[BaseModel] | None) -> Iterable[FieldError]:
    for detail in details:
        path = ".".join(part for part in (where, *(str(part) for part in detail["loc"])) if part)
        label = label_of(model, detail["loc"]) if detail["type"] != "extra_forbidden" else ""
        named = _named_sentence(detail, label) if label else ""
        yield FieldError(path, named or _sentence(detail), named=bool(named))


_ABSENT = frozenset(("missing", "string_type", "none_required", "tuple_type", "list_type", "dict_type", "too_short"))
_UNCHOSEN = frozenset(("literal_error", "enum", "bool_type", "bool_parsing", "uuid_type", "uuid_parsing"))
_NAMED: Mapping[str, str] = {
    "string_too_short": "{label}至少填写{number}个字",
    "string_too_long": "{label}最多{number}个字，请缩短",
    "string_pattern_mismatch": "{label}有误，请核对后重新填写",
    "greater_than_equal": "{label}不能小于{number}，请核对后重新填写",
    "greater_than": "{label}应大于{number}，请核对后重新填写",
    "less_than_equal": "{label}不能大于{number}，请核对后重新填写",
    "less_than": "{label}应小于{number}，请核对后重新填写",
    "too_long": "{label}最多{number}项，请删去多余的",
    "int_type": "{label}应填写整数",
    "int_parsing": "{label}应填写整数",
    "int_from_float": "{label}应填写整数",
    "float_type": "{label}应填写数字",
}


def _named_sentence(detail: ErrorDetails, label: str) -> str:
    """The field and what to do: 请选择项目所在地. Empty for a value that a person can't have typed."""
    kind, context, name = detail["type"], detail.get("ctx") or {}, str(detail["loc"][-1])
    number = next(
        (context[key] for key in ("min_length", "max_length", "ge", "gt", "le", "lt") if key in context), None
    )
    picked = name in CHOSEN or kind in _UNCHOSEN
    if kind in _ABSENT or kind in _UNCHOSEN or (number == 1 and kind in ("string_too_short", "greater_than_equal")):
        return f"请{'选择' if picked else '填写'}{label}"
    if kind == "string_pattern_mismatch" and picked:
        return f"请选择{label}"
    if kind in _NAMED:
        return _NAMED[kind].format(label=label, number=number)
    return f"{label}：{detail['msg']}" if _is_chinese(detail["msg"]) else ""


_SENTENCES: Mapping[str, str] = {
    "missing": "缺少必填项",
    "extra_forbidden": "有无法识别的字段",
    "string_type": "应为文字",
    "string_pattern_mismatch": "格式不正确",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "数字过大",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "uuid_type": "编号格式不正确",
    "uuid_parsing": "编号格式不正确",
    "model_type": "应为JSON对象",
    "model_attributes_type": "应为JSON对象",
    "dict_type": "应为JSON对象",
    "tuple_type": "应为列表",
    "list_type": "应为列表",
    "none_required": "应为空",
}
_WITH_NUMBER: Mapping[str, tuple[str, str]] = {
    "string_too_short": ("min_length", "至少填写{}个字"),
    "string_too_long": ("max_length", "最多{}个字"),
    "greater_than_equal": ("ge", "不能小于{}"),
    "greater_than": ("gt", "应大于{}"),
    "less_than_equal": ("le", "不能大于{}"),
    "less_than": ("lt", "应小于{}"),
    "too_long": ("max_length", "最多{}项"),
    "too_short": ("min_length", "至少{}项"),
}


def _sentence(detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx") or {}
    if kind in _WITH_NUMBER:
        name, text = _WITH_NUMBER[kind]
        return "不能为空" if kind == "string_too_short" and context.get(name) == 1 else text.format(context.get(name))
    if kind in ("literal_error", "enum"):
        return f"应为 {_choices(context)} 之一"
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    return detail["msg"] if _is_chinese(detail["msg"]) else "格式不正确"


def _choices(context: Mapping[str, Any]) -> str:
    return str(context.get("expected", "")).replace("'", "").replace(" or ", "、").replace(", ", "、")


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


PROBLEM_SCHEMA: Mapping[str, object] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `detail` is a Chinese sentence for the person; `code` is stable and meant for programs.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": [TYPE_PREFIX + "invalid_fields"]},
        "title": {"type": "string", "examples": ["输入有误"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string", "examples": ["请填写名称。"]},
        "code": {"type": "string", "examples": ["invalid_fields"]},
        "field": {"type": "string", "description": "Dotted path of the offending input", "examples": ["name"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "rule": {"type": "string", "description": "Rulebook key of the rule that forbids it"},
        "source": {"type": ["string", "null"], "description": "Manual line or legal article behind the rule"},
        "params": {"type": "object", "description": "Facts for programs"},
        "request_id": {"type": "string", "description": "Name it when you ask for help"},
    },
}
