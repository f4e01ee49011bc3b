"""Notices to thousands: our whole delivery against a bare aiohttp client, both sending templates to the sandbox.

``python -m benchmarks.notices`` starts a PostgreSQL, a Valkey and a sandbox with 20,000 followers. The bare client
posts the same messages, 64 at once, with one token. Ours writes a notice and an attempt for each person, claims them in
batches, finds each openid, renders the rulebook's text, sends, and keeps the ledger. Aim: half of the bare rate.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from tortoise import Tortoise

from app.assembly import make_services
from app.container import make_deps, make_gateways, make_ports
from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from app.sandbox_setup import sandbox_config, with_demo_accounts
from bot.windows import Windows
from config.settings import Settings
from domain.clock import SystemClock
from domain.ids import new_id
from models.accounts import Account, WechatIdentity
from models.database_connection import tortoise_config
from models.migrate import migrate
from models.notices import Attempt
from services.core.base import execute, transaction
from services.notifications import Recipient
from services.registry import Services

PORT = 18390
BASE = f"http://127.0.0.1:{PORT}"
AT_ONCE = 64
KIND = "account_bound"
PARAMS = {"mobile": "138****0000", "at": "2026年11月21日 12:00"}


def make_settings() -> Settings:
    settings = with_demo_accounts(Settings(_env_file=None, pools=["demo"]))  # type: ignore[call-arg]  # pydantic-settings' own
    return settings.model_copy(update={"wechat": settings.wechat.model_copy(update={"api_url": f"{BASE}/wechat"})})


def start_sandbox(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    """A sandbox that sends no callbacks, for both sides alike."""
    books = load_rulebooks(settings.rulebooks, settings.pools)
    config: Any = sandbox_config(settings, books, [], public_url=BASE)
    config["accounts"][0]["callback_url"] = "http://127.0.0.1:1/"
    config.pop("mail")  # its port may be in use by another sandbox
    config["wire"] = {"callback_deliveries": 1, "ledger": 10, "bubbles": 1}
    path = folder / "sandbox.json"
    path.write_text(json.dumps(config), "utf-8")
    return subprocess.Popen([sys.executable, "-m", "sandbox", "--config", str(path), "--port", str(PORT)])


async def make_followers(
    session: aiohttp.ClientSession, settings: Settings, count: int, base: str = BASE
) -> tuple[str, list[str]]:
    """An access token and the openids of ``count`` phones that follow the account."""
    for _ in range(100):
        try:
            async with session.get(f"{base}/control/state"):
                break
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.1)
    body = {"count": count, "first_mobile": "13000000000", "pool": "demo", "follows": True}
    async with session.post(f"{base}/control/phones/bulk", json=body) as answer:
        assert answer.status == 200, await answer.text()
    quota = {"path": "/cgi-bin/message/template/send", "limit": 100_000_000}
    async with session.post(f"{base}/control/quotas", json=quota) as answer:
        assert answer.status == 200, await answer.text()
    account = settings.wechat.accounts["demo"]
    secret = {"grant_type": "client_credential", "appid": account.appid, "secret": account.secret.get_secret_value()}
    async with session.post(f"{base}/wechat/cgi-bin/stable_token", json=secret) as answer:
        token = (await answer.json())["access_token"]
    openids: list[str] = []
    while len(openids) < count:
        query = {"access_token": token, "next_openid": openids[-1] if openids else ""}
        async with session.get(f"{base}/wechat/cgi-bin/user/get", params=query) as answer:
            openids += (await answer.json())["data"]["openid"]
    return token, openids


async def time_bare(session: aiohttp.ClientSession, token: str, openids: list[str]) -> float:
    limit = asyncio.Semaphore(AT_ONCE)
    fields = {"character_string1": PARAMS["mobile"], "time2": PARAMS["at"], "thing3": "如非本人操作，请回复“解绑”"}
    data = {name: {"value": value} for name, value in fields.items()}

    async def send(openid: str) -> None:
        body = {"touser": openid, "template_id": KIND, "data": data, "client_msg_id": new_id().hex}
        async with (
            limit,
            session.post(
                f"{BASE}/wechat/cgi-bin/message/template/send", params={"access_token": token}, json=body
            ) as answer,
        ):
            result = await answer.json(content_type=None)
            assert result["errcode"] == 0, result

    began = time.perf_counter()
    await asyncio.gather(*(send(openid) for openid in openids))
    return time.perf_counter() - began


async def make_people(services: Services, settings: Settings, openids: list[str]) -> list[Account]:
    now, keys = datetime.now(UTC), services.deps.keys
    sealed = keys.seal("13000000000", "mobile")
    accounts = [
        Account(id=new_id(), pool="demo", mobile_sealed=sealed, mobile_hash=openid[:64], created_at=now)
        for openid in openids
    ]
    await Account.bulk_create(accounts, batch_size=2000)
    appid = settings.wechat.accounts["demo"].appid
    await WechatIdentity.bulk_create(
        [
            WechatIdentity(id=new_id(), pool="demo", app="oa", appid=appid, openid=o, account_id=a.id, created_at=now)
            for o, a in zip(openids, accounts, strict=True)
        ],
        batch_size=2000,
    )
    await execute("ANALYZE")
    return accounts


async def time_ours(services: Services, accounts: list[Account], turn: int) -> tuple[float, float]:
    """Seconds to write the notices, and to deliver them."""
    recipients = [Recipient(f"bench:{turn}:{a.id}", PARAMS, account_id=a.id) for a in accounts]
    began = time.perf_counter()
    async with transaction():
        await services.notifications.notices.notify_many(pool="demo", kind=KIND, recipients=recipients)
    written = time.perf_counter() - began
    await execute("ANALYZE attempt, notice")
    began = time.perf_counter()
    assert await services.notifications.delivery.deliver_due(bulk=True) == len(accounts)
    took = time.perf_counter() - began
    assert await Attempt.filter(state="sent").count() == len(accounts) * (turn + 1)
    return written, took


async def main(count: int, rounds: int) -> None:
    settings = make_settings()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = start_sandbox(settings, folder)
        try:
            async with embedded(folder / "data", durable=False) as servers:
                await migrate(servers.database_url)
                await Tortoise.init(config=tortoise_config(servers.database_url), _enable_global_fallback=True)
                redis = Redis.from_url(servers.redis_url)
                connector = aiohttp.TCPConnector(limit=200, limit_per_host=100)
                async with aiohttp.ClientSession(connector=connector) as session:
                    token, openids = await make_followers(session, settings, count)
                    clock = SystemClock()
                    books = load_rulebooks(settings.rulebooks, settings.pools)
                    gateways = make_gateways(settings, books, session, redis, clock, CollectorRegistry())
                    ports = make_ports(settings, gateways, Windows(redis, clock))
                    services = make_services(make_deps(settings, books, clock), ports)
                    accounts = await make_people(services, settings, openids)
                    await compare(session, token, openids, services, accounts, rounds)
                await redis.aclose()
                await Tortoise.close_connections()
        finally:
            sandbox.terminate()
            sandbox.wait()


async def compare(
    session: aiohttp.ClientSession,
    token: str,
    openids: list[str],
    services: Services,
    accounts: list[Account],
    rounds: int,
) -> None:
    ratios = []
    for turn in range(rounds):
        bare = await time_bare(session, token, openids)
        written, took = await time_ours(services, accounts, turn)
        ratios.append(bare / took)
        print(
            f"{len(openids):,} recipients: bare client {len(openids) / bare:.0f}/s, ours {len(openids) / took:.0f}/s "
            f"({bare / took:.0%}), notices written in {written:.1f} s"
        )
    print(f"median: {statistics.median(ratios):.0%} of the bare client's rate")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipients", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.recipients, options.rounds))
