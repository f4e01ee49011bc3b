"""What the doctor says of payments, mail, files and papers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.doctor_money import check_files, check_fonts, check_mail, check_pay
from app.findings import Finding
from config.settings import FileStore, Mail, Pay, Settings
from tests.factories.settings import make_settings, production_settings
from tests.gateways.mail_server import Server, serving
from tests.gateways.pay_platform import (
    APIV3,
    OLD,
    STRANGER,
    Identity,
    Platform,
    UnknownOrders,
    certificate,
    merchant,
    playing,
    seal,
)
from tests.gateways.s3_server import BUCKET, S3, serve_s3


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with playing() as platform:
        platform.now = datetime.now(UTC)
        platform.answers = UnknownOrders()
        yield platform


def paying(platform: Platform, *, certificates: bool = False) -> Settings:
    pay = Pay(api_url=f"{platform.url}/pay", merchants={"hunan": merchant(certificates=certificates)})
    return production_settings().model_copy(update={"pools": ["hunan"], "pay": pay})


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


async def test_a_merchant_whose_keys_fit_is_well(platform: Platform) -> None:
    finding = only(await check_pay(paying(platform)))
    assert (finding.state, "hunan" in finding.text) == ("ok", True)
    assert len(platform.asked) == 1


async def test_certificates_that_fit_are_well(platform: Platform) -> None:
    start = platform.now - timedelta(days=1)
    platform.certificates = {OLD.serial: certificate(OLD.key, int(OLD.serial, 16), begins=start)}
    platform.signer = OLD
    assert (only(await check_pay(paying(platform, certificates=True)))).state == "ok"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, b'{"code":"SIGN_ERROR"}'), "serial"),
        ((403, {"code": "NO_AUTH"}), "没有权限"),
        ((400, {"code": "PARAM_ERROR"}), "mchid"),
        ((400, {"code": "STRANGE_THING"}), "STRANGETHING"),
        ((502, b"<h1>Bad Gateway</h1>"), "PBT_PAY__API_URL"),
        ((200, b"{}"), "代理"),
    ],
)
async def test_what_wechat_says_is_put_into_words(platform: Platform, answer: tuple[int, object], said: str) -> None:
    class Always(UnknownOrders):
        def __missing__(self, path: str) -> tuple[int, object]:
            return answer

    platform.answers = Always()
    finding = only(await check_pay(paying(platform)))
    assert finding.state == "problem"
    assert said in finding.text


async def test_another_public_key_than_wechats_is_told(platform: Platform) -> None:
    platform.signer = Identity(platform.signer.serial, STRANGER)
    assert "public_key" in (only(await check_pay(paying(platform)))).text


async def test_another_apiv3_key_is_told(platform: Platform) -> None:
    item = {"serial_no": OLD.serial, "encrypt_certificate": seal(b"x", key=APIV3[::-1], extra="certificate")}
    platform.answers["/v3/certificates"] = (200, {"data": [item]})
    assert "apiv3_key" in (only(await check_pay(paying(platform, certificates=True)))).text


async def test_a_clock_that_is_wrong_is_told(platform: Platform) -> None:
    platform.now -= timedelta(minutes=10)
    assert "对时" in (only(await check_pay(paying(platform)))).text


async def test_a_pool_that_takes_fees_needs_a_merchant() -> None:
    settings = production_settings().model_copy(update={"pools": ["demo"]})
    finding = only(await check_pay(settings))
    assert (finding.state, "PBT_PAY__MERCHANTS" in finding.text) == ("problem", True)


def mailing(server: Server, **more: Any) -> Settings:
    mail = Mail(port=server.port, username="pbt", password=SecretStr("secret"), sender="noreply@pbt.example")
    return make_settings().model_copy(update={"mail": mail.model_copy(update=more)})


async def test_the_mail_server_is_greeted_and_gets_nothing() -> None:
    async with serving(server := Server()):
        assert (only(await check_mail(mailing(server)))).state == "ok"
        refused = only(await check_mail(mailing(server, password=SecretStr("wrong"))))
    assert "PBT_MAIL__USERNAME" in refused.text
    assert "535" in refused.text
    assert server.taken == []
    gone = only(await check_mail(mailing(Server(port=1))))
    assert (gone.state, "PBT_MAIL__HOST" in gone.text) == ("problem", True)


async def test_a_folder_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    assert (only(await check_files(make_settings(data_dir=tmp_path)))).state == "ok"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    finding = only(await check_files(make_settings(data_dir=tmp_path / "taken")))
    assert (finding.state, "PBT_FILES__URL" in finding.text) == ("problem", True)


async def test_a_bucket_is_tried_with_all_that_it_is_needed_for() -> None:
    with serve_s3() as s3:
        assert (only(await check_files(storing(s3)))).state == "ok"
        assert "Contents" not in s3.client.list_objects_v2(Bucket=BUCKET)
        for changed, told in (
            ({"url": "s3://no-such-bucket/pbt"}, "PBT_FILES__URL"),
            ({"access_key_id": "AKIANOBODY"}, "PBT_FILES__ACCESS_KEY_ID"),
            ({"secret_access_key": SecretStr("x")}, "PBT_FILES__SECRET_ACCESS_KEY"),
            ({"endpoint": "http://127.0.0.1:9"}, "ENDPOINT"),
        ):
            finding = only(await check_files(storing(s3, **changed)))
            assert (finding.state, told in finding.text) == ("problem", True), finding.text
            assert s3.secret not in finding.text


def storing(s3: S3, **changed: Any) -> Settings:
    values = {"url": f"s3://{BUCKET}/pbt", "endpoint": s3.url, "region": "us-east-1", "access_key_id": s3.key}
    return make_settings(files=FileStore(**values | {"secret_access_key": SecretStr(s3.secret)} | changed))


async def test_fonts_are_looked_for(tmp_path: Path) -> None:
    assert (only(await check_fonts(make_settings()))).state == "ok"
    finding = only(await check_fonts(make_settings(fonts=tmp_path)))
    assert (finding.state, "PBT_FONTS" in finding.text) == ("problem", True)
