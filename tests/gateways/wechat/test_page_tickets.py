"""Signatures of pages: WeChat's own vector, one ticket for all pages, and refusals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from config.settings import OfficialAccount, Wechat
from domain.clock import FixedClock
from domain.errors import NeedsOperator
from gateways.wechat.access_token import AccessTokens
from gateways.wechat.api import WechatApi
from gateways.wechat.page_tickets import PageTickets, sign_page
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import SharedValues
from tests.gateways.support import Rogue, Tools, reply

VECTOR = (
    "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg",
    "Wm3WZYTPz0wzccnW",
    1414587457,
    "http://mp.weixin.qq.com?params=value",
)
TOKEN = reply({"access_token": "T1", "expires_in": 7200})
TICKET = reply({"errcode": 0, "errmsg": "ok", "ticket": "ticket-1", "expires_in": 7200})


@pytest.fixture
def signer(tools: Tools, store: Redis) -> Callable[[str], PageTickets]:
    clock = FixedClock(datetime(2026, 11, 21, 4, 0, tzinfo=UTC))

    def make(url: str) -> PageTickets:
        own = OfficialAccount(
            appid="wx1", secret=SecretStr("s"), token=SecretStr("t"), aes_key=SecretStr("k"), original_id="gh_1"
        )
        settings = Wechat(api_url=url, accounts={"demo": own}, script_url="https://script.test/sdk.js")
        vendor, shared = tools.vendor("wechat"), SharedValues(store)
        quotas = DailyQuotas(store, clock, monotonic=lambda: 0.0)
        api = WechatApi(vendor, AccessTokens(vendor, shared, url), quotas, url, clock)
        return PageTickets(settings, api, shared, clock)

    return make


def test_a_page_is_signed_as_in_wechat_s_example() -> None:
    assert sign_page(*VECTOR) == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"
    assert sign_page(*VECTOR[:3], f"{VECTOR[3]}#top") == sign_page(*VECTOR)


async def test_pages_share_a_ticket(signer: Callable[[str], PageTickets]) -> None:
    async with Rogue([TOKEN, TICKET]) as rogue:
        pages = signer(rogue.url)
        first, second = [await pages.sign("demo", f"https://x/{number}") for number in range(2)]
    assert [seen.target for seen in rogue.seen][1:] == ["/cgi-bin/ticket/getticket?access_token=T1&type=jsapi"]
    for signed, page in ((first, "https://x/0"), (second, "https://x/1")):
        assert signed.signature == sign_page("ticket-1", signed.nonce, signed.timestamp, page)
    assert (first.appid, first.script, first.nonce != second.nonce) == ("wx1", "https://script.test/sdk.js", True)


async def test_a_pool_without_account_and_a_refusal_sign_nothing(signer: Callable[[str], PageTickets]) -> None:
    async with Rogue([TOKEN, reply({"errcode": 48001, "errmsg": "api unauthorized"})]) as rogue:
        pages = signer(rogue.url)
        for pool in ("demo", "hunan"):
            with pytest.raises(NeedsOperator):
                await pages.sign(pool, "https://x/")
