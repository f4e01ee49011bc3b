"""Types for the mini-program, from the description: ``python -m miniapp_api.types > miniprogram/types/api.d.ts``.

Only endpoints that the mini-program calls (``TAGS``) and the schemas that they refer to.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from miniapp_api.assembly import APIS
from miniapp_api.http.openapi import describe

TAGS = frozenset(
    (
        "accounts",
        "organisations",
        "applications",
        "consents",
        "courses",
        "exam_sittings",
        "experts",
        "invitations",
        "notices",
        "payments",
        "pools",
        "registration",
        "sessions",
    )
)
"""Nouns with native pages; all others are reached through the web site's pages."""
_PREFIX = "/api/v1/{pool}"
_HEAD = "// Written by `python -m miniapp_api.types > miniprogram/types/api.d.ts`; change the service, not this file.\n"
_LONGEST = 160  # characters of a line
_SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Json = Mapping[str, Any]  # a part of the description, as OpenAPI defines it


def render() -> str:
    """The declaration file."""
    described = describe(APIS)
    calls = dict(_calls(described["paths"]))
    schemas = described["components"]["schemas"]
    lines = [_HEAD, "declare namespace Api {", "  interface Calls {"]
    lines += [_wrapped_call(f"    '{name}': {shape};") for name, shape in calls.items()]
    lines.append("  }")
    for name in sorted(_reached_names("\n".join(calls.values()), schemas)):
        lines += ["", *_declare(name, schemas[name])]
    return "\n".join([*lines, "}", ""])


def _wrapped_call(call: str) -> str:
    """A call on one line, or on two where it would be longer than the limit."""
    if len(call) <= _LONGEST:
        return call
    return "\n".join(map(_wrapped_line, call.replace("; answer: ", ";\n      answer: ").split("\n")))


def _wrapped_line(line: str) -> str:
    """Broken inside a union type where it is still too long."""
    if len(line) <= _LONGEST:
        return line
    at = line.rindex(" | ", 0, _LONGEST)
    return f"{line[:at]}\n{_wrapped_line(f'        {line[at + 1 :]}')}"


def _calls(paths: Json) -> Iterator[tuple[str, str]]:
    """``GET /invitations`` with its parameters and response; downloads and uploads are left to the web site."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            if TAGS.isdisjoint(operation["tags"]):
                continue
            answer = _answer_type(operation["responses"])
            if answer is not None:
                yield (
                    f"{method.upper()} {path.removeprefix(_PREFIX)}",
                    f"{{ given: {_parameters_type(operation)}; answer: {answer} }}",
                )


def _answer_type(responses: Json) -> str | None:
    success = next(response for status, response in responses.items() if status.startswith("2"))
    if "content" not in success:
        return "null"
    plain = success["content"].get("application/json")
    return _type(plain["schema"]) if plain else None


def _parameters_type(operation: Json) -> str:
    parts = []
    for place in ("path", "query"):
        fields = [
            parameter
            for parameter in operation["parameters"]
            if parameter["in"] == place and parameter["name"] != "pool"
        ]
        if fields:
            inside = "; ".join(
                f"{field['name']}{_optional_mark(field['required'])}: {_type(field['schema'])}" for field in fields
            )
            parts.append(f"{place}{_optional_mark(any(field['required'] for field in fields))}: {{ {inside} }}")
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    parts += [f"body: {_type(body['schema'])}"] if body else []
    return f"{{ {'; '.join(parts)} }}" if parts else "{}"


def _optional_mark(required: bool) -> str:
    return "" if required else "?"


def _reached_names(text: str, schemas: Json) -> set[str]:
    """Names of the schemas that ``text`` uses, and those that they use in turn."""
    reached: set[str] = set()
    waiting = _names(text, schemas)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _names("\n".join(_declare(name, schemas[name])), schemas) - reached
    return reached


def _names(text: str, schemas: Json) -> set[str]:
    return {word for word in re.findall(r"\w+", text) if word in schemas}


def _declare(name: str, schema: Json) -> list[str]:
    if "properties" not in schema:
        return [f"  type {name} = {_type(schema)};"]
    required = schema.get("required", ())
    fields = [
        f"    {field}{_optional_mark(field in required)}: {_type(property_schema)};"
        for field, property_schema in schema["properties"].items()
    ]
    return [f"  interface {name} {{", *fields, "  }"]


def _type(schema: Json) -> str:
    """TypeScript of a JSON schema, as far as our own descriptions need it."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(f"'{value}'" for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(alternative) for alternative in schema["anyOf"]))
    if schema.get("type") == "array":
        return _array(schema)
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if isinstance(values, dict) else 'unknown'}>"
    return _SIMPLE.get(schema.get("type", ""), "unknown")


def _array(schema: Json) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(item) for item in schema['prefixItems'])}]"
    return f"Array<{_type(schema['items'])}>" if "items" in schema else "unknown[]"


if __name__ == "__main__":
    sys.stdout.write(render())
