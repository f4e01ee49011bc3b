"""``pbt doctor`` on payments and mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from app.doctor.findings import CheckFinding
from app.doctor.money import check_mail, check_pay
from config.settings import MailSettings, PaySettings, Settings
from tests.factories.settings import make_settings, production_settings
from tests.gateways.mail_server import Server, serve_mail
from tests.gateways.pay_platform import (
    APIV3,
    OLD,
    STRANGER,
    Identity,
    Platform,
    UnknownOrders,
    certificate,
    merchant,
    seal,
    serve_platform,
)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with serve_platform() as platform:
        platform.now = datetime.now(UTC)
        platform.answers = UnknownOrders()
        yield platform


def settings_with_merchant(platform: Platform, *, certificates: bool = False) -> Settings:
    pay = PaySettings(api_url=f"{platform.url}/pay", merchants={"hunan": merchant(certificates=certificates)})
    return production_settings().model_copy(update={"pools": ["hunan"], "pay": pay})


def single_finding(findings: list[CheckFinding]) -> CheckFinding:
    (finding,) = findings
    return finding


async def test_a_merchant_whose_keys_fit_is_well(platform: Platform) -> None:
    finding = single_finding(await check_pay(settings_with_merchant(platform)))
    assert (finding.state, "hunan" in finding.text) == ("ok", True)
    assert len(platform.requests) == 1


async def test_certificates_that_fit_are_well(platform: Platform) -> None:
    start = platform.now - timedelta(days=1)
    platform.certificates = {OLD.serial: certificate(OLD.key, int(OLD.serial, 16), begins=start)}
    platform.signer = OLD
    assert (single_finding(await check_pay(settings_with_merchant(platform, certificates=True)))).state == "ok"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, b'{"code":"SIGN_ERROR"}'), "serial"),
        ((403, {"code": "NO_AUTH"}), "没有权限"),
        ((400, {"code": "PARAM_ERROR"}), "mchid"),
        ((400, {"code": "STRANGE_THING"}), "STRANGETHING"),
        ((502, b"<h1>Bad Gateway</h1>"), "PBT_PAY__API_URL"),
        ((200, b"{}"), "代理"),
    ],
)
async def test_what_wechat_says_is_put_into_words(platform: Platform, answer: tuple[int, object], words: str) -> None:
    class Always(UnknownOrders):
        def __missing__(self, path: str) -> tuple[int, object]:
            return answer

    platform.answers = Always()
    finding = single_finding(await check_pay(settings_with_merchant(platform)))
    assert finding.state == "problem"
    assert words in finding.text


async def test_a_public_key_other_than_wechats_is_reported(platform: Platform) -> None:
    platform.signer = Identity(platform.signer.serial, STRANGER)
    assert "public_key" in (single_finding(await check_pay(settings_with_merchant(platform)))).text


async def test_a_wrong_apiv3_key_is_reported(platform: Platform) -> None:
    item = {"serial_no": OLD.serial, "encrypt_certificate": seal(b"x", key=APIV3[::-1], extra="certificate")}
    platform.answers["/v3/certificates"] = (200, {"data": [item]})
    assert "apiv3_key" in (single_finding(await check_pay(settings_with_merchant(platform, certificates=True)))).text


async def test_a_public_key_that_the_settings_lack_is_reported(platform: Platform) -> None:
    platform.signer = Identity("PUB_KEY_ID_02", STRANGER)
    for certificates in (False, True):
        text = single_finding(await check_pay(settings_with_merchant(platform, certificates=certificates))).text
        assert "公钥ID" in text
    platform.answers["/v3/certificates"] = (404, {"code": "RESOURCE_NOT_EXISTS", "message": "无可用的平台证书"})
    assert "公钥ID" in single_finding(await check_pay(settings_with_merchant(platform, certificates=True))).text


async def test_a_wrong_clock_is_reported(platform: Platform) -> None:
    platform.now -= timedelta(minutes=10)
    assert "对时" in (single_finding(await check_pay(settings_with_merchant(platform)))).text


async def test_a_pool_that_takes_fees_needs_a_merchant() -> None:
    settings = production_settings().model_copy(update={"pools": ["demo"]})
    finding = single_finding(await check_pay(settings))
    assert (finding.state, "PBT_PAY__MERCHANTS" in finding.text) == ("problem", True)


def settings_with_mail(server: Server, **more: Any) -> Settings:
    mail = MailSettings(port=server.port, username="pbt", password=SecretStr("secret"), sender="noreply@pbt.example")
    return make_settings().model_copy(update={"mail": mail.model_copy(update=more)})


async def test_the_mail_server_is_greeted_and_gets_nothing() -> None:
    async with serve_mail(server := Server()):
        assert (single_finding(await check_mail(settings_with_mail(server)))).state == "ok"
        refused = single_finding(await check_mail(settings_with_mail(server, password=SecretStr("wrong"))))
    assert "PBT_MAIL__USERNAME" in refused.text
    assert "535" in refused.text
    assert server.taken == []
    gone = single_finding(await check_mail(settings_with_mail(Server(port=1))))
    assert (gone.state, "PBT_MAIL__HOST" in gone.text) == ("problem", True)
