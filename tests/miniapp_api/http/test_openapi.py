"""The description matches the declarations, as JSON and as a page without external resources."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import PoolPath

Client = TestClient[Any, Any]


async def test_the_document_describes_each_endpoint(client: Client) -> None:
    response = await client.get("/api/openapi.json")
    assert response.status == 200
    document = await response.json()
    assert document["openapi"] == "3.1.0"
    create = document["paths"]["/api/v1/{pool}/things"]["post"]
    assert create["operationId"] == "things_create"
    assert create["security"] == [{"bearer": []}]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ThingIn"}
    assert {p["name"] for p in create["parameters"]} == {"pool", "Idempotency-Key"}
    assert set(create["responses"]) == {"201", "400", "401", "403", "404", "409", "413", "415", "422", "503", "default"}
    many = document["paths"]["/api/v1/{pool}/things"]["get"]
    assert {p["name"]: p["in"] for p in many["parameters"]} == {"pool": "path", "page": "query", "size": "query"}
    schemas = document["components"]["schemas"]
    assert {"ThingIn", "ThingOut", "ThingOutPage", "Problem"} <= set(schemas)
    assert schemas["ThingIn"]["additionalProperties"] is False
    assert schemas["ThingIn"]["properties"]["at"]["format"] == "date-time"
    operation = document["paths"]["/api/v1/{pool}/things/{thing_id}"]["get"]
    assert "agent" in operation["x-roles"]
    assert document["paths"]["/api/v1/{pool}/door"]["post"]["security"] == []


async def test_every_reference_leads_somewhere(client: Client) -> None:
    text = await (await client.get("/api/openapi.json")).text()
    document = await (await client.get("/api/openapi.json")).json()
    named = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert named
    assert named <= set(document["components"]["schemas"])


async def test_the_page_shows_everything_and_needs_nothing_from_elsewhere(client: Client) -> None:
    response = await client.get("/api/docs")
    assert response.content_type == "text/html"
    text = await response.text()
    assert "新建" in text
    assert "/api/v1/{pool}/things/{thing_id}" in text
    assert "ThingOutPage" in text
    assert "<script" not in text
    assert "style=" not in text
    assert not re.findall(r'(?:src|href)="(?!/api/|#)', text)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    css = await client.get("/api/docs.css")
    assert css.content_type == "text/css"
    assert "url(" not in await css.text()


async def test_an_unchanged_document_is_not_sent_twice(client: Client) -> None:
    first = await client.get("/api/openapi.json")
    second = await client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert second.status == 304
    assert second.headers["X-Content-Type-Options"] == "nosniff"


def test_a_declaration_that_does_not_fit_together_is_refused() -> None:
    api = Api("x", "x")

    async def no_model(call: Call, path: PoolPath) -> None: ...
    async def odd(call: Call, other: int) -> None: ...
    async def plain(call: Call) -> None: ...

    for function, path, options in (
        (no_model, "/a/{thing_id}", {}),
        (odd, "/a", {}),
        (plain, "/a", {"action": "no.such"}),
        (plain, "/a", {"media_type": "text/csv"}),
    ):
        with pytest.raises(TypeError):
            api.get(path, "x", **options)(function)  # type: ignore[arg-type]  # wrong on purpose
