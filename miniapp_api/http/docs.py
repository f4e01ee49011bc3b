"""``/api/openapi.json`` and the readable page ``/api/docs``: our own HTML and CSS, nothing loaded from other sites."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from pydantic import BaseModel

from miniapp_api.http.openapi import describe, models_of, who_may
from miniapp_api.http.routes import Api, Endpoint

PAGES = Path(__file__).parent / "pages"
_DEPTH_MAX = 6
_CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

Json = Mapping[str, Any]  # a piece of the OpenAPI document


@dataclass(frozen=True)
class FieldRow:
    """A field or parameter as a line of a table. ``target`` is the schema that its type refers to."""

    name: str
    kind: str
    target: str
    required: bool
    note: str


@dataclass(frozen=True)
class EndpointDoc:
    endpoint: Endpoint
    who: str
    parameters: tuple[FieldRow, ...]
    body: str
    body_example: str
    answer: str
    answer_example: str
    statuses: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class EndpointGroup:
    api: Api
    operations: tuple[EndpointDoc, ...]


@dataclass(frozen=True)
class SchemaTable:
    name: str
    note: str
    rows: tuple[FieldRow, ...]


def add_docs(app: web.Application, apis: Sequence[Api]) -> None:
    """Serve the description. It takes half a second to build, so this happens at the first request for it."""
    document = cache(lambda: describe(apis))
    models = models_of(apis)
    _serve(
        app, "/openapi.json", lambda: json.dumps(document(), ensure_ascii=False).encode(), "application/json", models
    )
    _serve(app, "/docs", lambda: render_page(apis, document()).encode(), "text/html", models)
    _serve(app, "/docs.css", (PAGES / "docs.css").read_bytes, "text/css")


def _serve(
    app: web.Application,
    path: str,
    make: Callable[[], bytes],
    content_type: str,
    models: Sequence[type[BaseModel]] = (),
) -> None:
    """``make`` is called once, in a thread, after ``models`` are built, so that no thread builds a model that a request
    uses."""
    make = cache(make)
    headers = {
        "Content-Type": f"{content_type}; charset=utf-8",
        "Cache-Control": "no-cache",
        "Content-Security-Policy": _CSP,
    }

    async def answer(request: web.Request) -> web.Response:
        for model in models:
            if not model.__pydantic_complete__:
                model.model_rebuild()
                await asyncio.sleep(0)
        body = await asyncio.to_thread(make)
        etag = hashlib.sha256(body).hexdigest()[:16]
        known_tags = request.if_none_match or ()
        response = (
            web.Response(status=304)
            if any(tag.value == etag for tag in known_tags)
            else web.Response(body=body, headers=headers)
        )
        response.headers["Cache-Control"] = "no-cache"
        response.etag = etag
        return response

    app.router.add_get(path, answer)


def render_page(apis: Sequence[Api], document: Json) -> str:
    """The whole page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(PAGES),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    return environment.get_template("docs.html").render(
        info=document["info"],
        groups=[
            EndpointGroup(api, tuple(_operation(endpoint, document) for endpoint in api.endpoints)) for api in apis
        ],
        schemas=[_table(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
    )


def _prose(text: str) -> Markup:
    """Paragraphs and lists of a docstring, with `code` and **strong**; everything else is escaped."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = re.sub(r"\n(?!- )\s*", " ", block).split("\n")
        html = [
            re.sub(
                r"\*\*(.+?)\*\*",
                r"<strong>\1</strong>",
                re.sub(r"`{1,2}(.+?)`{1,2}", r"<code>\1</code>", str(escape(line))),
            )
            for line in lines
        ]
        if all(line.startswith("- ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{line[2:]}</li>" for line in html) + "</ul>")
        else:
            blocks.append(f"<p>{' '.join(html)}</p>")
    return Markup("".join(blocks))  # noqa: S704  # every piece was escaped above


def _operation(endpoint: Endpoint, document: Json) -> EndpointDoc:
    operation = document["paths"]["/api" + endpoint.full_path][endpoint.method.lower()]
    body = _content(operation.get("requestBody", {}))
    answer = _content(operation["responses"][str(endpoint.status)])
    schemas = document["components"]["schemas"]
    return EndpointDoc(
        endpoint,
        who_may(endpoint),
        tuple(_parameter(parameter) for parameter in operation["parameters"] if parameter["name"] != "pool"),
        _schema_name(body),
        _printed_json(_example(body, schemas)) if body.get("$ref") else "",
        _schema_name(answer) or ("" if endpoint.media_type == "application/json" else endpoint.media_type),
        _printed_json(_example(answer, schemas)) if answer.get("$ref") else "",
        tuple(
            (status, response["description"])
            for status, response in operation["responses"].items()
            if status != "default"
        ),
    )


def _content(holder: Json) -> Json:
    """The schema of a body's only media type; empty without a body."""
    for media in holder.get("content", {}).values():
        schema: Json = media["schema"]
        return schema
    return {}


def _parameter(parameter: Json) -> FieldRow:
    kind, _ = _kind(parameter["schema"])
    return FieldRow(
        parameter["name"],
        f"{kind} · {parameter['in']}",
        "",
        parameter["required"],
        _note({**parameter["schema"], "description": parameter["description"]}),
    )


def _table(name: str, schema: Json) -> SchemaTable:
    rows = []
    for field, property_schema in schema.get("properties", {}).items():
        kind, target = _kind(property_schema)
        rows.append(FieldRow(field, kind, target, field in schema.get("required", []), _note(property_schema)))
    return SchemaTable(name, schema.get("description", ""), tuple(rows))


def _kind(schema: Json) -> tuple[str, str]:
    """A type in words, and the name of the schema that it refers to."""
    if target := _schema_name(schema):
        return target, target
    if parts := schema.get("anyOf"):
        kinds = [_kind(part) for part in parts]
        return " | ".join(kind for kind, _ in kinds), next((target for _, target in kinds if target), "")
    if schema.get("type") == "array":
        kind, target = _kind(schema.get("items", {}))
        return f"{kind}[]", target
    if "const" in schema:
        return repr(schema["const"]), ""
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"]), ""
    kind = schema.get("format") or schema.get("type") or "any"
    return str(" | ".join(kind) if isinstance(kind, list) else kind), ""


def _schema_name(schema: Json) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


_BOUNDS = {
    "minLength": "≥{} chars",
    "maxLength": "≤{} chars",
    "minimum": "≥{}",
    "maximum": "≤{}",
    "maxItems": "≤{} items",
    "minItems": "≥{} items",
}


def _note(schema: Json) -> str:
    bounds = [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    if "default" in schema and schema["default"] not in (None, "", []):
        bounds.append(f"default {schema['default']}")
    return " · ".join(part for part in (schema.get("description", ""), ", ".join(bounds)) if part)


def _example(schema: Json, schemas: Json, depth: int = 0) -> Any:  # any JSON value
    """A valid value, from the examples of the fields."""
    if schema.get("examples"):
        return schema["examples"][0]
    if target := _schema_name(schema):
        return _example(schemas[target], schemas, depth + 1) if depth < _DEPTH_MAX else {}
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            return _example(schema[name][0], schemas, depth)
    if "properties" in schema:
        return dict(_members(schema, schemas, depth))
    if schema.get("type") == "array":
        return [_example(schema.get("items", {}), schemas, depth)]
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    return _PLAIN.get(schema.get("format") or str(schema.get("type")), "")


def _members(schema: Json, schemas: Json, depth: int) -> Iterator[tuple[str, Any]]:
    for name, property_schema in schema["properties"].items():
        yield name, _example(property_schema, schemas, depth)


_PLAIN: Mapping[str, Any] = {
    "uuid": "0199f3a2-0000-7000-8000-000000000001",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "string": "…",
    "object": {},
    "null": None,
}


def _printed_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
