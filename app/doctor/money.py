"""Checks of payments and mail, through the same clients that the service uses.

Queries an order that does not exist; connects to the mail server and disconnects.
"""

from __future__ import annotations

import asyncio
import secrets

import aiohttp
from prometheus_client import CollectorRegistry

from app.doctor.findings import CheckFinding, ok, problem, skipped
from app.rulebook_files import load_rulebooks
from config.settings import Settings
from domain.clock import SystemClock
from domain.errors import GatewayError, NeedsOperator, Rejected, RulebookError, Transient
from gateways.http import Metrics, Vendor
from gateways.mail import SmtpMailer
from gateways.wechat_pay.platform import WechatPay

TIMEOUT = 5.0
"""Seconds for one call."""
PAY, MAIL = "微信支付", "邮件"


async def check_pay(settings: Settings) -> list[CheckFinding]:
    """Whether WeChat accepts each merchant's signature and we accept WeChat's; and whether every pool with fees has a
    merchant."""
    findings = _without_merchant(settings)
    merchants = settings.pay.merchants
    if not merchants and not findings:
        return [skipped(PAY, "没有填写商户，任何专家库都不在线收费。")]
    async with aiohttp.ClientSession() as session:
        vendor = Vendor("pay", session, Metrics(CollectorRegistry()), timeout=TIMEOUT)
        pay = WechatPay(settings.pay, settings.wechat, vendor, SystemClock(), public_url=settings.public_url)
        return findings + list(await asyncio.gather(*(_probe(pay, pool) for pool in merchants)))


def _without_merchant(settings: Settings) -> list[CheckFinding]:
    try:
        books = load_rulebooks(settings.rulebooks, settings.pools)
    except RulebookError:
        return []
    return [
        problem(PAY, f"{book.pool.name}（{pool}）要收费，但没有商户，请填入 PBT_PAY__MERCHANTS。")
        for pool, book in books.items()
        if book.fee is not None and pool not in settings.pay.merchants
    ]


async def _probe(pay: WechatPay, pool: str) -> CheckFinding:
    """Query an order that never existed: any response proves both sides' keys."""
    try:
        await pay.query(pool, f"doctor{secrets.token_hex(8)}")
    except (Rejected, NeedsOperator) as error:
        return problem(PAY, f"{pool}：{_REFUSALS.get(error.vendor_code, f'微信支付回复 {error.vendor_code}。')}")
    except GatewayError as error:
        return problem(PAY, f"{pool}：{_failure_advice(str(error))}")
    return ok(PAY, f"{pool}：商户的签名有效，微信支付的应答可以验证。")


_REFUSALS = {
    "SIGNERROR": "签名没有被接受，请核对 serial（证书序列号）与 private_key 是否属于同一张商户证书，并检查本机时间。",
    "CERTIFICATES": "平台证书解不开，请核对 apiv3_key 是否与商户平台上设置的 APIv3 密钥一致。",
    "NOPUBLICKEY": (
        "微信支付以公钥签名，而设置里没有这个公钥。"
        "请在商户平台“账户中心-API安全”复制微信支付公钥和公钥ID，填入 public_key 和 public_key_id。"
    ),
    "NOAUTH": "商户没有权限，请在商户平台检查产品权限。",
    "MCHNOTEXISTS": "商户号不存在，请核对 mchid。",
    "PARAMERROR": "商户号没有被接受，请核对 mchid。",
}


def _failure_advice(reason: str) -> str:
    if "public key" in reason:
        return _REFUSALS["NOPUBLICKEY"]
    if "signature" in reason or "serial" in reason:
        return "应答不能用所填的公钥验证，请在商户平台核对 public_key_id 和 public_key。"
    if "5 minutes" in reason:
        return "本机时间与微信支付相差 5 分钟以上，请启用网络对时（NTP）。"
    if "header" in reason:
        return "应答缺少 Wechatpay- 开头的签名信息，请检查出网的代理是否去掉了它们。"
    return "接口没有正常回应，请检查 PBT_PAY__API_URL 和出网。"


async def check_mail(settings: Settings) -> list[CheckFinding]:
    async with aiohttp.ClientSession() as session:
        vendor = Vendor("mail", session, Metrics(CollectorRegistry()))
        mailer = SmtpMailer(settings.mail, {}, vendor, SystemClock(), dialogue=TIMEOUT)
        try:
            await mailer.greet()
        except (Rejected, NeedsOperator) as error:
            return [
                problem(MAIL, f"邮件服务器拒绝登录（{error.vendor_code}），请核对 PBT_MAIL__USERNAME 和 PASSWORD。")
            ]
        except Transient:
            return [problem(MAIL, "邮件服务器连不上，请检查 PBT_MAIL__HOST、PORT、TLS 和出网。")]
    return [ok(MAIL, "邮件服务器可以登录。")]
