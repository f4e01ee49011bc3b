"""Payment notifications: verified, decrypted, counted and committed, against bare verification and one insert.

``python -m benchmarks.payments`` starts a PostgreSQL with as many people who owe a fee as there are notifications, and
one signed, encrypted notification for each. The bare side verifies the signature, decrypts, and commits one row of the
same table through a pool of asyncpg. Ours does what the callback's handler does: everything up to the answer. Both take
the same bodies, with the same number at once and as many connections. Aim: 60 % of the bare rate.

What follows a payment (notice, invoice, next stage) is carried out afterwards, and timed by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import asyncpg
import uvloop
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from tortoise import Tortoise

from app.embedded import embedded
from app.rulebook_files import load_rulebooks
from config.settings import OfficialAccount, PayMerchant, PaySettings, Settings, Wechat
from domain.clock import SystemClock
from domain.ids import new_id
from gateways.http import Metrics, Vendor
from gateways.wechat_pay.platform import WechatPay
from models.accounts import Account
from models.applications import Application
from models.database_connection import tortoise_config
from models.migrate import migrate
from models.payments import Fee, PayOrder
from services.core.base import Deps, Jobs, execute
from services.core.crypto import Keyring
from services.notifications import Notices
from services.payments import PaymentWebhooks
from services.payments.invoices.invoices import Invoices
from services.payments.settlement import Settlement

AT_ONCE = 32
SLICE = 250
CONNECTIONS = 8
MCHID, APPID, SERIAL = "1900000001", "wx0000000000000001", "PUB_KEY_ID_0000000000001"
APIV3_KEY = "0123456789abcdef0123456789abcdef"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

Message = tuple[dict[str, str], bytes]


@dataclass
class NoEntry:
    """Stands in for the entry into the pool, which is not measured."""

    async def advance(self, application: Application, now: datetime) -> None:
        application.state = "exam"
        await application.save(update_fields=["state"])


def make_platform(session: aiohttp.ClientSession) -> WechatPay:
    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    merchant = PayMerchant(
        mchid=MCHID,
        serial="ABCDEF0123456789",
        private_key=SecretStr(private.decode()),
        apiv3_key=SecretStr(APIV3_KEY),
        public_key_id=SERIAL,
        public_key=public.decode(),
    )
    secret = SecretStr("x" * 43)
    account = OfficialAccount(appid=APPID, secret=secret, token=secret, aes_key=secret, original_id="gh_1")
    return WechatPay(
        PaySettings(api_url="http://127.0.0.1:1", merchants={"demo": merchant}),
        Wechat(api_url="http://127.0.0.1:1", open_url="http://127.0.0.1:1", accounts={"demo": account}),
        Vendor("pay", session, Metrics(CollectorRegistry())),
        SystemClock(),
        public_url="http://127.0.0.1:1",
    )


async def make_orders(deps: Deps, count: int, turn: int) -> list[str]:
    """Make this many people with an open order; returns the platform's order numbers."""
    now = datetime.now(UTC)
    sealed = deps.keys.seal("13000000000", "mobile")
    accounts = [
        Account(
            id=new_id(),
            pool="demo",
            mobile_sealed=sealed,
            mobile_hash=secrets.token_hex(32),
            real_name="王小明",
            created_at=now,
        )
        for _ in range(count)
    ]
    applications = [
        Application(
            id=new_id(),
            pool="demo",
            number=f"SQ{turn}-{n}",
            account_id=account.id,
            entry_type="first",
            state="fee",
            state_since=now,
            expert_number=f"ZJ{turn}{n:07}",
            created_at=now,
        )
        for n, account in enumerate(accounts)
    ]
    fees = [
        Fee(
            id=new_id(),
            pool="demo",
            kind="training",
            application_id=application.id,
            account_id=application.account_id,
            expert_number=application.expert_number,
            amount=35_000,
            opens_at=now,
            closes_at=None,
            state="due",
            notified_at=now,
            created_at=now,
        )
        for application in applications
    ]
    orders = [
        PayOrder(
            id=new_id(),
            pool="demo",
            fee_id=fee.id,
            out_trade_no=f"F{turn}{n:024}",
            trade="native",
            appid=APPID,
            amount=fee.amount,
            description="培训费",
            state="open",
            code_url="weixin://",
            prepared_at=now,
            expires_at=now + timedelta(minutes=30),
            check_at=now + timedelta(seconds=5),
            created_at=now,
        )
        for n, fee in enumerate(fees)
    ]
    for model, made in ((Account, accounts), (Application, applications), (Fee, fees), (PayOrder, orders)):
        await cast(Any, model).bulk_create(made, batch_size=2000)
    await execute("ANALYZE account, application, fee, pay_order, pay_event")
    return [order.out_trade_no for order in orders]


def make_message(out_trade_no: str, number: int, turn: int) -> Message:
    """A notification as WeChat Pay sends it."""
    plain = {
        "mchid": MCHID,
        "appid": APPID,
        "out_trade_no": out_trade_no,
        "transaction_id": f"4200{turn:02}{number:022}",
        "trade_type": "NATIVE",
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "bank_type": "OTHERS",
        "attach": "",
        "success_time": "2026-11-21T12:00:00+08:00",
        "payer": {"openid": "o-payer-000000000000000000"},
        "amount": {"total": 35_000, "payer_total": 35_000, "currency": "CNY", "payer_currency": "CNY"},
    }
    nonce = secrets.token_hex(6)
    sealed = AESGCM(APIV3_KEY.encode()).encrypt(nonce.encode(), json.dumps(plain).encode(), b"transaction")
    resource = {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "associated_data": "transaction",
        "nonce": nonce,
        "ciphertext": base64.b64encode(sealed).decode(),
    }
    body = json.dumps(
        {
            "id": secrets.token_hex(16),
            "create_time": "2026-11-21T12:00:01+08:00",
            "resource_type": "encrypt-resource",
            "event_type": "TRANSACTION.SUCCESS",
            "summary": "支付成功",
            "resource": resource,
        }
    ).encode()
    at, once = str(int(time.time())), secrets.token_hex(16)
    signature = KEY.sign(f"{at}\n{once}\n".encode() + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
    headers = {
        "Wechatpay-Serial": SERIAL,
        "Wechatpay-Timestamp": at,
        "Wechatpay-Nonce": once,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Content-Type": "application/json",
    }
    return headers, body


class Bare:
    """Verification by the library, and one committed row."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool
        self._key = KEY.public_key()
        self._cipher = AESGCM(APIV3_KEY.encode())

    async def take(self, headers: dict[str, str], body: bytes) -> None:
        text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        self._key.verify(signature, text, padding.PKCS1v15(), hashes.SHA256())
        note = json.loads(body)
        resource = note["resource"]
        sealed = base64.b64decode(resource["ciphertext"])
        plain = self._cipher.decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode())
        trade = json.loads(plain)
        await self._pool.execute(
            "INSERT INTO pay_event (id, pool, kind, subject, payload_sealed, received_at, applied_at, outcome) "
            "VALUES ($1, 'demo', $2, $3, $4, $5, $5, '')",
            new_id(),
            note["event_type"],
            trade["out_trade_no"],
            plain.decode(),
            datetime.now(UTC),
        )


async def time_all(take: Callable[[dict[str, str], bytes], Awaitable[None]], messages: Sequence[Message]) -> float:
    """Seconds for all of them, ``AT_ONCE`` at a time."""
    waiting = iter(messages)

    async def work() -> None:
        for headers, body in waiting:
            await take(headers, body)

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def compare(deps: Deps, events: PaymentWebhooks, bare: Bare, count: int, rounds: int) -> None:
    async def ours(headers: dict[str, str], body: bytes) -> None:
        await events.receive("demo", headers, body)

    ratios = []
    for turn in range(rounds + 1):
        numbers = await make_orders(deps, count, turn)
        messages = [make_message(number, n, turn) for n, number in enumerate(numbers)]
        bare_time = our_time = 0.0
        for at in range(0, count, SLICE):  # in turns, so that other load of the machine affects both alike
            part = messages[at : at + SLICE]
            bare_time += await time_all(bare.take, part)
            our_time += await time_all(ours, part)
        assert await Fee.filter(state="paid").count() == count * (turn + 1), "not every payment was counted"
        if turn == 0:
            continue  # a round to warm up
        ratios.append(bare_time / our_time)
        print(
            f"{count:,} notifications: bare {count / bare_time:.0f}/s, ours {count / our_time:.0f}/s "
            f"({bare_time / our_time:.0%})",
            flush=True,
        )
    print(f"median: {statistics.median(ratios):.0%} of the bare rate")


async def time_what_follows(events: PaymentWebhooks, most: int) -> None:
    """Seconds of the effects of payments, which the worker carries out."""
    began, done = time.perf_counter(), 0
    while done < most and (count := await events.process_due()):
        done += count
    print(f"what follows: {done / (time.perf_counter() - began):.0f}/s by one worker")


async def _leave_connection(_connection: object) -> None:
    """See ``models.database_connection``."""


async def main(count: int, rounds: int, *, durable: bool, tuned: bool) -> None:
    settings = Settings(_env_file=None)
    books = load_rulebooks(settings.rulebooks, ["demo"])
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    deps = Deps(SystemClock(), keys, books, Jobs(), "http://127.0.0.1:1")
    with tempfile.TemporaryDirectory() as name:
        async with (
            embedded(Path(name) / "data", durable=durable) as servers,
            aiohttp.ClientSession() as session,
            asyncpg.create_pool(
                servers.database_url,
                min_size=CONNECTIONS,
                max_size=CONNECTIONS,
                reset=_leave_connection if tuned else None,
            ) as pool,
        ):
            await migrate(servers.database_url)
            await Tortoise.init(
                config=tortoise_config(servers.database_url, pool_size=CONNECTIONS), _enable_global_fallback=True
            )
            platform, notices, unused = make_platform(session), Notices(deps), cast(Any, None)
            invoices = Invoices(deps, notices, platform, unused)
            events = PaymentWebhooks(
                deps, notices, platform, Settlement(deps, platform), unused, invoices, unused, NoEntry(), unused
            )
            await compare(deps, events, Bare(pool), count, rounds)
            await time_what_follows(events, 1000)
            await Tortoise.close_connections()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notifications", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--durable", action="store_true", help="wait for the disk at every commit, on both sides")
    parser.add_argument("--tuned", action="store_true", help="the bare side spares asyncpg's reset query too")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(options.notifications, options.rounds, durable=options.durable, tuned=options.tuned))
