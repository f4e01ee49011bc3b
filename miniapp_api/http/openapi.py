"""The OpenAPI 3.1 description, made from the same declarations that serve the requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from miniapp_api.http.idempotency import HEADER, REPLAY
from miniapp_api.http.problems import CONTENT_TYPE, PROBLEM_SCHEMA
from miniapp_api.http.routes import OCTETS, Api, Endpoint
from services.core.permissions import role_name

VERSION = "1"
_REF = "#/components/schemas/{model}"

Json = dict[str, Any]  # a JSON object as OpenAPI defines it

INTRO = """\
The mini-program's API. Addresses begin with `/api/v1/{pool}`; bodies are JSON in UTF-8.

- **Log-in**: `POST /sessions` with the code of `wx.login` gives tokens; send `Authorization: Bearer <access>`.
- **Refusals** are RFC 9457 problems: `detail` is a Chinese sentence for the person, `code` is stable.
- **Doing a thing once**: every POST takes an `Idempotency-Key` (1–120 visible ASCII characters, of one log-in). The
  same key with the same content gets the first answer again, marked `Idempotent-Replay: true`; with other content 409.
  A refusal is an answer too: after changing something, take a new key. 429 and 503 are not kept. Answers that hold
  secrets (tokens, codes) are never kept, so those POSTs ignore the key.
- **Pages**: `page` counts from 1, `size` is at most 100, `total` counts everything.
- **Times** are RFC 3339 with an offset, in answers +08:00. **Money** is integer fen. Unknown fields are refused.
"""
_REASONS: Mapping[int, str] = {
    400: "Not readable",
    401: "No account is logged in",
    403: "Known, but may not",
    404: "No such thing, or not for this person",
    409: "The state doesn't allow it now",
    413: "Too large",
    415: "Another content type is wanted",
    422: "A value can't be used, or a rule forbids it",
    429: "Too often; `Retry-After` says when to try again",
    503: "A part of the service is away for the moment",
}


class _Schemas(GenerateJsonSchema):
    """Generates no titles from field names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # the base class takes several schema types
        return False

    def normalize_name(self, name: str) -> str:
        """``PageOut[CardOut]`` is called ``CardOutPage``."""
        generic = re.fullmatch(r"(Page|Listing)(?:Out)?\[(\w+)\]", name)
        return f"{generic[2]}{generic[1]}" if generic else super().normalize_name(name)


@dataclass(frozen=True)
class Description:
    """What a description says of the API as a whole. ``base``: the address of its version."""

    base: str = "/api"
    title: str = "评标通 小程序接口"
    intro: str = INTRO


def describe(apis: Sequence[Api], description: Description = Description()) -> Json:
    """The whole document, JSON-able."""
    endpoints = [endpoint for api in apis for endpoint in api.endpoints]
    refs, schemas = _components(endpoints)
    paths: Json = {}
    for endpoint in endpoints:
        path = paths.setdefault(description.base + endpoint.full_path, {})
        path[endpoint.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": description.title, "version": VERSION, "description": description.intro},
        "servers": [{"url": "/"}],
        "tags": [{"name": api.tag, "x-displayName": api.title, "description": api.description} for api in apis],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": PROBLEM_SCHEMA},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def models_of(apis: Sequence[Api]) -> tuple[type[BaseModel], ...]:
    """Every model in the description."""
    models: dict[type[BaseModel], None] = {}
    for endpoint in (endpoint for api in apis for endpoint in api.endpoints):
        used = (endpoint.path_model, endpoint.query_model, endpoint.body_model, endpoint.answer)
        models |= dict.fromkeys(model for model in used if model is not None)
    return tuple(models)


def _components(endpoints: Iterable[Endpoint]) -> tuple[Mapping[type[BaseModel], Json], Json]:
    """References by model, and the schemas that they refer to."""
    modes: dict[type[BaseModel], JsonSchemaMode] = {}
    for endpoint in endpoints:
        if endpoint.body_model is not None:
            modes[endpoint.body_model] = "validation"
        if endpoint.answer is not None:
            modes[endpoint.answer] = "serialization"
    references, definitions = models_json_schema(list(modes.items()), ref_template=_REF, schema_generator=_Schemas)
    return {model: references[model, mode] for model, mode in modes.items()}, definitions.get("$defs", {})


def _operation(endpoint: Endpoint, refs: Mapping[type[BaseModel], Json]) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": endpoint.description,
        "parameters": list(_parameters(endpoint)),
        "responses": _responses(endpoint, refs),
        "x-roles": list(endpoint.roles),
    }
    if endpoint.access == "public":
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
    if endpoint.body_model is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": refs[endpoint.body_model]}},
        }
    elif endpoint.content_max is not None:
        operation["requestBody"] = _content(endpoint.content_max)
    return operation


def _parameters(endpoint: Endpoint) -> Iterable[Json]:
    yield from _fields(endpoint.path_model, "path")
    if endpoint.query_model is not None:
        yield from _fields(endpoint.query_model, "query")
    if endpoint.keyed != "no":
        yield {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Does the thing once, however often it is sent",
            "schema": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[!-~]{1,120}$"},
        }


def _fields(model: type[BaseModel], place: str) -> Iterable[Json]:
    schema = model.model_json_schema(schema_generator=_Schemas)
    for name, property_schema in schema["properties"].items():
        field: FieldInfo = model.model_fields[name]
        description = property_schema.pop("description", "")
        yield {
            "name": name,
            "in": place,
            "required": place == "path" or field.is_required(),
            "description": description,
            "schema": _inlined_type(property_schema, schema.get("$defs", {})),
        }


def _inlined_type(schema: Json, definitions: Json) -> Json:
    """A parameter's type without references; an optional one has no null, since a query can't express it."""
    if "anyOf" in schema:
        schema = next(part for part in schema["anyOf"] if part.get("type") != "null")
    resolved: Json = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return {name: value for name, value in resolved.items() if name != "description"}


def _content(most: int) -> Json:
    part = {"type": "string", "description": f"Bytes, at most {most // 1024} KB"}
    return {"required": True, "content": {OCTETS: {"schema": part}}}


def _responses(endpoint: Endpoint, refs: Mapping[type[BaseModel], Json]) -> Json:
    success: Json = {"description": "Done"}
    if endpoint.answer is not None:
        success["content"] = {"application/json": {"schema": refs[endpoint.answer]}}
    elif endpoint.status != 204:
        success["content"] = {endpoint.media_type: {"schema": {}}}
    if endpoint.keyed == "here":
        success["headers"] = {REPLAY: {"schema": {"type": "string", "enum": ["true"]}, "description": "Done before"}}
    responses: Json = {str(endpoint.status): success}
    for status in _refusals(endpoint):
        responses[str(status)] = _problem(_REASONS[status])
    responses["default"] = _problem("Any other refusal")
    return responses


def _refusals(endpoint: Endpoint) -> Iterable[int]:
    takes_body = endpoint.body_model is not None or endpoint.content_max is not None
    yield from (400,) if takes_body or endpoint.keyed != "no" else ()
    yield from (401, 403) if endpoint.access != "public" else ()
    yield 404
    yield from (409,) if endpoint.method != "GET" else ()
    yield from (413, 415) if takes_body else ()
    yield 422
    yield from (429,) if endpoint.limits else ()
    yield 503


def _problem(description: str) -> Json:
    content = {CONTENT_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {"description": description, "content": content}


def who_may(endpoint: Endpoint) -> str:
    """For readers: the Chinese names of the permitted roles, or the other requirement."""
    if endpoint.roles:
        return "、".join(role_name(role) for role in endpoint.roles)
    return {"public": "无需登录", "session": "已登录", "account": "已绑定手机号"}[endpoint.access]
