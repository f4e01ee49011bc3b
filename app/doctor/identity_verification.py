"""Check of the identity verification: a query without name or number, which is free of charge."""

from __future__ import annotations

import aiohttp
from prometheus_client import CollectorRegistry

from app.doctor.findings import CheckFinding, ok, problem, skipped
from config.settings import Settings
from domain.clock import SystemClock
from domain.errors import GatewayError, NeedsOperator, Rejected
from gateways.alibaba.identity_verification import TIMEOUT, AlibabaIdentityVerification
from gateways.http import Metrics, Vendor

IDENTITY_VERIFICATION = "实名核验"

_REFUSALS = {
    "410": "产品没有开通，请在阿里云控制台开通“身份二要素核验”。",
    "411": "RAM 用户没有权限，请授予 AliyunYundunCloudAuthFullAccess。",
    "412": "阿里云账号欠费，请充值。",
    "InvalidAccessKeyId.NotFound": "AccessKey 不存在，请核对 PBT_PERSON_CHECK__ACCESS_KEY_ID。",
    "SignatureDoesNotMatch": "签名没有被接受，请核对 PBT_PERSON_CHECK__ACCESS_KEY_SECRET。",
    "InvalidTimeStamp.Expired": "本机时间不准，请启用网络对时（NTP）。",
}


async def check_identity_verification(settings: Settings) -> list[CheckFinding]:
    pools = settings.person_check.pools
    if not pools:
        return [skipped(IDENTITY_VERIFICATION, "没有专家库启用，注册时的姓名与身份证号由审核人员核对。")]
    if unknown := sorted(set(pools) - set(settings.pools)):
        return [
            problem(IDENTITY_VERIFICATION, f"PBT_PERSON_CHECK__POOLS 中的 {'、'.join(unknown)} 不在 PBT_POOLS 中。")
        ]
    async with aiohttp.ClientSession() as session:
        vendor = Vendor("persons", session, Metrics(CollectorRegistry()), timeout=TIMEOUT)
        try:
            await AlibabaIdentityVerification(settings.person_check, vendor, SystemClock()).probe()
        except (Rejected, NeedsOperator) as error:
            return [
                problem(IDENTITY_VERIFICATION, _REFUSALS.get(error.vendor_code, f"阿里云回复 {error.vendor_code}。"))
            ]
        except GatewayError:
            return [problem(IDENTITY_VERIFICATION, "接口没有正常回应，请检查 PBT_PERSON_CHECK__URL 和出网。")]
    return [ok(IDENTITY_VERIFICATION, "接口可用，签名有效。")]
