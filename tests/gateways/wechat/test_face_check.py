"""The client of the face check, and the hash that it sends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from config.settings import OfficialAccount, Wechat
from domain.clock import FixedClock
from domain.errors import NeedsOperator, Transient
from gateways.wechat.access_token import AccessTokens
from gateways.wechat.api import WechatApi
from gateways.wechat.face_check import WechatFaces, cert_hash
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import SharedValues
from services.ports import FacePerson
from tests.gateways.support import DROP, Rogue, Tools, reply

TOKEN = reply({"access_token": "T1", "expires_in": 7200})
ZHANG = FacePerson("张三", "310101199801011234", "o1")
HASH = "3c241f7f"


def client(tools: Tools, store: Redis, url: str) -> WechatFaces:
    account = OfficialAccount(
        appid="wx1", secret=SecretStr("s1"), token=SecretStr("t"), aes_key=SecretStr("k"), original_id="gh_1"
    )
    clock = FixedClock(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))
    vendor = tools.vendor("wechat", timeout=5.0)
    tokens = AccessTokens(vendor, SharedValues(store), url)
    api = WechatApi(vendor, tokens, DailyQuotas(store, clock, monotonic=lambda: 0.0), url, clock)
    return WechatFaces(Wechat(api_url=url, open_url=url, accounts={"demo": account}), api)


def test_the_hash_agrees_with_the_platforms_example() -> None:
    digest = cert_hash("张三", "310101199801011234")
    assert (digest[:8], digest[-6:], len(digest)) == (HASH, "71108b", 64)


async def test_a_check_is_begun_and_asked_about(tools: Tools, store: Redis) -> None:
    begun = reply({"errcode": 0, "errmsg": "ok", "verify_id": "V1", "expires_in": 3600})
    told = reply({"errcode": 0, "errmsg": "ok", "verify_ret": 10000})
    async with Rogue([TOKEN, begun, told]) as rogue:
        faces = client(tools, store, rogue.url)
        assert await faces.begin("demo", "number-1", ZHANG) == "V1"
        assert await faces.verdict("demo", "number-1", "V1", ZHANG)
    _, first, second = rogue.seen
    assert first.target == "/cityservice/face/identify/getverifyid?access_token=T1"
    assert first.json()["cert_info"] == {
        "cert_type": "IDENTITY_CARD",
        "cert_name": "张三",
        "cert_no": "310101199801011234",
    }
    assert "张三" not in str(second.json())
    assert str(second.json()["cert_hash"]).startswith(HASH)


@pytest.mark.parametrize(
    "answer", [{"errcode": 0, "verify_ret": 90004}, {"errcode": 0}, {"verify_ret": 0}, {"errcode": 0, "verify_ret": 1}]
)
async def test_nothing_but_10000_is_passed(tools: Tools, store: Redis, answer: dict[str, object]) -> None:
    async with Rogue([TOKEN, reply(answer)]) as rogue:
        assert not await client(tools, store, rogue.url).verdict("demo", "number-1", "V1", ZHANG)


async def test_a_refusal_is_rejected_and_a_cut_line_is_transient(tools: Tools, store: Redis) -> None:
    async with Rogue(
        [TOKEN, reply({"errcode": 48001, "errmsg": "api unauthorized", "verify_ret": 10000}), DROP]
    ) as rogue:
        faces = client(tools, store, rogue.url)
        with pytest.raises(NeedsOperator):
            await faces.verdict("demo", "number-1", "V1", ZHANG)
        with pytest.raises(Transient):
            await faces.begin("demo", "number-1", ZHANG)
    with pytest.raises(NeedsOperator):
        await faces.begin("elsewhere", "number-1", ZHANG)
