"""Dispatch of requests: values checked, refusals as problems, and no 5xx for any input."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from domain.ids import new_id

GUEST = {"Authorization": "Bearer guest"}
AGENT = {"Authorization": "Bearer agent"}
GOOD = {"name": "甲", "at": "2026-11-21T09:30:00+08:00"}
Client = TestClient[Any, Any]


async def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    body = await response.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:pbt:error:{code}")
    assert any("\u4e00" <= c <= "\u9fff" for c in body["detail"] + body["title"])
    return body


async def test_a_good_request_is_answered_with_times_of_shanghai(client: Client) -> None:
    response = await client.post("/api/v1/demo/things", json=GOOD | {"at": "2026-11-21T01:30:00Z"}, headers=GUEST)
    assert response.status == 201
    assert await response.json() == {"name": "甲", "at": "2026-11-21T09:30:00+08:00", "count": 1}


async def test_what_nobody_sees_is_no_part_of_a_text(client: Client) -> None:
    response = await client.post("/api/v1/demo/things", json=GOOD | {"name": " \u202e甲\u200b\u00a0"}, headers=GUEST)
    assert (await response.json())["name"] == "甲"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"name": ""}, "name", "请填写名称"),
        ({"name": "一二三四五六七八九十一"}, "name", "名称最多10个字，请缩短"),
        ({"name": 5}, "name", "请填写名称"),
        ({"name": "a\u0000b"}, "name", "名称：含有无法识别的字符（“a”后面的U+0000），请删除后重新填写"),
        ({"count": 6}, "count", "不能大于5"),
        ({"count": "1"}, "count", "应为整数"),
        ({"count": True}, "count", "应为整数"),
        ({"count": 10**400}, "count", "不能大于5"),
        ({"at": "2026-11-21 09:30:00+08:00"}, "at", "时间应写成 2026-11-21T09:30:00+08:00 的格式（须带时区）"),
        ({"at": "2026-11-21T09:30:00"}, "at", "时间应写成 2026-11-21T09:30:00+08:00 的格式（须带时区）"),
        ({"at": "2026-02-30T09:30:00+08:00"}, "at", "没有这个时间，请核对日期和时分秒"),
        ({"at": "0001-01-01T00:00:00+08:00"}, "at", "年份应在2000至2100之间"),
        ({"at": 1}, "at", "时间应写成 2026-11-21T09:30:00+08:00 的格式（须带时区）"),
        ({"extra": 1}, "extra", "有无法识别的字段"),
        ({"tags": ["a", 1]}, "tags.1", "应为文字"),
        ({"tags": ["a", "\u0007"]}, "tags", "含有无法识别的字符（开头的U+0007），请删除后重新填写"),
    ],
)
async def test_a_wrong_value_is_named_with_its_place(
    client: Client, change: dict[str, object], field: str, message: str
) -> None:
    body = await problem(
        await client.post("/api/v1/demo/things", json=GOOD | change, headers=GUEST), 422, "invalid_fields"
    )
    assert body["errors"] == [{"field": field, "message": message}]
    assert body["field"] == field


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"name": "\\ud800"}', b"nothing"], ids=range(6))
async def test_what_is_no_json_is_400(client: Client, raw: bytes) -> None:
    headers = GUEST | {"Content-Type": "application/json"}
    await problem(await client.post("/api/v1/demo/things", data=raw, headers=headers), 400, "bad_json")


async def test_a_list_is_no_object(client: Client) -> None:
    await problem(await client.post("/api/v1/demo/things", json=[1], headers=GUEST), 422, "invalid_fields")


async def test_another_content_type_is_415(client: Client) -> None:
    await problem(await client.post("/api/v1/demo/things", data="x", headers=GUEST), 415, "wrong_content_type")
    latin = GUEST | {"Content-Type": "application/json; charset=gbk"}
    await problem(await client.post("/api/v1/demo/things", data=b"{}", headers=latin), 415, "wrong_content_type")


async def test_too_large_a_body_is_413_also_when_it_was_packed(client: Client) -> None:
    headers = GUEST | {"Content-Type": "application/json"}
    await problem(await client.post("/api/v1/demo/things", data=b" " * 300_000, headers=headers), 413, "too_large")
    packed = await client.post("/api/v1/demo/things", data=io.BytesIO(b" " * 900_000), headers=headers, compress="gzip")
    await problem(packed, 413, "too_large")


async def test_a_body_that_only_claims_to_be_packed_is_400(client: Client) -> None:
    headers = GUEST | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("/api/v1/demo/things", data=b"not packed", headers=headers)
    assert response.status == 400


async def test_query_and_path_are_checked(client: Client) -> None:
    response = await client.get("/api/v1/demo/things?page=2&size=100", headers=GUEST)
    assert await response.json() == {"items": [], "total": 0, "page": 2, "size": 100}
    for query, field in (("size=101", "query.size"), ("page=x", "query.page"), ("pages=1", "query.pages")):
        body = await problem(await client.get(f"/api/v1/demo/things?{query}", headers=GUEST), 422, "invalid_fields")
        assert body["field"] == field
    twice = await client.get("/api/v1/demo/things?page=1&page=2", headers=GUEST)
    await problem(twice, 422, "repeated_parameter")
    await problem(await client.get("/api/v1/demo/things/no-uuid", headers=AGENT), 404, "bad_path")
    await problem(await client.get(f"/api/v1/demo/things/{new_id()}?x=1", headers=AGENT), 422, "unknown_parameter")


async def test_unknown_addresses_methods_and_pools_are_problems(client: Client) -> None:
    await problem(await client.get("/api/nothing"), 404, "no_such_route")
    response = await client.patch("/api/v1/demo/things")
    await problem(response, 405, "method_not_allowed")
    assert "POST" in response.headers["Allow"]
    await problem(await client.get("/api/v1/nowhere/things", headers=GUEST), 404, "no_such_pool")


async def test_who_asks_is_checked_before_what_is_asked(client: Client) -> None:
    response = await client.post("/api/v1/demo/things", data=b"{")
    await problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    for header, code in (("Bearer old", "session_expired"), ("Basic guest", "bad_token"), ("Bearer", "bad_token")):
        answer = await client.get("/api/v1/demo/things", headers={"Authorization": header})
        await problem(answer, 401, code)
    await problem(await client.get("/api/v1/other/things", headers=GUEST), 403, "other_pool")
    await problem(await client.get(f"/api/v1/demo/things/{new_id()}", headers=GUEST), 401, "not_bound")
    expert = {"Authorization": "Bearer expert"}
    await problem(await client.get(f"/api/v1/demo/things/{new_id()}", headers=expert), 403, "forbidden")


async def test_refusals_of_services_keep_what_they_say(client: Client) -> None:
    def post_thing_named(name: str) -> Any:
        return client.post("/api/v1/demo/things", json=GOOD | {"name": name}, headers=GUEST)

    conflict = await problem(await post_thing_named("冲突"), 409, "name_taken")
    assert (conflict["field"], conflict["detail"]) == ("name", "已有同名，请换一个名称。")
    rule = await problem(await post_thing_named("违规"), 422, "rule_violation")
    assert (rule["rule"], rule["source"], rule["title"]) == ("things.max", "手册 L1", "不符合规定")
    busy = await post_thing_named("频繁")
    await problem(busy, 429, "too_many")
    assert busy.headers["Retry-After"] == "60"
    away = await post_thing_named("断线")
    await problem(away, 503, "unavailable")
    assert away.headers["Retry-After"] == "5"


async def test_an_internal_error_shows_no_personal_data(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    response = await client.post("/api/v1/demo/things", json=GOOD | {"name": "故障"}, headers=GUEST)
    body = await problem(response, 500, "internal")
    assert "13812345678" not in json.dumps(body)


async def test_every_answer_has_headers_that_keep_browsers_out_of_trouble(client: Client) -> None:
    for response in (await client.get("/api/nothing"), await client.get("/api/v1/demo/things", headers=GUEST)):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_nothing_to_say_is_204_and_a_file_is_a_download(client: Client) -> None:
    assert (await client.delete(f"/api/v1/demo/things/{new_id()}", headers=AGENT)).status == 204
    response = await client.get("/api/v1/demo/things.csv")
    assert (response.content_type, await response.read()) == ("text/csv", b"a,b")
    assert response.headers["Content-Disposition"] == 'attachment; filename="things.csv"'


async def test_bytes_are_taken_and_their_number_is_bounded(client: Client) -> None:
    response = await client.put("/api/v1/demo/things/picture", data=b"x" * 1024, headers=GUEST)
    assert (await response.json())["count"] == 1024
    refused = await client.put("/api/v1/demo/things/picture", data=b"x" * 1025, headers=GUEST)
    assert "1KB" in (await problem(refused, 413, "too_large"))["detail"]
    form = FormData()
    form.add_field("file", b"x", filename="a.csv")
    await problem(await client.put("/api/v1/demo/things/picture", data=form, headers=GUEST), 415, "wrong_content_type")


async def test_tries_are_limited_per_client(client: Client) -> None:
    for _ in range(2):
        assert (await client.post("/api/v1/demo/door")).status == 204
    response = await client.post("/api/v1/demo/door", headers={"X-Forwarded-For": "1.2.3.4"})
    await problem(response, 429, "rate_limit")
    assert 0 < int(response.headers["Retry-After"]) <= 60


async def test_a_key_that_cannot_be_kept_is_refused(client: Client) -> None:
    for key in ("x" * 121, "a b", "钥匙".encode().decode("latin-1")):
        response = await client.post("/api/v1/demo/things", json=GOOD, headers=GUEST | {"Idempotency-Key": key})
        await problem(response, 400, "bad_idempotency_key")
