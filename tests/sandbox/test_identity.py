"""The identity platform: a whole log-in, and refusals."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

from sandbox.identity.tokens import pkce_challenge
from tests.sandbox.conftest import Box

VERIFIER = "a" * 64


def authorize_query(box: Box, **more: str) -> dict[str, str]:
    usual = {
        "client_id": "pingbiaotong",
        "redirect_uri": f"{box.service.url}/login/back",
        "response_type": "code",
        "scope": "openid",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": pkce_challenge(VERIFIER),
        "code_challenge_method": "S256",
    }
    return {**usual, **more}


async def agree(box: Box, person: str = "p3", **more: str) -> str:
    form = {**authorize_query(box, **more), "person": person}
    answer = await box.client.post("/identity/authorize", data=form, allow_redirects=False)
    assert answer.status == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s1"]
    return query["code"][0]


async def redeem(box: Box, code: str, **more: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": f"{box.service.url}/login/back",
        "client_id": "pingbiaotong",
        "client_secret": "sandbox-identity",
        "code_verifier": VERIFIER,
        **more,
    }
    answer = await box.client.post("/identity/token", data=form)
    return answer.status, await answer.json()


async def keys(box: Box) -> KeySet:
    return KeySet.import_key_set(await (await box.client.get("/identity/jwks")).json())


async def test_discovery_names_where_everything_is(box: Box) -> None:
    discovery = await (await box.client.get("/identity/.well-known/openid-configuration")).json()
    assert discovery["issuer"] == "http://127.0.0.1:8090/identity"
    assert discovery["code_challenge_methods_supported"] == ["S256"]


async def test_person_is_picked_and_vouched_for(box: Box) -> None:
    page = await (await box.client.get("/identity/authorize", params=authorize_query(box))).text()
    assert "王代理" in page
    status, answer = await redeem(box, await agree(box))
    assert status == 200
    claims = jwt.decode(answer["id_token"], await keys(box), algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("http://127.0.0.1:8090/identity", "pingbiaotong", "n1")
    assert (claims["name"], claims["mobile"], claims["user_type"]) == ("王代理", "13800000003", "legal")
    assert claims["organisation"] == {"name": "某招标代理公司", "credit_code": "91110000100000001X"}
    info = await box.client.get("/identity/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"})
    assert (await info.json())["sub"] == claims["sub"]


async def test_code_works_once_and_only_with_its_verifier(box: Box) -> None:
    code = await agree(box)
    assert (await redeem(box, code, code_verifier="b" * 64))[1]["error"] == "invalid_grant"
    assert (await redeem(box, code))[1]["error"] == "invalid_grant"
    late = await agree(box)
    await box.advance(301)
    assert (await redeem(box, late))[1]["error"] == "invalid_grant"
    assert (await redeem(box, await agree(box), client_secret="x"))[0] == 401


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "x"},
        {"redirect_uri": "https://evil.test/"},
        {"scope": "profile"},
        {"code_challenge_method": "plain"},
    ],
)
async def test_faulty_requests_stop_at_the_door(box: Box, change: dict[str, str]) -> None:
    assert (await box.client.get("/identity/authorize", params=authorize_query(box, **change))).status == 400


async def test_phone_shows_its_owner_only_and_stays_in_its_browser(box: Box) -> None:
    page = await (await box.client.get("/identity/authorize", params=authorize_query(box, phone="p1"))).text()
    assert "张三" in page
    assert "王代理" not in page
    form = {**authorize_query(box, phone="p1"), "person": "p1"}
    answer = await box.client.post("/identity/authorize", data=form, allow_redirects=False)
    assert answer.headers["Location"].startswith("/phone/p1/service/login/back?code=")


async def test_a_forged_token_has_a_bad_signature(box: Box) -> None:
    await box.control("faults", vendor="identity", kind="wrong_signature", count=1)
    _, answer = await redeem(box, await agree(box))
    with pytest.raises(BadSignatureError):
        jwt.decode(answer["id_token"], await keys(box), algorithms=["RS256"])
    assert json.loads(json.dumps(answer))["token_type"] == "Bearer"
